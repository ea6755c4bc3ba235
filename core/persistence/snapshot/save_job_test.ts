// One save and what can go wrong with it on the loop's side: the file calls after the worker's part, cancelling at the
// worst times, limits of memory, a strategy that does not even begin.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { ArenaDataset } from "../rdb/arena_dataset.ts";
import { beginPlayed, KINDS, noFiles, playedOptions, toTheEnd } from "./played_worker.ts";
import { SaveJob, type SaveOutcome, type SaveStrategy } from "./save_job.ts";
import type { DumpFileSystem } from "./temp_dump.ts";

const TEMP = "/nowhere/temp-forkless-1-1.rdb";
const DUMP = "/nowhere/dump.rdb";
const KB = 1024;

function small(keys = 20): ArenaDataset {
  const dataset = new ArenaDataset(16 * KB * KB);
  for (let key = 0; key < keys; key++) dataset.string(`key:${key}`, `value ${key}`);
  return dataset;
}

/** A file system with one directory, which notes what is asked of it. A rename waits until it is let go. */
class RecordingFiles implements DumpFileSystem {
  readonly names = new Set([TEMP, DUMP]);
  readonly calls: string[] = [];
  /** By call: the error that it ends with. */
  readonly errors: Record<string, string> = {};
  letRenameGo: Promise<void> = Promise.resolve();

  async rename(from: string, to: string): Promise<void> {
    this.calls.push("rename");
    await this.letRenameGo;
    this.fail("rename");
    if (!this.names.delete(from)) throw new Deno.errors.NotFound(from);
    this.names.add(to);
    this.calls.push("renamed");
  }

  syncDirectory(): Promise<void> {
    this.calls.push("syncDirectory");
    this.fail("syncDirectory");
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.calls.push("remove");
    return Promise.resolve().then(() => this.removeSync(path));
  }

  removeSync(path: string): void {
    this.fail("remove");
    if (!this.names.delete(path)) throw new Deno.errors.NotFound(path);
  }

  private fail(call: string): void {
    if (this.errors[call] !== undefined) throw new Error(this.errors[call]);
  }
}

function message(outcome: SaveOutcome): string {
  return outcome.result === "failed" ? `failed: ${outcome.error.message}` : outcome.result;
}

function expectClean({ keyspace, arena }: ArenaDataset): void {
  assert.equal(keyspace.cut, null);
  assert.equal(keyspace.imageActive, false);
  assert.equal(keyspace.freezeAccess, false);
  while (arena.reclaim() > 0);
  arena.retire(arena.allocate(64));
  assert.equal(arena.retiredBytes, 0, "no reader is open");
}

for (const kind of KINDS) {
  for (const call of ["rename", "syncDirectory"]) {
    Deno.test(`${kind}: an error of ${call} fails the save and leaves no temporary file`, async () => {
      const files = new RecordingFiles();
      files.errors[call] = "Input/output error (os error 5)";
      const dataset = small();
      const { job, worker } = beginPlayed(dataset.keyspace, kind, { files });
      toTheEnd(job, worker);
      worker.finish();
      assert.equal(message(await job.done), "failed: Input/output error (os error 5)");
      assert.deepEqual([...files.names], [DUMP]);
      expectClean(dataset);
    });
  }

  Deno.test(`${kind}: a worker that fails leaves no temporary file, even where that cannot be removed`, async () => {
    for (const error of [undefined, "Permission denied (os error 13)"]) {
      const files = new RecordingFiles();
      if (error !== undefined) files.errors.remove = error;
      const dataset = small();
      const { job, worker } = beginPlayed(dataset.keyspace, kind, { files });
      worker.fail(new Error("No space left on device (os error 28)"));
      assert.equal(message(await job.done), "failed: No space left on device (os error 28)");
      assert.equal(files.names.has(TEMP), error !== undefined);
      assert.ok(!files.calls.includes("rename"));
      expectClean(dataset);
    }
  });

  Deno.test(`${kind}: cancelled while the file is renamed, the old dump stays and nothing can replace it later`, async () => {
    const files = new RecordingFiles();
    let letGo!: () => void;
    files.letRenameGo = new Promise((resolve) => letGo = resolve);
    const { job, worker } = beginPlayed(small().keyspace, kind, { files });
    toTheEnd(job, worker);
    worker.finish();
    while (!files.calls.includes("rename")) await Promise.resolve();
    job.cancel();
    job.cancel();
    assert.ok(!files.names.has(TEMP), "before cancel returns");
    letGo();
    assert.equal(message(await job.done), "cancelled");
    assert.deepEqual([...files.names], [DUMP]);
    assert.ok(!files.calls.includes("renamed"));
  });

  Deno.test(`${kind}: told to fail, it does, whether the worker gives up or has ended already`, async () => {
    for (const ends of ["gives up", "has ended"]) {
      const files = new RecordingFiles();
      const dataset = small();
      const { job, worker } = beginPlayed(dataset.keyspace, kind, { files });
      if (ends === "has ended") {
        toTheEnd(job, worker);
        worker.finish();
      }
      job.fail("killed");
      assert.equal(message(await job.done), "failed: killed");
      assert.deepEqual([...files.names], [DUMP]);
      expectClean(dataset);
    }
  });

  Deno.test(`${kind}: cancelled after the file was renamed, the save is a success`, async () => {
    const files = new RecordingFiles();
    const { job, worker } = beginPlayed(small().keyspace, kind, { files });
    files.syncDirectory = () => {
      job.cancel();
      return Promise.resolve();
    };
    toTheEnd(job, worker);
    worker.finish();
    assert.equal(message(await job.done), "saved");
    assert.deepEqual([...files.names], [DUMP]);
  });

  Deno.test(`${kind}: a strategy that cannot begin leaves nothing of the save`, () => {
    const dataset = small();
    const strategy: SaveStrategy = {
      entries: kind,
      begin: () => {
        throw new Error("plugin x is saving already");
      },
    };
    assert.throws(() => new SaveJob(dataset.keyspace, strategy, playedOptions, "dump.rdb"), /saving already/);
    expectClean(dataset);
  });
}

