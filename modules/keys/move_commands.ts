// RENAME, RENAMENX, COPY, MOVE, SWAPDB: keys and databases change places.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { equalBytes } from "../../core/bytes/ascii.ts";
import { type CommandSpec, keyAt, type KeySpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int32Argument } from "../../core/commands/number_arguments.ts";
import type { Database } from "../../core/keyspace/database.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  DB_OUT_OF_RANGE,
  INVALID_FIRST_DB,
  INVALID_SECOND_DB,
  NO_SUCH_KEY,
  SAME_OBJECT,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";

/** The database that argument `index` names, or null after an error reply. */
function databaseAt(client: CommandClient, args: Arguments, index: number): Database | null {
  const id = int32Argument(client, args, index);
  return Number.isNaN(id) ? null : existing(client, id);
}

function existing(client: CommandClient, id: number): Database | null {
  const database = client.server.keyspace.databases[id];
  if (database !== undefined) return database;
  client.reply.error(DB_OUT_OF_RANGE);
  return null;
}

const INT32_MAX = 2 ** 31 - 1;

function sameArgument(args: Arguments, a: number, b: number): boolean {
  return equalBytes(args.buffer, args.starts[a], args.ends[a], args.buffer, args.starts[b], args.ends[b]);
}

function rename(client: CommandClient, args: Arguments): void {
  if (renameKey(client, args, false)) client.reply.ok();
}

function renamenx(client: CommandClient, args: Arguments): void {
  if (renameKey(client, args, true)) client.reply.integer(1);
}

/** True where the key was renamed (or, for RENAME, has that name already); otherwise the reply is written. */
function renameKey(client: CommandClient, args: Arguments, onlyIfFree: boolean): boolean {
  const { db, reply } = client;
  const buffer = args.buffer;
  if (db.peekTouching(buffer, args.starts[1], args.ends[1]) === 0) {
    reply.error(NO_SUCH_KEY);
    return false;
  }
  if (sameArgument(args, 1, 2)) {
    if (onlyIfFree) reply.integer(0);
    return !onlyIfFree;
  }
  if (onlyIfFree && db.peekTouching(buffer, args.starts[2], args.ends[2]) !== 0) {
    reply.integer(0);
    return false;
  }
  const ref = db.lookupWrite(buffer, args.starts[1], args.ends[1]);
  db.moveEntry(ref, db, buffer, args.starts[2], args.ends[2]);
  client.server.keyspace.notify(db.id, "generic", "rename_from", buffer, args.starts[1], args.ends[1]);
  db.changed("generic", "rename_to", buffer, args.starts[2], args.ends[2]);
  return true;
}

function move(client: CommandClient, args: Arguments): void {
  const { db, reply } = client;
  const target = databaseAt(client, args, 2);
  if (target === null) return;
  if (target === db) {
    reply.error(SAME_OBJECT);
    return;
  }
  const buffer = args.buffer;
  const start = args.starts[1];
  const end = args.ends[1];
  if (db.peekTouching(buffer, start, end) === 0 || target.peekTouching(buffer, start, end) !== 0) {
    reply.integer(0);
    return;
  }
  db.moveEntry(db.lookupWrite(buffer, start, end), target, buffer, start, end);
  client.server.keyspace.notify(db.id, "generic", "move_from", buffer, start, end);
  target.changed("generic", "move_to", buffer, start, end);
  reply.integer(1);
}

function copy(client: CommandClient, args: Arguments): void {
  const { db, reply } = client;
  let target = db;
  let replace = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "replace")) replace = true;
    else if (args.is(i, "db") && i + 1 < args.count) {
      const chosen = databaseAt(client, args, ++i);
      if (chosen === null) return;
      target = chosen;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (target === db && sameArgument(args, 1, 2)) {
    reply.error(SAME_OBJECT);
    return;
  }
  const buffer = args.buffer;
  const there = target.peekTouching(buffer, args.starts[2], args.ends[2]);
  const ref = db.lookupRead(buffer, args.starts[1], args.ends[1]);
  if (ref === 0 || (there !== 0 && !replace)) {
    reply.integer(0);
    return;
  }
  db.copyEntry(ref, target, buffer, args.starts[2], args.ends[2]);
  target.changed("generic", "copy_to", buffer, args.starts[2], args.ends[2]);
  reply.integer(1);
}

function swapdb(client: CommandClient, args: Arguments): void {
  const ids = [1, 2].map((index) => parseSafeInteger(args.buffer, args.starts[index], args.ends[index]));
  const wrong = ids.findIndex((id) => !(Math.abs(id) <= INT32_MAX));
  if (wrong >= 0) {
    client.reply.error(wrong === 0 ? INVALID_FIRST_DB : INVALID_SECOND_DB);
    return;
  }
  const first = existing(client, ids[0]);
  if (first === null) return;
  const second = existing(client, ids[1]);
  if (second === null) return;
  if (first !== second) client.server.keyspace.swapDatabases(first, second);
  client.server.keyspace.dirty++;
  client.reply.ok();
}

function twoKeys(firstFlags: string[], secondFlags: string[]): KeySpec[] {
  return [keyAt(1, ...firstFlags), keyAt(2, ...secondFlags)];
}

export const moveCommands: CommandSpec[] = [
  {
    name: "rename",
    arity: 3,
    flags: ["write"],
    categories: ["keyspace"],
    keySpecs: twoKeys(["RW", "access", "delete"], ["OW", "update"]),
    since: "1.0.0",
    group: "generic",
    complexity: "O(1), plus freeing the value that was under the new name.",
    summary: "Renames a key and overwrites the one that had the new name.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "newkey", type: "key", keySpecIndex: 1 },
    ],
    handler: rename,
  },
  {
    name: "renamenx",
    arity: 3,
    flags: ["write", "fast"],
    categories: ["keyspace"],
    keySpecs: twoKeys(["RW", "access", "delete"], ["OW", "insert"]),
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Renames a key where the new name is free.",
    history: [["3.2.0", "Both names may be the same."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "newkey", type: "key", keySpecIndex: 1 },
    ],
    handler: renamenx,
  },
  {
    name: "copy",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["keyspace"],
    keySpecs: twoKeys(["RO", "access"], ["OW", "update"]),
    since: "6.2.0",
    group: "generic",
    complexity: "O(N) for a collection of N elements, O(1) for a string.",
    summary: "Copies a key's value and expiry to another key, perhaps of another database.",
    arguments: [
      { name: "source", type: "key", keySpecIndex: 0 },
      { name: "destination", type: "key", keySpecIndex: 1 },
      { name: "destination-db", type: "integer", token: "DB", optional: true },
      { name: "replace", type: "pure-token", token: "REPLACE", optional: true },
    ],
    handler: copy,
  },
  {
    name: "move",
    arity: 3,
    flags: ["write", "fast"],
    categories: ["keyspace"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Moves a key to another database where its name is free.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "db", type: "integer" },
    ],
    handler: move,
  },
  {
    name: "swapdb",
    arity: 3,
    flags: ["write", "fast"],
    categories: ["keyspace", "dangerous"],
    keySpecs: [],
    since: "4.0.0",
    group: "server",
    complexity: "O(1) here; tracking and blocked clients add their number.",
    summary: "Exchanges the contents of two databases.",
    arguments: [
      { name: "index1", type: "integer" },
      { name: "index2", type: "integer" },
    ],
    handler: swapdb,
  },
];
