// Commands as the bytes of the wire, one behind the other in a buffer that grows. Hot: nothing is allocated unless the
// buffer is too small. Propagation writes into it.
import { formatInteger, INT64_TEXT_BYTES_MAX } from "../../bytes/integer.ts";
import type { Arguments } from "../../protocol/arguments.ts";

const INITIAL_BYTES = 1024;
/** A larger buffer is given back once it is empty. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** Below this many bytes a loop is faster than a view. */
const LOOP_BYTES_MAX = 32;

const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

const digits = new Uint8Array(INT64_TEXT_BYTES_MAX);

export class RespCommands {
  buffer = new Uint8Array(INITIAL_BYTES);
  length = 0;

  /** The head of a command of so many words. */
  head(words: number): void {
    this.#count(ASTERISK, words);
  }

  /** ASCII characters. */
  word(text: string): void {
    const { length } = text;
    this.#count(DOLLAR, length);
    this.#reserve(length + 2);
    for (let index = 0; index < length; index++) this.buffer[this.length++] = text.charCodeAt(index);
    this.#endLine();
  }

  /** A whole number. */
  number(value: number): void {
    this.bytes(digits, 0, formatInteger(digits, 0, value));
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    this.#count(DOLLAR, end - start);
    this.#reserve(end - start + 2);
    this.#copy(source, start, end);
    this.#endLine();
  }

  /** A command of these words. */
  command(args: Arguments): void {
    const { count, buffer, starts, ends } = args;
    this.head(count);
    for (let index = 0; index < count; index++) this.bytes(buffer, starts[index], ends[index]);
  }

  /** Bytes that are commands already. */
  append(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#copy(source, start, end);
  }

  clear(): void {
    this.length = 0;
    if (this.buffer.length > KEPT_BYTES_MAX) this.buffer = new Uint8Array(INITIAL_BYTES);
  }

  #count(sign: number, count: number): void {
    this.#reserve(INT64_TEXT_BYTES_MAX + 3);
    this.buffer[this.length] = sign;
    this.length = formatInteger(this.buffer, this.length + 1, count);
    this.#endLine();
  }

  #endLine(): void {
    this.buffer[this.length++] = RETURN;
    this.buffer[this.length++] = NEWLINE;
  }

  #copy(source: Uint8Array, start: number, end: number): void {
    const { buffer, length } = this;
    const count = end - start;
    if (count > LOOP_BYTES_MAX) buffer.set(source.subarray(start, end), length);
    else for (let index = 0; index < count; index++) buffer[length + index] = source[start + index];
    this.length = length + count;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
