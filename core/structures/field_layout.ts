// Layout of a hash field in the arena: one block with two words of lengths, the field's bytes, the value's bytes and, where
// the field expires, its time and its place in the expiry heap. Constants and arithmetic only, so that the loop
// (field_table.ts, expiry_heap.ts) and workers (RDB encoding) agree.
import type { Ref } from "../memory/arena_layout.ts";

/** Bytes before the field: word 0 is its length, word 1 the value's length and flag. */
export const FIELD_HEADER_BYTES = 8;

/** The upper bit of word 1: the field has an expiry. As a signed number the word is negative then. */
export const FIELD_EXPIRES = 0x80000000;
/** The other bits of word 1. */
export const VALUE_LENGTH_MASK = 0x7fffffff;

/** Time (f64, milliseconds since 1970) and heap place (u32) after the value, aligned to eight bytes. */
const EXPIRY_BYTES = 12;

/** Index in the arena's f64 view of the time of a field that expires. */
export function expiryIndex(ref: Ref, fieldLength: number, valueLength: number): number {
  return ref * 2 + ((FIELD_HEADER_BYTES + fieldLength + valueLength + 7) >>> 3);
}

/** Bytes of the block of a field without expiry. */
export function fieldBytes(fieldLength: number, valueLength: number): number {
  return FIELD_HEADER_BYTES + fieldLength + valueLength;
}

/** Bytes of the block of a field that expires. */
export function expiringFieldBytes(fieldLength: number, valueLength: number): number {
  return ((FIELD_HEADER_BYTES + fieldLength + valueLength + 7) & ~7) + EXPIRY_BYTES;
}
