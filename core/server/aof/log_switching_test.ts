// The log that is switched on and off while the server runs, its writer and the snapshot worker played: what waits, what is
// durable, which files stay behind.
import assert from "node:assert/strict";
import { RESTRICT_LOG_ERROR } from "../dispatcher.ts";
import { systemDirectoryFiles } from "./log_directory.ts";
import { LogRig, ON } from "./log_rig.ts";
import { settle } from "./played_writer.ts";

Deno.test("switched on: nothing is durable before the first rewrite has ended, then all of it is", async () => {
  using rig = new LogRig({ appendfsync: "always" });
  await rig.start();
  assert.equal(rig.set({ appendonly: true }), undefined);
  assert.equal(rig.log.state, "awaiting-rewrite");
  assert.equal(rig.attached, rig.log);
  await settle();
  rig.write("a");
  rig.writer.syncs();
  assert.equal(rig.log.durableOffset, 0);
  assert.equal(rig.manifest, "");
  await rig.rewriteEnds("well");
  assert.equal(rig.log.state, "on");
  assert.equal(rig.manifest, "1.base.rdb/b 1.incr.aof/i");
  assert.equal(rig.log.durableOffset, rig.log.offset);
});

Deno.test("the first rewrite fails: what came meanwhile goes nowhere, the next one begins anew", async () => {
  using rig = new LogRig({ appendfsync: "always" });
  await rig.start();
  rig.set({ appendonly: true });
  await settle();
  const [first] = rig.strategies["aof-offload"].writers;
  rig.write("a");
  await rig.rewriteEnds(new Error("Input/output error"));
  assert.equal(rig.log.state, "awaiting-rewrite");
  assert.ok(rig.lines.some((line) => line.startsWith("Removing the temp incr aof file")));
  rig.write("b");
  assert.equal(rig.log.durableOffset, 0);
  await settle();
  assert.ok(first.calls.includes("close"));
  rig.cron();
  assert.equal(rig.log.rewriter.running, true);
  await settle();
  rig.write("c");
  assert.match(
    rig.writer.calls.join(),
    /^open \S+ 0,append \*2 \$6 SELECT \$1 0 \*3 \$3 SET \$1 c \$1 v \d+$/,
  );
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.log.durableOffset, rig.log.offset);
  assert.match(rig.manifest, /^1\.base\.rdb\/b \d\.incr\.aof\/i$/);
});

Deno.test("switched on in a transaction or beside a save: scheduled", async () => {
  using rig = new LogRig();
  await rig.start();
  rig.executing = true;
  rig.set({ appendonly: true });
  assert.deepEqual([rig.log.rewriter.running, rig.log.rewriter.scheduled], [false, true]);
  rig.executing = false;
  rig.cron();
  assert.equal(rig.log.rewriter.running, true);
});

Deno.test("switched off: replies wait until the last byte is on disk, then for nothing", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  const { writer } = rig;
  rig.write("a");
  const { offset } = rig.log;
  rig.set({ appendonly: false });
  assert.equal(rig.log.report().enabled, false);
  assert.equal(rig.attached, rig.log);
  rig.write("b");
  assert.equal(rig.log.offset, offset);
  await settle();
  assert.ok(rig.log.durableOffset < offset);
  writer.syncs();
  await rig.log.settling;
  assert.equal(rig.attached, null);
  assert.equal(writer.calls.at(-1), "close");
});

Deno.test("switched off within a transaction: what came before is in the log, and nothing of it comes back", async () => {
  using rig = new LogRig({ ...ON, appendfsync: "no" });
  await rig.start();
  const { writer } = rig;
  rig.propagation.commandBegins(0);
  rig.propagation.instead("SET", 3).word("before").word("v");
  rig.set({ appendonly: false });
  assert.match(writer.calls.at(-1)!, /SET \$6 before \$1 v \d+$/);
  await settle();
  writer.syncs();
  await rig.log.settling;
  rig.set({ appendonly: true });
  await settle();
  rig.write("after");
  const calls = rig.writer.calls.join();
  assert.ok(rig.writer !== writer && calls.includes("after") && !calls.includes("before"), calls);
});

Deno.test("switched off and on again at once: the old writer ends before the new one begins", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  const { writer } = rig;
  rig.write("a");
  rig.set({ appendonly: false });
  rig.set({ appendonly: true });
  await settle();
  assert.equal(rig.strategies["aof-offload"].writers.length, 1);
  assert.equal(rig.log.durableOffset, 0);
  writer.syncs();
  await settle();
  assert.equal(rig.strategies["aof-offload"].writers.length, 2);
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  await settle();
  assert.equal(rig.log.durableOffset, rig.log.offset);
  assert.equal(rig.manifest, "2.base.rdb/b 2.incr.aof/i");
  assert.equal(rig.log.state, "on");
});

Deno.test("switched off and on again while the disk fails: the fault of the old writer is not the new one's", async () => {
  using rig = new LogRig({ ...ON, aofErrorPolicy: "read-only" });
  await rig.start();
  const { writer } = rig;
  rig.write("a");
  rig.set({ appendonly: false });
  rig.set({ appendonly: true });
  await settle();
  writer.fails("write");
  await settle();
  assert.equal(rig.restrictions & RESTRICT_LOG_ERROR, 0, "nobody would take it back");
  assert.ok(
    rig.lines.some((line) => line.includes("Error writing to the AOF file: No space left on device")),
  );
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.log.state, "on");
});

