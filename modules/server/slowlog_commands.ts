// SLOWLOG: reading and clearing the log of slow commands.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { LoggedCommand } from "../../core/commands/server_services.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { subcommandSyntax } from "../../core/protocol/errors.ts";

const COUNT_DEFAULT = 10;

function get(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let count = COUNT_DEFAULT;
  if (args.count > 3) {
    reply.error(subcommandSyntax(args));
    return;
  }
  if (args.count === 3) {
    count = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
    if (!(count >= -1)) {
      reply.error("ERR count should be greater than or equal to -1");
      return;
    }
  }
  replyLogEntries(client, server.commandLogs.slow.latest(count));
}

/** The entries as SLOWLOG GET and COMMANDLOG GET tell them. */
export function replyLogEntries({ reply }: CommandClient, entries: readonly LoggedCommand[]): void {
  reply.array(entries.length);
  for (const entry of entries) {
    reply.array(6);
    reply.integer(entry.id);
    reply.integer(entry.time);
    reply.integer(entry.value);
    reply.array(entry.arguments.length);
    for (const argument of entry.arguments) reply.bulkBytes(argument);
    reply.bulkText(entry.peer);
    reply.bulkText(entry.clientName);
  }
}

function len(client: CommandClient, _args: Arguments): void {
  client.reply.integer(client.server.commandLogs.slow.length);
}

function reset(client: CommandClient, _args: Arguments): void {
  client.server.commandLogs.slow.reset();
  client.reply.ok();
}

const shared = {
  flags: ["admin", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  since: "2.2.12",
  group: "server",
};

export const slowlogCommands: CommandSpec[] = [
  {
    name: "slowlog",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "2.2.12",
    group: "server",
    complexity: "Depends on the subcommand.",
    summary: "Reads or clears the log of slow commands.",
    helpSince: "6.2.0",
    subcommands: [
      {
        ...shared,
        name: "get",
        arity: -2,
        complexity: "O(N) for N entries.",
        summary: "Returns the newest entries of the slow log.",
        history: [["4.0.0", "Entries tell the client's address and name."]],
        tips: ["request_policy:all_nodes", "nondeterministic_output"],
        arguments: [{ name: "count", type: "integer", optional: true }],
        help: [
          "GET [<count>]",
          "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
          "    Entries are made of:",
          "    id, timestamp, time in microseconds, arguments array, client IP and port,",
          "    client name",
        ],
        handler: get,
      },
      {
        ...shared,
        name: "len",
        arity: 2,
        complexity: "O(1)",
        summary: "Counts the entries of the slow log.",
        tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        help: ["LEN", "    Return the length of the slowlog."],
        handler: len,
      },
      {
        ...shared,
        name: "reset",
        arity: 2,
        complexity: "O(N) for N entries.",
        summary: "Clears the slow log.",
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        help: ["RESET", "    Reset the slowlog."],
        handler: reset,
      },
    ],
  },
];
