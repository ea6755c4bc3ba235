// DEL, UNLINK, EXISTS, TOUCH, TYPE: commands on whole keys, whatever they hold.
import { type CommandSpec, manyKeys, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { typeName } from "../../core/keyspace/value_names.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";

function del(client: CommandClient, args: Arguments): void {
  if (client.server.keyspace.lazyFreePolicy.userDelete) unlink(client, args);
  else deleteKeys(client, args, false);
}

function unlink(client: CommandClient, args: Arguments): void {
  deleteKeys(client, args, true);
}

function deleteKeys(client: CommandClient, args: Arguments, inBackground: boolean): void {
  const { db } = client;
  let deleted = 0;
  for (let i = 1; i < args.count; i++) {
    const ref = db.peek(args.buffer, args.starts[i], args.ends[i]);
    if (ref === 0) continue;
    if (inBackground) db.unlinkEntry(ref);
    else db.removeEntry(ref);
    db.changed("generic", "del", args.buffer, args.starts[i], args.ends[i]);
    deleted++;
  }
  client.reply.integer(deleted);
}

function exists(client: CommandClient, args: Arguments): void {
  let found = 0;
  for (let i = 1; i < args.count; i++) {
    if (client.db.lookupReadQuietly(args.buffer, args.starts[i], args.ends[i]) !== 0) found++;
  }
  client.reply.integer(found);
}

function touch(client: CommandClient, args: Arguments): void {
  const { keyspace } = client.server;
  // TOUCH exists to note the access: it does so for CLIENT NO-TOUCH clients too, unless a page image forbids it.
  const frozen = keyspace.freezeAccess;
  keyspace.freezeAccess = keyspace.imageActive;
  let found = 0;
  for (let i = 1; i < args.count; i++) {
    if (client.db.lookupRead(args.buffer, args.starts[i], args.ends[i]) !== 0) found++;
  }
  keyspace.freezeAccess = frozen;
  client.reply.integer(found);
}

function type(client: CommandClient, args: Arguments): void {
  const ref = client.db.lookupReadQuietly(args.buffer, args.starts[1], args.ends[1]);
  client.reply.simple(ref === 0 ? "none" : typeName(client.server.keyspace.entries.type(ref)));
}

export const deleteCommands: CommandSpec[] = [
  {
    name: "del",
    arity: -2,
    flags: ["write"],
    categories: ["keyspace"],
    keySpecs: manyKeys(1, "RM", "delete"),
    since: "1.0.0",
    group: "generic",
    complexity: "O(N) for N keys, plus O(M) for each collection of M elements that is freed at once.",
    summary: "Deletes one or more keys.",
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: del,
  },
  {
    name: "unlink",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["keyspace"],
    keySpecs: manyKeys(1, "RM", "delete"),
    since: "4.0.0",
    group: "generic",
    complexity: "O(N) for N keys; big values are freed in the background.",
    summary: "Deletes one or more keys and frees their values in the background.",
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: unlink,
  },
  {
    name: "exists",
    arity: -2,
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    keySpecs: manyKeys(1, "RO"),
    since: "1.0.0",
    group: "generic",
    complexity: "O(N) for N keys.",
    summary: "Counts how many of the given keys exist; one given twice counts twice.",
    history: [["3.0.3", "Accepts several keys."]],
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: exists,
  },
  {
    name: "touch",
    arity: -2,
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    keySpecs: manyKeys(1, "RO"),
    since: "3.2.1",
    group: "generic",
    complexity: "O(N) for N keys.",
    summary: "Notes an access to the given keys and counts those that exist.",
    tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: touch,
  },
  {
    name: "type",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    keySpecs: oneKey("RO"),
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Tells which type of value a key holds.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: type,
  },
];
