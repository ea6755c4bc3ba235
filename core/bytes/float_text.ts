// The grammar of floating-point text as C's strtod and strtold read it, for double.ts and long_double.ts: finds the
// parts of a span in place. Also binary rounding of exact quotients, which both need where the fast way is not exact.
import { equalsWord, isSpaceByte, toLowerByte } from "./ascii.ts";

/** What `scanFloat` found. NaN texts are invalid here, as every command refuses them. */
export const FLOAT_INVALID = 0;
export const FLOAT_DECIMAL = 1;
const FLOAT_HEXADECIMAL = 2;
export const FLOAT_INFINITE = 3;

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_P = 0x70;
const LOWER_X = 0x78;

/** Exponents are cut here: far beyond any format's range, far below the limits of exact numbers. */
const EXPONENT_MAX = 1e8;

/** Parts of the last scanned text; valid until the next scan. */
export const scanned = {
  negative: false,
  /** Span of the digits, with the point inside if there is one. */
  digitsStart: 0,
  digitsEnd: 0,
  /** Digits behind the point. */
  fractionDigits: 0,
  /** Decimal exponent, or the binary exponent of a hexadecimal text; as written. */
  exponent: 0,
};

/** Reads a whole span as a floating-point number: a FLOAT_ constant, the parts in `scanned`. */
export function scanFloat(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || isSpaceByte(bytes[start])) return FLOAT_INVALID;
  let at = start;
  scanned.negative = bytes[at] === MINUS;
  if (scanned.negative || bytes[at] === PLUS) at++;
  if (equalsWord(bytes, at, end, "inf") || equalsWord(bytes, at, end, "infinity")) return FLOAT_INFINITE;
  if (at + 2 < end && bytes[at] === ZERO && toLowerByte(bytes[at + 1]) === LOWER_X) {
    return scanDigits(bytes, at + 2, end, LOWER_P) ? FLOAT_HEXADECIMAL : FLOAT_INVALID;
  }
  return scanDigits(bytes, at, end, LOWER_E) ? FLOAT_DECIMAL : FLOAT_INVALID;
}

/** The digits of the scanned text without the point; `base` 10 or 16. */
export function scannedDigits(bytes: Uint8Array, base: 10 | 16): bigint {
  let text = base === 16 ? "0x" : "";
  for (let at = scanned.digitsStart; at < scanned.digitsEnd; at++) {
    if (bytes[at] !== POINT) text += String.fromCharCode(bytes[at]);
  }
  return BigInt(text);
}

/** A non-negative binary number: mantissa * 2^exponent. */
export interface Binary {
  mantissa: bigint;
  exponent: number;
}

/**
 * Rounds numerator / denominator * 2^exponent, all exact, to a mantissa of at most `bits` bits and an exponent of at
 * least `exponentMin` (subnormal numbers keep fewer bits): to nearest, ties to even.
 */
export function roundQuotient(
  numerator: bigint,
  denominator: bigint,
  exponent: number,
  bits: number,
  exponentMin: number,
): Binary {
  if (numerator === 0n) return { mantissa: 0n, exponent: exponentMin };
  const lowest = bitLength(numerator) - bitLength(denominator) + exponent - bits;
  let scale = Math.max(lowest, exponentMin);
  let rounded = divideRounding(numerator, denominator, exponent - scale);
  if (bitLength(rounded) > bits) {
    scale++;
    rounded = divideRounding(numerator, denominator, exponent - scale);
  }
  return { mantissa: rounded, exponent: scale };
}

/** Bits of a non-negative integer without leading zeros; 0 for 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const text = value.toString(16);
  return text.length * 4 - Math.clz32(parseInt(text[0], 16)) + 28;
}

/** numerator * 2^shift / denominator, to the nearest integer, ties to even. */
export function divideRounding(numerator: bigint, denominator: bigint, shift: number): bigint {
  const top = shift > 0 ? numerator << BigInt(shift) : numerator;
  const bottom = shift < 0 ? denominator << BigInt(-shift) : denominator;
  const quotient = top / bottom;
  const doubledRest = (top - quotient * bottom) * 2n;
  const up = doubledRest > bottom || (doubledRest === bottom && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** Digits, a point somewhere, at least one digit, then perhaps an exponent, and nothing more. */
function scanDigits(bytes: Uint8Array, start: number, end: number, exponentMark: number): boolean {
  const hexadecimal = exponentMark === LOWER_P;
  let at = start;
  let point = -1;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === POINT && point < 0) point = at;
    else if (!isDigit(byte) && !(hexadecimal && isHexadecimalLetter(byte))) break;
  }
  if (at - start - (point < 0 ? 0 : 1) === 0) return false;
  scanned.digitsStart = start;
  scanned.digitsEnd = at;
  scanned.fractionDigits = point < 0 ? 0 : at - point - 1;
  scanned.exponent = 0;
  if (at === end) return true;
  return toLowerByte(bytes[at]) === exponentMark && scanExponent(bytes, at + 1, end);
}

function scanExponent(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  const negative = at < end && bytes[at] === MINUS;
  if (negative || (at < end && bytes[at] === PLUS)) at++;
  if (at === end) return false;
  let value = 0;
  for (; at < end; at++) {
    if (!isDigit(bytes[at])) return false;
    if (value < EXPONENT_MAX) value = value * 10 + (bytes[at] - ZERO);
  }
  scanned.exponent = negative ? -value : value;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function isHexadecimalLetter(byte: number): boolean {
  const lower = toLowerByte(byte);
  return lower >= LOWER_A && lower <= LOWER_F;
}
