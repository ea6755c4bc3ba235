// Strings as numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. INCR is hot: within 2^53 it allocates nothing, beyond it
// computes with BigInt to keep all 64 bits.
import { writeLatin1 } from "../../core/bytes/ascii.ts";
import {
  formatInt64,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  INT64_TEXT_BYTES_MAX,
  parseInt64,
  parseSafeInteger,
} from "../../core/bytes/integer.ts";
import {
  addLongDoubles,
  LONG_DOUBLE_ZERO,
  longDoubleText,
  parseLongDouble,
} from "../../core/bytes/long_double.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int64Argument } from "../../core/commands/number_arguments.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import { ENCODING_EMBSTR, ENCODING_INT } from "../../core/keyspace/entry_layout.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  DECREMENT_OVERFLOW,
  NAN_OR_INFINITY,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  OVERFLOW,
} from "../../core/protocol/errors.ts";
import { findStringToChange, REFUSED } from "./string_value.ts";

const scratch = new Uint8Array(INT64_TEXT_BYTES_MAX);

function incr(client: CommandClient, args: Arguments): void {
  add(client, args, 1);
}

function decr(client: CommandClient, args: Arguments): void {
  add(client, args, -1);
}

function incrby(client: CommandClient, args: Arguments): void {
  const increment = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (increment === increment) {
    add(client, args, increment);
    return;
  }
  const large = int64Argument(client, args, 2);
  if (large === null) return;
  const ref = findStringToChange(client, args, 1);
  if (ref !== REFUSED) addLarge(client, args, ref, large);
}

function decrby(client: CommandClient, args: Arguments): void {
  const decrement = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (decrement === decrement) {
    add(client, args, -decrement);
    return;
  }
  const large = int64Argument(client, args, 2);
  if (large === null) return;
  if (large === INT64_MIN) {
    client.reply.error(DECREMENT_OVERFLOW);
    return;
  }
  const ref = findStringToChange(client, args, 1);
  if (ref !== REFUSED) addLarge(client, args, ref, -large);
}

function add(client: CommandClient, args: Arguments, increment: number): void {
  const ref = findStringToChange(client, args, 1);
  if (ref === REFUSED) return;
  let value = 0;
  if (ref !== 0) {
    const keyspace = client.server.keyspace;
    const address = keyspace.entries.stringAddress(ref);
    value = parseSafeInteger(keyspace.arena.u8, address, address + keyspace.entries.stringLength(ref));
  }
  const sum = value + increment;
  if (!(sum <= Number.MAX_SAFE_INTEGER && sum >= Number.MIN_SAFE_INTEGER)) {
    addLarge(client, args, ref, BigInt(increment));
    return;
  }
  storeNumber(client, args, ref, scratch, formatInteger(scratch, 0, sum));
  announce(client, args, "incrby");
  client.reply.integer(sum);
}

function addLarge(client: CommandClient, args: Arguments, ref: Ref, increment: bigint): void {
  let value: bigint | null = 0n;
  if (ref !== 0) {
    const keyspace = client.server.keyspace;
    const address = keyspace.entries.stringAddress(ref);
    value = parseInt64(keyspace.arena.u8, address, address + keyspace.entries.stringLength(ref));
  }
  if (value === null) {
    client.reply.error(NOT_AN_INTEGER);
    return;
  }
  const sum = value + increment;
  if (sum < INT64_MIN || sum > INT64_MAX) {
    client.reply.error(OVERFLOW);
    return;
  }
  storeNumber(client, args, ref, scratch, formatInt64(scratch, 0, sum));
  announce(client, args, "incrby");
  client.reply.integer64(sum);
}

function incrbyfloat(client: CommandClient, args: Arguments): void {
  const ref = findStringToChange(client, args, 1);
  if (ref === REFUSED) return;
  const keyspace = client.server.keyspace;
  const entries = keyspace.entries;
  const address = ref === 0 ? 0 : entries.stringAddress(ref);
  const value = ref === 0
    ? LONG_DOUBLE_ZERO
    : parseLongDouble(keyspace.arena.u8, address, address + entries.stringLength(ref));
  const increment = parseLongDouble(args.buffer, args.starts[2], args.ends[2]);
  if (value === null || increment === null) {
    client.reply.error(NOT_A_FLOAT);
    return;
  }
  const sum = addLongDoubles(value, increment);
  if (sum === null) {
    client.reply.error(NAN_OR_INFINITY);
    return;
  }
  const text = longDoubleText(sum);
  const bytes = new Uint8Array(text.length);
  const stored = storeNumber(client, args, ref, bytes, writeLatin1(bytes, 0, text));
  if (entries.encoding(stored) === ENCODING_INT) entries.setEncoding(stored, ENCODING_EMBSTR);
  announce(client, args, "incrbyfloat");
  const { propagation } = client.server;
  if (propagation.active) {
    // The sum, not the addition: another machine may round otherwise.
    propagation.instead("SET", 4).argument(args, 1).bytes(bytes, 0, bytes.length).word("KEEPTTL");
  }
  client.reply.bulkBytes(bytes);
}

/** Puts the text of a number in the place of a string that keeps its expiry, or makes a new string. */
function storeNumber(client: CommandClient, args: Arguments, ref: Ref, text: Uint8Array, end: number): Ref {
  const db = client.db;
  if (ref !== 0) return db.overwriteString(ref, text, 0, end);
  return db.setString(args.buffer, args.starts[1], args.ends[1], text, 0, end, NO_EXPIRE);
}

function announce(client: CommandClient, args: Arguments, event: string): void {
  client.db.changed("string", event, args.buffer, args.starts[1], args.ends[1]);
}

export const counterCommands: CommandSpec[] = [
  {
    name: "incr",
    arity: 2,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds one to the integer at a key; an absent key counts as 0.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: incr,
  },
  {
    name: "decr",
    arity: 2,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Takes one from the integer at a key; an absent key counts as 0.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: decr,
  },
  {
    name: "incrby",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds to the integer at a key; an absent key counts as 0.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "increment", type: "integer" },
    ],
    handler: incrby,
  },
  {
    name: "decrby",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Subtracts from the integer at a key; an absent key counts as 0.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "decrement", type: "integer" },
    ],
    handler: decrby,
  },
  {
    name: "incrbyfloat",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "2.6.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds to the number with a fraction at a key; an absent key counts as 0.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "increment", type: "double" },
    ],
    handler: incrbyfloat,
  },
];
