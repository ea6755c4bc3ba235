// KEYS, SCAN, RANDOMKEY, DBSIZE: looking over the keys of a database.
import { isMatchAll, matchGlob } from "../../core/bytes/glob.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { parseScanCursor, scanOptions } from "../../core/commands/scan_options.ts";
import { typeName } from "../../core/keyspace/value_names.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

/** RANDOMKEY gives up looking for a key that has not expired after this many tries. */
const RANDOM_TRIES_MAX = 100;

/** Entries that the scan in progress has met; commands run one at a time, so one list serves all. */
const met: Ref[] = [];
const meet = (ref: Ref): void => {
  met.push(ref);
};

function keys(client: CommandClient, args: Arguments): void {
  const { db, reply, server } = client;
  const { entries, arena } = server.keyspace;
  const start = args.starts[1];
  const end = args.ends[1];
  const all = isMatchAll(args.buffer, start, end);
  const mark = reply.beginArray();
  let count = 0;
  let cursor = 0;
  do {
    met.length = 0;
    cursor = db.keys.scan(cursor, meet);
    for (const ref of met) {
      const address = entries.keyAddress(ref);
      const length = entries.keyLength(ref);
      if (!all && !matchGlob(args.buffer, start, end, arena.u8, address, address + length)) continue;
      if (db.isExpired(ref)) continue;
      reply.bulkArena(arena, address, length);
      count++;
    }
  } while (cursor !== 0);
  reply.endArray(mark, count);
}

function scan(client: CommandClient, args: Arguments): void {
  const { db, reply, server } = client;
  const { entries, arena } = server.keyspace;
  let cursor = parseScanCursor(client, args, 1);
  if (cursor < 0) return;
  let type = "";
  scanOptions.reset();
  for (let index = 2; index < args.count;) {
    const next = scanOptions.take(client, args, index);
    if (next < 0) return;
    if (next > index) index = next;
    else if (args.is(index, "type") && index + 1 < args.count) {
      type = args.latin1(index + 1).toLowerCase();
      index += 2;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  met.length = 0;
  let steps = 0;
  do {
    cursor = db.keys.scan(cursor, meet);
    steps++;
  } while (cursor !== 0 && scanOptions.wantsMore(met.length, steps));

  reply.array(2);
  reply.bulkInteger(cursor);
  const mark = reply.beginArray();
  let count = 0;
  const found = met.slice();
  for (const ref of found) {
    const address = entries.keyAddress(ref);
    const length = entries.keyLength(ref);
    if (!scanOptions.match(args, arena.u8, address, address + length)) continue;
    if (db.isExpired(ref)) {
      if (server.keyspace.deletesExpired) db.deleteExpired(ref);
      continue;
    }
    if (type !== "" && typeName(entries.type(ref)) !== type) continue;
    reply.bulkArena(arena, address, length);
    count++;
  }
  reply.endArray(mark, count);
}

function randomkey(client: CommandClient, _args: Arguments): void {
  const { db, reply, server } = client;
  const { keyspace } = server;
  for (let tries = 0; db.size > 0 && tries < RANDOM_TRIES_MAX; tries++) {
    const ref = db.keys.random();
    if (db.isExpired(ref)) {
      if (!keyspace.deletesExpired) continue;
      db.deleteExpired(ref);
      continue;
    }
    reply.bulkArena(keyspace.arena, keyspace.entries.keyAddress(ref), keyspace.entries.keyLength(ref));
    return;
  }
  reply.null();
}

function dbsize(client: CommandClient, _args: Arguments): void {
  client.reply.integer(client.db.size);
}

export const scanCommands: CommandSpec[] = [
  {
    name: "keys",
    arity: 2,
    flags: ["readonly"],
    categories: ["keyspace", "dangerous"],
    keySpecs: [],
    since: "1.0.0",
    group: "generic",
    complexity: "O(N) for N keys in the database.",
    summary: "Lists all keys that match a pattern.",
    tips: ["request_policy:all_shards", "nondeterministic_output_order"],
    arguments: [{ name: "pattern", type: "pattern" }],
    handler: keys,
  },
  {
    name: "scan",
    arity: -2,
    flags: ["readonly"],
    categories: ["keyspace"],
    keySpecs: [],
    since: "2.8.0",
    group: "generic",
    complexity: "O(1) a call; O(N) for a whole pass over N keys.",
    summary: "Goes over the keys of the database, a few at a time.",
    history: [["6.0.0", "Added the option `TYPE`."]],
    tips: ["nondeterministic_output", "request_policy:special"],
    arguments: [
      { name: "cursor", type: "integer" },
      { name: "pattern", type: "pattern", token: "MATCH", optional: true },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "type", type: "string", token: "TYPE", optional: true, since: "6.0.0" },
    ],
    handler: scan,
  },
  {
    name: "randomkey",
    arity: 1,
    flags: ["readonly"],
    categories: ["keyspace"],
    keySpecs: [],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Picks a key of the database at random, each with the same chance.",
    tips: ["request_policy:all_shards", "nondeterministic_output"],
    handler: randomkey,
  },
  {
    name: "dbsize",
    arity: 1,
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Counts the keys of the database.",
    tips: ["request_policy:all_shards", "response_policy:agg_sum"],
    handler: dbsize,
  },
];
