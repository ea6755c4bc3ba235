// The nodes of quicklists as blocks: making, freeing, compressing them, and moving bytes inside. Keeps the root's books of
// bytes and nodes. Knows nothing of what elements say. Called by quicklist.ts alone.
// Hot: opening room at a node's ends. Free space is kept on both sides of the elements, so that lists grow and shrink at
// either end without moving what is there.
import { LzfCompressor, lzfDecompress } from "../bytes/lzf.ts";
import { type Arena, ArenaFullError, type Ref } from "../memory/arena.ts";
import {
  LISTPACK_COUNT_UNKNOWN,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
} from "./listpack_format.ts";
import {
  CONTAINER_PACKED,
  NODE_BLOCK_BYTES,
  NODE_BYTES,
  NODE_COMPRESSED,
  NODE_CONTAINER,
  NODE_COUNT,
  NODE_DATA,
  NODE_GAP,
  NODE_NEXT,
  NODE_PREVIOUS,
  nodeBytesMax,
  ROOT_BYTES_F64,
  ROOT_DEPTH,
  ROOT_FILL,
  ROOT_HEAD,
  ROOT_NODES,
  ROOT_TAIL,
} from "./quicklist_layout.ts";

/** Smaller nodes are not worth compressing. */
const COMPRESS_BYTES_MIN = 48;
/** Larger ones (plain nodes) would take too long for one turn. */
const COMPRESS_BYTES_MAX = 1024 * 1024;
/** A compressed node must save at least this much. */
const SAVED_BYTES_MIN = 8;
/** A data block of which less than this share is used is exchanged for a smaller one. */
const BLOCK_USED_MIN = 1 / 4;

export class QuickListNodes {
  /** The list whose books are kept. */
  root: Ref = 0;
  /** What `decompress` fills: a listpack, header included, or a plain element. */
  scratch: Uint8Array = new Uint8Array(0);
  #compressor: LzfCompressor | null = null;
  #packed: Uint8Array = new Uint8Array(0);

  constructor(readonly arena: Arena) {}

  /** Makes a node with room for so many bytes, in no list yet. Throws ARENA_FULL with nothing left behind. */
  create(container: number, capacity: number): Ref {
    const arena = this.arena;
    const data = arena.allocate(capacity);
    let node: Ref;
    try {
      node = arena.allocate(NODE_BLOCK_BYTES);
    } catch (error) {
      arena.free(data);
      throw error;
    }
    const word = node * 4;
    arena.setU32(word + NODE_PREVIOUS, 0);
    arena.setU32(word + NODE_NEXT, 0);
    arena.setU32(word + NODE_DATA, data);
    arena.setU32(word + NODE_COUNT, 0);
    arena.setU32(word + NODE_BYTES, 0);
    arena.setU32(word + NODE_GAP, 0);
    arena.setU32(word + NODE_COMPRESSED, 0);
    arena.setU32(word + NODE_CONTAINER, container);
    return node;
  }

  /** Frees a node that is in no list. */
  free(node: Ref): void {
    this.arena.retire(this.arena.u32[node * 4 + NODE_DATA]);
    this.arena.retire(node);
  }

  /** Puts a node between two neighbours, either of which may be 0. */
  link(node: Ref, previous: Ref, next: Ref): void {
    const arena = this.arena;
    const root = this.root * 4;
    arena.setU32(node * 4 + NODE_PREVIOUS, previous);
    arena.setU32(node * 4 + NODE_NEXT, next);
    arena.setU32(previous === 0 ? root + ROOT_HEAD : previous * 4 + NODE_NEXT, node);
    arena.setU32(next === 0 ? root + ROOT_TAIL : next * 4 + NODE_PREVIOUS, node);
    arena.setU32(root + ROOT_NODES, arena.u32[root + ROOT_NODES] + 1);
    this.#addBytes(arena.sizeOf(node) + arena.sizeOf(arena.u32[node * 4 + NODE_DATA]));
  }

