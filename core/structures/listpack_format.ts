// The bytes of a listpack, as Valkey has them in memory and in RDB files: u32 bytes in all, u16 elements, elements,
// 0xff. An element is encoding and data, followed by their length once more, to be read from the right.
// Functions over any Uint8Array: listpack.ts gives them the arena, listpack_bytes.ts a plain array. No checks here.
import { Int64Words } from "./int64_words.ts";

export const LISTPACK_HEADER_BYTES = 6;
/** Bytes of a listpack without elements. */
export const LISTPACK_EMPTY_BYTES = 7;
export const LISTPACK_END = 0xff;
/** An element count that has to be found by walking. */
export const LISTPACK_COUNT_UNKNOWN = 0xffff;
/** A listpack never grows beyond this. */
export const LISTPACK_BYTES_MAX = 2 ** 30;

// First bytes. 0 to 0x7f are themselves the integers 0 to 127.
const STRING_6 = 0x80;
const INTEGER_13 = 0xc0;
const STRING_12 = 0xe0;
const STRING_32 = 0xf0;
const INTEGER_16 = 0xf1;
const INTEGER_24 = 0xf2;
const INTEGER_32 = 0xf3;
const INTEGER_64 = 0xf4;

export function unsigned32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Bytes of encoding and data of the element at `at`; 0 where its first byte is none of an element. */
export function elementBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < STRING_6) return 1;
  if (first < INTEGER_13) return 1 + (first & 0x3f);
  if (first < STRING_12) return 2;
  if (first < STRING_32) return 2 + (((first & 0x0f) << 8) | bytes[at + 1]);
  switch (first) {
    case STRING_32:
      return 5 + unsigned32(bytes, at + 1);
    case INTEGER_16:
      return 3;
    case INTEGER_24:
      return 4;
    case INTEGER_32:
      return 5;
    case INTEGER_64:
      return 9;
  }
  return 0;
}

/** Bytes that the length of an element of `size` bytes takes behind it. The limits are one short of a power of two. */
export function backLengthBytes(size: number): number {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

/** Where the element after the one at `at` begins (or the end byte is). */
export function nextElement(bytes: Uint8Array, at: number): number {
  const size = elementBytes(bytes, at);
  return at + size + backLengthBytes(size);
}

/** Where the element before `at` begins. */
export function previousElement(bytes: Uint8Array, at: number): number {
  let size = 0;
  let factor = 1;
  let read = at;
  do {
    read--;
    size += (bytes[read] & 0x7f) * factor;
    factor *= 128;
  } while ((bytes[read] & 0x80) !== 0);
  return read - size;
}

/** The value of the integer element at `at`, rounded beyond 53 bits; NaN where the element is a string. */
export function integerAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < STRING_6) return first;
  if (first < INTEGER_13 || (first >= STRING_12 && first < INTEGER_16)) return NaN;
  readInteger(bytes, at, integerRead);
  return integerRead.toNumber();
}

const integerRead = new Int64Words();

/** An element as it was read: valid until the next read, and only while its listpack does not change. */
export class ListpackElement {
  /** Whether it is stored as an integer. */
  isInteger = false;
  /** The element's text: its own bytes, or the decimal form of an integer. */
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** The integer's value. */
  readonly integer = new Int64Words();
  readonly #text = new Uint8Array(32);

  constructor() {
    this.bytes = this.#text;
  }

  /** Forgets what it has read, with the array that it was read from. */
  release(): void {
    this.bytes = this.#text;
    this.start = 0;
    this.end = 0;
  }

  /** Bytes of the text. */
  get length(): number {
    return this.end - this.start;
  }