Deno.test("the limits of shadow memory: the save gives up and says so", async () => {
  for (const kind of KINDS) {
    const dataset = small();
    const table: Record<string, string> = {};
    for (let field = 0; field < 3000; field++) table[`field:${field}`] = "x".repeat(50);
    dataset.hashTable("table", table);
    const { job, worker } = beginPlayed(dataset.keyspace, kind, { shadowBytesMax: 48 * KB });
    const { keyspace } = dataset;
    const key = latin1Bytes("table");
    const ref = keyspace.databases[0].lookupWrite(key, 0, key.length);
    const value = latin1Bytes("another");
    for (let field = 0; field < 3000; field++) {
      const name = latin1Bytes(`field:${field}`);
      keyspace.fields.attach(keyspace.entries.valueRef(ref)).set(
        name,
        0,
        name.length,
        value,
        0,
        value.length,
      );
    }
    assert.equal(worker.cancelled, false, "not within a store");
    assert.equal(message(await job.done), "over-limit");
    assert.ok(worker.cancelled);
    assert.equal(job.shadowBytesPeak, 48 * KB);
    expectClean(dataset);
  }
});

Deno.test("held memory: whoever changes keys is told at once that it is too much, and when it is not any more", () => {
  const dataset = new ArenaDataset(16 * KB * KB);
  for (let key = 0; key < 2000; key++) dataset.string(`key:${key}`, "x".repeat(1000));
  let told = 0;
  const { job, worker } = beginPlayed(dataset.keyspace, "iterator", {
    heldBytesMax: 100 * KB,
    onCongested: () => told++,
  });
  const { arena } = dataset;
  let key = 0;
  while (!job.congested) dataset.string(`key:${key++}`, "y".repeat(2000));
  assert.ok(arena.retiredBytes < 103 * KB, `${arena.retiredBytes} bytes`);
  assert.equal(told, 0);
  dataset.string(`key:${key++}`, "y");
  dataset.string(`key:${key++}`, "y");
  assert.equal(told, 1, "told once, by the change after");
  while (job.congested) {
    worker.work(20);
    job.step();
  }
  while (!job.congested) dataset.string(`key:${key++}`, "y".repeat(2000));
  dataset.string(`key:${key++}`, "y");
  assert.equal(told, 2);
  job.cancel();
  assert.equal(job.congested, false, "a cancelled save keeps nobody waiting");
});

Deno.test("large values are handed over a few at a time, however few they are", () => {
  const MB = KB * KB;
  const dataset = new ArenaDataset(128 * MB);
  for (let key = 0; key < 60; key++) dataset.string(`key:${key}`, "x".repeat(MB));
  const { job, worker } = beginPlayed(dataset.keyspace, "iterator");
  const ahead = () => job.progress().queued - job.progress().processed;
  // A bucket is handed over as a whole.
  assert.ok(ahead() <= 8 + 12, `${ahead()} of 1 MiB`);
  while (!worker.complete) {
    worker.work(100);
    job.step();
    assert.ok(ahead() <= 8 + 12);
  }
  assert.equal(worker.delivered.size, 60);
  job.cancel();
});

Deno.test("nothing is kept or copied for a worker that has read everything and still writes", async () => {
  for (const kind of KINDS) {
    const dataset = small();
    const { job, worker } = beginPlayed(dataset.keyspace, kind);
    dataset.string("key:1", "another");
    toTheEnd(job, worker);
    job.step();
    expectClean(dataset);
    assert.equal(job.congested, false);
    worker.finish();
    assert.equal(message(await job.done), "saved");
  }
});

Deno.test("the directory is asked for once, when the worker is ready", async () => {
  const renamed: string[] = [];
  let directory = "/first";
  const { job, worker } = beginPlayed(small().keyspace, "iterator", {
    directory: () => directory,
    files: { ...noFiles, rename: (from, to) => Promise.resolve(void renamed.push(from, to)) },
  });
  directory = "/second";
  toTheEnd(job, worker);
  worker.finish();
  assert.equal(message(await job.done), "saved");
  assert.deepEqual(renamed, ["/first/temp-forkless-1-1.rdb", "/first/dump.rdb"]);
});

for (const kind of KINDS) {
  Deno.test(`${kind}: a save that left keys out is a dump, but no base of a log`, async () => {
    for (const mustBeWhole of [false, true]) {
      const files = new RecordingFiles();
      const { job, worker } = beginPlayed(small().keyspace, kind, { files, mustBeWhole });
      toTheEnd(job, worker);
      worker.delivered.delete("0/key:7");
      worker.finish();
      const reason = "the snapshot plugin saved 19 of 20 keys, and the log needs all of them";
      assert.equal(message(await job.done), mustBeWhole ? `failed: ${reason}` : "saved");
      assert.ok(!files.names.has(TEMP));
      assert.equal(files.calls.includes("rename"), !mustBeWhole);
    }
  });
}
