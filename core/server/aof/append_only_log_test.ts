// The log as a whole, its writer and the snapshot worker played: what is durable when, which files are in force, what a
// rewrite, a fault or a policy changes.
import assert from "node:assert/strict";
import type { Config } from "../config/config.ts";
import { RESTRICT_LOG_ERROR } from "../dispatcher.ts";
import { LogRig, ON } from "./log_rig.ts";
import { settle } from "./played_writer.ts";

Deno.test("at start: first files, then the bytes of the stream with its positions", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  assert.equal(rig.manifest, "1.base.rdb/b 1.incr.aof/i");
  assert.equal(rig.attached, rig.log, "replies wait for it");
  rig.write("a");
  const { offset } = rig.log;
  assert.deepEqual(rig.writer.calls, [
    "open appendonly.aof.1.incr.aof 0",
    `append *2 $6 SELECT $1 0 *3 $3 SET $1 a $1 v ${offset}`,
  ]);
  assert.equal(rig.log.durableOffset, 0);
  rig.writer.syncs();
  assert.equal(rig.log.durableOffset, offset);
  assert.equal(rig.log.report().enabled, true);
});

Deno.test("replies wait only under always, and for a writer on the loop only where errors are survived", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  const after = async (values: Partial<Config["values"]>) => {
    assert.equal(rig.set(values), undefined);
    for (let turn = 0; turn < 3; turn++) {
      await settle();
      for (const { writers } of Object.values(rig.strategies)) for (const writer of writers) writer.syncs();
    }
    await rig.log.settling;
    return rig.attached !== null;
  };
  assert.equal(await after({ appendfsync: "everysec" }), false);
  assert.equal(await after({ appendfsync: "always" }), true);
  assert.equal(await after({ aofStrategy: "aof-inline" }), false);
  assert.equal(await after({ aofErrorPolicy: "read-only" }), true);
  assert.equal(await after({ aofErrorPolicy: "exit", aofStrategy: "aof-offload" }), true);
});

Deno.test("always is left only when all of it is on disk", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  rig.write("a");
  rig.set({ appendfsync: "no" });
  await settle();
  assert.equal(rig.log.policy, "always");
  assert.equal(rig.attached, rig.log);
  rig.writer.syncs();
  await rig.log.settling;
  assert.equal(rig.log.policy, "no");
  assert.equal(rig.attached, null);
});

Deno.test("where the disk fails meanwhile it stays always, until the disk works again", async () => {
  using rig = new LogRig({ ...ON, aofErrorPolicy: "read-only" });
  await rig.start();
  rig.write("a");
  rig.set({ appendfsync: "no" });
  await settle();
  rig.writer.fails("write");
  await rig.log.settling;
  assert.equal(rig.log.policy, "always");
  rig.writer.recovers();
  await settle();
  rig.writer.syncs();
  await rig.log.settling;
  assert.equal(rig.log.policy, "no");
});

Deno.test("a rewrite: a new increment in the manifest before the cut, the new base in force after it", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  rig.write("a");
  assert.equal(rig.log.rewriter.start(), true);
  assert.equal(rig.manifest, "1.base.rdb/b 1.incr.aof/i 2.incr.aof/i");
  rig.write("b");
  assert.deepEqual(rig.writer.calls.slice(-2), [
    "open appendonly.aof.2.incr.aof 0",
    `append *2 $6 SELECT $1 0 *3 $3 SET $1 b $1 v ${rig.log.offset}`,
  ]);
  await rig.rewriteEnds("well");
  assert.equal(rig.manifest, "2.base.rdb/b 2.incr.aof/i");
  const report = rig.log.report();
  assert.deepEqual([report.lastRewriteStatus, report.rewrites, report.rewriteRunning], ["ok", 1, false]);
  assert.equal(report.currentBytes, "base".length + rig.writer.fileBytes);
  assert.equal(report.baseBytes, report.currentBytes);
});

Deno.test("rewrites that fail leave the base in force and their increments; after three, cron waits", async () => {
  using rig = new LogRig({ ...ON, appendfsync: "no" });
  await rig.start();
  for (let round = 0; round < 3; round++) {
    assert.equal(rig.log.rewriter.start(), true);
    await rig.rewriteEnds(new Error("No space left on device"));
  }
  assert.equal(rig.manifest, "1.base.rdb/b 1.incr.aof/i 2.incr.aof/i 3.incr.aof/i 4.incr.aof/i");
  assert.equal(rig.log.report().lastRewriteStatus, "err");
  assert.equal(rig.log.report().failedRewrites, 3);
  assert.deepEqual(rig.names.filter((name) => name.startsWith("temp-")), []);
  rig.values.autoAofRewritePercentage = 1;
  rig.values.autoAofRewriteMinSize = 0;
  rig.write("a");
  rig.cron(1000);
  assert.equal(rig.log.rewriter.running, false);
  assert.ok(rig.lines.some((line) => line.includes("triggered the limit, will retry in 1 minutes")));
  rig.cron(1000 + 60_000);
  assert.equal(rig.log.rewriter.running, true);
  await rig.rewriteEnds("well");
  rig.writer.syncs();
  await rig.log.passedCut;
  assert.equal(rig.manifest, "2.base.rdb/b 5.incr.aof/i");
  assert.equal(rig.log.report().failedRewrites, 0);
});

