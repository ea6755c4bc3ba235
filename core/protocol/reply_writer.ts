// Replies as RESP2 or RESP3 bytes, stored straight into an output sink. The only place that knows how a RESP3 type
// looks to a RESP2 client. Called by every handler; the usual replies allocate nothing.
import { latin1Bytes } from "../bytes/ascii.ts";
import { DOUBLE_TEXT_BYTES_MAX, formatDouble } from "../bytes/double.ts";
import { formatInt64, formatInteger, INT64_TEXT_BYTES_MAX, integerTextBytes } from "../bytes/integer.ts";
import { DiscardSink, type OutputSink } from "./output_sink.ts";

export type Protocol = 2 | 3;

/** What the reply writer needs of an arena. `u8` may be replaced by the arena at any time, so it is read anew. */
export interface ArenaBytes {
  readonly u8: Uint8Array;
}

/** Told of each error reply, with its text (no dash). Counts `total_error_replies` and errorstats. */
export interface ErrorObserver {
  errorReplied(text: string): void;
}

/** Copies up to this many bytes by a loop: below it, a subarray for `set` costs more than the loop. */
const LOOP_COPY_BYTES_MAX = 96;
/** Room for a type byte, an integer and CRLF. */
const HEADER_BYTES_MAX = 1 + INT64_TEXT_BYTES_MAX + 2;
/** What beginArray leaves for the header: type byte, one digit, CRLF. Longer counts move the content. */
const MARK_BYTES = 4;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const DASH = 0x2d;
const ARRAY = 0x2a; // *
const BULK = 0x24; // $
const INTEGER = 0x3a; // :
const MAP = 0x25; // %
const SET = 0x7e; // ~
const PUSH = 0x3e; // >
const DOUBLE = 0x2c; // ,
const VERBATIM = 0x3d; // =
const BIG_NUMBER = 0x28; // (
const ATTRIBUTE = 0x7c; // |

const OK_BYTES = latin1Bytes("+OK\r\n");
const PONG_BYTES = latin1Bytes("+PONG\r\n");
const QUEUED_BYTES = latin1Bytes("+QUEUED\r\n");
const NULL_BULK_BYTES = latin1Bytes("$-1\r\n");
const NULL_ARRAY_BYTES = latin1Bytes("*-1\r\n");
const NULL_BYTES = latin1Bytes("_\r\n");
const TRUE_BYTES = latin1Bytes("#t\r\n");
const FALSE_BYTES = latin1Bytes("#f\r\n");

const encoder = new TextEncoder();
const scratch = new Uint8Array(DOUBLE_TEXT_BYTES_MAX + INT64_TEXT_BYTES_MAX);
/** Texts given to simple() come from a small set (type names, encodings): their lines are kept. */
const simpleLines = new Map<string, Uint8Array>();
const SIMPLE_LINES_MAX = 1024;
const discard = new DiscardSink();

export class ReplyWriter {
  /** The client's protocol: HELLO sets it. */
  protocol: Protocol = 2;
  /** Where replies go. Read it again after anything that may mute the writer. */
  sink: OutputSink;
  /** Error replies written so far, muted ones too; dispatch compares it around a command. */
  errorCount = 0;
  /** Text of the last error reply. */
  lastError = "";
  observer: ErrorObserver | null = null;
  readonly #output: OutputSink;

  constructor(output: OutputSink) {
    this.#output = output;
    this.sink = output;
  }

  /** From now on replies are thrown away (CLIENT REPLY OFF and SKIP). */
  mute(): void {
    this.sink = discard;
    discard.clear();
  }

  unmute(): void {
    this.sink = this.#output;
  }

  get muted(): boolean {
    return this.sink === discard;
  }

  ok(): void {
    this.#constant(OK_BYTES);
  }

  pong(): void {
    this.#constant(PONG_BYTES);
  }

  queued(): void {
    this.#constant(QUEUED_BYTES);
  }

  /** A simple string from a small, fixed set of texts, without newlines. Its line is kept for the next time. */
  simple(text: string): void {
    let line = simpleLines.get(text);
    if (line === undefined) {
      line = encoder.encode(`+${text}\r\n`);
      if (simpleLines.size < SIMPLE_LINES_MAX) simpleLines.set(text, line);
    }
    this.#constant(line);
  }

