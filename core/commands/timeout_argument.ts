// The timeout of blocking commands, with the error replies that Valkey gives. NaN means: the error has been replied.
import { roundQuotient } from "../bytes/float_text.ts";
import { type LongDouble, parseLongDouble } from "../bytes/long_double.ts";
import { parseInt64, parseSafeInteger } from "../bytes/integer.ts";
import type { Arguments } from "../protocol/arguments.ts";
import {
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_A_FLOAT,
  TIMEOUT_NOT_AN_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
} from "../protocol/errors.ts";
import type { CommandClient } from "./command_client.ts";

/** The largest signed 64-bit integer: no timeout may end beyond it. */
const TIME_MAX = 2 ** 63;

/** An 80-bit float as `parseLongDouble` gives it. */
const MANTISSA_BITS = 64;
const EXPONENT_MIN = -16445;

/** A timeout in seconds (a decimal fraction is allowed) as milliseconds, rounded up; 0 = for ever. */
export function timeoutArgument(client: CommandClient, args: Arguments, index: number): number {
  const start = args.starts[index];
  const end = args.ends[index];
  const seconds = parseSafeInteger(args.buffer, start, end);
  if (seconds === seconds) return checked(client, seconds * 1000);
  const value = parseLongDouble(args.buffer, start, end);
  if (value === null) {
    client.reply.error(TIMEOUT_NOT_A_FLOAT);
    return NaN;
  }
  if (value.infinite) return checked(client, value.mantissa > 0n ? Infinity : -Infinity);
  return checked(client, ceilOfMilliseconds(value));
}

/** A timeout in milliseconds (XREAD BLOCK); 0 = for ever. */
export function timeoutMillisecondsArgument(client: CommandClient, args: Arguments, index: number): number {
  const value = parseInt64(args.buffer, args.starts[index], args.ends[index]);
  if (value !== null) return checked(client, Number(value));
  client.reply.error(TIMEOUT_NOT_AN_INTEGER);
  return NaN;
}

function checked(client: CommandClient, milliseconds: number): number {
  if (milliseconds < 0) {
    client.reply.error(TIMEOUT_NEGATIVE);
    return NaN;
  }
  if (milliseconds > 0 && milliseconds + client.server.keyspace.clock.ms >= TIME_MAX) {
    client.reply.error(TIMEOUT_OUT_OF_RANGE);
    return NaN;
  }
  return milliseconds;
}

/** Whole milliseconds of so many seconds, rounded up: the shortest fraction still waits. */
function ceilOfMilliseconds({ mantissa, exponent }: LongDouble): number {
  const negative = mantissa < 0n;
  // The product is rounded as the FPU does it, so that 0.1 is 100 ms and not a little more.
  const product = roundQuotient(
    (negative ? -mantissa : mantissa) * 1000n,
    1n,
    exponent,
    MANTISSA_BITS,
    EXPONENT_MIN,
  );
  if (product.mantissa === 0n) return 0;
  if (product.exponent >= MANTISSA_BITS) return negative ? -Infinity : Infinity;
  const magnitude = product.exponent >= 0
    ? product.mantissa << BigInt(product.exponent)
    : -(-product.mantissa >> BigInt(-product.exponent));
  return negative ? -Number(magnitude) : Number(magnitude);
}
