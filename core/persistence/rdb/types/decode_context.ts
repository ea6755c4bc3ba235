// What a value type's decoder works with. A type plugs in with two kinds of functions, listed in decoders.ts:
// a short decoder takes a value whole from the window or says that it is not all there; a long one is a generator that
// carries its state across pauses. Slots and reader belong to the decoding as a whole: one value is read at a time.
import type { DuplicateCheck } from "../../../structures/duplicate_check.ts";
import type { LoadedKey, LoadSink } from "../load_sink.ts";
import type { Pacer } from "../pacer.ts";
import type { RdbError, RdbErrorCode } from "../rdb_error.ts";
import type { RdbReader } from "../reader.ts";
import type { StringSlot } from "../string_slot.ts";

/** What a decoding step ends with; DECODE_DONE comes from the decoder alone. */
export const DECODE_NEEDS_INPUT = 0;
export const DECODE_TIME_UP = 1;
export const DECODE_DONE = 2;

/** A record was taken whole. */
export const RECORD_DONE = -1;
/** A record is not all there yet: it is read again from its start when more input has come. */
export const INPUT_SHORT = -2;

/** Yields DECODE_NEEDS_INPUT where input is short and DECODE_TIME_UP where the pacer says so. */
export type Decoding = Generator<number, void, void>;

/**
 * Reads the value of `type` from `context.reader`, whose position is at its first byte. Returns RECORD_DONE,
 * INPUT_SHORT (the position does not matter then), or `type` where the long decoder shall do it: with the reader's
 * position back at the first byte. Nothing has been given to the sink in the last two cases.
 */
export type ShortDecoder = (context: DecodeContext, type: number) => number;

/**
 * As the short one, for values that may be longer than the window. Between `begin` and `end` of a sink, an error or an
 * abandoned generator must call the sink's `abort`: use try and finally.
 *
 * Spans (in slots, and `reader.bytes`) are valid until the next yield; `slot.own()` keeps a string. What lies before the
 * reader's last mark may be dropped at a yield, and `rewind` comes back to the mark. The form of a hot loop:
 *
 * ```ts
 * for (let index = 0; index < count; index++) {
 *   if (context.pacer.isTimeUp()) yield DECODE_TIME_UP;
 *   reader.mark();
 *   while (!(reader.readString(context.first) && reader.readString(context.second))) {
 *     reader.rewind();
 *     yield DECODE_NEEDS_INPUT;
 *   }
 *   // both are here
 * }
 * ```
 */
export type LongDecoder = (context: DecodeContext, type: number) => Decoding;

export interface DecodeContext {
  readonly reader: RdbReader;
  readonly sink: LoadSink;
  readonly pacer: Pacer;
  /** The key whose value is being read. In a long decoder its bytes stay valid until the end of the value. */
  readonly key: LoadedKey;
  /** For strings of the value, such as field and value. */
  readonly first: StringSlot;
  readonly second: StringSlot;
  /** Finds elements that come twice; begin it before use. */
  readonly duplicates: DuplicateCheck;
  /**
   * Counts the key; false where its time has passed, so that its value is read and checked but not given to the sink.
   * Call once a value that is not empty.
   */
  keepsKey(): boolean;
  /** Whether a time (milliseconds since 1970) that an element has of its own has passed, so that it is left out. */
  hasPassed(expireAt: number): boolean;
  /** The key has no elements: it is counted and left out (RESTORE refuses it). Instead of `keepsKey`. */
  emptyKey(): void;
  /** Takes what the sink answered: throws RDB_DUPLICATE_KEY where the key was there already. */
  expectNew(isNew: boolean): void;
  /** An error to throw; `at` is an absolute offset, the reader's own where it is absent. */
  error(code: RdbErrorCode, problem: string, at?: number): RdbError;
  /** RDB_BAD_VALUE where `problem` is not empty. */
  check(problem: string, at: number): void;
  /** Takes a length into `reader.length`. For what comes once a value. */
  takeLength(): Decoding;
  /** Takes a string. For what comes once a value. */
  takeString(slot: StringSlot): Decoding;
  /** Takes `count` bytes; they begin at `reader.position - count` of `reader.bytes`. For what comes once a value. */
  takeBytes(count: number): Decoding;
}