  /**
   * An error reply. `text` begins with the code word ("ERR syntax error"), without the dash, one character a byte.
   * Newlines become spaces; those at the end are dropped.
   */
  error(text: string): void {
    this.errorCount++;
    this.lastError = text;
    const sink = this.sink;
    let length = text.length;
    while (length > 0 && isNewline(text.charCodeAt(length - 1))) length--;
    sink.reserve(length + 3);
    const bytes = sink.bytes;
    let at = sink.length;
    bytes[at++] = DASH;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      bytes[at++] = isNewline(code) ? SPACE : code;
    }
    bytes[at++] = CR;
    bytes[at++] = LF;
    sink.length = at;
    if (this.observer !== null) this.observer.errorReplied(text);
  }

  /** A whole number between -(2^53 - 1) and 2^53 - 1. */
  integer(value: number): void {
    const sink = this.sink;
    sink.reserve(HEADER_BYTES_MAX);
    this.#header(INTEGER, value);
  }

  integer64(value: bigint): void {
    const sink = this.sink;
    sink.reserve(HEADER_BYTES_MAX);
    sink.bytes[sink.length++] = INTEGER;
    sink.length = formatInt64(sink.bytes, sink.length, value);
    this.#endLine();
  }

  /** A bulk string of a span. */
  bulk(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.sink.reserve(length + HEADER_BYTES_MAX + 2);
    this.#header(BULK, length);
    this.#copy(bytes, start, length);
    this.#endLine();
  }

  /** A bulk string of all of `bytes`. */
  bulkBytes(bytes: Uint8Array): void {
    this.bulk(bytes, 0, bytes.length);
  }

  /** A bulk string of arena bytes; `address` may exceed 2^31. */
  bulkArena(arena: ArenaBytes, address: number, length: number): void {
    this.sink.reserve(length + HEADER_BYTES_MAX + 2);
    this.#header(BULK, length);
    this.#copy(arena.u8, address, length);
    this.#endLine();
  }

  /** A bulk string of a text, as UTF-8. */
  bulkText(text: string): void {
    if (isAscii(text)) this.bulkLatin1(text);
    else this.bulkBytes(encoder.encode(text));
  }

  /** A bulk string with one byte for each character (texts that carry bytes, see Arguments.latin1). */
  bulkLatin1(text: string): void {
    this.sink.reserve(text.length + HEADER_BYTES_MAX + 2);
    this.#header(BULK, text.length);
    this.#latin1(text);
    this.#endLine();
  }

  /** A whole number as a bulk string. */
  bulkInteger(value: number): void {
    const sink = this.sink;
    sink.reserve(HEADER_BYTES_MAX * 2);
    this.#header(BULK, integerTextBytes(value));
    sink.length = formatInteger(sink.bytes, sink.length, value);
    this.#endLine();
  }

  /** A 64-bit integer as a bulk string. */
  bulkInteger64(value: bigint): void {
    this.bulk(scratch, 0, formatInt64(scratch, 0, value));
  }

  /** The absence of a value: `_` or the null bulk string. */
  null(): void {
    this.#constant(this.protocol === 3 ? NULL_BYTES : NULL_BULK_BYTES);
  }

  /** The absence of an array: `_` or the null array. */
  nullArray(): void {
    this.#constant(this.protocol === 3 ? NULL_BYTES : NULL_ARRAY_BYTES);
  }

  /** Announces an array; `count` replies follow. */
  array(count: number): void {
    this.#aggregate(ARRAY, count);
  }

  emptyArray(): void {
    this.#aggregate(ARRAY, 0);
  }

  /** Announces a map; `count` pairs follow. An array of twice the length under RESP2. */
  map(count: number): void {
    if (this.protocol === 3) this.#aggregate(MAP, count);
    else this.#aggregate(ARRAY, count * 2);
  }

  /** Announces a set. An array under RESP2. */
  set(count: number): void {
    this.#aggregate(this.protocol === 3 ? SET : ARRAY, count);
  }

  /** Announces an out-of-band message. An array under RESP2 (subscribed clients). */
  push(count: number): void {
    this.#aggregate(this.protocol === 3 ? PUSH : ARRAY, count);
  }

  /** Announces an attribute of `count` pairs before the reply proper. RESP3 only: callers check `protocol`. */
  attribute(count: number): void {
    this.#aggregate(ATTRIBUTE, count);
  }

  /** A double in the fewest digits that read back the same; a bulk string under RESP2. */
  double(value: number): void {
    const length = formatDouble(scratch, 0, value);
    const sink = this.sink;
    sink.reserve(length + HEADER_BYTES_MAX + 2);
    if (this.protocol === 3) sink.bytes[sink.length++] = DOUBLE;
    else this.#header(BULK, length);
    this.#copy(scratch, 0, length);
    this.#endLine();
  }

  /** A double whose text the caller made (long doubles); a bulk string under RESP2. */
  doubleText(text: string): void {
    if (this.protocol === 2) this.bulkLatin1(text);
    else this.#textLine(DOUBLE, text);
  }

  /** A boolean; 1 or 0 under RESP2. */
  boolean(flag: boolean): void {
    if (this.protocol === 3) this.#constant(flag ? TRUE_BYTES : FALSE_BYTES);
    else this.integer(flag ? 1 : 0);
  }

  /** Text with a three-letter format ("txt", "mkd"); a bulk string under RESP2. */
  verbatim(format: string, text: string): void {
    if (this.protocol === 2) {
      this.bulkText(text);
      return;
    }
    const bytes = encoder.encode(text);
    this.sink.reserve(bytes.length + HEADER_BYTES_MAX + 6);
    this.#header(VERBATIM, bytes.length + 4);
    this.#latin1(format);
    this.sink.bytes[this.sink.length++] = 0x3a;
    this.#copy(bytes, 0, bytes.length);
    this.#endLine();
  }

  /** A decimal integer of any length; a bulk string under RESP2. */
  bigNumber(digits: string): void {
    if (this.protocol === 2) this.bulkLatin1(digits);
    else this.#textLine(BIG_NUMBER, digits);
  }

  /** Bytes that already are complete replies. */
  raw(bytes: Uint8Array): void {
    this.sink.reserve(bytes.length);
    this.#copy(bytes, 0, bytes.length);
  }

  /** As `raw`, for what is sent unasked: it is written even while replies are muted. */
  rawUnmuted(bytes: Uint8Array): void {
    const sink = this.#output;
    sink.reserve(bytes.length);
    sink.bytes.set(bytes, sink.length);
    sink.length += bytes.length;
  }

  /**
   * Begins an array whose length is not known yet. Returns a mark for endArray(), endMap() or endSet() of this
   * writer, which must follow within the same command. Marks nest.
   */
  beginArray(): number {
    const sink = this.sink;
    sink.reserve(MARK_BYTES);
    const mark = sink.length;
    sink.length = mark + MARK_BYTES;
    sink.openMarks++;
    return mark;
  }

  endArray(mark: number, count: number): void {
    this.#endAggregate(mark, ARRAY, count);
  }

  /** Ends as a map of `count` pairs. */
  endMap(mark: number, count: number): void {
    if (this.protocol === 3) this.#endAggregate(mark, MAP, count);
    else this.#endAggregate(mark, ARRAY, count * 2);
  }

  endSet(mark: number, count: number): void {
    this.#endAggregate(mark, this.protocol === 3 ? SET : ARRAY, count);
  }

  /** Takes back everything written since `beginArray()` gave the mark: an error or null is sent instead. */
  abandon(mark: number): void {
    this.sink.length = mark;
    this.sink.openMarks--;
  }

  #endAggregate(mark: number, type: number, count: number): void {
    const sink = this.sink;
    const extra = integerTextBytes(count) - 1;
    const end = sink.length;
    if (extra > 0) {
      sink.reserve(extra);
      const from = mark + MARK_BYTES;
      if (end > from) sink.bytes.copyWithin(from + extra, from, end);
    }
    sink.length = mark;
    this.#header(type, count);
    sink.length = end + extra;
    sink.openMarks--;
  }

  #aggregate(type: number, count: number): void {
    this.sink.reserve(HEADER_BYTES_MAX);
    this.#header(type, count);
  }

  /** Type byte, number, CRLF. Room has been reserved. */
  #header(type: number, value: number): void {
    const sink = this.sink;
    const bytes = sink.bytes;
    let at = sink.length;
    bytes[at++] = type;
    if (value >= 0 && value < 10) bytes[at++] = 0x30 + value;
    else at = formatInteger(bytes, at, value);
    bytes[at] = CR;
    bytes[at + 1] = LF;
    sink.length = at + 2;
  }

  #textLine(type: number, text: string): void {
    this.sink.reserve(text.length + 3);
    this.sink.bytes[this.sink.length++] = type;
    this.#latin1(text);
    this.#endLine();
  }

  #endLine(): void {
    const sink = this.sink;
    const at = sink.length;
    sink.bytes[at] = CR;
    sink.bytes[at + 1] = LF;
    sink.length = at + 2;
  }

  #constant(line: Uint8Array): void {
    const sink = this.sink;
    const length = line.length;
    sink.reserve(length);
    const bytes = sink.bytes;
    const at = sink.length;
    for (let index = 0; index < length; index++) bytes[at + index] = line[index];
    sink.length = at + length;
  }

  #copy(source: Uint8Array, start: number, length: number): void {
    const sink = this.sink;
    const target = sink.bytes;
    const at = sink.length;
    if (length <= LOOP_COPY_BYTES_MAX) {
      for (let index = 0; index < length; index++) target[at + index] = source[start + index];
    } else {
      target.set(source.subarray(start, start + length), at);
    }
    sink.length = at + length;
  }

  #latin1(text: string): void {
    const sink = this.sink;
    const bytes = sink.bytes;
    const at = sink.length;
    const length = text.length;
    for (let index = 0; index < length; index++) bytes[at + index] = text.charCodeAt(index);
    sink.length = at + length;
  }
}

function isNewline(code: number): boolean {
  return code === CR || code === LF;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return false;
  }
  return true;
}
