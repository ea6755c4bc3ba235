import assert from "node:assert/strict";
import type { AofPlugin, LogFile, Sdk } from "../../types.ts";
import createAof from "./main.ts";

function plugin(): AofPlugin {
  const aof = createAof({} as Sdk);
  aof.configure!({ "sync-bytes": 100 });
  return aof;
}

/** A log with bytes that wait; notes what is done to it. */
function log(waitingBytes: number, syncDue: boolean): { file: LogFile; calls: string[] } {
  const calls: string[] = [];
  const file = {
    policy: "everysec" as const,
    waitingBytes,
    unsyncedBytes: 0,
    syncDue,
    syncRunning: false,
    write() {
      calls.push("write");
      file.unsyncedBytes += file.waitingBytes;
      file.waitingBytes = 0;
    },
    sync: () => void calls.push("sync"),
    beginSync: () => void calls.push("beginSync"),
  };
  return { file, calls };
}

Deno.test("what waits is written, and synced where the policy wants it", () => {
  const idle = log(10, false);
  plugin().flush(idle.file);
  assert.deepEqual(idle.calls, ["write"]);
  const due = log(10, true);
  plugin().flush(due.file);
  assert.deepEqual(due.calls, ["write", "sync"]);
});

Deno.test("many bytes are synced at once", () => {
  const { file, calls } = log(100, false);
  plugin().flush(file);
  assert.deepEqual(calls, ["write", "sync"]);
});
