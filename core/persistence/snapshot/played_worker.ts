// A save whose worker is played on the same thread, a piece at a time, as the test wants it. For tests only.
import assert from "node:assert/strict";
import type { Ref } from "../../memory/arena.ts";
import { ImageReader } from "../../memory/arena_reader.ts";
import { ReaderProgress } from "../../memory/deferred_free.ts";
import { SharedRing } from "../../memory/shared_ring.ts";
import { directoryCount, directoryKeysRoot } from "../../keyspace/database_directory.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { HashTableReader } from "../../structures/hashtable_reader.ts";
import type { SnapshotBegin, SnapshotRun } from "../../plugins/snapshot_strategy.ts";
import { rdbHeader } from "../rdb/arena_dataset.ts";
import { RECORD_COMPLETE } from "./background_iterator.ts";
import { SaveJob, type SaveJobOptions, type SaveStrategy } from "./save_job.ts";
import { type ReadEntry, readInPieces } from "./snapshot_model.ts";
import type { DumpFileSystem } from "./temp_dump.ts";

export const KINDS = ["iterator", "tables"] as const;
export type Kind = (typeof KINDS)[number];
const MB = 1024 * 1024;
/** A dozen records: the list behind the ring is used all the time. */
const RING_BYTES = 256;

/** An entry to be read. */
interface Taken {
  database: number;
  ref: Ref;
  ticket: number;
}

/** Reads an entry a piece at a time. */
export type EntryReading = (view: ImageReader, ref: Ref, database: number) => Generator<void, ReadEntry>;

/** Plays the plugin's worker, a piece at a time. */
export class PlayedWorker {
  readonly delivered = new Map<string, string>();
  complete = false;
  cancelled = false;
  readonly run: SnapshotRun;
  finish!: () => void;
  fail!: (error: Error) => void;
  private readonly view: ImageReader;
  private readonly entries: Generator<Taken | null>;
  private readonly progress: ReaderProgress | null;
  private taken: Taken = { database: 0, ref: 0, ticket: 0 };
  private reading: Generator<void, ReadEntry> | null = null;
  private processed = 0;

  constructor(readonly input: SnapshotBegin, private readonly readEntry: EntryReading) {
    this.view = ImageReader.from(input.arena);
    this.entries = input.entries === undefined ? this.walk() : this.take();
    this.progress = input.reader === undefined ? null : ReaderProgress.attach(input.reader);
    const done = new Promise<{ entries: number; bytes: number }>((resolve, reject) => {
      this.finish = () => resolve({ entries: this.delivered.size, bytes: 1 });
      this.fail = reject;
    });
    this.run = {
      done,
      processed: () => this.processed,
      progress: () => ({ processed: this.processed, bytes: 0, currentItemMs: -1 }),
      setKeySaveDelay: () => {},
      cancel: () => {
        this.cancelled = true;
        this.fail(new Error("cancelled"));
      },
      abandon: (reason) => this.fail(new Error(reason)),
    };
    input.path();
  }

  /** Takes the entries from the tables, as they come. */
  private *walk(): Generator<Taken> {
    const { view } = this;
    for (let database = 0; database < directoryCount(view); database++) {
      const root = directoryKeysRoot(view, database);
      if (root === 0) continue;
      const table = new HashTableReader(view).open(root);
      for (let ref = table.next(); ref !== 0; ref = table.next()) yield { database, ref, ticket: 0 };
    }
    this.complete = true;
  }

  /** Takes what the iterator hands over; null while there is nothing. */
  private *take(): Generator<Taken | null> {
    const ring = SharedRing.attach(this.input.entries!);
    const record = new Uint32Array(4);
    while (record[2] !== RECORD_COMPLETE) {
      if (!ring.tryPopWords(record)) yield null;
      else if (record[2] !== RECORD_COMPLETE) {
        yield { database: record[0], ref: record[1], ticket: record[3] | 0 };
      }
    }
    this.complete = true;
  }

  /** Reads so many pieces, or until there is nothing to do. */
  work(pieces: number): void {
    for (let piece = 0; piece < pieces; piece++) {
      if (this.reading === null) {
        const { value, done } = this.entries.next();
        if (done || value === null) return;
        this.taken = value;
        this.reading = this.readEntry(this.view, value.ref, value.database);
      }
      const { done, value } = this.reading.next();
      if (done) this.deliver(value);
    }
  }

  private deliver(entry: ReadEntry): void {
    const name = `${this.taken.database}/${entry.key}`;
    assert.ok(!this.delivered.has(name), `${name} was delivered twice`);
    this.delivered.set(name, entry.text);
    this.reading = null;
    this.progress?.pass(this.taken.ticket);
    this.processed++;
  }
}

export class PlayedStrategy implements SaveStrategy {
  worker!: PlayedWorker;

  constructor(readonly entries: Kind, private readonly readEntry: EntryReading = readInPieces) {}

  begin(input: SnapshotBegin): SnapshotRun {
    this.worker = new PlayedWorker(input, this.readEntry);
    return this.worker.run;
  }
}

/** File calls that do nothing and succeed. */
export const noFiles: DumpFileSystem = {
  rename: () => Promise.resolve(),
  syncDirectory: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  removeSync: () => {},
};

export const playedOptions: SaveJobOptions = {
  format: "rdb",
  header: rdbHeader,
  functions: [],
  rdbVersion: 11,
  checksum: true,
  compress: false,
  incrementalSync: false,
  access: "none",
  keySaveDelay: 0,
  directory: () => "/nowhere",
  tempName: "temp-forkless-1-1.rdb",
  shadowBytesMax: 64 * MB,
  heldBytesMax: 64 * MB,
  onFeed: () => {},
  onCongested: () => {},
  files: noFiles,
  ringBytes: RING_BYTES,
};

/** Begins a save whose worker is played. */
export function beginPlayed(
  keyspace: Keyspace,
  kind: Kind,
  more: Partial<SaveJobOptions> = {},
  readEntry: EntryReading = readInPieces,
): { job: SaveJob; worker: PlayedWorker } {
  const strategy = new PlayedStrategy(kind, readEntry);
  const job = new SaveJob(keyspace, strategy, { ...playedOptions, ...more }, "dump.rdb");
  return { job, worker: strategy.worker };
}

/** Lets the worker read all there is. */
export function toTheEnd(job: SaveJob, worker: PlayedWorker): void {
  for (let round = 0; !worker.complete; round++) {
    assert.ok(round < 10_000, "the save comes to its end");
    job.step();
    worker.work(1000);
  }
}
