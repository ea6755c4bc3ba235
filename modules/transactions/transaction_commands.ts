// MULTI, EXEC, DISCARD, WATCH, UNWATCH: commands as one unit, on the condition that nothing watched has changed.
import { type CommandSpec, manyKeys } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  DISCARD_WITHOUT_MULTI,
  EXEC_WITHOUT_MULTI,
  NESTED_MULTI,
  WATCH_INSIDE_MULTI,
} from "../../core/protocol/errors.ts";

function multi(client: CommandClient, _args: Arguments): void {
  if (client.transaction !== null) {
    client.reply.error(NESTED_MULTI);
    return;
  }
  client.server.transactions.begin(client);
  client.reply.ok();
}

function exec(client: CommandClient, _args: Arguments): void {
  if (client.transaction === null) client.reply.error(EXEC_WITHOUT_MULTI);
  else client.server.transactions.execute(client);
}

function discard(client: CommandClient, _args: Arguments): void {
  if (client.transaction === null) {
    client.reply.error(DISCARD_WITHOUT_MULTI);
    return;
  }
  client.server.transactions.discard(client);
  client.reply.ok();
}

function watch(client: CommandClient, args: Arguments): void {
  if (client.transaction !== null) {
    client.reply.error(WATCH_INSIDE_MULTI);
    return;
  }
  client.server.transactions.watch(client, args, 1);
  client.reply.ok();
}

function unwatch(client: CommandClient, _args: Arguments): void {
  client.server.transactions.unwatch(client);
  client.reply.ok();
}

const shared = {
  categories: ["transaction"] as CommandSpec["categories"],
  keySpecs: [],
  group: "transactions",
};

export const transactionCommands: CommandSpec[] = [
  {
    ...shared,
    name: "multi",
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Begins a transaction: the commands that follow are queued until EXEC.",
    handler: multi,
  },
  {
    ...shared,
    name: "exec",
    arity: 1,
    flags: ["noscript", "loading", "stale", "skip_slowlog"],
    since: "1.2.0",
    complexity: "Depends on the queued commands.",
    summary: "Runs the queued commands as one unit, unless a watched key has changed.",
    handler: exec,
  },
  {
    ...shared,
    name: "discard",
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "2.0.0",
    complexity: "O(N) for N queued commands.",
    summary: "Forgets the queued commands and the watched keys.",
    handler: discard,
  },
  {
    ...shared,
    name: "watch",
    arity: -2,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    keySpecs: manyKeys(1, "RO"),
    since: "2.2.0",
    complexity: "O(1) for each key.",
    summary: "Makes the next EXEC fail where one of the given keys changes before it.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
    handler: watch,
  },
  {
    ...shared,
    name: "unwatch",
    arity: 1,
    flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
    since: "2.2.0",
    complexity: "O(N) for N watched keys.",
    summary: "Forgets the watched keys.",
    handler: unwatch,
  },
];
