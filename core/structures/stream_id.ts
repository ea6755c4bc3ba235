// The 128-bit id of a stream entry as four words: milliseconds and sequence number, 64 bits each. Comparing, counting,
// reading from and writing to decimal text allocate nothing and use no bigint. Called by stream structures and commands.
import { formatInteger } from "../bytes/integer.ts";

/** Longest text of an id: two numbers of 20 digits and a dash. */
export const STREAM_ID_TEXT_BYTES_MAX = 41;

const TWO_32 = 2 ** 32;
const SIGN = -0x80000000;
const ZERO = 0x30;
const NINE = 0x39;
const PLUS = 0x2b;
const SPACE = 0x20;
/** A high word from here on makes a number beyond 2^53. */
const SAFE_HIGH = 2 ** 21;
const UINT64_DIGITS_MAX = 20;

/** Words are kept as signed integers of 32 bits and meant unsigned. */
export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  set(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh | 0;
    this.msLow = msLow | 0;
    this.seqHigh = seqHigh | 0;
    this.seqLow = seqLow | 0;
    return this;
  }

  copy(other: StreamId): this {
    this.msHigh = other.msHigh;
    this.msLow = other.msLow;
    this.seqHigh = other.seqHigh;
    this.seqLow = other.seqLow;
    return this;
  }

  setMin(): this {
    return this.set(0, 0, 0, 0);
  }

  setMax(): this {
    return this.set(-1, -1, -1, -1);
  }

  /** `ms` is a whole number from 0 to 2^53 - 1; the sequence number becomes 0. */
  setMs(ms: number): this {
    this.msHigh = Math.floor(ms / TWO_32) | 0;
    this.msLow = ms | 0;
    this.seqHigh = 0;
    this.seqLow = 0;
    return this;
  }

  /** Reads an id from the four words at `word`. */
  load(words: Int32Array, word: number): this {
    this.msHigh = words[word];
    this.msLow = words[word + 1];
    this.seqHigh = words[word + 2];
    this.seqLow = words[word + 3];
    return this;
  }

  /** Reads an id as RDB files have it: 16 bytes, big endian. */
  loadBytes(bytes: Uint8Array, at: number): this {
    this.msHigh = bigEndian(bytes, at);
    this.msLow = bigEndian(bytes, at + 4);
    this.seqHigh = bigEndian(bytes, at + 8);
    this.seqLow = bigEndian(bytes, at + 12);
    return this;
  }

  /** Writes the 16 bytes that `loadBytes` reads. */
  storeBytes(target: Uint8Array, at: number): void {
    storeBigEndian(target, at, this.msHigh);
    storeBigEndian(target, at + 4, this.msLow);
    storeBigEndian(target, at + 8, this.seqHigh);
    storeBigEndian(target, at + 12, this.seqLow);
  }

  get isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0;
  }

  get isMax(): boolean {
    return (this.msHigh & this.msLow & this.seqHigh & this.seqLow) === -1;
  }

  /** The milliseconds as a number; rounded above 2^53. */
  get ms(): number {
    return (this.msHigh >>> 0) * TWO_32 + (this.msLow >>> 0);
  }

  equals(other: StreamId): boolean {
    return this.msLow === other.msLow && this.seqLow === other.seqLow && this.msHigh === other.msHigh &&
      this.seqHigh === other.seqHigh;
  }

  /** Negative, 0 or positive as this id is below, equal to or above the other. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return order(this.msHigh, other.msHigh);
    if (this.msLow !== other.msLow) return order(this.msLow, other.msLow);
    if (this.seqHigh !== other.seqHigh) return order(this.seqHigh, other.seqHigh);
    return order(this.seqLow, other.seqLow);
  }

  /** As `compare`, with the id in the four words at `word`. */
  compareWords(words: Int32Array, word: number): number {
    if (this.msHigh !== words[word]) return order(this.msHigh, words[word]);
    if (this.msLow !== words[word + 1]) return order(this.msLow, words[word + 1]);
    if (this.seqHigh !== words[word + 2]) return order(this.seqHigh, words[word + 2]);
    return order(this.seqLow, words[word + 3]);
  }

  /** The next id; false where there is none, and then it is 0-0. */
  increment(): boolean {
    this.seqLow = (this.seqLow + 1) | 0;
    if (this.seqLow !== 0) return true;
    this.seqHigh = (this.seqHigh + 1) | 0;
    if (this.seqHigh !== 0) return true;
    this.msLow = (this.msLow + 1) | 0;
    if (this.msLow !== 0) return true;
    this.msHigh = (this.msHigh + 1) | 0;
    return this.msHigh !== 0;
  }

  /** The id before; false where there is none, and then it is the highest one. */
  decrement(): boolean {
    const had = !this.isZero;
    if (this.seqLow === 0) {
      if (this.seqHigh === 0) {
        if (this.msLow === 0) this.msHigh = (this.msHigh - 1) | 0;
        this.msLow = (this.msLow - 1) | 0;
      }
      this.seqHigh = (this.seqHigh - 1) | 0;
    }
    this.seqLow = (this.seqLow - 1) | 0;
    return had;
  }

  /** Writes "milliseconds-sequence" in decimal; returns the end offset. */
  format(target: Uint8Array, offset: number): number {
    // Ids that are told one after the other mostly are of the same millisecond.
    if (this.msLow !== latestLow || this.msHigh !== latestHigh) {
      latestDigits = formatUnsigned(latestText, 0, this.msHigh, this.msLow);
      latestLow = this.msLow;
      latestHigh = this.msHigh;
    }
    for (let index = 0; index < latestDigits; index++) target[offset + index] = latestText[index];
    const at = offset + latestDigits;
    target[at] = 0x2d;
    return formatUnsigned(target, at + 1, this.seqHigh, this.seqLow);
  }

  /** Takes the milliseconds that a span spells; false where it spells no unsigned 64-bit integer. */
  parseMs(bytes: Uint8Array, start: number, end: number): boolean {
    if (!parseUnsigned(bytes, start, end)) return false;
    this.msHigh = parsedHigh;
    this.msLow = parsedLow;
    return true;
  }

  /** Takes the sequence number that a span spells; false where it spells no unsigned 64-bit integer. */
  parseSeq(bytes: Uint8Array, start: number, end: number): boolean {
    if (!parseUnsigned(bytes, start, end)) return false;
    this.seqHigh = parsedHigh;
    this.seqLow = parsedLow;
    return true;
  }

  toString(): string {
    const end = this.format(text, 0);
    let result = "";
    for (let at = 0; at < end; at++) result += String.fromCharCode(text[at]);
    return result;
  }
}

