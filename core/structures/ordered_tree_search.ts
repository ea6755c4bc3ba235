// Searching the B+tree of an ordered index: by score and member, by either alone, by rank; and going from one element to
// its neighbours. Changes nothing; ordered_tree.ts, which does, builds on it. Hot: nothing is allocated on the JavaScript
// heap.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import {
  ELEMENT_HEADER_BYTES,
  ELEMENT_LENGTH,
  HEIGHT_MAX,
  INNER_CHILDREN,
  INNER_REFS,
  INNER_SIZES,
  LEAF_NEXT,
  LEAF_PREVIOUS,
  LEAF_REFS,
  NODE_SCORES,
  ROOT_HEIGHT,
  ROOT_TOP,
} from "./ordered_index_layout.ts";

/** What a search compares: score and member, the score alone, the member alone. */
const BY_KEY = 0;
const BY_SCORE = 1;
const BY_MEMBER = 2;

const NO_BYTES = new Uint8Array(0);

export class OrderedTreeSearch implements BufferHolder {
  /** The leaf and the place in it that the last search or `step` ended at. */
  leaf: Ref = 0;
  place = 0;
  protected root: Ref = 0;
  /** The way of the last search from the top: inner nodes, and the child taken in each. */
  protected readonly path = new Int32Array(HEIGHT_MAX);
  protected readonly slots = new Int32Array(HEIGHT_MAX);
  /** What is searched for. */
  #by = BY_KEY;
  #score = 0;
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;

  constructor(protected readonly arena: Arena) {
    arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.#bytes = NO_BYTES;
  }

  /** Works on the tree of the index with this root from now on. */
  attach(root: Ref): void {
    this.root = root;
  }

  /** The element at the current place. */
  get element(): Ref {
    return this.arena.i32[this.leaf * 4 + LEAF_REFS + this.place];
  }

  /** Its score. */
  get score(): number {
    return this.arena.f64[this.leaf * 2 + NODE_SCORES + this.place];
  }

  /** Goes to the element with this rank, which there must be. */
  seek(rank: number): void {
    const { i32 } = this.arena;
    const word = this.root * 4;
    const height = i32[word + ROOT_HEIGHT];
    let node = i32[word + ROOT_TOP];
    let left = rank;
    for (let level = 0; level < height; level++) {
      const sizes = node * 4 + INNER_SIZES;
      let slot = 0;
      while (left >= i32[sizes + slot]) left -= i32[sizes + slot++];
      this.path[level] = node;
      this.slots[level] = slot;
      node = i32[node * 4 + INNER_CHILDREN + slot];
    }
    this.leaf = node;
    this.place = left;
  }

  /** Goes on to the next element; false behind the last. */
  forward(): boolean {
    const { i32 } = this.arena;
    if (++this.place < i32[this.leaf * 4]) return true;
    const next = i32[this.leaf * 4 + LEAF_NEXT];
    if (next === 0) return false;
    this.leaf = next;
    this.place = 0;
    return true;
  }

  /** Goes back to the previous element; false before the first. */
  backward(): boolean {
    if (--this.place >= 0) return true;
    const { i32 } = this.arena;
    const previous = i32[this.leaf * 4 + LEAF_PREVIOUS];
    if (previous === 0) return false;
    this.leaf = previous;
    this.place = i32[previous * 4] - 1;
    return true;
  }

  /** How many elements have a lower score. */
  countBelowScore(score: number): number {
    this.#by = BY_SCORE;
    this.#score = score;
    return this.#count(false);
  }

  /** How many elements have this score or a lower one. */
  countToScore(score: number): number {
    this.#by = BY_SCORE;
    this.#score = score;
    return this.#count(true);
  }

  /** How many members are less than this one. All scores must be the same. */
  countBelowMember(bytes: Uint8Array, start: number, end: number): number {
    this.#setMember(BY_MEMBER, bytes, start, end);
    return this.#count(false);
  }

  /** How many members are this one or less. All scores must be the same. */
  countToMember(bytes: Uint8Array, start: number, end: number): number {
    this.#setMember(BY_MEMBER, bytes, start, end);
    return this.#count(true);
  }

