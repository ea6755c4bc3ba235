// Doubles with 17 significant digits, as C's printf("%.17g") writes them: where replies and digests of Valkey do so
// instead of using the fewest digits; and in logs.
import { latin1Text, writeLatin1 } from "./ascii.ts";
import { countDigits, formatInteger } from "./integer.ts";

const DIGITS = 17;
/** Longest text. */
export const DOUBLE_17_TEXT_BYTES_MAX = 32;

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Numbers from here up to the other limit are written without an exponent, and digit by digit. */
const PLAIN_MIN = 1e-4;
const PLAIN_MAX = 2 ** 53;
/** A fraction is three limbs of this many bits: exact from PLAIN_MIN on, where a double ends at 2^-66. */
const LIMB = 2 ** 26;
const DIGITS_PER_STEP = 4;
/** Digits that tell whether what is beyond the 17th one is exactly a half. */
const LONG_DIGITS = 100;

let high = 0;
let middle = 0;
let low = 0;

/**
 * Writes `value` as `doubleText17` has it; returns the end offset. Needs DOUBLE_17_TEXT_BYTES_MAX bytes. Allocates only
 * beyond the limits of plain numbers. Exact: digits come off the binary fraction by multiplication.
 */
export function formatDouble17(target: Uint8Array, offset: number, value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude >= PLAIN_MIN && magnitude < PLAIN_MAX)) {
    return writeLatin1(target, offset, specialText(value));
  }
  let at = offset;
  if (value < 0) target[at++] = MINUS;
  const whole = Math.floor(magnitude);
  at = formatInteger(target, at, whole);
  const fraction = magnitude - whole;
  if (fraction === 0) return at;
  target[at++] = POINT;
  high = Math.floor(fraction * LIMB);
  const rest = fraction * LIMB - high;
  middle = Math.floor(rest * LIMB);
  low = (rest * LIMB - middle) * LIMB;
  return writeFraction(target, at, decimalsOf(magnitude, whole));
}

/** Decimals that make 17 digits; zeros in front count as none. */
function decimalsOf(magnitude: number, whole: number): number {
  if (whole > 0) return DIGITS - countDigits(whole);
  if (magnitude >= 0.1) return DIGITS;
  if (magnitude >= 0.01) return DIGITS + 1;
  return magnitude >= 0.001 ? DIGITS + 2 : DIGITS + 3;
}

/**
 * So many decimals of the limbs, rounded, without the zeros at the end. 17 digits tell any two doubles apart: no whole
 * number comes out.
 */
function writeFraction(target: Uint8Array, start: number, decimals: number): number {
  let at = start;
  for (let left = decimals; left > 0; left -= DIGITS_PER_STEP) {
    const count = Math.min(left, DIGITS_PER_STEP);
    let digits = nextDigits(count);
    for (let write = at + count - 1; write >= at; write--) {
      const next = (digits / 10) | 0;
      target[write] = ZERO + (digits - next * 10);
      digits = next;
    }
    at += count;
  }
  const half = LIMB / 2;
  const isTie = high === half && middle === 0 && low === 0;
  if (isTie ? (target[at - 1] & 1) === 1 : high >= half) {
    let carry = at - 1;
    while (target[carry] === NINE) target[carry--] = ZERO;
    target[carry]++;
  }
  while (target[at - 1] === ZERO) at--;
  return at;
}

/** Takes the next `count` decimals (at most four) off the limbs. */
function nextDigits(count: number): number {
  const factor = count === 4 ? 10_000 : count === 3 ? 1000 : count === 2 ? 100 : 10;
  low *= factor;
  let carry = Math.floor(low / LIMB);
  low -= carry * LIMB;
  middle = middle * factor + carry;
  carry = Math.floor(middle / LIMB);
  middle -= carry * LIMB;
  high = high * factor + carry;
  carry = Math.floor(high / LIMB);
  high -= carry * LIMB;
  return carry;
}

/** `value` with 17 digits, trailing zeros dropped: "0.10000000000000001", "1e+30", "inf", "-0". Allocates. */
export function doubleText17(value: number): string {
  return latin1Text(scratch, 0, formatDouble17(scratch, 0, value));
}

const scratch = new Uint8Array(DOUBLE_17_TEXT_BYTES_MAX);

/** Zeros, what is not finite, and all beyond the limits of plain numbers. */
function specialText(value: number): string {
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (value !== value) return "nan";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const text = roundedToEven(Math.abs(value));
  const mark = text.indexOf("e");
  const exponent = Number(text.slice(mark + 1));
  const digits = text[0] + text.slice(2, mark);
  if (exponent < -4 || exponent >= DIGITS) {
    const fraction = withoutZeros(digits.slice(1));
    const size = `${Math.abs(exponent)}`.padStart(2, "0");
    return `${sign}${digits[0]}${fraction === "" ? "" : `.${fraction}`}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return `${sign}${digits.slice(0, exponent + 1)}`;
}

/** 17 digits and the exponent. Where two texts are equally near, toExponential takes the larger one, C the even one. */
function roundedToEven(magnitude: number): string {
  const text = magnitude.toExponential(DIGITS - 1);
  const mark = text.indexOf("e");
  const last = Number(text[mark - 1]);
  if (last % 2 === 0 || !/^50*e/.test(magnitude.toExponential(LONG_DIGITS).slice(mark))) return text;
  return text.slice(0, mark - 1) + (last - 1) + text.slice(mark);
}

function withoutZeros(digits: string): string {
  return digits.replace(/0+$/, "");
}
