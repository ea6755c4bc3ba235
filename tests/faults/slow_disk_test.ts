// Who waits for a slow disk: under aof-offload writers and those who read what they wrote, under aof-inline everybody. Shown
// with syncs that are held until the test lets them go; and with a disk that takes fifty milliseconds, as benchmarks use.
import assert from "node:assert/strict";
import { eventually, hasRedisServer, RedisServer, type ServerProcess, SporkServer } from "../harness/mod.ts";
import { hasFaultDisk, slowDisk } from "./fault_disk.ts";
import { LateReply, startLogged } from "./logs.ts";
import { PowerLossDisk } from "./power_loss.ts";

const SYNC_MS = 50;
const READS = 200;
const WRITES = 10;

Deno.test(
  { name: "aof-offload: who does not read what waits does not wait", ignore: !hasFaultDisk },
  async () => {
    using disk = new PowerLossDisk({ files: "appendonlydir" });
    await using server = await startLogged(disk, { policy: "always" });
    await using writer = await server.connect();
    await using reader = await server.connect();
    await using other = await server.connect();
    assert.equal(await other.call("SET", "clean", "yes"), "OK");
    disk.faults.holdsSyncs = true;
    const set = new LateReply(writer, ["SET", "dirty", "new"]);
    await eventually(() => disk.faults.syncsWaiting === 1, { what: "the sync waits" });
    const get = new LateReply(reader, ["GET", "dirty"]);
    for (let at = 0; at < READS; at++) assert.equal(await other.call("GET", "clean"), "yes");
    await set.isHeldWhile(other);
    await get.isHeldWhile(other);
    disk.faults.holdsSyncs = false;
    await Promise.all([set.arrived, get.arrived]);
    assert.deepEqual([set.reply, get.reply], ["OK", "new"]);
  },
);

Deno.test({ name: "aof-inline: everybody waits while the loop syncs", ignore: !hasFaultDisk }, async () => {
  using disk = new PowerLossDisk({ files: "appendonlydir" });
  await using server = await startLogged(disk, { policy: "always", strategy: "aof-inline" });
  await using writer = await server.connect();
  await using other = await server.connect();
  assert.equal(await other.call("SET", "clean", "yes"), "OK");
  disk.faults.holdsSyncs = true;
  const set = new LateReply(writer, ["SET", "dirty", "new"]);
  await eventually(() => disk.faults.syncsWaiting === 1, { what: "the sync waits" });
  const get = new LateReply(other, ["GET", "clean"]);
  // Nothing can be asked now: who waits is seen by what has come when the disk goes on.
  assert.deepEqual([set.isThere, get.isThere], [false, false]);
  disk.faults.holdsSyncs = false;
  await Promise.all([set.arrived, get.arrived]);
  assert.deepEqual([set.reply, get.reply], ["OK", "yes"]);
});

/** Median times of GETs of a clean key and of SETs beside them, in milliseconds. */
async function medians(server: ServerProcess): Promise<{ get: number; set: number }> {
  await using reader = await server.connect();
  await using writer = await server.connect();
  await reader.call("SET", "clean", "yes");
  let isWriting = true;
  const sets: number[] = [];
  const writing = (async () => {
    for (let at = 0; at < WRITES; at++) {
      const begun = performance.now();
      await writer.call("SET", `key:${at}`, "value");
      sets.push(performance.now() - begun);
    }
    isWriting = false;
  })();
  const gets: number[] = [];
  while (isWriting) {
    const begun = performance.now();
    await reader.call("GET", "clean");
    gets.push(performance.now() - begun);
  }
  await writing;
  const median = (times: number[]) => times.sort((one, other) => one - other)[times.length >> 1];
  return { get: median(gets), set: median(sets) };
}

const LOG = ["--appendonly", "yes", "--appendfsync", "always"];

Deno.test({ name: "a slow disk is slow for whoever syncs", ignore: !hasFaultDisk }, async (t) => {
  await t.step("aof-offload: only writers wait for it", async () => {
    await using server = await SporkServer.start({ env: slowDisk({ syncMs: SYNC_MS }), args: LOG });
    const { get, set } = await medians(server);
    assert.ok(set >= SYNC_MS, `a SET took ${set} ms`);
    // Half of what it would be at least: a busy machine alone does not take it there.
    assert.ok(get < SYNC_MS / 2, `a GET took ${get} ms`);
  });

  await t.step("aof-inline: readers wait too", async () => {
    const args = [...LOG, "--aof-strategy", "aof-inline"];
    await using server = await SporkServer.start({ env: slowDisk({ syncMs: SYNC_MS }), args });
    const { get, set } = await medians(server);
    assert.ok(set >= SYNC_MS, `a SET took ${set} ms`);
    assert.ok(get >= SYNC_MS / 2, `a GET took ${get} ms`);
  });

  await t.step({
    name: "redis-server: readers wait too",
    ignore: !hasRedisServer,
    fn: async () => {
      await using server = await RedisServer.start({ env: slowDisk({ syncMs: SYNC_MS }), args: LOG });
      const { get, set } = await medians(server);
      assert.ok(set >= SYNC_MS, `a SET took ${set} ms`);
      assert.ok(get >= SYNC_MS / 2, `a GET took ${get} ms`);
    },
  });
});
