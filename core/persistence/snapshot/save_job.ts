// One background save, the loop's side: makes the cut the way the strategy wants it, gives the plugin's worker its job,
// goes on with the view, and puts the finished file in its place. The coordinator of core/server decides when; this
// knows how.
import type { SnapshotRun, SnapshotStrategy } from "../../plugins/snapshot_strategy.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { SnapshotFormat } from "../../../plugins/sdk/snapshot/snapshot_job.ts";
import type { RdbHeader } from "../rdb/encoder.ts";
import { ImageView } from "./image_view.ts";
import { IteratorView } from "./iterator_view.ts";
import type { SaveView } from "./save_view.ts";
import { type DumpFileSystem, systemDumpFiles, TempDump } from "./temp_dump.ts";

const SYNC_STEP_BYTES = 4 * 1024 * 1024;

export interface SaveJobOptions {
  format: SnapshotFormat;
  /** For commands: seconds since 1970 in an annotation before all else; undefined = none. */
  annotatedAt?: number;
  /** A save that leaves entries out, as plugins may, has failed: what is missing in the base of a log is lost. */
  mustBeWhole?: boolean;
  header: RdbHeader;
  /** Sources of function libraries. */
  functions: Uint8Array[];
  rdbVersion: number;
  checksum: boolean;
  compress: boolean;
  incrementalSync: boolean;
  access: "none" | "lru" | "lfu";
  /** Microseconds after each key. */
  keySaveDelay: number;
  /** Absolute path of the directory, asked for once: when the worker, with its permission to write there, is ready. */
  directory: () => string;
  tempName: string;
  /** Most shadow memory of page images, bytes. */
  shadowBytesMax: number;
  /** Old values that the worker still has to read may take this many bytes; over it, writers should wait. */
  heldBytesMax: number;
  /** Told when going on with the view has held the loop, milliseconds. */
  onFeed: (milliseconds: number) => void;
  /** `congested` has become true. */
  onCongested: () => void;
  /** For tests. */
  files?: DumpFileSystem;
  ringBytes?: number;
}

export type SaveOutcome =
  | { result: "saved"; keys: number; bytes: number }
  | { result: "cancelled" }
  | { result: "over-limit" }
  | { result: "failed"; error: Error };

/** What INFO tells of a running save. */
export interface SaveProgress {
  keysTotal: number;
  processed: number;
  queued: number;
  queueLength: number;
  queueTarget: number;
  early: number;
  longestFeedMs: number;
  /** Milliseconds since the worker began the current entry; -1 = none. */
  currentItemMs: number;
  /** Shadow memory in use and most of it at a time, bytes. */
  shadowBytes: number;
  shadowBytesPeak: number;
  heldBytes: number;
}

/** While nothing is saved. */
export const IDLE_PROGRESS: SaveProgress = {
  keysTotal: 0,
  processed: 0,
  queued: 0,
  queueLength: 0,
  queueTarget: 0,
  early: 0,
  longestFeedMs: 0,
  currentItemMs: -1,
  shadowBytes: 0,
  shadowBytesPeak: 0,
  heldBytes: 0,
};

/** What a job needs of a strategy. */
export type SaveStrategy = Pick<SnapshotStrategy, "entries" | "begin">;

export class SaveJob {
  readonly startedAt = Date.now();
  /** Never rejects. */
  readonly done: Promise<SaveOutcome>;
  /** Whether the view lasts only as long as no database is emptied. */
  readonly usesIterator: boolean;
  private readonly keysTotal: number;
  private readonly view: SaveView;
  private readonly run: SnapshotRun;
  private dump: TempDump | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private cancelled = false;
  private overLimit = false;
  /** Why it was made to fail. */
  private failure: Error | null = null;
  private ended = false;

  /** Throws where the save could not even begin; then nothing is left of it. */
  constructor(
    keyspace: Keyspace,
    strategy: SaveStrategy,
    private readonly options: SaveJobOptions,
    finalName: string,
  ) {
    this.keysTotal = keyspace.size;
    this.usesIterator = strategy.entries === "iterator";
    this.view = this.makeView(keyspace);
    try {
      this.run = strategy.begin({
        ...this.view.handles,
        format: options.format,
        annotatedAt: options.annotatedAt,
        header: options.header,
        functions: options.functions,
        databases: keyspace.databases.filter((each) => each.size > 0).map((each) => ({
          id: each.id,
          keys: each.keys.size,
          expires: each.expires.size,
        })),
        rdbVersion: options.rdbVersion,
        checksum: options.checksum,
        compressor: options.compress ? "codec-lzf" : undefined,
        access: options.access,
        lfu: keyspace.lfu,
        path: () => this.place().path,
        syncBytes: options.incrementalSync ? SYNC_STEP_BYTES : 0,
        keySaveDelay: options.keySaveDelay,
        queueDepth: () => this.view.queuedBytes,
      });
    } catch (error) {
      this.view.close();
      throw error;
    }
    this.step();
    this.timer = setInterval(() => this.step(), this.view.stepIntervalMs);
    this.done = this.finish(finalName);
  }

