// Commands that read a string as a whole: GET, MGET, GETDEL, GETEX, STRLEN. GET and MGET are hot: they allocate nothing.
import { type CommandSpec, manyKeys, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { expireArgument } from "../../core/commands/number_arguments.ts";
import { propagateRemoval } from "../../core/commands/propagate_removal.ts";
import { TYPE_STRING } from "../../core/keyspace/entry_layout.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import {
  OPTION_EX,
  OPTION_EXAT,
  OPTION_PERSIST,
  OPTION_PX,
  OPTION_PXAT,
  OPTIONS_EXPIRE,
  parsed,
  parsedUnitMilliseconds,
  parseGetOptions,
} from "./set_options.ts";
import { findString, REFUSED, replyString } from "./string_value.ts";

function get(client: CommandClient, args: Arguments): void {
  const ref = findString(client, args, 1);
  if (ref === 0) client.reply.null();
  else if (ref !== REFUSED) replyString(client, ref);
}

function mget(client: CommandClient, args: Arguments): void {
  const entries = client.server.keyspace.entries;
  client.reply.array(args.count - 1);
  for (let index = 1; index < args.count; index++) {
    const ref = client.db.lookupRead(args.buffer, args.starts[index], args.ends[index]);
    if (ref === 0 || entries.type(ref) !== TYPE_STRING) client.reply.null();
    else replyString(client, ref);
  }
}

function strlen(client: CommandClient, args: Arguments): void {
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  client.reply.integer(ref === 0 ? 0 : client.server.keyspace.entries.stringLength(ref));
}

function getdel(client: CommandClient, args: Arguments): void {
  const ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  if (ref === 0) {
    client.reply.null();
    return;
  }
  replyString(client, ref);
  removeKey(client, args);
  propagateRemoval(client, args, 1, "userDelete");
}

function getex(client: CommandClient, args: Arguments): void {
  if (!parseGetOptions(args)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const { options, expireIndex } = parsed;
  const keyspace = client.server.keyspace;
  let expireAt = 0;
  if ((options & OPTIONS_EXPIRE) !== 0) {
    const base = (options & (OPTION_EX | OPTION_PX)) !== 0 ? keyspace.clock.ms : 0;
    expireAt = expireArgument(client, args, expireIndex, parsedUnitMilliseconds(), base, "getex");
    if (expireAt !== expireAt) return;
  }
  let ref = findString(client, args, 1);
  if (ref === REFUSED) return;
  if (ref === 0) {
    client.reply.null();
    return;
  }
  const { db } = client;
  const { propagation } = client.server;
  const start = args.starts[1];
  const end = args.ends[1];
  const isAbsolute = (options & (OPTION_EXAT | OPTION_PXAT)) !== 0;
  if (
    isAbsolute && expireAt <= keyspace.clock.ms && keyspace.honoursExpiry && keyspace.deletesExpired
  ) {
    replyString(client, ref);
    removeKey(client, args);
    propagateRemoval(client, args, 1, "expire");
    return;
  }
  if ((options & OPTIONS_EXPIRE) !== 0) {
    ref = db.setExpire(db.lookupWrite(args.buffer, start, end), expireAt);
    db.changed("generic", "expire", args.buffer, start, end);
    if (propagation.active) propagation.instead("PEXPIREAT", 3).argument(args, 1).number(expireAt);
  } else if ((options & OPTION_PERSIST) !== 0) {
    ref = db.lookupWrite(args.buffer, start, end);
    if (db.dropExpire(ref)) {
      db.changed("generic", "persist", args.buffer, start, end);
      if (propagation.active) propagation.instead("PERSIST", 2).argument(args, 1);
    }
  }
  replyString(client, ref);
}

function removeKey(client: CommandClient, args: Arguments): void {
  const db = client.db;
  db.remove(args.buffer, args.starts[1], args.ends[1]);
  db.changed("generic", "del", args.buffer, args.starts[1], args.ends[1]);
}

export const getCommands: CommandSpec[] = [
  {
    name: "get",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Gives the string at a key.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: get,
  },
  {
    name: "mget",
    arity: -2,
    flags: ["readonly", "fast"],
    categories: ["string"],
    keySpecs: manyKeys(1, "RO", "access"),
    since: "1.0.0",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Gives the strings at several keys, null for each that is absent or no string.",
    tips: ["request_policy:multi_shard"],
    arguments: [{ name: "key", type: "key", multiple: true, keySpecIndex: 0 }],
    handler: mget,
  },
  {
    name: "strlen",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RO"),
    since: "2.2.0",
    group: "string",
    complexity: "O(1)",
    summary: "Gives the length of a string in bytes, 0 where the key is absent.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: strlen,
  },
  {
    name: "getdel",
    arity: 2,
    flags: ["write", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "6.2.0",
    group: "string",
    complexity: "O(1)",
    summary: "Gives the string at a key and deletes the key.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }],
    handler: getdel,
  },
  {
    name: "getex",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["string"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "6.2.0",
    group: "string",
    complexity: "O(1)",
    summary: "Gives the string at a key and sets or removes the key's expiry.",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "expiration",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "seconds", type: "integer", token: "EX" },
          { name: "milliseconds", type: "integer", token: "PX" },
          { name: "unix-time-seconds", type: "unix-time", token: "EXAT" },
          { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT" },
          { name: "persist", type: "pure-token", token: "PERSIST" },
        ],
      },
    ],
    handler: getex,
  },
];
