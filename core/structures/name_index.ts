// The groups of a stream and the consumers of a group by name: references in the order of their names' bytes, in one
// block that a word of the owner refers to (0 = there are none). A flyweight. There are few of them, rarely thousands.
import type { Arena, Ref } from "../memory/arena.ts";
import { NAME_BYTES_AT, NAME_LENGTH, NAMES_COUNT, NAMES_REFS } from "./stream_layout.ts";

const FIRST_CAPACITY = 3;

export class NameIndex {
  #owner = 0;
  /** Where the name of the last `find` is or belongs. */
  #index = 0;

  constructor(private readonly arena: Arena) {}

  /** Works on the index that the word refers to from now on. */
  attach(owner: number): this {
    this.#owner = owner;
    return this;
  }

  /** Number of names. */
  get size(): number {
    const block = this.arena.i32[this.#owner];
    return block === 0 ? 0 : this.arena.i32[block * 4 + NAMES_COUNT];
  }

  /** The one with this place in the order of names. */
  at(index: number): Ref {
    return this.arena.i32[this.arena.i32[this.#owner] * 4 + NAMES_REFS + index];
  }

  /** The one with this name, or 0. Remembers where it is or belongs. */
  find(name: Uint8Array, start: number, end: number): Ref {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(this.at(middle), name, start, end);
      if (order === 0) {
        this.#index = middle;
        return this.at(middle);
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.#index = low;
    return 0;
  }

  /** Adds the one whose name the last `find` did not find. Throws ARENA_FULL with the index as it was. */
  insertFound(ref: Ref): void {
    const { arena } = this;
    const count = this.size;
    let block = arena.i32[this.#owner];
    if (block === 0 || arena.sizeOf(block) < (NAMES_REFS + count + 1) * 4) {
      const grown = arena.allocate((NAMES_REFS + Math.max(FIRST_CAPACITY, count * 2)) * 4);
      if (count > 0) {
        arena.copyWithin(grown * 16, block * 16, (NAMES_REFS + count) * 4);
        arena.retire(block);
      }
      arena.setU32(this.#owner, grown);
      block = grown;
    }
    const at = (block * 4 + NAMES_REFS + this.#index) * 4;
    if (this.#index < count) arena.copyWithin(at + 4, at, (count - this.#index) * 4);
    arena.setU32(at / 4, ref);
    arena.setU32(block * 4 + NAMES_COUNT, count + 1);
  }

  /** Removes the one that the last `find` found; frees nothing but the index where it is empty then. */
  removeFound(): void {
    const { arena } = this;
    const block = arena.i32[this.#owner];
    const count = this.size - 1;
    if (count === 0) {
      arena.setU32(this.#owner, 0);
      arena.retire(block);
      return;
    }
    const at = (block * 4 + NAMES_REFS + this.#index) * 4;
    if (this.#index < count) arena.copyWithin(at, at + 4, (count - this.#index) * 4);
    arena.setU32(block * 4 + NAMES_COUNT, count);
  }

  /** Removes the one at this place. */
  removeAt(index: number): void {
    this.#index = index;
    this.removeFound();
  }

  /** Frees the index, not what it refers to, and stores nothing: it must not be used any more. */
  retireNames(): void {
    const block = this.arena.i32[this.#owner];
    if (block !== 0) this.arena.retire(block);
  }

  /** Frees the index, not what it refers to. */
  clear(): void {
    const block = this.arena.i32[this.#owner];
    if (block === 0) return;
    this.arena.setU32(this.#owner, 0);
    this.arena.retire(block);
  }

  // Order of the name of `ref` and the given one, by bytes; the shorter first where one begins the other.
  #compare(ref: Ref, name: Uint8Array, start: number, end: number): number {
    const u8 = this.arena.u8;
    const length = this.arena.i32[ref * 4 + NAME_LENGTH];
    const address = ref * 16 + NAME_BYTES_AT;
    const shared = Math.min(length, end - start);
    for (let at = 0; at < shared; at++) {
      const difference = u8[address + at] - name[start + at];
      if (difference !== 0) return difference;
    }
    return length - (end - start);
  }
}
