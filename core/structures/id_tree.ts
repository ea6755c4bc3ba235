// Ordered maps from 128-bit ids to references, in the arena: B+trees. The blocks of a stream, the pending entries of
// a group and those of a consumer. The header is part of the owner's block; an instance is a flyweight for one tree at
// a time, and a cursor in it. Called by the stream structures. Hot: finding, stepping, adding at the end, removing.
import type { Arena, Ref } from "../memory/arena.ts";
import {
  ID_WORDS,
  idWord,
  LEVELS_MAX,
  NODE_CAPACITY,
  NODE_CAPACITY_MAX,
  NODE_COUNT,
  NODE_NEXT,
  NODE_PREVIOUS,
  nodeBytes,
  TREE_LEVELS,
  TREE_ROOT,
  TREE_SIZE,
  valueWord,
} from "./id_tree_layout.ts";
import { StreamId } from "./stream_id.ts";

/** Sizes of a root that is a leaf, as it grows. All other nodes have the last one: only the outermost are not full. */
const ROOT_CAPACITIES = [2, 5, 12, 25, NODE_CAPACITY_MAX];
/** A node with fewer ids than this is merged with a neighbour, where both then fit with some room left. */
const COUNT_MIN = 12;
const MERGED_COUNT_MAX = 40;

/** What a split carries upwards, and what stands at the beginning of a new root. */
const separator = new StreamId();
const least = new StreamId();

export class IdTree {
  /** Where the cursor is: a leaf and an index in it. 0 = nowhere. Changes of the tree lose it. */
  leaf: Ref = 0;
  index = 0;
  #header = 0;
  /** The way to the leaf: nodes from the root on, and which child was taken. */
  readonly #nodes = new Int32Array(LEVELS_MAX);
  readonly #steps = new Int32Array(LEVELS_MAX);
  readonly #spare = new Int32Array(LEVELS_MAX + 1);
  #spares = 0;

  constructor(private readonly arena: Arena) {}

  /** Works on the tree whose header is at this word from now on. Zeros are an empty tree. */
  attach(header: number): this {
    this.#header = header;
    this.leaf = 0;
    return this;
  }

