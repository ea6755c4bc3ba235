// The allocator of an arena: small blocks from spans of one size class, large ones as extents of units.
// Hot path: allocate() and free() are a few typed-array loads and stores, allocate nothing and call no closure.
// Free lists are linked through the first word of the freed block (a store with barrier, through the arena);
// span tables are kept beside the arena, because no reader of a page image needs them.
// Owned and called by Arena.
import type { Arena } from "./arena.ts";
import {
  GRANULE_BYTES,
  GRANULE_WORDS,
  type Ref,
  SPAN_GRANULES,
  SPAN_SHIFT,
  SPAN_UNITS,
  UNIT_BYTES,
  UNIT_SHIFT,
} from "./arena_layout.ts";
import { Extents } from "./extents.ts";
import { CLASS_COUNT, CLASS_GRANULES, CLASS_OF_GRANULES, SMALL_BYTES_MAX } from "./size_classes.ts";

const UNIT_GRANULES = UNIT_BYTES / GRANULE_BYTES;

/** Thrown by allocate() when no run of free memory is long enough. Nothing has been changed then. */
export class ArenaFullError extends Error {
  readonly code = "ARENA_FULL";
  override readonly name = "ArenaFullError";
}

/** The one instance that is thrown: made beforehand, because a full arena is no time to allocate. */
export const ARENA_FULL: ArenaFullError = new ArenaFullError(
  "The arena is full: no free block is large enough. Raise arena-size, or set maxmemory below it",
);

/** Whether a span is the one its class allocates from, in the class's list of spans with free blocks, or full. */
const SPAN_FULL = 0;
const SPAN_CURRENT = 1;
const SPAN_LISTED = 2;

export class Allocator {
  /** Granules in taken blocks, rounding of size classes included. */
  usedGranules = 0;
  peakGranules = 0;
  /** Granules in spans of small blocks, taken or not. */
  spanGranules = 0;
  /** Granules of taken large blocks. */
  largeGranules = 0;
  readonly extents: Extents;
  readonly #arena: Arena;

  // By class: the span allocated from (0 = none), and the first of the other spans that have free blocks.
  readonly #current = new Int32Array(CLASS_COUNT);
  readonly #listed = new Int32Array(CLASS_COUNT);

  // By span: class (0 = no span of small blocks), first free block, blocks taken, granules carved, state, list links.
  readonly #classOf: Uint8Array;
  readonly #freeOf: Int32Array;
  readonly #liveOf: Uint16Array;
  readonly #carvedOf: Uint16Array;
  readonly #stateOf: Uint8Array;
  readonly #nextOf: Int32Array;
  readonly #previousOf: Int32Array;

  /** `bytes` is the size of the arena; its first span is the header's. */
  constructor(arena: Arena, bytes: number) {
    const units = Math.floor(bytes / UNIT_BYTES);
    const spans = Math.ceil(units / SPAN_UNITS);
    this.#arena = arena;
    this.extents = new Extents(SPAN_UNITS, units);
    this.#classOf = new Uint8Array(spans);
    this.#freeOf = new Int32Array(spans);
    this.#liveOf = new Uint16Array(spans);
    this.#carvedOf = new Uint16Array(spans);
    this.#stateOf = new Uint8Array(spans);
    this.#nextOf = new Int32Array(spans);
    this.#previousOf = new Int32Array(spans);
    this.#carvedOf[0] = SPAN_GRANULES;
  }

  /** A block of at least `bytes` bytes, or 0 if there is no room. Its content is unspecified. */
  allocate(bytes: number): Ref {
    if (bytes <= SMALL_BYTES_MAX) {
      const sizeClass = CLASS_OF_GRANULES[(bytes + 15) >> 4];
      const span = this.#current[sizeClass];
      const ref = this.#freeOf[span];
      if (ref === 0) return this.#carve(sizeClass, span);
      this.#freeOf[span] = this.#arena.i32[ref * GRANULE_WORDS];
      this.#liveOf[span]++;
      this.#addUsed(CLASS_GRANULES[sizeClass]);
      return ref;
    }
    return this.#allocateLarge(bytes);
  }

