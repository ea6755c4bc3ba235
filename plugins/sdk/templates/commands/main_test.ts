import assert from "node:assert/strict";
import type { Sdk } from "../../types.ts";
import commands from "./main.ts";

Deno.test("the argument comes back reversed", () => {
  const plugin = commands({} as Sdk);
  assert.deepEqual(plugin.run([new Uint8Array(1), Uint8Array.of(1, 2, 3)]), Uint8Array.of(3, 2, 1));
  assert.throws(() => plugin.run([]), /wrong number of arguments/);
});
