// Requests out of a client's byte stream: multibulk and inline commands, parsed in place in the client's own input
// buffer. `prepare()` gives the view for the next socket read, `filled()` takes its length, `next()` yields one command a
// call as spans in `args`. Whatever the splits, no byte is scanned twice beyond one header, and nothing is allocated per command.
import { isInt64, parseSafeInteger } from "../bytes/integer.ts";
import { Arguments } from "./arguments.ts";
import * as errors from "./errors.ts";
import { splitLine } from "./inline_request.ts";
import type { WaitingKeys } from "./waiting_keys.ts";

/** What `next()` returns. */
export const NEED_MORE = 0;
/** `args` holds a command; it stays valid until `next()` or `prepare()` is called. */
export const COMMAND = 1;
/** The stream is broken: `error` says how. Reply it and close; later calls return the same. */
export const PROTOCOL_ERROR = 2;
export type ParseResult = typeof NEED_MORE | typeof COMMAND | typeof PROTOCOL_ERROR;

/** Limits shared by all clients; CONFIG SET changes them in place. Bytes. */
export interface RequestLimits {
  /** proto-max-bulk-len */
  bulkBytesMax: number;
}

/** Longest inline command and longest header line, bytes: the protocol's own constant. */
export const INLINE_BYTES_MAX = 64 * 1024;
/** What a client may send before it is authenticated. */
const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;
const ARGUMENTS_MAX = 2 ** 31 - 1;
/** Spans are 32-bit, so that no input buffer may grow beyond this. */
const BUFFER_BYTES_MAX = 2 ** 31 - 1;
/** A command's announced number of arguments is trusted up to this for making room ahead. */
const EXPECTED_ARGUMENTS_MAX = 1024;

const BUFFER_BYTES_MIN = 4 * 1024;
/** Least room for a read into a buffer that holds part of a command of unknown length. */
const ROOM_BYTES_MIN = 1024;
/** An empty buffer larger than this is given back; reads that fill the buffer enlarge it up to this. */
const BUFFER_BYTES_KEPT_MAX = 64 * 1024;
/** After this many reads in a row that needed less than a quarter, an empty buffer is halved. */
const SMALL_READS_MAX = 256;
/** Longest view given to one socket read, bytes. */
const READ_BYTES_MAX = 1024 * 1024;

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const DOLLAR = 0x24;
const STAR = 0x2a;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Headers with this many digits are read by the fast way: they cannot overflow 31 bits. */
const FAST_DIGITS_MAX = 9;

/** `$`, two digits and the line's end. */
const SHORT_HEADER_BYTES = 5;

const KIND_NONE = 0;
const KIND_INLINE = 1;
const KIND_MULTIBULK = 2;

/** Results of `#readLength` beside a length. */
const LENGTH_UNFINISHED = -1;
const LENGTH_INVALID = -2;
const LENGTH_NEGATIVE = -3;

export class RequestParser {
  readonly args = new Arguments();
  /** The wire error after PROTOCOL_ERROR. */
  error = "";
  /** While true the limits for clients that have not authenticated hold. */
  unauthenticated = false;
  /** Largest buffer since `resetPeak()`, bytes. */
  bufferPeak = 0;
  readonly #limits: RequestLimits;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Bytes [0, length) of the buffer have been received. */
  #length = 0;
  /** First byte not parsed. */
  #position = 0;
  /** First byte of the command being parsed, or of the last one yielded. */
  #commandStart = 0;
  #kind = KIND_NONE;
  /** Arguments still to come; -1 before the multibulk header was read. */
  #remaining = -1;
  /** Length of the bulk whose bytes begin at `#position`; -1 before its header was read. */
  #bulkLength = -1;
  /** Where the search for the current line's end goes on; never before `#position`. */
  #scan = 0;
  /** Set by `#readLength`: first byte behind the line. */
  #lineEnd = 0;
  #smallReads = 0;
  /** A read filled its view: the next empty buffer may be larger. */
  #wantLarger = false;
  #viewLength = 0;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes received that no yielded command has used up, the command being parsed included. */
  get bufferedBytes(): number {
    return this.#length - this.#consumed();
  }

  /** All bytes in the buffer, those of the command that runs included (`qbuf`). */
  get heldBytes(): number {
    return this.#length;
  }

