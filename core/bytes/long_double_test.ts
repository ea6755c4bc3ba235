import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "./ascii.ts";
import { addLongDoubles, longDoubleText, parseLongDouble } from "./long_double.ts";

function parse(text: string) {
  const bytes = latin1Bytes(`1${text}1`);
  return parseLongDouble(bytes, 1, bytes.length - 1);
}

/** The reply of INCRBYFLOAT for a stored text and an increment. */
function sum(stored: string, increment: string): string {
  const left = parse(stored);
  const right = parse(increment);
  if (left === null || right === null) return "invalid";
  const result = addLongDoubles(left, right);
  return result === null ? "infinite" : longDoubleText(result);
}

Deno.test("sums as clients know them", () => {
  const cases: [string, string, string][] = [
    ["10.50", "0.1", "10.6"],
    ["10.6", "-5", "5.6"],
    ["5.0e3", "2.0e2", "5200"],
    ["3.0e3", "200", "3200"],
    ["1", "1.5", "2.5"],
    ["17179869184", "1", "17179869185"],
    ["17179869184", "1.5", "17179869185.5"],
    ["0", "-0.000000000000000001", "0"],
    ["0", "0.00000000000000001", "0.00000000000000001"],
    ["1.5", "-1.5", "0"],
    ["-0", "-0", "0"],
    ["0x10", "0x.8p0", "16.5"],
    ["3.0", "1.000000000000000005", "4.00000000000000001"],
    ["1e20", "0.5", "100000000000000000000"],
  ];
  for (const [stored, increment, expected] of cases) {
    assert.equal(sum(stored, increment), expected, `${stored} + ${increment}`);
  }
});

Deno.test("what is no valid float, and what is no finite sum", () => {
  for (
    const text of [
      "",
      " 1",
      "1 ",
      "nan",
      "abc",
      "1e",
      "1e5000",
      "1e-5000",
      "1e999999999999",
      `1${"0".repeat(5119)}`,
    ]
  ) {
    assert.equal(sum(text, "1"), "invalid", text.slice(0, 20));
  }
  assert.equal(sum("inf", "1"), "infinite");
  assert.equal(sum("1", "-inf"), "infinite");
  assert.equal(sum("inf", "-inf"), "infinite");
  assert.equal(sum("1.1e4932", "1.1e4932"), "infinite");
  assert.equal(sum("1.1e4932", "-1.1e4932"), "0");
});

Deno.test("whole numbers of 64 bits add exactly, larger ones round to nearest even", () => {
  const whole = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
  fc.assert(
    fc.property(whole, whole, (a, b) => {
      assert.equal(sum(a.toString(), b.toString()), (a + b).toString());
    }),
    { numRuns: 1000 },
  );
  assert.equal(sum("18446744073709551616", "1"), "18446744073709551616");
  assert.equal(sum("18446744073709551618", "1"), "18446744073709551620");
  assert.equal(sum("18446744073709551617", "0"), "18446744073709551616");
});
