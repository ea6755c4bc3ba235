// PUBLISH and SPUBLISH: a message to all who listen.
import { type CommandSpec, keyAt } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";

function publish(client: CommandClient, args: Arguments): void {
  if (client.server.propagation.active) client.server.propagation.toReplicasOnly();
  client.reply.integer(client.server.pubsub.publish("channels", args.latin1(1), args.bytes(2)));
}

function spublish(client: CommandClient, args: Arguments): void {
  if (client.server.propagation.active) client.server.propagation.toReplicasOnly();
  client.reply.integer(client.server.pubsub.publish("shardChannels", args.latin1(1), args.bytes(2)));
}

export const publishCommands: CommandSpec[] = [
  {
    name: "publish",
    arity: 3,
    flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
    categories: [],
    keySpecs: [],
    since: "2.0.0",
    group: "pubsub",
    complexity: "O(N+M) for N subscribers of the channel and M patterns of anybody.",
    summary: "Sends a message to all who listen on a channel; returns how many got it.",
    arguments: [{ name: "channel", type: "string" }, { name: "message", type: "string" }],
    handler: publish,
  },
  {
    name: "spublish",
    arity: 3,
    flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
    categories: [],
    keySpecs: [keyAt(1, "not_key")],
    since: "7.0.0",
    group: "pubsub",
    complexity: "O(N) for N subscribers of the shard channel.",
    summary: "Sends a message to all who listen on a shard channel; returns how many got it.",
    arguments: [{ name: "shardchannel", type: "string" }, { name: "message", type: "string" }],
    handler: spublish,
  },
];
