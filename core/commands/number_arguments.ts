// Numbers among a command's arguments, with the error replies that Valkey gives. Called by the handlers of all modules.
// `NaN` and `null` mean: the error has been replied, return.
import { INT64_MAX, parseInt64, parseSafeInteger } from "../bytes/integer.ts";
import { invalidExpireTime, NOT_AN_INT32, NOT_AN_INTEGER } from "../protocol/errors.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { CommandClient } from "./command_client.ts";

/** Times are kept as doubles; this is the largest one below 2^63. */
export const EXPIRE_MILLISECONDS_MAX = 2 ** 63 - 1024;

/**
 * The argument as a whole number, or NaN after the error reply. Every signed 64-bit integer is accepted; those beyond
 * 2^53 come as the nearest double, which is enough for offsets, counts and limits.
 */
export function integerArgument(client: CommandClient, args: Arguments, index: number): number {
  const start = args.starts[index];
  const end = args.ends[index];
  const value = parseSafeInteger(args.buffer, start, end);
  if (value === value) return value;
  const large = parseInt64(args.buffer, start, end);
  if (large !== null) return Number(large);
  client.reply.error(NOT_AN_INTEGER);
  return NaN;
}

/**
 * As `integerArgument`, for a whole number of at least `least`; whatever else it is gets the error reply `problem` (numbers of
 * keys, limits).
 */
export function leastArgument(
  client: CommandClient,
  args: Arguments,
  index: number,
  least: number,
  problem: string,
): number {
  const start = args.starts[index];
  const end = args.ends[index];
  let value = parseSafeInteger(args.buffer, start, end);
  if (value !== value) {
    const large = parseInt64(args.buffer, start, end);
    if (large !== null) value = Number(large);
  }
  if (value >= least) return value;
  client.reply.error(problem);
  return NaN;
}

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/** The argument as a whole number of 32 bits (database numbers), or NaN after the error reply. */
export function int32Argument(client: CommandClient, args: Arguments, index: number): number {
  const value = integerArgument(client, args, index);
  if (value >= INT32_MIN && value <= INT32_MAX) return value;
  if (value === value) client.reply.error(NOT_AN_INT32);
  return NaN;
}

/** The argument as a signed 64-bit integer, or null after the error reply. */
export function int64Argument(client: CommandClient, args: Arguments, index: number): bigint | null {
  const value = parseInt64(args.buffer, args.starts[index], args.ends[index]);
  if (value === null) client.reply.error(NOT_AN_INTEGER);
  return value;
}

/**
 * The point in time that an expire argument of SET, GETEX and their kin means, in milliseconds since 1970, or NaN after
 * the error reply. It counts units of `unitMilliseconds` (1 or 1000) from `base` (0, or now for a relative time), must
 * not be less than `least` units and must not pass 2^63. `command` is the lower-case name for the error text.
 */
export function expireArgument(
  client: CommandClient,
  args: Arguments,
  index: number,
  unitMilliseconds: number,
  base: number,
  command: string,
  least: number = 1,
): number {
  const start = args.starts[index];
  const end = args.ends[index];
  const value = parseSafeInteger(args.buffer, start, end);
  if (value === value) {
    if (value >= least) return value * unitMilliseconds + base;
  } else {
    const large = parseInt64(args.buffer, start, end);
    if (large === null) {
      client.reply.error(NOT_AN_INTEGER);
      return NaN;
    }
    const at = large * BigInt(unitMilliseconds) + BigInt(base);
    if (large > 0n && at <= INT64_MAX) return Math.min(Number(at), EXPIRE_MILLISECONDS_MAX);
  }
  client.reply.error(invalidExpireTime(command));
  return NaN;
}
