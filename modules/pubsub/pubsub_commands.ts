// PUBSUB: what is subscribed to, by how many.
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { matchGlob } from "../../core/bytes/glob.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { withHelp } from "../../core/commands/help.ts";
import type { TopicKind } from "../../core/commands/pubsub.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { subcommandSyntax } from "../../core/protocol/errors.ts";

/** Names that have a subscriber; with a pattern, those that match it. */
function replyNames(client: CommandClient, args: Arguments, kind: TopicKind): void {
  if (args.count > 3) {
    client.reply.error(subcommandSyntax(args));
    return;
  }
  const names: string[] = [];
  for (const name of client.server.pubsub.names(kind)) {
    const bytes = latin1Bytes(name);
    const isWanted = args.count === 2 ||
      matchGlob(args.buffer, args.starts[2], args.ends[2], bytes, 0, bytes.length);
    if (isWanted) names.push(name);
  }
  client.reply.array(names.length);
  for (const name of names) client.reply.bulkLatin1(name);
}

/** Each of the given names with the number of its subscribers. */
function replyCounts(client: CommandClient, args: Arguments, kind: TopicKind): void {
  const { reply, server } = client;
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.buffer, args.starts[i], args.ends[i]);
    reply.integer(server.pubsub.countOf(kind, args.latin1(i)));
  }
}

const shared = {
  flags: ["pubsub", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  group: "pubsub",
};

export const pubsubContainer: CommandSpec = withHelp({
  name: "pubsub",
  arity: -2,
  flags: [],
  categories: [],
  keySpecs: [],
  since: "2.8.0",
  group: "pubsub",
  complexity: "Depends on the subcommand.",
  summary: "Tells who has subscribed to what.",
  helpSince: "6.2.0",
  subcommands: [
    {
      ...shared,
      name: "channels",
      arity: -2,
      since: "2.8.0",
      complexity: "O(N) for N channels that have a subscriber.",
      summary: "Channels that have a subscriber.",
      help: ["CHANNELS [<pattern>]", "    Channels that have a subscriber, or those that match the pattern."],
      arguments: [{ name: "pattern", type: "pattern", optional: true }],
      handler: (client, args) => replyNames(client, args, "channels"),
    },
    {
      ...shared,
      name: "numpat",
      arity: 2,
      since: "2.8.0",
      complexity: "O(1)",
      summary: "Number of patterns that have a subscriber.",
      handler: (client) => client.reply.integer(client.server.pubsub.count("patterns")),
    },
    {
      ...shared,
      name: "numsub",
      arity: -2,
      since: "2.8.0",
      complexity: "O(N) for N given channels.",
      summary: "Subscribers of channels, patterns not counted.",
      help: ["NUMSUB [<channel> ...]", "    Subscribers of the given channels, patterns not counted."],
      arguments: [{ name: "channel", type: "string", optional: true, multiple: true }],
      handler: (client, args) => replyCounts(client, args, "channels"),
    },
    {
      ...shared,
      name: "shardchannels",
      arity: -2,
      since: "7.0.0",
      complexity: "O(N) for N shard channels that have a subscriber.",
      summary: "Shard channels that have a subscriber.",
      help: [
        "SHARDCHANNELS [<pattern>]",
        "    Shard channels that have a subscriber, or those that match the pattern.",
      ],
      arguments: [{ name: "pattern", type: "pattern", optional: true }],
      handler: (client, args) => replyNames(client, args, "shardChannels"),
    },
    {
      ...shared,
      name: "shardnumsub",
      arity: -2,
      since: "7.0.0",
      complexity: "O(N) for N given shard channels.",
      summary: "Subscribers of shard channels.",
      help: ["SHARDNUMSUB [<shardchannel> ...]", "    Subscribers of the given shard channels."],
      arguments: [{ name: "shardchannel", type: "string", optional: true, multiple: true }],
      handler: (client, args) => replyCounts(client, args, "shardChannels"),
    },
  ],
});