  /** The bytes that spans point into until `prepare()` is called again. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Keys of complete commands that wait behind the one yielded last; none in the middle of a command. */
  findWaitingKeys(keys: WaitingKeys): number {
    return this.#kind === KIND_NONE ? keys.find(this.#buffer, this.#position, this.#length) : 0;
  }

  /** Whether bytes wait that `next()` has not looked at, or not been able to finish. */
  get hasInput(): boolean {
    return this.#position < this.#length;
  }

  /** Room in the buffer, bytes (`qbuf-free`). */
  get freeBytes(): number {
    return this.#buffer.length - this.#length;
  }

  /** Memory of the input buffer, bytes. */
  get memoryBytes(): number {
    return this.#buffer.length;
  }

  resetPeak(): void {
    this.bufferPeak = this.#buffer.length;
  }

  /**
   * The view that the next socket read should fill. Moves or grows the buffer, so no earlier command's `args` may be in
   * use, and no earlier view may still be waited for. Throws RangeError where no memory can be had for a huge bulk.
   */
  prepare(): Uint8Array<ArrayBuffer> {
    const consumed = this.#consumed();
    if (consumed === this.#length) this.#startAfresh();
    else this.#makeRoom(consumed);
    const buffer = this.#buffer;
    const free = buffer.length - this.#length;
    this.#viewLength = free < READ_BYTES_MAX ? free : READ_BYTES_MAX;
    if (this.#length === 0 && free <= READ_BYTES_MAX) return buffer;
    return buffer.subarray(this.#length, this.#length + this.#viewLength);
  }

  /** The last read put `count` bytes into the view that `prepare()` gave. */
  filled(count: number): void {
    this.#length += count;
    this.#smallReads = count * 4 < this.#buffer.length ? this.#smallReads + 1 : 0;
    if (count === this.#viewLength && this.#buffer.length < BUFFER_BYTES_KEPT_MAX) this.#wantLarger = true;
  }

  /** Appends bytes that did not come from `prepare()`'s view: tests, logs that are replayed. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const view = this.prepare();
      const count = Math.min(view.length, bytes.length - at);
      view.set(bytes.subarray(at, at + count));
      this.filled(count);
      at += count;
    }
  }

  /** Parses up to the end of one command. Empty commands (`*0`, empty lines) are skipped. */
  next(): ParseResult {
    if (this.error !== "") return PROTOCOL_ERROR;
    for (;;) {
      if (this.#kind === KIND_NONE) {
        if (this.#position >= this.#length) return NEED_MORE;
        this.args.clear();
        this.args.buffer = this.#buffer;
        this.#commandStart = this.#position;
        this.#scan = this.#position;
        this.#kind = this.#buffer[this.#position] === STAR ? KIND_MULTIBULK : KIND_INLINE;
      }
      const result = this.#kind === KIND_MULTIBULK ? this.#parseMultibulk() : this.#parseInline();
      if (result !== COMMAND) return result;
      this.#kind = KIND_NONE;
      if (this.args.count > 0) return COMMAND;
    }
  }

  /** The start of what could not be parsed, one character a byte, for the log; at most `bytesMax` bytes from each end. */
  unparsed(bytesMax: number): { head: string; omitted: number; tail: string } {
    const from = this.#position;
    const total = this.#length - from;
    const text = (start: number, end: number) =>
      Array.from(this.#buffer.subarray(start, end), printable).join("");
    if (total <= bytesMax) return { head: text(from, this.#length), omitted: 0, tail: "" };
    const half = bytesMax >>> 1;
    return {
      head: text(from, from + half),
      omitted: total - half * 2,
      tail: text(this.#length - half, this.#length),
    };
  }

  #parseMultibulk(): ParseResult {
    const bytes = this.#buffer;
    const length = this.#length;
    const args = this.args;
    if (this.#remaining < 0) {
      const count = this.#readLength();
      if (count === LENGTH_UNFINISHED) return this.#waitForLine(errors.TOO_BIG_MULTIBULK_COUNT);
      if (count === LENGTH_INVALID || count > ARGUMENTS_MAX) {
        return this.#fail(errors.INVALID_MULTIBULK_LENGTH);
      }
      if (count > UNAUTHENTICATED_ARGUMENTS_MAX && this.unauthenticated) {
        return this.#fail(errors.UNAUTHENTICATED_MULTIBULK);
      }
      this.#consumeLine();
      if (count <= 0) return COMMAND;
      this.#remaining = count;
      if (count > args.starts.length) {
        args.expect(count < EXPECTED_ARGUMENTS_MAX ? count : EXPECTED_ARGUMENTS_MAX);
      }
    }
    if (this.#bulkLength < 0) this.#takeShortBulks();
    while (this.#remaining > 0) {
      if (this.#bulkLength < 0) {
        if (this.#position >= length) return NEED_MORE;
        const size = this.#readLength();
        if (size === LENGTH_UNFINISHED) return this.#waitForLine(errors.TOO_BIG_BULK_COUNT);
        if (bytes[this.#position] !== DOLLAR) return this.#fail(errors.expectedDollar(bytes[this.#position]));
        if (size < 0 || size > this.#limits.bulkBytesMax) return this.#fail(errors.INVALID_BULK_LENGTH);
        if (size > UNAUTHENTICATED_BULK_BYTES_MAX && this.unauthenticated) {
          return this.#fail(errors.UNAUTHENTICATED_BULK);
        }
        this.#consumeLine();
        this.#bulkLength = size;
      }
      const start = this.#position;
      const end = start + this.#bulkLength;
      if (end + 2 > length) return NEED_MORE;
      args.add(start, end);
      this.#bulkLength = -1;
      this.#position = end + 2;
      this.#scan = end + 2;
      this.#remaining--;
    }
    this.#remaining = -1;
    return COMMAND;
  }

  /** Takes arguments of up to 99 bytes while they are whole: nearly all are. What is different in any way is left. */
  #takeShortBulks(): void {
    const bytes = this.#buffer;
    const length = this.#length;
    const args = this.args;
    const sizeMax = this.#limits.bulkBytesMax;
    let remaining = this.#remaining;
    let at = this.#position;
    while (remaining > 0 && at + SHORT_HEADER_BYTES < length && bytes[at] === DOLLAR) {
      let size = bytes[at + 1] - ZERO;
      if (size < 0 || size > 9) break;
      let start = at + 4;
      if (bytes[at + 2] !== CR) {
        const digit = bytes[at + 2] - ZERO;
        if (size === 0 || digit < 0 || digit > 9 || bytes[at + 3] !== CR) break;
        size = size * 10 + digit;
        start = at + 5;
      }
      const end = start + size;
      if (end + 2 > length || size > sizeMax) break;
      args.add(start, end);
      at = end + 2;
      remaining--;
    }
    // `#scan` may be further on in a header that is not finished.
    if (at === this.#position) return;
    this.#remaining = remaining;
    this.#position = at;
    this.#scan = at;
  }

  /** The number in the line at `#position` behind its type byte; `#lineEnd` is set. Or one of the LENGTH_ constants. */
  #readLength(): number {
    const bytes = this.#buffer;
    const length = this.#length;
    const start = this.#position + 1;
    let at = start;
    let value = 0;
    while (at < length) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (++at - start > FAST_DIGITS_MAX) break;
    }
    const digits = at - start;
    if (
      at + 1 < length && bytes[at] === CR && digits > 0 && digits <= FAST_DIGITS_MAX &&
      (digits === 1 || bytes[start] !== ZERO)
    ) {
      this.#lineEnd = at + 2;
      return value;
    }
    return this.#readLengthSlowly();
  }

  #readLengthSlowly(): number {
    const bytes = this.#buffer;
    const length = this.#length;
    let at = this.#scan;
    // A NUL hides the rest of the line, as it does from a C string search: the line never ends and soon is too long.
    while (at < length && bytes[at] !== CR && bytes[at] !== NUL) at++;
    this.#scan = at;
    if (at + 1 >= length || bytes[at] !== CR) return LENGTH_UNFINISHED;
    this.#lineEnd = at + 2;
    const start = this.#position + 1;
    const value = parseSafeInteger(bytes, start, at);
    if (value >= 0) return value;
    if (value < 0 || (at > start && bytes[start] === MINUS && isInt64(bytes, start, at))) {
      return LENGTH_NEGATIVE;
    }
    return LENGTH_INVALID;
  }

  #consumeLine(): void {
    this.#position = this.#lineEnd;
    this.#scan = this.#lineEnd;
  }

  /** The current line has no end yet: wait, unless it is too long already. */
  #waitForLine(error: string): ParseResult {
    const found = this.#scan < this.#length && this.#buffer[this.#scan] === CR;
    if (!found && this.#length - this.#position > INLINE_BYTES_MAX) return this.#fail(error);
    return NEED_MORE;
  }

  #parseInline(): ParseResult {
    const bytes = this.#buffer;
    const length = this.#length;
    let at = this.#scan;
    while (at < length && bytes[at] !== LF && bytes[at] !== NUL) at++;
    this.#scan = at;
    if (at >= length || bytes[at] !== LF) {
      return length - this.#position > INLINE_BYTES_MAX ? this.#fail(errors.TOO_BIG_INLINE) : NEED_MORE;
    }
    const end = at > this.#position && bytes[at - 1] === CR ? at - 1 : at;
    if (!splitLine(bytes, this.#position, end, this.args)) return this.#fail(errors.UNBALANCED_QUOTES);
    this.#position = at + 1;
    return COMMAND;
  }

  #fail(error: string): ParseResult {
    this.error = error;
    return PROTOCOL_ERROR;
  }

  /** Bytes at the start of the buffer that nobody needs any more. */
  #consumed(): number {
    return this.#kind === KIND_NONE ? this.#position : this.#commandStart;
  }

  /** Nothing in the buffer is needed: begin at offset 0 again, with a buffer of the size that reads lately needed. */
  #startAfresh(): void {
    this.#length =
      this.#position =
      this.#commandStart =
      this.#scan =
        0;
    const capacity = this.#buffer.length;
    let wanted = capacity;
    if (capacity < BUFFER_BYTES_MIN) wanted = BUFFER_BYTES_MIN;
    else if (capacity > BUFFER_BYTES_KEPT_MAX) wanted = BUFFER_BYTES_KEPT_MAX;
    else if (this.#wantLarger) wanted = Math.min(capacity * 2, BUFFER_BYTES_KEPT_MAX);
    else if (this.#smallReads >= SMALL_READS_MAX && capacity > BUFFER_BYTES_MIN) wanted = capacity >>> 1;
    this.#wantLarger = false;
    if (wanted === capacity) return;
    this.#smallReads = 0;
    this.#replaceBuffer(wanted, 0);
  }

  /** Part of a command is in the buffer: make room behind it for the rest of it, as far as that is known. */
  #makeRoom(consumed: number): void {
    const kept = this.#length - consumed;
    const bulkEnd = this.#bulkLength < 0 ? 0 : this.#position - consumed + this.#bulkLength + 2;
    const needed = Math.max(bulkEnd, kept + ROOM_BYTES_MIN);
    const capacity = this.#buffer.length;
    if (needed > capacity) {
      if (needed > BUFFER_BYTES_MAX) throw new RangeError(`an input buffer of ${needed} bytes`);
      this.#replaceBuffer(Math.min(BUFFER_BYTES_MAX, Math.max(needed, capacity * 2)), consumed);
    } else if (consumed > 0 && capacity > 4 * Math.max(needed, BUFFER_BYTES_KEPT_MAX)) {
      this.#replaceBuffer(Math.max(needed, BUFFER_BYTES_KEPT_MAX), consumed);
    } else if (consumed > 0 && consumed + needed > capacity) {
      this.#buffer.copyWithin(0, consumed, this.#length);
      this.#moved(consumed);
    }
  }

  #replaceBuffer(capacity: number, consumed: number): void {
    const buffer = new Uint8Array(capacity);
    if (this.#length > consumed) buffer.set(this.#buffer.subarray(consumed, this.#length));
    this.#buffer = buffer;
    this.args.buffer = buffer;
    this.#moved(consumed);
    if (capacity > this.bufferPeak) this.bufferPeak = capacity;
  }

  #moved(distance: number): void {
    if (distance === 0) return;
    this.#length -= distance;
    this.#position -= distance;
    this.#commandStart -= distance;
    this.#scan -= distance;
    if (this.#kind !== KIND_NONE) this.args.shift(-distance);
  }
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
}
