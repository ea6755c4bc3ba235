// What the coordinator of saves decides: which save starts when, what its end means, who must wait or is refused. The
// workers are played, the file calls recorded; nothing is written.
import assert from "node:assert/strict";
import type { SaveType } from "../commands/server_services.ts";
import { ArenaDataset } from "../persistence/rdb/arena_dataset.ts";
import type { SaveFileSystem } from "../persistence/rdb/file_system.ts";
import { noFiles, PlayedStrategy } from "../persistence/snapshot/played_worker.ts";
import { Config } from "./config/config.ts";
import { MemoryHost } from "./config/memory_host.ts";
import { RESTRICT_SNAPSHOT_ERROR, RESTRICT_SNAPSHOT_PRESSURE } from "./dispatcher.ts";
import { type BaseFile, SaveCoordinator, type SaveHost } from "./save_coordinator.ts";

const TYPES: SaveType[] = ["thread", "fork"];
const START_MS = 1_700_000_000_000;

const BASE: BaseFile = {
  directory: "/nowhere",
  tempName: "temp-rewriteaof-bg-1-1.aof",
  name: "appendonly.aof.2.base.rdb",
  format: "rdb",
  incrementalSync: true,
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A server around a coordinator, as far as the coordinator sees it. */
class Rig {
  readonly dataset = new ArenaDataset(16 * 1024 * 1024);
  readonly lines: string[] = [];
  readonly strategies = new Map([
    ["threadsave", new PlayedStrategy("iterator")],
    ["fork-emulated", new PlayedStrategy("tables")],
    ["own", new PlayedStrategy("iterator")],
  ]);
  readonly values: Mutable<Config["values"]> = new Config(new MemoryHost()).values;
  restrictions = 0;
  releases = 0;
  /** The call of a foreground save that fails, and how. */
  failing: keyof SaveFileSystem | "write" | "sync" | "" = "";
  readonly foregroundCalls: string[] = [];
  readonly saves: SaveCoordinator;

  constructor() {
    this.values.save = [];
    const log = (line: string) => void this.lines.push(line);
    const host: SaveHost = {
      keyspace: this.dataset.keyspace,
      loader: { functions: [] },
      config: { values: this.values },
      log: { debug: log, verbose: log, notice: log, warning: log } as SaveHost["log"],
      latency: { addIfNeeded: () => {} },
      plugins: {
        snapshot: (name) => {
          const strategy = this.strategies.get(name);
          if (strategy === undefined) throw new Error(`there is no plugin "${name}"`);
          return strategy;
        },
      },
      usedMemory: () => 1,
      restrict: (bit, on) => {
        this.restrictions = on ? this.restrictions | bit : this.restrictions & ~bit;
      },
      releaseWriters: () => void this.releases++,
    };
    this.dataset.keyspace.clock.ms = START_MS;
    for (let key = 0; key < 300; key++) this.dataset.string(`key:${key}`, "x".repeat(500));
    this.dataset.keyspace.dirty = 300;
    this.saves = new SaveCoordinator(host, { foreground: this.foregroundFiles(), dump: noFiles });
    this.saves.lastSaveSeconds = START_MS / 1000;
  }

  private foregroundFiles(): SaveFileSystem {
    const call = (name: typeof this.failing) => {
      this.foregroundCalls.push(name);
      if (this.failing === name) throw new Error(`${name} failed`);
    };
    return {
      create: () => {
        call("create");
        return {
          write: (bytes) => (call("write"), bytes.length),
          sync: () => call("sync"),
          close: () => {},
        };
      },
      rename: () => call("rename"),
      remove: () => call("remove"),
      syncDirectory: () => call("syncDirectory"),
      list: () => [],
      removeUnlocked: () => false,
    };
  }

  get keyspace() {
    return this.dataset.keyspace;
  }

  strategy(type: SaveType): PlayedStrategy {
    return this.strategies.get(type === "thread" ? "threadsave" : "fork-emulated")!;
  }

  get refusesWrites(): boolean {
    return (this.restrictions & RESTRICT_SNAPSHOT_ERROR) !== 0;
  }

  get makesWritersWait(): boolean {
    return (this.restrictions & RESTRICT_SNAPSHOT_PRESSURE) !== 0;
  }

  /** Ends the running save. */
  async end(type: SaveType, how: "well" | Error): Promise<void> {
    const { worker } = this.strategy(type);
    if (how === "well") worker.finish();
    else worker.fail(how);
    await this.saves.settled();
  }

  saved(type: SaveType): Promise<void> {
    return this.end(type, "well");
  }

  failed(type: SaveType): Promise<void> {
    return this.end(type, new Error("No space left on device (os error 28)"));
  }
}

for (const type of TYPES) {
  Deno.test(`${type}: a save that ends well takes its changes off and opens the way for writes`, async () => {
    const rig = new Rig();
    rig.values.save = [{ seconds: 3600, changes: 1 }];
    const { saves, keyspace } = rig;
    assert.equal(saves.start(type), true);
    await rig.failed(type);
    assert.equal(saves.report().lastStatus, "err");
    assert.equal(rig.refusesWrites, true);
    assert.equal(keyspace.dirty, 300, "nothing was saved");
    assert.ok(rig.lines.includes("Background saving error: No space left on device (os error 28)"));

    assert.equal(saves.start(type), true);
    assert.equal(saves.report().running, type);
    keyspace.dirty += 7;
    await rig.saved(type);
    const { running, lastType, lastStatus, saves: count, progress } = saves.report();
    assert.deepEqual(
      { running, lastType, lastStatus, count },
      { running: null, lastType: type, lastStatus: "ok", count: 1 },
    );
    assert.equal(progress.keysTotal, 0);
    assert.equal(keyspace.dirty, 7);
    assert.equal(rig.refusesWrites, false);
    assert.equal(saves.lastSaveSeconds > START_MS / 1000, true);
  });

  Deno.test(`${type}: a cancelled save changes neither status nor counters`, async () => {
    const rig = new Rig();
    rig.values.save = [{ seconds: 3600, changes: 1 }];
    const { saves, keyspace } = rig;
    saves.start(type);
    assert.equal(saves.cancel(), true);
    assert.equal(saves.cancel(), true, "it is not over before its worker has ended");
    await saves.settled();
    assert.equal(saves.cancel(), false);
    assert.equal(saves.report().lastStatus, "ok");
    assert.equal(rig.refusesWrites, false);
    assert.equal(keyspace.dirty, 300);
    assert.equal(keyspace.cut, null);
    assert.equal(keyspace.imageActive, false);
  });

  Deno.test(`${type}: what emptying databases does to a save`, async () => {
    const rig = new Rig();
    const { saves } = rig;
    saves.start(type);
    saves.abortForFlush({ wholeDataset: false });
    const { worker } = rig.strategy(type);
    assert.equal(worker.cancelled, type === "thread", "a page image outlives a database");
    saves.abortForFlush({ wholeDataset: true });
    assert.equal(worker.cancelled, true);
    await saves.settled();
    saves.abortForFlush({ wholeDataset: true });
  });
}

Deno.test("writes are refused only where config wants that", async () => {
  const rig = new Rig();
  rig.saves.start("thread");
  await rig.failed("thread");
  assert.equal(rig.refusesWrites, false, "no save points");
  rig.values.save = [{ seconds: 3600, changes: 1 }];
  rig.saves.updateRestrictions();
  assert.equal(rig.refusesWrites, true);
  rig.values.stopWritesOnBgsaveError = false;
  rig.saves.updateRestrictions();
  assert.equal(rig.refusesWrites, false);
  rig.values.stopWritesOnBgsaveError = true;
  assert.equal(rig.saves.saveNow(), true);
  assert.equal(rig.refusesWrites, false, "SAVE proves that saving works");
});

Deno.test("save points: enough changes and enough time, and five seconds after a failure", async () => {
  const rig = new Rig();
  const { saves, keyspace } = rig;
  rig.values.save = [{ seconds: 60, changes: 1000 }, { seconds: 300, changes: 10 }];
  const at = (seconds: number) => {
    keyspace.clock.ms = START_MS + seconds * 1000;
    saves.cron(keyspace.clock.ms);
    return saves.running !== null;
  };
  assert.equal(at(61), false, "changes of the first point are missing");
  assert.equal(at(300), false, "not before the second has passed");
  assert.equal(at(301), true);
  assert.ok(rig.lines.includes("10 changes in 300 seconds. Saving..."));
  assert.equal(at(302), true, "one at a time");
  await rig.failed("thread");
  assert.equal(at(303), false);
  assert.equal(at(306), false);
  assert.equal(at(307), true);
  saves.cancel();
  await saves.settled();
  const base = saves.startBase(BASE);
  assert.equal(at(400), false);
  base.cancel();
  await base.done;
  keyspace.dirty = 0;
  assert.equal(at(500), false, "nothing has changed");
});

Deno.test("a scheduled save starts when the other job has ended, in the type that was asked for", async () => {
  const rig = new Rig();
  const { saves, keyspace } = rig;
  const base = saves.startBase(BASE);
  assert.equal(saves.mustWait, true);
  saves.schedule("fork");
  saves.cron(keyspace.clock.ms);
  assert.equal(saves.running, null);
  base.cancel();
  await base.done;
  saves.cron(keyspace.clock.ms);
  assert.equal(saves.running, "fork");
  await rig.saved("fork");
  saves.cron(keyspace.clock.ms);
  assert.equal(saves.running, null, "once");
  saves.schedule("thread");
  assert.equal(saves.unschedule(), true);
  assert.equal(saves.unschedule(), false);
});

Deno.test("which strategy a type means", async () => {
  const rig = new Rig();
  const { saves, values } = rig;
  const used = async (type: SaveType) => {
    rig.lines.length = 0;
    assert.equal(saves.start(type), true);
    saves.cancel();
    await saves.settled();
    return rig.lines.find((line) => line.startsWith("Background saving started"));
  };
  assert.equal(saves.defaultType, "thread");
  assert.equal(await used("thread"), "Background saving started by plugin threadsave");
  values.snapshotStrategy = "own";
  assert.equal(saves.defaultType, "thread");
  assert.equal(await used("thread"), "Background saving started by plugin own");
  assert.equal(await used("fork"), "Background saving started by plugin fork-emulated");
  values.snapshotStrategy = "fork-emulated";
  assert.equal(saves.defaultType, "fork");
  values.snapshotStrategy = "threadsave";
  values.forklessOptionsSupported = false;
  assert.equal(saves.defaultType, "fork");
});

Deno.test("a save that cannot begin is a failed one", () => {
  const rig = new Rig();
  rig.values.save = [{ seconds: 3600, changes: 1 }];
  rig.strategies.get("threadsave")!.begin = () => {
    throw new Error("plugin threadsave is saving already");
  };
  assert.equal(rig.saves.start("thread"), false);
  assert.equal(rig.saves.running, null);
  assert.equal(rig.refusesWrites, true);
  assert.equal(rig.keyspace.cut, null);
  assert.ok(rig.lines.includes("Cannot start a background save: plugin threadsave is saving already"));
});

Deno.test("over snapshot-shadow-limit: the save begins again with the iterator, or fails", async () => {
  for (const policy of ["degrade", "fail"] as const) {
    const rig = new Rig();
    const { saves, keyspace } = rig;
    rig.values.snapshotShadowLimit = 32 * 1024;
    rig.values.snapshotShadowPolicy = policy;
    saves.start("fork");
    for (let key = 0; key < 300; key++) rig.dataset.string(`key:${key}`, "y".repeat(500));
    keyspace.dirty += 300;
    await saves.settled();
    assert.ok(rig.lines.some((line) => line.includes("more pages changed than snapshot-shadow-limit")));
    assert.equal(keyspace.imageActive, false);
    if (policy === "fail") {
      assert.equal(saves.running, null);
      assert.equal(saves.report().lastStatus, "err");
      assert.equal(keyspace.dirty, 600);
      continue;
    }
    assert.equal(saves.running, "thread");
    assert.equal(saves.report().lastStatus, "ok");
    await rig.saved("thread");
    assert.equal(saves.report().lastStatus, "ok");
    assert.equal(keyspace.dirty, 0, "its cut has all changes");
    assert.equal(saves.report().saves, 1);
  }
});

Deno.test("writers wait while too much is held for a threadsave, and no longer", async () => {
  const rig = new Rig();
  rig.values.snapshotHeldBytesMax = 64 * 1024;
  const { saves, dataset } = rig;
  saves.start("thread");
  let key = 0;
  while (!rig.makesWritersWait) dataset.string(`key:${key++}`, "y".repeat(1000));
  assert.ok(key < 300);
  const { worker } = rig.strategy("thread");
  const released = rig.releases;
  while (!worker.complete) {
    worker.work(1000);
    // The coordinator's own timer hands over the rest.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(rig.makesWritersWait, false);
  assert.ok(rig.releases > released);

  for (key = 0; key < 300; key++) dataset.string(`key:${key}`, "x".repeat(500 + key));
  await rig.saved("thread");
  saves.start("thread");
  for (key = 0; !rig.makesWritersWait; key++) dataset.string(`key:${key}`, "y".repeat(2000));
  saves.cancel();
  assert.equal(rig.makesWritersWait, false, "nobody waits for a cancelled save");
  await saves.settled();
});

for (const call of ["create", "write", "sync", "rename", "syncDirectory"] as const) {
  Deno.test(`SAVE with an error of ${call} fails, says so, and leaves no temporary file`, () => {
    const rig = new Rig();
    rig.failing = call;
    assert.equal(rig.saves.saveNow(), false);
    assert.ok(rig.lines.some((line) => line.startsWith("Write error saving DB on disk: ")));
    assert.ok(rig.lines.some((line) => line.endsWith(`${call} failed`)), rig.lines.join("\n"));
    const removes = rig.foregroundCalls.filter((name) => name === "remove").length;
    // Where it could not be made there is none, and after the rename it is the dump.
    assert.equal(removes, call === "create" || call === "syncDirectory" ? 0 : 1);
    const { lastStatus, saves } = rig.saves.report();
    assert.deepEqual([lastStatus, saves, rig.keyspace.dirty], ["ok", 0, 300]);
    rig.failing = "";
    assert.equal(rig.saves.saveNow(), true);
    assert.equal(rig.keyspace.dirty, 0);
  });
}

Deno.test("after FLUSHALL the empty dataset is saved where there are save points, and nothing is left to save", () => {
  const rig = new Rig();
  rig.saves.saveEmptied();
  assert.equal(rig.foregroundCalls.length, 0);
  rig.values.save = [{ seconds: 3600, changes: 1 }];
  rig.saves.saveEmptied();
  assert.ok(rig.foregroundCalls.includes("rename"));
  assert.equal(rig.keyspace.dirty, 0);
  assert.equal(rig.saves.report().saves, 0);
});

Deno.test("a save that was cancelled too late takes nothing off what came after SAVE", async () => {
  const rig = new Rig();
  const { saves, keyspace } = rig;
  saves.start("thread");
  rig.strategy("thread").worker.finish();
  assert.equal(saves.saveNow(), true);
  keyspace.dirty = 5;
  await saves.settled();
  assert.equal(saves.report().lastStatus, "ok");
  assert.equal(keyspace.dirty, 5);
});
