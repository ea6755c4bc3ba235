import assert from "node:assert/strict";
import fc from "fast-check";
import { LzfCompressor, lzfDecompress } from "./lzf.ts";

const compressor = new LzfCompressor();

function roundTrip(bytes: Uint8Array): number {
  const packed = new Uint8Array(bytes.length + Math.ceil(bytes.length / 32) + 16);
  const length = compressor.compress(bytes, 0, bytes.length, packed, 0, packed.length);
  if (bytes.length > 0) assert.ok(length > 0, "a target with room for all literals always suffices");
  const back = new Uint8Array(bytes.length);
  assert.ok(lzfDecompress(packed, 0, length, back, 0, back.length));
  assert.deepEqual(back, bytes);
  return length;
}

/** Bytes with repeats at all distances: random pieces, some of them copies of earlier ones. */
const repetitive = fc.array(
  fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((literal) => ({ literal })),
    fc.record({ back: fc.nat(9000), length: fc.integer({ min: 1, max: 400 }) }),
  ),
  { minLength: 1, maxLength: 200, size: "max" },
).map((pieces) => {
  const bytes: number[] = [];
  for (const piece of pieces) {
    if ("literal" in piece) bytes.push(...piece.literal);
    else if (bytes.length > 0) {
      const from = Math.max(0, bytes.length - 1 - piece.back);
      for (let k = 0; k < piece.length; k++) bytes.push(bytes[from + k]);
    }
  }
  return Uint8Array.from(bytes);
});

Deno.test("what is compressed comes back, for random and for repetitive bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3000, size: "max" }), (bytes) => void roundTrip(bytes)), {
    numRuns: 300,
  });
  fc.assert(fc.property(repetitive, (bytes) => void roundTrip(bytes)), { numRuns: 500 });
});

Deno.test("runs and long distances use the whole range of the format", () => {
  assert.ok(roundTrip(new Uint8Array(100_000).fill(97)) < 1300);
  const far = new Uint8Array(20_000);
  for (let i = 0; i < far.length; i++) far[i] = (Math.imul(i % 8192, 2654435761) >>> 13) & 0xff;
  assert.ok(roundTrip(far) < 9000, "a distance of exactly 8192 bytes is found");
});

Deno.test("a table left by earlier calls never leaks into the next", () => {
  const one = new Uint8Array(500).fill(1);
  const two = Uint8Array.from({ length: 500 }, (_, i) => (i * 7) & 0xff);
  for (let round = 0; round < 50; round++) {
    roundTrip(one);
    roundTrip(two);
  }
});

Deno.test("output that does not fit is refused and stays inside its span", () => {
  fc.assert(
    fc.property(repetitive, fc.nat(300), fc.nat(5), (bytes, room, offset) => {
      const target = new Uint8Array(room + offset + 8).fill(0xee);
      const length = compressor.compress(bytes, 0, bytes.length, target, offset, offset + room);
      for (let i = 0; i < offset; i++) assert.equal(target[i], 0xee);
      for (let i = offset + room; i < target.length; i++) assert.equal(target[i], 0xee);
      if (length === 0) return;
      assert.ok(length <= room);
      const back = new Uint8Array(bytes.length);
      assert.ok(lzfDecompress(target, offset, offset + length, back, 0, back.length));
      assert.deepEqual(back, bytes);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("decoding a stream as liblzf documents it", () => {
  // literal "ab", then a reference of five bytes at distance 2, then literal "c"
  const packed = Uint8Array.of(1, 97, 98, 3 << 5, 1, 0, 99);
  const out = new Uint8Array(8);
  assert.ok(lzfDecompress(packed, 0, packed.length, out, 0, 8));
  assert.equal(new TextDecoder().decode(out), "abababac");
  // the long form: 7 in the length bits, then a length byte
  const long = Uint8Array.of(0, 120, 7 << 5, 10, 0);
  const run = new Uint8Array(20);
  assert.ok(lzfDecompress(long, 0, long.length, run, 0, 20));
  assert.equal(new TextDecoder().decode(run), "x".repeat(20));
});

Deno.test("garbage is refused, and nothing outside the target changes", () => {
  const refused = [
    Uint8Array.of(5, 1, 2), // literal run beyond the input
    Uint8Array.of(0, 1, 1 << 5), // reference without its distance
    Uint8Array.of(0, 1, 7 << 5), // long reference without its length
    Uint8Array.of(1 << 5, 0), // reference before the start
    Uint8Array.of(0, 1, 2 << 5, 200), // distance before the start
  ];
  for (const packed of refused) {
    assert.equal(lzfDecompress(packed, 0, packed.length, new Uint8Array(64), 0, 64), false);
  }
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200, size: "max" }),
      fc.nat(300),
      fc.nat(9),
      (packed, room, offset) => {
        const target = new Uint8Array(room + 2 * offset).fill(0xee);
        lzfDecompress(packed, 0, packed.length, target, offset, offset + room);
        for (let i = 0; i < offset; i++) {
          assert.equal(target[i], 0xee);
          assert.equal(target[offset + room + i], 0xee);
        }
      },
    ),
    { numRuns: 2000 },
  );
  assert.equal(lzfDecompress(new Uint8Array(4), 0, 9, new Uint8Array(9), 0, 9), false);
});
