// Goes over the entries of a stream between two ids, in either direction. A flyweight: `open...` it, then `next` until
// it returns false; between two calls `nextPair` reads fields and values. Any change of the stream ends its life.
// Called by the stream commands, the digest and stream.ts itself. Hot: nothing is allocated.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import { IdTree } from "./id_tree.ts";
import { Int64Words } from "./int64_words.ts";
import {
  integerAt,
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  nextElement,
  previousElement,
  readInteger,
} from "./listpack_format.ts";
import { smallInteger } from "./stream_block.ts";
import { StreamId } from "./stream_id.ts";
import { ENTRY_DELETED, ENTRY_SAME_FIELDS, STREAM_BLOCKS } from "./stream_layout.ts";

const words = new Int64Words();
/** First bytes below this are small integers themselves, with one byte behind them. */
const INTEGERS_OF_7_BITS = 0x80;
const TWO_32 = 2 ** 32;

export class StreamCursor implements BufferHolder {
  /** Id of the current entry, and how many pairs of field and value it has. */
  readonly id = new StreamId();
  pairs = 0;
  /** What `nextPair` has read. */
  readonly field = new ListpackElement();
  readonly value = new ListpackElement();
  /** The block of the current entry, its master id, and the entry's place in it. */
  block: Ref = 0;
  readonly master = new StreamId();
  entry = 0;
  /** Whether entries that are marked as deleted count. Set before `open...`. */
  seesDeleted = false;

  readonly #tree: IdTree;
  readonly #start = new StreamId();
  readonly #end = new StreamId();
  #isForward = true;
  #hasBlock = false;
  /** Number and place of the master entry's fields. */
  #masterPairs = 0;
  #masterFields = 0;
  /** Where the next entry begins (forward), or where the current one does (backward); 0 = the block is new. */
  #at = 0;
  /** Where `nextPair` reads, what is left for it, and whether the fields are the master entry's. */
  #pairAt = 0;
  #pairsLeft = 0;
  #hasMasterFields = false;
  #fieldAt = 0;

  constructor(private readonly arena: Arena) {
    this.#tree = new IdTree(arena);
    arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.field.release();
    this.value.release();
  }

  /** Goes from `start` to `end`, both included. */
  openForward(root: Ref, start: StreamId, end: StreamId): this {
    this.#open(root, start, end);
    this.#isForward = true;
    this.#hasBlock = this.#tree.seekAtMost(start) || this.#tree.seekFirst();
    return this;
  }

  /** Goes from `end` to `start`, both included. */
  openBackward(root: Ref, start: StreamId, end: StreamId): this {
    this.#open(root, start, end);
    this.#isForward = false;
    this.#hasBlock = this.#tree.seekAtMost(end);
    return this;
  }

