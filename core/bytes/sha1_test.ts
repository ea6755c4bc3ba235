import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { SHA1_BYTES, sha1Into } from "./sha1.ts";

function digest(bytes: Uint8Array, start?: number, end?: number): string {
  const out = new Uint8Array(SHA1_BYTES);
  sha1Into(out, bytes, start, end);
  return out.toHex();
}

Deno.test("SHA-1 at every length around the blocks is the system's", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
  for (let length = 0; length <= bytes.length; length++) {
    const expected = createHash("sha1").update(bytes.subarray(0, length)).digest("hex");
    assert.equal(digest(bytes, 0, length), expected, `${length} bytes`);
  }
});

Deno.test("SHA-1 of any range is the system's", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(), fc.nat(), (bytes, first, second) => {
    const start = first % (bytes.length + 1);
    const end = start + second % (bytes.length - start + 1);
    assert.equal(
      digest(bytes, start, end),
      createHash("sha1").update(bytes.subarray(start, end)).digest("hex"),
    );
  }));
});

Deno.test("a digest may be written over what it is of", () => {
  const bytes = new TextEncoder().encode("the quick brown fox jumps over the lazy dog");
  const expected = createHash("sha1").update(bytes).digest();
  sha1Into(bytes, bytes);
  assert.deepEqual(bytes.subarray(0, SHA1_BYTES), new Uint8Array(expected));
});
