import assert from "node:assert/strict";
import type { Sdk } from "../../types.ts";
import sink from "./main.ts";

Deno.test("bytes are counted in order; a gap must have been told", () => {
  const lines: string[] = [];
  const plugin = sink({ log: { notice: (line: string) => lines.push(line) } } as unknown as Sdk);
  plugin.receive(new Uint8Array(10), 100);
  plugin.receive(new Uint8Array(5), 110);
  assert.throws(() => plugin.receive(new Uint8Array(5), 200), /bytes at 200 came where those at 115/);
  plugin.gap!(115, 200);
  plugin.receive(new Uint8Array(5), 200);
  plugin.stop!();
  assert.deepEqual(lines, ["received 20 bytes, missed 85"]);
});
