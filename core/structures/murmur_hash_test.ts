import assert from "node:assert/strict";
import fc from "fast-check";
import { MurmurHash } from "./murmur_hash.ts";

const MASK = 2n ** 64n - 1n;
const FACTOR = 0xc6a4a7935bd1e995n;

/** MurmurHash64A as its author describes it, in 64-bit arithmetic. */
function reference(bytes: Uint8Array): bigint {
  let hash = 0xadc83b19n ^ (BigInt(bytes.length) * FACTOR & MASK);
  const whole = bytes.length - bytes.length % 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < whole; at += 8) {
    let block = view.getBigUint64(at, true) * FACTOR & MASK;
    block = (block ^ (block >> 47n)) * FACTOR & MASK;
    hash = (hash ^ block) * FACTOR & MASK;
  }
  if (whole < bytes.length) {
    for (let at = bytes.length - 1; at >= whole; at--) hash ^= BigInt(bytes[at]) << BigInt((at - whole) * 8);
    hash = hash * FACTOR & MASK;
  }
  hash = (hash ^ (hash >> 47n)) * FACTOR & MASK;
  return hash ^ (hash >> 47n);
}

Deno.test("the same as in 64-bit arithmetic", () => {
  const hash = new MurmurHash();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      hash.compute(bytes, 0, bytes.length);
      assert.equal((BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0), reference(bytes));
    }),
    { numRuns: 2000 },
  );
});
