// The B+tree of an ordered index: elements in the order of (score, member), counted, so that ranks are found on the way.
// A node's entry for a child carries the child's least key and its number of elements. Called by ordered_index.ts.
// Hot: adding and removing allocate nothing on the JavaScript heap. Searching is in ordered_tree_search.ts, the inside of
// nodes in ordered_tree_nodes.ts.
import { type Arena, ArenaFullError, type Ref } from "../memory/arena.ts";
import {
  HEIGHT_MAX,
  INNER_BYTES,
  INNER_CHILDREN,
  INNER_MAX,
  INNER_SIZES,
  LEAF_BYTES,
  LEAF_MAX,
  LEAF_NEXT,
  LEAF_PREVIOUS,
  LEAF_REFS,
  NODE_SCORES,
  ROOT_FIRST_LEAF,
  ROOT_HEIGHT,
  ROOT_LAST_LEAF,
  ROOT_TOP,
} from "./ordered_index_layout.ts";
import { OrderedTreeSearch } from "./ordered_tree_search.ts";
import { TreeNodes } from "./ordered_tree_nodes.ts";

/** A node with fewer entries than this is joined with its neighbour, or given some of the neighbour's. */
const LEAF_MIN = LEAF_MAX / 4;
const INNER_MIN = INNER_MAX / 4;

export class OrderedTree extends OrderedTreeSearch {
  readonly #nodes: TreeNodes;
  /** Nodes allocated before a change begins. */
  readonly #fresh = new Int32Array(HEIGHT_MAX + 1);
  #freshCount = 0;
  /** Whether the split that is going on began with the last leaf. */
  #splitsLast = false;

  constructor(arena: Arena) {
    super(arena);
    this.#nodes = new TreeNodes(arena);
  }

  /** Writes an empty tree into a root block. Throws ARENA_FULL. */
  create(root: Ref): void {
    const { arena } = this;
    const leaf = arena.allocate(LEAF_BYTES);
    this.#nodes.initLeaf(leaf);
    arena.setU32(root * 4 + ROOT_TOP, leaf);
    arena.setU32(root * 4 + ROOT_HEIGHT, 0);
    arena.setU32(root * 4 + ROOT_FIRST_LEAF, leaf);
    arena.setU32(root * 4 + ROOT_LAST_LEAF, leaf);
  }

