// CLIENT LIST and CLIENT KILL: connections by filter.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NO_SUCH_CLIENT } from "../../core/protocol/errors.ts";
import { parseClientFilter, passes } from "./client_filter.ts";
import { adminFlags, shared } from "./client_shared.ts";

function list(client: CommandClient, args: Arguments): void {
  const filter = parseClientFilter(client, args, 2, { lists: true });
  if (filter === null) return;
  let text = "";
  for (const each of client.server.clients.all()) {
    if (passes(filter, each, client)) text += `${each.describe()}\n`;
  }
  client.reply.verbatim("txt", text);
}

function kill(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  if (args.count === 3) {
    const address = args.latin1(2);
    for (const each of server.clients.all()) {
      if (each.peer !== address) continue;
      end(each, client);
      reply.ok();
      return;
    }
    reply.error(NO_SUCH_CLIENT);
    return;
  }
  const filter = parseClientFilter(client, args, 2, { lists: false });
  if (filter === null) return;
  const found = [...server.clients.all()].filter((each) => passes(filter, each, client));
  reply.integer(found.length);
  for (const each of found) end(each, client);
}

/** Ends a connection; one's own only once the reply was sent. */
function end(target: CommandClient, self: CommandClient): void {
  if (target === self) target.closeAfterReply();
  else target.closeNow();
}

export const killCommand: CommandSpec = {
  ...shared,
  name: "kill",
  arity: -3,
  flags: adminFlags,
  since: "2.4.0",
  complexity: "O(N) for N connections.",
  summary: "Ends connections.",
  history: [
    ["2.8.12", "Accepts filters."],
    ["2.8.12", "Added the filter `ID`."],
    ["3.2.0", "Added `master` to the types."],
    ["5.0.0", "Replaced `slave` by `replica`; the old word still works."],
    ["6.2.0", "Added the filter `LADDR`."],
    ["8.0.0", "Added the filter `MAXAGE`."],
    ["8.1.0", "`ID` takes several numbers."],
    ["9.0.0", "Added the filters `NAME`, `IDLE`, `FLAGS`, `LIB-NAME`, `LIB-VER`, `DB`, `CAPA` and `IP`."],
  ],
  arguments: [{
    name: "filter",
    type: "oneof",
    arguments: [
      { name: "old-format", type: "string" },
      {
        name: "new-format",
        type: "oneof",
        multiple: true,
        arguments: [
          { name: "client-id", type: "integer", token: "ID", optional: true, multiple: true },
          { name: "client-type", type: "string", token: "TYPE", optional: true },
          { name: "username", type: "string", token: "USER", optional: true },
          { name: "addr", type: "string", token: "ADDR", optional: true },
          { name: "laddr", type: "string", token: "LADDR", optional: true },
          { name: "skipme", type: "string", token: "SKIPME", optional: true },
          { name: "maxage", type: "integer", token: "MAXAGE", optional: true },
          { name: "name", type: "string", token: "NAME", optional: true },
          { name: "idle", type: "integer", token: "IDLE", optional: true },
          { name: "flags", type: "string", token: "FLAGS", optional: true },
          { name: "lib-name", type: "string", token: "LIB-NAME", optional: true },
          { name: "lib-ver", type: "string", token: "LIB-VER", optional: true },
          { name: "db", type: "integer", token: "DB", optional: true },
          { name: "capa", type: "string", token: "CAPA", optional: true },
          { name: "ip", type: "string", token: "IP", optional: true },
        ],
      },
    ],
  }],
  help: [
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "    * ID <client-id>",
    "      Kill connections by client id.",
    "    * MAXAGE <maxage>",
    "      Kill connections older than the specified age in seconds.",
    "    * NAME <name>",
    "      Kill connections of that name.",
    "    * IDLE <seconds>",
    "      Kill connections that were idle for at least so long.",
    "    * FLAGS <letters>",
    "      Kill connections with all of these flags.",
    "    * LIB-NAME <name>, LIB-VER <version>",
    "      Kill connections of a client library.",
    "    * DB <number>",
    "      Kill connections that selected the database.",
    "    * CAPA <letters>",
    "      Kill connections with all of these capabilities.",
    "    * IP <address>",
    "      Kill connections from the address, whatever their port.",
  ],
  handler: kill,
};

export const listCommand: CommandSpec = {
  ...shared,
  name: "list",
  arity: -2,
  flags: adminFlags,
  since: "2.4.0",
  complexity: "O(N) for N connections.",
  summary: "Describes connections, one a line.",
  history: [["5.0.0", "Added the filter `TYPE`."], ["6.2.0", "Added the filter `ID`."], [
    "8.1.0",
    "Added the filters `USER`, `ADDR`, `LADDR`, `SKIPME` and `MAXAGE`.",
  ], ["9.0.0", "Added the filters `NAME`, `IDLE`, `FLAGS`, `LIB-NAME`, `LIB-VER`, `DB`, `CAPA` and `IP`."]],
  tips: ["nondeterministic_output"],
  arguments: [
    {
      name: "client-type",
      type: "oneof",
      token: "TYPE",
      optional: true,
      arguments: [
        { name: "normal", type: "pure-token", token: "NORMAL" },
        { name: "master", type: "pure-token", token: "MASTER" },
        { name: "replica", type: "pure-token", token: "REPLICA" },
        { name: "pubsub", type: "pure-token", token: "PUBSUB" },
      ],
    },
    { name: "client-id", type: "integer", token: "ID", optional: true, multiple: true },
    { name: "username", type: "string", token: "USER", optional: true },
    { name: "addr", type: "string", token: "ADDR", optional: true },
    { name: "laddr", type: "string", token: "LADDR", optional: true },
    { name: "skipme", type: "string", token: "SKIPME", optional: true },
    { name: "maxage", type: "integer", token: "MAXAGE", optional: true },
    { name: "name", type: "string", token: "NAME", optional: true },
    { name: "idle", type: "integer", token: "IDLE", optional: true },
    { name: "flags", type: "string", token: "FLAGS", optional: true },
    { name: "lib-name", type: "string", token: "LIB-NAME", optional: true },
    { name: "lib-ver", type: "string", token: "LIB-VER", optional: true },
    { name: "db", type: "integer", token: "DB", optional: true },
    { name: "capa", type: "string", token: "CAPA", optional: true },
    { name: "ip", type: "string", token: "IP", optional: true },
  ],
  help: [
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "    * ID <id> [<id> ...]",
    "      Return clients of specified IDs only.",
    "    * USER, ADDR, LADDR, SKIPME, MAXAGE",
    "      As for CLIENT KILL; SKIPME is no unless given.",
    "    * NAME <name>",
    "      Return connections of that name.",
    "    * IDLE <seconds>",
    "      Return connections that were idle for at least so long.",
    "    * FLAGS <letters>",
    "      Return connections with all of these flags.",
    "    * LIB-NAME <name>, LIB-VER <version>",
    "      Return connections of a client library.",
    "    * DB <number>",
    "      Return connections that selected the database.",
    "    * CAPA <letters>",
    "      Return connections with all of these capabilities.",
    "    * IP <address>",
    "      Return connections from the address, whatever their port.",
  ],
  handler: list,
};
