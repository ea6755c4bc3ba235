import assert from "node:assert/strict";
import fc from "fast-check";
import {
  equalBytes,
  equalsWord,
  isSpaceByte,
  latin1Bytes,
  latin1Text,
  toLowerByte,
  writeLatin1,
} from "./ascii.ts";

Deno.test("equalsWord ignores ASCII case and nothing else", () => {
  const bytes = latin1Bytes("xxKeepTTLyy");
  assert.equal(equalsWord(bytes, 2, 9, "keepttl"), true);
  assert.equal(equalsWord(bytes, 2, 8, "keepttl"), false);
  assert.equal(equalsWord(bytes, 2, 10, "keepttl"), false);
  assert.equal(equalsWord(latin1Bytes("["), 0, 1, "{"), false);
  assert.equal(equalsWord(latin1Bytes("@"), 0, 1, "`"), false);
});

Deno.test("toLowerByte changes the 26 capitals only", () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(byte);
    const expected = /[A-Z]/.test(text) ? text.toLowerCase().charCodeAt(0) : byte;
    assert.equal(toLowerByte(byte), expected);
  }
});

Deno.test("isSpaceByte knows the six of the C locale", () => {
  const found = [...Array(256).keys()].filter(isSpaceByte);
  assert.deepEqual(found, [9, 10, 11, 12, 13, 32]);
});

Deno.test("comparing spans agrees with comparing copies", () => {
  const small = fc.uint8Array({ maxLength: 6, max: 3 });
  fc.assert(fc.property(small, small, fc.nat(3), fc.nat(3), (left, right, before, after) => {
    const a = padded(left, before);
    const b = padded(right, after);
    const same = equalBytes(a, before, before + left.length, b, after, after + right.length);
    assert.equal(same, left.toHex() === right.toHex());
  }));
});

Deno.test("latin1 text and bytes are each other's inverse, long ones too", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
    assert.deepEqual(latin1Bytes(latin1Text(bytes, 0, bytes.length)), new Uint8Array(bytes));
  }));
  const long = Uint8Array.from({ length: 10_000 }, (_, index) => index & 255);
  assert.deepEqual(latin1Bytes(latin1Text(long, 0, long.length)), long);
  assert.equal(latin1Text(long, 65, 68), "ABC");
});

Deno.test("writeLatin1 returns the end", () => {
  const target = new Uint8Array(5);
  assert.equal(writeLatin1(target, 1, "abc"), 4);
  assert.deepEqual([...target], [0, 97, 98, 99, 0]);
});

function padded(bytes: Uint8Array, before: number): Uint8Array {
  const result = new Uint8Array(before + bytes.length + 1).fill(9);
  result.set(bytes, before);
  return result;
}
