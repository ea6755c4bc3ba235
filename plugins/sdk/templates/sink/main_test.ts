import assert from "node:assert/strict";
import type { Sdk } from "../../types.ts";
import sink from "./main.ts";

Deno.test("bytes are counted in order, a gap is refused", () => {
  const lines: string[] = [];
  const plugin = sink({ log: { notice: (line: string) => lines.push(line) } } as unknown as Sdk);
  plugin.receive(new Uint8Array(10), 0);
  plugin.receive(new Uint8Array(5), 10);
  assert.throws(() => plugin.receive(new Uint8Array(5), 99), /bytes at 99 came after 15 bytes/);
  plugin.stop!();
  assert.deepEqual(lines, ["received 15 bytes"]);
});