Deno.test("a manifest that cannot be written: the rewrite has failed, its base is gone", async () => {
  using rig = new LogRig({ ...ON, appendfsync: "no" });
  await rig.start();
  rig.log.rewriter.start();
  rig.files.rename = () => {
    throw new Error("Input/output error");
  };
  await rig.rewriteEnds("well");
  assert.equal(rig.log.report().lastRewriteStatus, "err");
  assert.equal(rig.manifest, "1.base.rdb/b 1.incr.aof/i 2.incr.aof/i");
  assert.ok(!rig.names.includes("appendonly.aof.2.base.rdb"));
});

Deno.test("a fault under always ends the server before anything is said", async () => {
  using rig = new LogRig({ ...ON, aofStrategy: "aof-inline" });
  await rig.start();
  rig.writer.fault = { kind: "write", code: "ENOSPC", message: "No space left on device", path: "/log" };
  rig.write("a");
  assert.deepEqual(rig.exits, [1]);
});

Deno.test("everysec: a failed sync stops what is durable until a rewrite that began behind it has ended", async () => {
  using rig = new LogRig({ appendonly: true, appendfsync: "everysec" });
  await rig.start();
  rig.write("a");
  rig.writer.syncs();
  const durable = rig.log.durableOffset;
  rig.log.rewriter.start();
  rig.write("b");
  rig.writer.fails("sync", "Input/output error");
  assert.notEqual(rig.restrictions & RESTRICT_LOG_ERROR, 0);
  rig.writer.recovers();
  rig.writer.syncs();
  assert.equal(rig.log.durableOffset, durable);
  await rig.rewriteEnds("well");
  assert.equal(rig.log.durableOffset, durable, "its cut came before");
  assert.notEqual(rig.restrictions & RESTRICT_LOG_ERROR, 0);
  rig.cron();
  assert.equal(rig.log.rewriter.running, true);
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.log.durableOffset, rig.log.offset);
  assert.equal(rig.restrictions & RESTRICT_LOG_ERROR, 0);
  assert.equal(rig.log.report().lastWriteStatus, "ok");
});

Deno.test("after a write that failed writes are refused until the writer goes on", async () => {
  using rig = new LogRig({ appendonly: true, appendfsync: "no" });
  await rig.start();
  const fault = rig.writer.fails("write");
  assert.equal(rig.log.fault, fault);
  assert.notEqual(rig.restrictions & RESTRICT_LOG_ERROR, 0);
  assert.equal(rig.log.report().lastWriteStatus, "err");
  rig.writer.recovers();
  assert.equal(rig.restrictions & RESTRICT_LOG_ERROR, 0);
  assert.equal(rig.log.fault, null);
});

Deno.test("no-appendfsync-on-rewrite holds the syncs while a rewrite or save runs; latency is sampled", async () => {
  using rig = new LogRig({ appendonly: true, appendfsync: "everysec", noAppendfsyncOnRewrite: true });
  await rig.start();
  rig.cron();
  assert.equal(rig.writer.holdsSyncs, false);
  rig.log.rewriter.start();
  rig.cron();
  assert.equal(rig.writer.holdsSyncs, true);
  await rig.rewriteEnds("well");
  rig.cron();
  assert.equal(rig.writer.holdsSyncs, false);
  assert.deepEqual(
    ["aof-write", "aof-write-alone", "aof-write-active-child", "aof-fsync-always", "aof-rename"].map((
      event,
    ) => rig.latencies.includes(event)),
    [true, true, true, false, true],
  );
});

Deno.test("the end of the server: all of it on disk, or it says that it is not", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  rig.write("a");
  const stopped = rig.log.stop();
  await settle();
  rig.writer.syncs();
  await stopped;
  assert.equal(rig.log.isLost, false);
  assert.ok(rig.lines.includes("Calling fsync() on the AOF file."));
  using failing = new LogRig({ ...ON, aofErrorPolicy: "read-only" });
  await failing.start();
  failing.write("a");
  const ended = failing.log.stop();
  await settle();
  failing.writer.fails("sync");
  await settle();
  assert.equal(failing.writer.calls.at(-1), "retry");
  failing.writer.fails("sync");
  await ended;
  assert.equal(failing.log.isLost, true);
});

Deno.test("a log that is off has nothing that is not durable (DurablyCommittedOffsetTracksPrimaryWhenAofDisabled)", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  rig.write("a");
  rig.writer.syncs();
  rig.write("b");
  assert.ok(rig.log.durableOffset < rig.log.offset);
  rig.set({ appendonly: false });
  await settle();
  rig.writer.syncs();
  await rig.log.settling;
  assert.equal(rig.log.state, "off");
  assert.equal(rig.log.durableOffset, rig.log.offset);
  assert.equal(rig.attached, null);
});

Deno.test("a writer that is behind the cut when the rewrite ends: what it has not closed yet is not in the base's size", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  for (let at = 0; at < 100; at++) rig.write(`key:${at}`);
  const before = rig.writer.fileBytes;
  rig.log.rewriter.start();
  rig.writer.fileBytes = before;
  await rig.rewriteEnds("well");
  assert.equal(rig.log.report().baseBytes, "base".length);
});
