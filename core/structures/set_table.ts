// The hash table of set members. An element is one block: a word with the length, then the member's bytes; a word less
// than a hash field has, which for one length in four is a smaller block. Called by core/keyspace/set_value.ts, RDB load.
import type { Ref } from "../memory/arena.ts";
import { hashWords } from "./hash.ts";
import { HashTable } from "./hashtable.ts";

/** Bytes before the member. */
export const MEMBER_HEADER_BYTES = 4;

export class SetTable extends HashTable {
  memberLength(ref: Ref): number {
    return this.arena.i32[ref * 4];
  }

  /** Byte address of the member. */
  memberAddress(ref: Ref): number {
    return ref * 16 + MEMBER_HEADER_BYTES;
  }

  /** Adds a member; false where it is there already. Throws ARENA_FULL with the table as it was. */
  add(member: Uint8Array, start: number, end: number): boolean {
    if (this.find(member, start, end) !== 0) return false;
    const ref = this.arena.allocate(MEMBER_HEADER_BYTES + end - start);
    this.arena.setU32(ref * 4, end - start);
    this.arena.copyIn(ref * 16 + MEMBER_HEADER_BYTES, member, start, end);
    try {
      this.insertAfterFind(ref);
    } catch (error) {
      this.arena.free(ref);
      throw error;
    }
    return true;
  }

  /** Removes a member and frees it; false where it was absent. */
  delete(member: Uint8Array, start: number, end: number): boolean {
    const ref = this.remove(member, start, end);
    if (ref === 0) return false;
    this.arena.retire(ref);
    return true;
  }

  /** Removes this member and frees it. */
  deleteRef(ref: Ref): void {
    this.removeRef(ref);
    this.arena.retire(ref);
  }

  /** Frees the table with its members. */
  destroyWithMembers(): void {
    const arena = this.arena;
    this.forEach((ref) => arena.retire(ref));
    this.destroy();
  }

  /** A copy of another table, members and all; this instance is attached to it then. Throws ARENA_FULL. */
  copyOf(root: Ref): Ref {
    const arena = this.arena;
    const size = this.attach(root).size;
    const refs = new Int32Array(size);
    let count = 0;
    this.forEach((ref) => refs[count++] = ref);
    this.create(size);
    let copy = 0;
    try {
      for (let index = 0; index < count; index++) {
        const bytes = MEMBER_HEADER_BYTES + arena.i32[refs[index] * 4];
        copy = arena.allocate(bytes);
        arena.copyWithin(copy * 16, refs[index] * 16, bytes);
        this.insert(copy);
        copy = 0;
      }
    } catch (error) {
      if (copy !== 0) arena.free(copy);
      this.destroyWithMembers();
      throw error;
    }
    return this.root;
  }

  protected keyEquals(ref: Ref, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.arena.i32[ref * 4] !== length) return false;
    const u8 = this.arena.u8;
    const address = ref * 16 + MEMBER_HEADER_BYTES;
    for (let index = 0; index < length; index++) {
      if (u8[address + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  hashOfElement(ref: Ref): number {
    const i32 = this.arena.i32;
    return hashWords(i32, ref * 4 + 1, i32[ref * 4]);
  }
}
