// Doubles with 17 significant digits, as C's printf("%.17g") writes them: where replies and digests of Valkey do so
// instead of using the fewest digits.

const DIGITS = 17;

/** `value` with 17 digits, trailing zeros dropped: "0.10000000000000001", "1e+30", "inf", "-0". Allocates. */
export function doubleText17(value: number): string {
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (value !== value) return "nan";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const text = Math.abs(value).toExponential(DIGITS - 1);
  const mark = text.indexOf("e");
  const exponent = Number(text.slice(mark + 1));
  const digits = text[0] + text.slice(2, mark);
  if (exponent < -4 || exponent >= DIGITS) {
    const fraction = withoutZeros(digits.slice(1));
    const size = `${Math.abs(exponent)}`.padStart(2, "0");
    return `${sign}${digits[0]}${fraction === "" ? "" : `.${fraction}`}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${withoutZeros(digits)}`;
  const fraction = withoutZeros(digits.slice(exponent + 1));
  return `${sign}${digits.slice(0, exponent + 1)}${fraction === "" ? "" : `.${fraction}`}`;
}

function withoutZeros(digits: string): string {
  return digits.replace(/0+$/, "");
}
