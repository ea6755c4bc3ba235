// One background save, the loop's side: makes the cut the way the strategy wants it (background iterator or page
// image), gives the plugin's worker its job, feeds it, and puts the finished file in its place. The coordinator of
// core/server decides when; this knows how.
import type { SnapshotRun, SnapshotStrategy } from "../../plugins/snapshot_strategy.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { ReaderSlot } from "../../memory/deferred_free.ts";
import type { PageImage } from "../../memory/page_image.ts";
import { SharedRing } from "../../memory/shared_ring.ts";
import type { RdbHeader } from "../rdb/encoder.ts";
import { BackgroundIterator } from "./background_iterator.ts";

/** Room for 64 Ki records of four words and their length. */
const RING_BYTES = 2 * 1024 * 1024;
const FEED_INTERVAL_MS = 2;
const SYNC_STEP_BYTES = 4 * 1024 * 1024;

export interface SaveJobOptions {
  header: RdbHeader;
  rdbVersion: number;
  checksum: boolean;
  compress: boolean;
  incrementalSync: boolean;
  access: "none" | "lru" | "lfu";
  /** Microseconds after each key. */
  keySaveDelay: number;
  directory: string;
  tempName: string;
  /** Most shadow memory of page images, bytes. */
  shadowBytesMax: number;
  /** Old values that the worker still has to read may take this many bytes; over it, writers should wait. */
  heldBytesMax: number;
  /** Told when a feed held the loop, milliseconds. */
  onFeed: (milliseconds: number) => void;
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
  /** Shadow memory in use, bytes. */
  shadowBytes: number;
  heldBytes: number;
}

export class SaveJob {
  readonly startedAt = Date.now();
  /** Never rejects. */
  readonly done: Promise<SaveOutcome>;
  readonly usesIterator: boolean;
  private readonly keysTotal: number;
  private readonly run: SnapshotRun;
  private iterator: BackgroundIterator | null = null;
  private slot: ReaderSlot | null = null;
  private image: PageImage | null = null;
  private shadowPeak = 0;
  /** Items handed over when a large value last changed: the image may go when they are done. */
  private protectedUntil = 0;
  private ring: SharedRing | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private cancelled = false;
  private overLimit = false;
  private ended = false;

  constructor(
    private readonly keyspace: Keyspace,
    strategy: SnapshotStrategy,
    private readonly options: SaveJobOptions,
    finalName: string,
  ) {
    this.keysTotal = keyspace.size;
    this.usesIterator = strategy.entries === "iterator";
    const path = `${options.directory}/${options.tempName}`;
    this.run = strategy.begin({
      ...this.prepareView(),
      header: options.header,
      functions: [],
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
      path,
      syncBytes: options.incrementalSync ? SYNC_STEP_BYTES : 0,
      keySaveDelay: options.keySaveDelay,
    });
    if (this.usesIterator) this.beginIterator();
    this.done = this.finish(path, `${options.directory}/${finalName}`);
  }

  /** True while writers should wait for the worker to catch up. */
  get congested(): boolean {
    return this.iterator !== null &&
      (this.iterator.congested || this.keyspace.arena.retiredBytes > this.options.heldBytesMax);
  }

  /** Gives up; the file that is there stays as it is. May be called at any time, more than once. */
  cancel(): void {
    if (this.ended) return;
    this.cancelled = true;
    this.releaseView();
    this.run.cancel();
  }

  setKeySaveDelay(micros: number): void {
    this.run.setKeySaveDelay(micros);
  }

  get shadowBytesPeak(): number {
    return Math.max(this.shadowPeak, this.image?.shadowBytesPeak ?? 0);
  }

  progress(): SaveProgress {
    const { processed, currentItemMs } = this.run.progress();
    const steps = this.iterator?.progress();
    return {
      keysTotal: this.keysTotal,
      processed,
      queued: steps?.queued ?? 0,
      queueLength: steps?.queueLength ?? 0,
      queueTarget: steps?.queueTarget ?? 0,
      early: steps?.early ?? 0,
      longestFeedMs: steps?.longestFeedMs ?? 0,
      currentItemMs,
      shadowBytes: this.image?.shadowBytes ?? 0,
      heldBytes: this.iterator === null ? 0 : this.keyspace.arena.retiredBytes,
    };
  }

  /** What the worker reads through: opened before the cut, so that nothing it needs is freed. */
  private prepareView() {
    const { arena } = this.keyspace;
    if (!this.usesIterator) {
      this.beginImage(() => {
        // Inside a store: only note it here.
        this.overLimit = true;
        queueMicrotask(() => this.run.cancel());
      });
      return { arena: this.image!.handle };
    }
    this.slot = arena.openReader();
    this.ring = SharedRing.create(RING_BYTES);
    return { arena: arena.readerHandle(), entries: this.ring.handle, reader: this.slot.handle };
  }

  private beginImage(onOverLimit: () => void): void {
    this.image = this.keyspace.arena.beginImage({ shadowBytesMax: this.options.shadowBytesMax, onOverLimit });
    this.keyspace.imageActive = true;
    this.keyspace.freezeAccess = true;
  }

  private endImage(): void {
    if (this.image === null) return;
    this.shadowPeak = this.shadowBytesPeak;
    this.image.end();
    this.image = null;
    this.keyspace.imageActive = false;
    this.keyspace.freezeAccess = false;
  }

  private beginIterator(): void {
    this.iterator = new BackgroundIterator(
      this.keyspace,
      this.ring!,
      this.run.processed,
      () => this.protectLarge(),
    );
    this.timer = setInterval(() => this.feed(), FEED_INTERVAL_MS);
    this.feed();
  }

  /** A large value is about to change while the worker may still need it: from here on it reads a page image. */
  private protectLarge(): void {
    this.protectedUntil = this.iterator!.progress().queued;
    if (this.image !== null) return;
    this.beginImage(() => {
      this.overLimit = true;
      queueMicrotask(() => this.run.cancel());
    });
  }

  private feed(): void {
    const { iterator } = this;
    if (iterator === null) return;
    const start = performance.now();
    iterator.feed();
    if (this.image !== null && this.run.processed() >= this.protectedUntil) this.endImage();
    this.keyspace.arena.reclaim();
    this.options.onFeed(performance.now() - start);
  }

  /** The worker needs nothing of the dataset any more. */
  private releaseView(): void {
    clearInterval(this.timer);
    this.iterator?.close();
    this.iterator = null;
    this.ring?.stop();
    this.endImage();
  }

  private async finish(tempPath: string, finalPath: string): Promise<SaveOutcome> {
    let outcome: SaveOutcome;
    try {
      const report = await this.run.done;
      this.releaseView();
      if (this.cancelled) throw new Error("cancelled");
      await Deno.rename(tempPath, finalPath);
      await syncDirectory(this.options.directory);
      outcome = { result: "saved", keys: report.entries, bytes: report.bytes };
    } catch (error) {
      await Deno.remove(tempPath).catch(() => {});
      if (this.cancelled) outcome = { result: "cancelled" };
      else if (this.overLimit) outcome = { result: "over-limit" };
      else outcome = { result: "failed", error: error instanceof Error ? error : new Error(String(error)) };
    }
    this.ended = true;
    this.releaseView();
    // Only now is it sure that the worker holds no reference.
    this.slot?.close();
    this.keyspace.arena.reclaim();
    return outcome;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await Deno.open(path, { read: true });
  try {
    await directory.sync();
  } finally {
    directory.close();
  }
}
