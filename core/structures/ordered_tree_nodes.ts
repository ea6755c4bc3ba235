// The nodes of an ordered index's B+tree: entries put in, taken out and moved between nodes. Knows the layout and nothing
// of searching. Hot: called once or twice for each change; nothing is allocated on the JavaScript heap.
import type { Arena, Ref } from "../memory/arena.ts";
import {
  INNER_CHILDREN,
  INNER_REFS,
  INNER_SIZES,
  LEAF_NEXT,
  LEAF_PREVIOUS,
  LEAF_REFS,
  NODE_COUNT,
  NODE_SCORES,
} from "./ordered_index_layout.ts";

export class TreeNodes {
  constructor(private readonly arena: Arena) {}

  initLeaf(leaf: Ref): void {
    const { arena } = this;
    arena.setU32(leaf * 4 + NODE_COUNT, 0);
    arena.setU32(leaf * 4 + LEAF_PREVIOUS, 0);
    arena.setU32(leaf * 4 + LEAF_NEXT, 0);
  }

  initInner(node: Ref): void {
    this.arena.setU32(node * 4 + NODE_COUNT, 0);
  }

  /** Makes two leaves neighbours. */
  link(left: Ref, right: Ref): void {
    this.arena.setU32(left * 4 + LEAF_NEXT, right);
    this.arena.setU32(right * 4 + LEAF_PREVIOUS, left);
  }

  insertElement(leaf: Ref, place: number, ref: Ref, score: number): void {
    const { arena } = this;
    const count = arena.i32[leaf * 4];
    if (place < count) {
      const scores = leaf * 2 + NODE_SCORES + place;
      arena.moveF64(scores + 1, scores, count - place);
      const refs = leaf * 4 + LEAF_REFS + place;
      arena.moveU32(refs + 1, refs, count - place);
    }
    arena.setF64(leaf * 2 + NODE_SCORES + place, score);
    arena.setU32(leaf * 4 + LEAF_REFS + place, ref);
    arena.setU32(leaf * 4, count + 1);
  }

  removeElement(leaf: Ref, place: number): void {
    const { arena } = this;
    const after = arena.i32[leaf * 4] - place - 1;
    if (after > 0) {
      const scores = leaf * 2 + NODE_SCORES + place;
      arena.moveF64(scores, scores + 1, after);
      const refs = leaf * 4 + LEAF_REFS + place;
      arena.moveU32(refs, refs + 1, after);
    }
    arena.setU32(leaf * 4, place + after);
  }

  /** Moves elements to another leaf, making room there; they are the first or the last ones of their own. */
  moveElements(source: Ref, from: number, target: Ref, to: number, count: number): void {
    this.#move(source, from, target, to, count, NODE_SCORES * 2, 2);
    this.#move(source, from, target, to, count, LEAF_REFS, 1);
    this.#setCounts(source, target, count);
  }

  /** The same for the children of inner nodes. */
  moveChildren(source: Ref, from: number, target: Ref, to: number, count: number): void {
    this.#move(source, from, target, to, count, NODE_SCORES * 2, 2);
    this.#move(source, from, target, to, count, INNER_REFS, 1);
    this.#move(source, from, target, to, count, INNER_CHILDREN, 1);
    this.#move(source, from, target, to, count, INNER_SIZES, 1);
    this.#setCounts(source, target, count);
  }

  /** Adds a child that has entries. */
  insertChild(node: Ref, slot: number, child: Ref, childIsLeaf: boolean): void {
    const { arena } = this;
    const count = arena.i32[node * 4];
    if (slot < count) {
      this.#shift(node, slot, slot + 1, count - slot, NODE_SCORES * 2, 2);
      this.#shift(node, slot, slot + 1, count - slot, INNER_REFS, 1);
      this.#shift(node, slot, slot + 1, count - slot, INNER_CHILDREN, 1);
      this.#shift(node, slot, slot + 1, count - slot, INNER_SIZES, 1);
    }
    arena.setU32(node * 4, count + 1);
    arena.setU32(node * 4 + INNER_CHILDREN + slot, child);
    arena.setU32(node * 4 + INNER_SIZES + slot, this.sizeOf(child, childIsLeaf));
    this.copyLeast(node, slot, child, childIsLeaf);
  }

