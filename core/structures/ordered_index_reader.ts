// Walks the elements of an ordered index through an ArenaReader, from the highest to the lowest, as RDB files have them:
// for snapshot workers, which have no Arena. Between two operations of the loop an index is always whole, so an image of
// any moment can be walked; a live one only while the loop leaves it alone.
import type { Ref } from "../memory/arena_layout.ts";
import type { ArenaReader } from "../memory/arena_reader.ts";
import {
  ELEMENT_HEADER_BYTES,
  ELEMENT_LENGTH,
  LEAF_BYTES,
  LEAF_MAX,
  LEAF_PREVIOUS,
  LEAF_REFS,
  NODE_SCORES,
  ROOT_LAST_LEAF,
  ROOT_TABLE,
} from "./ordered_index_layout.ts";
import { ROOT_SIZE } from "./hashtable_layout.ts";

/**
 * ```ts
 * for (index.open(root); index.next();) encode(index.score, index.memberAddress, index.memberLength);
 * ```
 */
export class OrderedIndexReader {
  /** Number of elements. */
  size = 0;
  /** The current element. */
  ref: Ref = 0;
  score = 0;
  readonly #reader: ArenaReader;
  readonly #poll: () => void;
  readonly #words = new Int32Array(LEAF_BYTES / 4);
  readonly #bytes: Uint8Array = new Uint8Array(this.#words.buffer);
  readonly #scores = new Float64Array(this.#words.buffer);
  #nextLeaf: Ref = 0;
  #place = 0;

  /** `poll` is called once a leaf. It ends a walk by throwing, as under a cancelled save. */
  constructor(reader: ArenaReader, poll: () => void = nothing) {
    this.#reader = reader;
    this.#poll = poll;
  }

  /** Begins behind the highest element of the index with this root. */
  open(root: Ref): this {
    const reader = this.#reader;
    this.size = reader.u32(reader.u32(root * 4 + ROOT_TABLE) * 4 + ROOT_SIZE);
    this.#nextLeaf = reader.u32(root * 4 + ROOT_LAST_LEAF);
    this.#place = 0;
    return this;
  }

  /** Goes to the next lower element; false after the lowest. */
  next(): boolean {
    while (this.#place === 0) {
      if (this.#nextLeaf === 0) return false;
      this.#poll();
      this.#reader.copyOut(this.#nextLeaf * 16, LEAF_BYTES, this.#bytes, 0);
      this.#nextLeaf = this.#words[LEAF_PREVIOUS];
      this.#place = Math.min(this.#words[0], LEAF_MAX);
    }
    const place = --this.#place;
    this.ref = this.#words[LEAF_REFS + place];
    this.score = this.#scores[NODE_SCORES + place];
    return true;
  }

  /** Byte address of the current member. */
  get memberAddress(): number {
    return this.ref * 16 + ELEMENT_HEADER_BYTES;
  }

  get memberLength(): number {
    return this.#reader.u32(this.ref * 4 + ELEMENT_LENGTH);
  }
}

function nothing(): void {}
