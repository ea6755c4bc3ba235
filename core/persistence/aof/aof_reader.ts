// Reads the commands and annotations of an append-only file from a window of bytes that is filled from outside, so that
// the memory it takes is that of the longest command. The loader and `spork check aof` drive it; a file that may begin
// with an RDB part is read by AofFileReader. Hot: a command costs no allocation.
import { Arguments } from "../../protocol/arguments.ts";
import { AofError, type AofErrorCode } from "./aof_error.ts";

/** `next` read a command: it is in `args`. */
export const AOF_COMMAND = 0;
/** `next` read an annotation: `timestamp` tells. */
export const AOF_ANNOTATION = 1;
/** More input is needed: fill `space()` and `commit`, or `endInput`. */
export const AOF_NEEDS_INPUT = 2;
/** The file ended behind a whole command and outside of a transaction. */
export const AOF_END = 3;

const WINDOW_BYTES = 256 * 1024;
/** Least room offered for one read. */
const READ_BYTES_MIN = 32 * 1024;
/** Line feed included; Valkey's limits. */
const ANNOTATION_BYTES_MAX = 1024;
const DIGITS_MAX = 18;
/** Spans are 32-bit numbers. */
const ARGUMENT_BYTES_MAX = 0x3fffffff;

const HASH = 0x23;
const DOLLAR = 0x24;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;

export interface AofReaderOptions {
  /** Where in the file the first byte stands that this reader gets. */
  offset?: number;
  /** Bytes of the whole file where known: an argument that claims to be longer is refused at once. */
  totalBytes?: number;
}

export class AofReader {
  /** The command that `next` read. Valid until `next` is called again. */
  readonly args = new Arguments();
  /** Seconds since 1970 of the last `#TS:` annotation; NaN where it is malformed, -1 for any other annotation. */
  timestamp = -1;
  /** From MULTI until EXEC: true for the former, false for the latter. */
  inTransaction = false;
  /** Line feeds of commands that were read, and one: where editors and redis-check-aof see the reader. */
  line = 1;
  /** Length of the file up to the last whole command or transaction. */
  soundBytes: number;

  readonly #totalBytes: number;
  #window = new Uint8Array(WINDOW_BYTES);
  /** Absolute offset of the window's first byte. */
  #base: number;
  /** Start of the item being read; what lies before it is done with. */
  #start = 0;
  #position = 0;
  #end = 0;
  #ended = false;
  /** Arguments that are still to come; 0 = between two items. */
  #argumentsLeft = 0;
  /** Bytes of the argument whose length was read, -1 = the length comes first. */
  #argumentBytes = -1;
  /** Bytes that must be held before it makes sense to go on. */
  #wanted = 0;
  /** Where the last line or argument began. */
  #itemOffset: number;
  /** What #readNumber found. */
  #number = 0;

  constructor(options: AofReaderOptions = {}) {
    this.#base = options.offset ?? 0;
    this.#itemOffset = this.#base;
    this.soundBytes = this.#base;
    this.#totalBytes = options.totalBytes ?? Infinity;
    this.args.buffer = this.#window;
  }

  /** Absolute offset behind what was read. */
  get offset(): number {
    return this.#base + this.#position;
  }

  /** Absolute offset of the command or annotation that was read last. */
  get startOffset(): number {
    return this.#base + this.#start;
  }