  /** Takes a node out of the list and frees it. */
  unlink(node: Ref): void {
    const arena = this.arena;
    const u32 = arena.u32;
    const root = this.root * 4;
    const previous = u32[node * 4 + NODE_PREVIOUS];
    const next = u32[node * 4 + NODE_NEXT];
    arena.setU32(previous === 0 ? root + ROOT_HEAD : previous * 4 + NODE_NEXT, next);
    arena.setU32(next === 0 ? root + ROOT_TAIL : next * 4 + NODE_PREVIOUS, previous);
    arena.setU32(root + ROOT_NODES, u32[root + ROOT_NODES] - 1);
    this.#addBytes(-arena.sizeOf(node) - arena.sizeOf(u32[node * 4 + NODE_DATA]));
    this.free(node);
  }

  /**
   * Makes room for `added` bytes at byte `position` of a raw node's elements; returns its address. Throws ARENA_FULL with
   * nothing changed.
   */
  open(node: Ref, position: number, added: number): number {
    const arena = this.arena;
    const word = node * 4;
    const data = arena.u32[word + NODE_DATA];
    const bytes = arena.u32[word + NODE_BYTES];
    const gap = arena.u32[word + NODE_GAP];
    const start = data * 16 + gap;
    if (position < bytes - position) {
      if (gap < added) return this.#openByMoving(node, position, added);
      if (position > 0) arena.copyWithin(start - added, start, position);
      arena.setU32(word + NODE_GAP, gap - added);
      arena.setU32(word + NODE_BYTES, bytes + added);
      return start - added + position;
    }
    if (arena.sizeOf(data) - gap - bytes < added) return this.#openByMoving(node, position, added);
    if (position < bytes) arena.copyWithin(start + position + added, start + position, bytes - position);
    arena.setU32(word + NODE_BYTES, bytes + added);
    return start + position;
  }

  /** Takes `removed` bytes at byte `position` out of a raw node. Never fails. */
  cut(node: Ref, position: number, removed: number): void {
    const arena = this.arena;
    const word = node * 4;
    const bytes = arena.u32[word + NODE_BYTES];
    const gap = arena.u32[word + NODE_GAP];
    const start = arena.u32[word + NODE_DATA] * 16 + gap;
    const tail = bytes - position - removed;
    if (position < tail) {
      if (position > 0) arena.copyWithin(start + removed, start, position);
      arena.setU32(word + NODE_GAP, gap + removed);
    } else if (tail > 0) {
      arena.copyWithin(start + position, start + position + removed, tail);
    }
    arena.setU32(word + NODE_BYTES, bytes - removed);
  }

  /** Gives a raw node a smaller block where most of its own is free. Never fails. */
  fit(node: Ref): void {
    const arena = this.arena;
    const word = node * 4;
    const data = arena.u32[word + NODE_DATA];
    const bytes = arena.u32[word + NODE_BYTES];
    if (bytes >= arena.sizeOf(data) * BLOCK_USED_MIN) return;
    const smaller = this.#tryAllocate(bytes + (bytes >>> 2));
    if (smaller === 0) return;
    if (arena.sizeOf(smaller) >= arena.sizeOf(data)) {
      arena.free(smaller);
      return;
    }
    arena.copyWithin(smaller * 16, data * 16 + arena.u32[word + NODE_GAP], bytes);
    arena.setU32(word + NODE_GAP, 0);
    this.#replaceData(node, smaller);
  }

  /**
   * Brings a compressed node's content to `scratch`: a listpack or a plain element. The node stays as it is, because
   * others may be reading it.
   */
  decompress(node: Ref): void {
    const u32 = this.arena.u32;
    const word = node * 4;
    const length = this.contentBytes(node);
    if (this.scratch.length < length) {
      this.scratch = new Uint8Array(Math.max(length, 2 * this.scratch.length));
    }
    const from = u32[word + NODE_DATA] * 16;
    const end = from + u32[word + NODE_COMPRESSED];
    if (!lzfDecompress(this.arena.u8, from, end, this.scratch, 0, length)) {
      throw new Error("a compressed node of a list is damaged");
    }
  }

