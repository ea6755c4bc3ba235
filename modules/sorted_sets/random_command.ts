// ZRANDMEMBER: members at random, each with the same chance.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int64Argument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { OUT_OF_RANGE, outsideRange, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ABSENT, openZset, REFUSED, replyMember, replyMemberCount, zset } from "./zset_lookup.ts";

const COUNT_MAX = 2n ** 63n - 1n;
const COUNT_WITH_SCORES_MAX = COUNT_MAX / 2n;

/** A reply of more picks than this could only exhaust memory: refused, where Valkey would try. */
const REPEATED_PICKS_MAX = 2n ** 24n;

/** Above this share of the members, distinct ones are drawn by shuffling all instead of by picking until they differ. */
const SHUFFLE_SHARE = 1 / 3;

function zrandmember(client: CommandClient, args: Arguments): void {
  if (args.count === 2) {
    replyOne(client, args);
    return;
  }
  const count = countArgument(client, args);
  if (count !== count) return;
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || count === 0) {
    client.reply.emptyArray();
    return;
  }
  const withScores = args.count === 4;
  const { size } = zset;
  const isDistinct = count > 0;
  const wanted = isDistinct ? Math.min(count, size) : -count;
  replyMemberCount(client, wanted, withScores);
  if (!isDistinct) pickRepeatedly(client, wanted, withScores);
  else if (wanted === size) replyAll(client, withScores);
  else if (zset.isPacked || wanted > size * SHUFFLE_SHARE) pickShuffled(client, wanted, withScores);
  else pickDistinct(client, wanted, withScores);
}

function replyOne(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) client.reply.null();
  else replyPlace(client, zset.randomPlace(), false);
}

/** Each pick is among all members. */
function pickRepeatedly(client: CommandClient, count: number, withScores: boolean): void {
  const places = zset.isPacked ? allPlaces() : null;
  for (let pick = 0; pick < count; pick++) {
    const place = places === null ? zset.randomPlace() : places[randomBelow(places.length)];
    replyPlace(client, place, withScores);
  }
}

function replyAll(client: CommandClient, withScores: boolean): void {
  zset.seek(0);
  do replyMember(client, zset, withScores); while (zset.forward());
}

/** Different members, many fewer than there are: picks until it has enough. */
function pickDistinct(client: CommandClient, count: number, withScores: boolean): void {
  const picked = new Set<number>();
  while (picked.size < count) picked.add(zset.randomPlace());
  for (const place of picked) replyPlace(client, place, withScores);
}

/** Different members, by shuffling all. */
function pickShuffled(client: CommandClient, count: number, withScores: boolean): void {
  const places = allPlaces();
  for (let pick = 0; pick < count; pick++) {
    const other = pick + randomBelow(places.length - pick);
    replyPlace(client, places[other], withScores);
    places[other] = places[pick];
  }
}

function allPlaces(): Int32Array {
  const places = new Int32Array(zset.size);
  zset.seek(0);
  for (let index = 0; index < places.length; index++) {
    places[index] = zset.place;
    zset.forward();
  }
  return places;
}

function replyPlace(client: CommandClient, place: number, withScore: boolean): void {
  zset.place = place;
  replyMember(client, zset, withScore);
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}

/** The count, or NaN after an error reply. */
function countArgument(client: CommandClient, args: Arguments): number {
  const small = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  const count = small === small ? BigInt(small) : int64Argument(client, args, 2);
  if (count === null) return NaN;
  if (count < -COUNT_MAX) {
    client.reply.error(outsideRange(-COUNT_MAX, COUNT_MAX));
    return NaN;
  }
  if (args.count > 4 || (args.count === 4 && !args.is(3, "withscores"))) {
    client.reply.error(SYNTAX_ERROR);
    return NaN;
  }
  if (count < -REPEATED_PICKS_MAX || (args.count === 4 && count > COUNT_WITH_SCORES_MAX)) {
    client.reply.error(OUT_OF_RANGE);
    return NaN;
  }
  return Number(count);
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
