// Rewrites of the log that fail at any file call, and kill -9 while one waits for the disk at any of its steps: the files
// before stay in force, temporary ones are gone, the next rewrite works, and what is loaded is whole.
import assert from "node:assert/strict";
import { eventually, type SporkServer } from "../harness/mod.ts";
import { logFiles, rewriteEnds, temporaryFiles } from "../integration/saves.ts";
import { type ErrorCode, type FaultedCall, hasFaultDisk } from "./fault_disk.ts";
import { LateReply, type LogOptions, nothingLost, startLogged, STRATEGIES, Writes } from "./logs.ts";
import { PowerLossDisk } from "./power_loss.ts";

const BASE = "temp-rewriteaof";
const MANIFEST = "manifest";

const FAULTS: { files: string; call: FaultedCall; error: ErrorCode }[] = [
  { files: BASE, call: "create", error: "EACCES" },
  { files: BASE, call: "write", error: "ENOSPC" },
  { files: BASE, call: "sync", error: "EIO" },
  { files: BASE, call: "rename", error: "EIO" },
  { files: MANIFEST, call: "create", error: "ENOSPC" },
  { files: MANIFEST, call: "write", error: "ENOSPC" },
  { files: MANIFEST, call: "sync", error: "EIO" },
  { files: MANIFEST, call: "rename", error: "EIO" },
];

function expectNoLeftovers(server: SporkServer): void {
  assert.deepEqual(temporaryFiles(server.dir), []);
  assert.deepEqual(logFiles(server).filter((name) => name.startsWith("temp-")), []);
}

for (const preamble of ["yes", "no"]) {
  for (const { files, call, error } of FAULTS) {
    // The manifest is the same for both.
    if (preamble === "no" && files === MANIFEST) continue;
    Deno.test({
      name: `a rewrite whose ${call} of ${files} ends with ${error}, preamble ${preamble}`,
      ignore: !hasFaultDisk,
    }, async () => {
      using disk = new PowerLossDisk({ files });
      const options: LogOptions = {
        policy: "always",
        errorPolicy: "read-only",
        args: ["--aof-use-rdb-preamble", preamble],
      };
      await using server = await startLogged(disk, options);
      await using client = await server.connect();
      const writes = new Writes();
      assert.ok(await writes.pipeline(client, 300));
      disk.faults.fail(call, error);
      // It may be refused at once, where the first step of it fails.
      await client.pipeline([["BGREWRITEAOF"]]);
      const failed = await rewriteEnds(client);
      assert.equal(failed.aof_last_bgrewrite_status, "err", server.log);
      assert.ok(disk.faults.calls > 0, "the fault was met");
      disk.faults.heal();
      expectNoLeftovers(server);
      assert.ok(await writes.pipeline(client, 20), writes.refusal ?? "");
      await eventually(async () => {
        await client.pipeline([["BGREWRITEAOF"]]);
        return (await rewriteEnds(client)).aof_last_bgrewrite_status === "ok";
      }, { what: "the next rewrite", withinMilliseconds: 20_000 });
      expectNoLeftovers(server);
      await eventually(() => logFiles(server).length === 3, { what: "files of before are removed" });
      assert.ok(await writes.pipeline(client, 20));
      await nothingLost(disk, server, options, writes);
    });
  }
}

for (const strategy of STRATEGIES) {
  for (const files of [BASE, MANIFEST, ".incr.aof"]) {
    for (const syncs of files === BASE ? [1] : [1, 2]) {
      Deno.test({
        name: `${strategy}: kill -9 and loss of power while sync ${syncs} of ${files} of a rewrite waits`,
        ignore: !hasFaultDisk,
      }, async () => {
        using disk = new PowerLossDisk({ files });
        const options: LogOptions = { policy: "always", strategy };
        await using server = await startLogged(disk, options);
        await using client = await server.connect();
        await using other = await server.connect();
        const writes = new Writes();
        assert.ok(await writes.pipeline(client, 200));
        disk.faults.holdSyncsFrom(syncs);
        // Under aof-inline the loop itself may wait.
        const rewriting = other.pipeline([["BGREWRITEAOF"]]).catch(() => {});
        const writing = writes.untilTrouble(client);
        await eventually(() => disk.faults.syncsWaiting > 0, { what: "the sync waits" });
        await server.kill();
        await Promise.all([rewriting, writing]);
        disk.faults.holdsSyncs = false;
        await nothingLost(disk, server, options, writes);
      });
    }
  }
}

for (const strategy of STRATEGIES) {
  Deno.test({
    name: `${strategy}: a log that is switched on promises nothing before its first rewrite has ended`,
    ignore: !hasFaultDisk,
  }, async () => {
    using disk = new PowerLossDisk({ files: BASE });
    const options: LogOptions = { policy: "always", strategy };
    await using server = await startLogged(disk, { ...options, args: ["--appendonly", "no"] });
    await using client = await server.connect();
    await using other = await server.connect();
    const before = new Writes();
    assert.ok(await before.pipeline(client, 200));
    disk.faults.holdsSyncs = true;
    const switching = other.pipeline([["CONFIG", "SET", "appendonly", "yes"]]);
    await eventually(() => disk.faults.syncsWaiting > 0, { what: "the base waits for the disk" });
    const set = new LateReply(client, ["SET", "late", "x"]);
    await using third = await server.connect();
    if (strategy === "aof-offload") await set.isHeldWhile(third);
    disk.faults.holdsSyncs = false;
    await set.arrived;
    assert.equal(set.reply, "OK");
    assert.deepEqual(await switching, ["OK"]);
    await rewriteEnds(third);
    assert.ok(await before.pipeline(client, 20));
    await nothingLost(disk, server, options, before);
  });
}
