// Byte-span helpers: comparing, ASCII case folding, writing short texts. Lowest room, no dependencies.
// Every function reads spans (bytes, start, end) in place and allocates nothing unless its name says so.

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const CASE_BIT = 0x20;

/** Lower-case form of an ASCII letter; every other byte is returned as it is. */
export function toLowerByte(byte: number): number {
  return byte >= UPPER_A && byte <= UPPER_Z ? byte | CASE_BIT : byte;
}

/** Whether a byte is white space for C's `isspace` in the C locale: space, \t, \n, \v, \f, \r. */
export function isSpaceByte(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** Whether the span spells `word`, ignoring ASCII case. `word` must be lower-case ASCII. */
export function equalsWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  const length = word.length;
  if (end - start !== length) return false;
  for (let index = 0; index < length; index++) {
    if (toLowerByte(bytes[start + index]) !== word.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether two spans hold the same bytes. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (bEnd - bStart !== length) return false;
  for (let index = 0; index < length; index++) {
    if (a[aStart + index] !== b[bStart + index]) return false;
  }
  return true;
}

/** Writes a text of characters below 256, one byte each; returns the end offset. */
export function writeLatin1(target: Uint8Array, offset: number, text: string): number {
  const length = text.length;
  for (let index = 0; index < length; index++) target[offset + index] = text.charCodeAt(index);
  return offset + length;
}

/** A new array with one byte for each character of a text of characters below 256. Allocates. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeLatin1(bytes, 0, text);
  return bytes;
}

/** The span as a string with one character a byte: loses nothing, unlike UTF-8 decoding. Allocates. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let from = start; from < end; from += LATIN1_CHUNK_BYTES) {
    const to = from + LATIN1_CHUNK_BYTES < end ? from + LATIN1_CHUNK_BYTES : end;
    text += String.fromCharCode.apply(null, bytes.subarray(from, to) as unknown as number[]);
  }
  return text;
}

/** Engines limit the number of arguments of one call; this stays far below. */
const LATIN1_CHUNK_BYTES = 4096;