  private makeView(keyspace: Keyspace): SaveView {
    const { shadowBytesMax, heldBytesMax, onCongested, ringBytes } = this.options;
    const onLost = () => {
      this.overLimit = true;
      queueMicrotask(() => this.run.cancel());
    };
    const processed = () => this.run === undefined ? 0 : this.run.processed();
    const options = { shadowBytesMax, onLost, processed };
    if (!this.usesIterator) return new ImageView(keyspace, options);
    return new IteratorView(keyspace, { ...options, heldBytesMax, onCongested, ringBytes });
  }

  /** The directory is settled here. */
  private place(): TempDump {
    const { directory, tempName, files } = this.options;
    return this.dump = new TempDump(directory(), tempName, files ?? systemDumpFiles);
  }

  /** True while writers should wait for the worker to catch up. */
  get congested(): boolean {
    return this.view.congested;
  }

  /**
   * Gives up. May be called at any time, more than once. When it returns, the file that is in the dump's place stays
   * there; that is the new one already where this came too late.
   */
  cancel(): void {
    if (this.ended) return;
    this.cancelled = true;
    this.run.cancel();
    this.releaseView();
    this.dump?.withdraw();
  }

  /** Gives up and ends the worker too: there is no time to wait for it. */
  abandon(reason: string): void {
    this.cancel();
    this.run.abandon(reason);
  }

  /** Gives up as if something had gone wrong. A test's lever. */
  fail(reason: string): void {
    if (this.ended || this.cancelled) return;
    this.failure = new Error(reason);
    this.run.cancel();
  }

  setKeySaveDelay(micros: number): void {
    this.run.setKeySaveDelay(micros);
  }

  get shadowBytesPeak(): number {
    return this.view.shadowBytesPeak;
  }

  progress(): SaveProgress {
    const { processed, currentItemMs } = this.run.progress();
    const steps = this.view.progress();
    return {
      keysTotal: this.keysTotal,
      processed,
      queued: steps?.queued ?? 0,
      queueLength: steps === null ? 0 : steps.queued - processed,
      queueTarget: steps?.queueTarget ?? 0,
      early: steps?.early ?? 0,
      longestFeedMs: steps?.longestFeedMs ?? 0,
      currentItemMs,
      shadowBytes: this.view.shadowBytes,
      shadowBytesPeak: this.view.shadowBytesPeak,
      heldBytes: this.view.heldBytes,
    };
  }

  /** The timer calls it; tests that have the loop for themselves do. */
  step(): void {
    const start = performance.now();
    this.view.step();
    this.options.onFeed(performance.now() - start);
  }

  private releaseView(): void {
    clearInterval(this.timer);
    this.view.release();
  }

  private async finish(finalName: string): Promise<SaveOutcome> {
    const outcome = await this.outcome(finalName);
    this.ended = true;
    this.releaseView();
    this.view.close();
    return outcome;
  }

  private expectWhole(entries: number): void {
    if (!this.options.mustBeWhole || entries === this.keysTotal) return;
    throw new Error(
      `the snapshot plugin saved ${entries} of ${this.keysTotal} keys, and the log needs all of them`,
    );
  }

  private async outcome(finalName: string): Promise<SaveOutcome> {
    try {
      const report = await this.run.done;
      this.releaseView();
      if (this.cancelled) throw new Error("cancelled");
      if (this.failure !== null) throw this.failure;
      this.expectWhole(report.entries);
      await this.dump!.commit(finalName);
      return { result: "saved", keys: report.entries, bytes: report.bytes };
    } catch (error) {
      await this.dump?.discard();
      if (this.cancelled) return { result: "cancelled" };
      if (this.failure !== null) return { result: "failed", error: this.failure };
      if (this.overLimit) return { result: "over-limit" };
      return { result: "failed", error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}
