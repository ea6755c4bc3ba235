// The barrier's memory: one state a page, and shadow slots that keep pages as they were at the cut of an image.
// The arena's store functions call touch() before the first store to a page while an image is active.
import { PAGE_BYTES } from "./arena_layout.ts";

/** State of a page that has not been stored to since the cut. A positive state is its shadow slot + 1. */
export const PAGE_UNTOUCHED = 0;
/** State of a page whose content at the cut was given up: the shadow limit was reached, or the reader released it. */
export const PAGE_LOST = -1;

/** What a thread needs to read an arena, live or at an image's cut. Can be posted; valid while a reader is open. */
export interface ArenaHandle {
  readonly buffer: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  readonly shadow: SharedArrayBuffer;
}

// Why a reader in another thread sees the page of the cut: the writer copies the page, publishes `slot + 1` as the
// page's state and only then stores to the page; the reader reads the page, then its state. If the state was still
// 0, no store had happened before the reader's bytes were read. If not, it reads the shadow, which is complete.
export class PageShadow {
  readonly handle: ArenaHandle;
  /** Pages of the active image, counted from the first; 0 if none is active. */
  imagePages = 0;
  /** Slots that hold a page of the active image, and the most of them at a time (after its end: in the last image). */
  slotsUsed = 0;
  slotsPeak = 0;
  /** Whether a page of the active image had to be given up. */
  overLimit = false;
  readonly #live: Uint8Array;
  readonly #shadow: Uint8Array;
  readonly #states: Int32Array;
  readonly #slotCount: number;
  #slotsMax = 0;
  #onOverLimit: (() => void) | null = null;

  // Slots from #slotTop up were never used. #free[0, #freeCount) can be used again. Those of the active image are
  // found through #states. Those of ended images wait in #parked, until no reader can be looking at them.
  #slotTop = 0;
  #free = new Int32Array(0);
  #freeCount = 0;
  readonly #parked: Parked[] = [];
  #parkedSlots = 0;

  /** `buffer` is the arena's memory. Shadow memory is reserved like it, halved until granted, committed by use. */
  constructor(buffer: SharedArrayBuffer) {
    const pages = Math.ceil(buffer.byteLength / PAGE_BYTES);
    const states = new SharedArrayBuffer(pages * Int32Array.BYTES_PER_ELEMENT);
    const shadow = reserve(pages * PAGE_BYTES);
    this.handle = { buffer, states, shadow };
    this.#live = new Uint8Array(buffer);
    this.#shadow = new Uint8Array(shadow);
    this.#states = new Int32Array(states);
    this.#slotCount = Math.floor(shadow.byteLength / PAGE_BYTES);
  }

  /** Bytes of shadow memory that the system has committed: the most ever used at a time. */
  get committedBytes(): number {
    return this.#slotTop * PAGE_BYTES;
  }

  /** Starts an image of the first `pages` pages, which may fill `shadowBytesMax` bytes of shadow memory. */
  begin(pages: number, shadowBytesMax: number, onOverLimit: (() => void) | null): void {
    this.imagePages = pages;
    this.slotsUsed = 0;
    this.slotsPeak = 0;
    this.overLimit = false;
    this.#onOverLimit = onOverLimit;
    this.#slotsMax = Math.floor(shadowBytesMax / PAGE_BYTES);
  }

  /** Ends the image: readers see live bytes again. Its slots are reused when `ticket` has been passed. */
  end(ticket: number): void {
    const pages = this.imagePages;
    if (this.slotsUsed > 0) this.#parked.push({ ticket, slots: this.#collectSlots(pages) });
    this.#parkedSlots += this.slotsUsed;
    this.slotsUsed = 0;
    this.#states.fill(PAGE_UNTOUCHED, 0, pages);
    this.imagePages = 0;
    this.#onOverLimit = null;
  }

