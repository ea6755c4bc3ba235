// The entries of a snapshot as the server's background iterator hands them over, through a ring of four-word records.
// Runs in the plugin's worker; publishes which entries it is done with, so that their old blocks can be reused.
import { ReaderProgress, type ReaderProgressHandle } from "../../../core/memory/deferred_free.ts";
import { type RingHandle, SharedRing } from "../../../core/memory/shared_ring.ts";
import { SaveCancelledError } from "../../../core/persistence/rdb/chunk_writer.ts";
import { RECORD_COMPLETE } from "../../../core/persistence/snapshot/background_iterator.ts";
import type { ControlBlock } from "../control_block.ts";
import type { EntrySource } from "../types.ts";

/** Milliseconds between two looks at the cancel flag while there is nothing to do. */
const WAIT_MS = 20;

export class IteratorSource implements EntrySource {
  database = 0;
  ref = 0;
  private readonly ring: SharedRing;
  private readonly progress: ReaderProgress;
  private readonly record = new Uint32Array(4);
  /** Whether there is a current entry that has not been released. */
  private holds = false;

  constructor(
    ring: RingHandle,
    progress: ReaderProgressHandle,
    private readonly cancelled: () => boolean,
    private readonly control: ControlBlock,
  ) {
    this.ring = SharedRing.attach(ring);
    this.progress = ReaderProgress.attach(progress);
  }

  /** The entry before is released where nobody did so: the iterator hands over more only when it hears of that. */
  next(): boolean {
    const { record } = this;
    this.release();
    if (!this.ring.tryPopWords(record)) this.wait();
    if (record[2] === RECORD_COMPLETE) return false;
    this.database = record[0];
    this.ref = record[1];
    this.holds = true;
    return true;
  }

  release(): void {
    if (!this.holds) return;
    this.holds = false;
    this.progress.pass(this.record[3] | 0);
    this.control.processed++;
  }

  private wait(): void {
    this.control.itemStartedAt = 0;
    while (!this.ring.popWords(this.record, WAIT_MS)) {
      if (this.cancelled()) throw new SaveCancelledError();
      if (this.ring.stopped) throw new Error("the server stopped handing over entries before the end");
    }
  }
}