  /** Reads the element at `at`. */
  read(bytes: Uint8Array, at: number): void {
    const first = bytes[at];
    if (first >= STRING_6 && first < INTEGER_13) {
      this.#setSpan(bytes, at + 1, at + 1 + (first & 0x3f));
    } else if (first >= STRING_12 && first < STRING_32) {
      this.#setSpan(bytes, at + 2, at + 2 + (((first & 0x0f) << 8) | bytes[at + 1]));
    } else if (first === STRING_32) {
      this.#setSpan(bytes, at + 5, at + 5 + unsigned32(bytes, at + 1));
    } else {
      readInteger(bytes, at, this.integer);
      this.isInteger = true;
      this.bytes = this.#text;
      this.start = 0;
      this.end = this.integer.format(this.#text, 0);
    }
  }

  #setSpan(bytes: Uint8Array, start: number, end: number): void {
    this.isInteger = false;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

/** The value of the integer element at `at`. */
export function readInteger(bytes: Uint8Array, at: number, target: Int64Words): void {
  const first = bytes[at];
  let low = 0;
  if (first < STRING_6) low = first;
  else if (first < STRING_12) low = (((first & 0x1f) << 8) | bytes[at + 1]) << 19 >> 19;
  else if (first === INTEGER_16) low = ((bytes[at + 1] << 16) | (bytes[at + 2] << 24)) >> 16;
  else if (first === INTEGER_24) {
    low = ((bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >> 8;
  } else low = unsigned32(bytes, at + 1) | 0;
  target.low = low;
  target.high = first === INTEGER_64 ? unsigned32(bytes, at + 5) | 0 : low >> 31;
}

/**
 * An element on its way into a listpack: prepared from bytes or from an integer, then written. Text that spells
 * a 64-bit integer the one right way becomes an integer, everything else a string.
 */
export class ListpackEncoder {
  /** Bytes of encoding, data and length behind. */
  total = 0;
  /** The bytes before the data: the whole encoding of an integer. */
  readonly head = new Uint8Array(9);
  headBytes = 0;
  /** The length to be written behind the data. */
  readonly tail = new Uint8Array(5);
  tailBytes = 0;
  /** Bytes of string data between the two. */
  dataBytes = 0;
  readonly #integer = new Int64Words();

  /** Prepares the element for bytes `start` to `end`. */
  prepare(bytes: Uint8Array, start: number, end: number): void {
    if (this.#integer.parse(bytes, start, end)) this.#prepareInteger();
    else this.#prepareString(end - start);
  }

  /** Prepares the element for a whole number of at most 53 bits. */
  prepareNumber(value: number): void {
    this.#integer.setNumber(value);
    this.#prepareInteger();
  }

  /** Prepares the element for a signed 64-bit integer in two words. */
  prepareWords(high: number, low: number): void {
    this.#integer.high = high;
    this.#integer.low = low;
    this.#prepareInteger();
  }

  #prepareString(length: number): void {
    const head = this.head;
    if (length < 64) {
      head[0] = STRING_6 | length;
      this.headBytes = 1;
    } else if (length < 4096) {
      head[0] = STRING_12 | (length >>> 8);
      head[1] = length;
      this.headBytes = 2;
    } else {
      head[0] = STRING_32;
      this.#writeWord(1, length);
      this.headBytes = 5;
    }
    this.dataBytes = length;
    this.#prepareTail(this.headBytes + length);
  }

  #prepareInteger(): void {
    const { high, low } = this.#integer;
    const head = this.head;
    if (high !== low >> 31) {
      head[0] = INTEGER_64;
      this.#writeWord(1, low);
      this.#writeWord(5, high);
      this.headBytes = 9;
    } else if (low >= 0 && low <= 127) {
      head[0] = low;
      this.headBytes = 1;
    } else if (low >= -4096 && low <= 4095) {
      head[0] = INTEGER_13 | ((low >> 8) & 0x1f);
      head[1] = low;
      this.headBytes = 2;
    } else {
      this.#writeWord(1, low);
      if (low >= -0x8000 && low <= 0x7fff) {
        head[0] = INTEGER_16;
        this.headBytes = 3;
      } else if (low >= -0x800000 && low <= 0x7fffff) {
        head[0] = INTEGER_24;
        this.headBytes = 4;
      } else {
        head[0] = INTEGER_32;
        this.headBytes = 5;
      }
    }
    this.dataBytes = 0;
    this.#prepareTail(this.headBytes);
  }

  #prepareTail(size: number): void {
    const tail = this.tail;
    const bytes = backLengthBytes(size);
    let rest = size;
    for (let at = bytes - 1; at > 0; at--) {
      tail[at] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    tail[0] = rest;
    this.tailBytes = bytes;
    this.total = size + bytes;
  }

  #writeWord(at: number, word: number): void {
    this.head[at] = word;
    this.head[at + 1] = word >> 8;
    this.head[at + 2] = word >> 16;
    this.head[at + 3] = word >> 24;
  }
}

const NO_BYTES = new Uint8Array(0);

/**
 * Finds an element with a given text among the elements of a listpack: prepared once, then asked for each. The bytes
 * must not change in between.
 */
export class ListpackNeedle {
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;
  #isInteger = false;
  readonly #integer = new Int64Words();
  readonly #other = new Int64Words();

  prepare(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#isInteger = this.#integer.parse(bytes, start, end);
  }

  /** Forgets the text, with the array that it is in. */
  release(): void {
    this.#bytes = NO_BYTES;
  }

  /** Whether the element at `at` has this text. */
  matches(bytes: Uint8Array, at: number): boolean {
    const first = bytes[at];
    if (first >= STRING_6 && first < INTEGER_13) return this.#spanEquals(bytes, at + 1, first & 0x3f);
    if (first >= STRING_12 && first < STRING_32) {
      return this.#spanEquals(bytes, at + 2, ((first & 0x0f) << 8) | bytes[at + 1]);
    }
    if (first === STRING_32) return this.#spanEquals(bytes, at + 5, unsigned32(bytes, at + 1));
    if (!this.#isInteger) return false;
    readInteger(bytes, at, this.#other);
    return this.#other.low === this.#integer.low && this.#other.high === this.#integer.high;
  }

  #spanEquals(bytes: Uint8Array, at: number, length: number): boolean {
    const own = this.#bytes;
    const start = this.#start;
    if (this.#end - start !== length) return false;
    // From the end: elements often begin alike ("user:1", "user:2").
    for (let index = length - 1; index >= 0; index--) {
      if (bytes[at + index] !== own[start + index]) return false;
    }
    return true;
  }
}
