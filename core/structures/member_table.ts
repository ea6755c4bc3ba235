// The hash table of an ordered index: finds its elements by member. The elements are the very blocks that the tree's
// leaves refer to. Called by ordered_index.ts.
import type { Ref } from "../memory/arena.ts";
import { hashWords } from "./hash.ts";
import { HashTable } from "./hashtable.ts";
import { ELEMENT_HEADER_BYTES, ELEMENT_LENGTH } from "./ordered_index_layout.ts";

export class MemberTable extends HashTable {
  protected keyEquals(ref: Ref, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.arena.i32[ref * 4 + ELEMENT_LENGTH] !== length) return false;
    const u8 = this.arena.u8;
    const address = ref * 16 + ELEMENT_HEADER_BYTES;
    for (let index = 0; index < length; index++) {
      if (u8[address + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  hashOfElement(ref: Ref): number {
    const i32 = this.arena.i32;
    return hashWords(i32, ref * 4 + ELEMENT_HEADER_BYTES / 4, i32[ref * 4 + ELEMENT_LENGTH]);
  }
}
