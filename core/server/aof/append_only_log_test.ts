// The log as a whole, its writer and the snapshot worker played: what is durable when, which files are in force, what a
// rewrite, a fault or a word of the operator changes.
import assert from "node:assert/strict";
import { ArenaDataset } from "../../persistence/rdb/arena_dataset.ts";
import { PlayedStrategy } from "../../persistence/snapshot/played_worker.ts";
import { Config } from "../config/config.ts";
import { MemoryHost } from "../config/memory_host.ts";
import { RESTRICT_LOG_ERROR } from "../dispatcher.ts";
import { BackPressure } from "../durability/back_pressure.ts";
import type { DurableLog } from "../durability/durability.ts";
import { Propagation } from "../feed/propagation.ts";
import { SaveCoordinator, type SaveHost } from "../save_coordinator.ts";
import { AppendOnlyLog } from "./append_only_log.ts";
import { systemDirectoryFiles } from "./log_directory.ts";
import type { LogHost } from "./log_host.ts";
import { PlayedLogStrategy, type PlayedWriter, settle } from "./played_writer.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A server around the log, as far as the log sees it. */
class Rig {
  readonly dir = Deno.makeTempDirSync();
  readonly dataset = new ArenaDataset(16 * 1024 * 1024);
  readonly values: Mutable<Config["values"]> = new Config(new MemoryHost()).values;
  readonly lines: string[] = [];
  readonly latencies: string[] = [];
  readonly propagation = new Propagation(this.dataset.keyspace);
  readonly worker = new PlayedStrategy("tables");
  readonly strategies: Record<string, PlayedLogStrategy> = {
    "aof-offload": new PlayedLogStrategy("worker"),
    "aof-inline": new PlayedLogStrategy("loop"),
  };
  /** What replies wait for. */
  attached: DurableLog | null = null;
  readonly files = { ...systemDirectoryFiles };
  restrictions = 0;
  exits: number[] = [];
  executing = false;
  readonly log: AppendOnlyLog;
  readonly saves: SaveCoordinator;

  constructor(values: Partial<Config["values"]> = {}) {
    Object.assign(this.values, { dir: this.dir, save: [], autoAofRewritePercentage: 0 }, values);
    const note = (line: string) => void this.lines.push(line);
    const shared: SaveHost & Pick<LogHost, "propagation" | "exit"> = {
      keyspace: this.dataset.keyspace,
      loader: { functions: [] },
      config: { values: this.values },
      log: { debug: note, verbose: note, notice: note, warning: note } as SaveHost["log"],
      latency: { addIfNeeded: (event: string) => void this.latencies.push(event) },
      plugins: { snapshot: () => this.worker },
      usedMemory: () => 1,
      restrict: (bit, on) => {
        this.restrictions = on ? this.restrictions | bit : this.restrictions & ~bit;
      },
      releaseWriters: () => {},
      propagation: this.propagation,
      exit: (code) => this.exits.push(code),
    };
    this.saves = new SaveCoordinator(shared);
    const isExecuting = () => this.executing;
    this.log = new AppendOnlyLog({
      ...shared,
      latency: { ...shared.latency, threshold: 1 },
      saves: this.saves,
      durability: {
        attach: (log) => void (this.attached = log),
        progressed: () => {},
        pressure: new BackPressure(() => {}),
      },
      plugins: {
        aof: (name) => {
          const strategy = this.strategies[name];
          if (strategy === undefined) throw new Error(`there is no plugin "${name}"`);
          return strategy;
        },
      },
      writeWaiters: { progressed: () => {} },
      transactions: {
        get executing() {
          return isExecuting();
        },
      },
    }, this.files);
  }

  /** As a server starts. */
  async start(): Promise<void> {
    this.log.readManifest();
    const opened = this.log.openAtStart();
    await settle();
    if (this.log.state === "on") this.writer.syncs();
    await opened;
  }

  get writer(): PlayedWriter {
    return this.strategies[this.values.aofStrategy].last;
  }

  set(values: Partial<Config["values"]>): string | void {
    Object.assign(this.values, values);
    return this.log.configChanged();
  }

  /** A command that is propagated. */
  write(key: string): void {
    this.propagation.instead("SET", 3).word(key).word("v");
    this.propagation.endUnit();
    this.propagation.flush();
    this.log.endTurn();
  }

