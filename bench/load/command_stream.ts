// Bytes of many commands that differ in a 12-digit key number and in their value: `SET key:000000000042 <value>`. Made in
// place in one buffer, so that the load generator costs less CPU than the server. Used by fill.ts and steady_writer.ts.

const DIGITS = 12;
const VALUE_POOL_BYTES = 1 << 16;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export interface CommandShape {
  /** Arguments; one may hold `#`: it has its `#` replaced by the key number; `<value>` stands for the value. */
  words: string[];
  valueBytes: number;
}

export class CommandStream {
  readonly #template: Uint8Array;
  readonly #digitsAt: number;
  readonly #valueAt: number;
  readonly #valueBytes: number;
  readonly #pool: Uint8Array;
  #buffer: Uint8Array<ArrayBuffer>;

  constructor(shape: CommandShape) {
    const value = "v".repeat(shape.valueBytes);
    const words = shape.words.map((word) =>
      word === "<value>" ? value : word.replace("#", "0".repeat(DIGITS))
    );
    const text = `*${words.length}\r\n` + words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
    this.#template = new TextEncoder().encode(text);
    this.#digitsAt = shape.words.some((word) => word.includes("#")) ? text.indexOf("0".repeat(DIGITS)) : -1;
    this.#valueAt = shape.words.includes("<value>") ? text.indexOf(value) : -1;
    this.#valueBytes = shape.valueBytes;
    this.#pool = randomText(VALUE_POOL_BYTES + shape.valueBytes);
    this.#buffer = new Uint8Array(this.#template.length);
  }

  /** The bytes of `count` commands; valid until the next call. `keyOf(i)` gives each its key number. */
  commands(count: number, keyOf: (index: number) => number): Uint8Array<ArrayBuffer> {
    const length = this.#template.length;
    if (this.#buffer.length < count * length) {
      this.#buffer = new Uint8Array(count * length);
      for (let at = 0; at < this.#buffer.length; at += length) this.#buffer.set(this.#template, at);
    } else if (this.#buffer.length === length) {
      this.#buffer.set(this.#template);
    }
    for (let index = 0, at = 0; index < count; index++, at += length) {
      if (this.#digitsAt >= 0) this.#writeDigits(at + this.#digitsAt, keyOf(index));
      if (this.#valueAt >= 0) {
        const from = Math.floor(Math.random() * VALUE_POOL_BYTES);
        this.#buffer.set(this.#pool.subarray(from, from + this.#valueBytes), at + this.#valueAt);
      }
    }
    return this.#buffer.subarray(0, count * length);
  }

  #writeDigits(start: number, key: number): void {
    let rest = key;
    for (let at = start + DIGITS - 1; at >= start; at--) {
      const next = Math.floor(rest / 10);
      this.#buffer[at] = 48 + rest - next * 10;
      rest = next;
    }
  }
}

/** Letters that LZF cannot make shorter. */
function randomText(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    bytes[at] = LETTERS.charCodeAt(Math.floor(Math.random() * LETTERS.length));
  }
  return bytes;
}
