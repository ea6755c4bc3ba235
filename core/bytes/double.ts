// Doubles as text: read as strtod reads them (whole span, no white space, no NaN, no overflow), printed with the fewest
// digits that read back the same. Called by commands with float arguments, the reply writer and the encoders.
import { writeLatin1 } from "./ascii.ts";
import {
  FLOAT_DECIMAL,
  FLOAT_INFINITE,
  FLOAT_INVALID,
  roundQuotient,
  scanFloat,
  scanned,
  scannedDigits,
} from "./float_text.ts";
import { formatInt64, formatInteger } from "./integer.ts";

/** Longest text of `formatDouble`, with room to spare. */
export const DOUBLE_TEXT_BYTES_MAX = 32;

const ZERO = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const LOWER_E = 0x65;

/** Whole numbers of at most 15 digits times or over a power of ten up to 22 round only once: exact (Clinger). */
const EXACT_DIGITS = 15;
const EXACT_POWER = 22;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_POWER + 1 }, (_, power) => Number(`1e${power}`));

const MANTISSA_BITS = 53;
const EXPONENT_MIN = -1074;
const EXPONENT_TOO_LARGE = 30000;

/** The longest exact decimal between two neighbouring doubles has 767 digits. */
const DECIDING_DIGITS = 800;
/** Hexadecimal texts longer than this are refused: their conversion would take more than linear time. */
const HEXADECIMAL_DIGITS_MAX = 5120;

/** Integers up to this magnitude print in full: half of the largest signed 64-bit integer. */
const PLAIN_INTEGER_MAX = 2 ** 62;

/**
 * The value of a whole span as strtod would read it: decimal or hexadecimal, sign, exponent, `inf`, `infinity`.
 * NaN for anything else: empty, white space around it, "nan", overflow to infinity, underflow to zero.
 */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  const kind = scanFloat(bytes, start, end);
  if (kind === FLOAT_INVALID) return NaN;
  if (kind === FLOAT_INFINITE) return scanned.negative ? -Infinity : Infinity;
  const magnitude = kind === FLOAT_DECIMAL ? decimalMagnitude(bytes) : hexadecimalMagnitude(bytes);
  return scanned.negative ? -magnitude : magnitude;
}

/**
 * Writes a double as replies and stored scores carry it: `inf`, `-inf`, `nan`, "-0"; integers up to 2^62 in full; else the
 * fewest digits that read back the same, with an exponent where plain digits would need many zeros (`1e+20`, `1e-7`).
 * Returns the end offset; needs DOUBLE_TEXT_BYTES_MAX bytes.
 */
export function formatDouble(target: Uint8Array, offset: number, value: number): number {
  if (value >= -PLAIN_INTEGER_MAX && value <= PLAIN_INTEGER_MAX && Number.isInteger(value) && value !== 0) {
    return Number.isSafeInteger(value)
      ? formatInteger(target, offset, value)
      : formatInt64(target, offset, BigInt(value));
  }
  if (value !== value) return writeLatin1(target, offset, "nan");
  let at = offset;
  if (value < 0 || Object.is(value, -0)) target[at++] = MINUS;
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return writeLatin1(target, at, "inf");
  if (magnitude === 0) return writeLatin1(target, at, "0");
  return emitDigits(target, at, magnitude);
}

/** The text of `formatDouble`. Allocates. */
export function doubleText(value: number): string {
  const end = formatDouble(scratch, 0, value);
  let text = "";
  for (let index = 0; index < end; index++) text += String.fromCharCode(scratch[index]);
  return text;
}

const scratch = new Uint8Array(DOUBLE_TEXT_BYTES_MAX);

