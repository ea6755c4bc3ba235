// A stream in the arena: blocks of entries in an id tree, the ids and counters that XINFO tells, and (stream_groups.ts)
// groups. A flyweight over the root block, which never moves. Called by the keyspace's stream value and the commands.
// Hot: append; it allocates nothing on the JavaScript heap.
import type { Arena, Ref } from "../memory/arena.ts";
import { IdTree } from "./id_tree.ts";
import { LISTPACK_BYTES_MAX } from "./listpack_format.ts";
import { StreamBlock } from "./stream_block.ts";
import { StreamCursor } from "./stream_cursor.ts";
import { StreamId } from "./stream_id.ts";
import {
  STREAM_ADDED_F64,
  STREAM_BLOCKS,
  STREAM_BYTES,
  STREAM_FIRST_ID,
  STREAM_GROUPS,
  STREAM_LAST_ID,
  STREAM_LENGTH_F64,
  STREAM_LISTPACK_BYTES_F64,
  STREAM_MAX_DELETED_ID,
} from "./stream_layout.ts";

/** When a new block begins: bytes and entries of the last one, 0 = no limit. The configuration's values will do. */
export interface StreamLimits {
  readonly streamNodeMaxBytes: number;
  readonly streamNodeMaxEntries: number;
}

/** Encoding and length bytes of a field or value, at most. */
const TEXT_OVERHEAD_BYTES = 10;
/** The same for the rest of an entry, its block's master entry included. */
const ENTRY_OVERHEAD_BYTES = 128;

/** Whether a trim deletes all that it should, or only whole blocks, which is quick. */
export type TrimPrecision = "exactly" | "about";

/** How many of a group's ids are known to have been read is not known. */
export const READ_UNKNOWN = -1;

const MIN = new StreamId();
const MAX = new StreamId().setMax();

export class Stream {
  root: Ref = 0;
  readonly #blocks: IdTree;
  readonly #block: StreamBlock;
  readonly #cursor: StreamCursor;
  readonly #master = new StreamId();
  readonly #id = new StreamId();

  constructor(private readonly arena: Arena) {
    this.#blocks = new IdTree(arena);
    this.#block = new StreamBlock(arena);
    this.#cursor = new StreamCursor(arena);
  }

  /** Makes an empty stream and attaches to it; returns its root. Throws ARENA_FULL. */
  create(): Ref {
    const root = this.arena.allocate(STREAM_BYTES);
    this.arena.fill(root * 16, STREAM_BYTES, 0);
    this.attach(root);
    return root;
  }

  /** Works on the stream with this root from now on. */
  attach(root: Ref): this {
    this.root = root;
    return this;
  }

  /** Entries. */
  get length(): number {
    return this.arena.f64[this.root * 2 + STREAM_LENGTH_F64];
  }

  /** Entries that were ever added. */
  get entriesAdded(): number {
    return this.arena.f64[this.root * 2 + STREAM_ADDED_F64];
  }

  set entriesAdded(count: number) {
    this.arena.setF64(this.root * 2 + STREAM_ADDED_F64, count);
  }

  /** Bytes of the listpacks. */
  get listpackBytes(): number {
    return this.arena.f64[this.root * 2 + STREAM_LISTPACK_BYTES_F64];
  }

  /** Number of blocks. */
  get blocks(): number {
    return this.#blocks.attach(this.root * 4 + STREAM_BLOCKS).size;
  }

  /** Whether there are groups. */
  get hasGroups(): boolean {
    return this.arena.i32[this.root * 4 + STREAM_GROUPS] !== 0;
  }

  /** The id of the entry that was added last. */
  readLastId(target: StreamId): StreamId {
    return target.load(this.arena.i32, this.root * 4 + STREAM_LAST_ID);
  }

  /** The id of the first entry; 0-0 where there is none. */
  readFirstId(target: StreamId): StreamId {
    return target.load(this.arena.i32, this.root * 4 + STREAM_FIRST_ID);
  }

  /** The highest id that XDEL deleted. */
  readMaxDeletedId(target: StreamId): StreamId {
    return target.load(this.arena.i32, this.root * 4 + STREAM_MAX_DELETED_ID);
  }

