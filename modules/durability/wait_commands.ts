// WAIT and WAITAOF: a client waits until what it has written is with replicas, or durable.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument, leastArgument } from "../../core/commands/number_arguments.ts";
import { timeoutMillisecondsArgument } from "../../core/commands/timeout_argument.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { MUST_BE_POSITIVE, outsideRange, WAITAOF_WITHOUT_LOG } from "../../core/protocol/errors.ts";

function wait(client: CommandClient, args: Arguments): void {
  const replicas = integerArgument(client, args, 1);
  if (replicas !== replicas) return;
  const timeoutMs = timeoutMillisecondsArgument(client, args, 2);
  if (timeoutMs !== timeoutMs) return;
  client.server.writeWaiters.wait(client, { local: 0, replicas, timeoutMs, reply: replyReplicas });
}

function replyReplicas(client: CommandClient, _local: number, replicas: number): void {
  client.reply.integer(replicas);
}

function waitaof(client: CommandClient, args: Arguments): void {
  const local = integerArgument(client, args, 1);
  if (local !== local) return;
  if (local < 0 || local > 1) {
    client.reply.error(outsideRange(0n, 1n));
    return;
  }
  const replicas = leastArgument(client, args, 2, 0, MUST_BE_POSITIVE);
  if (replicas !== replicas) return;
  const timeoutMs = timeoutMillisecondsArgument(client, args, 3);
  if (timeoutMs !== timeoutMs) return;
  const { writeWaiters } = client.server;
  if (local > 0 && !writeWaiters.hasLog) {
    client.reply.error(WAITAOF_WITHOUT_LOG);
    return;
  }
  writeWaiters.wait(client, { local, replicas, timeoutMs, reply: replyBoth });
}

function replyBoth(client: CommandClient, local: number, replicas: number): void {
  client.reply.array(2);
  client.reply.integer(local);
  client.reply.integer(replicas);
}

const shared = {
  flags: ["blocking"] as CommandSpec["flags"],
  categories: ["connection"] as CommandSpec["categories"],
  keySpecs: [],
  group: "generic",
  complexity: "O(1)",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
};

export const waitCommands: CommandSpec[] = [
  {
    ...shared,
    name: "wait",
    arity: 3,
    since: "3.0.0",
    summary: "Waits until so many replicas have what this connection has written.",
    arguments: [
      { name: "numreplicas", type: "integer" },
      { name: "timeout", type: "integer" },
    ],
    handler: wait,
  },
  {
    ...shared,
    name: "waitaof",
    arity: 4,
    since: "7.2.0",
    summary: "Waits until what this connection has written is durable here, and with so many replicas.",
    arguments: [
      { name: "numlocal", type: "integer" },
      { name: "numreplicas", type: "integer" },
      { name: "timeout", type: "integer" },
    ],
    handler: waitaof,
  },
];
