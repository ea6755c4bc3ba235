// MurmurHash64A, the hash that HyperLogLogs are filed by: the same in every server that reads them. 64-bit arithmetic on two
// words, because it runs once for every element that PFADD is given; nothing is allocated.

/** What HyperLogLogs are hashed with. */
const SEED = 0xadc83b19 | 0;
/** The multiplier 0xc6a4a7935bd1e995, as two words and the halves of the lower one. */
const FACTOR_HIGH = 0xc6a4a793 | 0;
const FACTOR_LOW = 0x5bd1e995;
const FACTOR_LOW_UPPER = FACTOR_LOW >>> 16;
const FACTOR_LOW_LOWER = FACTOR_LOW & 0xffff;
/** Words move right by 47 bits: what was above that comes into the lower word, at this distance. */
const SHIFT_IN_HIGH = 47 - 32;

export class MurmurHash {
  /** The last hash. */
  high = 0;
  low = 0;

  /** Hashes bytes `start` to `end`. */
  compute(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const wholeEnd = end - (length & 7);
    this.#multiply(0, length);
    let high = this.high;
    let low = this.low ^ SEED;
    for (let at = start; at < wholeEnd; at += 8) {
      this.#multiply(wordAt(bytes, at + 4), wordAt(bytes, at));
      this.#multiply(this.high, this.low ^ (this.high >>> SHIFT_IN_HIGH));
      this.#multiply(high ^ this.high, low ^ this.low);
      high = this.high;
      low = this.low;
    }
    if (wholeEnd < end) {
      for (let at = wholeEnd; at < end; at++) {
        const shift = (at - wholeEnd) * 8;
        if (shift < 32) low ^= bytes[at] << shift;
        else high ^= bytes[at] << (shift - 32);
      }
      this.#multiply(high, low);
      high = this.high;
      low = this.low;
    }
    this.#multiply(high, low ^ (high >>> SHIFT_IN_HIGH));
    this.low ^= this.high >>> SHIFT_IN_HIGH;
  }

  /** Multiplies by the factor, modulo 2^64. */
  #multiply(high: number, low: number): void {
    const lower = low & 0xffff;
    const upper = low >>> 16;
    const first = lower * FACTOR_LOW_LOWER;
    const second = upper * FACTOR_LOW_LOWER + (first >>> 16);
    const third = lower * FACTOR_LOW_UPPER + (second & 0xffff);
    const carried = upper * FACTOR_LOW_UPPER + (second >>> 16) + (third >>> 16);
    this.high = (carried + Math.imul(high, FACTOR_LOW) + Math.imul(low, FACTOR_HIGH)) | 0;
    this.low = Math.imul(low, FACTOR_LOW);
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
