// CLIENT: connections as things to list, name, pause and end.
import { parseInt64, parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandSpec, Handler } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  CLIENT_NAME_CHARACTERS,
  NOT_AN_INTEGER,
  subcommandSyntax,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import { killCommand, listCommand } from "./client_filter_commands.ts";
import { adminFlags, shared } from "./client_shared.ts";
import { isPlainText } from "./plain_text.ts";
import {
  cachingCommand,
  getredirCommand,
  trackingCommand,
  trackinginfoCommand,
} from "./tracking_commands.ts";

function id(client: CommandClient, _args: Arguments): void {
  client.reply.integer(client.id);
}

function info(client: CommandClient, _args: Arguments): void {
  client.reply.verbatim("txt", `${client.describe()}\n`);
}

function setname(client: CommandClient, args: Arguments): void {
  const name = args.latin1(2);
  if (!isPlainText(name)) {
    client.reply.error(CLIENT_NAME_CHARACTERS);
    return;
  }
  client.name = name;
  client.reply.ok();
}

function getname(client: CommandClient, _args: Arguments): void {
  if (client.name === "") client.reply.null();
  else client.reply.bulkLatin1(client.name);
}

function setinfo(client: CommandClient, args: Arguments): void {
  const value = args.latin1(3);
  const attribute = args.latin1(2);
  if (!args.is(2, "lib-name") && !args.is(2, "lib-ver")) {
    client.reply.error(`ERR Unrecognized option '${attribute}'`);
    return;
  }
  if (!isPlainText(value)) {
    client.reply.error(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (args.is(2, "lib-name")) client.libraryName = value;
  else client.libraryVersion = value;
  client.reply.ok();
}

/** True for ON, false for OFF, null after an error reply. */
function onOrOff(client: CommandClient, args: Arguments): boolean | null {
  if (args.is(2, "on")) return true;
  if (args.is(2, "off")) return false;
  client.reply.error(SYNTAX_ERROR);
  return null;
}

function noEvict(client: CommandClient, args: Arguments): void {
  const on = onOrOff(client, args);
  if (on === null) return;
  client.noEvict = on;
  client.reply.ok();
}

function noTouch(client: CommandClient, args: Arguments): void {
  const on = onOrOff(client, args);
  if (on === null) return;
  client.noTouch = on;
  client.reply.ok();
}

function replyMode(client: CommandClient, args: Arguments): void {
  if (args.is(2, "on")) {
    client.replyMode = "on";
    client.reply.ok();
  } else if (args.is(2, "off")) {
    client.replyMode = "off";
  } else if (args.is(2, "skip")) {
    client.replyMode = "skip";
  } else {
    client.reply.error(SYNTAX_ERROR);
  }
}

/** What this server does not know is ignored: clients tell all that they can do. */
function capa(client: CommandClient, args: Arguments): void {
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "redirect") && !client.capabilities.includes("r")) client.capabilities += "r";
  }
  client.reply.ok();
}

function pause(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let mode: "all" | "write" = "all";
  if (args.count > 4) {
    reply.error(subcommandSyntax(args));
    return;
  }
  if (args.count === 4) {
    if (args.is(3, "write")) mode = "write";
    else if (!args.is(3, "all")) {
      reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
      return;
    }
  }
  const timeout = parseInt64(args.buffer, args.starts[2], args.ends[2]);
  if (timeout === null) {
    reply.error("ERR timeout is not an integer or out of range");
    return;
  }
  if (timeout < 0n) {
    reply.error("ERR timeout is negative");
    return;
  }
  reply.ok();
  server.pauseClients(mode, server.keyspace.clock.ms + Number(timeout));
}

function unpause(client: CommandClient, _args: Arguments): void {
  client.server.unpauseClients();
  client.reply.ok();
}

