// Commands that read hashes: HGET, HMGET, HEXISTS, HLEN, HSTRLEN, HGETALL, HKEYS, HVALS. HGET and HMGET are hot: they
// allocate nothing.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import type { ReplyWriter } from "../../core/protocol/reply_writer.ts";
import { ABSENT, hash, OPEN, openHash, REFUSED } from "./hash_lookup.ts";

function hget(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found !== REFUSED) replyField(client, args, 2, found);
}

function hmget(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  client.reply.array(args.count - 2);
  for (let index = 2; index < args.count; index++) replyField(client, args, index, found);
}

/** Replies the value of the field at an argument, null where the field or the hash is absent. */
function replyField(client: CommandClient, args: Arguments, index: number, found: number): void {
  if (found === OPEN && hash.find(args.buffer, args.starts[index], args.ends[index])) {
    hash.readValue();
    client.reply.bulk(hash.bytes, hash.start, hash.end);
  } else {
    client.reply.null();
  }
}

function hexists(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  const exists = found === OPEN && hash.find(args.buffer, args.starts[2], args.ends[2]);
  client.reply.integer(exists ? 1 : 0);
}

function hlen(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found !== REFUSED) client.reply.integer(found === ABSENT ? 0 : hash.size);
}

function hstrlen(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || !hash.find(args.buffer, args.starts[2], args.ends[2])) {
    client.reply.integer(0);
    return;
  }
  hash.readValue();
  client.reply.integer(hash.end - hash.start);
}

/** Where the visitors below write to; set for one command. */
let target: ReplyWriter;

function writeField(): void {
  hash.readField();
  target.bulk(hash.bytes, hash.start, hash.end);
}

function writeValue(): void {
  hash.readValue();
  target.bulk(hash.bytes, hash.start, hash.end);
}

function writePair(): void {
  writeField();
  writeValue();
}

function hgetall(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  client.reply.map(found === ABSENT ? 0 : hash.visibleSize);
  if (found === OPEN) writeEach(client, writePair);
}

function hkeys(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  client.reply.array(found === ABSENT ? 0 : hash.visibleSize);
  if (found === OPEN) writeEach(client, writeField);
}

function hvals(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  client.reply.array(found === ABSENT ? 0 : hash.visibleSize);
  if (found === OPEN) writeEach(client, writeValue);
}

function writeEach(client: CommandClient, write: () => void): void {
  target = client.reply;
  hash.forEach(write);
}

export const readCommands: CommandSpec[] = [
  {
    name: "hget",
    arity: 3,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Gives the value of a field.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string" },
    ],
    handler: hget,
  },
  {
    name: "hmget",
    arity: -3,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields asked for",
    summary: "Gives the values of several fields, null for each that is absent.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string", multiple: true },
    ],
    handler: hmget,
  },
  {
    name: "hexists",
    arity: 3,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RO"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Tells whether a hash has a field.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string" },
    ],
    handler: hexists,
  },
  {
    name: "hlen",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RO"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Counts the fields of a hash.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: hlen,
  },
  {
    name: "hstrlen",
    arity: 3,
    flags: ["readonly", "fast"],
    categories: ["hash"],
    keySpecs: oneKey("RO"),
    since: "3.2.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Gives the length of a field's value in bytes, 0 where the field is absent.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "field", type: "string" },
    ],
    handler: hstrlen,
  },
  {
    name: "hgetall",
    arity: 2,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields",
    summary: "Gives all fields of a hash with their values.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: hgetall,
  },
  {
    name: "hkeys",
    arity: 2,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields",
    summary: "Gives the names of all fields of a hash.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: hkeys,
  },
  {
    name: "hvals",
    arity: 2,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields",
    summary: "Gives the values of all fields of a hash.",
    tips: ["nondeterministic_output_order"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: hvals,
  },
];
