// Commands that set a string as a whole: SET and its older forms, GETSET, MSET, MSETNX. Plain SET and MSET are hot:
// they allocate nothing on the JavaScript heap.
import { equalsWord } from "../../core/bytes/ascii.ts";
import { type CommandSpec, manyKeys, oneKey, type Spans } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { expireArgument } from "../../core/commands/number_arguments.ts";
import { propagateRemoval } from "../../core/commands/propagate_removal.ts";
import { KEEP_EXPIRE } from "../../core/keyspace/database.ts";
import { TYPE_STRING } from "../../core/keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR, WRONG_TYPE, wrongArity } from "../../core/protocol/errors.ts";
import {
  OPTION_EX,
  OPTION_GET,
  OPTION_IFEQ,
  OPTION_KEEPTTL,
  OPTION_NX,
  OPTION_PX,
  OPTION_XX,
  OPTIONS_EXPIRE,
  parsed,
  parsedUnitMilliseconds,
  parseSetOptions,
} from "./set_options.ts";
import { findString, REFUSED, stringBytes } from "./string_value.ts";

/** SETEX and PSETEX have the time before the value. */
const VALUE_OF_SETEX = 3;

function set(client: CommandClient, args: Arguments): void {
  if (args.count > 3) {
    setWithOptions(client, args);
    return;
  }
  store(client, args, 1, 2, NO_EXPIRE);
  client.reply.ok();
}

