// Integers as decimal bytes: strict parsing and formatting without strings. Called by every command that takes or
// stores a number, by the reply writer and by the encoders. Only the bigint functions allocate.

/** Longest text of a signed 64-bit integer: a sign and 19 digits. */
export const INT64_TEXT_BYTES_MAX = 20;

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

/** Digits that always fit a number exactly (2^53 has 16). */
const EXACT_DIGITS = 15;
/** Digits that always fit a signed 64-bit integer. */
const INT64_SURE_DIGITS = 18;
const INT64_DIGITS = 19;

/**
 * The value of a span that spells a signed 64-bit integer strictly: optional minus, no plus, no leading zero, no "-0",
 * no space. NaN when it does not, and NaN too when the value is beyond 2^53 - 1 either way: callers that accept
 * all 64 bits then ask `parseInt64`.
 */
export function parseSafeInteger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let negative = false;
  if (at < end && bytes[at] === MINUS) {
    negative = true;
    at++;
  }
  const digits = end - at;
  if (digits < 1 || digits > EXACT_DIGITS + 1) return NaN;
  let value = bytes[at] - ZERO;
  if (value === 0) return digits === 1 && !negative ? 0 : NaN;
  if (value < 0 || value > 9) return NaN;
  for (at++; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return NaN;
  return negative ? -value : value;
}

/** Whether the span spells a signed 64-bit integer strictly (as `parseSafeInteger`, but for all 64 bits). */
export function isInt64(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  const negative = at < end && bytes[at] === MINUS;
  if (negative) at++;
  const digits = end - at;
  if (digits < 1 || digits > INT64_DIGITS) return false;
  if (bytes[at] === ZERO) return digits === 1 && !negative;
  for (let index = at; index < end; index++) {
    if (bytes[index] < ZERO || bytes[index] > NINE) return false;
  }
  return digits <= INT64_SURE_DIGITS || fitsInt64(bytes, at, negative ? MAGNITUDE_MIN : MAGNITUDE_MAX);
}

/** The value of a span that spells a signed 64-bit integer strictly, or null. */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const small = parseSafeInteger(bytes, start, end);
  if (small === small) return BigInt(small);
  if (!isInt64(bytes, start, end)) return null;
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return BigInt(text);
}

/** Writes a whole number between -(2^53 - 1) and 2^53 - 1 in decimal; returns the end offset. */
export function formatInteger(target: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  if (rest < 0) {
    target[at++] = MINUS;
    rest = -rest;
  }
  const end = at + countDigits(rest);
  let write = end;
  // Division in doubles is several times dearer than in 31-bit integers: cut off nine digits at a time.
  while (rest > INT31_MAX) {
    const high = Math.floor(rest / 1e9);
    let low = rest - high * 1e9;
    for (let index = 0; index < 9; index++) {
      const next = (low / 10) | 0;
      target[--write] = ZERO + (low - next * 10);
      low = next;
    }
    rest = high;
  }
  let low = rest | 0;
  do {
    const next = (low / 10) | 0;
    target[--write] = ZERO + (low - next * 10);
    low = next;
  } while (low !== 0);
  return end;
}

/** Writes any integer in decimal; returns the end offset. */
export function formatInt64(target: Uint8Array, offset: number, value: bigint): number {
  if (value >= SAFE_MIN && value <= SAFE_MAX) return formatInteger(target, offset, Number(value));
  const text = value.toString();
  for (let index = 0; index < text.length; index++) target[offset + index] = text.charCodeAt(index);
  return offset + text.length;
}

/** Decimal digits of a whole number from 0 to 2^53 - 1. */
export function countDigits(value: number): number {
  if (value < 100000) {
    if (value < 100) return value < 10 ? 1 : 2;
    if (value < 1000) return 3;
    return value < 10000 ? 4 : 5;
  }
  let digits = 6;
  for (let limit = 1e6; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Bytes that `formatInteger` writes for a value. */
export function integerTextBytes(value: number): number {
  return value < 0 ? 1 + countDigits(-value) : countDigits(value);
}

const INT31_MAX = 0x3fffffff;
const SAFE_MIN = BigInt(Number.MIN_SAFE_INTEGER);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const MAGNITUDE_MAX = digitsOf("9223372036854775807");
const MAGNITUDE_MIN = digitsOf("9223372036854775808");

function digitsOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}

function fitsInt64(bytes: Uint8Array, start: number, limit: Uint8Array): boolean {
  for (let index = 0; index < INT64_DIGITS; index++) {
    const difference = bytes[start + index] - limit[index];
    if (difference !== 0) return difference < 0;
  }
  return true;
}