  /** Makes a node raw if it is compressed. Throws ARENA_FULL with nothing changed. */
  makeRaw(node: Ref): void {
    const arena = this.arena;
    const word = node * 4;
    if (arena.u32[word + NODE_COMPRESSED] === 0) return;
    const bytes = arena.u32[word + NODE_BYTES];
    const data = arena.allocate(bytes);
    this.decompress(node);
    const from = this.isPacked(node) ? LISTPACK_HEADER_BYTES : 0;
    arena.copyIn(data * 16, this.scratch, from, from + bytes);
    arena.setU32(word + NODE_COMPRESSED, 0);
    this.#replaceData(node, data);
  }

  /** Compresses a node where that saves something and there is room to do it. */
  compress(node: Ref): void {
    const arena = this.arena;
    const word = node * 4;
    const length = this.contentBytes(node);
    if (
      arena.u32[word + NODE_COMPRESSED] !== 0 || length < COMPRESS_BYTES_MIN || length > COMPRESS_BYTES_MAX
    ) {
      return;
    }
    if (this.#packed.length < length) this.#packed = new Uint8Array(length);
    this.#compressor ??= new LzfCompressor();
    this.#copyContent(node, length);
    const size = this.#compressor.compress(
      this.scratch,
      0,
      length,
      this.#packed,
      0,
      length - SAVED_BYTES_MIN,
    );
    if (size === 0) return;
    const data = this.#tryAllocate(size);
    if (data === 0) return;
    arena.copyIn(data * 16, this.#packed, 0, size);
    arena.setU32(word + NODE_COMPRESSED, size);
    arena.setU32(word + NODE_GAP, 0);
    this.#replaceData(node, data);
  }

  /**
   * Restores what `list-compress-depth` says after nodes came or went, or `changed` (0: none) was changed: so many nodes at
   * either end raw, the others compressed. Where memory lacks, a node stays as it is.
   */
  settle(changed: Ref): void {
    const { u32 } = this.arena;
    const root = this.root * 4;
    const depth = u32[root + ROOT_DEPTH];
    if (depth === 0) return;
    let forward = u32[root + ROOT_HEAD];
    let backward = u32[root + ROOT_TAIL];
    let isNearEnd = changed === 0;
    for (let distance = 0; distance < depth; distance++) {
      if (forward === 0) return;
      this.#tryMakeRaw(forward);
      if (backward !== forward) this.#tryMakeRaw(backward);
      if (forward === changed || backward === changed) isNearEnd = true;
      if (forward === backward || u32[forward * 4 + NODE_NEXT] === backward) return;
      forward = u32[forward * 4 + NODE_NEXT];
      backward = u32[backward * 4 + NODE_PREVIOUS];
    }
    if (!isNearEnd) this.compress(changed);
    this.compress(forward);
    this.compress(backward);
  }

  /** Bytes of what a node holds, as RDB files have it: its listpack, or its plain element. */
  contentBytes(node: Ref): number {
    const bytes = this.arena.u32[node * 4 + NODE_BYTES];
    return this.isPacked(node) ? bytes + LISTPACK_EMPTY_BYTES : bytes;
  }

  isPacked(node: Ref): boolean {
    return this.arena.u32[node * 4 + NODE_CONTAINER] === CONTAINER_PACKED;
  }

  /** Replaces the element of a plain node. Throws ARENA_FULL with nothing changed. */
  replacePlain(node: Ref, bytes: Uint8Array, start: number, end: number): void {
    const data = this.arena.allocate(end - start);
    this.arena.copyIn(data * 16, bytes, start, end);
    this.arena.setU32(node * 4 + NODE_BYTES, end - start);
    this.arena.setU32(node * 4 + NODE_COMPRESSED, 0);
    this.#replaceData(node, data);
  }

  // The free bytes are not where they are needed, or not enough.
  #openByMoving(node: Ref, position: number, added: number): number {
    const arena = this.arena;
    const word = node * 4;
    const data = arena.u32[word + NODE_DATA];
    const bytes = arena.u32[word + NODE_BYTES];
    const start = data * 16 + arena.u32[word + NODE_GAP];
    const total = bytes + added;
    const capacity = this.capacityFor(total);
    let target = data;
    // What slides to and fro in a nearly full block would do so at every turn.
    if (
      total + (total >>> 4) > arena.sizeOf(data) &&
      (total > arena.sizeOf(data) || capacity > arena.sizeOf(data))
    ) {
      target = arena.allocate(capacity);
    }
    const spare = arena.sizeOf(target) - total;
    // Most of what is free goes where more is expected: before the first element, or behind the last.
    const isNearStart = position < bytes - position;
    const gap = isNearStart ? spare - (spare >>> 2) : spare >>> 2;
    const to = target * 16 + gap;
    if (target === data && to > start) {
      arena.copyWithin(to + position + added, start + position, bytes - position);
      arena.copyWithin(to, start, position);
    } else {
      arena.copyWithin(to, start, position);
      arena.copyWithin(to + position + added, start + position, bytes - position);
    }
    arena.setU32(word + NODE_GAP, gap);
    arena.setU32(word + NODE_BYTES, total);
    if (target !== data) this.#replaceData(node, target);
    return to + position;
  }