  /** Whether a run of free units of at least `bytes` bytes is there. */
  hasRun(bytes: number): boolean {
    const units = Math.ceil(bytes / UNIT_BYTES);
    if (!(units <= 0x7fffff)) return false;
    if (units <= this.extents.tailUnits) return true;
    const unit = this.extents.take(units);
    if (unit === 0) return false;
    this.extents.give(unit, units);
    return true;
  }

  /** Returns a block. A reference that is no taken block is a caller's bug; some such are caught with an Error. */
  free(ref: Ref): void {
    const span = ref >>> SPAN_SHIFT;
    const sizeClass = this.#classOf[span];
    if (sizeClass === 0) {
      this.#freeLarge(ref);
      return;
    }
    const head = this.#freeOf[span];
    this.#arena.setU32(ref * GRANULE_WORDS, head);
    this.#freeOf[span] = ref;
    const live = this.#liveOf[span] - 1;
    this.#liveOf[span] = live;
    this.usedGranules -= CLASS_GRANULES[sizeClass];
    if (head === 0 || live === 0) this.#spanGained(span, sizeClass, live);
  }

  /** Usable bytes of a taken block. */
  sizeOf(ref: Ref): number {
    const sizeClass = this.#classOf[ref >>> SPAN_SHIFT];
    if (sizeClass !== 0) return CLASS_GRANULES[sizeClass] * GRANULE_BYTES;
    return this.extents.lengthAt(ref >>> UNIT_SHIFT) * UNIT_BYTES;
  }

  /**
   * Forgets all blocks; `bytes` is the size of the arena from now on, no larger than at first. The tables are kept:
   * at any arena size at most half a megabyte of them has to be cleared.
   */
  reset(bytes: number): void {
    // The other rows of a span are set when it is taken; its class alone is read before that.
    this.#classOf.fill(0);
    this.extents.reset(Math.floor(bytes / UNIT_BYTES));
    this.#current.fill(0);
    this.#listed.fill(0);
    this.usedGranules = 0;
    this.spanGranules = 0;
    this.largeGranules = 0;
  }

  /** Returns the empty spans that classes keep for their next block to the extents. */
  trim(): void {
    for (let sizeClass = 1; sizeClass < CLASS_COUNT; sizeClass++) {
      const span = this.#current[sizeClass];
      if (span === 0 || this.#liveOf[span] !== 0) continue;
      this.#current[sizeClass] = 0;
      this.#releaseSpan(span);
    }
  }

  /** Throws an Error if the tables disagree with each other. Walks everything: for tests and DEBUG. */
  verify(): void {
    this.extents.verify();
    let used = this.largeGranules;
    let inSpans = 0;
    for (let span = 1; span * SPAN_UNITS < this.extents.top; span++) {
      const sizeClass = this.#classOf[span];
      if (sizeClass === 0) continue;
      const granules = CLASS_GRANULES[sizeClass];
      const carved = this.#carvedOf[span] / granules;
      let free = 0;
      for (let ref = this.#freeOf[span]; ref !== 0; ref = this.#arena.i32[ref * GRANULE_WORDS]) {
        const offset = ref - span * SPAN_GRANULES;
        if (offset < 0 || offset >= this.#carvedOf[span] || offset % granules !== 0) {
          throw new Error(`span ${span}: reference ${ref} in its free list is not a block of it`);
        }
        if (++free > carved) throw new Error(`span ${span}: its free list has a loop`);
      }
      if (this.#liveOf[span] + free !== carved) {
        throw new Error(`span ${span}: ${this.#liveOf[span]} taken + ${free} free is not ${carved} carved`);
      }
      used += this.#liveOf[span] * granules;
      inSpans += SPAN_GRANULES;
    }
    if (used !== this.usedGranules) {
      throw new Error(`used granules: counted ${used}, recorded ${this.usedGranules}`);
    }
    if (inSpans !== this.spanGranules) {
      throw new Error(`granules in spans: counted ${inSpans}, recorded ${this.spanGranules}`);
    }
  }

  #addUsed(granules: number): void {
    const used = this.usedGranules + granules;
    this.usedGranules = used;
    if (used > this.peakGranules) this.peakGranules = used;
  }

