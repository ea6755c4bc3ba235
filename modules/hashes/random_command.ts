// HRANDFIELD: fields at random, each with the same chance.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { int64Argument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { OUT_OF_RANGE, outsideRange, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ABSENT, hash, openHash, REFUSED } from "./hash_lookup.ts";

const COUNT_MAX = 2n ** 63n - 1n;
const COUNT_WITH_VALUES_MAX = COUNT_MAX / 2n;

/** A reply of more picks than this could only exhaust memory: refused, where Valkey would try. */
const REPEATED_PICKS_MAX = 2n ** 24n;

/** Above this share of the fields, distinct ones are drawn by shuffling all instead of by picking until they differ. */
const SHUFFLE_SHARE = 1 / 3;

/** What the writers below need to know; set for one command. */
let current: CommandClient;
let withValues = false;

function hrandfield(client: CommandClient, args: Arguments): void {
  if (args.count === 2) {
    replyOne(client, args);
    return;
  }
  const count = countArgument(client, args);
  if (count !== count) return;
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || count === 0) {
    client.reply.emptyArray();
    return;
  }
  current = client;
  withValues = args.count === 4;
  const isDistinct = count > 0;
  const size = hash.visibleSize;
  if (size === 0) {
    client.reply.emptyArray();
    return;
  }
  const wanted = isDistinct ? Math.min(count, size) : -count;
  client.reply.array(withValues && client.reply.protocol === 2 ? wanted * 2 : wanted);
  if (!isDistinct) pickRepeatedly(wanted);
  else if (wanted === size) hash.forEach(writePicked);
  else if (hash.isPacked || hash.hasExpired || wanted > size * SHUFFLE_SHARE) pickShuffled(wanted);
  else pickDistinct(wanted);
}

function replyOne(client: CommandClient, args: Arguments): void {
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.null();
    return;
  }
  hash.place = hash.randomPlace();
  if (hash.place === 0) {
    client.reply.null();
    return;
  }
  hash.readField();
  client.reply.bulk(hash.bytes, hash.start, hash.end);
}

/** Each pick is among all fields. */
function pickRepeatedly(count: number): void {
  const places = hash.isPacked || hash.hasExpired ? hash.places() : null;
  for (let pick = 0; pick < count; pick++) {
    write(places === null ? hash.randomPlace() : places[randomBelow(places.length)]);
  }
}

/** Different fields, many fewer than there are: picks until it has enough. */
function pickDistinct(count: number): void {
  const picked = new Set<number>();
  while (picked.size < count) picked.add(hash.randomPlace());
  for (const place of picked) write(place);
}

/** Different fields, by shuffling all. */
function pickShuffled(count: number): void {
  const places = hash.places();
  for (let pick = 0; pick < count; pick++) {
    const other = pick + randomBelow(places.length - pick);
    write(places[other]);
    places[other] = places[pick];
  }
}

function write(place: number): void {
  hash.place = place;
  writePicked();
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
  if (args.count > 4 || (args.count === 4 && !args.is(3, "withvalues"))) {
    client.reply.error(SYNTAX_ERROR);
    return NaN;
  }
  if (count < -REPEATED_PICKS_MAX || (args.count === 4 && count > COUNT_WITH_VALUES_MAX)) {
    client.reply.error(OUT_OF_RANGE);
    return NaN;
  }
  return Number(count);
}

function writePicked(): void {
  const reply = current.reply;
  if (withValues && reply.protocol === 3) reply.array(2);
  hash.readField();
  reply.bulk(hash.bytes, hash.start, hash.end);
  if (!withValues) return;
  hash.readValue();
  reply.bulk(hash.bytes, hash.start, hash.end);
}

export const randomCommands: CommandSpec[] = [
  {
    name: "hrandfield",
    arity: -2,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "hash",
    complexity: "O(N) where N is the number of fields returned",
    summary:
      "Picks fields of a hash at random: distinct ones, or with a negative count perhaps the same again.",
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "options",
        type: "block",
        optional: true,
        arguments: [
          { name: "count", type: "integer" },
          { name: "withvalues", type: "pure-token", token: "WITHVALUES", optional: true },
        ],
      },
    ],
    handler: hrandfield,
  },
];