Deno.test("switched off while the disk fails and files of before wait for the writer: another rewrite may begin", async () => {
  using rig = new LogRig({ ...ON, aofErrorPolicy: "read-only" });
  await rig.start();
  rig.log.rewriter.start();
  rig.writer.fails("write");
  rig.write("a");
  const ended = rig.rewriteEnds("well");
  while (!rig.manifest.startsWith("2.base.rdb/b")) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(rig.log.rewriter.running, true, "files of before are still there");
  rig.set({ appendonly: false });
  await settle();
  // The writer fails as before, and has nothing new to say.
  rig.writer.drainsReject();
  await rig.log.settling;
  await ended;
  assert.equal(rig.log.rewriter.running, false);
});

Deno.test("an increment that cannot be made: the log stays off, and nothing waits", async () => {
  using rig = new LogRig({ appendfsync: "always" });
  await rig.start();
  rig.files.createEmpty = () => {
    throw new Error("No space left on device");
  };
  assert.equal(rig.set({ appendonly: true }), "Unable to turn on AOF. Check server logs.");
  await settle();
  assert.equal(rig.log.state, "off");
  assert.equal(rig.attached, null);
  rig.values.appendonly = false;
  rig.files.createEmpty = systemDirectoryFiles.createEmpty;
  assert.equal(rig.set({ appendonly: true }), undefined);
  await settle();
  rig.write("a");
  assert.deepEqual(rig.writer.calls.length, 2);
});

Deno.test("the first manifest is in its place, its directory cannot be synced: it names no file that is gone", async () => {
  using rig = new LogRig({ appendfsync: "always" });
  await rig.start();
  rig.set({ appendonly: true });
  await settle();
  rig.write("a");
  rig.files.syncDirectory = () => {
    throw new Error("Input/output error");
  };
  await rig.rewriteEnds("well");
  assert.equal(rig.log.state, "awaiting-rewrite");
  assert.equal(rig.log.durableOffset, 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const named = Deno.readTextFileSync(`${rig.dir}/appendonlydir/appendonly.aof.manifest`);
  for (const [, name] of named.matchAll(/file (\S+)/g)) {
    assert.ok(rig.names.includes(name), `${name} is gone`);
  }
  rig.files.syncDirectory = systemDirectoryFiles.syncDirectory;
  rig.cron();
  await settle();
  rig.write("b");
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.log.state, "on");
  assert.equal(rig.manifest, "2.base.rdb/b 2.incr.aof/i");
  assert.equal(rig.log.durableOffset, rig.log.offset);
});

Deno.test("the first rewrite is scheduled, and always is left: what waits for it goes on waiting", async () => {
  using rig = new LogRig({ appendfsync: "always" });
  await rig.start();
  rig.executing = true;
  rig.set({ appendonly: true });
  rig.executing = false;
  rig.write("a");
  rig.set({ appendfsync: "everysec" });
  await settle();
  assert.equal(rig.attached, rig.log);
  rig.cron();
  await settle();
  assert.equal(rig.attached, rig.log);
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.attached, null);
});

Deno.test("on the loop, too, replies wait for the first rewrite", async () => {
  using rig = new LogRig({ appendfsync: "always", aofStrategy: "aof-inline" });
  await rig.start();
  rig.set({ appendonly: true });
  await settle();
  assert.equal(rig.attached, rig.log);
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.attached, null);
});

Deno.test("the directory was changed while the log was on: the next log is there", async () => {
  using rig = new LogRig({ appendonly: true, appendfsync: "no" });
  await rig.start();
  const elsewhere = `${rig.dir}/elsewhere`;
  Deno.mkdirSync(elsewhere);
  rig.values.dir = elsewhere;
  rig.log.directoryChanged();
  assert.equal(rig.log.directory.path, `${rig.dir}/appendonlydir`);
  rig.set({ appendonly: false });
  await settle();
  rig.writer.syncs();
  await rig.log.settling;
  rig.set({ appendonly: true });
  await settle();
  assert.equal(rig.log.directory.path, `${elsewhere}/appendonlydir`);
});

Deno.test("what is set while the log is switched off is for the next one", async () => {
  using rig = new LogRig(ON);
  await rig.start();
  const { writer } = rig;
  rig.write("a");
  rig.set({ appendonly: false });
  rig.set({ aofStrategy: "aof-inline" });
  rig.set({ appendfsync: "everysec" });
  await settle();
  assert.equal(rig.attached, rig.log);
  writer.syncs();
  await rig.log.settling;
  assert.equal(rig.attached, null);
  assert.equal(rig.strategies["aof-inline"].writers.length, 0);
  rig.set({ appendonly: true });
  await settle();
  assert.equal(rig.writer.policy, "everysec");
});

Deno.test("replies that wait for a first rewrite that fails do not wait for minutes", async () => {
  using rig = new LogRig({ appendfsync: "always" });
  await rig.start();
  rig.set({ appendonly: true });
  for (let time = 1000; time < 4000; time += 1000) {
    await rig.rewriteEnds(new Error("Input/output error"));
    rig.cron(time);
  }
  assert.equal(rig.log.rewriter.running, false);
  rig.cron(3000 + 2000);
  assert.equal(rig.log.rewriter.running, true);
  await rig.rewriteEnds("well");
  assert.equal(rig.log.state, "on");
});
