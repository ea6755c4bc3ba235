// An ordered index in the arena: members with scores, found by member (a hash table) and kept in the order of (score,
// member bytes) with ranks (a B+tree). A member lives once, in a block with its score, to which both refer. A flyweight
// for one root at a time; all state is in the arena. Called by the sorted sets' value. Hot: nothing is allocated on the
// JavaScript heap. Scores are never NaN.
import type { Arena, Ref } from "../memory/arena.ts";
import { MemberTable } from "./member_table.ts";
import {
  ELEMENT_HEADER_BYTES,
  ELEMENT_LENGTH,
  ROOT_BYTES,
  ROOT_TABLE,
  ROOT_TOP,
} from "./ordered_index_layout.ts";
import { OrderedTree } from "./ordered_tree.ts";

export class OrderedIndex {
  /** The root block that this instance works on; 0 before `create` or `attach`. */
  root: Ref = 0;
  /** Finds elements; to be changed by this class alone. */
  readonly members: MemberTable;
  /** Order and ranks; to be changed by this class alone. */
  readonly tree: OrderedTree;

  constructor(private readonly arena: Arena) {
    this.members = new MemberTable(arena);
    this.tree = new OrderedTree(arena);
  }

  /** Makes an empty index and attaches to it; returns its root. Throws ARENA_FULL. */
  create(expectedSize = 0): Ref {
    const { arena } = this;
    const root = arena.allocate(ROOT_BYTES);
    let table = 0;
    try {
      table = this.members.create(expectedSize);
      arena.setU32(root * 4 + ROOT_TABLE, table);
      this.tree.create(root);
    } catch (error) {
      if (table !== 0) this.members.destroy();
      arena.free(root);
      throw error;
    }
    return this.attach(root).root;
  }

  /** Works on the index with this root from now on. */
  attach(root: Ref): this {
    this.root = root;
    this.members.attach(this.arena.i32[root * 4 + ROOT_TABLE]);
    this.tree.attach(root);
    return this;
  }

  /** As `attach`, for an index whose table is gone: only `destroyTreeStep` may be called. */
  attachTree(root: Ref): this {
    this.root = root;
    this.tree.attach(root);
    return this;
  }

  /** Number of elements. */
  get size(): number {
    return this.members.size;
  }

  /** The element with this member, or 0. */
  find(member: Uint8Array, start: number, end: number): Ref {
    return this.members.find(member, start, end);
  }

  scoreOf(ref: Ref): number {
    return this.arena.f64[ref * 2];
  }

  /** Byte address of an element's member. */
  memberAddress(ref: Ref): number {
    return ref * 16 + ELEMENT_HEADER_BYTES;
  }

  memberLength(ref: Ref): number {
    return this.arena.i32[ref * 4 + ELEMENT_LENGTH];
  }

  /** Adds the member that the last `find` did not find. Throws ARENA_FULL with the index as it was. */
  insertAfterFind(member: Uint8Array, start: number, end: number, score: number): Ref {
    const { arena, members } = this;
    const ref = arena.allocate(ELEMENT_HEADER_BYTES + end - start);
    arena.setF64(ref * 2, score);
    arena.setU32(ref * 4 + ELEMENT_LENGTH, end - start);
    arena.copyIn(ref * 16 + ELEMENT_HEADER_BYTES, member, start, end);
    try {
      members.insertAfterFind(ref);
    } catch (error) {
      arena.free(ref);
      throw error;
    }
    try {
      this.tree.insert(ref, score);
    } catch (error) {
      members.removeRef(ref);
      arena.free(ref);
      throw error;
    }
    return ref;
  }

  /** Gives an element another score. Throws ARENA_FULL with the index as it was. */
  setScore(ref: Ref, score: number): void {
    const { arena, tree } = this;
    const old = arena.f64[ref * 2];
    if (old === score) return;
    if (!tree.rescore(ref, old, score)) {
      // Added before it is taken out: only adding can fail. The two differ by their scores, which are in the leaves.
      tree.insert(ref, score);
      tree.remove(ref, old);
    }
    arena.setF64(ref * 2, score);
  }

  /** Takes an element out and frees it. */
  remove(ref: Ref): void {
    this.tree.remove(ref, this.arena.f64[ref * 2]);
    if (this.members.remembers(ref)) this.members.removeFound();
    else this.members.removeRef(ref);
    this.arena.retire(ref);
  }

  /** The same for the element that the tree's last `seek` went to: spares a search. */
  removeSought(): void {
    const ref = this.tree.element;
    this.tree.removeSought();
    this.members.removeRef(ref);
    this.arena.retire(ref);
  }

  rankOf(ref: Ref): number {
    return this.tree.rankOf(ref, this.arena.f64[ref * 2]);
  }

  /** Frees everything, elements included. */
  destroy(): void {
    const { arena } = this;
    this.members.forEach((ref) => arena.retire(ref));
    this.members.destroy();
    while (this.destroyTreeStep(Infinity));
  }

  /** Frees up to so many leaves, at last the root, of an index whose table is gone; true while more is left to do. */
  destroyTreeStep(leaves: number): boolean {
    if (this.tree.destroyStep(leaves)) return true;
    this.arena.retire(this.root);
    this.root = 0;
    return false;
  }

  /** A copy of another index, elements and all; this instance is attached to it then. Throws ARENA_FULL. */
  copyOf(source: Ref): Ref {
    const { tree } = this;
    this.attach(source);
    const size = this.size;
    const refs = new Int32Array(size);
    if (size > 0) {
      tree.seek(0);
      for (let index = 0; index < size; index++, tree.forward()) refs[index] = tree.element;
    }
    this.create(size);
    try {
      for (let index = 0; index < size; index++) this.#insertCopy(refs[index]);
    } catch (error) {
      this.destroy();
      throw error;
    }
    return this.root;
  }

  #insertCopy(ref: Ref): void {
    const { arena } = this;
    const bytes = ELEMENT_HEADER_BYTES + this.memberLength(ref);
    const copy = arena.allocate(bytes);
    arena.copyWithin(copy * 16, ref * 16, bytes);
    try {
      this.members.insert(copy);
    } catch (error) {
      arena.free(copy);
      throw error;
    }
    // Its element is in the table already: what destroys the table frees it.
    this.tree.insert(copy, arena.f64[copy * 2]);
  }

  /** Bytes of root, table and nodes, without elements. */
  get overheadBytes(): number {
    return this.arena.sizeOf(this.root) + this.members.overheadBytes + this.tree.overheadBytes;
  }

  /** Throws an Error where table and tree are not as they should be. For tests and DEBUG. */
  verify(): void {
    const { arena, tree } = this;
    const size = tree.verify();
    if (size !== this.size) {
      throw new Error(`An ordered index of ${this.size} members has ${size} in its tree`);
    }
    if (arena.i32[this.root * 4 + ROOT_TOP] === 0) throw new Error("An ordered index has no tree");
    if (size === 0) return;
    tree.seek(0);
    for (let rank = 0; rank < size; rank++, tree.forward()) {
      const ref = tree.element;
      if (!this.members.has(ref)) throw new Error(`Element ${ref} is in the tree and not in the table`);
      if (!Object.is(tree.score, arena.f64[ref * 2])) throw new Error(`Element ${ref} has two scores`);
    }
  }
}
