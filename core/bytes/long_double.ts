// The 80-bit extended floats of x86 (64-bit mantissa, 15-bit exponent): what INCRBYFLOAT and HINCRBYFLOAT compute with.
// Reads decimal text, adds and prints with 17 digits after the point, each step rounded to nearest even as the FPU and
// the C library do. Built on BigInt: exact, not fast.
import {
  type Binary,
  bitLength,
  divideRounding,
  FLOAT_DECIMAL,
  FLOAT_INFINITE,
  FLOAT_INVALID,
  roundQuotient,
  scanFloat,
  scanned,
  scannedDigits,
} from "./float_text.ts";

/** mantissa * 2^exponent, the mantissa signed and within 64 bits. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
  /** Infinity, with the sign of the mantissa. */
  readonly infinite: boolean;
}

/** Texts of this many bytes and longer are refused. */
const LONG_DOUBLE_TEXT_BYTES_MAX = 5120;

const MANTISSA_BITS = 64;
/** Exponent of the lowest bit of a subnormal number. */
const EXPONENT_MIN = -16445;
/** Values from 2^16384 on are infinite. */
const MAGNITUDE_BITS_MAX = 16384;
/** Beyond these powers no mantissa that fits the text limit brings the value back into range. */
const DECIMAL_POWER_MAX = 5000;
const DECIMAL_POWER_MIN = -10200;
const BINARY_POWER_LIMIT = 40000;

const FRACTION_DIGITS = 17;
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS);

export const LONG_DOUBLE_ZERO: LongDouble = { mantissa: 0n, exponent: 0, infinite: false };

/**
 * The value of a whole span as strtold would read it, or null where a command says "value is not a valid float": empty,
 * white space around it, "nan", overflow, underflow to zero, too long. "inf" is read.
 */
export function parseLongDouble(bytes: Uint8Array, start: number, end: number): LongDouble | null {
  if (end - start >= LONG_DOUBLE_TEXT_BYTES_MAX) return null;
  const kind = scanFloat(bytes, start, end);
  if (kind === FLOAT_INVALID) return null;
  if (kind === FLOAT_INFINITE) {
    return { mantissa: scanned.negative ? -1n : 1n, exponent: 0, infinite: true };
  }
  const decimal = kind === FLOAT_DECIMAL;
  const digits = scannedDigits(bytes, decimal ? 10 : 16);
  if (digits === 0n) return LONG_DOUBLE_ZERO;
  const magnitude = decimal
    ? decimalMagnitude(digits, scanned.exponent - scanned.fractionDigits)
    : hexadecimalMagnitude(digits, scanned.exponent - 4 * scanned.fractionDigits);
  if (magnitude === null || magnitude.mantissa === 0n || isOverflow(magnitude)) return null;
  return signed(magnitude, scanned.negative);
}

/** The sum, or null where it is infinite or NaN ("increment would produce NaN or Infinity"). */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.infinite || b.infinite) return null;
  const exponent = Math.min(a.exponent, b.exponent);
  const total = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const negative = total < 0n;
  const magnitude = roundQuotient(negative ? -total : total, 1n, exponent, MANTISSA_BITS, EXPONENT_MIN);
  return isOverflow(magnitude) ? null : signed(magnitude, negative);
}

/** Decimal text with at most 17 digits behind the point and no trailing zeros; "0" for zero of either sign. */
export function longDoubleText(value: LongDouble): string {
  const negative = value.mantissa < 0n;
  const magnitude = negative ? -value.mantissa : value.mantissa;
  const text = value.exponent >= 0
    ? (magnitude << BigInt(value.exponent)).toString()
    : fractionText(magnitude, -value.exponent);
  return negative && text !== "0" ? `-${text}` : text;
}

/** magnitude / 2^shift. */
function fractionText(magnitude: bigint, shift: number): string {
  const scaled = divideRounding(magnitude * FRACTION_SCALE, 1n, -shift);
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, "0");
  const point = digits.length - FRACTION_DIGITS;
  let end = digits.length;
  while (end > point && digits[end - 1] === "0") end--;
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
}

function decimalMagnitude(digits: bigint, power: number): Binary | null {
  if (power > DECIMAL_POWER_MAX || power < DECIMAL_POWER_MIN) return null;
  return power >= 0
    ? roundQuotient(digits * 10n ** BigInt(power), 1n, 0, MANTISSA_BITS, EXPONENT_MIN)
    : roundQuotient(digits, 10n ** BigInt(-power), 0, MANTISSA_BITS, EXPONENT_MIN);
}

function hexadecimalMagnitude(digits: bigint, power: number): Binary | null {
  if (power > BINARY_POWER_LIMIT || power < -BINARY_POWER_LIMIT) return null;
  return roundQuotient(digits, 1n, power, MANTISSA_BITS, EXPONENT_MIN);
}

function isOverflow(magnitude: Binary): boolean {
  return bitLength(magnitude.mantissa) + magnitude.exponent > MAGNITUDE_BITS_MAX;
}

function signed(magnitude: Binary, negative: boolean): LongDouble {
  const mantissa = negative ? -magnitude.mantissa : magnitude.mantissa;
  return { mantissa, exponent: magnitude.exponent, infinite: false };
}
