// ZRANDMEMBER: members at random, each with the same chance.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { pickDistinct, pickRepeatedly, randomCountArgument } from "../../core/commands/random_picks.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { ABSENT, openZset, REFUSED, replyMember, replyMemberCount, zset } from "./zset_lookup.ts";

/** What the writers below need to know; set for one command. */
let current: CommandClient;
let withScores = false;

function zrandmember(client: CommandClient, args: Arguments): void {
  if (args.count === 2) {
    replyOne(client, args);
    return;
  }
  const count = randomCountArgument(client, args, "withscores");
  if (count !== count) return;
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || count === 0) {
    client.reply.emptyArray();
    return;
  }
  current = client;
  withScores = args.count === 4;
  const { size } = zset;
  const isDistinct = count > 0;
  const wanted = isDistinct ? Math.min(count, size) : -count;
  replyMemberCount(client, wanted, withScores);
  if (!isDistinct) pickRepeatedly(zset, wanted, writeAt);
  else if (wanted === size) writeAll();
  else pickDistinct(zset, wanted, writeAt);
}

function replyOne(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.null();
    return;
  }
  zset.place = zset.randomPlace();
  replyMember(client, zset, false);
}

function writeAll(): void {
  zset.seek(0);
  do replyMember(current, zset, withScores); while (zset.forward());
}

function writeAt(place: number): void {
  zset.place = place;
  replyMember(current, zset, withScores);
}

export const randomCommands: CommandSpec[] = [
  {
    name: "zrandmember",
    arity: -2,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(N) where N is the number of members returned",
    summary:
      "Picks members of a sorted set at random: distinct ones, or with a negative count perhaps the same again.",
    tips: ["nondeterministic_output"],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, {
      name: "options",
      type: "block",
      optional: true,
      arguments: [{ name: "count", type: "integer" }, {
        name: "withscores",
        type: "pure-token",
        token: "WITHSCORES",
        optional: true,
      }],
    }],
    handler: zrandmember,
  },
];