  /** Room for more input, to be filled from its start and then committed. `args` stay valid. */
  space(): Uint8Array {
    if (this.#start > 0) this.#dropConsumed();
    const size = this.#window.length;
    let wanted = size;
    if (this.#wanted > size && this.#totalBytes !== Infinity) wanted = this.#wanted; // checked against the total
    else if (size - this.#end < READ_BYTES_MIN) wanted = size * 2; // grows only as input really arrives
    else if (this.#wanted <= WINDOW_BYTES && this.#end <= WINDOW_BYTES / 2) wanted = WINDOW_BYTES;
    this.#wanted = 0;
    if (wanted !== size) {
      const moved = new Uint8Array(wanted);
      moved.set(this.#window.subarray(0, this.#end));
      this.#window = moved;
      this.args.buffer = moved;
    }
    return this.#window.subarray(this.#end);
  }

  commit(count: number): void {
    this.#end += count;
  }

  /** Takes bytes that were read elsewhere. */
  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const space = this.space();
      const count = Math.min(space.length, bytes.length - at);
      space.set(bytes.subarray(at, at + count));
      this.commit(count);
      at += count;
    }
  }

  /** Says that what was committed is all. */
  endInput(): void {
    this.#ended = true;
  }

  /** What was committed and not read yet. */
  held(): Uint8Array {
    return this.#window.subarray(this.#position, this.#end);
  }

  /** Reads on; returns one of the AOF_ numbers. Throws AofError; the reader is of no further use then. */
  next(): number {
    if (this.#argumentsLeft > 0) return this.#readArguments();
    this.#start = this.#position;
    this.args.clear();
    if (!this.inTransaction) this.soundBytes = this.#base + this.#position;
    if (this.#position === this.#end) {
      if (!this.#ended) return AOF_NEEDS_INPUT;
      if (this.inTransaction) this.#fail("AOF_TRUNCATED", "Reached EOF before reading EXEC for MULTI");
      return AOF_END;
    }
    const first = this.#window[this.#position];
    if (first === HASH) return this.#readAnnotation();
    if (first !== STAR) {
      this.#itemOffset = this.offset;
      this.#fail("AOF_NO_COMMAND", "Expected a command or an annotation");
    }
    if (!this.#readNumber(STAR)) return AOF_NEEDS_INPUT;
    if (this.#number < 1) {
      this.#fail("AOF_BAD_FORMAT", `Expected a command of at least one argument, got: ${this.#number}`);
    }
    this.#argumentsLeft = this.#number;
    return this.#readArguments();
  }

  #readArguments(): number {
    const args = this.args;
    while (this.#argumentsLeft > 0) {
      if (this.#argumentBytes < 0) {
        if (!this.#readNumber(DOLLAR)) return AOF_NEEDS_INPUT;
        this.#beginArgument(this.#number);
      }
      const start = this.#position;
      const end = start + this.#argumentBytes;
      if (end + 2 > this.#end) {
        if (this.#ended) this.#failShort(this.#end - start);
        this.#wanted = end + 2 - this.#start;
        return AOF_NEEDS_INPUT;
      }
      if (this.#window[end] !== CR || this.#window[end + 1] !== LF) this.#failNewline(end);
      args.add(start, end);
      this.#position = end + 2;
      this.#argumentBytes = -1;
      this.#argumentsLeft--;
      this.line++;
      if (args.count === 1) this.#followTransaction(end - start);
    }
    return AOF_COMMAND;
  }

  #beginArgument(length: number): void {
    if (length < 0 || length > ARGUMENT_BYTES_MAX) {
      this.#fail(
        "AOF_BAD_FORMAT",
        `Expected to read string of ${length} bytes, which is not in the suitable range`,
      );
    }
    this.#argumentBytes = length;
    this.#itemOffset = this.offset;
    const left = this.#totalBytes - this.#itemOffset;
    if (length + 2 > left) this.#failShort(left);
  }

  #followTransaction(nameBytes: number): void {
    if (nameBytes === 5 && this.args.is(0, "multi")) {
      if (this.inTransaction) this.#fail("AOF_BAD_TRANSACTION", "Unexpected MULTI");
      this.inTransaction = true;
    } else if (nameBytes === 4 && this.args.is(0, "exec")) {
      if (!this.inTransaction) this.#fail("AOF_BAD_TRANSACTION", "Unexpected EXEC");
      this.inTransaction = false;
    }
  }

  #readAnnotation(): number {
    const start = this.#position;
    this.#itemOffset = this.offset;
    const limit = Math.min(this.#end, start + ANNOTATION_BYTES_MAX);
    let at = start;
    while (at < limit && this.#window[at] !== LF) at++;
    if (at === limit) {
      if (limit === start + ANNOTATION_BYTES_MAX) {
        this.#fail("AOF_BAD_FORMAT", `Expected an annotation of at most ${ANNOTATION_BYTES_MAX} bytes`);
      }
      if (!this.#ended) return AOF_NEEDS_INPUT;
      this.#fail("AOF_TRUNCATED", "Reached EOF before the end of an annotation");
    }
    this.#position = at + 1;
    this.timestamp = readTimestamp(this.#window, start, at);
    return AOF_ANNOTATION;
  }

  /** Reads `prefix`, a number and a line end into #number; false: more input is needed. */
  #readNumber(prefix: number): boolean {
    const window = this.#window;
    const limit = this.#end;
    let at = this.#position;
    this.#itemOffset = this.#base + at;
    if (at === limit) return this.#short("");
    if (window[at] !== prefix) {
      const [wanted, got] = [String.fromCharCode(prefix), String.fromCharCode(window[at])];
      this.#fail("AOF_BAD_FORMAT", `Expected prefix '${wanted}', got: '${got}'`);
    }
    at++;
    const isNegative = at < limit && window[at] === MINUS;
    if (isNegative) at++;
    const digits = at;
    let value = 0;
    while (at < limit && at - digits < DIGITS_MAX) {
      const digit = window[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (at === limit || (at + 1 === limit && window[at] === CR)) {
      return this.#short(newlineReason(window, at, limit));
    }
    if (at === digits || window[at] !== CR || window[at + 1] !== LF) this.#failNewline(at);
    this.#number = isNegative ? -value : value;
    this.#position = at + 2;
    this.line++;
    return true;
  }

  /** A line whose end is not here yet; an error where none can come. */
  #short(reason: string): false {
    if (this.#ended) this.#fail("AOF_TRUNCATED", reason);
    return false;
  }

  #failShort(got: number): never {
    this.#fail("AOF_TRUNCATED", `Expected to read ${this.#argumentBytes + 2} bytes, got ${got} bytes`);
  }

  #failNewline(at: number): never {
    this.#fail("AOF_BAD_FORMAT", newlineReason(this.#window, at, this.#end));
  }

  #fail(code: AofErrorCode, reason: string): never {
    throw new AofError(code, this.#itemOffset, this.soundBytes, reason);
  }

  #dropConsumed(): void {
    const distance = this.#start;
    this.#window.copyWithin(0, distance, this.#end);
    this.args.shift(-distance);
    this.#base += distance;
    this.#position -= distance;
    this.#end -= distance;
    this.#start = 0;
  }
}

function newlineReason(window: Uint8Array, at: number, end: number): string {
  const hex = (byte: number) => byte.toString(16).padStart(2, "0");
  const first = at < end ? window[at] : 0;
  // A line ends with its line feed: nothing behind it is part of what was read.
  const second = at + 1 < end && first !== LF ? window[at + 1] : 0;
  return `Expected \\r\\n, got: ${hex(first)}${hex(second)}`;
}

/** Of the line in the span, without its line feed. */
function readTimestamp(window: Uint8Array, start: number, end: number): number {
  if (
    end - start < 4 || window[start + 1] !== 0x54 || window[start + 2] !== 0x53 || window[start + 3] !== 0x3a
  ) {
    return -1;
  }
  let seconds = 0;
  const last = end - 1;
  if (last === start + 4 || last - start > 4 + DIGITS_MAX || window[last] !== CR) return NaN;
  for (let at = start + 4; at < last; at++) {
    const digit = window[at] - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    seconds = seconds * 10 + digit;
  }
  return seconds;
}