function decimalMagnitude(bytes: Uint8Array): number {
  let mantissa = 0;
  let digits = 0;
  for (let at = scanned.digitsStart; at < scanned.digitsEnd; at++) {
    if (bytes[at] === POINT) continue;
    if (digits === 0 && bytes[at] === ZERO) continue;
    if (++digits > EXACT_DIGITS) return slowDecimalMagnitude(bytes);
    mantissa = mantissa * 10 + (bytes[at] - ZERO);
  }
  if (mantissa === 0) return 0;
  const power = scanned.exponent - scanned.fractionDigits;
  if (power >= 0 && power <= EXACT_POWER) return mantissa * POWERS_OF_TEN[power];
  if (power < 0 && power >= -EXACT_POWER) return mantissa / POWERS_OF_TEN[-power];
  return slowDecimalMagnitude(bytes);
}

/**
 * JavaScript's own conversion is correctly rounded and takes exactly this grammar. Digits beyond those that can decide a
 * rounding are replaced by one 1 if any of them is not zero. Not called for zero.
 */
function slowDecimalMagnitude(bytes: Uint8Array): number {
  let text = "";
  let power = scanned.exponent - scanned.fractionDigits;
  let restIsZero = true;
  for (let at = scanned.digitsStart; at < scanned.digitsEnd; at++) {
    const byte = bytes[at];
    if (byte === POINT || (text === "" && byte === ZERO)) continue;
    if (text.length < DECIDING_DIGITS) {
      text += String.fromCharCode(byte);
    } else {
      power++;
      if (byte !== ZERO) restIsZero = false;
    }
  }
  if (!restIsZero) {
    text += "1";
    power--;
  }
  return refuseOutOfRange(Number(`${text}e${power}`));
}

function hexadecimalMagnitude(bytes: Uint8Array): number {
  const length = scanned.digitsEnd - scanned.digitsStart;
  if (length > HEXADECIMAL_DIGITS_MAX) return NaN;
  const digits = scannedDigits(bytes, 16);
  if (digits === 0n) return 0;
  const exponent = scanned.exponent - 4 * scanned.fractionDigits;
  if (exponent > EXPONENT_TOO_LARGE || exponent + 4 * length < -EXPONENT_TOO_LARGE) return NaN;
  const rounded = roundQuotient(digits, 1n, exponent, MANTISSA_BITS, EXPONENT_MIN);
  return refuseOutOfRange(Number(rounded.mantissa) * 2 ** rounded.exponent);
}

function refuseOutOfRange(magnitude: number): number {
  return magnitude === Infinity || magnitude === 0 ? NaN : magnitude;
}

/** Lays out the shortest digits that JavaScript finds; they are d.ddd or d.ddde+xx, never more than 17. */
function emitDigits(target: Uint8Array, offset: number, magnitude: number): number {
  const text = magnitude.toExponential();
  const mark = text.indexOf("e");
  const exponent = Number(text.slice(mark + 1));
  const count = mark === 1 ? 1 : mark - 1;
  const power = exponent - count + 1;
  const size = Math.abs(exponent);
  let at = offset;
  if (power >= 0 && size < count + 7) {
    at = emitSpan(target, at, text, 0, count);
    for (let zero = 0; zero < power; zero++) target[at++] = ZERO;
    return at;
  }
  if (power < 0 && (power > -7 || size < 4)) {
    const whole = count + power;
    if (whole > 0) {
      at = emitSpan(target, at, text, 0, whole);
      target[at++] = POINT;
      return emitSpan(target, at, text, whole, count);
    }
    target[at++] = ZERO;
    target[at++] = POINT;
    for (let zero = whole; zero < 0; zero++) target[at++] = ZERO;
    return emitSpan(target, at, text, 0, count);
  }
  at = emitSpan(target, at, text, 0, 1);
  if (count > 1) {
    target[at++] = POINT;
    at = emitSpan(target, at, text, 1, count);
  }
  target[at++] = LOWER_E;
  target[at++] = exponent < 0 ? MINUS : PLUS;
  return formatInteger(target, at, size);
}

/** Digits `from` to `to` of a text d.ddd, counted without the point. */
function emitSpan(target: Uint8Array, offset: number, text: string, from: number, to: number): number {
  let at = offset;
  for (let index = from; index < to; index++) {
    target[at++] = text.charCodeAt(index === 0 ? 0 : index + 1);
  }
  return at;
}