  /** Makes slots of ended images usable again whose tickets `isPassed`. */
  reclaim(isPassed: (ticket: number) => boolean): void {
    while (this.#parked.length > 0 && isPassed(this.#parked[0].ticket)) {
      const { slots } = this.#parked.shift() as Parked;
      for (let i = 0; i < slots.length; i++) this.#freeSlot(slots[i]);
      this.#parkedSlots -= slots.length;
    }
  }

  /** Whether slots wait for readers. They count against the limit of the next image until these have passed. */
  get hasParked(): boolean {
    return this.#parkedSlots > 0;
  }

  /** Preserves `page` before its first store since the cut. */
  touch(page: number): void {
    if (page < this.imagePages && this.#states[page] === PAGE_UNTOUCHED) this.#preserve(page);
  }

  /** Preserves the pages of `length` bytes from `address`. */
  touchRange(address: number, length: number): void {
    if (length <= 0) return;
    const last = Math.floor((address + length - 1) / PAGE_BYTES);
    for (let page = Math.floor(address / PAGE_BYTES); page <= last; page++) this.touch(page);
  }

  /** Gives up pages `first` (inclusive) to `end` (exclusive): no reader will look at them again. */
  release(first: number, end: number): void {
    const last = Math.min(end, this.imagePages);
    for (let page = first; page < last; page++) {
      const state = this.#states[page];
      Atomics.store(this.#states, page, PAGE_LOST);
      if (state > PAGE_UNTOUCHED) {
        this.#freeSlot(state - 1);
        this.slotsUsed--;
      }
    }
  }

  #preserve(page: number): void {
    const slot = this.#takeSlot();
    if (slot < 0) {
      publish(this.#states, page, PAGE_LOST);
      if (this.overLimit) return;
      this.overLimit = true;
      if (this.#onOverLimit !== null) this.#onOverLimit();
      return;
    }
    const from = page * PAGE_BYTES;
    this.#shadow.set(this.#live.subarray(from, from + PAGE_BYTES), slot * PAGE_BYTES);
    publish(this.#states, page, slot + 1);
  }

  #takeSlot(): number {
    if (this.slotsUsed + this.#parkedSlots >= this.#slotsMax) return -1;
    let slot: number;
    if (this.#freeCount > 0) slot = this.#free[--this.#freeCount];
    else if (this.#slotTop < this.#slotCount) slot = this.#slotTop++;
    else return -1;
    if (++this.slotsUsed > this.slotsPeak) this.slotsPeak = this.slotsUsed;
    return slot;
  }

  #freeSlot(slot: number): void {
    if (this.#freeCount === this.#free.length) {
      const longer = new Int32Array(Math.max(64, 2 * this.#free.length));
      longer.set(this.#free);
      this.#free = longer;
    }
    this.#free[this.#freeCount++] = slot;
  }

  #collectSlots(pages: number): Int32Array {
    const slots = new Int32Array(this.slotsUsed);
    for (let page = 0, count = 0; count < slots.length && page < pages; page++) {
      const state = this.#states[page];
      if (state > PAGE_UNTOUCHED) slots[count++] = state - 1;
    }
    return slots;
  }
}

/** Slots of an ended image, and the ticket that all readers must have passed before they are used again. */
interface Parked {
  readonly ticket: number;
  readonly slots: Int32Array;
}

// A processor with weak ordering may do a later plain store before an atomic store, but not before an atomic load
// that follows it. Hence the load: the stores to the page come after its state for every observer.
function publish(states: Int32Array, page: number, state: number): void {
  Atomics.store(states, page, state);
  Atomics.load(states, page);
}

function reserve(bytes: number): SharedArrayBuffer {
  for (let size = bytes;; size = Math.ceil(size / 2 / PAGE_BYTES) * PAGE_BYTES) {
    try {
      return new SharedArrayBuffer(size);
    } catch (error) {
      if (!(error instanceof RangeError) || size <= PAGE_BYTES) throw error;
    }
  }
}