  // The current span has no freed block: carves the next one, or moves to another span.
  #carve(sizeClass: number, span: number): Ref {
    const granules = CLASS_GRANULES[sizeClass];
    const carved = this.#carvedOf[span];
    if (carved + granules > SPAN_GRANULES) return this.#changeSpan(sizeClass, span);
    this.#carvedOf[span] = carved + granules;
    this.#liveOf[span]++;
    this.#addUsed(granules);
    return span * SPAN_GRANULES + carved;
  }

  #changeSpan(sizeClass: number, full: number): Ref {
    let span = this.#listed[sizeClass];
    if (span !== 0) {
      this.#unlist(span, sizeClass);
    } else {
      const unit = this.extents.takeSpan();
      if (unit === 0) return 0;
      span = unit / SPAN_UNITS;
      this.#classOf[span] = sizeClass;
      this.#freeOf[span] = 0;
      this.#liveOf[span] = 0;
      this.#carvedOf[span] = 0;
      this.spanGranules += SPAN_GRANULES;
    }
    this.#stateOf[full] = SPAN_FULL;
    this.#stateOf[span] = SPAN_CURRENT;
    this.#current[sizeClass] = span;
    const ref = this.#freeOf[span];
    if (ref === 0) return this.#carve(sizeClass, span);
    this.#freeOf[span] = this.#arena.i32[ref * GRANULE_WORDS];
    this.#liveOf[span]++;
    this.#addUsed(CLASS_GRANULES[sizeClass]);
    return ref;
  }

  // A span's free list became non-empty, or its last block was freed.
  #spanGained(span: number, sizeClass: number, live: number): void {
    const state = this.#stateOf[span];
    if (live === 0) {
      if (state === SPAN_CURRENT) {
        this.#freeOf[span] = 0;
        this.#carvedOf[span] = 0;
        return;
      }
      if (state === SPAN_LISTED) this.#unlist(span, sizeClass);
      this.#releaseSpan(span);
    } else if (state === SPAN_FULL) {
      const first = this.#listed[sizeClass];
      this.#nextOf[span] = first;
      this.#previousOf[span] = 0;
      if (first !== 0) this.#previousOf[first] = span;
      this.#listed[sizeClass] = span;
      this.#stateOf[span] = SPAN_LISTED;
    }
  }

  #unlist(span: number, sizeClass: number): void {
    const next = this.#nextOf[span];
    const previous = this.#previousOf[span];
    if (next !== 0) this.#previousOf[next] = previous;
    if (previous !== 0) this.#nextOf[previous] = next;
    else this.#listed[sizeClass] = next;
  }

  #releaseSpan(span: number): void {
    this.#classOf[span] = 0;
    this.spanGranules -= SPAN_GRANULES;
    this.extents.give(span * SPAN_UNITS, SPAN_UNITS);
  }

  #allocateLarge(bytes: number): Ref {
    const units = Math.ceil(bytes / UNIT_BYTES);
    if (!(units <= 0x7fffff)) return 0;
    const unit = this.extents.take(units);
    if (unit === 0) return 0;
    this.largeGranules += units * UNIT_GRANULES;
    this.#addUsed(units * UNIT_GRANULES);
    return unit * UNIT_GRANULES;
  }

  #freeLarge(ref: Ref): void {
    const unit = ref >>> UNIT_SHIFT;
    const units = (ref & (UNIT_GRANULES - 1)) === 0 ? this.extents.lengthAt(unit) : 0;
    if (units <= 0) throw new Error(`Reference ${ref} is not a block of the arena: it cannot be freed`);
    this.largeGranules -= units * UNIT_GRANULES;
    this.usedGranules -= units * UNIT_GRANULES;
    this.extents.give(unit, units);
  }
}
