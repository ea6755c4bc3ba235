// The arena: one SharedArrayBuffer that holds the whole dataset, addressed by 31-bit references to 16-byte granules.
// The loop's thread alone allocates and stores, through the functions here; other threads read it by an ArenaReader.
// Hot paths: allocate(), free() and the stores. They allocate nothing; without a page image the barrier is a branch.
// Byte addresses and word indexes can exceed 2^32: never use `|`, `>>` or `>>>` on them, only on references.
import {
  ARENA_BYTES_MAX,
  ARENA_BYTES_MIN,
  ARENA_FORMAT_VERSION,
  ARENA_MAGIC,
  GRANULE_BYTES,
  HEADER_MAGIC,
  HEADER_ROOTS,
  HEADER_TOP_GRANULES,
  HEADER_TOTAL_GRANULES,
  HEADER_USED_GRANULES,
  HEADER_VERSION,
  PAGE_BYTES,
  PAGE_DOUBLES,
  PAGE_WORDS,
  type Ref,
  ROOT_SLOTS,
  SPAN_BYTES,
  UNIT_BYTES,
} from "./arena_layout.ts";
import { Allocator, ARENA_FULL } from "./allocator.ts";
import { type BufferHolder, BufferHolders } from "./buffer_holders.ts";
import { collectDropped } from "./collect_dropped.ts";
import { CONTROL_WORDS, DeferredFree, type ReaderSlot } from "./deferred_free.ts";
import { PageImage } from "./page_image.ts";
import { type ArenaHandle, PageShadow } from "./page_shadow.ts";

export type { Ref } from "./arena_layout.ts";
export type { BufferHolder } from "./buffer_holders.ts";
export type { ReaderSlot } from "./deferred_free.ts";
export type { ArenaHandle } from "./page_shadow.ts";
export { ARENA_FULL, ArenaFullError } from "./allocator.ts";

/** Copies of at most this many bytes are done by a loop, longer ones by the engine's own copy. */
const LOOP_BYTES_MAX = 64;
/** The same for moves and fills, where the engine's own need no view of the range. */
const LOOP_MOVE_BYTES_MAX = 32;
/** The same for whole words and doubles. */
const LOOP_MOVE_WORDS_MAX = 24;
const LOOP_MOVE_DOUBLES_MAX = 40;
/** fill() writes this many bytes with the engine's fill and the rest by copies, which are several times as fast. */
const FILL_SEED_BYTES = 256;
/** Longest of these copies: what it copies from stays in the processor's cache. */
const FILL_COPY_BYTES_MAX = 65536;
/** Retired blocks that one reclaim() frees at most, if the caller does not say. */
const RECLAIM_BLOCKS_MAX = 1024;
/** An arena with no more memory touched than this is emptied in place by swap(). */
const SWAP_IN_PLACE_BYTES_MAX = 64 * 1024 * 1024;
/** Shadow memory up to this stays committed for the next image when the last reader has closed. */
const SHADOW_KEEP_BYTES_MAX = 16 * 1024 * 1024;

export interface ArenaOptions {
  /** Bytes to reserve: rounded down to whole spans, at least 1 MiB, at most 32 GiB. */
  readonly bytes: number;
  /** Called with the bytes got when the system refused the bytes asked for, at creation or in swap(). */
  readonly onReduced?: (bytes: number) => void;
}

export interface ImageOptions {
  /** Shadow memory the image may use. Pages beyond it are lost: their readers get an ImageLostError. */
  readonly shadowBytesMax: number;
  /** Called once, inside the store that found no shadow memory left. It must not store to the arena. */
  readonly onOverLimit?: () => void;
}

/** Sizes in bytes. */
export interface ArenaStats {
  /** In taken blocks, rounding of size classes included. */
  readonly used: number;
  /** Highest `used` since the start or the last resetPeak(). */
  readonly peak: number;
  /** Highest end of taken memory: what the system had to commit at most, for this buffer. */
  readonly touched: number;
  /** Size of the arena. */
  readonly total: number;
  /** Free blocks and tails inside spans of small blocks, that only their class can use. */
  readonly spanFree: number;
  /** Free extents below the end of taken memory. */
  readonly extentFree: number;
  /** Memory up to the end of taken memory divided by `used`; 1 when nothing is used. */
  readonly fragmentation: number;
  /** In retired blocks that wait for readers; part of `used`. */
  readonly retired: number;
  /** Committed shadow memory of page images. */
  readonly shadow: number;
}

export class Arena {
  /** The memory. Replaced, with its views, by swap(). */
  buffer: SharedArrayBuffer;
  /** Views for reading. Nobody stores through them. */
  u8: Uint8Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;

