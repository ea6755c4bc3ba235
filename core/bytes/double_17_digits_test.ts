import assert from "node:assert/strict";
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
