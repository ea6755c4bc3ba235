// What SCAN, HSCAN and their like have in common: the cursor argument.
import { parseSafeInteger } from "../bytes/integer.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { INVALID_CURSOR } from "../protocol/errors.ts";
import type { CommandClient } from "./command_client.ts";

/** COUNT where the client gives none. */
export const SCAN_COUNT_DEFAULT = 10;

const UINT64_MAX = 2n ** 64n - 1n;

/**
 * The cursor in argument `index`, or -1 after an error reply. A cursor that no scan has given out (up to 2^64) is
 * folded into the range of those that can be; it then scans from somewhere, as it does in Valkey.
 */
export function parseScanCursor(client: CommandClient, args: Arguments, index: number): number {
  const cursor = parseSafeInteger(args.buffer, args.starts[index], args.ends[index]);
  if (cursor >= 0) return cursor;
  const text = args.latin1(index);
  if (/^[-+]?\d{1,20}$/.test(text)) {
    const big = BigInt(text.replace(/^[-+]/, ""));
    if (big <= UINT64_MAX) return Number(big & 0xffff_ffffn);
  }
  client.reply.error(INVALID_CURSOR);
  return -1;
}
