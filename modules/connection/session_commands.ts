// PING, ECHO, SELECT, QUIT, RESET, AUTH, HELLO: the session of one connection.
import { equalBytes } from "../../core/bytes/ascii.ts";
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int32Argument } from "../../core/commands/number_arguments.ts";
import { redactArguments } from "../../core/commands/redact.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  AUTH_NOT_CONFIGURED,
  CLIENT_NAME_CHARACTERS,
  DB_OUT_OF_RANGE,
  HELLO_NO_AUTH,
  helloSyntax,
  NO_PROTO,
  PROTO_NOT_AN_INTEGER,
  SYNTAX_ERROR,
  WRONG_PASSWORD,
  wrongArity,
} from "../../core/protocol/errors.ts";
import { isPlainText } from "./plain_text.ts";

function ping(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  if (args.count > 2) reply.error(wrongArity("ping"));
  else if (client.isSubscriber && reply.protocol === 2) {
    // In the form of a message, because that is all that such a client expects.
    reply.array(2);
    reply.bulkLatin1("pong");
    if (args.count === 1) reply.bulkLatin1("");
    else reply.bulk(args.buffer, args.starts[1], args.ends[1]);
  } else if (args.count === 1) reply.pong();
  else reply.bulk(args.buffer, args.starts[1], args.ends[1]);
}

function echo(client: CommandClient, args: Arguments): void {
  client.reply.bulk(args.buffer, args.starts[1], args.ends[1]);
}

function select(client: CommandClient, args: Arguments): void {
  const id = int32Argument(client, args, 1);
  if (Number.isNaN(id)) return;
  const database = client.server.keyspace.databases[id];
  if (database === undefined) {
    client.reply.error(DB_OUT_OF_RANGE);
    return;
  }
  client.db = database;
  client.reply.ok();
}

function quit(client: CommandClient, _args: Arguments): void {
  client.reply.ok();
  client.closeAfterReply();
}

function reset(client: CommandClient, _args: Arguments): void {
  client.server.transactions.discard(client);
  client.server.stopMonitoring(client);
  client.server.pubsub.forget(client);
  client.server.tracking.disable(client);
  client.reset();
  client.reply.simple("RESET");
}

/** Whether user and password (spans of arguments; -1 = the default user) are right. */
function checkPassword(client: CommandClient, args: Arguments, user: number, password: number): boolean {
  if (user >= 0 && args.latin1(user) !== "default") return false;
  const required = client.server.requiredPassword;
  if (required === null) return true;
  return equalBytes(required, 0, required.length, args.buffer, args.starts[password], args.ends[password]);
}

function auth(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (args.count === 2 && server.requiredPassword === null) {
    redactArguments(args, [1]);
    reply.error(AUTH_NOT_CONFIGURED);
    return;
  }
  const ok = args.count === 2 ? checkPassword(client, args, -1, 1) : checkPassword(client, args, 1, 2);
  redactArguments(args, args.count === 2 ? [1] : [1, 2]);
  if (ok) {
    client.authenticated = true;
    reply.ok();
  } else {
    server.stats.aclAccessDeniedAuth++;
    reply.error(WRONG_PASSWORD);
  }
}

function hello(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let protocol = reply.protocol;
  let at = 1;
  if (args.count >= 2) {
    const version = parseSafeInteger(args.buffer, args.starts[1], args.ends[1]);
    if (Number.isNaN(version)) {
      reply.error(PROTO_NOT_AN_INTEGER);
      return;
    }
    if (version !== 2 && version !== 3) {
      reply.error(NO_PROTO);
      return;
    }
    protocol = version;
    at = 2;
  }
  let name: string | null = null;
  let authenticated = client.authenticated;
  for (; at < args.count; at++) {
    const more = args.count - 1 - at;
    if (args.is(at, "auth") && more >= 2) {
      const isRight = checkPassword(client, args, at + 1, at + 2);
      redactArguments(args, [at + 1, at + 2]);
      if (!isRight) {
        server.stats.aclAccessDeniedAuth++;
        reply.error(WRONG_PASSWORD);
        return;
      }
      authenticated = true;
      at += 2;
    } else if (args.is(at, "setname") && more >= 1) {
      name = args.latin1(++at);
      if (!isPlainText(name)) {
        reply.error(CLIENT_NAME_CHARACTERS);
        return;
      }
    } else {
      reply.error(helloSyntax(args.latin1(at)));
      return;
    }
  }
  client.authenticated = authenticated;
  if (!authenticated) {
    reply.error(HELLO_NO_AUTH);
    return;
  }
  if (name !== null) client.name = name;
  reply.protocol = protocol;
  const zone = server.config.values.availabilityZone;
  reply.map(zone === "" ? 7 : 8);
  reply.bulkText("server");
  reply.bulkText("valkey");
  reply.bulkText("version");
  reply.bulkText(server.compatibleVersion);
  reply.bulkText("proto");
  reply.integer(protocol);
  reply.bulkText("id");
  reply.integer(client.id);
  reply.bulkText("mode");
  reply.bulkText("standalone");
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.emptyArray();
  if (zone !== "") {
    reply.bulkText("availability_zone");
    reply.bulkText(zone);
  }
}

const shared = {
  categories: ["connection"] as CommandSpec["categories"],
  keySpecs: [],
  group: "connection",
  complexity: "O(1)",
};

export const sessionCommands: CommandSpec[] = [
  {
    ...shared,
    name: "ping",
    arity: -1,
    flags: ["fast"],
    since: "1.0.0",
    summary: "Answers, so that a client knows that the server lives.",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    arguments: [{ name: "message", type: "string", optional: true }],
    handler: ping,
  },
  {
    ...shared,
    name: "echo",
    arity: 2,
    flags: ["loading", "stale", "fast"],
    since: "1.0.0",
    summary: "Returns its argument.",
    arguments: [{ name: "message", type: "string" }],
    handler: echo,
  },
  {
    ...shared,
    name: "select",
    arity: 2,
    flags: ["loading", "stale", "fast"],
    since: "1.0.0",
    summary: "Chooses the database that this connection works on.",
    arguments: [{ name: "index", type: "integer" }],
    handler: select,
  },
  {
    ...shared,
    name: "quit",
    arity: -1,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "1.0.0",
    deprecated: { since: "7.2.0", replacedBy: "just closing the connection" },
    summary: "Closes the connection.",
    handler: quit,
  },
  {
    ...shared,
    name: "reset",
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "6.2.0",
    summary: "Sets the connection back to how it began.",
    handler: reset,
  },
  {
    ...shared,
    name: "auth",
    arity: -2,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "1.0.0",
    complexity: "O(N) for N passwords of the user.",
    summary: "Tells the server who the client is.",
    history: [["6.0.0", "Accepts a user name."]],
    arguments: [
      { name: "username", type: "string", optional: true, since: "6.0.0" },
      { name: "password", type: "string" },
    ],
    handler: auth,
  },
  {
    ...shared,
    name: "hello",
    arity: -1,
    flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    since: "6.0.0",
    summary: "Chooses the protocol version, and tells about server and connection.",
    history: [["6.2.0", "The protocol version may be left out."]],
    arguments: [{
      name: "arguments",
      type: "block",
      optional: true,
      arguments: [
        { name: "protover", type: "integer" },
        {
          name: "auth",
          type: "block",
          token: "AUTH",
          optional: true,
          arguments: [{ name: "username", type: "string" }, { name: "password", type: "string" }],
        },
        { name: "clientname", type: "string", token: "SETNAME", optional: true },
      ],
    }],
    handler: hello,
  },
];
