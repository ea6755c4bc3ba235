// Ranges of members as commands name them, by score, by text or by rank, and the ranks that they cover in the open sorted
// set. One range at a time: a parse function reads the arguments, `findRange` looks into the sorted set.
import { isSpaceByte, latin1Text } from "../../core/bytes/ascii.ts";
import { parseDouble } from "../../core/bytes/double.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { RANGE_NOT_A_FLOAT, RANGE_NOT_A_STRING } from "../../core/protocol/errors.ts";
import { zset } from "./zset_lookup.ts";

const BY_SCORE = 0;
const BY_LEX = 1;
const BY_RANK = 2;

const OPEN_PARENTHESIS = 0x28;
const OPEN_BRACKET = 0x5b;
const PLUS = 0x2b;
const MINUS = 0x2d;

/** Ends of a range of texts. */
const LEX_LOWEST = 0;
const LEX_HIGHEST = 1;
const LEX_INCLUSIVE = 2;
const LEX_EXCLUSIVE = 3;

/** What was parsed. */
let kind = BY_SCORE;
let least = 0;
let most = 0;
let leastExclusive = false;
let mostExclusive = false;
let leastIndex = 0;
let mostIndex = 0;
let leastLex = LEX_LOWEST;
let mostLex = LEX_LOWEST;

/** What `findRange` found: the rank of the first member in the range, and how many there are. */
export let rangeStart = 0;
export let rangeCount = 0;

/** Reads a range of scores; false after an error reply. */
export function parseScoreRange(
  client: CommandClient,
  args: Arguments,
  minimum: number,
  maximum: number,
): boolean {
  kind = BY_SCORE;
  leastExclusive = isExclusive(args, minimum);
  mostExclusive = isExclusive(args, maximum);
  least = scoreLimit(args, minimum, leastExclusive);
  most = scoreLimit(args, maximum, mostExclusive);
  if (least === least && most === most) return true;
  client.reply.error(RANGE_NOT_A_FLOAT);
  return false;
}

/** Reads a range of texts; false after an error reply. */
export function parseLexRange(
  client: CommandClient,
  args: Arguments,
  minimum: number,
  maximum: number,
): boolean {
  kind = BY_LEX;
  leastIndex = minimum;
  mostIndex = maximum;
  leastLex = lexLimit(args, minimum);
  mostLex = lexLimit(args, maximum);
  if (leastLex >= 0 && mostLex >= 0) return true;
  client.reply.error(RANGE_NOT_A_STRING);
  return false;
}

/** Reads a range of ranks, negative ones counted from the end; false after an error reply. */
export function parseRankRange(
  client: CommandClient,
  args: Arguments,
  minimum: number,
  maximum: number,
): boolean {
  kind = BY_RANK;
  least = integerArgument(client, args, minimum);
  if (least !== least) return false;
  most = integerArgument(client, args, maximum);
  return most === most;
}

/**
 * Finds what the range covers in the open sorted set. Ranks are counted from the lowest member, or from the highest
 * where a range of ranks was meant in reverse (`isReverse`): `rangeStart` counts from the lowest in any case.
 */
export function findRange(args: Arguments, isReverse = false): void {
  const { size } = zset;
  let start: number;
  let end: number;
  if (kind === BY_SCORE) {
    start = leastExclusive ? zset.countToScore(least) : zset.countBelowScore(least);
    end = mostExclusive ? zset.countBelowScore(most) : zset.countToScore(most);
  } else if (kind === BY_LEX) {
    start = membersBefore(args, leastIndex, leastLex, size, leastLex === LEX_EXCLUSIVE);
    end = membersBefore(args, mostIndex, mostLex, size, mostLex === LEX_INCLUSIVE);
  } else {
    start = Math.max(least < 0 ? least + size : least, 0);
    end = Math.min((most < 0 ? most + size : most) + 1, size);
    if (isReverse) {
      const first = size - end;
      end = size - start;
      start = first;
    }
  }
  rangeStart = start;
  rangeCount = Math.max(end - start, 0);
}

function membersBefore(
  args: Arguments,
  index: number,
  lex: number,
  size: number,
  withEqual: boolean,
): number {
  if (lex === LEX_LOWEST) return 0;
  if (lex === LEX_HIGHEST) return size;
  const { buffer, starts, ends } = args;
  return withEqual
    ? zset.countToMember(buffer, starts[index] + 1, ends[index])
    : zset.countBelowMember(buffer, starts[index] + 1, ends[index]);
}

function isExclusive(args: Arguments, index: number): boolean {
  return args.length(index) > 0 && args.buffer[args.starts[index]] === OPEN_PARENTHESIS;
}

function scoreLimit(args: Arguments, index: number, exclusive: boolean): number {
  const { buffer } = args;
  const start = args.starts[index] + (exclusive ? 1 : 0);
  const end = args.ends[index];
  const score = parseDouble(buffer, start, end);
  return score === score ? score : unusualScoreLimit(buffer, start, end);
}

/** What strtod takes and a score may not be: nothing at all, white space before it, more than a double can hold. */
function unusualScoreLimit(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  let from = start;
  while (from < end && isSpaceByte(bytes[from])) from++;
  const score = parseDouble(bytes, from, end);
  if (score === score) return score;
  const text = latin1Text(bytes, from, end);
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

/** The kind of a limit of texts, or -1. */
function lexLimit(args: Arguments, index: number): number {
  const length = args.length(index);
  if (length === 0) return -1;
  switch (args.buffer[args.starts[index]]) {
    case PLUS:
      return length === 1 ? LEX_HIGHEST : -1;
    case MINUS:
      return length === 1 ? LEX_LOWEST : -1;
    case OPEN_BRACKET:
      return LEX_INCLUSIVE;
    case OPEN_PARENTHESIS:
      return LEX_EXCLUSIVE;
  }
  return -1;
}
