// A page image: the arena as it was when the image began, readable by other threads while the loop goes on storing.
// Made by Arena.beginImage; readers attach to its handle with ImageReader (arena_reader.ts).
import { PAGE_BYTES } from "./arena_layout.ts";
import type { ArenaHandle, PageShadow } from "./page_shadow.ts";

export class PageImage {
  /** Bytes of the arena that the image covers: all that was in use at the cut is below. */
  readonly bytes: number;
  // Not kept after the end: a report that holds the image must not hold its memory.
  #shadow: PageShadow | null;
  #onEnd: (() => void) | null;
  #slotsPeak = 0;
  #overLimit = false;

  /** Called by Arena only; `onEnd` takes the barrier down. */
  constructor(shadow: PageShadow, onEnd: () => void) {
    this.bytes = shadow.imagePages * PAGE_BYTES;
    this.#shadow = shadow;
    this.#onEnd = onEnd;
  }

  /** For readers: the same as the arena's readerHandle() when the image began. Throws after the end. */
  get handle(): ArenaHandle {
    if (this.#shadow === null) throw new Error("The page image has ended: attach its readers before");
    return this.#shadow.handle;
  }

  /** Shadow memory in use by the image. */
  get shadowBytes(): number {
    return this.#shadow === null ? 0 : this.#shadow.slotsUsed * PAGE_BYTES;
  }

  /** Most shadow memory in use at a time: `rdb_last_cow_size`. Stays readable after the end. */
  get shadowBytesPeak(): number {
    return (this.#shadow === null ? this.#slotsPeak : this.#shadow.slotsPeak) * PAGE_BYTES;
  }

  /** Whether pages were given up because the limit was reached. Readers of such a page get an ImageLostError. */
  get overLimit(): boolean {
    return this.#shadow === null ? this.#overLimit : this.#shadow.overLimit;
  }

  /**
   * Gives up the pages that lie wholly between two byte addresses: the caller knows that no reader will look at them
   * again. Their shadow memory is used for other pages, and no store to them is copied any more. Only readers that go
   * through memory in order can say so; a walk of hash tables comes back to any page until its end.
   */
  release(address: number, end: number): void {
    if (this.#shadow === null) return;
    this.#shadow.release(Math.ceil(address / PAGE_BYTES), Math.floor(end / PAGE_BYTES));
  }

  /** Ends the image: its readers see live bytes from now on. May be called twice. */
  end(): void {
    const shadow = this.#shadow;
    if (shadow === null) return;
    this.#slotsPeak = shadow.slotsPeak;
    this.#overLimit = shadow.overLimit;
    this.#shadow = null;
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.();
  }

  /** Called by Arena when it leaves the buffer: nobody stores to it any more, and end() has no barrier to take down. */
  detach(): void {
    this.#onEnd = null;
  }
}
