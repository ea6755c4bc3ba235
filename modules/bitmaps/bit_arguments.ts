// Offsets, bits and ranges among the arguments of bitmap commands, with their errors; and strings that are long enough.
import { parseInt64, parseSafeInteger } from "../../core/bytes/integer.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ENCODING_RAW } from "../../core/keyspace/entry_layout.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { BIT_OFFSET_OUT_OF_RANGE, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { createZeroed } from "../strings/string_value.ts";

const HASH_SIGN = 0x23;

/** The bit offset at an argument, or -1 after the error reply. A string may not become too long by it. */
export function offsetArgument(client: CommandClient, args: Arguments, index: number): number {
  return checkOffset(client, numberAt(args, args.starts[index], args.ends[index]));
}

/** As `offsetArgument`, where `#3` means the third integer of so many bits. */
export function fieldOffsetArgument(
  client: CommandClient,
  args: Arguments,
  index: number,
  bits: number,
): number {
  const start = args.starts[index];
  const counts = args.length(index) > 0 && args.buffer[start] === HASH_SIGN;
  const value = numberAt(args, counts ? start + 1 : start, args.ends[index]);
  return checkOffset(client, counts ? value * bits : value);
}

function checkOffset(client: CommandClient, offset: number): number {
  const { protoMaxBulkLen } = client.server.config.values;
  if (offset >= 0 && (Math.floor(offset / 8) < protoMaxBulkLen || client.kind === "master")) return offset;
  client.reply.error(BIT_OFFSET_OUT_OF_RANGE);
  return -1;
}

/** The whole number that a span spells; NaN where it spells none. */
function numberAt(args: Arguments, start: number, end: number): number {
  const value = parseSafeInteger(args.buffer, start, end);
  if (value === value) return value;
  const large = parseInt64(args.buffer, start, end);
  return large === null ? NaN : Number(large);
}

/** Whether argument `index` says that a range counts bits: 1, bytes: 0, or -1 after the error reply. */
export function unitArgument(client: CommandClient, args: Arguments, index: number): number {
  if (args.is(index, "bit")) return 1;
  if (args.is(index, "byte")) return 0;
  client.reply.error(SYNTAX_ERROR);
  return -1;
}

/** Makes the string at key 1 (its entry, 0 where there is none) at least so long; returns its entry. */
export function withLength(client: CommandClient, args: Arguments, ref: Ref, bytes: number): Ref {
  if (ref === 0) return createZeroed(client, args, bytes);
  const { entries } = client.server.keyspace;
  const length = entries.stringLength(ref);
  if (length >= bytes && entries.encoding(ref) === ENCODING_RAW) return ref;
  // Also where it is long enough: bits are no number and no text, whatever they look like.
  return client.db.resizeString(ref, Math.max(bytes, length));
}
