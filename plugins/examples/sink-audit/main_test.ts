import assert from "node:assert/strict";
import type { Sdk } from "../../sdk/types.ts";
import { createAudit } from "./main.ts";

Deno.test("a batch becomes a line, in a file that stays within its size", async () => {
  const lines: string[] = [];
  let text = "";
  const plugin = createAudit(() => ({
    writeSync(bytes) {
      text += String.fromCharCode(bytes[0]);
      return 1;
    },
    syncSync: () => void lines.push("sync"),
    close: () => void lines.push("close"),
  }))({ log: { notice: (line: string) => lines.push(line) } } as unknown as Sdk);
  await plugin.configure!({ file: "/audit", "size-max": 20 });
  await plugin.validate!();
  await plugin.start!();
  await plugin.receive(new TextEncoder().encode("Wikipedia"), 7);
  assert.equal(text, "7 9 11e60398\n");
  assert.throws(() => plugin.receive(new Uint8Array(1), 16), /would be larger than 20 bytes/);
  await plugin.drain!();
  await plugin.stop!();
  assert.deepEqual(lines, ["sync", "close", "wrote 13 bytes to /audit"]);
});
