// What SCAN, HSCAN, SSCAN and ZSCAN have in common: the cursor, MATCH and COUNT, and going over the elements of a value.
// Called by their handlers, of which one runs at a time.
import { isMatchAll, matchGlob } from "../bytes/glob.ts";
import { parseSafeInteger } from "../bytes/integer.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { INVALID_CURSOR, SYNTAX_ERROR } from "../protocol/errors.ts";
import type { CommandClient } from "./command_client.ts";
import { integerArgument } from "./number_arguments.ts";

/** COUNT where the client gives none. */
const SCAN_COUNT_DEFAULT = 10;

/** Buckets that one command looks at, at most, for each element asked for. */
const STEPS_PER_ELEMENT = 10;

const UINT64_MAX = 2n ** 64n - 1n;

/** What the options of the command that runs say. */
class ScanOptions {
  /** Elements asked for. */
  count = SCAN_COUNT_DEFAULT;
  /** False after NOVALUES, NOSCORES. */
  isWithValues = true;
  /** Index of the MATCH argument; 0 where all elements match. */
  #pattern = 0;

  /** Forgets the options of the command before. */
  reset(): void {
    this.count = SCAN_COUNT_DEFAULT;
    this.isWithValues = true;
    this.#pattern = 0;
  }

  /**
   * Takes MATCH or COUNT at argument `index`: the index behind it, -1 after an error reply, or `index` again where the
   * argument is neither, or the last one.
   */
  take(client: CommandClient, args: Arguments, index: number): number {
    const value = index + 1;
    if (value === args.count) return index;
    if (args.is(index, "count")) {
      this.count = integerArgument(client, args, value);
      if (this.count !== this.count) return -1;
      if (this.count < 1) {
        client.reply.error(SYNTAX_ERROR);
        return -1;
      }
    } else if (args.is(index, "match")) {
      this.#pattern = isMatchAll(args.buffer, args.starts[value], args.ends[value]) ? 0 : value;
    } else return index;
    return value + 1;
  }

  /** Whether this text matches the pattern. */
  match(args: Arguments, bytes: Uint8Array, start: number, end: number): boolean {
    const index = this.#pattern;
    return index === 0 || matchGlob(args.buffer, args.starts[index], args.ends[index], bytes, start, end);
  }

  /** Whether a scan that has met so many elements in so many steps goes on. */
  wantsMore(met: number, steps: number): boolean {
    return met < this.count && steps < this.count * STEPS_PER_ELEMENT;
  }
}

export const scanOptions: ScanOptions = new ScanOptions();

/** A value whose elements can be visited a few at a time. */
export interface Scannable {
  /** Visits places of elements and returns the next cursor, 0 = done. */
  scan(cursor: number, visit: (place: number) => void): number;
}

/** Places of the elements that one command has met. */
const met: number[] = [];

function meet(place: number): void {
  met.push(place);
}

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

/**
 * Reads the options of HSCAN and its kin, behind the key and the cursor; false after an error reply. `namesOnly` is the
 * word, in lower case, that leaves the values out, where the command has one.
 */
export function parseElementScan(client: CommandClient, args: Arguments, namesOnly?: string): boolean {
  scanOptions.reset();
  for (let index = 3; index < args.count;) {
    const next = scanOptions.take(client, args, index);
    if (next < 0) return false;
    if (next > index) index = next;
    else if (namesOnly !== undefined && args.is(index, namesOnly)) {
      scanOptions.isWithValues = false;
      index++;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

/**
 * Meets about as many elements as are wanted, replies the next cursor and returns the elements' places. The caller replies
 * those that match, as an array. The places are valid until the next scan.
 */
export function scanElements(client: CommandClient, value: Scannable, cursor: number): readonly number[] {
  met.length = 0;
  let next = cursor;
  let steps = 0;
  do {
    next = value.scan(next, meet);
    steps++;
  } while (next !== 0 && scanOptions.wantsMore(met.length, steps));
  client.reply.array(2);
  client.reply.bulkInteger(next);
  return met;
}

/** The reply where there is nothing to scan. */
export function replyNothingScanned(client: CommandClient): void {
  client.reply.array(2);
  client.reply.bulkInteger(0);
  client.reply.emptyArray();
}