  removeChild(node: Ref, slot: number): void {
    const { arena } = this;
    const count = arena.i32[node * 4] - 1;
    if (slot < count) {
      this.#shift(node, slot + 1, slot, count - slot, NODE_SCORES * 2, 2);
      this.#shift(node, slot + 1, slot, count - slot, INNER_REFS, 1);
      this.#shift(node, slot + 1, slot, count - slot, INNER_CHILDREN, 1);
      this.#shift(node, slot + 1, slot, count - slot, INNER_SIZES, 1);
    }
    arena.setU32(node * 4, count);
  }

  /** Writes the least key of a child into its parent's entry. */
  copyLeast(node: Ref, slot: number, child: Ref, childIsLeaf: boolean): void {
    const { arena } = this;
    arena.setF64(node * 2 + NODE_SCORES + slot, arena.f64[child * 2 + NODE_SCORES]);
    const refs = childIsLeaf ? LEAF_REFS : INNER_REFS;
    arena.setU32(node * 4 + INNER_REFS + slot, arena.i32[child * 4 + refs]);
  }

  /** Elements below a node. */
  sizeOf(node: Ref, isLeaf: boolean): number {
    const { i32 } = this.arena;
    const count = i32[node * 4];
    if (isLeaf) return count;
    let size = 0;
    for (let slot = 0; slot < count; slot++) size += i32[node * 4 + INNER_SIZES + slot];
    return size;
  }

  /** Checks everything that can be checked without looking into elements; returns the number of elements. */
  verify(top: Ref, height: number, firstLeaf: Ref, lastLeaf: Ref): number {
    const leaves: Ref[] = [];
    const size = this.#verifyNode(top, height, leaves, true);
    const { i32 } = this.arena;
    for (let index = 0; index < leaves.length; index++) {
      const word = leaves[index] * 4;
      expect(i32[word + LEAF_PREVIOUS] === (leaves[index - 1] ?? 0), "a leaf's previous leaf");
      expect(i32[word + LEAF_NEXT] === (leaves[index + 1] ?? 0), "a leaf's next leaf");
    }
    expect(leaves[0] === firstLeaf, "the first leaf");
    expect(leaves[leaves.length - 1] === lastLeaf, "the last leaf");
    return size;
  }

  #verifyNode(node: Ref, level: number, leaves: Ref[], isTop: boolean): number {
    const { i32, f64 } = this.arena;
    const count = i32[node * 4];
    for (let index = 1; index < count; index++) {
      const scores = node * 2 + NODE_SCORES + index;
      expect(f64[scores - 1] <= f64[scores], "the order of scores");
    }
    if (level === 0) {
      expect(count > 0 || isTop, "a leaf without elements");
      leaves.push(node);
      return count;
    }
    expect(count > (isTop ? 1 : 0), "an inner node with too few children");
    let size = 0;
    for (let slot = 0; slot < count; slot++) {
      const child = i32[node * 4 + INNER_CHILDREN + slot];
      const below = this.#verifyNode(child, level - 1, leaves, false);
      expect(below === i32[node * 4 + INNER_SIZES + slot], "the number of elements below a node");
      const refs = level === 1 ? LEAF_REFS : INNER_REFS;
      expect(i32[node * 4 + INNER_REFS + slot] === i32[child * 4 + refs], "the least element below a node");
      expect(
        Object.is(f64[node * 2 + NODE_SCORES + slot], f64[child * 2 + NODE_SCORES]),
        "the least score below a node",
      );
      size += below;
    }
    return size;
  }

  /** Moves part of an array of `words`-word items, which begins at word `array` of both nodes. */
  #move(
    source: Ref,
    from: number,
    target: Ref,
    to: number,
    count: number,
    array: number,
    words: number,
  ): void {
    const { arena } = this;
    const has = arena.i32[target * 4];
    if (to < has) this.#shift(target, to, to + count, has - to, array, words);
    arena.copyWithin(
      (target * 4 + array + to * words) * 4,
      (source * 4 + array + from * words) * 4,
      count * words * 4,
    );
    const after = arena.i32[source * 4] - from - count;
    if (after > 0) this.#shift(source, from + count, from, after, array, words);
  }

  #shift(node: Ref, from: number, to: number, count: number, array: number, words: number): void {
    const first = (node * 4 + array) * 4;
    this.arena.copyWithin(first + to * words * 4, first + from * words * 4, count * words * 4);
  }

  #setCounts(source: Ref, target: Ref, moved: number): void {
    const { arena } = this;
    arena.setU32(target * 4, arena.i32[target * 4] + moved);
    arena.setU32(source * 4, arena.i32[source * 4] - moved);
  }
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`An ordered index has gone wrong: ${what}`);
}