  setLastId(id: StreamId): void {
    this.#storeId(STREAM_LAST_ID, id);
  }

  setFirstId(id: StreamId): void {
    this.#storeId(STREAM_FIRST_ID, id);
  }

  setMaxDeletedId(id: StreamId): void {
    this.#storeId(STREAM_MAX_DELETED_ID, id);
  }

  /** Negative, 0 or positive as `id` is below, equal to or above the id of the entry that was added last. */
  compareToLast(id: StreamId): number {
    return id.compareWords(this.arena.i32, this.root * 4 + STREAM_LAST_ID);
  }

  compareToFirst(id: StreamId): number {
    return id.compareWords(this.arena.i32, this.root * 4 + STREAM_FIRST_ID);
  }

  compareToMaxDeleted(id: StreamId): number {
    return id.compareWords(this.arena.i32, this.root * 4 + STREAM_MAX_DELETED_ID);
  }

  /** Whether an entry of so many pairs, their texts of so many bytes together, can be kept at all. */
  static canHold(pairs: number, bytes: number): boolean {
    return bytes + pairs * 2 * TEXT_OVERHEAD_BYTES + ENTRY_OVERHEAD_BYTES <= LISTPACK_BYTES_MAX;
  }

  /**
   * Adds an entry with an id above the last one: `pairs` fields and values by turns, the spans from `first` on. Throws
   * ARENA_FULL with the stream as it was.
   */
  append(
    limits: StreamLimits,
    id: StreamId,
    buffer: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    first: number,
    pairs: number,
  ): void {
    const { arena, root } = this;
    const blocks = this.#blocks.attach(root * 4 + STREAM_BLOCKS);
    let block = blocks.seekLast() ? blocks.value : 0;
    let had = 0;
    if (block !== 0) {
      had = this.#block.bytes(block);
      let bytes = 0;
      for (let index = first; index < first + pairs * 2; index++) bytes += ends[index] - starts[index];
      if (this.#isFull(block, bytes + pairs * 2 * TEXT_OVERHEAD_BYTES, bytes, limits)) {
        const fitted = this.#block.fit(block);
        if (fitted !== block) blocks.setValue(fitted);
        block = had = 0;
      }
    }
    if (block === 0) {
      block = this.#block.create(buffer, starts, ends, first, pairs);
      try {
        blocks.insert(id, block);
      } catch (error) {
        arena.free(block);
        throw error;
      }
    } else {
      blocks.readId(this.#master);
      const grown = this.#block.append(block, this.#master, id, buffer, starts, ends, first, pairs);
      if (grown !== block) blocks.setValue(grown);
      block = grown;
    }
    this.#addBytes(this.#block.bytes(block) - had);
    const length = this.length + 1;
    arena.setF64(root * 2 + STREAM_LENGTH_F64, length);
    arena.setF64(root * 2 + STREAM_ADDED_F64, this.entriesAdded + 1);
    this.#storeId(STREAM_LAST_ID, id);
    if (length === 1) this.#storeId(STREAM_FIRST_ID, id);
  }

  /** Takes over a block of entries, all above those that are there: its listpack was checked. For loading. Throws ARENA_FULL. */
  addBlock(master: StreamId, listpack: Uint8Array, start: number, end: number): void {
    const block = this.arena.allocate(end - start);
    this.arena.copyIn(block * 16, listpack, start, end);
    try {
      this.#blocks.attach(this.root * 4 + STREAM_BLOCKS).insert(master, block);
    } catch (error) {
      this.arena.free(block);
      throw error;
    }
    this.#addBytes(end - start);
    this.arena.setF64(this.root * 2 + STREAM_LENGTH_F64, this.length + this.#block.entries(block));
  }

  /** Frees the first blocks, some at a time; true when none is left. Only to free the stream. */
  freeBlocksSlice(): boolean {
    const blocks = this.#blocks.attach(this.root * 4 + STREAM_BLOCKS);
    if (!blocks.seekFirst()) return true;
    const leaf = blocks.leaf;
    do this.arena.retire(blocks.value); while (blocks.next() && blocks.leaf === leaf);
    blocks.freeFirstLeaf();
    return blocks.size === 0;
  }

  /** Whether there is an entry with this id. */
  has(id: StreamId): boolean {
    return this.#cursor.openForward(this.root, id, id).next();
  }

  /**
   * Deletes an entry; false where it is absent. First id and highest deleted id are the caller's business. Throws
   * ARENA_FULL with the stream as it was.
   */
  delete(id: StreamId): boolean {
    const cursor = this.#cursor.openForward(this.root, id, id);
    if (!cursor.next()) return false;
    const { block, entry } = cursor;
    if (this.#block.entries(block) === 1) {
      this.#removeBlock(cursor.master, block);
    } else {
      const had = this.#block.bytes(block);
      const shift = this.#countDeleted(cursor, block, 1);
      this.#block.markDeleted(cursor.block, entry + shift);
      this.#addBytes(this.#block.bytes(cursor.block) - had);
    }
    this.#setLength(this.length - 1);
    return true;
  }

  /**
   * Reads the first (or last) entry's id into `target`; false where there is none.
   */
  readEdge(target: StreamId, edge: "first" | "last"): boolean {
    const cursor = this.#cursor;
    if (edge === "first") cursor.openForward(this.root, MIN, MAX);
    else cursor.openBackward(this.root, MIN, MAX);
    if (!cursor.next()) return false;
    target.copy(cursor.id);
    return true;
  }

  /** Finds the first id anew, after entries were deleted. */
  refreshFirstId(): void {
    if (this.length === 0 || !this.readEdge(this.#id, "first")) this.#id.setMin();
    this.#storeId(STREAM_FIRST_ID, this.#id);
  }

  /**
   * Deletes the first entries until there are at most `lengthMax`: `about` takes only whole blocks, and only as
   * long as at most `limit` are deleted (0 = no limit). Returns how many went. Throws ARENA_FULL with as many gone as
   * the stream says.
   */
  trimToLength(lengthMax: number, precision: TrimPrecision, limit: number): number {
    const before = this.length;
    while (this.length > lengthMax) {
      const block = this.#firstBlock();
      if (block === 0) break;
      const entries = this.#block.entries(block);
      if (limit > 0 && before - this.length + entries > limit) break;
      if (this.length - entries >= lengthMax) {
        this.#dropBlock(this.#master, block, entries);
        continue;
      }
      if (precision === "exactly") this.#trimBlock(null, this.length - lengthMax);
      break;
    }
    if (this.length !== before) this.refreshFirstId();
    return before - this.length;
  }

  /** As `trimToLength`, for the entries whose ids are below `least`. */
  trimBelow(least: StreamId, precision: TrimPrecision, limit: number): number {
    const before = this.length;
    for (;;) {
      const block = this.#firstBlock();
      if (block === 0) break;
      const entries = this.#block.entries(block);
      if (limit > 0 && before - this.length + entries > limit) break;
      if (this.#lastOfFirstBlock().compare(least) < 0) {
        this.#dropBlock(this.#master, block, entries);
        continue;
      }
      if (precision === "exactly") this.#trimBlock(least, entries);
      break;
    }
    if (this.length !== before) this.refreshFirstId();
    return before - this.length;
  }

  /** Whether XDEL deleted an entry at or behind `start`, as far as is known. */
  hasTombstonesFrom(start: StreamId): boolean {
    if (this.length === 0) return false;
    const deleted = this.readMaxDeletedId(this.#id);
    return !deleted.isZero && start.compare(deleted) <= 0;
  }

  /** How many entries were added up to the one with this id, READ_UNKNOWN where that cannot be told. */
  addedUpTo(id: StreamId): number {
    const added = this.entriesAdded;
    if (added === 0) return 0;
    if (this.length === 0 && this.compareToLast(id) <= 0) return added;
    if (!id.isZero && this.compareToMaxDeleted(id) < 0) return READ_UNKNOWN;
    const toLast = this.compareToLast(id);
    if (toLast === 0) return added;
    if (toLast > 0) return READ_UNKNOWN;
    const deleted = this.readMaxDeletedId(this.#id);
    if (!deleted.isZero && this.compareToFirst(deleted) >= 0) return READ_UNKNOWN;
    const toFirst = this.compareToFirst(id);
    if (toFirst < 0) return added - this.length;
    return toFirst === 0 ? added - this.length + 1 : READ_UNKNOWN;
  }

  #isFull(block: Ref, bytesAtMost: number, bytes: number, limits: StreamLimits): boolean {
    const had = this.#block.bytes(block);
    if (had + bytesAtMost + ENTRY_OVERHEAD_BYTES > LISTPACK_BYTES_MAX) return true;
    if (limits.streamNodeMaxBytes > 0 && had + bytes >= limits.streamNodeMaxBytes) return true;
    const most = limits.streamNodeMaxEntries;
    return most > 0 && this.#block.entries(block) + this.#block.deleted(block) >= most;
  }

  /** The first block, 0 where there is none; its master id goes to `#master`. */
  #firstBlock(): Ref {
    const blocks = this.#blocks.attach(this.root * 4 + STREAM_BLOCKS);
    if (!blocks.seekFirst()) return 0;
    blocks.readId(this.#master);
    return blocks.value;
  }

  /** The id of the last entry of the first block, deleted or not. */
  #lastOfFirstBlock(): StreamId {
    const blocks = this.#blocks;
    const end = this.#id.setMax();
    if (blocks.next()) {
      // All of the first block is below the next one's master id.
      blocks.readId(end);
      end.decrement();
    }
    const cursor = this.#cursor;
    cursor.seesDeleted = true;
    cursor.openBackward(this.root, MIN, end).next();
    cursor.seesDeleted = false;
    return cursor.id;
  }

  /** Deletes entries of the first block from its beginning: at most `most`, with ids below `least` where that is given. */
  #trimBlock(least: StreamId | null, most: number): void {
    const cursor = this.#cursor;
    // Counted first: that is what can fail. The marks go in a second pass over the same entries.
    let gone = 0;
    cursor.openForward(this.root, MIN, MAX);
    while (gone < most && cursor.next() && (least === null || cursor.id.compare(least) < 0)) gone++;
    if (gone === 0) return;
    cursor.openForward(this.root, MIN, MAX).next();
    const { block } = cursor;
    if (gone === this.#block.entries(block)) {
      this.#dropBlock(cursor.master, block, gone);
      return;
    }
    const had = this.#block.bytes(block);
    this.#countDeleted(cursor, block, gone);
    cursor.openForward(this.root, MIN, MAX);
    for (let left = gone; left > 0; left--) {
      cursor.next();
      this.#block.markDeleted(cursor.block, cursor.entry);
    }
    this.#addBytes(this.#block.bytes(cursor.block) - had);
    this.#setLength(this.length - gone);
  }

  /** Returns by how much the entries of the block moved. */
  #countDeleted(cursor: StreamCursor, block: Ref, count: number): number {
    const had = this.#block.bytes(block);
    const counted = this.#block.countDeleted(block, count);
    if (counted !== block) cursor.moveBlock(counted);
    return this.#block.bytes(counted) - had;
  }

  #dropBlock(master: StreamId, block: Ref, entries: number): void {
    this.#removeBlock(master, block);
    this.#setLength(this.length - entries);
  }

  #removeBlock(master: StreamId, block: Ref): void {
    this.#addBytes(-this.#block.bytes(block));
    this.#blocks.attach(this.root * 4 + STREAM_BLOCKS).remove(master);
    this.arena.retire(block);
  }

  #setLength(length: number): void {
    this.arena.setF64(this.root * 2 + STREAM_LENGTH_F64, length);
  }

  #addBytes(bytes: number): void {
    this.arena.setF64(this.root * 2 + STREAM_LISTPACK_BYTES_F64, this.listpackBytes + bytes);
  }

  #storeId(at: number, id: StreamId): void {
    const { arena } = this;
    const word = this.root * 4 + at;
    arena.setU32(word, id.msHigh);
    arena.setU32(word + 1, id.msLow);
    arena.setU32(word + 2, id.seqHigh);
    arena.setU32(word + 3, id.seqLow);
  }
}
