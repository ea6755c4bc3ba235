// Parts of strings: APPEND, SETRANGE, GETRANGE, SUBSTR.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { OFFSET_OUT_OF_RANGE } from "../../core/protocol/errors.ts";
import { checkStringLength, createZeroed, findString, findStringToChange, REFUSED } from "./string_value.ts";

const EMPTY = new Uint8Array(0);

function append(client: CommandClient, args: Arguments): void {
  const db = client.db;
  const buffer = args.buffer;
  const start = args.starts[1];
  const end = args.ends[1];
  const ref = findStringToChange(client, args, 1);
  if (ref === REFUSED) return;
  let length = args.length(2);
  if (ref === 0) {
    db.setString(buffer, start, end, buffer, args.starts[2], args.ends[2], NO_EXPIRE);
  } else {
    const old = client.server.keyspace.entries.stringLength(ref);
    length += old;
    if (!checkStringLength(client, length)) return;
    write(client, db.resizeString(ref, length), old, args, 2);
  }
  db.changed("string", "append", buffer, start, end);
  client.reply.integer(length);
}

function setrange(client: CommandClient, args: Arguments): void {
  const offset = integerArgument(client, args, 2);
  if (offset !== offset) return;
  if (offset < 0) {
    client.reply.error(OFFSET_OUT_OF_RANGE);
    return;
  }
  const db = client.db;
  let ref = findStringToChange(client, args, 1);
  if (ref === REFUSED) return;
  const old = ref === 0 ? 0 : client.server.keyspace.entries.stringLength(ref);
  if (args.length(3) === 0) {
    client.reply.integer(old);
    return;
  }
  const end = offset + args.length(3);
  if (!checkStringLength(client, end)) return;
  const length = Math.max(old, end);
  ref = ref === 0 ? createZeroed(client, args, length) : db.resizeString(ref, length);
  write(client, ref, offset, args, 3);
  db.changed("string", "setrange", args.buffer, args.starts[1], args.ends[1]);
  client.reply.integer(length);
}

/** Stores an argument's bytes into a string at an offset; they fit. */
function write(client: CommandClient, ref: Ref, offset: number, args: Arguments, index: number): void {
  const keyspace = client.server.keyspace;
  const address = keyspace.entries.stringAddress(ref) + offset;
  keyspace.arena.copyIn(address, args.buffer, args.starts[index], args.ends[index]);
}

function getrange(client: CommandClient, args: Arguments): void {
  let first = integerArgument(client, args, 2);
  if (first !== first) return;
  let last = integerArgument(client, args, 3);
  if (last !== last) return;
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  const keyspace = client.server.keyspace;
  const length = ref === 0 ? 0 : keyspace.entries.stringLength(ref);
  const isReversed = first < 0 && last < 0 && first > last;
  if (first < 0) first = Math.max(0, first + length);
  if (last < 0) last = Math.max(0, last + length);
  if (last >= length) last = length - 1;
  if (isReversed || first > last || length === 0) client.reply.bulk(EMPTY, 0, 0);
  else client.reply.bulkArena(keyspace.arena, keyspace.entries.stringAddress(ref) + first, last - first + 1);
}

export const rangeCommands: CommandSpec[] = [
  {
    name: "append",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "insert"),
    since: "2.0.0",
    group: "string",
    complexity: "O(1) amortised for short values: a string that grows keeps spare room",
    summary: "Adds bytes to the end of a string, which is made where the key is absent.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "value", type: "string" },
    ],
    handler: append,
  },
  {
    name: "setrange",
    arity: 4,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: oneKey("RW", "update"),
    since: "2.2.0",
    group: "string",
    complexity: "O(M) where M is the length of the value; zero bytes that fill a gap come on top",
    summary:
      "Overwrites part of a string from an offset on; a string that is too short is filled with zero bytes.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "offset", type: "integer" },
      { name: "value", type: "string" },
    ],
    handler: setrange,
  },
  {
    name: "getrange",
    arity: 4,
    flags: ["readonly"],
    categories: ["string"],
    keySpecs: oneKey("RO", "access"),
    since: "2.4.0",
    group: "string",
    complexity: "O(N) where N is the number of bytes returned",
    summary:
      "Gives the bytes of a string between two offsets, both included; negative ones count from the end.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "start", type: "integer" },
      { name: "end", type: "integer" },
    ],
    handler: getrange,
  },
  {
    name: "substr",
    arity: 4,
    flags: ["readonly"],
    categories: ["string"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.0",
    group: "string",
    complexity: "O(N) where N is the number of bytes returned",
    summary: "The old name of GETRANGE.",
    deprecated: { since: "2.0.0", replacedBy: "`GETRANGE`" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "start", type: "integer" },
      { name: "end", type: "integer" },
    ],
    handler: getrange,
  },
];
