// What a save reads the dataset through, the loop's side: making it is the cut. There are two, for the two kinds of
// strategy: ImageView for those that walk the tables, IteratorView for those that are handed the entries.
import type { ArenaHandle } from "../../memory/arena.ts";
import type { ReaderProgressHandle } from "../../memory/deferred_free.ts";
import type { RingHandle } from "../../memory/shared_ring.ts";
import type { IteratorProgress } from "./background_iterator.ts";

/** What the worker attaches to. */
export interface ViewHandles {
  arena: ArenaHandle;
  /** Records of the iterator. */
  entries?: RingHandle;
  /** Where the worker publishes which of them it is done with. */
  reader?: ReaderProgressHandle;
}

export interface SaveView {
  readonly handles: ViewHandles;
  /** Milliseconds between two calls of `step`. */
  readonly stepIntervalMs: number;
  /** Goes on with what the view has to do on the loop. */
  step(): void;
  /** True while writers should wait for the worker to catch up. */
  readonly congested: boolean;
  /** Bytes that wait in rings. */
  readonly queuedBytes: number;
  /** Shadow memory in use and most of it at a time, bytes. */
  readonly shadowBytes: number;
  readonly shadowBytesPeak: number;
  /** Old values kept for the worker, bytes. */
  readonly heldBytes: number;
  /** Null where there is no iterator. */
  progress(): IteratorProgress | null;
  /**
   * What the worker reads from here on does not matter: the dataset may change freely. The memory that the worker may
   * be looking at stays. May be called twice.
   */
  release(): void;
  /** The worker has ended. Releases what `release` left. */
  close(): void;
}

export interface ViewOptions {
  /** Most shadow memory of page images, bytes. */
  shadowBytesMax: number;
  /** Over `shadowBytesMax`: the save cannot be finished. Called inside a store to the arena: only note it. */
  onLost: () => void;
  /** Entries that the worker is done with. */
  processed: () => number;
}
