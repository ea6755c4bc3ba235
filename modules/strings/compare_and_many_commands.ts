// Commands that only Valkey has: DELIFEQ, and MSETEX, which sets several strings on condition and with one expiry.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { expireArgument, integerArgument } from "../../core/commands/number_arguments.ts";
import { propagateRemoval } from "../../core/commands/propagate_removal.ts";
import { KEEP_EXPIRE } from "../../core/keyspace/database.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import { TYPE_STRING } from "../../core/keyspace/entry_layout.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { INVALID_NUMKEYS, SYNTAX_ERROR, WRONG_TYPE, wrongArity } from "../../core/protocol/errors.ts";
import { equalsArgument, storeOrExpire } from "./set_commands.ts";
import {
  OPTION_EX,
  OPTION_KEEPTTL,
  OPTION_NX,
  OPTION_PX,
  OPTION_XX,
  OPTIONS_EXPIRE,
  parsed,
  parsedUnitMilliseconds,
  parseManyOptions,
} from "./set_options.ts";

function delifeq(client: CommandClient, args: Arguments): void {
  const { db, reply, server } = client;
  const { buffer, starts, ends } = args;
  const ref = db.peekTouching(buffer, starts[1], ends[1]);
  if (ref !== 0 && server.keyspace.entries.type(ref) !== TYPE_STRING) {
    reply.error(WRONG_TYPE);
    return;
  }
  if (ref === 0 || !equalsArgument(client, args, ref, 2)) {
    reply.integer(0);
    return;
  }
  db.removeEntry(ref);
  db.changed("generic", "del", buffer, starts[1], ends[1]);
  propagateRemoval(client, args, 1, "userDelete");
  reply.integer(1);
}

function msetex(client: CommandClient, args: Arguments): void {
  const { db, reply, server } = client;
  const count = integerArgument(client, args, 1);
  if (count !== count) return;
  if (count < 1 || count > args.count) {
    reply.error(count < 1 ? INVALID_NUMKEYS : wrongArity("msetex"));
    return;
  }
  const end = 2 + count * 2;
  if (end > args.count) {
    reply.error(wrongArity("msetex"));
    return;
  }
  if (!parseManyOptions(args, end)) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const { options, expireIndex } = parsed;
  let expireAt = (options & OPTION_KEEPTTL) !== 0 ? KEEP_EXPIRE : NO_EXPIRE;
  if ((options & OPTIONS_EXPIRE) !== 0) {
    const base = (options & (OPTION_EX | OPTION_PX)) !== 0 ? server.keyspace.clock.ms : 0;
    expireAt = expireArgument(client, args, expireIndex, parsedUnitMilliseconds(), base, "msetex");
    if (expireAt !== expireAt) return;
  }
  if ((options & (OPTION_NX | OPTION_XX)) !== 0) {
    for (let index = 2; index < end; index += 2) {
      const exists = db.peekTouching(args.buffer, args.starts[index], args.ends[index]) !== 0;
      if (exists !== ((options & OPTION_XX) !== 0)) {
        reply.integer(0);
        return;
      }
    }
  }
  server.keyspace.requireRoom(args.totalBytes(), count);
  const before = server.keyspace.dirty;
  let isStored = true;
  for (let index = 2; index < end; index += 2) {
    isStored = storeOrExpire(client, args, index, index + 1, expireAt);
  }
  if (expireAt >= 0 && server.propagation.active && server.keyspace.dirty > before) {
    propagateMany(client, args, end, isStored ? expireAt : NO_EXPIRE);
  }
  reply.integer(1);
}

/** MSETEX with the point in time that it meant; with one in the past, the deletion that it was (NO_EXPIRE). */
function propagateMany(client: CommandClient, args: Arguments, end: number, expireAt: number): void {
  const { propagation, keyspace } = client.server;
  if (expireAt === NO_EXPIRE) {
    propagation.instead(keyspace.lazyFreePolicy.serverDelete ? "UNLINK" : "DEL", end / 2);
    for (let index = 2; index < end; index += 2) propagation.argument(args, index);
    return;
  }
  propagation.instead("MSETEX", end + 2);
  for (let index = 1; index < end; index++) propagation.argument(args, index);
  propagation.word("PXAT").number(expireAt);
}

export const compareAndManyCommands: CommandSpec[] = [
  {
    name: "delifeq",
    arity: 3,
    flags: ["write"],
    categories: ["string"],
    keySpecs: oneKey("RM", "access", "delete"),
    since: "9.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Deletes a key, only where it holds this string.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, { name: "value", type: "string" }],
    handler: delifeq,
  },
  {
    name: "msetex",
    arity: -4,
    flags: ["write", "denyoom"],
    categories: ["string"],
    keySpecs: [{
      flags: ["OW", "update"],
      begin: { index: 1 },
      find: { keyNumIndex: 0, firstKey: 1, step: 2 },
    }],
    since: "9.1.0",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary:
      "Sets several keys to strings in one step, on condition and with one expiry for all where asked.",
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
    arguments: [
      { name: "numkeys", type: "integer" },
      {
        name: "data",
        type: "block",
        multiple: true,
        arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, { name: "value", type: "string" }],
      },
      {
        name: "condition",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "xx", type: "pure-token", token: "XX" },
        ],
      },
      {
        name: "expiration",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "seconds", type: "integer", token: "EX" },
          { name: "milliseconds", type: "integer", token: "PX" },
          { name: "unix-time-seconds", type: "unix-time", token: "EXAT" },
          { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT" },
          { name: "keepttl", type: "pure-token", token: "KEEPTTL" },
        ],
      },
    ],
    handler: msetex,
  },
];