  readonly #allocator: Allocator;
  #shadow: PageShadow | null = null;
  #image: PageImage | null = null;
  // The shadow whose image is active: the barrier's branch.
  #barrier: PageShadow | null = null;
  readonly #deferred: DeferredFree;
  readonly #onReduced: ((bytes: number) => void) | undefined;
  readonly #holders = new BufferHolders();

  private constructor(buffer: SharedArrayBuffer, onReduced: ((bytes: number) => void) | undefined) {
    this.#onReduced = onReduced;
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.#allocator = new Allocator(this, buffer.byteLength);
    const control = new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.#deferred = new DeferredFree(this, control);
    this.#writeHeader();
  }

  /** Reserves an arena; halves the size until the system grants it. Throws a RangeError if it grants nothing. */
  static create(options: ArenaOptions): Arena {
    const asked = Math.max(ARENA_BYTES_MIN, Math.min(ARENA_BYTES_MAX, options.bytes));
    const wanted = Math.floor(asked / SPAN_BYTES) * SPAN_BYTES;
    const buffer = reserveArena(wanted);
    if (buffer.byteLength !== wanted) options.onReduced?.(buffer.byteLength);
    return new Arena(buffer, options.onReduced);
  }

  /** A block of at least `bytes` (>= 0) bytes with unspecified content. Throws ARENA_FULL, having changed nothing. */
  allocate(bytes: number): Ref {
    const ref = this.#allocator.allocate(bytes);
    return ref !== 0 ? ref : this.#allocateAfterReclaim(bytes);
  }

