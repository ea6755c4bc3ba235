import assert from "node:assert/strict";
import fc from "fast-check";
import { doubleText17 } from "./double_17_digits.ts";

Deno.test("17 digits, as printf writes them", () => {
  const texts: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [0.1, "0.10000000000000001"],
    [-0.5, "-0.5"],
    [1e-4, "0.0001"],
    [1e-7, "9.9999999999999995e-08"],
    [5e-324, "4.9406564584124654e-324"],
    [123456789012345678, "1.2345678901234568e+17"],
    [1e16, "10000000000000000"],
    [1e17, "1e+17"],
    [1.5e300, "1.5000000000000001e+300"],
    [3.14159, "3.1415899999999999"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
  ];
  for (const [value, text] of texts) assert.equal(doubleText17(value), text);
});

/** Exactly: the digits of the binary fraction as a bigint, rounded half to even. Plain numbers only. */
function exactText(value: number): string {
  const bits = new BigUint64Array(new Float64Array([Math.abs(value)]).buffer)[0];
  const mantissa = (bits & ((1n << 52n) - 1n)) | (1n << 52n);
  // The value is mantissa / 2^shift.
  const shift = 1075n - (bits >> 52n);
  const scaled = mantissa * 10n ** 40n;
  const digits = `${scaled >> shift}`;
  const unit = 10n ** BigInt(digits.length - 17) << shift;
  let rounded = scaled / unit;
  const rest = (scaled - rounded * unit) * 2n;
  if (rest > unit || (rest === unit && rounded % 2n === 1n)) rounded++;
  const text = `${rounded}`.padEnd(digits.length, "0").padStart(41, "0");
  const fraction = text.slice(-40).replace(/0+$/, "");
  return `${value < 0 ? "-" : ""}${text.slice(0, -40)}${fraction === "" ? "" : `.${fraction}`}`;
}

Deno.test("plain numbers have the very digits, and ties go to the even one", () => {
  const check = (value: number) => {
    const magnitude = Math.abs(value);
    if (magnitude >= 1e-4 && magnitude < 2 ** 53) assert.equal(doubleText17(value), exactText(value));
    else if (Number.isFinite(value)) assert.equal(Number(doubleText17(value)), value);
  };
  fc.assert(fc.property(fc.double(), check), { numRuns: 10_000 });
  fc.assert(fc.property(fc.double({ min: -2, max: 2 }), check), { numRuns: 10_000 });
  fc.assert(fc.property(fc.double({ min: 0.00005, max: 0.2 }), check), { numRuns: 10_000 });
  fc.assert(fc.property(fc.double({ min: -(2 ** 54), max: 2 ** 54 }), check), { numRuns: 10_000 });
  fc.assert(fc.property(fc.integer(), fc.integer({ min: 1, max: 1e6 }), (a, b) => check(a / b)), {
    numRuns: 10_000,
  });
  fc.assert(fc.property(fc.integer(), fc.nat(60), (a, power) => check(a / 2 ** power)), { numRuns: 10_000 });
  for (const power of [1, 0.1, 0.01, 0.001, 0.0001, 10, 100, 1e9, 2 ** 30, 1e15, 2 ** 53]) {
    for (let ulps = -3; ulps <= 3; ulps++) check(power + ulps * power * 2 ** -53);
  }
});

Deno.test("beyond plain numbers ties go to the even digit too", () => {
  assert.equal(doubleText17(2 ** -25), "2.9802322387695312e-08");
  assert.equal(doubleText17(3 * 2 ** -24), "1.7881393432617188e-07");
});
