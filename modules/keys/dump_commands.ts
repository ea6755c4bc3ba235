// DUMP and RESTORE: a value as bytes that another server can take.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { EXPIRE_MILLISECONDS_MAX, integerArgument } from "../../core/commands/number_arguments.ts";
import { propagateRemoval } from "../../core/commands/propagate_removal.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  BAD_DUMP_DATA,
  BAD_DUMP_PAYLOAD,
  BUSY_KEY,
  INVALID_FREQUENCY,
  INVALID_IDLE_TIME,
  INVALID_TTL,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";

function dump(client: CommandClient, args: Arguments): void {
  const ref = client.db.lookupRead(args.buffer, args.starts[1], args.ends[1]);
  if (ref === 0) client.reply.null();
  else client.reply.bulkBytes(client.server.dumps.dump(ref));
}

function restore(client: CommandClient, args: Arguments): void {
  const { db, reply, server } = client;
  const { buffer, starts, ends } = args;
  const { keyspace } = server;
  let replace = false;
  let absolute = false;
  let idleSeconds = -1;
  let frequency = -1;
  for (let i = 4; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, "replace")) replace = true;
    else if (args.is(i, "absttl")) absolute = true;
    else if (args.is(i, "idletime") && hasMore && frequency < 0) {
      idleSeconds = parseSafeInteger(buffer, starts[i + 1], ends[i + 1]);
      if (!(idleSeconds >= 0)) {
        reply.error(Number.isNaN(idleSeconds) ? NOT_AN_INTEGER : INVALID_IDLE_TIME);
        return;
      }
      i++;
    } else if (args.is(i, "freq") && hasMore && idleSeconds < 0) {
      frequency = parseSafeInteger(buffer, starts[i + 1], ends[i + 1]);
      if (!(frequency >= 0 && frequency <= 255)) {
        reply.error(Number.isNaN(frequency) ? NOT_AN_INTEGER : INVALID_FREQUENCY);
        return;
      }
      i++;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (!replace && db.peek(buffer, starts[1], ends[1]) !== 0) {
    reply.error(BUSY_KEY);
    return;
  }
  const ttl = integerArgument(client, args, 2);
  if (Number.isNaN(ttl)) return;
  if (ttl < 0) {
    reply.error(INVALID_TTL);
    return;
  }
  if (!server.dumps.isPayload(buffer, starts[3], ends[3])) {
    reply.error(BAD_DUMP_PAYLOAD);
    return;
  }
  const time = absolute ? ttl : keyspace.clock.ms + ttl;
  const expireAt = ttl === 0 ? NO_EXPIRE : Math.min(time, EXPIRE_MILLISECONDS_MAX);
  const key = { bytes: buffer, start: starts[1], end: ends[1], expireAt, idleSeconds, frequency };
  if (!server.dumps.restore(db, key, buffer, starts[3], ends[3])) {
    reply.error(BAD_DUMP_DATA);
    return;
  }
  const mayGo = keyspace.honoursExpiry && keyspace.deletesExpired;
  if (expireAt !== NO_EXPIRE && expireAt < keyspace.clock.ms && mayGo) {
    // Checked like any other payload, but gone before anybody could see it.
    db.removeQuietly(buffer, starts[1], ends[1]);
    db.changed("generic", "del", buffer, starts[1], ends[1]);
    propagateRemoval(client, args, 1, "serverDelete");
  } else {
    db.changed("generic", "restore", buffer, starts[1], ends[1]);
    if (ttl > 0 && !absolute && server.propagation.active) propagateAbsolute(client, args, expireAt);
  }
  reply.ok();
}

function propagateAbsolute(client: CommandClient, args: Arguments, expireAt: number): void {
  const { propagation } = client.server;
  propagation.instead("RESTORE", args.count + 1).argument(args, 1).number(expireAt);
  for (let index = 3; index < args.count; index++) propagation.argument(args, index);
  propagation.word("ABSTTL");
}

export const dumpCommands: CommandSpec[] = [
  {
    name: "dump",
    arity: 2,
    flags: ["readonly"],
    categories: ["keyspace"],
    keySpecs: oneKey("RO", "access"),
    since: "2.6.0",
    group: "generic",
    complexity: "O(N) for a value of N elements or bytes.",
    summary: "Returns a key's value as bytes that RESTORE takes.",
    tips: ["nondeterministic_output"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: dump,
  },
  {
    name: "restore",
    arity: -4,
    flags: ["write", "denyoom"],
    categories: ["keyspace", "dangerous"],
    keySpecs: oneKey("OW", "update"),
    since: "2.6.0",
    group: "generic",
    complexity: "O(N) for a value of N elements or bytes.",
    summary: "Creates a key from what DUMP returned.",
    history: [
      ["3.0.0", "Added `REPLACE`."],
      ["5.0.0", "Added `ABSTTL`."],
      ["5.0.0", "Added `IDLETIME` and `FREQ`."],
    ],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "ttl", type: "integer" },
      { name: "serialized-value", type: "string" },
      { name: "replace", type: "pure-token", token: "REPLACE", optional: true, since: "3.0.0" },
      { name: "absttl", type: "pure-token", token: "ABSTTL", optional: true, since: "5.0.0" },
      { name: "seconds", type: "integer", token: "IDLETIME", optional: true, since: "5.0.0" },
      { name: "frequency", type: "integer", token: "FREQ", optional: true, since: "5.0.0" },
    ],
    handler: restore,
  },
];
