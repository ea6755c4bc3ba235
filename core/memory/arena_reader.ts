// Reading an arena from any thread: LiveReader sees it as it is, ImageReader as it was at the cut of a page image.
// The encoder of snapshots and the readers of structures take an ArenaReader and need not know which.
// Hot path: every read function. They allocate nothing, but for copies of more than LOOP_BYTES_MAX bytes.
import { HEADER_ROOTS, PAGE_BYTES, PAGE_DOUBLES, PAGE_WORDS, type Ref } from "./arena_layout.ts";
import { type ArenaHandle, PAGE_LOST, PAGE_UNTOUCHED } from "./page_shadow.ts";

/** Copies of at most this many bytes are done by a loop. */
const LOOP_BYTES_MAX = 64;

/** What snapshot encoders and structure readers need of an arena. Indexes are those of Arena's store functions. */
export interface ArenaReader {
  u8(address: number): number;
  u32(word: number): number;
  f64(index: number): number;
  /** Copies `length` bytes from `address` to `target` from `targetOffset`. */
  copyOut(address: number, length: number, target: Uint8Array, targetOffset: number): void;
  root(index: number): Ref;
}

/** The views of an arena: Arena itself, or those a worker made from a handle. */
export interface ArenaViews {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

/** Thrown where the image no longer has a page: the shadow limit was reached, or the page was released. */
export class ImageLostError extends Error {
  readonly code = "IMAGE_LOST";
  override readonly name = "ImageLostError";
}

/** Reads the arena as it is. */
export class LiveReader implements ArenaReader {
  readonly #views: ArenaViews;

  /** On the loop's thread give it the Arena: it then follows swap(). */
  constructor(views: ArenaViews) {
    this.#views = views;
  }

  /** A reader of another thread, over the buffer that the handle names. */
  static from(handle: ArenaHandle): LiveReader {
    return new LiveReader(viewsOf(handle.buffer));
  }

  u8(address: number): number {
    return this.#views.u8[address];
  }

  u32(word: number): number {
    return this.#views.u32[word];
  }

  f64(index: number): number {
    return this.#views.f64[index];
  }

  copyOut(address: number, length: number, target: Uint8Array, targetOffset: number): void {
    copyBytes(this.#views.u8, address, length, target, targetOffset);
  }

  root(index: number): Ref {
    return this.u32(HEADER_ROOTS + index);
  }
}

/**
 * Reads the arena as it was at the cut of the active image, and as it is while none is active. It may be attached
 * before an image begins. Throws an ImageLostError where the image has given up a page.
 */
export class ImageReader implements ArenaReader {
  readonly #live: ArenaViews;
  readonly #shadow: ArenaViews;
  readonly #states: Int32Array;

  private constructor(handle: ArenaHandle) {
    this.#live = viewsOf(handle.buffer);
    this.#shadow = viewsOf(handle.shadow);
    this.#states = new Int32Array(handle.states);
  }

  static from(handle: ArenaHandle): ImageReader {
    return new ImageReader(handle);
  }

  u8(address: number): number {
    const page = Math.floor(address / PAGE_BYTES);
    const value = this.#live.u8[address];
    const state = stateAfterRead(this.#states, page);
    if (state === PAGE_UNTOUCHED) return value;
    return this.#shadow.u8[slotOf(state, page) * PAGE_BYTES + address - page * PAGE_BYTES];
  }

  u32(word: number): number {
    const page = Math.floor(word / PAGE_WORDS);
    const value = this.#live.u32[word];
    const state = stateAfterRead(this.#states, page);
    if (state === PAGE_UNTOUCHED) return value;
    return this.#shadow.u32[slotOf(state, page) * PAGE_WORDS + word - page * PAGE_WORDS];
  }

  f64(index: number): number {
    const page = Math.floor(index / PAGE_DOUBLES);
    const value = this.#live.f64[index];
    const state = stateAfterRead(this.#states, page);
    if (state === PAGE_UNTOUCHED) return value;
    return this.#shadow.f64[slotOf(state, page) * PAGE_DOUBLES + index - page * PAGE_DOUBLES];
  }

  copyOut(address: number, length: number, target: Uint8Array, targetOffset: number): void {
    let at = address;
    const end = address + length;
    while (at < end) {
      const page = Math.floor(at / PAGE_BYTES);
      const part = Math.min(end, (page + 1) * PAGE_BYTES) - at;
      const to = targetOffset + (at - address);
      copyBytes(this.#live.u8, at, part, target, to);
      const state = stateAfterRead(this.#states, page);
      if (state !== PAGE_UNTOUCHED) {
        copyBytes(
          this.#shadow.u8,
          slotOf(state, page) * PAGE_BYTES + at - page * PAGE_BYTES,
          part,
          target,
          to,
        );
      }
      at += part;
    }
  }

  root(index: number): Ref {
    return this.u32(HEADER_ROOTS + index);
  }
}

/** Processors other than these may do an atomic load before a plain load that precedes it in the program. */
const STRONG_ORDER = Deno.build.arch === "x86_64";
const fence = new Int32Array(1);

// The state must be read after the bytes. An atomic load alone holds back only what follows it; an atomic store
// waits for what precedes it, and no atomic load overtakes it.
function stateAfterRead(states: Int32Array, page: number): number {
  if (!STRONG_ORDER) Atomics.store(fence, 0, 0);
  return Atomics.load(states, page);
}

function slotOf(state: number, page: number): number {
  if (state === PAGE_LOST) throw lost(page);
  return state - 1;
}

function lost(page: number): ImageLostError {
  return new ImageLostError(
    `Page ${page} of the image is gone: it was released, or snapshot-shadow-limit was reached. ` +
      "Raise the limit, or save with the iterator strategy",
  );
}

function viewsOf(buffer: SharedArrayBuffer): ArenaViews {
  return { u8: new Uint8Array(buffer), u32: new Uint32Array(buffer), f64: new Float64Array(buffer) };
}

function copyBytes(
  source: Uint8Array,
  address: number,
  length: number,
  target: Uint8Array,
  offset: number,
): void {
  if (length <= LOOP_BYTES_MAX) {
    const end = address + length;
    for (let from = address, to = offset; from < end; from++, to++) target[to] = source[from];
  } else {
    target.set(source.subarray(address, address + length), offset);
  }
}
