// SAVE, BGSAVE, LASTSAVE: snapshots on demand (grammar and replies: spec/threadsave.md section 3.2). BGREWRITEAOF: a
// snapshot that takes the place of the append-only log so far.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { SaveType } from "../../core/commands/server_services.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

const IN_PROGRESS = "ERR Background save already in progress";

function save(client: CommandClient, _args: Arguments): void {
  const { saves } = client.server;
  if (saves.running !== null) client.reply.error(IN_PROGRESS);
  else if (saves.saveNow()) client.reply.ok();
  else client.reply.error("ERR");
}

function bgsave(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const { saves } = server;
  let type: SaveType | null = null;
  let schedule = false;
  let cancel = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, "schedule")) schedule = true;
    else if (args.is(i, "fork")) type = "fork";
    else if (args.is(i, "thread")) type = "thread";
    else if (args.is(i, "cancel")) cancel = true;
    else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (cancel) {
    if (args.count > 2) reply.error("ERR Cancel cannot be combined with other options");
    else cancelSave(client);
    return;
  }
  if (type === "thread" && !server.config.values.forklessOptionsSupported) {
    reply.error("ERR BGSAVE THREAD requires starting the server with forkless-options-supported enabled");
    return;
  }
  if (saves.running !== null) {
    reply.error(IN_PROGRESS);
    return;
  }
  const chosen = type ?? saves.defaultType;
  const inTransaction = server.transactions.executing;
  if (saves.mustWait || inTransaction) {
    if (schedule || inTransaction) {
      saves.schedule(chosen);
      reply.simple("Background saving scheduled");
    } else {
      reply.error(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to " +
          "schedule a BGSAVE whenever possible.",
      );
    }
    return;
  }
  if (saves.start(chosen)) reply.simple(`Background saving (${chosen}) started`);
  else reply.error("ERR");
}

function cancelSave(client: CommandClient): void {
  const { saves } = client.server;
  if (saves.cancel()) client.reply.simple("Background saving cancelled");
  else if (saves.unschedule()) client.reply.simple("Scheduled background saving cancelled");
  else client.reply.error("ERR Background saving is currently not in progress or scheduled");
}

function bgrewriteaof(client: CommandClient, _args: Arguments): void {
  const { reply, server } = client;
  const { rewriter } = server.aof;
  if (rewriter.running) {
    reply.error("ERR Background append only file rewriting already in progress");
  } else if (rewriter.mustWait || server.transactions.executing) {
    rewriter.schedule({ resetsLimit: true });
    reply.simple("Background append only file rewriting scheduled");
  } else if (rewriter.start()) {
    reply.simple("Background append only file rewriting started");
  } else {
    reply.error(
      "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
    );
  }
}

function lastsave(client: CommandClient, _args: Arguments): void {
  client.reply.integer(client.server.saves.lastSaveSeconds);
}

export const saveCommands: CommandSpec[] = [
  {
    name: "save",
    arity: 1,
    flags: ["admin", "noscript", "no_async_loading", "no_multi"],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(N) for N keys; nothing else runs meanwhile.",
    summary: "Saves the dataset to disk and waits for it.",
    handler: save,
  },
  {
    name: "bgsave",
    arity: -1,
    flags: ["admin", "noscript", "no_async_loading"],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1) here; the saving itself takes O(N) for N keys in a worker.",
    summary: "Saves the dataset to disk in the background.",
    history: [["3.2.2", "Added `SCHEDULE`."], ["8.1.0", "Added `CANCEL`."]],
    arguments: [{
      name: "operation",
      type: "oneof",
      optional: true,
      arguments: [
        {
          name: "start",
          type: "block",
          arguments: [
            { name: "schedule", type: "pure-token", token: "SCHEDULE", optional: true, since: "3.2.2" },
            {
              name: "type",
              type: "oneof",
              optional: true,
              arguments: [
                { name: "fork", type: "pure-token", token: "FORK" },
                { name: "thread", type: "pure-token", token: "THREAD" },
              ],
            },
          ],
        },
        { name: "cancel", type: "pure-token", token: "CANCEL", since: "8.1.0" },
      ],
    }],
    handler: bgsave,
  },
  {
    name: "bgrewriteaof",
    arity: 1,
    flags: ["admin", "noscript", "no_async_loading"],
    categories: [],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1) here; the rewriting itself takes O(N) for N keys in a worker.",
    summary: "Rewrites the append-only log in the background.",
    handler: bgrewriteaof,
  },
  {
    name: "lastsave",
    arity: 1,
    flags: ["loading", "stale", "fast"],
    categories: ["admin", "dangerous"],
    keySpecs: [],
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells the Unix time of the last successful save.",
    tips: ["nondeterministic_output"],
    handler: lastsave,
  },
];