  /** Bytes of a data block for so many: a quarter more, but no more than a full node takes. */
  capacityFor(bytes: number): number {
    const max = nodeBytesMax(this.arena.i32[this.root * 4 + ROOT_FILL]);
    return Math.max(bytes, Math.min(bytes + (bytes >>> 2), max));
  }

  #tryMakeRaw(node: Ref): void {
    try {
      this.makeRaw(node);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
  }

  #copyContent(node: Ref, length: number): void {
    const { arena } = this;
    const word = node * 4;
    if (this.scratch.length < length) {
      this.scratch = new Uint8Array(Math.max(length, 2 * this.scratch.length));
    }
    const bytes = arena.u32[word + NODE_BYTES];
    const address = arena.u32[word + NODE_DATA] * 16 + arena.u32[word + NODE_GAP];
    if (this.isPacked(node)) {
      arena.copyOut(address, bytes, this.scratch, LISTPACK_HEADER_BYTES);
      frameListpack(this.scratch, bytes, arena.u32[word + NODE_COUNT]);
    } else {
      arena.copyOut(address, bytes, this.scratch, 0);
    }
  }

  #replaceData(node: Ref, data: Ref): void {
    const arena = this.arena;
    const old = arena.u32[node * 4 + NODE_DATA];
    this.#addBytes(arena.sizeOf(data) - arena.sizeOf(old));
    arena.setU32(node * 4 + NODE_DATA, data);
    arena.retire(old);
  }

  #addBytes(change: number): void {
    const index = this.root * 2 + ROOT_BYTES_F64;
    this.arena.setF64(index, this.arena.f64[index] + change);
  }

  /** A block, or 0 where the arena is full: what only saves memory may be left undone. */
  #tryAllocate(bytes: number): Ref {
    try {
      return this.arena.allocate(bytes);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      return 0;
    }
  }
}

/** Writes header and end byte around the elements that stand at LISTPACK_HEADER_BYTES in `target`. */
export function frameListpack(target: Uint8Array, elementBytes: number, count: number): void {
  const total = elementBytes + LISTPACK_EMPTY_BYTES;
  const recorded = Math.min(count, LISTPACK_COUNT_UNKNOWN);
  target[0] = total;
  target[1] = total >>> 8;
  target[2] = total >>> 16;
  target[3] = total >>> 24;
  target[4] = recorded;
  target[5] = recorded >>> 8;
  target[total - 1] = LISTPACK_END;
}
