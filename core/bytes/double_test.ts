import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "./ascii.ts";
import { doubleText, parseDouble } from "./double.ts";

function parse(text: string): number {
  const bytes = latin1Bytes(`9${text}9`);
  return parseDouble(bytes, 1, bytes.length - 1);
}

Deno.test("what strtod refuses, or reads only in part, is NaN", () => {
  const refused = [
    "",
    " 1",
    "1 ",
    "\t1",
    "nan",
    "NaN",
    "-nan",
    "abc",
    "1e",
    "1e+",
    "e5",
    ".",
    "-",
    "+",
    "1.2.3",
  ];
  refused.push(
    "0x",
    "0x.",
    "0x1p",
    "1_0",
    "1e400",
    "-1e400",
    "1e-400",
    "0x1p2000",
    "infinit",
    "1\0",
    "1e5 ",
    "0b1",
  );
  for (const text of refused) assert.equal(parse(text), NaN, text);
});

Deno.test("what strtod reads", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["-0", -0],
    ["+5", 5],
    [".5", 0.5],
    ["5.", 5],
    ["5.e1", 50],
    ["1E+2", 100],
    ["0e99999999999", 0],
    ["0010", 10],
    ["inf", Infinity],
    ["+InF", Infinity],
    ["-Infinity", -Infinity],
    ["0x10", 16],
    ["0X1.8p1", 3],
    ["-0x.8", -0.5],
    ["0x1p-1074", 5e-324],
    ["0x1.fffffffffffff8p0", 2],
    ["0x1.fffffffffffff7p0", 1.9999999999999998],
    ["5e-324", 5e-324],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["9007199254740993", 9007199254740992],
    ["123456789012345678901234567890", 1.2345678901234568e29],
  ];
  for (const [text, value] of cases) assert.equal(parse(text), value, text);
});

Deno.test("every finite double reads back from any of its decimal forms", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(finite, fc.integer({ min: 0, max: 20 }), (value, digits) => {
      if (value !== 0) assert.equal(parse(String(value)), value);
      assert.equal(parse(doubleText(value)), value);
      const fixed = value.toExponential(digits);
      if (Number.isFinite(Number(fixed)) && Number(fixed) !== 0) assert.equal(parse(fixed), Number(fixed));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("digits beyond the deciding ones still decide a tie", () => {
  const tie = "1.00000000000000011102230246251565404236316680908203125";
  assert.equal(parse(tie), 1);
  assert.equal(parse(tie + "0".repeat(2000)), 1);
  assert.equal(parse(tie + "0".repeat(2000) + "1"), 1 + Number.EPSILON);
  assert.equal(parse("1" + "0".repeat(3000) + "e-3000"), 1);
});

Deno.test("printed doubles read back the same and are the shortest", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(finite, (value) => {
      const text = doubleText(value);
      assert.equal(parse(text), value, text);
      if (Number.isInteger(value) && Math.abs(value) <= 2 ** 62) return;
      const digits = text.replace(/e.*$/, "").replace(/[-.]/g, "").replace(
        /^0+|0+$/g,
        "",
      );
      assert.ok(digits.length <= 17);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("layout of printed doubles", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [NaN, "nan"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [3, "3"],
    [-1.5, "-1.5"],
    [0.1, "0.1"],
    [1e-6, "0.000001"],
    [1e-7, "1e-7"],
    [1.5e-7, "1.5e-7"],
    [1.25e-4, "0.000125"],
    [123456.789, "123456.789"],
    [1e8, "100000000"],
    [12e8, "1200000000"],
    [1e18, "1000000000000000000"],
    [2 ** 62, "4611686018427387904"],
    [-(2 ** 62), "-4611686018427387904"],
    [2 ** 63, "9223372036854776000"],
    [1e20, "1e+20"],
    [-1.25e100, "-1.25e+100"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [5e-324, "5e-324"],
  ];
  for (const [value, text] of cases) assert.equal(doubleText(value), text);
});
