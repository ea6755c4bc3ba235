// What is held while the log changes: another strategy, policy, way to treat errors, off and on again, on a disk whose syncs
// wait or fail. Nothing is let go before it is on disk, and nothing is held for ever.
import assert from "node:assert/strict";
import { eventually } from "../harness/mod.ts";
import { hasFaultDisk } from "../faults/fault_disk.ts";
import { LateReply, type LogOptions, startLogged } from "../faults/logs.ts";
import { PowerLossDisk } from "../faults/power_loss.ts";

const ignore = !hasFaultDisk;

/** Changes of the configuration after which replies do not wait any more. */
const CHANGES: { name: string; start: LogOptions; words: string[] }[] = [
  { name: "to aof-inline", start: { policy: "always" }, words: ["aof-strategy", "aof-inline"] },
  { name: "to everysec", start: { policy: "always" }, words: ["appendfsync", "everysec"] },
  { name: "to appendonly no", start: { policy: "always" }, words: ["appendonly", "no"] },
  {
    name: "to aof-inline and everysec",
    start: { policy: "always" },
    words: ["aof-strategy", "aof-inline", "appendfsync", "everysec"],
  },
];

for (const { name, start, words } of CHANGES) {
  Deno.test({ name: `a change ${name} lets nothing go that is not on disk`, ignore }, async () => {
    using disk = new PowerLossDisk({ files: "appendonlydir" });
    const server = await startLogged(disk, start);
    try {
      await using writer = await server.connect();
      await using reader = await server.connect();
      await using admin = await server.connect();
      await using other = await server.connect();
      disk.faults.holdsSyncs = true;
      const set = new LateReply(writer, ["SET", "key", "value"]);
      await eventually(() => disk.faults.syncsWaiting === 1, { what: "the sync waits" });
      const get = new LateReply(reader, ["GET", "key"]);
      const config = new LateReply(admin, ["CONFIG", "SET", ...words]);
      await set.isHeldWhile(other);
      await get.isHeldWhile(other);
      await config.isHeldWhile(other);
      disk.faults.holdsSyncs = false;
      await Promise.all([set.arrived, get.arrived, config.arrived]);
      assert.deepEqual([set.reply, get.reply, config.reply], ["OK", "value", "OK"]);
      assert.equal(await writer.call("SET", "probe", "x"), "OK");
    } finally {
      disk.faults.holdsSyncs = false;
      await server.kill();
    }
  });
}

Deno.test({ name: "a change to exit while the loop cannot write lets nothing go", ignore }, async () => {
  using disk = new PowerLossDisk({ files: "appendonlydir" });
  const server = await startLogged(disk, {
    policy: "always",
    strategy: "aof-inline",
    errorPolicy: "read-only",
  });
  try {
    await using writer = await server.connect();
    await using other = await server.connect();
    disk.faults.fail("sync", "EIO");
    const set = new LateReply(writer, ["SET", "key", "value"]);
    await server.waitForLog(/Fail to fsync the AOF file/);
    await set.isHeldWhile(other);
    const config = new LateReply(other, ["CONFIG", "SET", "aof-error-policy", "exit"]);
    const { code } = await server.exited;
    assert.equal(code, 1);
    assert.equal(set.isThere, false);
    await Promise.allSettled([set.arrived, config.arrived]);
  } finally {
    await server.kill();
  }
});
