import assert from "node:assert/strict";
import fc from "fast-check";
import { Int64Words } from "./int64_words.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const words = new Int64Words();
const target = new Uint8Array(40);

function roundTrip(text: string): void {
  const bytes = encoder.encode(`xx${text}yy`);
  assert.ok(words.parse(bytes, 2, bytes.length - 2), text);
  const value = BigInt(text);
  assert.equal((BigInt(words.high) << 32n) | BigInt(words.low >>> 0), value);
  assert.equal(words.isSafe, value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER, text);
  if (words.isSafe) assert.equal(words.toNumber(), Number(value));
  const end = words.format(target, 7);
  assert.equal(decoder.decode(target.subarray(7, end)), text);
}

Deno.test("every 64-bit integer goes from text to words and back", () => {
  const { bigInt } = fc;
  fc.assert(
    fc.property(bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => roundTrip(`${value}`)),
  );
  fc.assert(fc.property(fc.integer(), (value) => roundTrip(`${value}`)));
  for (let bits = 0n; bits < 64n; bits++) {
    for (let near = -2n; near <= 2n; near++) {
      for (const value of [2n ** bits + near, -(2n ** bits) + near]) {
        if (BigInt.asIntN(64, value) === value) roundTrip(`${value}`);
      }
    }
  }
});

Deno.test("a number goes to words and back", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
    words.setNumber(value);
    assert.equal(words.toNumber(), value);
    assert.equal(BigInt.asIntN(32, BigInt(value) >> 32n), BigInt(words.high));
  }));
});

Deno.test("what is no canonical 64-bit integer is refused", () => {
  const refused = [
    "",
    "-",
    "+1",
    "01",
    "-0",
    "-01",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x1",
    "a",
    "9223372036854775808",
  ];
  for (const text of [...refused, "-9223372036854775809", "100000000000000000000", "99999999999999999999"]) {
    const bytes = encoder.encode(text);
    assert.equal(words.parse(bytes, 0, bytes.length), false, text);
  }
});
