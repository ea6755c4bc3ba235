import assert from "node:assert/strict";
import { concatBytes } from "./concat.ts";

Deno.test("parts stand in a row, empty ones leave no trace", () => {
  const parts = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(0, 9, 3, 0).subarray(1, 3)];
  assert.deepEqual(concatBytes(parts), Uint8Array.of(1, 2, 9, 3));
  assert.equal(concatBytes([]).length, 0);
});