  /** Adds an element under a score, with which it is not in the tree. Throws ARENA_FULL with the tree as it was. */
  insert(ref: Ref, score: number): void {
    const { arena } = this;
    const { i32 } = arena;
    const word = this.root * 4;
    const height = i32[word + ROOT_HEIGHT];
    this.aim(ref, score);
    this.descend();
    const leaf = this.leaf;
    const place = this.bound(leaf, LEAF_REFS, 0, i32[leaf * 4], false);
    let right = 0;
    if (i32[leaf * 4] < LEAF_MAX) {
      this.#nodes.insertElement(leaf, place, ref, score);
    } else {
      this.#allocateFor(height);
      right = this.#splitLeaf(leaf, place, ref, score);
    }
    let leastChanged = place === 0;
    let child = leaf;
    for (let level = height - 1; level >= 0; level--) {
      const node = this.path[level];
      const slot = this.slots[level];
      const isLeaf = level === height - 1;
      if (leastChanged) this.#nodes.copyLeast(node, slot, child, isLeaf);
      leastChanged = leastChanged && slot === 0;
      if (right === 0) {
        arena.setU32(node * 4 + INNER_SIZES + slot, i32[node * 4 + INNER_SIZES + slot] + 1);
      } else {
        arena.setU32(node * 4 + INNER_SIZES + slot, this.#nodes.sizeOf(child, isLeaf));
        right = this.#insertChild(node, slot + 1, right, isLeaf);
      }
      child = node;
    }
    if (right !== 0) this.#grow(child, right, height);
  }

  /** Takes an element out that is in the tree with this score. */
  remove(ref: Ref, score: number): void {
    this.locate(ref, score);
    this.removeSought();
  }

  /** Takes out the current element, which must be where the last `seek` or search ended. */
  removeSought(): void {
    const { arena, leaf, place } = this;
    const { i32 } = arena;
    this.#nodes.removeElement(leaf, place);
    const height = i32[this.root * 4 + ROOT_HEIGHT];
    let leastChanged = place === 0;
    let child = leaf;
    for (let level = height - 1; level >= 0; level--) {
      const node = this.path[level];
      const slot = this.slots[level];
      const isLeaf = level === height - 1;
      const size = node * 4 + INNER_SIZES + slot;
      arena.setU32(size, i32[size] - 1);
      const entries = i32[child * 4];
      if (entries === 0) {
        this.#dropChild(node, slot, child, isLeaf);
      } else {
        if (leastChanged) this.#nodes.copyLeast(node, slot, child, isLeaf);
        if (entries < (isLeaf ? LEAF_MIN : INNER_MIN)) this.#relieve(node, slot, isLeaf);
      }
      leastChanged = leastChanged && slot === 0;
      child = node;
    }
    this.#lower();
  }

  /**
   * Gives an element another score where that leaves it in its place; false, and no change, where it must move. The
   * element's own score is the caller's to set.
   */
  rescore(ref: Ref, oldScore: number, score: number): boolean {
    this.locate(ref, oldScore);
    const { arena, leaf, place } = this;
    const { i32, f64 } = arena;
    const count = i32[leaf * 4];
    // The neighbours in the leaf must exist, or nothing is known of those in other leaves.
    if (
      place === 0 ? i32[leaf * 4 + LEAF_PREVIOUS] !== 0 : !(f64[leaf * 2 + NODE_SCORES + place - 1] < score)
    ) {
      return false;
    }
    if (
      place === count - 1
        ? i32[leaf * 4 + LEAF_NEXT] !== 0
        : !(score < f64[leaf * 2 + NODE_SCORES + place + 1])
    ) return false;
    arena.setF64(leaf * 2 + NODE_SCORES + place, score);
    if (place !== 0) return true;
    // The least element of the tree: every node on the way has its score.
    let child = leaf;
    const height = i32[this.root * 4 + ROOT_HEIGHT];
    for (let level = height - 1; level >= 0; level--) {
      this.#nodes.copyLeast(this.path[level], this.slots[level], child, level === height - 1);
      child = this.path[level];
    }
    return true;
  }

  /** Frees all nodes, and no element. */
  destroy(): void {
    while (this.destroyStep(Infinity));
  }

  /** Goes on with that for up to `leaves` leaves; true while more is left to do. Nothing else may be done in between. */
  destroyStep(leaves: number): boolean {
    const { arena } = this;
    const { i32 } = arena;
    const word = this.root * 4;
    let leaf = i32[word + ROOT_FIRST_LEAF];
    for (let left = leaves; left > 0 && leaf !== 0; left--) {
      const next = i32[leaf * 4 + LEAF_NEXT];
      arena.retire(leaf);
      leaf = next;
    }
    arena.setU32(word + ROOT_FIRST_LEAF, leaf);
    if (leaf !== 0) return true;
    this.#destroyInner(i32[word + ROOT_TOP], i32[word + ROOT_HEIGHT]);
    return false;
  }

  /** Nodes of the tree times their size. Walks the inner nodes. */
  get overheadBytes(): number {
    const { i32 } = this.arena;
    const word = this.root * 4;
    return this.#bytesBelow(i32[word + ROOT_TOP], i32[word + ROOT_HEIGHT]);
  }

  /** Throws an Error where the tree is not as it should be. For tests and DEBUG. */
  verify(): number {
    const { i32 } = this.arena;
    const word = this.root * 4;
    return this.#nodes.verify(
      i32[word + ROOT_TOP],
      i32[word + ROOT_HEIGHT],
      i32[word + ROOT_FIRST_LEAF],
      i32[word + ROOT_LAST_LEAF],
    );
  }

