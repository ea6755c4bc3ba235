import assert from "node:assert/strict";
import fc from "fast-check";
import { DuplicateCheck } from "./duplicate_check.ts";

Deno.test("a text is new once, as in a set, for one collection after the other", () => {
  const check = new DuplicateCheck();
  const text = fc.oneof(fc.uint8Array({ maxLength: 3, max: 2 }), fc.uint8Array({ maxLength: 3000 }));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 200 }), fc.nat(5), (texts, offset) => {
      const seen = new Set<string>();
      check.begin(texts.length);
      for (const bytes of texts) {
        const placed = new Uint8Array(offset + bytes.length);
        placed.set(bytes, offset);
        const key = bytes.toHex();
        assert.equal(check.add(placed, offset, placed.length), !seen.has(key));
        seen.add(key);
      }
    }),
    { numRuns: 300 },
  );
});
