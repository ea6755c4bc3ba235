// A small random generator with a printable seed, for tests that make many thousand choices.

export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed | 0;
  }

  /** An integer from 0 to `count` - 1. */
  below(count: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return Math.floor(((bits ^ (bits >>> 14)) >>> 0) / 4294967296 * count);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** A text of printable characters that compresses a little. */
  text(length: number): string {
    let text = "";
    while (text.length < length) text += this.oneIn(2) ? this.below(1_000_000).toString(36) : "spork ";
    return text.slice(0, length);
  }

  /** Bytes without pattern, one character a byte. */
  binary(length: number): string {
    let text = "";
    for (let k = 0; k < length; k++) text += String.fromCharCode(this.below(256));
    return text;
  }
}
