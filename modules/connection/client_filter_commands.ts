// CLIENT LIST and CLIENT KILL: connections by filter.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NO_SUCH_CLIENT } from "../../core/protocol/errors.ts";
import { type ClientFilter, parseClientFilter } from "./client_filter.ts";
import { adminFlags, shared } from "./client_shared.ts";

function list(client: CommandClient, args: Arguments): void {
  const filter = parseClientFilter(client, args, 2, { allIds: true });
  if (filter === null) return;
  let text = "";
  for (const each of client.server.clients.all()) {
    if (matches(filter, each, client)) text += `${each.describe()}\n`;
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
  const filter = parseClientFilter(client, args, 2, { allIds: false });
  if (filter === null) return;
  const found = [...server.clients.all()].filter((each) => matches(filter, each, client));
  reply.integer(found.length);
  for (const each of found) end(each, client);
}

/** Ends a connection; one's own only once the reply was sent. */
function end(target: CommandClient, self: CommandClient): void {
  if (target === self) target.closeAfterReply();
  else target.closeNow();
}

function matches(filter: ClientFilter, client: CommandClient, self: CommandClient): boolean {
  if (filter.skipMe && client === self) return false;
  if (filter.ids !== null && !filter.ids.has(client.id)) return false;
  if (filter.address !== null && client.peer !== filter.address) return false;
  if (filter.localAddress !== null && client.localAddress !== filter.localAddress) return false;
  if (filter.kind !== null && client.kind !== filter.kind) return false;
  if (filter.user !== null && client.user !== filter.user) return false;
  if (filter.ageMin !== null) {
    const age = (client.server.keyspace.clock.ms - client.createdAt) / 1000;
    if (age < filter.ageMin) return false;
  }
  return true;
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
          { name: "client-id", type: "integer", token: "ID", optional: true },
          { name: "client-type", type: "string", token: "TYPE", optional: true },
          { name: "username", type: "string", token: "USER", optional: true },
          { name: "addr", type: "string", token: "ADDR", optional: true },
          { name: "laddr", type: "string", token: "LADDR", optional: true },
          { name: "skipme", type: "string", token: "SKIPME", optional: true },
          { name: "maxage", type: "integer", token: "MAXAGE", optional: true },
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
  history: [["5.0.0", "Added the filter `TYPE`."], ["6.2.0", "Added the filter `ID`."]],
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
  ],
  help: [
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "    * ID <id> [<id> ...]",
    "      Return clients of specified IDs only.",
  ],
  handler: list,
};
