import assert from "node:assert/strict";
import fc from "fast-check";
import { Crc64 } from "./crc64.ts";

/** Bit by bit with BigInt, from the definition: reflected Jones polynomial, initial value 0. */
function slowCrc(bytes: Uint8Array): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc.toString(16).padStart(16, "0");
}

Deno.test("the check value of the Jones polynomial", () => {
  const crc = new Crc64();
  crc.update(new TextEncoder().encode("123456789"), 0, 9);
  assert.equal(crc.toString(), "e9c6d914c4b8d9ca");
  const stored = new Uint8Array(8);
  crc.writeTo(stored, 0);
  assert.deepEqual(stored, Uint8Array.of(0xca, 0xd9, 0xb8, 0xc4, 0x14, 0xd9, 0xc6, 0xe9));
  assert.ok(crc.matches(stored, 0));
  stored[7] ^= 1;
  assert.ok(!crc.matches(stored, 0));
  assert.equal(crc.reset().toString(), "0000000000000000");
});

Deno.test("any split of the bytes gives the definition's value", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200, size: "max" }),
      fc.array(fc.nat(200), { maxLength: 4 }),
      (bytes, cuts) => {
        const crc = new Crc64();
        const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        let from = 0;
        for (const end of ends) {
          crc.update(bytes, from, end);
          from = end;
        }
        assert.equal(crc.toString(), slowCrc(bytes));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("large pieces at any offset of any array give the definition's value", () => {
  const memory = new Uint8Array(new SharedArrayBuffer(5000)).map((_, at) => (at * at * 7 + (at >> 3)) & 0xff);
  fc.assert(
    fc.property(
      fc.nat(9),
      fc.nat(9),
      fc.integer({ min: 1000, max: 1100 }),
      (offset, start, length) => {
        const bytes = memory.subarray(offset);
        const crc = new Crc64();
        crc.update(bytes, start, start + length);
        assert.equal(crc.toString(), slowCrc(bytes.slice(start, start + length)));
      },
    ),
    { numRuns: 100 },
  );
});