  /** The running rewrite ends. */
  async rewriteEnds(how: "well" | Error): Promise<void> {
    const { worker } = this.worker;
    if (how === "well") {
      Deno.writeTextFileSync(worker.input.path(), "base");
      worker.finish();
    } else worker.fail(how);
    let isOver = false;
    const settled = this.log.rewriter.settled.then(() => isOver = true);
    // The files of before go once the writer has come to the cut.
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve));
      for (const { writers } of Object.values(this.strategies)) {
        for (const writer of writers) if (writer.fault === null) writer.syncs();
      }
    }
    await settled;
  }

  get manifest(): string {
    return this.log.directory.manifest.format().replace(
      /file appendonly\.aof\.(\S+) seq \d+ type (\w)\n/g,
      "$1/$2 ",
    )
      .trim();
  }

  get names(): string[] {
    return [...Deno.readDirSync(`${this.dir}/appendonlydir`)].map((entry) => entry.name).sort();
  }

  cron(now = 0): void {
    this.log.cron(now);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}

const ON = { appendonly: true, appendfsync: "always" } as const;

Deno.test("at start: first files, then the bytes of the stream with its positions", async () => {
  using rig = new Rig(ON);
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
  using rig = new Rig(ON);
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
  using rig = new Rig(ON);
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
  using rig = new Rig({ ...ON, aofErrorPolicy: "read-only" });
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
  using rig = new Rig(ON);
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
  using rig = new Rig({ ...ON, appendfsync: "no" });
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
  using rig = new Rig({ ...ON, appendfsync: "no" });
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

Deno.test("switched on: nothing is durable before the first rewrite has ended, then all of it is", async () => {
  using rig = new Rig({ appendfsync: "always" });
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
  using rig = new Rig({ appendfsync: "always" });
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
  using rig = new Rig();
  await rig.start();
  rig.executing = true;
  rig.set({ appendonly: true });
  assert.deepEqual([rig.log.rewriter.running, rig.log.rewriter.scheduled], [false, true]);
  rig.executing = false;
  rig.cron();
  assert.equal(rig.log.rewriter.running, true);
});

Deno.test("switched off: replies wait until the last byte is on disk, then for nothing", async () => {
  using rig = new Rig(ON);
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
  using rig = new Rig({ ...ON, appendfsync: "no" });
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
  using rig = new Rig(ON);
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

Deno.test("a fault under always ends the server before anything is said", async () => {
  using rig = new Rig({ ...ON, aofStrategy: "aof-inline" });
  await rig.start();
  rig.writer.fault = { kind: "write", code: "ENOSPC", message: "No space left on device", path: "/log" };
  rig.write("a");
  assert.deepEqual(rig.exits, [1]);
});

Deno.test("everysec: a failed sync stops what is durable until a rewrite that began behind it has ended", async () => {
  using rig = new Rig({ appendonly: true, appendfsync: "everysec" });
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
  using rig = new Rig({ appendonly: true, appendfsync: "no" });
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
  using rig = new Rig({ appendonly: true, appendfsync: "everysec", noAppendfsyncOnRewrite: true });
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
  using rig = new Rig(ON);
  await rig.start();
  rig.write("a");
  const stopped = rig.log.stop();
  await settle();
  rig.writer.syncs();
  await stopped;
  assert.equal(rig.log.isLost, false);
  assert.ok(rig.lines.includes("Calling fsync() on the AOF file."));
  using failing = new Rig({ ...ON, aofErrorPolicy: "read-only" });
  await failing.start();
  failing.write("a");
  const ended = failing.log.stop();
  await settle();
  failing.writer.fails("sync");
  await ended;
  assert.equal(failing.log.isLost, true);
});

Deno.test("switched off and on again while the disk fails: the fault of the old writer is not the new one's", async () => {
  using rig = new Rig({ ...ON, aofErrorPolicy: "read-only" });
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
  using rig = new Rig({ ...ON, aofErrorPolicy: "read-only" });
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
  using rig = new Rig({ appendfsync: "always" });
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
  using rig = new Rig({ appendfsync: "always" });
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
  using rig = new Rig({ appendfsync: "always" });
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
  using rig = new Rig({ appendfsync: "always", aofStrategy: "aof-inline" });
  await rig.start();
  rig.set({ appendonly: true });
  await settle();
  assert.equal(rig.attached, rig.log);
  rig.writer.syncs();
  await rig.rewriteEnds("well");
  assert.equal(rig.attached, null);
});

Deno.test("the directory was changed while the log was on: the next log is there", async () => {
  using rig = new Rig({ appendonly: true, appendfsync: "no" });
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