function setWithOptions(client: CommandClient, args: Arguments): void {
  if (!parseSetOptions(args)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const { options, expireIndex, compareIndex } = parsed;
  let expireAt = (options & OPTION_KEEPTTL) !== 0 ? KEEP_EXPIRE : NO_EXPIRE;
  if ((options & OPTIONS_EXPIRE) !== 0) {
    const base = (options & (OPTION_EX | OPTION_PX)) !== 0 ? client.server.keyspace.clock.ms : 0;
    expireAt = expireArgument(client, args, expireIndex, parsedUnitMilliseconds(), base, "set");
    if (expireAt !== expireAt) return;
  }
  if ((options & OPTION_GET) !== 0) {
    setAndReplyOld(client, args, options, compareIndex, expireAt);
    return;
  }
  const db = client.db;
  const ref = db.peekTouching(args.buffer, args.starts[1], args.ends[1]);
  if (
    (options & OPTION_IFEQ) !== 0 && ref !== 0 && client.server.keyspace.entries.type(ref) !== TYPE_STRING
  ) {
    client.reply.error(WRONG_TYPE);
    return;
  }
  if (!meetsCondition(client, args, ref, options, compareIndex)) {
    client.reply.null();
    return;
  }
  storeAndPropagate(client, args, 2, expireAt);
  client.reply.ok();
}

/** Stores what SET was given; a time is propagated as the point in time that it means. */
function storeAndPropagate(
  client: CommandClient,
  args: Arguments,
  valueIndex: number,
  expireAt: number,
): void {
  const { keyspace, propagation } = client.server;
  const before = keyspace.dirty;
  const isStored = storeOrExpire(client, args, 1, valueIndex, expireAt);
  if (!propagation.active || keyspace.dirty === before || expireAt < 0) return;
  if (!isStored) propagateRemoval(client, args, 1, "serverDelete");
  else {
    propagation.instead("SET", 5).argument(args, 1).argument(args, valueIndex).word("PXAT").number(expireAt);
  }
}

/** GET is for the client alone. */
function propagateWithoutGet(client: CommandClient, args: Arguments): void {
  let gets = 0;
  for (let index = 3; index < args.count; index++) if (args.is(index, "get")) gets++;
  const { propagation } = client.server;
  propagation.instead("SET", args.count - gets);
  for (let index = 1; index < args.count; index++) {
    if (index < 3 || !args.is(index, "get")) propagation.argument(args, index);
  }
}

/** SET with GET: whatever comes of the condition, the reply is the string that was there. */
function setAndReplyOld(
  client: CommandClient,
  args: Arguments,
  options: number,
  compareIndex: number,
  expireAt: number,
): void {
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  const old = ref === 0 ? null : stringBytes(client, ref);
  if (meetsCondition(client, args, ref, options, compareIndex)) {
    storeAndPropagate(client, args, 2, expireAt);
    if (expireAt < 0 && client.server.propagation.active) propagateWithoutGet(client, args);
  }
  replyOld(client, old);
}

/** `ref` is the key's entry (a string where IFEQ is asked) or 0. */
function meetsCondition(
  client: CommandClient,
  args: Arguments,
  ref: Ref,
  options: number,
  compareIndex: number,
): boolean {
  if ((options & OPTION_NX) !== 0) return ref === 0;
  if ((options & OPTION_XX) !== 0) return ref !== 0;
  if ((options & OPTION_IFEQ) === 0) return true;
  return ref !== 0 && equalsArgument(client, args, ref, compareIndex);
}

/** Whether the string at `ref` is what an argument says. */
export function equalsArgument(client: CommandClient, args: Arguments, ref: Ref, index: number): boolean {
  const keyspace = client.server.keyspace;
  const length = keyspace.entries.stringLength(ref);
  return length === args.length(index) &&
    keyspace.arena.equals(keyspace.entries.stringAddress(ref), args.buffer, args.starts[index], length);
}

function setnx(client: CommandClient, args: Arguments): void {
  if (client.db.peekTouching(args.buffer, args.starts[1], args.ends[1]) !== 0) {
    client.reply.integer(0);
    return;
  }
  store(client, args, 1, 2, NO_EXPIRE);
  client.reply.integer(1);
}

function setex(client: CommandClient, args: Arguments): void {
  setFor(client, args, 1000, "setex");
}

function psetex(client: CommandClient, args: Arguments): void {
  setFor(client, args, 1, "psetex");
}

function setFor(client: CommandClient, args: Arguments, unitMilliseconds: number, command: string): void {
  const now = client.server.keyspace.clock.ms;
  const expireAt = expireArgument(client, args, 2, unitMilliseconds, now, command);
  if (expireAt !== expireAt) return;
  storeAndPropagate(client, args, VALUE_OF_SETEX, expireAt);
  client.reply.ok();
}

function getset(client: CommandClient, args: Arguments): void {
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  const old = ref === 0 ? null : stringBytes(client, ref);
  store(client, args, 1, 2, NO_EXPIRE);
  const { propagation } = client.server;
  if (propagation.active) propagation.instead("SET", 3).argument(args, 1).argument(args, 2);
  replyOld(client, old);
}

function mset(client: CommandClient, args: Arguments): void {
  if (args.count % 2 === 0) {
    client.reply.error(wrongArity("mset"));
    return;
  }
  storePairs(client, args);
  client.reply.ok();
}

function msetnx(client: CommandClient, args: Arguments): void {
  if (args.count % 2 === 0) {
    client.reply.error(wrongArity("msetnx"));
    return;
  }
  for (let index = 1; index < args.count; index += 2) {
    if (client.db.peekTouching(args.buffer, args.starts[index], args.ends[index]) !== 0) {
      client.reply.integer(0);
      return;
    }
  }
  storePairs(client, args);
  client.reply.integer(1);
}

/** Sets all keys or, where the arena has not enough room for all, none. */
function storePairs(client: CommandClient, args: Arguments): void {
  const pairs = args.count >>> 1;
  if (pairs > 1) client.server.keyspace.requireRoom(args.totalBytes(), pairs);
  for (let index = 1; index < args.count; index += 2) store(client, args, index, index + 1, NO_EXPIRE);
}

/** Sets the key at one argument to the value at another. */
function store(
  client: CommandClient,
  args: Arguments,
  keyIndex: number,
  valueIndex: number,
  expireAt: number,
): void {
  const db = client.db;
  const buffer = args.buffer;
  const start = args.starts[keyIndex];
  const end = args.ends[keyIndex];
  db.setString(buffer, start, end, buffer, args.starts[valueIndex], args.ends[valueIndex], expireAt);
  db.changed("string", "set", buffer, start, end);
}

/**
 * As `store`, but a time in the past deletes the key instead: nobody could see the value any more. False where it did
 * that.
 */
export function storeOrExpire(
  client: CommandClient,
  args: Arguments,
  keyIndex: number,
  valueIndex: number,
  expireAt: number,
): boolean {
  const keyspace = client.server.keyspace;
  if (expireAt < 0) {
    store(client, args, keyIndex, valueIndex, expireAt);
    return true;
  }
  const db = client.db;
  const start = args.starts[keyIndex];
  const end = args.ends[keyIndex];
  if (keyspace.honoursExpiry && keyspace.deletesExpired && expireAt <= keyspace.clock.ms) {
    if (db.remove(args.buffer, start, end)) db.changed("generic", "del", args.buffer, start, end);
    return false;
  }
  store(client, args, keyIndex, valueIndex, expireAt);
  keyspace.notify(db.id, "generic", "expire", args.buffer, start, end);
  return true;
}

/** SET reads the old value only where an option asks for it. */
function keyFlagsOfSet(args: Spans): string[] {
  for (let i = 3; i < args.count; i++) {
    const start = args.starts[i];
    const end = args.ends[i];
    if (equalsWord(args.buffer, start, end, "get") || equalsWord(args.buffer, start, end, "ifeq")) {
      return ["RW", "access", "update"];
    }
  }
  return ["OW", "update"];
}

function replyOld(client: CommandClient, old: Uint8Array | null): void {
  if (old === null) client.reply.null();
  else client.reply.bulkBytes(old);
}

export const setCommands: CommandSpec[] = [
  {
    name: "set",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update", "variable_flags"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Sets a key to a string, whatever it held before, on condition and with an expiry where asked.",
    history: [
      ["2.6.12", "EX, PX, NX and XX."],
      ["6.0.0", "KEEPTTL."],
      ["6.2.0", "GET, EXAT and PXAT."],
      ["7.0.0", "NX and GET may be used together."],
      ["8.1.0", "IFEQ."],
    ],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "value", type: "string" },
      {
        name: "condition",
        type: "oneof",
        since: "2.6.12",
        optional: true,
        arguments: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "xx", type: "pure-token", token: "XX" },
          { name: "comparison-value", type: "string", token: "IFEQ", since: "8.1.0" },
        ],
      },
      { name: "get", type: "pure-token", token: "GET", since: "6.2.0", optional: true },
      {
        name: "expiration",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "seconds", type: "integer", token: "EX", since: "2.6.12" },
          { name: "milliseconds", type: "integer", token: "PX", since: "2.6.12" },
          { name: "unix-time-seconds", type: "unix-time", token: "EXAT", since: "6.2.0" },
          { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT", since: "6.2.0" },
          { name: "keepttl", type: "pure-token", token: "KEEPTTL", since: "6.0.0" },
        ],
      },
    ],
    keyFlags: keyFlagsOfSet,
    handler: set,
  },
  {
    name: "setnx",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("OW", "insert"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Sets a key to a string, only where the key does not exist.",
    deprecated: { since: "2.6.12", replacedBy: "`SET` with `NX`" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "value", type: "string" },
    ],
    handler: setnx,
  },
  {
    name: "setex",
    arity: 4,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: oneKey("OW", "update"),
    since: "2.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Sets a key to a string that lives for the given seconds.",
    deprecated: { since: "2.6.12", replacedBy: "`SET` with `EX`" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "seconds", type: "integer" },
      { name: "value", type: "string" },
    ],
    handler: setex,
  },
  {
    name: "psetex",
    arity: 4,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: oneKey("OW", "update"),
    since: "2.6.0",
    group: "string",
    complexity: "O(1)",
    summary: "Sets a key to a string that lives for the given milliseconds.",
    deprecated: { since: "2.6.12", replacedBy: "`SET` with `PX`" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "milliseconds", type: "integer" },
      { name: "value", type: "string" },
    ],
    handler: psetex,
  },
  {
    name: "getset",
    arity: 3,
    flags: ["write", "denyoom", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Sets a key to a string and gives back the string that it held.",
    deprecated: { since: "6.2.0", replacedBy: "`SET` with `GET`" },
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "value", type: "string" },
    ],
    handler: getset,
  },
  {
    name: "mset",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: manyKeys(2, "OW", "update"),
    since: "1.0.1",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Sets several keys to strings in one step.",
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
    arguments: [
      {
        name: "key_value",
        type: "block",
        multiple: true,
        arguments: [
          { name: "key", type: "key", keySpecIndex: 0 },
          { name: "value", type: "string" },
        ],
      },
    ],
    handler: mset,
  },
  {
    name: "msetnx",
    arity: -3,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: manyKeys(2, "OW", "insert"),
    since: "1.0.1",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Sets several keys to strings in one step, only where none of them exists.",
    tips: ["request_policy:multi_shard", "response_policy:agg_min"],
    arguments: [
      {
        name: "key_value",
        type: "block",
        multiple: true,
        arguments: [
          { name: "key", type: "key", keySpecIndex: 0 },
          { name: "value", type: "string" },
        ],
      },
    ],
    handler: msetnx,
  },
];
