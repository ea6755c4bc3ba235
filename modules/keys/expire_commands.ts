// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT with NX, XX, GT, LT; TTL, PTTL, EXPIRETIME, PEXPIRETIME; PERSIST.
import { INT64_MAX, INT64_MIN, parseInt64, parseSafeInteger } from "../../core/bytes/integer.ts";
import { type ArgumentDoc, type CommandSpec, type Handler, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import {
  allowsExpiry,
  expireConditionDoc,
  parseExpireConditions,
  propagateExpiry,
} from "../../core/commands/expire_conditions.ts";
import { EXPIRE_MILLISECONDS_MAX } from "../../core/commands/number_arguments.ts";
import { propagateRemoval } from "../../core/commands/propagate_removal.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { invalidExpireTime, NOT_AN_INTEGER } from "../../core/protocol/errors.ts";

/** Thrown away results of `parseTime`. */
const INVALID = NaN;

/**
 * The absolute time in milliseconds that argument `index` means, or NaN after an error reply.
 * `unit` is 1000 for seconds; `base` is added (the present, or 0 for absolute times).
 */
function parseTime(
  client: CommandClient,
  args: Arguments,
  index: number,
  unit: number,
  base: number,
  name: string,
): number {
  const small = parseSafeInteger(args.buffer, args.starts[index], args.ends[index]);
  if (Math.abs(small) <= Number.MAX_SAFE_INTEGER / 2000) return small * unit + base;
  const exact = parseInt64(args.buffer, args.starts[index], args.ends[index]);
  if (exact === null) {
    client.reply.error(NOT_AN_INTEGER);
    return INVALID;
  }
  const ms = exact * BigInt(unit);
  if (ms > INT64_MAX - BigInt(base) || ms < INT64_MIN) {
    client.reply.error(invalidExpireTime(name));
    return INVALID;
  }
  return Math.min(Number(ms) + base, EXPIRE_MILLISECONDS_MAX);
}

function expireGeneric(
  client: CommandClient,
  args: Arguments,
  unit: number,
  relative: boolean,
  name: string,
): void {
  const { db, reply, server } = client;
  const { keyspace } = server;
  const now = keyspace.clock.ms;
  const flags = parseExpireConditions(client, args, args.count);
  if (flags < 0) return;
  const at = parseTime(client, args, 2, unit, relative ? now : 0, name);
  if (Number.isNaN(at)) return;
  const key = args.buffer;
  const start = args.starts[1];
  const end = args.ends[1];
  const existing = db.peek(key, start, end);
  if (existing === 0 || (flags !== 0 && !allowsExpiry(flags, keyspace.entries.expireAt(existing), at))) {
    reply.integer(0);
    return;
  }
  if (at <= now && keyspace.honoursExpiry && keyspace.deletesExpired) {
    db.removeEntry(existing);
    db.changed("generic", "del", key, start, end);
    propagateRemoval(client, args, 1, "expire");
  } else {
    db.setExpire(db.lookupWrite(key, start, end), at);
    db.changed("generic", "expire", key, start, end);
    if (server.propagation.active && name !== "pexpireat") propagateExpiry(client, args, "PEXPIREAT", at);
  }
  reply.integer(1);
}

const expire: Handler = (client, args) => expireGeneric(client, args, 1000, true, "expire");
const pexpire: Handler = (client, args) => expireGeneric(client, args, 1, true, "pexpire");
const expireat: Handler = (client, args) => expireGeneric(client, args, 1000, false, "expireat");
const pexpireat: Handler = (client, args) => expireGeneric(client, args, 1, false, "pexpireat");

/** The key's expiry, NO_EXPIRE, or NaN after the reply -2 for an absent key. */
function expiryOf(client: CommandClient, args: Arguments): number {
  const ref = client.db.lookupReadQuietly(args.buffer, args.starts[1], args.ends[1]);
  if (ref === 0) {
    client.reply.integer(-2);
    return NaN;
  }
  const at = client.server.keyspace.entries.expireAt(ref);
  if (at === NO_EXPIRE) {
    client.reply.integer(-1);
    return NaN;
  }
  return at;
}

function ttl(client: CommandClient, args: Arguments): void {
  const at = expiryOf(client, args);
  if (Number.isNaN(at)) return;
  client.reply.integer(Math.floor((Math.max(0, at - client.server.keyspace.clock.ms) + 500) / 1000));
}

function pttl(client: CommandClient, args: Arguments): void {
  const at = expiryOf(client, args);
  if (!Number.isNaN(at)) client.reply.integer(Math.max(0, at - client.server.keyspace.clock.ms));
}

function expiretime(client: CommandClient, args: Arguments): void {
  const at = expiryOf(client, args);
  if (!Number.isNaN(at)) client.reply.integer(Math.floor((at + 500) / 1000));
}

function pexpiretime(client: CommandClient, args: Arguments): void {
  const at = expiryOf(client, args);
  if (!Number.isNaN(at)) client.reply.integer(at);
}

function persist(client: CommandClient, args: Arguments): void {
  const { db, reply } = client;
  const ref = db.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  if (ref === 0 || !db.dropExpire(ref)) {
    reply.integer(0);
    return;
  }
  db.changed("generic", "persist", args.buffer, args.starts[1], args.ends[1]);
  reply.integer(1);
}

function expireSpec(
  name: string,
  since: string,
  summary: string,
  time: ArgumentDoc,
  handler: Handler,
): CommandSpec {
  return {
    name,
    arity: -3,
    flags: ["write", "fast"],
    categories: ["keyspace"],
    keySpecs: oneKey("RW", "update"),
    since,
    group: "generic",
    complexity: "O(1)",
    summary,
    history: [["7.0.0", "Added the conditions `NX`, `XX`, `GT` and `LT`."]],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, time, {
      ...expireConditionDoc,
      since: "7.0.0",
    }],
    handler,
  };
}

