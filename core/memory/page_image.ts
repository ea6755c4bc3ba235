// A page image: the arena as it was when the image began, readable by other threads while the loop goes on storing.
// Made by Arena.beginImage; readers attach to its handle with ImageReader (arena_reader.ts).
import { PAGE_BYTES } from "./arena_layout.ts";
import type { ArenaHandle, PageShadow } from "./page_shadow.ts";

export class PageImage {
  /** For readers: the same as the arena's readerHandle() when the image began. */
  readonly handle: ArenaHandle;
  /** Bytes of the arena that the image covers: all that was in use at the cut is below. */
  readonly bytes: number;
  readonly #shadow: PageShadow;
  readonly #onEnd: () => void;
  #state: "active" | "detached" | "ended" = "active";

  /** Called by Arena only; `onEnd` takes the barrier down. */
  constructor(shadow: PageShadow, onEnd: () => void) {
    this.handle = shadow.handle;
    this.bytes = shadow.imagePages * PAGE_BYTES;
    this.#shadow = shadow;
    this.#onEnd = onEnd;
  }

  /** Shadow memory in use by the image. */
  get shadowBytes(): number {
    return this.#shadow.slotsUsed * PAGE_BYTES;
  }

  /** Most shadow memory in use at a time: `rdb_last_cow_size`. Stays readable after the end. */
  get shadowBytesPeak(): number {
    return this.#shadow.slotsPeak * PAGE_BYTES;
  }

  /** Whether pages were given up because the limit was reached. Readers of such a page get an ImageLostError. */
  get overLimit(): boolean {
    return this.#shadow.overLimit;
  }

  /**
   * Gives up the pages that lie wholly between two byte addresses: the caller knows that no reader will look at them
   * again. Their shadow memory is used for other pages, and no store to them is copied any more. Only readers that go
   * through memory in order can say so; a walk of hash tables comes back to any page until its end.
   */
  release(address: number, end: number): void {
    if (this.#state !== "active") return;
    this.#shadow.release(Math.ceil(address / PAGE_BYTES), Math.floor(end / PAGE_BYTES));
  }

  /** Ends the image: its readers see live bytes from now on. May be called twice. */
  end(): void {
    const state = this.#state;
    this.#state = "ended";
    if (state === "active") this.#onEnd();
  }

  /** Called by Arena when it leaves the buffer: the image lives on without barrier, end() has nothing to do. */
  detach(): void {
    if (this.#state === "active") this.#state = "detached";
  }
}