  /** The rank of an element that is in the tree with this score; its place is the current one then. */
  rankOf(ref: Ref, score: number): number {
    this.locate(ref, score);
    let rank = this.place;
    for (let level = this.arena.i32[this.root * 4 + ROOT_HEIGHT] - 1; level >= 0; level--) {
      rank += this.#sizeBefore(this.path[level], this.slots[level]);
    }
    return rank;
  }

  protected aim(ref: Ref, score: number): void {
    const start = ref * 16 + ELEMENT_HEADER_BYTES;
    this.#score = score;
    this.#setMember(BY_KEY, this.arena.u8, start, start + this.arena.i32[ref * 4 + ELEMENT_LENGTH]);
  }

  #setMember(by: number, bytes: Uint8Array, start: number, end: number): void {
    this.#by = by;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Goes down to the leaf where the key is or belongs, noting the way. */
  protected descend(): void {
    const { i32 } = this.arena;
    const word = this.root * 4;
    const height = i32[word + ROOT_HEIGHT];
    let node = i32[word + ROOT_TOP];
    for (let level = 0; level < height; level++) {
      const slot = this.bound(node, INNER_REFS, 1, i32[node * 4], true) - 1;
      this.path[level] = node;
      this.slots[level] = slot;
      node = i32[node * 4 + INNER_CHILDREN + slot];
    }
    this.leaf = node;
  }

  /** Goes to an element by the score that it has in the tree. */
  protected locate(ref: Ref, score: number): void {
    const { i32 } = this.arena;
    this.aim(ref, score);
    this.descend();
    const { leaf } = this;
    const count = i32[leaf * 4];
    const place = this.bound(leaf, LEAF_REFS, 0, count, false);
    if (place === count || i32[leaf * 4 + LEAF_REFS + place] !== ref) {
      throw new Error(`Element ${ref} is not in the ordered index with the score ${score}`);
    }
    this.place = place;
  }

  /** Elements before what is searched for; those that equal it too, where `withEqual`. */
  #count(withEqual: boolean): number {
    const { i32 } = this.arena;
    const word = this.root * 4;
    let node = i32[word + ROOT_TOP];
    let count = 0;
    for (let level = i32[word + ROOT_HEIGHT]; level > 0; level--) {
      const slot = this.bound(node, INNER_REFS, 1, i32[node * 4], withEqual) - 1;
      count += this.#sizeBefore(node, slot);
      node = i32[node * 4 + INNER_CHILDREN + slot];
    }
    return count + this.bound(node, LEAF_REFS, 0, i32[node * 4], withEqual);
  }

  #sizeBefore(node: Ref, slot: number): number {
    const { i32 } = this.arena;
    const first = node * 4 + INNER_SIZES;
    let size = 0;
    for (let index = 0; index < slot; index++) size += i32[first + index];
    return size;
  }

  /** The first entry from `low` on that does not come before what is searched for (nor equals it). */
  protected bound(node: Ref, refs: number, low: number, high: number, withEqual: boolean): number {
    const { i32, f64 } = this.arena;
    const scores = node * 2 + NODE_SCORES;
    const by = this.#by;
    const score = this.#score;
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >>> 1;
      let order = 0;
      if (by !== BY_MEMBER) {
        const other = f64[scores + middle];
        order = other < score ? -1 : other > score ? 1 : 0;
      }
      if (order === 0 && by !== BY_SCORE) order = this.#compareMember(i32[node * 4 + refs + middle]);
      if (order < 0 || (order === 0 && withEqual)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Below 0 where the element's member is less than the one that is searched for. */
  #compareMember(ref: Ref): number {
    const { u8, i32 } = this.arena;
    const bytes = this.#bytes;
    const start = this.#start;
    const length = i32[ref * 4 + ELEMENT_LENGTH];
    const wanted = this.#end - start;
    const common = length < wanted ? length : wanted;
    const address = ref * 16 + ELEMENT_HEADER_BYTES;
    for (let index = 0; index < common; index++) {
      const order = u8[address + index] - bytes[start + index];
      if (order !== 0) return order;
    }
    return length - wanted;
  }
}