function readSpec(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  const isTtl = name.includes("ttl");
  return {
    name,
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["keyspace"],
    keySpecs: oneKey("RO", "access"),
    since,
    group: "generic",
    complexity: "O(1)",
    summary,
    history: isTtl ? [["2.8.0", "An absent key has a reply of its own, -2."]] : undefined,
    tips: isTtl ? ["nondeterministic_output"] : undefined,
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler,
  };
}

export const expireCommands: CommandSpec[] = [
  expireSpec("expire", "1.0.0", "Sets how many seconds a key lives on.", {
    name: "seconds",
    type: "integer",
  }, expire),
  expireSpec("pexpire", "2.6.0", "Sets how many milliseconds a key lives on.", {
    name: "milliseconds",
    type: "integer",
  }, pexpire),
  expireSpec("expireat", "1.2.0", "Sets the Unix time in seconds at which a key expires.", {
    name: "unix-time-seconds",
    type: "unix-time",
  }, expireat),
  expireSpec("pexpireat", "2.6.0", "Sets the Unix time in milliseconds at which a key expires.", {
    name: "unix-time-milliseconds",
    type: "unix-time",
  }, pexpireat),
  readSpec("ttl", "1.0.0", "Tells how many seconds a key still lives.", ttl),
  readSpec("pttl", "2.6.0", "Tells how many milliseconds a key still lives.", pttl),
  readSpec("expiretime", "7.0.0", "Tells the Unix time in seconds at which a key expires.", expiretime),
  readSpec(
    "pexpiretime",
    "7.0.0",
    "Tells the Unix time in milliseconds at which a key expires.",
    pexpiretime,
  ),
  {
    name: "persist",
    arity: 2,
    flags: ["write", "fast"],
    categories: ["keyspace"],
    keySpecs: oneKey("RW", "update"),
    since: "2.2.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Takes a key's expiry away.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: persist,
  },
];
