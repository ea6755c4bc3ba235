// Signed 64-bit integers as two words (high signed, low as 32 bits), to and from decimal text: for packed encodings that
// hold integers beyond what a number can. No allocation, no bigint. Called by the listpack codec.
import { formatInteger, INT64_TEXT_BYTES_MAX, isInt64, parseSafeInteger } from "../bytes/integer.ts";

const ZERO = 0x30;
const MINUS = 0x2d;
const TWO_32 = 2 ** 32;
/** Above this in absolute value a high word makes an integer that a number may not hold exactly. */
const SAFE_HIGH = 2 ** 21;

export class Int64Words {
  high = 0;
  low = 0;
  readonly #limbs = new Int32Array(4);

  /** Takes the value that the span spells; false, and no change, where it is no canonical 64-bit integer. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length === 0 || length > INT64_TEXT_BYTES_MAX || bytes[start] > 0x39) return false;
    const small = parseSafeInteger(bytes, start, end);
    if (small === small) {
      this.setNumber(small);
      return true;
    }
    if (!isInt64(bytes, start, end)) return false;
    this.#parseLarge(bytes, start, end);
    return true;
  }

  /** Takes a whole number of at most 53 bits. */
  setNumber(value: number): void {
    this.high = Math.floor(value / TWO_32) | 0;
    this.low = value | 0;
  }

  /** The value; rounded where `isSafe` is false. */
  toNumber(): number {
    return this.high * TWO_32 + (this.low >>> 0);
  }

  /** Whether a number holds the value exactly. */
  get isSafe(): boolean {
    return this.high < SAFE_HIGH && (this.high > -SAFE_HIGH || (this.high === -SAFE_HIGH && this.low !== 0));
  }

  /** Writes the value in decimal; returns the end offset. */
  format(target: Uint8Array, offset: number): number {
    if (this.isSafe) return formatInteger(target, offset, this.toNumber());
    return this.#formatLarge(target, offset);
  }

  // Four 16-bit limbs, so that products fit in 32 bits.
  #parseLarge(bytes: Uint8Array, start: number, end: number): void {
    const limbs = this.#limbs.fill(0);
    const negative = bytes[start] === MINUS;
    for (let at = negative ? start + 1 : start; at < end; at++) {
      let carry = bytes[at] - ZERO;
      for (let index = 0; index < 4; index++) {
        carry += limbs[index] * 10;
        limbs[index] = carry & 0xffff;
        carry >>>= 16;
      }
    }
    this.low = limbs[0] | (limbs[1] << 16);
    this.high = limbs[2] | (limbs[3] << 16);
    if (negative) this.#negate();
  }

  #formatLarge(target: Uint8Array, offset: number): number {
    const limbs = this.#limbs;
    const negative = this.high < 0;
    if (negative) this.#negate();
    limbs[0] = this.low & 0xffff;
    limbs[1] = this.low >>> 16;
    limbs[2] = this.high & 0xffff;
    limbs[3] = this.high >>> 16;
    if (negative) this.#negate();
    // A value that is not safe has 16 digits at least: the length is found by writing backwards from the longest.
    const end = offset + INT64_TEXT_BYTES_MAX;
    let at = end;
    while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) !== 0) {
      let rest = 0;
      for (let index = 3; index >= 0; index--) {
        const part = rest * 65536 + limbs[index];
        limbs[index] = (part / 10) | 0;
        rest = part - limbs[index] * 10;
      }
      target[--at] = ZERO + rest;
    }
    if (negative) target[--at] = MINUS;
    target.copyWithin(offset, at, end);
    return offset + end - at;
  }

  #negate(): void {
    this.low = -this.low | 0;
    this.high = this.low === 0 ? -this.high | 0 : ~this.high;
  }
}
