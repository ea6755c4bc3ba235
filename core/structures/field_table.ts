// The hash table of hash fields. An element is one block (field_layout.ts).
// Fields may expire: then a heap beside the table knows in which order (expiry_heap.ts). What has expired is still
// there until `removeFirst`; hiding it is the business of HashValue. Called by modules/hashes, RDB load.
import type { Ref } from "../memory/arena.ts";
import {
  addToHeap,
  copyHeapShape,
  dropEmptyHeap,
  fillPlace,
  firstToExpire,
  freeHeap,
  heapBytes,
  heapSize,
  placeOf,
  removeFromHeap,
  replaceInHeap,
  reserveSlot,
} from "./expiry_heap.ts";
import {
  expiringFieldBytes,
  expiryIndex,
  FIELD_EXPIRES,
  FIELD_HEADER_BYTES,
  fieldBytes,
  VALUE_LENGTH_MASK,
} from "./field_layout.ts";
import { hashWords } from "./hash.ts";
import { HashTable } from "./hashtable.ts";

export { FIELD_HEADER_BYTES } from "./field_layout.ts";

/** The time of a field without expiry. */
export const FIELD_STAYS = -1;

/** A value is written in place unless that would leave more than this share of a bigger block unused. */
const IN_PLACE_WASTE_SHIFT = 1;

export class FieldTable extends HashTable {
  /** The time of the field with an expiry that `set` gave another value last: who looks at it puts FIELD_STAYS here. */
  replacedExpiry = FIELD_STAYS;

