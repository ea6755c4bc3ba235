// Deferred free: blocks that a reader in a worker may still hold are queued here until every reader has passed
// the ticket they were retired under. Owned by Arena; the loop's thread retires and reclaims, readers only publish
// the ticket they have passed, through a small shared control block.
//
// Tickets are 32-bit and wrap: they are compared by their difference, never by size.
import type { Ref } from "./arena_layout.ts";

/** Readers that may be open at the same time. */
export const READERS_MAX = 16;

/** Words of the control block that `ReaderProgressHandle.control` shares: the tickets passed begin at this one. */
const CONTROL_PASSED = 0;
export const CONTROL_WORDS = CONTROL_PASSED + READERS_MAX;

/** What a worker needs to publish its progress: post it, then `ReaderProgress.attach` there. */
export interface ReaderProgressHandle {
  readonly control: SharedArrayBuffer;
  readonly index: number;
}

/** The worker's end of a reader slot. */
export class ReaderProgress {
  readonly #control: Int32Array;
  readonly #word: number;

  private constructor(handle: ReaderProgressHandle) {
    this.#control = new Int32Array(handle.control);
    this.#word = CONTROL_PASSED + handle.index;
  }

  static attach(handle: ReaderProgressHandle): ReaderProgress {
    return new ReaderProgress(handle);
  }

  /** Says that nothing handed over under `ticket` or an earlier one is held any longer. */
  pass(ticket: number): void {
    Atomics.store(this.#control, this.#word, ticket);
  }
}

/** The loop's end of a reader: registered while blocks must not be reused under it. */
export class ReaderSlot {
  readonly handle: ReaderProgressHandle;
  readonly #owner: DeferredFree;
  readonly #index: number;
  readonly #onClose: () => void;
  #open = true;

  /** Made by `Arena.openReader` only. */
  constructor(owner: DeferredFree, control: SharedArrayBuffer, index: number, onClose: () => void) {
    this.#owner = owner;
    this.#index = index;
    this.#onClose = onClose;
    this.handle = { control, index };
  }

  /** The ticket under which blocks are retired now. */
  ticket(): number {
    return this.#owner.ticket;
  }

  /** Does the worker's part, for readers on the loop's thread. */
  pass(ticket: number): void {
    if (this.#open) this.#owner.pass(this.#index, ticket);
  }

  /** Unregisters the reader. May be called twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.close(this.#index);
    this.#onClose();
  }
}

/** Returns a block to the allocator. */
interface Freer {
  free(ref: Ref): void;
  sizeOf(ref: Ref): number;
}

export class DeferredFree {
  /** Ticket that retired blocks get now. */
  ticket = 1;
  /** Bytes of blocks that wait for readers. */
  retiredBytes = 0;
  openReaders = 0;
  readonly #freer: Freer;
  readonly #control: SharedArrayBuffer;
  readonly #passed: Int32Array;
  readonly #open: boolean[] = new Array(READERS_MAX).fill(false);
  // Ring of retired blocks, oldest first; its length is a power of two.
  #refs = new Int32Array(1024);
  #tickets = new Int32Array(1024);
  #head = 0;
  #count = 0;

  constructor(freer: Freer, control: SharedArrayBuffer) {
    this.#freer = freer;
    this.#control = control;
    this.#passed = new Int32Array(control);
  }

  /** Blocks that wait for readers. */
  get count(): number {
    return this.#count;
  }

  /** Registers a reader; `onClose` is called when it is closed. */
  open(onClose: () => void): ReaderSlot {
    const index = this.#open.indexOf(false);
    if (index < 0) throw new Error(`No more than ${READERS_MAX} arena readers can be open at once`);
    this.#open[index] = true;
    this.openReaders++;
    Atomics.store(this.#passed, CONTROL_PASSED + index, (this.ticket - 1) | 0);
    return new ReaderSlot(this, this.#control, index, onClose);
  }

  pass(index: number, ticket: number): void {
    Atomics.store(this.#passed, CONTROL_PASSED + index, ticket);
  }

  close(index: number): void {
    this.#open[index] = false;
    this.openReaders--;
  }

  nextTicket(): number {
    const closed = this.ticket;
    this.ticket = (closed + 1) | 0;
    return closed;
  }

  retire(ref: Ref): void {
    if (this.openReaders === 0) {
      this.#freer.free(ref);
      return;
    }
    if (this.#count === this.#refs.length) this.#grow();
    const at = (this.#head + this.#count) & (this.#refs.length - 1);
    this.#refs[at] = ref;
    this.#tickets[at] = this.ticket;
    this.#count++;
    this.retiredBytes += this.#freer.sizeOf(ref);
  }

  /** Frees at most `blocksMax` blocks that every open reader has passed; returns how many. */
  reclaim(blocksMax: number): number {
    if (this.#count === 0) return 0;
    const mask = this.#refs.length - 1;
    const behind = this.#slowestBehind();
    let freed = 0;
    while (freed < blocksMax && this.#count > 0) {
      if (((this.ticket - this.#tickets[this.#head]) | 0) < behind) break;
      const ref = this.#refs[this.#head];
      this.#head = (this.#head + 1) & mask;
      this.#count--;
      this.retiredBytes -= this.#freer.sizeOf(ref);
      this.#freer.free(ref);
      freed++;
    }
    return freed;
  }

  /** Whether every open reader has passed `ticket`. */
  isPassed(ticket: number): boolean {
    return ((this.ticket - ticket) | 0) >= this.#slowestBehind();
  }

  /** Forgets all retired blocks: their arena is gone. */
  reset(): void {
    this.#head = 0;
    this.#count = 0;
    this.retiredBytes = 0;
  }

  // How many tickets the slowest reader is behind the current one; with no reader open nothing is held.
  #slowestBehind(): number {
    let behind = -0x80000000;
    for (let index = 0; index < READERS_MAX; index++) {
      if (!this.#open[index]) continue;
      behind = Math.max(behind, (this.ticket - Atomics.load(this.#passed, CONTROL_PASSED + index)) | 0);
    }
    return behind;
  }

  #grow(): void {
    const length = this.#refs.length;
    const refs = new Int32Array(2 * length);
    const tickets = new Int32Array(2 * length);
    for (let i = 0; i < length; i++) {
      const at = (this.#head + i) & (length - 1);
      refs[i] = this.#refs[at];
      tickets[i] = this.#tickets[at];
    }
    this.#refs = refs;
    this.#tickets = tickets;
    this.#head = 0;
  }
}
