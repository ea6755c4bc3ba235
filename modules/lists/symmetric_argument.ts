// An integer argument whose sign says a direction, so that it must have a negative: LREM's count, LPOS' rank.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { INT64_MAX, parseInt64, parseSafeInteger } from "../../core/bytes/integer.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NOT_AN_INTEGER, outsideRange } from "../../core/protocol/errors.ts";

/** The argument as a whole number of 64 bits but the least, or NaN after the error reply. */
export function symmetricArgument(client: CommandClient, args: Arguments, index: number): number {
  const value = parseSafeInteger(args.buffer, args.starts[index], args.ends[index]);
  if (value === value) return value;
  const large = parseInt64(args.buffer, args.starts[index], args.ends[index]);
  if (large !== null && large >= -INT64_MAX) return Number(large);
  client.reply.error(large === null ? NOT_AN_INTEGER : outsideRange(-INT64_MAX, INT64_MAX));
  return NaN;
}
