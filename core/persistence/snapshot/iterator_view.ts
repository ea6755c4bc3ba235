// The view of a threadsave: the background iterator and its ring, a reader slot that keeps replaced blocks until the
// worker has passed them, and a page image only while large values change that the worker has yet to read.
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { ReaderSlot } from "../../memory/deferred_free.ts";
import { SharedRing } from "../../memory/shared_ring.ts";
import { BackgroundIterator, FEED_INTERVAL_MS, type IteratorProgress } from "./background_iterator.ts";
import { SaveImage } from "./save_image.ts";
import type { SaveView, ViewHandles, ViewOptions } from "./save_view.ts";

/** Room for 100,000 records of four words and their length. */
const RING_BYTES = 2 * 1024 * 1024;

export interface IteratorViewOptions extends ViewOptions {
  /** Old values that the worker still has to read may take this many bytes; over it, writers should wait. */
  heldBytesMax: number;
  /** Writers should wait from now on. */
  onCongested: () => void;
  /** Bytes of the ring; for tests. */
  ringBytes?: number;
}

export class IteratorView implements SaveView {
  readonly handles: ViewHandles;
  readonly stepIntervalMs = FEED_INTERVAL_MS;
  private readonly slot: ReaderSlot;
  private readonly ring: SharedRing;
  private readonly iterator: BackgroundIterator;
  private readonly image: SaveImage;
  /** Items that must be processed before the image may end. */
  private protectedUntil = 0;
  private released = false;

  /** Makes the cut. */
  constructor(private readonly keyspace: Keyspace, private readonly options: IteratorViewOptions) {
    const { arena } = keyspace;
    this.ring = SharedRing.create(options.ringBytes ?? RING_BYTES);
    this.image = new SaveImage({ keyspace, ...options });
    // Before the cut, so that nothing that the worker needs is freed.
    this.slot = arena.openReader();
    this.handles = { arena: arena.readerHandle(), entries: this.ring.handle, reader: this.slot.handle };
    this.iterator = new BackgroundIterator({
      keyspace,
      ring: this.ring,
      processed: options.processed,
      protectLarge: () => this.protectLarge(),
      heldBytesMax: options.heldBytesMax,
      onCongested: options.onCongested,
    });
  }

  get congested(): boolean {
    return !this.released && this.iterator.congested;
  }

  get queuedBytes(): number {
    return this.ring.queuedBytes;
  }

  get shadowBytes(): number {
    return this.image.bytes;
  }

  get shadowBytesPeak(): number {
    return this.image.bytesPeak;
  }

  get heldBytes(): number {
    return this.keyspace.arena.retiredBytes;
  }

  progress(): IteratorProgress {
    return this.iterator.progress();
  }

  private protectLarge(): void {
    this.protectedUntil = this.iterator.queued;
    this.image.begin();
  }

  step(): void {
    if (this.released) return;
    this.keyspace.arena.reclaim();
    this.iterator.feed();
    if (this.image.active && this.options.processed() >= this.protectedUntil) this.image.end();
    // The worker goes on with the file for as long as syncing takes, but does not look at the dataset any more.
    if (this.iterator.finished) this.close();
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.iterator.close();
    this.ring.stop();
    this.image.end();
  }

  close(): void {
    this.release();
    this.slot.close();
    this.keyspace.arena.reclaim();
  }
}
