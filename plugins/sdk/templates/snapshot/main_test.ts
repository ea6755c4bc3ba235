import assert from "node:assert/strict";
import type { Sdk, SnapshotInputs, SnapshotJob } from "../../types.ts";
import snapshot from "./main.ts";

Deno.test("view and entries belong together, and the report is the encoder's", async () => {
  const lines: string[] = [];
  const plugin = snapshot({ log: { notice: (line: string) => lines.push(line) } } as unknown as Sdk);
  const view = {} as SnapshotInputs["view"];
  const entries = {} as SnapshotInputs["entries"];
  const job = {
    view: () => view,
    tables: (given: unknown) => given === view ? entries : undefined,
    encode: (inputs: SnapshotInputs) => {
      assert.deepEqual([inputs.view === view, inputs.entries === entries], [true, true]);
      return { entries: 3, bytes: 40 };
    },
  } as unknown as SnapshotJob;
  assert.deepEqual(await plugin.save(job), { entries: 3, bytes: 40 });
  assert.deepEqual(lines, ["saved 3 entries, 40 bytes"]);
});