  /** Whether free memory lies in one run of so many bytes: then blocks of any sizes that fit into it can be had. */
  hasRun(bytes: number): boolean {
    if (this.#allocator.hasRun(bytes)) return true;
    this.#deferred.reclaim(this.#deferred.count);
    this.#allocator.trim();
    return this.#allocator.hasRun(bytes);
  }

  /** Returns a block at once. Blocks that a reader may hold are retired instead. */
  free(ref: Ref): void {
    this.#allocator.free(ref);
  }

  /** Usable bytes of a taken block: at least what was asked for. */
  sizeOf(ref: Ref): number {
    return this.#allocator.sizeOf(ref);
  }

  /** Returns a block once every open reader has passed the current ticket; at once when none is open. */
  retire(ref: Ref): void {
    this.#deferred.retire(ref);
  }

  /** Registers a reader: from now on retired blocks wait for it, and the current readerHandle() stays valid. */
  openReader(): ReaderSlot {
    return this.#deferred.open(() => this.#readerClosed());
  }

  /** Closes the current ticket and returns it: what was handed to readers until now is held under it or earlier. */
  nextTicket(): number {
    return this.#deferred.nextTicket();
  }

  /** Frees retired blocks that all readers have passed, at most `blocksMax` of them; returns how many. */
  reclaim(blocksMax: number = RECLAIM_BLOCKS_MAX): number {
    if (this.#shadow !== null && this.#shadow.hasParked) this.#reclaimShadow(this.#shadow);
    return this.#deferred.reclaim(blocksMax);
  }

  /** Stores a byte at a byte address. */
  setU8(address: number, value: number): void {
    if (this.#barrier !== null) this.#barrier.touch(Math.floor(address / PAGE_BYTES));
    this.u8[address] = value;
  }

  /** Stores a word at a word index (`ref * 4 + n`). */
  setU32(word: number, value: number): void {
    if (this.#barrier !== null) this.#barrier.touch(Math.floor(word / PAGE_WORDS));
    this.u32[word] = value;
  }

  /** Stores a double at a double index (`ref * 2 + n`). */
  setF64(index: number, value: number): void {
    if (this.#barrier !== null) this.#barrier.touch(Math.floor(index / PAGE_DOUBLES));
    this.f64[index] = value;
  }

  /** Copies `source[start, end)` to `address`. */
  copyIn(address: number, source: Uint8Array, start: number, end: number): void {
    if (this.#barrier !== null) this.#barrier.touchRange(address, end - start);
    const u8 = this.u8;
    if (end - start <= LOOP_BYTES_MAX) {
      for (let from = start, to = address; from < end; from++, to++) u8[to] = source[from];
    } else {
      u8.set(source.subarray(start, end), address);
    }
  }

  /** Copies `length` bytes inside the arena; the ranges may overlap. */
  copyWithin(target: number, source: number, length: number): void {
    if (this.#barrier !== null) this.#barrier.touchRange(target, length);
    const u8 = this.u8;
    if (length > LOOP_MOVE_BYTES_MAX) {
      u8.copyWithin(target, source, source + length);
    } else if (target <= source) {
      for (let i = 0; i < length; i++) u8[target + i] = u8[source + i];
    } else {
      for (let i = length - 1; i >= 0; i--) u8[target + i] = u8[source + i];
    }
  }

  /**
   * Copies `count` doubles between double indexes; the ranges may overlap. Faster than bytes for up to some dozens. Not for
   * bytes that are no numbers: those of a NaN need not survive.
   */
  moveF64(target: number, source: number, count: number): void {
    if (this.#barrier !== null) this.#barrier.touchRange(target * 8, count * 8);
    const f64 = this.f64;
    if (count > LOOP_MOVE_DOUBLES_MAX) f64.copyWithin(target, source, source + count);
    else if (target <= source) {
      for (let i = 0; i < count; i++) f64[target + i] = f64[source + i];
    } else {
      for (let i = count - 1; i >= 0; i--) f64[target + i] = f64[source + i];
    }
  }

  /** The same for words. */
  moveU32(target: number, source: number, count: number): void {
    if (this.#barrier !== null) this.#barrier.touchRange(target * 4, count * 4);
    const i32 = this.i32;
    if (count > LOOP_MOVE_WORDS_MAX) i32.copyWithin(target, source, source + count);
    else if (target <= source) {
      for (let i = 0; i < count; i++) i32[target + i] = i32[source + i];
    } else {
      for (let i = count - 1; i >= 0; i--) i32[target + i] = i32[source + i];
    }
  }

  /** Stores `value` into `length` bytes from `address`. */
  fill(address: number, length: number, value: number): void {
    if (this.#barrier !== null) this.#barrier.touchRange(address, length);
    const u8 = this.u8;
    if (length <= LOOP_MOVE_BYTES_MAX) {
      for (let at = address; at < address + length; at++) u8[at] = value;
      return;
    }
    const seeded = Math.min(length, FILL_SEED_BYTES);
    u8.fill(value, address, address + seeded);
    // In shared memory the engine fills byte by byte, but copies fast.
    for (let done = seeded; done < length;) {
      const part = Math.min(done, length - done, FILL_COPY_BYTES_MAX);
      u8.copyWithin(address + done, address, address + part);
      done += part;
    }
  }

  /** Copies `length` bytes from `address` to `target` from `targetOffset`. */
  copyOut(address: number, length: number, target: Uint8Array, targetOffset: number): void {
    const u8 = this.u8;
    if (length <= LOOP_BYTES_MAX) {
      const end = address + length;
      for (let from = address, to = targetOffset; from < end; from++, to++) target[to] = u8[from];
    } else {
      target.set(u8.subarray(address, address + length), targetOffset);
    }
  }

  /** Whether the bytes at `address` equal `bytes[start, start + length)`. */
  equals(address: number, bytes: Uint8Array, start: number, length: number): boolean {
    const u8 = this.u8;
    for (let i = 0; i < length; i++) {
      if (u8[address + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  /** Root slot `index` (0 to 63): where readers find the dataset. Slots are 0 in a fresh arena. */
  root(index: number): Ref {
    checkRoot(index);
    return this.u32[HEADER_ROOTS + index];
  }

  setRoot(index: number, ref: Ref): void {
    checkRoot(index);
    this.setU32(HEADER_ROOTS + index, ref);
  }

  /** Starts a page image: the arena as it is now stays readable until the image's end(). One at a time. */
  beginImage(options: ImageOptions): PageImage {
    if (this.#image !== null) throw new Error("A page image of the arena is active: end it first");
    this.#writeCounters();
    const shadow = this.#pageShadow();
    this.#reclaimShadow(shadow);
    const pages = Math.ceil(this.#allocator.extents.top * UNIT_BYTES / PAGE_BYTES);
    shadow.begin(pages, options.shadowBytesMax, options.onOverLimit ?? null);
    this.#barrier = shadow;
    this.#image = new PageImage(shadow, () => this.#imageEnded(shadow));
    return this.#image;
  }

  /** What a reader in another thread attaches to. Valid from openReader() to close(), through all images between. */
  readerHandle(): ArenaHandle {
    return this.#pageShadow().handle;
  }

  /**
   * Empties the arena in constant time: no block, no root. With readers or an image open, or much memory touched, it
   * gets a fresh buffer; they keep the old one as it is. Otherwise the buffer is kept, and so are its stale bytes.
   * If the system has not enough memory for two buffers, open readers make the new one smaller (onReduced is called).
   */
  swap(): void {
    const held = this.#image !== null || this.#deferred.openReaders > 0;
    const total = this.buffer.byteLength;
    let buffer: SharedArrayBuffer | null = null;
    if (held) buffer = reserveArena(total);
    else if (this.stats.touched > SWAP_IN_PLACE_BYTES_MAX) buffer = tryReserve(total);
    this.#allocator.reset(buffer === null ? total : buffer.byteLength);
    this.#deferred.reset();
    if (buffer === null) this.u8.fill(0, GRANULE_BYTES, SPAN_BYTES);
    else this.#replaceBuffer(buffer);
    this.#writeHeader();
    if (this.buffer.byteLength !== total) this.#onReduced?.(this.buffer.byteLength);
  }

  /** Who keeps views of the memory between uses says so here: swap() then tells it. It need not say when it goes. */
  addHolder(holder: BufferHolder): void {
    this.#holders.add(holder);
  }

  get stats(): ArenaStats {
    const allocator = this.#allocator;
    const used = allocator.usedGranules * GRANULE_BYTES;
    const top = allocator.extents.top * UNIT_BYTES;
    return {
      used,
      peak: allocator.peakGranules * GRANULE_BYTES,
      touched: allocator.extents.touchedTop * UNIT_BYTES,
      total: this.buffer.byteLength,
      spanFree: (allocator.spanGranules + allocator.largeGranules) * GRANULE_BYTES - used,
      extentFree: allocator.extents.freeUnits * UNIT_BYTES,
      fragmentation: used === 0 ? 1 : top / used,
      retired: this.#deferred.retiredBytes,
      shadow: this.#shadow === null ? 0 : this.#shadow.committedBytes,
    };
  }

  /** Bytes in taken blocks, without making a stats object. */
  get usedBytes(): number {
    return this.#allocator.usedGranules * GRANULE_BYTES;
  }

  /** Bytes in retired blocks: part of `usedBytes`, but only until readers have passed. */
  get retiredBytes(): number {
    return this.#deferred.retiredBytes;
  }

  resetPeak(): void {
    this.#allocator.peakGranules = this.#allocator.usedGranules;
  }

  /** Throws an Error if the allocator's tables disagree with each other. Walks everything: for tests and DEBUG. */
  verify(): void {
    this.#allocator.verify();
  }

  // A block that readers have passed may be all that is missing.
  #allocateAfterReclaim(bytes: number): Ref {
    this.#deferred.reclaim(this.#deferred.count);
    this.#allocator.trim();
    const ref = this.#allocator.allocate(bytes);
    if (ref === 0) throw ARENA_FULL;
    return ref;
  }

  #pageShadow(): PageShadow {
    return this.#shadow ??= new PageShadow(this.buffer);
  }

  #reclaimShadow(shadow: PageShadow): void {
    shadow.reclaim((ticket) => this.#deferred.isPassed(ticket));
  }

  #imageEnded(shadow: PageShadow): void {
    shadow.end(this.#deferred.nextTicket());
    this.#image = null;
    this.#barrier = null;
    this.#dropShadow();
  }

  #readerClosed(): void {
    this.#dropShadow();
  }

  // Shadow memory goes back to the system when nobody can be looking at it. A little is kept for the next image.
  #dropShadow(): void {
    const shadow = this.#shadow;
    if (shadow === null || this.#image !== null || this.#deferred.openReaders > 0) return;
    this.#reclaimShadow(shadow);
    if (shadow.committedBytes <= SHADOW_KEEP_BYTES_MAX) return;
    this.#shadow = null;
    collectDropped();
  }

  #replaceBuffer(buffer: SharedArrayBuffer): void {
    // An active image belongs to the old buffer, which nobody stores to from here on: it needs no barrier any more.
    this.#barrier = null;
    this.#image?.detach();
    this.#image = null;
    this.#shadow = null;
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.#allocator.extents.touchedTop = this.#allocator.extents.top;
    this.#holders.releaseAll();
    collectDropped();
  }

  #writeHeader(): void {
    this.setU32(HEADER_MAGIC, ARENA_MAGIC);
    this.setU32(HEADER_VERSION, ARENA_FORMAT_VERSION);
    this.setU32(HEADER_TOTAL_GRANULES, this.buffer.byteLength / GRANULE_BYTES);
    this.#writeCounters();
  }

  #writeCounters(): void {
    this.setU32(HEADER_TOP_GRANULES, this.#allocator.extents.top * UNIT_BYTES / GRANULE_BYTES);
    this.setU32(HEADER_USED_GRANULES, this.#allocator.usedGranules);
  }
}

function reserveArena(bytes: number): SharedArrayBuffer {
  for (let size = bytes;; size = Math.max(ARENA_BYTES_MIN, Math.floor(size / 2 / SPAN_BYTES) * SPAN_BYTES)) {
    const buffer = tryReserve(size);
    if (buffer !== null) return buffer;
    if (size === ARENA_BYTES_MIN) {
      throw new RangeError(`The system grants not even ${size} bytes for the arena`);
    }
  }
}

function tryReserve(bytes: number): SharedArrayBuffer | null {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function checkRoot(index: number): void {
  if (!(index >= 0 && index < ROOT_SLOTS)) {
    throw new RangeError(`Root slot ${index} does not exist: an arena has slots 0 to ${ROOT_SLOTS - 1}`);
  }
}
