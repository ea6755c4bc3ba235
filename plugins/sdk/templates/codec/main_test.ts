import assert from "node:assert/strict";
import type { Sdk } from "../../types.ts";
import codec from "./main.ts";

Deno.test("a run becomes a pair and comes back", () => {
  const plugin = codec({} as Sdk);
  const encoded: number[] = [];
  const encoder = plugin.encoder!();
  encoder.push(Uint8Array.of(7, 7, 7, 9), (bytes) => encoded.push(...bytes));
  encoder.end((bytes) => encoded.push(...bytes));
  assert.deepEqual(encoded, [3, 7, 1, 9]);
  const decoded: number[] = [];
  plugin.decoder!().push(Uint8Array.from(encoded), (bytes) => decoded.push(...bytes));
  assert.deepEqual(decoded, [7, 7, 7, 9]);
});

Deno.test("half a pair is refused", () => {
  const decoder = codec({} as Sdk).decoder!();
  decoder.push(Uint8Array.of(3), () => {});
  assert.throws(() => decoder.end(() => {}), /ends inside a pair/);
});
