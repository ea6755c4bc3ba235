import assert from "node:assert/strict";
import { silentLog } from "../log/logger.ts";
import { removePidFile, writePidFile } from "./pid_file.ts";

Deno.test("the pid file holds the process id, goes away, and trouble is only logged", () => {
  const directory = Deno.makeTempDirSync();
  const warnings: string[] = [];
  const log = { ...silentLog, warning: (message: string) => void warnings.push(message) };
  try {
    const path = `${directory}/spork.pid`;
    writePidFile(path, log);
    assert.equal(Deno.readTextFileSync(path), `${Deno.pid}\n`);
    removePidFile(path, log);
    removePidFile(path, log);
    assert.deepEqual([...Deno.readDirSync(directory)], []);
    writePidFile("", log);
    removePidFile("", log);
    assert.deepEqual(warnings, []);
    writePidFile(`${directory}/none/spork.pid`, log);
    assert.match(warnings[0], /^Failed to write PID file: /);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
