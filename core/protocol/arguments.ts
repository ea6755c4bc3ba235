// The arguments of one command as spans into the buffer they arrived in: no string and no copy per argument.
// Filled by the request parser, read by dispatch and handlers. Valid until the handler returns; whoever needs
// them longer (blocked or queued commands) takes `copy()`.
import { equalsWord, latin1Bytes, latin1Text } from "../bytes/ascii.ts";

const INITIAL_CAPACITY = 16;
/** Span tables larger than this are given back after the command that needed them. */
const KEPT_CAPACITY_MAX = 1024;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

export class Arguments {
  /** What the spans point into. The parser may replace it between commands, never while one runs. */
  buffer: Uint8Array = NO_BYTES;
  /** Number of arguments; the first is the command's name. */
  count = 0;
  /** Start offset of each argument. Entries from `count` on are stale. */
  starts = new Int32Array(INITIAL_CAPACITY);
  /** End offset (exclusive) of each argument. */
  ends = new Int32Array(INITIAL_CAPACITY);

  /** Arguments of their own, one for each value; strings are taken as UTF-8. For tests and internal commands. */
  static of(...values: (string | Uint8Array)[]): Arguments {
    const parts = values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
    const result = new Arguments();
    result.buffer = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      result.buffer.set(part, at);
      result.add(at, at + part.length);
      at += part.length;
    }
    return result;
  }

  /** Appends a span of `buffer`. */
  add(start: number, end: number): void {
    const index = this.count;
    if (index === this.starts.length) this.#grow(index + 1);
    this.starts[index] = start;
    this.ends[index] = end;
    this.count = index + 1;
  }

  /** Forgets the arguments, and gives back a span table that one huge command made large. */
  clear(): void {
    this.count = 0;
    if (this.starts.length > KEPT_CAPACITY_MAX) {
      this.starts = new Int32Array(INITIAL_CAPACITY);
      this.ends = new Int32Array(INITIAL_CAPACITY);
    }
  }

  /** Moves all spans by `distance` bytes: their bytes were moved within or between buffers. */
  shift(distance: number): void {
    for (let index = 0; index < this.count; index++) {
      this.starts[index] += distance;
      this.ends[index] += distance;
    }
  }

  /** Bytes of argument `index`. */
  length(index: number): number {
    return this.ends[index] - this.starts[index];
  }

  /** Bytes of all arguments together. */
  totalBytes(): number {
    let total = 0;
    for (let index = 0; index < this.count; index++) total += this.ends[index] - this.starts[index];
    return total;
  }

  /** Argument `index` decoded as UTF-8; malformed bytes become U+FFFD. Allocates. */
  text(index: number): string {
    const start = this.starts[index];
    const end = this.ends[index];
    // TextDecoder refuses views of shared memory in some runtimes and has a high fixed cost: short ASCII goes by hand.
    if (end - start <= 32) {
      let text = "";
      let at = start;
      for (; at < end && this.buffer[at] < 0x80; at++) text += String.fromCharCode(this.buffer[at]);
      if (at === end) return text;
    }
    return decoder.decode(this.buffer.subarray(start, end));
  }

  /** Argument `index` with one character a byte: loses nothing, and is what error texts echo. Allocates. */
  latin1(index: number): string {
    return latin1Text(this.buffer, this.starts[index], this.ends[index]);
  }

  /** A copy of argument `index`. */
  bytes(index: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer.subarray(this.starts[index], this.ends[index]));
  }

  /** Whether argument `index` spells `word`, ignoring ASCII case. `word` must be lower-case ASCII. */
  is(index: number, word: string): boolean {
    return equalsWord(this.buffer, this.starts[index], this.ends[index], word);
  }

  /** All arguments as `text()` gives them. */
  toStrings(): string[] {
    const result: string[] = [];
    for (let index = 0; index < this.count; index++) result.push(this.text(index));
    return result;
  }

  /** The same arguments in a buffer of their own, for commands that outlive the input buffer's turn. */
  copy(): Arguments {
    const result = new Arguments();
    result.buffer = new Uint8Array(this.totalBytes());
    result.#grow(this.count);
    let at = 0;
    for (let index = 0; index < this.count; index++) {
      const start = this.starts[index];
      const end = this.ends[index];
      result.buffer.set(this.buffer.subarray(start, end), at);
      result.add(at, at + end - start);
      at += end - start;
    }
    return result;
  }

  /**
   * Replaces all arguments (rewriting a command before it is fed to log and replicas). Later reads see a new
   * buffer; the parser's own buffer is not touched.
   */
  replace(values: (string | Uint8Array)[]): void {
    const parts = values.map((value) => typeof value === "string" ? latin1Bytes(value) : value);
    const buffer = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    this.clear();
    let at = 0;
    for (const part of parts) {
      buffer.set(part, at);
      this.add(at, at + part.length);
      at += part.length;
    }
    this.buffer = buffer;
  }

  /** Makes room for `count` spans; the parser calls it once a command has told its number of arguments. */
  expect(count: number): void {
    if (count > this.starts.length) this.#grow(count);
  }

  #grow(wanted: number): void {
    let capacity = this.starts.length;
    while (capacity < wanted) capacity *= 2;
    if (capacity === this.starts.length) return;
    const starts = new Int32Array(capacity);
    const ends = new Int32Array(capacity);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}
