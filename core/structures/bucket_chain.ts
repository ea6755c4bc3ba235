// What is done inside one bucket and the buckets chained to it. Called by hashtable.ts.
import type { Arena, Ref } from "../memory/arena.ts";
import { freeChained, noteMoves } from "./bucket_array.ts";
import { BUCKET_CHAIN, BUCKET_REFS, BUCKET_SLOTS, matchingSlots, slotOf } from "./hashtable_layout.ts";

/** The first free slot of the bucket at word `bucket`, or -1. */
export function freeSlot(i32: Int32Array, bucket: number): number {
  const slots = matchingSlots(i32, bucket, 0);
  return slots === 0 ? -1 : slotOf(slots);
}

/**
 * Keeps the chain of bucket `top` short after `slot` of its bucket `hole` was emptied: moves the chain's last element there,
 * and frees buckets at its end that hold nothing.
 */
export function fillHole(arena: Arena, word: number, top: Ref, hole: Ref, slot: number): void {
  const i32 = arena.i32;
  noteMoves(arena, word);
  while (i32[top * 4 + BUCKET_CHAIN] !== 0) {
    let before = top;
    let tail = i32[top * 4 + BUCKET_CHAIN];
    while (i32[tail * 4 + BUCKET_CHAIN] !== 0) {
      before = tail;
      tail = i32[tail * 4 + BUCKET_CHAIN];
    }
    const last = lastTaken(i32, tail * 4);
    if (last >= 0) {
      if (tail === hole) return;
      arena.setU8(hole * 16 + slot, arena.u8[tail * 16 + last]);
      arena.setU32(hole * 4 + BUCKET_REFS + slot, i32[tail * 4 + BUCKET_REFS + last]);
      arena.setU8(tail * 16 + last, 0);
      arena.setU32(tail * 4 + BUCKET_REFS + last, 0);
      if (lastTaken(i32, tail * 4) >= 0) return;
    }
    arena.setU32(before * 4 + BUCKET_CHAIN, 0);
    freeChained(arena, word, tail);
    if (last >= 0 || tail === hole) return;
  }
}

/** The last slot of the bucket at word `bucket` that is taken, or -1. */
export function lastTaken(i32: Int32Array, bucket: number): number {
  for (let slot = BUCKET_SLOTS - 1; slot >= 0; slot--) {
    if (i32[bucket + BUCKET_REFS + slot] !== 0) return slot;
  }
  return -1;
}

/** Visits the elements of a chain. `visit` may add and remove elements while the table is paused. */
export function visitChain(arena: Arena, first: Ref, visit: (ref: Ref) => void): void {
  for (let bucket = first; bucket !== 0; bucket = arena.i32[bucket * 4 + BUCKET_CHAIN]) {
    for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
      const ref = arena.i32[bucket * 4 + BUCKET_REFS + slot];
      if (ref !== 0) visit(ref);
    }
  }
}