  /** Frees a node that is no leaf, with those below it. */
  #destroyInner(node: Ref, level: number): void {
    if (level === 0) return;
    const { arena } = this;
    const { i32 } = arena;
    for (let slot = 0; level > 1 && slot < i32[node * 4]; slot++) {
      this.#destroyInner(i32[node * 4 + INNER_CHILDREN + slot], level - 1);
    }
    arena.retire(node);
  }

  #bytesBelow(node: Ref, level: number): number {
    const { i32 } = this.arena;
    if (level === 0) return this.arena.sizeOf(node);
    let bytes = this.arena.sizeOf(node);
    if (level === 1) return bytes + i32[node * 4] * LEAF_BYTES;
    for (let slot = 0; slot < i32[node * 4]; slot++) {
      bytes += this.#bytesBelow(i32[node * 4 + INNER_CHILDREN + slot], level - 1);
    }
    return bytes;
  }

  /** Allocates what the split of the leaf at the end of the path will need. Throws ARENA_FULL with nothing taken. */
  #allocateFor(height: number): void {
    const { arena } = this;
    const { i32 } = arena;
    this.#freshCount = 0;
    let inner = 0;
    let level = height - 1;
    while (level >= 0 && i32[this.path[level] * 4] === INNER_MAX) {
      inner++;
      level--;
    }
    if (level < 0) inner++;
    try {
      // Taken from the end: the leaf is needed first.
      for (; inner > 0; inner--) this.#keepFresh(arena.allocate(INNER_BYTES));
      this.#keepFresh(arena.allocate(LEAF_BYTES));
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      while (this.#freshCount > 0) arena.free(this.#takeFresh());
      throw error;
    }
  }

  #keepFresh(node: Ref): void {
    this.#fresh[this.#freshCount++] = node;
  }

  #takeFresh(): Ref {
    return this.#fresh[--this.#freshCount];
  }

  /** Splits a full leaf around a new element; returns the new leaf on its right. */
  #splitLeaf(leaf: Ref, place: number, ref: Ref, score: number): Ref {
    const { arena } = this;
    const nodes = this.#nodes;
    const right = this.#takeFresh();
    const next = arena.i32[leaf * 4 + LEAF_NEXT];
    this.#splitsLast = next === 0;
    // What comes in order leaves full leaves behind, from either end.
    const at = splitPlace(place, LEAF_MAX, next === 0, arena.i32[leaf * 4 + LEAF_PREVIOUS] === 0);
    nodes.initLeaf(right);
    nodes.moveElements(leaf, at, right, 0, LEAF_MAX - at);
    nodes.link(leaf, right);
    if (next === 0) arena.setU32(this.root * 4 + ROOT_LAST_LEAF, right);
    else nodes.link(right, next);
    if (place <= at && at !== LEAF_MAX) nodes.insertElement(leaf, place, ref, score);
    else nodes.insertElement(right, place - at, ref, score);
    return right;
  }

  /** Adds a child to a node; returns the new node on its right where it had to be split, or 0. */
  #insertChild(node: Ref, slot: number, child: Ref, childIsLeaf: boolean): Ref {
    const { i32 } = this.arena;
    const nodes = this.#nodes;
    if (i32[node * 4] < INNER_MAX) {
      nodes.insertChild(node, slot, child, childIsLeaf);
      return 0;
    }
    const right = this.#takeFresh();
    const at = splitPlace(slot, INNER_MAX, this.#splitsLast, false);
    nodes.initInner(right);
    nodes.moveChildren(node, at, right, 0, INNER_MAX - at);
    if (slot <= at && at !== INNER_MAX) nodes.insertChild(node, slot, child, childIsLeaf);
    else nodes.insertChild(right, slot - at, child, childIsLeaf);
    return right;
  }

  /** Puts a new node on top of the two that the old one was split into. */
  #grow(left: Ref, right: Ref, height: number): void {
    const { arena } = this;
    const top = this.#takeFresh();
    this.#nodes.initInner(top);
    this.#nodes.insertChild(top, 0, left, height === 0);
    this.#nodes.insertChild(top, 1, right, height === 0);
    arena.setU32(this.root * 4 + ROOT_TOP, top);
    arena.setU32(this.root * 4 + ROOT_HEIGHT, height + 1);
  }

  /** Takes an empty child away. */
  #dropChild(node: Ref, slot: number, child: Ref, isLeaf: boolean): void {
    if (isLeaf) this.#unlinkLeaf(child);
    this.#nodes.removeChild(node, slot);
    this.arena.retire(child);
  }

  #unlinkLeaf(leaf: Ref): void {
    const { arena } = this;
    const { i32 } = arena;
    const previous = i32[leaf * 4 + LEAF_PREVIOUS];
    const next = i32[leaf * 4 + LEAF_NEXT];
    if (previous === 0) arena.setU32(this.root * 4 + ROOT_FIRST_LEAF, next);
    else arena.setU32(previous * 4 + LEAF_NEXT, next);
    if (next === 0) arena.setU32(this.root * 4 + ROOT_LAST_LEAF, previous);
    else arena.setU32(next * 4 + LEAF_PREVIOUS, previous);
  }

  /** Joins a child that has few entries with a neighbour, or evens the two out. */
  #relieve(node: Ref, slot: number, isLeaf: boolean): void {
    const { i32 } = this.arena;
    if (i32[node * 4] === 1) return;
    const first = slot === 0 ? 0 : slot - 1;
    const left = i32[node * 4 + INNER_CHILDREN + first];
    const right = i32[node * 4 + INNER_CHILDREN + first + 1];
    const nodes = this.#nodes;
    const leftCount = i32[left * 4];
    const rightCount = i32[right * 4];
    const total = leftCount + rightCount;
    if (total <= (isLeaf ? LEAF_MAX : INNER_MAX) * 3 / 4) {
      if (isLeaf) nodes.moveElements(right, 0, left, leftCount, rightCount);
      else nodes.moveChildren(right, 0, left, leftCount, rightCount);
      this.#dropChild(node, first + 1, right, isLeaf);
      this.arena.setU32(node * 4 + INNER_SIZES + first, nodes.sizeOf(left, isLeaf));
      return;
    }
    const half = total >>> 1;
    if (leftCount > half) {
      const count = leftCount - half;
      if (isLeaf) nodes.moveElements(left, half, right, 0, count);
      else nodes.moveChildren(left, half, right, 0, count);
    } else {
      const count = half - leftCount;
      if (isLeaf) nodes.moveElements(right, 0, left, leftCount, count);
      else nodes.moveChildren(right, 0, left, leftCount, count);
    }
    this.arena.setU32(node * 4 + INNER_SIZES + first, nodes.sizeOf(left, isLeaf));
    this.arena.setU32(node * 4 + INNER_SIZES + first + 1, nodes.sizeOf(right, isLeaf));
    nodes.copyLeast(node, first + 1, right, isLeaf);
  }

  /** Takes nodes with a single child from the top. */
  #lower(): void {
    const { arena } = this;
    const { i32 } = arena;
    const word = this.root * 4;
    while (i32[word + ROOT_HEIGHT] > 0 && i32[i32[word + ROOT_TOP] * 4] === 1) {
      const top = i32[word + ROOT_TOP];
      arena.setU32(word + ROOT_TOP, i32[top * 4 + INNER_CHILDREN]);
      arena.setU32(word + ROOT_HEIGHT, i32[word + ROOT_HEIGHT] - 1);
      arena.retire(top);
    }
  }
}

function splitPlace(place: number, full: number, isLast: boolean, isFirst: boolean): number {
  if (place === full && isLast) return full;
  return place === 0 && isFirst ? 0 : full / 2;
}
