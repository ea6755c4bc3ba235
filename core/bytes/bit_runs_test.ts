import assert from "node:assert/strict";
import fc from "fast-check";
import { countBits, findBit, populationCount } from "./bit_runs.ts";

/** Bytes with long runs of zeros or ones, so that whole words are passed. */
const bytes = fc.array(
  fc.record({ byte: fc.oneof(fc.constantFrom(0, 0xff), fc.nat(255)), times: fc.nat(70) }),
  { maxLength: 12 },
).map((runs) => Uint8Array.from(runs.flatMap(({ byte, times }) => new Array(times).fill(byte))));

function bitsOf(u8: Uint8Array, start: number, end: number): number[] {
  return [...u8.subarray(start, end)].flatMap((byte) => [...byte.toString(2).padStart(8, "0")].map(Number));
}

/** The same bytes at an offset of a buffer that words can be read from, with ones around them. */
function placed(content: Uint8Array, offset: number): [Uint8Array, Int32Array] {
  const u8 = new Uint8Array(Math.ceil((offset + content.length + 8) / 4) * 4).fill(0xa5);
  u8.set(content, offset);
  return [u8, new Int32Array(u8.buffer)];
}

Deno.test("counts what counting bit by bit counts, wherever the bytes begin and end", () => {
  fc.assert(
    fc.property(bytes, fc.nat(9), (content, offset) => {
      const [u8, i32] = placed(content, offset);
      const expected = bitsOf(content, 0, content.length).reduce((sum, bit) => sum + bit, 0);
      assert.equal(countBits(u8, i32, offset, offset + content.length), expected);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("finds the bit that looking one by one finds", () => {
  fc.assert(
    fc.property(bytes, fc.nat(9), fc.nat(900), fc.nat(900), fc.constantFrom(0 as const, 1 as const), (
      content,
      offset,
      a,
      b,
      value,
    ) => {
      const [u8, i32] = placed(content, offset);
      const bits = content.length * 8;
      const from = Math.min(a, b, bits);
      const to = Math.min(Math.max(a, b), bits);
      const index = bitsOf(content, 0, content.length).slice(0, to).indexOf(value, from);
      assert.equal(findBit(u8, i32, offset, from, to, value), index);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("population count of single words", () => {
  for (const [word, count] of [[0, 0], [-1, 32], [1, 1], [1 << 31, 1], [0x0f0f0f0f, 16]]) {
    assert.equal(populationCount(word), count);
  }
});
