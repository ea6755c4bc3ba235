// MIGRATE: takes its words apart and hands keys as RESTORE commands to the server's migrator.
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { type CommandSpec, keyAt } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int32Argument } from "../../core/commands/number_arguments.ts";
import { redactArguments } from "../../core/commands/redact.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

const DEFAULT_TIMEOUT_MS = 1000;
const RESTORE = latin1Bytes("RESTORE");
const REPLACE = latin1Bytes("REPLACE");

function migrate(client: CommandClient, args: Arguments): void {
  const { reply, server, db } = client;
  let copies = false;
  let replaces = false;
  let auth: Uint8Array[] = [];
  const secrets: number[] = [];
  let first = 3;
  let count = 1;
  for (let i = 6; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (args.is(i, "copy")) copies = true;
    else if (args.is(i, "replace")) replaces = true;
    else if (args.is(i, "auth") && more >= 1) {
      auth = [args.bytes(i + 1)];
      secrets.push(++i);
    } else if (args.is(i, "auth2") && more >= 2) {
      auth = [args.bytes(i + 1), args.bytes(i + 2)];
      secrets.push(i + 1, i + 2);
      i += 2;
    } else if (args.is(i, "keys")) {
      if (args.length(3) !== 0) {
        reply.error(
          "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        );
        return;
      }
      first = i + 1;
      count = args.count - first;
      break;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  const timeout = int32Argument(client, args, 5);
  if (Number.isNaN(timeout)) return;
  const database = int32Argument(client, args, 4);
  if (Number.isNaN(database)) return;
  const host = args.latin1(1);
  const port = Number(args.latin1(2));
  const keys: { key: Uint8Array; restore: Uint8Array[] }[] = [];
  for (let i = first; i < first + count; i++) {
    const ref = db.lookupRead(args.buffer, args.starts[i], args.ends[i]);
    if (ref === 0) continue;
    const key = args.bytes(i);
    const expireAt = server.keyspace.entries.expireAt(ref);
    const ttl = expireAt === NO_EXPIRE ? 0 : Math.max(1, expireAt - server.keyspace.clock.ms);
    const restore = [RESTORE, key, latin1Bytes(`${ttl}`), server.dumps.dump(ref)];
    if (replaces) restore.push(REPLACE);
    keys.push({ key, restore });
  }
  redactArguments(args, secrets);
  // Redis holds the whole server until the other side has answered; here only commands wait, and EXEC can't.
  if (!client.mayBlock) {
    reply.error("ERR MIGRATE isn't allowed in a transaction");
    return;
  }
  if (keys.length === 0) {
    reply.simple("NOKEY");
    return;
  }
  server.migrator.start(client, {
    host,
    port: Number.isInteger(port) && port > 0 && port < 65536 ? port : 0,
    database,
    timeoutMs: timeout > 0 ? timeout : DEFAULT_TIMEOUT_MS,
    auth,
    keys,
    deletesKeys: !copies,
  });
}

export const migrateCommands: CommandSpec[] = [
  {
    name: "migrate",
    arity: -6,
    flags: ["write", "movablekeys"],
    categories: ["keyspace", "dangerous"],
    keySpecs: [
      keyAt(3, "RW", "access", "delete"),
      {
        flags: ["RW", "access", "delete", "incomplete"],
        begin: { keyword: "KEYS", startFrom: -2 },
        find: { lastKey: -1, step: 1, limit: 0 },
      },
    ],
    since: "2.6.0",
    group: "generic",
    complexity: "That of DUMP and DEL here and RESTORE there, plus O(N) for N bytes on their way.",
    summary: "Moves keys to another server.",
    tips: ["nondeterministic_output"],
    history: [
      ["3.0.0", "Added the `COPY` and `REPLACE` options."],
      ["3.0.6", "Added the `KEYS` option."],
      ["4.0.7", "Added the `AUTH` option."],
      ["6.0.0", "Added the `AUTH2` option."],
    ],
    arguments: [
      { name: "host", type: "string" },
      { name: "port", type: "integer" },
      {
        name: "key_or_empty_string",
        type: "oneof",
        arguments: [
          { name: "key", type: "key", keySpecIndex: 0 },
          { name: "empty_string", type: "pure-token", token: "" },
        ],
      },
      { name: "destination-db", type: "integer" },
      { name: "timeout", type: "integer" },
      { name: "copy", type: "pure-token", token: "COPY", optional: true, since: "3.0.0" },
      { name: "replace", type: "pure-token", token: "REPLACE", optional: true, since: "3.0.0" },
      {
        name: "authentication",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "password", type: "string", token: "AUTH", optional: true, since: "4.0.7" },
          {
            name: "username_password",
            type: "block",
            token: "AUTH2",
            optional: true,
            since: "6.0.0",
            arguments: [{ name: "username", type: "string" }, { name: "password", type: "string" }],
          },
        ],
      },
      {
        name: "key",
        type: "key",
        keySpecIndex: 1,
        token: "KEYS",
        optional: true,
        multiple: true,
        since: "3.0.6",
      },
    ],
    handler: migrate,
  },
];