  /** A new element without expiry, not in the table yet. Throws ARENA_FULL. */
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
    return this.arena.i32[ref * 4 + 1] & VALUE_LENGTH_MASK;
  }

  /** Byte address of the value. */
  valueAddress(ref: Ref): number {
    return ref * 16 + FIELD_HEADER_BYTES + this.arena.i32[ref * 4];
  }

  /** Whether the field has an expiry. */
  expires(ref: Ref): boolean {
    return this.arena.i32[ref * 4 + 1] < 0;
  }

  /** Milliseconds since 1970, or FIELD_STAYS. */
  expireAt(ref: Ref): number {
    const { i32 } = this.arena;
    const value = i32[ref * 4 + 1];
    if (value >= 0) return FIELD_STAYS;
    return this.arena.f64[expiryIndex(ref, i32[ref * 4], value & VALUE_LENGTH_MASK)];
  }

  /** Number of fields with an expiry. */
  get expiring(): number {
    return heapSize(this.arena, this.root * 4);
  }

  /** The field that expires first, or 0. */
  get first(): Ref {
    return firstToExpire(this.arena, this.root * 4);
  }

  /** Bytes that keeping the order of expiry takes. */
  get expiryBytes(): number {
    return heapBytes(this.arena, this.root * 4);
  }

  /**
   * Adds the field or gives it another value; true where it was added. It has no expiry then. Throws ARENA_FULL with the
   * table as it was.
   */
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
      if (this.arena.i32[old * 4 + 1] < 0) this.#setStaying(old, value, valueStart, valueEnd);
      else this.setFoundValue(value, valueStart, valueEnd);
      return false;
    }
    this.#insertField(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    return true;
  }

  #setStaying(old: Ref, value: Uint8Array, start: number, end: number): void {
    const expireAt = this.expireAt(old);
    this.setFound(value, start, end, FIELD_STAYS);
    this.replacedExpiry = expireAt;
  }

  /** Adds the field that the last `find` did not find, with an expiry. Throws ARENA_FULL with the table as it was. */
  addExpiring(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): void {
    const { arena } = this;
    const word = this.root * 4;
    const fieldLength = fieldEnd - fieldStart;
    const valueLength = valueEnd - valueStart;
    const ref = arena.allocate(expiringFieldBytes(fieldLength, valueLength));
    try {
      reserveSlot(arena, word);
      arena.setU32(ref * 4, fieldLength);
      arena.copyIn(ref * 16 + FIELD_HEADER_BYTES, field, fieldStart, fieldEnd);
      this.#write(ref, value, valueStart, valueEnd, expireAt);
      this.insertAfterFind(ref);
    } catch (error) {
      dropEmptyHeap(arena, word);
      arena.free(ref);
      throw error;
    }
    addToHeap(arena, word, ref);
  }

  /**
   * Gives the field of the last successful `find` another value, and an expiry or FIELD_STAYS. Returns its element, which
   * may be a new one. Throws ARENA_FULL with everything as it was.
   */
  setFound(value: Uint8Array, start: number, end: number, expireAt: number): Ref {
    const { arena } = this;
    const old = this.foundRef;
    const fieldLength = this.fieldLength(old);
    const needed = expireAt === FIELD_STAYS
      ? fieldBytes(fieldLength, end - start)
      : expiringFieldBytes(fieldLength, end - start);
    const room = arena.sizeOf(old);
    const fits = needed <= room && needed >= room >>> IN_PLACE_WASTE_SHIFT;
    const ref = fits ? old : arena.allocate(needed);
    this.#reserveFor(old, ref, expireAt);
    const place = this.#leaveHeap(old, expireAt);
    if (ref !== old) {
      arena.setU32(ref * 4, fieldLength);
      arena.copyWithin(ref * 16 + FIELD_HEADER_BYTES, old * 16 + FIELD_HEADER_BYTES, fieldLength);
    }
    this.#write(ref, value, start, end, expireAt);
    this.#take(old, ref, place, expireAt);
    return ref;
  }

  /**
   * Gives the field of the last successful `find` an expiry, or FIELD_STAYS; it keeps its value. Returns its element,
   * which may be a new one. Throws ARENA_FULL with everything as it was.
   */
  setFoundExpiry(expireAt: number): Ref {
    const { arena } = this;
    const old = this.foundRef;
    const fieldLength = this.fieldLength(old);
    const valueLength = this.valueLength(old);
    const fits = expireAt === FIELD_STAYS ||
      expiringFieldBytes(fieldLength, valueLength) <= arena.sizeOf(old);
    const ref = fits ? old : arena.allocate(expiringFieldBytes(fieldLength, valueLength));
    this.#reserveFor(old, ref, expireAt);
    const place = this.#leaveHeap(old, expireAt);
    if (ref !== old) arena.copyWithin(ref * 16, old * 16, fieldBytes(fieldLength, valueLength));
    this.#writeExpiry(ref, fieldLength, valueLength, expireAt);
    this.#take(old, ref, place, expireAt);
    return ref;
  }

  /** Removes and frees the field that expires first. The table has one. */
  removeFirst(): void {
    const ref = this.first;
    removeFromHeap(this.arena, this.root * 4, ref);
    this.removeRef(ref);
    this.arena.retire(ref);
  }

  /** Room in the heap for a field that had no place there. Frees `ref` where there is none and it is a new block. */
  #reserveFor(old: Ref, ref: Ref, expireAt: number): void {
    if (expireAt === FIELD_STAYS || this.expires(old)) return;
    try {
      reserveSlot(this.arena, this.root * 4);
    } catch (error) {
      if (ref !== old) this.arena.free(ref);
      throw error;
    }
  }

  /** The field's place in the heap, which it leaves where it will have no expiry any more; -1 where it had none. */
  #leaveHeap(old: Ref, expireAt: number): number {
    if (!this.expires(old)) return -1;
    const place = placeOf(this.arena.i32, old);
    if (expireAt === FIELD_STAYS) removeFromHeap(this.arena, this.root * 4, old);
    return place;
  }

  /** `ref` takes the place of the found element in table and heap. */
  #take(old: Ref, ref: Ref, place: number, expireAt: number): void {
    const { arena } = this;
    if (ref !== old) {
      this.replaceFound(ref);
      arena.retire(old);
    }
    if (expireAt === FIELD_STAYS) return;
    if (place < 0) addToHeap(arena, this.root * 4, ref);
    else replaceInHeap(arena, this.root * 4, place, ref);
  }

  /** Writes value and expiry behind the field. */
  #write(ref: Ref, value: Uint8Array, start: number, end: number, expireAt: number): void {
    const fieldLength = this.arena.i32[ref * 4];
    this.arena.copyIn(ref * 16 + FIELD_HEADER_BYTES + fieldLength, value, start, end);
    this.#writeExpiry(ref, fieldLength, end - start, expireAt);
  }

  #writeExpiry(ref: Ref, fieldLength: number, valueLength: number, expireAt: number): void {
    const { arena } = this;
    if (expireAt === FIELD_STAYS) {
      arena.setU32(ref * 4 + 1, valueLength);
      return;
    }
    arena.setU32(ref * 4 + 1, (valueLength | FIELD_EXPIRES) >>> 0);
    arena.setF64(expiryIndex(ref, fieldLength, valueLength), expireAt);
  }

  /**
   * Gives the field of the last successful `find`, one without expiry, another value; returns its element, which may be
   * a new one.
   */
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
   * Only when nobody reads the element meanwhile, and it has no expiry.
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
    if (this.find(field, start, end) === 0) return false;
    this.deleteFound();
    return true;
  }

  /** Removes the field of the last successful `find` and frees it. */
  deleteFound(): void {
    const ref = this.removeFound();
    if (this.arena.i32[ref * 4 + 1] < 0) removeFromHeap(this.arena, this.root * 4, ref);
    this.arena.retire(ref);
  }

  /** Frees what keeps the order of expiry: nobody will ask for it any more. */
  freeExpiryOrder(): void {
    freeHeap(this.arena, this.root * 4);
  }

  /** Frees the table with its elements. */
  destroyWithFields(): void {
    const arena = this.arena;
    this.freeExpiryOrder();
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
    const hasExpiry = this.expiring !== 0;
    this.create(size);
    let copy = 0;
    try {
      if (hasExpiry) copyHeapShape(arena, root * 4, this.root * 4);
      for (let index = 0; index < count; index++) {
        const bytes = this.#bytesOf(refs[index]);
        copy = arena.allocate(bytes);
        arena.copyWithin(copy * 16, refs[index] * 16, bytes);
        this.insert(copy);
        if (hasExpiry && this.expires(copy)) fillPlace(arena, this.root * 4, copy);
        copy = 0;
      }
    } catch (error) {
      if (copy !== 0) arena.free(copy);
      this.destroyWithFields();
      throw error;
    }
    return this.root;
  }

  #bytesOf(ref: Ref): number {
    const { i32 } = this.arena;
    const value = i32[ref * 4 + 1];
    return value < 0
      ? expiringFieldBytes(i32[ref * 4], value & VALUE_LENGTH_MASK)
      : fieldBytes(i32[ref * 4], value);
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
