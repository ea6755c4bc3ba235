// COMMANDLOG: reading and clearing the logs of slow commands, large requests and large replies.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { ArgumentDoc, CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { CommandLog } from "../../core/commands/server_services.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { replyLogEntries } from "./slowlog_commands.ts";

/** The log that argument `index` names, or null after an error reply. */
function logAt(client: CommandClient, args: Arguments, index: number): CommandLog | null {
  const { commandLogs } = client.server;
  for (const type of ["slow", "large-request", "large-reply"] as const) {
    if (args.is(index, type)) return commandLogs.of(type);
  }
  client.reply.error("ERR type should be one of the following: slow, large-request, large-reply");
  return null;
}

function get(client: CommandClient, args: Arguments): void {
  const count = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  if (!(count >= -1)) {
    client.reply.error("ERR count should be greater than or equal to -1");
    return;
  }
  const log = logAt(client, args, 3);
  if (log !== null) replyLogEntries(client, log.latest(count));
}

function len(client: CommandClient, args: Arguments): void {
  const log = logAt(client, args, 2);
  if (log !== null) client.reply.integer(log.length);
}

function reset(client: CommandClient, args: Arguments): void {
  const log = logAt(client, args, 2);
  if (log === null) return;
  log.reset();
  client.reply.ok();
}

const shared = {
  flags: ["admin", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  since: "8.1.0",
  group: "server",
};

const typeDoc: ArgumentDoc = {
  name: "type",
  type: "oneof",
  arguments: [
    { name: "slow", type: "pure-token", token: "SLOW" },
    { name: "large-request", type: "pure-token", token: "LARGE-REQUEST" },
    { name: "large-reply", type: "pure-token", token: "LARGE-REPLY" },
  ],
};

export const commandlogCommands: CommandSpec[] = [
  {
    ...shared,
    name: "commandlog",
    arity: -2,
    flags: [],
    complexity: "Depends on the subcommand.",
    summary: "Reads or clears the logs of slow commands, large requests and large replies.",
    helpSince: "8.1.0",
    subcommands: [
      {
        ...shared,
        name: "get",
        arity: 4,
        complexity: "O(N) for N entries.",
        summary: "Returns the newest entries of a log.",
        tips: ["request_policy:all_nodes", "nondeterministic_output"],
        arguments: [{ name: "count", type: "integer" }, typeDoc],
        help: [
          "GET <count> <type>",
          "    Return top <count> entries from the log of <type> (-1 means all).",
          "    Entries are made of: id, timestamp, value, arguments array, client IP and port,",
          "    client name. The value is microseconds (SLOW) or bytes (LARGE-REQUEST, LARGE-REPLY).",
        ],
        handler: get,
      },
      {
        ...shared,
        name: "len",
        arity: 3,
        complexity: "O(1)",
        summary: "Counts the entries of a log.",
        tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        arguments: [typeDoc],
        help: ["LEN <type>", "    Return the length of the log of <type>."],
        handler: len,
      },
      {
        ...shared,
        name: "reset",
        arity: 3,
        complexity: "O(N) for N entries.",
        summary: "Clears a log.",
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: [typeDoc],
        help: ["RESET <type>", "    Reset the log of <type>."],
        handler: reset,
      },
    ],
  },
];
