// Commands that set and delete fields: HSET, HMSET, HSETNX, HDEL. HSET is hot: it allocates nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { wrongArity } from "../../core/protocol/errors.ts";
import {
  ABSENT,
  announce,
  announceRemoval,
  hash,
  OPEN,
  openHashToChange,
  REFUSED,
  setField,
} from "./hash_lookup.ts";

function hset(client: CommandClient, args: Arguments): void {
  if (args.count % 2 === 1) {
    client.reply.error(wrongArity("hset"));
    return;
  }
  const added = setPairs(client, args);
  if (added >= 0) client.reply.integer(added);
}

function hmset(client: CommandClient, args: Arguments): void {
  if (args.count % 2 === 1) {
    client.reply.error(wrongArity("hmset"));
    return;
  }
  if (setPairs(client, args) >= 0) client.reply.ok();
}

/** Sets the pairs from argument 2 on; returns the number of new fields, or -1 after an error reply. */
function setPairs(client: CommandClient, args: Arguments): number {
  const found = openHashToChange(client, args);
  if (found === REFUSED) return -1;
  const pairs = (args.count - 2) / 2;
  if (found === OPEN && pairs > 1) {
    // A listpack that grows or becomes a table is there twice for a moment.
    const bytes = args.totalBytes() + 2 * hash.packedBytes;
    client.server.keyspace.requireRoom(bytes, pairs + (hash.packedBytes > 0 ? hash.size : 0));
  }
  const added = found === OPEN ? addPairs(args, pairs) : createWithPairs(client, args, pairs);
  announce(client, args, "hset", pairs);
  return added;
}

function createWithPairs(client: CommandClient, args: Arguments, pairs: number): number {
  const { keyspace, config } = client.server;
  hash.create(keyspace, config.values, pairs, args.totalBytes() - args.length(0) - args.length(1));
  try {
    const added = addPairs(args, pairs);
    hash.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
    return added;
  } catch (error) {
    hash.discard();
    throw error;
  }
}

function addPairs(args: Arguments, pairs: number): number {
  const { buffer, starts, ends } = args;
  hash.expectPairs(pairs);
  let added = 0;
  for (let index = 2; index < args.count; index += 2) {
    if (hash.set(buffer, starts[index], ends[index], buffer, starts[index + 1], ends[index + 1])) added++;
  }
  return added;
}

function hsetnx(client: CommandClient, args: Arguments): void {
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  if (found === OPEN && hash.find(args.buffer, args.starts[2], args.ends[2])) {
    client.reply.integer(0);
    return;
  }
  const { propagation } = client.server;
  const expires = propagation.active && found === OPEN && hash.expiring > 0;
  setField(client, args, found, args.buffer, args.starts[3], args.ends[3]);
  announce(client, args, "hset", 1);
  // The field may have been there but for its time, which another server does not look at.
  if (expires) propagation.instead("HSET", 4).argument(args, 1).argument(args, 2).argument(args, 3);
  client.reply.integer(1);
}

function hdel(client: CommandClient, args: Arguments): void {
  const found = openHashToChange(client, args);
  if (found === REFUSED) return;
  let deleted = 0;
  if (found !== ABSENT) {
    for (let index = 2; index < args.count && hash.size > 0; index++) {
      if (hash.delete(args.buffer, args.starts[index], args.ends[index])) deleted++;
    }
  }
  if (deleted > 0) announceRemoval(client, args, "hdel", deleted);
  client.reply.integer(deleted);
}

export const writeCommands: CommandSpec[] = [
  {
    name: "hset",
    arity: -4,
    flags: ["write", "denyoom", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "update"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of pairs given",
    summary: "Sets fields of a hash, which is made where the key is absent.",
    history: [["4.0.0", "Several pairs in one command."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "field_value",
        type: "block",
        multiple: true,
        arguments: [{ name: "field", type: "string" }, { name: "value", type: "string" }],
      },
    ],
    handler: hset,
  },
  {
    name: "hmset",
    arity: -4,
    flags: ["write", "denyoom", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "update"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of pairs given",
    summary: "Sets fields of a hash and replies OK.",
    deprecated: { since: "4.0.0", replacedBy: "`HSET` with several pairs" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "field_value",
        type: "block",
        multiple: true,
        arguments: [{ name: "field", type: "string" }, { name: "value", type: "string" }],
      },
    ],
    handler: hmset,
  },
  {
    name: "hsetnx",
    arity: 4,
    flags: ["write", "denyoom", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "insert"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Sets a field of a hash, only where the hash does not have it.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string" },
      { name: "value", type: "string" },
    ],
    handler: hsetnx,
  },
  {
    name: "hdel",
    arity: -3,
    flags: ["write", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RW", "delete"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields given",
    summary: "Deletes fields of a hash; with its last field the hash goes too.",
    history: [["2.4.0", "Several fields in one command."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string", multiple: true },
    ],
    handler: hdel,
  },
];
