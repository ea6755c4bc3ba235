// The hash table of hash fields (and of set members: fields without a value). An element is one block: two words with
// the lengths of field and value, the field's bytes, the value's bytes. Called by modules/hashes, modules/sets, RDB load.
import type { Ref } from "../memory/arena.ts";
import { hashWords } from "./hash.ts";
import { HashTable } from "./hashtable.ts";

/** Bytes before the field. */
export const FIELD_HEADER_BYTES = 8;

/** A value is written in place unless that would leave more than this share of a bigger block unused. */
const IN_PLACE_WASTE_SHIFT = 1;

export class FieldTable extends HashTable {
  /** A new element, not in the table yet. Throws ARENA_FULL. */
  createField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): Ref {
    const fieldLength = fieldEnd - fieldStart;
    const valueLength = valueEnd - valueStart;
    const ref = this.arena.allocate(FIELD_HEADER_BYTES + fieldLength + valueLength);
    this.arena.setU32(ref * 4, fieldLength);
    this.arena.setU32(ref * 4 + 1, valueLength);
    this.arena.copyIn(ref * 16 + FIELD_HEADER_BYTES, field, fieldStart, fieldEnd);
    this.arena.copyIn(ref * 16 + FIELD_HEADER_BYTES + fieldLength, value, valueStart, valueEnd);
    return ref;
  }

  /** Frees an element that is no longer in the table. */
  freeField(ref: Ref): void {
    this.arena.retire(ref);
  }

  fieldLength(ref: Ref): number {
    return this.arena.i32[ref * 4];
  }

  /** Byte address of the field. */
  fieldAddress(ref: Ref): number {
    return ref * 16 + FIELD_HEADER_BYTES;
  }

  valueLength(ref: Ref): number {
    return this.arena.i32[ref * 4 + 1];
  }

  /** Byte address of the value. */
  valueAddress(ref: Ref): number {
    return ref * 16 + FIELD_HEADER_BYTES + this.arena.i32[ref * 4];
  }

  /** Adds the field or gives it another value; true where it was added. Throws ARENA_FULL with the table as it was. */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const old = this.find(field, fieldStart, fieldEnd);
    if (old !== 0) {
      this.setFoundValue(value, valueStart, valueEnd);
      return false;
    }
    this.#insertField(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    return true;
  }

  /** Adds a member without a value; false where it is there already. Throws ARENA_FULL with the table as it was. */
  add(member: Uint8Array, start: number, end: number): boolean {
    if (this.find(member, start, end) !== 0) return false;
    this.#insertField(member, start, end, member, end, end);
    return true;
  }

  /** Gives the field of the last successful `find` another value; returns its element, which may be a new one. */
  setFoundValue(value: Uint8Array, start: number, end: number): Ref {
    const old = this.foundRef;
    if (this.updateInPlace(old, value, start, end)) return old;
    const address = this.fieldAddress(old);
    const ref = this.arena.allocate(FIELD_HEADER_BYTES + this.fieldLength(old) + end - start);
    this.arena.copyWithin(ref * 16, old * 16, address - old * 16 + this.fieldLength(old));
    this.arena.setU32(ref * 4 + 1, end - start);
    this.arena.copyIn(this.valueAddress(ref), value, start, end);
    this.replaceFound(ref);
    this.arena.retire(old);
    return ref;
  }

  /**
   * Writes a value over the old one where the block has room and would not be mostly empty; false where it must move.
   * Only when nobody reads the element meanwhile.
   */
  updateInPlace(ref: Ref, value: Uint8Array, start: number, end: number): boolean {
    const room = this.arena.sizeOf(ref);
    const needed = FIELD_HEADER_BYTES + this.fieldLength(ref) + end - start;
    if (needed > room || needed < room >>> IN_PLACE_WASTE_SHIFT) return false;
    this.arena.setU32(ref * 4 + 1, end - start);
    this.arena.copyIn(this.valueAddress(ref), value, start, end);
    return true;
  }

  /** Removes the field and frees it; false where it was absent. */
  delete(field: Uint8Array, start: number, end: number): boolean {
    const ref = this.remove(field, start, end);
    if (ref === 0) return false;
    this.arena.retire(ref);
    return true;
  }

  /** Frees the table with its elements. */
  destroyWithFields(): void {
    const arena = this.arena;
    this.forEach((ref) => arena.retire(ref));
    this.destroy();
  }

  /** A copy of another table of fields, elements and all; this instance is attached to it then. Throws ARENA_FULL. */
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
        const bytes = FIELD_HEADER_BYTES + arena.i32[refs[index] * 4] + arena.i32[refs[index] * 4 + 1];
        copy = arena.allocate(bytes);
        arena.copyWithin(copy * 16, refs[index] * 16, bytes);
        this.insert(copy);
        copy = 0;
      }
    } catch (error) {
      if (copy !== 0) arena.free(copy);
      this.destroyWithFields();
      throw error;
    }
    return this.root;
  }

  /** Adds the field that the last `find` did not find. */
  #insertField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const ref = this.createField(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    try {
      this.insertAfterFind(ref);
    } catch (error) {
      this.arena.free(ref);
      throw error;
    }
  }

  protected keyEquals(ref: Ref, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.arena.i32[ref * 4] !== length) return false;
    const u8 = this.arena.u8;
    const address = ref * 16 + FIELD_HEADER_BYTES;
    for (let index = 0; index < length; index++) {
      if (u8[address + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  hashOfElement(ref: Ref): number {
    const i32 = this.arena.i32;
    return hashWords(i32, ref * 4 + 2, i32[ref * 4]);
  }
}