function unblock(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let how: "timeout" | "error" = "timeout";
  if (args.count > 4) {
    reply.error(subcommandSyntax(args));
    return;
  }
  if (args.count === 4) {
    if (args.is(3, "error")) how = "error";
    else if (!args.is(3, "timeout")) {
      reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
      return;
    }
  }
  const wanted = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (Number.isNaN(wanted)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const target = server.clients.get(wanted);
  if (target?.blocking?.unblockedByClient === undefined) {
    reply.integer(0);
    return;
  }
  target.blocking.unblockedByClient(target, how);
  target.unblock({ again: false });
  reply.integer(1);
}

function onOffSpec(
  name: string,
  since: string,
  flags: CommandSpec["flags"],
  summary: string,
  handler: Handler,
) {
  return {
    ...shared,
    name,
    arity: 3,
    flags,
    since,
    summary,
    arguments: [{
      name: "enabled",
      type: "oneof" as const,
      arguments: [
        { name: "on", type: "pure-token" as const, token: "ON" },
        { name: "off", type: "pure-token" as const, token: "OFF" },
      ],
    }],
    help: [`${name.toUpperCase()} (ON|OFF)`, `    ${summary}`],
    handler,
  };
}

export const clientCommands: CommandSpec[] = [
  {
    ...shared,
    name: "client",
    arity: -2,
    flags: [],
    categories: [],
    since: "2.4.0",
    complexity: "Depends on the subcommand.",
    summary: "Lists, names, pauses and ends connections.",
    subcommands: [
      cachingCommand,
      {
        ...shared,
        name: "capa",
        arity: -3,
        since: "8.0.0",
        summary: "Tells what the client can do; `redirect`: follow the server's directions to another one.",
        arguments: [{ name: "capability", type: "string", multiple: true }],
        help: [
          "CAPA <option> [options...]",
          "    Tell what the client can do. Options are:",
          "    * REDIRECT",
          "      The client follows redirections to the primary.",
        ],
        handler: capa,
      },
      {
        ...shared,
        name: "getname",
        arity: 2,
        since: "2.6.9",
        summary: "Returns the name of the connection.",
        help: ["GETNAME", "    Return the name of the current connection."],
        handler: getname,
      },
      getredirCommand,
      {
        ...shared,
        name: "id",
        arity: 2,
        since: "5.0.0",
        summary: "Returns the number of the connection.",
        help: ["ID", "    Return the ID of the current connection."],
        handler: id,
      },
      {
        ...shared,
        name: "info",
        arity: 2,
        since: "6.2.0",
        summary: "Describes the connection.",
        tips: ["nondeterministic_output"],
        help: ["INFO", "    Return information about the current client connection."],
        handler: info,
      },
      killCommand,
      listCommand,
      onOffSpec("no-evict", "7.0.0", adminFlags, "Protect the connection from client eviction.", noEvict),
      onOffSpec(
        "no-touch",
        "7.2.0",
        shared.flags,
        "Leave access times of keys alone for this connection.",
        noTouch,
      ),
      {
        ...shared,
        name: "pause",
        arity: -3,
        flags: adminFlags,
        since: "3.0.0",
        summary: "Holds back all commands, or those that write, for some time.",
        history: [["6.2.0", "Added the modes."]],
        arguments: [
          { name: "timeout", type: "integer" },
          {
            name: "mode",
            type: "oneof",
            optional: true,
            since: "6.2.0",
            arguments: [
              { name: "write", type: "pure-token", token: "WRITE" },
              { name: "all", type: "pure-token", token: "ALL" },
            ],
          },
        ],
        help: [
          "PAUSE <timeout> [WRITE|ALL]",
          "    Suspend all, or just write, clients for <timeout> milliseconds.",
        ],
        handler: pause,
      },
      {
        ...shared,
        name: "reply",
        arity: 3,
        since: "3.2.0",
        summary: "Chooses whether the connection gets replies.",
        arguments: [{
          name: "action",
          type: "oneof",
          arguments: [
            { name: "on", type: "pure-token", token: "ON" },
            { name: "off", type: "pure-token", token: "OFF" },
            { name: "skip", type: "pure-token", token: "SKIP" },
          ],
        }],
        help: ["REPLY (ON|OFF|SKIP)", "    Control the replies sent to the current connection."],
        handler: replyMode,
      },
      {
        ...shared,
        name: "setinfo",
        arity: 4,
        since: "7.2.0",
        summary: "Tells the name or version of the client library.",
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: [{
          name: "attr",
          type: "oneof",
          arguments: [
            { name: "libname", type: "string", token: "LIB-NAME" },
            { name: "libver", type: "string", token: "LIB-VER" },
          ],
        }],
        help: [
          "SETINFO <option> <value>",
          "    Set client meta attr. Options are:",
          "    * LIB-NAME: the client lib name.",
          "    * LIB-VER: the client lib version.",
        ],
        handler: setinfo,
      },
      {
        ...shared,
        name: "setname",
        arity: 3,
        since: "2.6.9",
        summary: "Names the connection.",
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: [{ name: "connection-name", type: "string" }],
        help: ["SETNAME <name>", "    Assign the name <name> to the current connection."],
        handler: setname,
      },
      trackingCommand,
      trackinginfoCommand,
      {
        ...shared,
        name: "unblock",
        arity: -3,
        flags: adminFlags,
        since: "5.0.0",
        summary: "Releases a client that a blocking command holds.",
        arguments: [
          { name: "client-id", type: "integer" },
          {
            name: "unblock-type",
            type: "oneof",
            optional: true,
            arguments: [
              { name: "timeout", type: "pure-token", token: "TIMEOUT" },
              { name: "error", type: "pure-token", token: "ERROR" },
            ],
          },
        ],
        help: [
          "UNBLOCK <clientid> [TIMEOUT|ERROR]",
          "    Unblock the specified blocked client.",
        ],
        handler: unblock,
      },
      {
        ...shared,
        name: "unpause",
        arity: 2,
        flags: adminFlags,
        since: "6.2.0",
        complexity: "O(N) for N connections that wait.",
        summary: "Ends a pause.",
        help: ["UNPAUSE", "    Stop the current client pause, resuming traffic."],
        handler: unpause,
      },
    ],
  },
];