const text = new Uint8Array(STREAM_ID_TEXT_BYTES_MAX);
const digits = new Uint8Array(UINT64_DIGITS_MAX);
const limbs = new Int32Array(4);
let parsedHigh = 0;
let parsedLow = 0;
/** The milliseconds that `format` wrote last, and their digits. */
const latestText = new Uint8Array(UINT64_DIGITS_MAX);
let latestDigits = formatUnsigned(latestText, 0, 0, 0);
let latestHigh = 0;
let latestLow = 0;

/** The order of two different words, or 0. */
function order(a: number, b: number): number {
  return (a ^ SIGN) - (b ^ SIGN);
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function storeBigEndian(target: Uint8Array, at: number, word: number): void {
  target[at] = word >>> 24;
  target[at + 1] = word >>> 16;
  target[at + 2] = word >>> 8;
  target[at + 3] = word;
}

/** Writes an unsigned 64-bit integer in decimal; returns the end offset. */
export function formatUnsigned(target: Uint8Array, offset: number, high: number, low: number): number {
  const top = high >>> 0;
  if (top < SAFE_HIGH) return formatInteger(target, offset, top * TWO_32 + (low >>> 0));
  limbs[0] = low & 0xffff;
  limbs[1] = low >>> 16;
  limbs[2] = high & 0xffff;
  limbs[3] = high >>> 16;
  let count = 0;
  while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) !== 0) {
    let rest = 0;
    for (let index = 3; index >= 0; index--) {
      const part = rest * 65536 + limbs[index];
      limbs[index] = (part / 10) | 0;
      rest = part - limbs[index] * 10;
    }
    digits[count++] = ZERO + rest;
  }
  for (let index = 0; index < count; index++) target[offset + index] = digits[count - 1 - index];
  return offset + count;
}

// Puts the value into `parsedHigh` and `parsedLow`. As strtoull, which Valkey uses: white space, a plus and leading
// zeros may come first.
function parseUnsigned(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === SPACE || (bytes[at] >= 9 && bytes[at] <= 13))) at++;
  if (at < end && bytes[at] === PLUS) at++;
  if (at === end) return false;
  let value = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return false;
    const next = value * 10 + (byte - ZERO);
    if (next > Number.MAX_SAFE_INTEGER) return parseLarge(bytes, at, end, value);
    value = next;
  }
  parsedHigh = Math.floor(value / TWO_32) | 0;
  parsedLow = value | 0;
  return true;
}

/** Goes on with a value that a number no longer holds exactly. */
function parseLarge(bytes: Uint8Array, from: number, end: number, value: number): boolean {
  limbs[0] = value % 65536;
  limbs[1] = Math.floor(value / 65536) % 65536;
  limbs[2] = Math.floor(value / TWO_32) % 65536;
  limbs[3] = Math.floor(value / (TWO_32 * 65536));
  for (let at = from; at < end; at++) {
    let carry = bytes[at] - ZERO;
    if (carry < 0 || carry > 9) return false;
    for (let index = 0; index < 4; index++) {
      carry += limbs[index] * 10;
      limbs[index] = carry & 0xffff;
      carry >>>= 16;
    }
    if (carry !== 0) return false;
  }
  parsedLow = limbs[0] | (limbs[1] << 16);
  parsedHigh = limbs[2] | (limbs[3] << 16);
  return true;
}