  /** Number of ids. */
  get size(): number {
    return this.arena.i32[this.#header + TREE_SIZE];
  }

  /** The value of an id, or 0. The cursor goes to it. */
  find(id: StreamId): Ref {
    if (!this.seekAtLeast(id)) return 0;
    if (id.compareWords(this.arena.i32, idWord(this.leaf * 4, this.index)) !== 0) return 0;
    return this.value;
  }

  /** The cursor goes to the first id; false where there is none. */
  seekFirst(): boolean {
    let node = this.arena.i32[this.#header + TREE_ROOT];
    if (node === 0) return false;
    for (let level = this.#levels; level > 1; level--) node = this.#child(node, 0);
    this.leaf = node;
    this.index = 0;
    return true;
  }

  /** The cursor goes to the last id; false where there is none. */
  seekLast(): boolean {
    const i32 = this.arena.i32;
    let node = i32[this.#header + TREE_ROOT];
    if (node === 0) return false;
    for (let level = this.#levels; level > 1; level--) node = this.#child(node, i32[node * 4] - 1);
    this.leaf = node;
    this.index = i32[node * 4] - 1;
    return true;
  }

  /** The cursor goes to the first id that is at least `id`; false where there is none. */
  seekAtLeast(id: StreamId): boolean {
    const leaf = this.#descend(id);
    if (leaf === 0) return false;
    const index = this.#lowerBound(leaf, id);
    if (index < this.arena.i32[leaf * 4]) {
      this.leaf = leaf;
      this.index = index;
      return true;
    }
    this.leaf = this.arena.i32[leaf * 4 + NODE_NEXT];
    this.index = 0;
    return this.leaf !== 0;
  }

  /** The cursor goes to the last id that is at most `id`; false where there is none. */
  seekAtMost(id: StreamId): boolean {
    if (!this.seekAtLeast(id)) return this.seekLast();
    if (id.compareWords(this.arena.i32, idWord(this.leaf * 4, this.index)) === 0) return true;
    return this.previous();
  }

  /** The cursor goes to the next id; false after the last. */
  next(): boolean {
    const i32 = this.arena.i32;
    if (++this.index < i32[this.leaf * 4]) return true;
    this.leaf = i32[this.leaf * 4 + NODE_NEXT];
    this.index = 0;
    return this.leaf !== 0;
  }

  /** The cursor goes to the id before; false before the first. */
  previous(): boolean {
    if (--this.index >= 0) return true;
    const i32 = this.arena.i32;
    this.leaf = i32[this.leaf * 4 + NODE_PREVIOUS];
    if (this.leaf === 0) return false;
    this.index = i32[this.leaf * 4] - 1;
    return true;
  }

  /** Reads the id at the cursor. */
  readId(target: StreamId): void {
    target.load(this.arena.i32, idWord(this.leaf * 4, this.index));
  }

  /** The value at the cursor. */
  get value(): Ref {
    const word = this.leaf * 4;
    return this.arena.i32[valueWord(word, this.arena.i32[word + NODE_CAPACITY], this.index)];
  }

  /** Gives the id at the cursor another value. */
  setValue(value: Ref): void {
    const word = this.leaf * 4;
    this.arena.setU32(valueWord(word, this.arena.i32[word + NODE_CAPACITY], this.index), value);
  }

  /** Adds an id; false where it is there already. Throws ARENA_FULL with the tree as it was. */
  insert(id: StreamId, value: Ref): boolean {
    const arena = this.arena;
    let leaf = this.#descend(id);
    if (leaf === 0) {
      leaf = this.#createNode(ROOT_CAPACITIES[0]);
      arena.setU32(this.#header + TREE_ROOT, leaf);
      arena.setU32(this.#header + TREE_LEVELS, 1);
      this.#put(leaf, 0, id, value);
    } else {
      const count = arena.i32[leaf * 4];
      const index = this.#lowerBound(leaf, id);
      if (index < count && id.compareWords(arena.i32, idWord(leaf * 4, index)) === 0) return false;
      if (count < arena.i32[leaf * 4 + NODE_CAPACITY]) this.#put(leaf, index, id, value);
      else if (count < NODE_CAPACITY_MAX) this.#put(this.#growRoot(leaf), index, id, value);
      else this.#splitAndPut(leaf, index, id, value);
    }
    arena.setU32(this.#header + TREE_SIZE, this.size + 1);
    this.leaf = 0;
    return true;
  }

  /** Removes an id; returns its value, 0 where it was absent. */
  remove(id: StreamId): Ref {
    const leaf = this.#descend(id);
    if (leaf === 0) return 0;
    const { arena } = this;
    const index = this.#lowerBound(leaf, id);
    const word = leaf * 4;
    if (index === arena.i32[word] || id.compareWords(arena.i32, idWord(word, index)) !== 0) return 0;
    const value = arena.i32[valueWord(word, arena.i32[word + NODE_CAPACITY], index)];
    this.#removeFrom(this.#levels - 1, index);
    arena.setU32(this.#header + TREE_SIZE, this.size - 1);
    this.leaf = 0;
    return value;
  }

  /** Frees all nodes, not what the values refer to, and stores nothing: the tree must not be used any more. */
  retireNodes(): void {
    const root = this.arena.i32[this.#header + TREE_ROOT];
    if (root !== 0) this.#freeBelow(root, this.#levels);
  }

  /** Frees all nodes, not what the values refer to; the tree is empty then. */
  clear(): void {
    this.retireNodes();
    for (let word = 0; word < 3; word++) this.arena.setU32(this.#header + word, 0);
    this.leaf = 0;
  }

  /** Frees the first leaf; the tree must not be used for anything but this and `clear` any more. False: it was empty. */
  freeFirstLeaf(): boolean {
    if (!this.seekFirst()) return false;
    for (let level = 0, node = this.arena.i32[this.#header + TREE_ROOT]; level < this.#levels; level++) {
      this.#nodes[level] = node;
      this.#steps[level] = 0;
      if (level + 1 < this.#levels) node = this.#child(node, 0);
    }
    const gone = this.arena.i32[this.leaf * 4];
    this.arena.setU32(this.#header + TREE_SIZE, this.size - gone);
    this.#dropNode(this.#levels - 1);
    this.leaf = 0;
    return true;
  }

  get #levels(): number {
    return this.arena.i32[this.#header + TREE_LEVELS];
  }

  #child(node: Ref, index: number): Ref {
    return this.arena.i32[valueWord(node * 4, this.arena.i32[node * 4 + NODE_CAPACITY], index)];
  }

  // The leaf where `id` is or belongs, 0 in an empty tree; notes the way.
  #descend(id: StreamId): Ref {
    const i32 = this.arena.i32;
    let node = i32[this.#header + TREE_ROOT];
    if (node === 0) return 0;
    const levels = i32[this.#header + TREE_LEVELS];
    for (let level = 0; level < levels - 1; level++) {
      const step = this.#childFor(node, id);
      this.#nodes[level] = node;
      this.#steps[level] = step;
      node = i32[valueWord(node * 4, i32[node * 4 + NODE_CAPACITY], step)];
    }
    this.#nodes[levels - 1] = node;
    return node;
  }

  // Index of the last child whose least id is not above `id`; the first child's id is not looked at.
  #childFor(node: Ref, id: StreamId): number {
    const i32 = this.arena.i32;
    let low = 0;
    let high = i32[node * 4] - 1;
    // Streams grow at the end.
    if (high > 0 && id.compareWords(i32, idWord(node * 4, high)) >= 0) return high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (id.compareWords(i32, idWord(node * 4, middle)) >= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Index of the first id of the leaf that is at least `id`; its count where all are below.
  #lowerBound(leaf: Ref, id: StreamId): number {
    const i32 = this.arena.i32;
    let low = 0;
    let high = i32[leaf * 4];
    if (high > 0 && id.compareWords(i32, idWord(leaf * 4, high - 1)) > 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (id.compareWords(i32, idWord(leaf * 4, middle)) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #createNode(capacity: number): Ref {
    const { arena } = this;
    const node = arena.allocate(nodeBytes(capacity));
    const word = node * 4;
    arena.setU32(word + NODE_COUNT, 0);
    arena.setU32(word + NODE_CAPACITY, capacity);
    arena.setU32(word + NODE_NEXT, 0);
    arena.setU32(word + NODE_PREVIOUS, 0);
    return node;
  }

  /** Puts an id into a node with room for it. */
  #put(node: Ref, index: number, id: StreamId, value: Ref): void {
    const { arena } = this;
    const word = node * 4;
    const count = arena.i32[word];
    const capacity = arena.i32[word + NODE_CAPACITY];
    if (index < count) {
      const moved = count - index;
      arena.copyWithin(idWord(word, index + 1) * 4, idWord(word, index) * 4, moved * ID_WORDS * 4);
      arena.copyWithin(
        valueWord(word, capacity, index + 1) * 4,
        valueWord(word, capacity, index) * 4,
        moved * 4,
      );
    }
    const at = idWord(word, index);
    arena.setU32(at, id.msHigh);
    arena.setU32(at + 1, id.msLow);
    arena.setU32(at + 2, id.seqHigh);
    arena.setU32(at + 3, id.seqLow);
    arena.setU32(valueWord(word, capacity, index), value);
    arena.setU32(word, count + 1);
  }

  /** Exchanges the root, a full leaf, for a bigger one. */
  #growRoot(leaf: Ref): Ref {
    const capacity = ROOT_CAPACITIES.find((each) => each > this.arena.i32[leaf * 4])!;
    const grown = this.#createNode(capacity);
    this.#copyRange(leaf, 0, this.arena.i32[leaf * 4], grown, 0);
    this.arena.setU32(this.#header + TREE_ROOT, grown);
    this.arena.retire(leaf);
    return grown;
  }

  /** Copies `count` ids with their values to another node, which then has those up to there. */
  #copyRange(from: Ref, index: number, count: number, to: Ref, at: number): void {
    const { arena } = this;
    const source = from * 4;
    const target = to * 4;
    const sourceCapacity = arena.i32[source + NODE_CAPACITY];
    const targetCapacity = arena.i32[target + NODE_CAPACITY];
    arena.copyWithin(idWord(target, at) * 4, idWord(source, index) * 4, count * ID_WORDS * 4);
    arena.copyWithin(
      valueWord(target, targetCapacity, at) * 4,
      valueWord(source, sourceCapacity, index) * 4,
      count * 4,
    );
    arena.setU32(target, at + count);
  }

  // All nodes that will be needed are there before anything changes.
  #splitAndPut(leaf: Ref, index: number, id: StreamId, value: Ref): void {
    const { arena } = this;
    const levels = this.#levels;
    let needed = 1;
    let level = levels - 2;
    for (; level >= 0 && arena.i32[this.#nodes[level] * 4] === NODE_CAPACITY_MAX; level--) needed++;
    if (level < 0) needed++;
    this.#takeSpares(needed);
    let right = this.#splitNode(leaf, index, id, value, levels - 1);
    separator.load(arena.i32, idWord(right * 4, 0));
    for (level = levels - 2; level >= 0; level--) {
      const node = this.#nodes[level];
      const step = this.#steps[level] + 1;
      if (arena.i32[node * 4] < NODE_CAPACITY_MAX) {
        this.#put(node, step, separator, right);
        return;
      }
      const split = this.#splitNode(node, step, separator, right, level);
      separator.load(arena.i32, idWord(split * 4, 0));
      right = split;
    }
    const root = this.#spare[--this.#spares];
    const old = arena.i32[this.#header + TREE_ROOT];
    this.#put(root, 0, least.setMin(), old);
    this.#put(root, 1, separator, right);
    arena.setU32(this.#header + TREE_ROOT, root);
    arena.setU32(this.#header + TREE_LEVELS, levels + 1);
  }

  #takeSpares(count: number): void {
    this.#spares = 0;
    try {
      while (this.#spares < count) {
        this.#spare[this.#spares] = this.#createNode(NODE_CAPACITY_MAX);
        this.#spares++;
      }
    } catch (error) {
      while (this.#spares > 0) this.arena.free(this.#spare[--this.#spares]);
      throw error;
    }
  }

  /** Moves a part of a full node to a new one on its right and puts an id into one of them; returns the new node. */
  #splitNode(node: Ref, index: number, id: StreamId, value: Ref, level: number): Ref {
    const { arena } = this;
    const right = this.#spare[--this.#spares];
    const isLeaf = level === this.#levels - 1;
    if (isLeaf) this.#linkAfter(node, right);
    const count = arena.i32[node * 4];
    // What grows at the end leaves full nodes behind.
    if (index === count && this.#isRightmost(level)) {
      this.#put(right, 0, id, value);
      return right;
    }
    const half = count >>> 1;
    this.#copyRange(node, half, count - half, right, 0);
    arena.setU32(node * 4, half);
    if (index <= half && (index < half || isLeaf)) this.#put(node, index, id, value);
    else this.#put(right, index - half, id, value);
    return right;
  }

  #isRightmost(level: number): boolean {
    for (let above = 0; above < level; above++) {
      if (this.#steps[above] !== this.arena.i32[this.#nodes[above] * 4] - 1) return false;
    }
    return true;
  }

  #linkAfter(leaf: Ref, right: Ref): void {
    const { arena } = this;
    const next = arena.i32[leaf * 4 + NODE_NEXT];
    arena.setU32(right * 4 + NODE_NEXT, next);
    arena.setU32(right * 4 + NODE_PREVIOUS, leaf);
    arena.setU32(leaf * 4 + NODE_NEXT, right);
    if (next !== 0) arena.setU32(next * 4 + NODE_PREVIOUS, right);
  }

  #unlink(leaf: Ref): void {
    const { arena } = this;
    const next = arena.i32[leaf * 4 + NODE_NEXT];
    const previous = arena.i32[leaf * 4 + NODE_PREVIOUS];
    if (next !== 0) arena.setU32(next * 4 + NODE_PREVIOUS, previous);
    if (previous !== 0) arena.setU32(previous * 4 + NODE_NEXT, next);
  }

  /** Removes entry `index` of the node on the noted way at `level`, and then what becomes empty or too empty. */
  #removeFrom(level: number, index: number): void {
    const { arena } = this;
    const node = this.#nodes[level];
    const word = node * 4;
    const count = arena.i32[word];
    if (count === 1) {
      this.#dropNode(level);
      return;
    }
    const capacity = arena.i32[word + NODE_CAPACITY];
    const moved = count - 1 - index;
    if (moved > 0) {
      arena.copyWithin(idWord(word, index) * 4, idWord(word, index + 1) * 4, moved * ID_WORDS * 4);
      arena.copyWithin(
        valueWord(word, capacity, index) * 4,
        valueWord(word, capacity, index + 1) * 4,
        moved * 4,
      );
    }
    arena.setU32(word, count - 1);
    if (level === 0) this.#lowerRoot();
    else if (count - 1 < COUNT_MIN) this.#mergeAround(level);
  }

  /** Frees the node on the noted way at `level`, whose entries are gone. */
  #dropNode(level: number): void {
    const { arena } = this;
    const node = this.#nodes[level];
    if (level === this.#levels - 1) this.#unlink(node);
    arena.retire(node);
    if (level === 0) {
      arena.setU32(this.#header + TREE_ROOT, 0);
      arena.setU32(this.#header + TREE_LEVELS, 0);
    } else {
      this.#removeFrom(level - 1, this.#steps[level - 1]);
    }
  }

  /** An inner root with one child gives way to it. */
  #lowerRoot(): void {
    const { arena } = this;
    while (this.#levels > 1) {
      const root = arena.i32[this.#header + TREE_ROOT];
      if (arena.i32[root * 4] > 1) return;
      arena.setU32(this.#header + TREE_ROOT, this.#child(root, 0));
      arena.setU32(this.#header + TREE_LEVELS, this.#levels - 1);
      arena.retire(root);
    }
  }

  #mergeAround(level: number): void {
    const parent = this.#nodes[level - 1];
    const step = this.#steps[level - 1];
    const children = this.arena.i32[parent * 4];
    if (step + 1 < children && this.#mergeWithNext(level, parent, step)) return;
    if (step > 0) this.#mergeWithNext(level, parent, step - 1);
  }

  /** Moves the entries of child `step + 1` into child `step`; false where they do not fit. */
  #mergeWithNext(level: number, parent: Ref, step: number): boolean {
    const { arena } = this;
    const left = this.#child(parent, step);
    const right = this.#child(parent, step + 1);
    const leftCount = arena.i32[left * 4];
    const rightCount = arena.i32[right * 4];
    if (leftCount + rightCount > MERGED_COUNT_MAX) return false;
    const isLeaf = level === this.#levels - 1;
    this.#copyRange(right, 0, rightCount, left, leftCount);
    // The first id of an inner node says nothing; here it becomes one that does.
    if (!isLeaf) {
      arena.copyWithin(idWord(left * 4, leftCount) * 4, idWord(parent * 4, step + 1) * 4, ID_WORDS * 4);
    } else {
      this.#unlink(right);
    }
    arena.retire(right);
    this.#removeFrom(level - 1, step + 1);
    return true;
  }

  #freeBelow(node: Ref, levels: number): void {
    if (levels > 1) {
      const count = this.arena.i32[node * 4];
      for (let index = 0; index < count; index++) this.#freeBelow(this.#child(node, index), levels - 1);
    }
    this.arena.retire(node);
  }
}
