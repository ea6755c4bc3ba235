// TIME, INFO, MONITOR, SHUTDOWN, LOLWUT: about the process itself.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { drawing } from "./drawing.ts";

function time(client: CommandClient, _args: Arguments): void {
  const micros = client.server.keyspace.clock.micros();
  client.reply.array(2);
  client.reply.bulkInteger(Math.floor(micros / 1e6));
  client.reply.bulkInteger(micros % 1e6);
}

function info(client: CommandClient, args: Arguments): void {
  const sections: string[] = [];
  for (let i = 1; i < args.count; i++) sections.push(args.latin1(i).toLowerCase());
  if (sections.length === 0) sections.push("default");
  client.reply.verbatim("txt", client.server.info(sections));
}

function shutdown(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const options = { save: "default" as "default" | "yes" | "no", now: false, force: false };
  let abort = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, "nosave") && options.save === "default") options.save = "no";
    else if (args.is(i, "save") && options.save === "default") options.save = "yes";
    else if (args.is(i, "now")) options.now = true;
    else if (args.is(i, "force")) options.force = true;
    else if (args.is(i, "abort")) abort = true;
    else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (abort) {
    if (args.count > 2) reply.error(SYNTAX_ERROR);
    else if (server.shutdown.abort()) reply.ok();
    else reply.error("ERR No shutdown in progress.");
    return;
  }
  server.shutdown.request(options, client);
}

function lolwut(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const numbers: number[] = [];
  // VERSION n chooses among drawings in Valkey; there is one here, so the number only has to be one.
  const from = args.count > 2 && args.is(1, "version") ? 2 : 1;
  for (let i = from; i < args.count; i++) {
    const value = parseSafeInteger(args.buffer, args.starts[i], args.ends[i]);
    if (!Number.isNaN(value)) numbers.push(value);
    else if (args.count > 2 || !args.is(1, "version")) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
  }
  if (from === 2) numbers.shift();
  const [columns = 60, rows = 12] = numbers;
  reply.verbatim(
    "txt",
    `${drawing(columns, rows, server.keyspace.clock.ms)}\nSpork ver. ${server.version}\n`,
  );
}

function monitor(client: CommandClient, _args: Arguments): void {
  // A client that may not wait for what others do: inside of EXEC.
  if (!client.mayBlock) {
    client.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  client.server.monitor(client);
  client.reply.ok();
}

export const timeCommands: CommandSpec[] = [
  {
    name: "time",
    arity: 1,
    flags: ["loading", "stale", "fast"],
    categories: [],
    keySpecs: [],
    since: "2.6.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells the server's time as seconds and microseconds.",
    tips: ["nondeterministic_output"],
    handler: time,
  },
  {
    name: "info",
    arity: -1,
    flags: ["loading", "stale"],
    categories: ["dangerous"],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells how the server is and what it has done.",
    history: [["7.0.0", "Accepts several sections."]],
    tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    arguments: [{ name: "section", type: "string", optional: true, multiple: true }],
    handler: info,
  },
  {
    name: "shutdown",
    arity: -1,
    flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(N) for N keys where it saves, otherwise O(1).",
    summary: "Saves the dataset where that is configured, and ends the server.",
    history: [["7.0.0", "Added `NOW`, `FORCE` and `ABORT`."]],
    arguments: [
      {
        name: "save-selector",
        type: "oneof",
        optional: true,
        arguments: [
          { name: "nosave", type: "pure-token", token: "NOSAVE" },
          { name: "save", type: "pure-token", token: "SAVE" },
        ],
      },
      { name: "now", type: "pure-token", token: "NOW", optional: true, since: "7.0.0" },
      { name: "force", type: "pure-token", token: "FORCE", optional: true, since: "7.0.0" },
      { name: "abort", type: "pure-token", token: "ABORT", optional: true, since: "7.0.0" },
    ],
    handler: shutdown,
  },
  {
    name: "monitor",
    arity: 1,
    flags: ["admin", "noscript", "loading", "stale"],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1), and O(N) a command for N clients that monitor.",
    summary: "Shows every command that the server runs.",
    handler: monitor,
  },
  {
    name: "lolwut",
    arity: -1,
    flags: ["readonly", "fast"],
    categories: [],
    keySpecs: [],
    since: "5.0.0",
    group: "server",
    complexity: "O(N) for N characters drawn.",
    summary: "Draws something, and tells the server's version.",
    arguments: [{ name: "version", type: "integer", token: "VERSION", optional: true }],
    handler: lolwut,
  },
];
