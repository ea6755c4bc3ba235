// The arguments of many commands, one behind the other in two growing arrays: what MULTI keeps until EXEC. Hot: adding and
// reading a small command allocates nothing.
import type { Arguments } from "./arguments.ts";

const BYTES_INITIAL = 512;
const SPANS_INITIAL = 64;
/** Longer arguments are copied by the engine, shorter ones byte by byte. */
const LOOP_COPY_BYTES_MAX = 32;

export class ArgumentLog {
  /** Number of commands. */
  count = 0;
  private bytes = new Uint8Array(BYTES_INITIAL);
  private used = 0;
  /** For each command its number of arguments, then the length of each. */
  private spans = new Int32Array(SPANS_INITIAL);
  private spansUsed = 0;
  /** Where `next` reads. */
  private readByte = 0;
  private readSpan = 0;

  /** Memory of both arrays. */
  get memoryBytes(): number {
    return this.bytes.length + this.spans.byteLength;
  }

  /** Appends a copy. */
  add(args: Arguments): void {
    const { count, buffer, starts, ends } = args;
    this.reserve(args.totalBytes(), count + 1);
    const { bytes, spans } = this;
    let at = this.used;
    let span = this.spansUsed;
    spans[span++] = count;
    for (let index = 0; index < count; index++) {
      const start = starts[index];
      const length = ends[index] - start;
      spans[span++] = length;
      if (length > LOOP_COPY_BYTES_MAX) bytes.set(buffer.subarray(start, start + length), at);
      else for (let i = 0; i < length; i++) bytes[at + i] = buffer[start + i];
      at += length;
    }
    this.used = at;
    this.spansUsed = span;
    this.count++;
  }

  /** Makes `next` begin with the first command. */
  rewind(): void {
    this.readByte = 0;
    this.readSpan = 0;
  }

  /** The next command's arguments, as spans of the log; valid until something is added. Call it `count` times at most. */
  next(into: Arguments): void {
    const { spans } = this;
    let at = this.readByte;
    let span = this.readSpan;
    const count = spans[span++];
    into.buffer = this.bytes;
    into.clear();
    into.expect(count);
    for (let index = 0; index < count; index++) {
      const end = at + spans[span++];
      into.add(at, end);
      at = end;
    }
    this.readByte = at;
    this.readSpan = span;
  }

  clear(): void {
    this.count = 0;
    this.used = 0;
    this.spansUsed = 0;
    this.rewind();
  }

  private reserve(bytes: number, spans: number): void {
    if (this.used + bytes > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.used + bytes));
      grown.set(this.bytes.subarray(0, this.used));
      this.bytes = grown;
    }
    if (this.spansUsed + spans > this.spans.length) {
      const grown = new Int32Array(Math.max(this.spans.length * 2, this.spansUsed + spans));
      grown.set(this.spans.subarray(0, this.spansUsed));
      this.spans = grown;
    }
  }
}
