// What is held while the log changes: another strategy, policy, way to treat errors, off and on again, on a disk whose syncs
// wait or fail. Nothing is let go before it is on disk, and nothing is held for ever.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";
import { hasFaultDisk } from "../faults/fault_disk.ts";
import { LateReply, type LogOptions, startLogged, STRATEGIES } from "../faults/logs.ts";
import { PowerLossDisk } from "../faults/power_loss.ts";
import { persistence } from "./saves.ts";

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
    await using server = await startLogged(disk, start);
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
  });
}

Deno.test({ name: "a change to exit while the loop cannot write lets nothing go", ignore }, async () => {
  using disk = new PowerLossDisk({ files: "appendonlydir" });
  await using server = await startLogged(disk, {
    policy: "always",
    strategy: "aof-inline",
    errorPolicy: "read-only",
  });
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
});

Deno.test("the word that ends all waiting is answered, alone and in a transaction", async (t) => {
  await t.step("aof-error-policy", async () => {
    await using server = await SporkServer.start({
      args: [
        ["--appendonly", "yes", "--appendfsync", "always", "--aof-strategy", "aof-inline"],
        ["--aof-error-policy", "read-only"],
      ].flat(),
    });
    await using client = await server.connect();
    await using monitor = await server.connect();
    assert.equal(await monitor.call("MONITOR"), "OK");
    assert.equal(await client.call("SET", "key", "value"), "OK");
    assert.equal(await client.call("CONFIG", "SET", "aof-error-policy", "exit"), "OK");
    assert.equal(await client.call("GET", "key"), "value");
    for (let line = ""; !line.includes("GET"); line = String(await monitor.reply()));
  });

  await t.step("appendonly before the first rewrite has ended", async () => {
    await using server = await SporkServer.start({ args: ["--appendfsync", "always"] });
    await using client = await server.connect();
    await using writer = await server.connect();
    await client.call("CONFIG", "SET", "rdb-key-save-delay", "100000");
    await client.pipeline(Array.from({ length: 200 }, (_, at) => ["SET", `key:${at}`, "x"]));
    for (let round = 0; round < 2; round++) {
      assert.equal(await client.call("CONFIG", "SET", "appendonly", "yes"), "OK");
      const set = writer.call("SET", "key", "value");
      await eventually(async () => (await persistence(client)).held_reply_clients === "1", {
        what: "a held reply",
      });
      const off = ["CONFIG", "SET", "appendonly", "no"];
      if (round === 0) assert.equal(await client.call(...off), "OK");
      else {
        const replies = await client.pipeline([["MULTI"], off, ["DBSIZE"], ["EXEC"]]);
        assert.deepEqual(replies.at(-1), ["OK", 201]);
      }
      assert.equal(await set, "OK");
      assert.equal(await client.call("DBSIZE"), 201);
    }
  });
});

for (const strategy of STRATEGIES) {
  Deno.test(
    { name: `${strategy}: a server that ends tries once more what the disk refused`, ignore },
    async () => {
      using disk = new PowerLossDisk({ files: "appendonlydir" });
      const options: LogOptions = { policy: "everysec", strategy };
      await using server = await startLogged(disk, options);
      await using client = await server.connect();
      assert.equal(await client.call("SET", "first", "value"), "OK");
      await client.call("WAITAOF", 1, 0, 0);
      disk.faults.fail("write", "ENOSPC", { times: 1 });
      assert.equal(await client.call("SET", "key", "value"), "OK");
      await server.waitForLog(/Error writing to the AOF file: No space left on device/);
      server.signal("SIGTERM");
      const { code } = await server.exited;
      await using again = await startLogged(disk, options);
      await using reader = await again.connect();
      assert.deepEqual([await reader.call("GET", "key"), code], ["value", 0], server.log);
      await again.kill();
    },
  );
}

Deno.test({ name: "words about the log that cannot be done yet hold up nothing else", ignore }, async (t) => {
  await t.step("always is left before the first rewrite has ended, and then the log", async () => {
    await using server = await SporkServer.start({ args: ["--appendfsync", "always"] });
    await using client = await server.connect();
    await using writer = await server.connect();
    await using other = await server.connect();
    await client.call("CONFIG", "SET", "rdb-key-save-delay", "100000");
    await client.pipeline(Array.from({ length: 200 }, (_, at) => ["SET", `key:${at}`, "x"]));
    assert.equal(await client.call("CONFIG", "SET", "appendonly", "yes"), "OK");
    const set = new LateReply(writer, ["SET", "key", "value"]);
    await set.isHeldWhile(other);
    const policy = new LateReply(client, ["CONFIG", "SET", "appendfsync", "everysec"]);
    await policy.isHeldWhile(other);
    assert.equal(set.isThere, false);
    assert.equal(await other.call("CONFIG", "SET", "appendonly", "no"), "OK");
    await Promise.all([set.arrived, policy.arrived]);
    assert.deepEqual([set.reply, policy.reply], ["OK", "OK"]);
  });

  await t.step("a disk that hangs", async () => {
    using disk = new PowerLossDisk({ files: "appendonlydir" });
    const server = await startLogged(disk, { policy: "always" });
    try {
      await using client = await server.connect();
      await using writer = await server.connect();
      await using monitor = await server.connect();
      disk.faults.holdsSyncs = true;
      const set = new LateReply(writer, ["SET", "key", "value"]);
      await eventually(() => disk.faults.syncsWaiting === 1, { what: "the sync waits" });
      const policy = new LateReply(client, ["CONFIG", "SET", "appendfsync", "everysec"]);
      await policy.isHeldWhile(monitor);
      assert.equal(await monitor.call("CONFIG", "SET", "maxmemory", "0"), "OK");
      disk.faults.holdsSyncs = false;
      await Promise.all([set.arrived, policy.arrived]);
      // What follows is shown and counted as its own.
      assert.equal(await monitor.call("MONITOR"), "OK");
      assert.equal(await client.call("GET", "key"), "value");
      for (let line = ""; !line.includes('"GET" "key"'); line = String(await monitor.reply()));
      const { ["cmdstat_config|set"]: stats } = await server.info("commandstats");
      assert.match(stats, /^calls=2,/);
    } finally {
      disk.faults.holdsSyncs = false;
      await server.kill();
    }
  });
});

Deno.test({ name: "lines for a monitor do not pile up while the disk hangs", ignore }, async () => {
  using disk = new PowerLossDisk({ files: "appendonlydir" });
  const args = ["--held-reply-limit-per-client", "100kb"];
  const server = await startLogged(disk, { policy: "always", args });
  try {
    await using writer = await server.connect();
    await using reader = await server.connect();
    await using monitor = await server.connect();
    assert.equal(await monitor.call("MONITOR"), "OK");
    const closed = monitor.untilClosed();
    disk.faults.holdsSyncs = true;
    const set = new LateReply(writer, ["SET", "key", "value"]);
    await eventually(() => disk.faults.syncsWaiting === 1, { what: "the sync waits" });
    const line = ["ECHO", "x".repeat(1000)];
    for (let round = 0; round < 4; round++) await reader.pipeline(Array.from({ length: 100 }, () => line));
    await closed;
    await server.waitForLog(/overcoming of output buffer limits/);
    assert.ok(Number((await persistence(reader)).held_reply_bytes) < 1000);
    disk.faults.holdsSyncs = false;
    await set.arrived;
    assert.equal(set.reply, "OK");
  } finally {
    disk.faults.holdsSyncs = false;
    await server.kill();
  }
});
