// The examples that the author guide walks through pass the check that it tells authors to run.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runPluginCommand } from "./author_kit.ts";

for (const name of ["snapshot-databases", "sink-audit"]) {
  Deno.test(`example ${name} passes its check`, async () => {
    const lines: string[] = [];
    const folder = fileURLToPath(new URL(`../../plugins/examples/${name}`, import.meta.url));
    const status = await runPluginCommand(["check", folder], (line) => lines.push(line));
    assert.equal(status, 0, lines.join("\n"));
    assert.match(lines.at(-1)!, /^\d+ passed, 0 failed$/);
  });
}
