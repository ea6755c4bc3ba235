// What SRANDMEMBER, HRANDFIELD and ZRANDMEMBER have in common: the count, and drawing so many elements. Called by their
// handlers.
import { parseSafeInteger } from "../bytes/integer.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { OUT_OF_RANGE, outsideRange, SYNTAX_ERROR } from "../protocol/errors.ts";
import type { CommandClient } from "./command_client.ts";
import { int64Argument } from "./number_arguments.ts";

const COUNT_MAX = 2n ** 63n - 1n;
const COUNT_OF_PAIRS_MAX = COUNT_MAX / 2n;

/** A reply of more picks than this could only exhaust memory: refused, where Valkey would try. */
const REPEATED_PICKS_MAX = 2n ** 24n;

/** Above this share of the elements, distinct ones are drawn by shuffling all instead of by picking until they differ. */
const SHUFFLE_SHARE = 1 / 3;

/** A value from which elements are drawn. */
export interface RandomSource {
  readonly size: number;
  /** Whether it is one block, in which `randomPlace` has to walk. */
  readonly isPacked: boolean;
  /** Whether `randomPlace` may meet elements whose time has come. */
  readonly hasExpired?: boolean;
  /** Place of an element, each with the same chance. */
  randomPlace(): number;
  /** Places of all elements. */
  places(): Int32Array;
}

/**
 * The count at argument 2, negative for elements that may repeat, or NaN after an error reply. The argument behind it may
 * only be `pairsWord` (lower case), where the command has one.
 */
export function randomCountArgument(client: CommandClient, args: Arguments, pairsWord?: string): number {
  const small = parseSafeInteger(args.buffer, args.starts[2], args.ends[2]);
  const count = small === small ? BigInt(small) : int64Argument(client, args, 2);
  if (count === null) return NaN;
  if (count < -COUNT_MAX) {
    client.reply.error(outsideRange(-COUNT_MAX, COUNT_MAX));
    return NaN;
  }
  const wantsPairs = args.count > 3;
  if (args.count > 4 || (wantsPairs && (pairsWord === undefined || !args.is(3, pairsWord)))) {
    client.reply.error(SYNTAX_ERROR);
    return NaN;
  }
  if (count < -REPEATED_PICKS_MAX || (wantsPairs && count > COUNT_OF_PAIRS_MAX)) {
    client.reply.error(OUT_OF_RANGE);
    return NaN;
  }
  return Number(count);
}

/** Writes elements at so many places; each pick is among all of them. */
export function pickRepeatedly(source: RandomSource, count: number, write: (place: number) => void): void {
  if (!isDrawnFromPlaces(source)) {
    for (let pick = 0; pick < count; pick++) write(source.randomPlace());
    return;
  }
  const places = source.places();
  for (let pick = 0; pick < count; pick++) write(places[randomBelow(places.length)]);
}

/** Writes so many different elements, fewer than there are. */
export function pickDistinct(source: RandomSource, count: number, write: (place: number) => void): void {
  if (isDrawnFromPlaces(source) || count > source.size * SHUFFLE_SHARE) {
    pickShuffled(source.places(), count, write);
    return;
  }
  const picked = new Set<number>();
  while (picked.size < count) picked.add(source.randomPlace());
  for (const place of picked) write(place);
}

function isDrawnFromPlaces(source: RandomSource): boolean {
  return source.isPacked || source.hasExpired === true;
}

function pickShuffled(places: Int32Array, count: number, write: (place: number) => void): void {
  for (let pick = 0; pick < count; pick++) {
    const other = pick + randomBelow(places.length - pick);
    write(places[other]);
    places[other] = places[pick];
  }
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}
