// SUBSCRIBE and UNSUBSCRIBE in their three kinds: by channel, by pattern, by shard channel.
import { type CommandSpec, keysFrom } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { TopicKind } from "../../core/commands/pubsub.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";

function subscribeTo(kind: TopicKind): (client: CommandClient, args: Arguments) => void {
  return (client, args) => {
    for (let i = 1; i < args.count; i++) client.server.pubsub.subscribe(client, kind, args.latin1(i));
  };
}

function unsubscribeFrom(kind: TopicKind): (client: CommandClient, args: Arguments) => void {
  return (client, args) => {
    const { pubsub } = client.server;
    if (args.count === 1) pubsub.unsubscribeAll(client, kind);
    for (let i = 1; i < args.count; i++) pubsub.unsubscribe(client, kind, args.latin1(i));
  };
}

const shared = {
  flags: ["pubsub", "noscript", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  group: "pubsub",
};

/** Shard channels are told as keys that are no keys, so that a cluster's clients find their node. */
const shardKeys: CommandSpec["keySpecs"] = [
  keysFrom(1, "not_key"),
];

export const subscribeCommands: CommandSpec[] = [
  {
    ...shared,
    name: "subscribe",
    arity: -2,
    since: "2.0.0",
    complexity: "O(N) for N channels.",
    summary: "Listens for messages on the given channels.",
    arguments: [{ name: "channel", type: "string", multiple: true }],
    handler: subscribeTo("channels"),
  },
  {
    ...shared,
    name: "unsubscribe",
    arity: -1,
    since: "2.0.0",
    complexity: "O(N) for N channels.",
    summary: "Listens no longer on the given channels, or on any.",
    arguments: [{ name: "channel", type: "string", optional: true, multiple: true }],
    handler: unsubscribeFrom("channels"),
  },
  {
    ...shared,
    name: "psubscribe",
    arity: -2,
    since: "2.0.0",
    complexity: "O(N) for N patterns.",
    summary: "Listens for messages on all channels that match the given patterns.",
    arguments: [{
      name: "pattern",
      type: "block",
      multiple: true,
      arguments: [{ name: "pattern", type: "pattern" }],
    }],
    handler: subscribeTo("patterns"),
  },
  {
    ...shared,
    name: "punsubscribe",
    arity: -1,
    since: "2.0.0",
    complexity: "O(N) for N patterns.",
    summary: "Listens no longer for the given patterns, or for any.",
    arguments: [{ name: "pattern", type: "pattern", optional: true, multiple: true }],
    handler: unsubscribeFrom("patterns"),
  },
  {
    ...shared,
    name: "ssubscribe",
    arity: -2,
    keySpecs: shardKeys,
    since: "7.0.0",
    complexity: "O(N) for N shard channels.",
    summary: "Listens for messages on the given shard channels.",
    arguments: [{ name: "shardchannel", type: "string", multiple: true }],
    handler: subscribeTo("shardChannels"),
  },
  {
    ...shared,
    name: "sunsubscribe",
    arity: -1,
    keySpecs: shardKeys,
    since: "7.0.0",
    complexity: "O(N) for N shard channels.",
    summary: "Listens no longer on the given shard channels, or on any.",
    arguments: [{ name: "shardchannel", type: "string", optional: true, multiple: true }],
    handler: unsubscribeFrom("shardChannels"),
  },
];