  /** Goes to the next entry; false after the last. */
  next(): boolean {
    while (this.#hasBlock) {
      if (this.#at === 0) this.#enterBlock();
      const found = this.#isForward ? this.#nextInBlock() : this.#previousInBlock();
      if (found > 0) return true;
      if (found < 0) break;
      this.#at = 0;
      this.#hasBlock = this.#isForward ? this.#tree.next() : this.#tree.previous();
    }
    this.#hasBlock = false;
    return false;
  }

  /** Reads the next pair of the current entry, of which there are `pairs`. */
  nextPair(): void {
    const u8 = this.arena.u8;
    const base = this.block * 16;
    if (this.#hasMasterFields) {
      this.field.read(u8, base + this.#fieldAt);
      this.#fieldAt = nextElement(u8, base + this.#fieldAt) - base;
    } else {
      this.field.read(u8, base + this.#pairAt);
      this.#pairAt = nextElement(u8, base + this.#pairAt) - base;
    }
    this.value.read(u8, base + this.#pairAt);
    this.#pairAt = nextElement(u8, base + this.#pairAt) - base;
    this.#pairsLeft--;
  }

  /** The current entry's block is another one now; its entry stays where it was. For stream.ts. */
  moveBlock(block: Ref): void {
    this.#tree.setValue(block);
    this.block = block;
  }

  #open(root: Ref, start: StreamId, end: StreamId): void {
    this.#tree.attach(root * 4 + STREAM_BLOCKS);
    this.#start.copy(start);
    this.#end.copy(end);
    this.#at = 0;
    this.#pairsLeft = 0;
  }

  #enterBlock(): void {
    const u8 = this.arena.u8;
    this.#tree.readId(this.master);
    this.block = this.#tree.value;
    const base = this.block * 16;
    let at = nextElement(u8, nextElement(u8, base + LISTPACK_HEADER_BYTES));
    this.#masterPairs = smallInteger(u8, at);
    at = nextElement(u8, at);
    this.#masterFields = at - base;
    if (this.#isForward) {
      this.#at = skip(u8, at, this.#masterPairs + 1) - base;
    } else {
      this.#at = this.arena.u32[this.block * 4] - 1;
    }
    this.#pairsLeft = -1;
  }

  // 1 = the current entry is one that is wanted, 0 = the block is done, -1 = so is the range.
  #nextInBlock(): number {
    const u8 = this.arena.u8;
    const base = this.block * 16;
    let at = base + this.#at;
    if (this.#pairsLeft >= 0) at = this.#afterEntry(u8, base);
    else at = this.#passEarlier(u8, at);
    while (u8[at] !== LISTPACK_END) {
      this.entry = at - base;
      const flags = this.#readHead(u8, at);
      if ((this.seesDeleted || (flags & ENTRY_DELETED) === 0) && this.id.compare(this.#start) >= 0) {
        if (this.id.compare(this.#end) > 0) return -1;
        return 1;
      }
      at = this.#afterEntry(u8, base);
    }
    return 0;
  }

  /**
   * Passes entries whose milliseconds alone say that they come before the range, without reading the rest of their ids:
   * a reader that goes on somewhere in a block passes half of it.
   */
  #passEarlier(u8: Uint8Array, from: number): number {
    const start = this.#start;
    const { master } = this;
    const high = (start.msHigh >>> 0) - (master.msHigh >>> 0);
    const wanted = high * TWO_32 + ((start.msLow >>> 0) - (master.msLow >>> 0));
    let at = from;
    while (true) {
      const flags = u8[at];
      if (flags >= INTEGERS_OF_7_BITS) return at;
      let next = at + 2;
      const first = u8[next];
      const milliseconds = first < INTEGERS_OF_7_BITS ? first : integerAt(u8, next);
      // Differences of 2^63 and more are kept as negative ones.
      if (milliseconds < 0 || !(milliseconds < wanted)) return at;
      next = nextElement(u8, nextElement(u8, next));
      let elements = this.#masterPairs;
      if ((flags & ENTRY_SAME_FIELDS) === 0) {
        elements = smallInteger(u8, next) * 2;
        next = nextElement(u8, next);
      }
      at = skip(u8, next, elements + 1);
    }
  }

  #previousInBlock(): number {
    const u8 = this.arena.u8;
    const base = this.block * 16;
    let at = base + this.#at;
    for (;;) {
      at = previousElement(u8, at);
      const elements = smallInteger(u8, at);
      if (elements === 0) return 0;
      for (let left = elements; left > 0; left--) at = previousElement(u8, at);
      this.#at = this.entry = at - base;
      const flags = this.#readHead(u8, at);
      if ((this.seesDeleted || (flags & ENTRY_DELETED) === 0) && this.id.compare(this.#end) <= 0) {
        if (this.id.compare(this.#start) < 0) return -1;
        return 1;
      }
    }
  }

  /** Reads flags, id and number of pairs of the entry at `entry`; returns the flags. */
  #readHead(u8: Uint8Array, entry: number): number {
    const flags = smallInteger(u8, entry);
    let at = nextElement(u8, entry);
    const { id, master } = this;
    at = addTo(u8, at, master.msHigh, master.msLow);
    id.msHigh = sumHigh;
    id.msLow = sumLow;
    at = addTo(u8, at, master.seqHigh, master.seqLow);
    id.seqHigh = sumHigh;
    id.seqLow = sumLow;
    this.#hasMasterFields = (flags & ENTRY_SAME_FIELDS) !== 0;
    if (this.#hasMasterFields) {
      this.pairs = this.#masterPairs;
      this.#fieldAt = this.#masterFields;
    } else {
      this.pairs = smallInteger(u8, at);
      at = nextElement(u8, at);
    }
    this.#pairsLeft = this.pairs;
    this.#pairAt = at - this.block * 16;
    return flags;
  }

  /** Address behind the current entry. */
  #afterEntry(u8: Uint8Array, base: number): number {
    const elements = this.#hasMasterFields ? this.#pairsLeft : this.#pairsLeft * 2;
    return skip(u8, base + this.#pairAt, elements + 1);
  }
}

let sumHigh = 0;
let sumLow = 0;

/** Adds the integer element at `at` to two words, into `sumHigh` and `sumLow`; returns where the next element is. */
function addTo(u8: Uint8Array, at: number, high: number, low: number): number {
  const first = u8[at];
  let difference = first;
  let next = at + 2;
  // What is usual is read here: 7, 13 and 16 bits.
  if (first >= 0x80) {
    if (first < 0xe0) {
      difference = (((first & 0x1f) << 8) | u8[at + 1]) << 19 >> 19;
      next = at + 3;
    } else if (first === 0xf1) {
      difference = ((u8[at + 1] << 16) | (u8[at + 2] << 24)) >> 16;
      next = at + 4;
    } else {
      return addLarge(u8, at, high, low);
    }
  }
  const sum = (low >>> 0) + difference;
  sumHigh = sum < 0 ? high - 1 | 0 : sum < TWO_32 ? high : high + 1 | 0;
  sumLow = sum | 0;
  return next;
}

function addLarge(u8: Uint8Array, at: number, high: number, low: number): number {
  readInteger(u8, at, words);
  const sum = (low >>> 0) + (words.low >>> 0);
  sumHigh = (high + words.high + (sum >= TWO_32 ? 1 : 0)) | 0;
  sumLow = sum | 0;
  return nextElement(u8, at);
}

/** Address behind so many elements. */
function skip(u8: Uint8Array, at: number, count: number): number {
  for (let left = count; left > 0; left--) {
    const first = u8[at];
    // Small integers and short texts, with one byte of length behind them.
    if (first < 0x80) at += 2;
    else if (first < 0xc0) at += 2 + (first & 0x3f);
    else at = nextElement(u8, at);
  }
  return at;
}
