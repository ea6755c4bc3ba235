import assert from "node:assert/strict";
import type { Sdk } from "../../types.ts";
import { createAof } from "./main.ts";

Deno.test("bytes count as durable only after they were synced", async () => {
  const calls: string[] = [];
  const plugin = createAof((path) => ({
    writeSync(bytes) {
      const taken = Math.min(2, bytes.length);
      calls.push(`write ${taken}`);
      return taken;
    },
    syncDataSync: () => void calls.push(`sync at ${plugin.durable()}`),
    close: () => void calls.push(`close ${path}`),
  }))({} as Sdk);
  await plugin.configure!({ file: "/log" });
  await plugin.start!();
  await plugin.append(new Uint8Array(3), 100);
  assert.equal(plugin.durable(), 103);
  await plugin.stop!();
  assert.deepEqual(calls, ["write 2", "write 1", "sync at 0", "close /log"]);
});
