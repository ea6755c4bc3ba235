import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "./ascii.ts";
import {
  countDigits,
  formatInt64,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  integerTextBytes,
  isInt64,
  parseInt64,
  parseSafeInteger,
} from "./integer.ts";

const REFUSED = [
  "",
  "-",
  "+1",
  " 1",
  "1 ",
  "01",
  "-01",
  "-0",
  "00",
  "1.0",
  "1e3",
  "0x1",
  "--1",
  "1-",
  "a",
  "１",
];

Deno.test("strict parsing refuses everything an integer does not print as", () => {
  for (const text of REFUSED) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(parseSafeInteger(bytes, 0, bytes.length), NaN, text);
    assert.equal(parseInt64(bytes, 0, bytes.length), null, text);
    assert.equal(isInt64(bytes, 0, bytes.length), false, text);
  }
});

Deno.test("the ends of the ranges", () => {
  const cases: [string, number, bigint | null][] = [
    ["0", 0, 0n],
    ["9007199254740991", 9007199254740991, 9007199254740991n],
    ["-9007199254740991", -9007199254740991, -9007199254740991n],
    ["9007199254740992", NaN, 9007199254740992n],
    ["9007199254740993", NaN, 9007199254740993n],
    ["9223372036854775807", NaN, INT64_MAX],
    ["-9223372036854775808", NaN, INT64_MIN],
    ["9223372036854775808", NaN, null],
    ["-9223372036854775809", NaN, null],
    ["99999999999999999999", NaN, null],
  ];
  for (const [text, safe, whole] of cases) {
    const bytes = latin1Bytes(text);
    assert.equal(parseSafeInteger(bytes, 0, bytes.length), safe, text);
    assert.equal(parseInt64(bytes, 0, bytes.length), whole, text);
  }
});

Deno.test("a span is parsed in place", () => {
  const bytes = latin1Bytes("99-12399");
  assert.equal(parseSafeInteger(bytes, 2, 6), -123);
  assert.equal(parseInt64(bytes, 2, 6), -123n);
});

Deno.test("every 64-bit integer parses as it prints, and nothing beyond", () => {
  const wide = fc.bigInt({ min: INT64_MIN - 1000n, max: INT64_MAX + 1000n });
  const near = fc.oneof(
    wide,
    fc.bigInt({ min: INT64_MAX - 3n, max: INT64_MAX + 3n }),
    fc.bigInt(-1000n, 1000n),
  );
  fc.assert(
    fc.property(near, (value) => {
      const bytes = latin1Bytes(value.toString());
      const fits = value >= INT64_MIN && value <= INT64_MAX;
      assert.equal(parseInt64(bytes, 0, bytes.length), fits ? value : null);
      assert.equal(isInt64(bytes, 0, bytes.length), fits);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("formatting equals JavaScript's own", () => {
  const target = new Uint8Array(32);
  const safe = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -1100, max: 1100 }));
  fc.assert(
    fc.property(safe, fc.nat(5), (value, offset) => {
      const end = formatInteger(target, offset, value);
      assert.equal(latin1Text(target, offset, end), String(value));
      assert.equal(end - offset, integerTextBytes(value));
    }),
    { numRuns: 3000 },
  );
  for (let power = 0; power <= 15; power++) {
    for (const value of [10 ** power - 1, 10 ** power, 10 ** power + 1]) {
      assert.equal(latin1Text(target, 0, formatInteger(target, 0, value)), String(value));
      assert.equal(countDigits(value), String(value).length);
    }
  }
  fc.assert(fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), (value) => {
    assert.equal(latin1Text(target, 0, formatInt64(target, 0, value)), value.toString());
  }));
});
