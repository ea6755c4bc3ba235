// The fields of one hash in the order of their expiry: a binary heap of references, in the arena, hooked to the root of the
// hash's FieldTable. Each field knows its place, so that any of them can leave. Adding, removing and moving take
// O(log n) steps; who expires first is known at once. Slots come in segments, so growing never copies more than 4 KiB.
// `word` is the first word of the table's root block, everywhere here. Called by field_table.ts.
import type { Arena, Ref } from "../memory/arena.ts";
import { expiryIndex, VALUE_LENGTH_MASK } from "./field_layout.ts";
import { ROOT_HEAP } from "./hashtable_layout.ts";

// Words of the header: number of fields, number of segments, then a reference for each segment.
const HEAP_SIZE = 0;
const HEAP_SEGMENTS = 1;
const HEAP_FIRST = 2;

const SEGMENT_SHIFT = 10;
const SEGMENT_SLOTS = 1 << SEGMENT_SHIFT;
const SEGMENT_MASK = SEGMENT_SLOTS - 1;
/** Slots of the first segment at first; it doubles until it has SEGMENT_SLOTS. */
const FIRST_SLOTS_MIN = 4;
const HEADER_BYTES_MIN = 16;
/** Free slots that stay behind the last field when a segment is given back. */
const SLACK_SLOTS = SEGMENT_SLOTS / 4;

/** Fields that have an expiry. */
export function heapSize(arena: Arena, word: number): number {
  const heap = arena.i32[word + ROOT_HEAP];
  return heap === 0 ? 0 : arena.i32[heap * 4 + HEAP_SIZE];
}

/** The field that expires first, or 0. */
export function firstToExpire(arena: Arena, word: number): Ref {
  const heap = arena.i32[word + ROOT_HEAP];
  return heap === 0 ? 0 : arena.i32[slotWord(arena.i32, heap, 0)];
}

/** Makes room for one more field. Throws ARENA_FULL with everything as it was. */
export function reserveSlot(arena: Arena, word: number): void {
  const size = heapSize(arena, word);
  if (arena.i32[word + ROOT_HEAP] === 0) createHeap(arena, word);
  const heap = arena.i32[word + ROOT_HEAP];
  const segments = arena.i32[heap * 4 + HEAP_SEGMENTS];
  if (segments > 1 || size >= SEGMENT_SLOTS) {
    if (size >= segments << SEGMENT_SHIFT) addSegment(arena, word, segments);
    return;
  }
  const first = arena.i32[heap * 4 + HEAP_FIRST];
  const slots = arena.sizeOf(first) >>> 2;
  if (size < slots) return;
  const larger = arena.allocate(Math.min(slots * 2, SEGMENT_SLOTS) * 4);
  arena.copyWithin(larger * 16, first * 16, size * 4);
  arena.setU32(heap * 4 + HEAP_FIRST, larger);
  arena.retire(first);
}

/** Adds a field whose expiry is set. `reserveSlot` was called before. */
export function addToHeap(arena: Arena, word: number, ref: Ref): void {
  const heap = arena.i32[word + ROOT_HEAP];
  const place = arena.i32[heap * 4 + HEAP_SIZE];
  arena.setU32(heap * 4 + HEAP_SIZE, place + 1);
  siftUp(arena, heap, place, ref);
}

/** Takes a field out; the heap goes with its last one. */
export function removeFromHeap(arena: Arena, word: number, ref: Ref): void {
  const { i32 } = arena;
  const heap = i32[word + ROOT_HEAP];
  const size = i32[heap * 4 + HEAP_SIZE] - 1;
  if (size === 0) {
    freeHeap(arena, word);
    return;
  }
  const place = placeOf(i32, ref);
  const last = i32[slotWord(i32, heap, size)];
  arena.setU32(heap * 4 + HEAP_SIZE, size);
  if (last !== ref) settleAt(arena, heap, place, last);
  const segments = i32[heap * 4 + HEAP_SEGMENTS];
  if (segments > 1 && size <= ((segments - 1) << SEGMENT_SHIFT) - SLACK_SLOTS) {
    arena.setU32(heap * 4 + HEAP_SEGMENTS, segments - 1);
    arena.retire(i32[heap * 4 + HEAP_FIRST + segments - 1]);
  }
}

/** Another block holds a field of the heap, perhaps with another time: `ref` has no place yet. */
export function replaceInHeap(arena: Arena, word: number, place: number, ref: Ref): void {
  settleAt(arena, arena.i32[word + ROOT_HEAP], place, ref);
}

/** The place of a field in the heap. */
export function placeOf(i32: Int32Array, ref: Ref): number {
  return i32[placeWord(i32, ref)];
}

/** Frees the heap, whatever is in it. */
export function freeHeap(arena: Arena, word: number): void {
  const { i32 } = arena;
  const heap = i32[word + ROOT_HEAP];
  if (heap === 0) return;
  const segments = i32[heap * 4 + HEAP_SEGMENTS];
  for (let segment = 0; segment < segments; segment++) arena.retire(i32[heap * 4 + HEAP_FIRST + segment]);
  arena.setU32(word + ROOT_HEAP, 0);
  arena.retire(heap);
}

/**
 * Makes a heap of as many fields as another table's has for a table that has none; `fillPlace` then fills it with the
 * copies of its fields. Throws ARENA_FULL with no heap.
 */
export function copyHeapShape(arena: Arena, from: number, to: number): void {
  const source = arena.i32[from + ROOT_HEAP];
  const segments = arena.i32[source * 4 + HEAP_SEGMENTS];
  const heap = arena.allocate(Math.max((HEAP_FIRST + segments) * 4, HEADER_BYTES_MIN));
  arena.setU32(heap * 4 + HEAP_SIZE, arena.i32[source * 4 + HEAP_SIZE]);
  arena.setU32(heap * 4 + HEAP_SEGMENTS, 0);
  arena.setU32(to + ROOT_HEAP, heap);
  try {
    for (let segment = 0; segment < segments; segment++) {
      const slots = arena.allocate(arena.sizeOf(arena.i32[source * 4 + HEAP_FIRST + segment]));
      arena.setU32(heap * 4 + HEAP_FIRST + segment, slots);
      arena.setU32(heap * 4 + HEAP_SEGMENTS, segment + 1);
    }
  } catch (error) {
    freeHeap(arena, to);
    throw error;
  }
}

/** Puts the copy of a field where its original is in the other heap: it says its place itself. */
export function fillPlace(arena: Arena, word: number, ref: Ref): void {
  const { i32 } = arena;
  arena.setU32(slotWord(i32, i32[word + ROOT_HEAP], placeOf(i32, ref)), ref);
}

/** Bytes of the heap. */
export function heapBytes(arena: Arena, word: number): number {
  const { i32 } = arena;
  const heap = i32[word + ROOT_HEAP];
  if (heap === 0) return 0;
  let bytes = arena.sizeOf(heap);
  const segments = i32[heap * 4 + HEAP_SEGMENTS];
  for (let segment = 0; segment < segments; segment++) {
    bytes += arena.sizeOf(i32[heap * 4 + HEAP_FIRST + segment]);
  }
  return bytes;
}

function createHeap(arena: Arena, word: number): void {
  const heap = arena.allocate(HEADER_BYTES_MIN);
  let first: Ref;
  try {
    first = arena.allocate(FIRST_SLOTS_MIN * 4);
  } catch (error) {
    arena.free(heap);
    throw error;
  }
  arena.setU32(heap * 4 + HEAP_SIZE, 0);
  arena.setU32(heap * 4 + HEAP_SEGMENTS, 1);
  arena.setU32(heap * 4 + HEAP_FIRST, first);
  arena.setU32(word + ROOT_HEAP, heap);
}

/** The heap without fields that `reserveSlot` made where nothing was added after all. */
export function dropEmptyHeap(arena: Arena, word: number): void {
  if (arena.i32[word + ROOT_HEAP] !== 0 && heapSize(arena, word) === 0) freeHeap(arena, word);
}

function addSegment(arena: Arena, word: number, segments: number): void {
  const segment = arena.allocate(SEGMENT_SLOTS * 4);
  let heap = arena.i32[word + ROOT_HEAP];
  const used = (HEAP_FIRST + segments) * 4;
  if (used + 4 > arena.sizeOf(heap)) {
    let larger: Ref;
    try {
      larger = arena.allocate(used * 2);
    } catch (error) {
      arena.free(segment);
      throw error;
    }
    arena.copyWithin(larger * 16, heap * 16, used);
    arena.setU32(word + ROOT_HEAP, larger);
    arena.retire(heap);
    heap = larger;
  }
  arena.setU32(heap * 4 + HEAP_FIRST + segments, segment);
  arena.setU32(heap * 4 + HEAP_SEGMENTS, segments + 1);
}

/** `ref` takes a place whose field has left, then moves to where its time belongs. */
function settleAt(arena: Arena, heap: Ref, place: number, ref: Ref): void {
  const { i32 } = arena;
  const parent = (place - 1) >>> 1;
  if (place > 0 && timeOf(arena, ref) < timeOf(arena, i32[slotWord(i32, heap, parent)])) {
    siftUp(arena, heap, place, ref);
  } else siftDown(arena, heap, place, ref);
}

function siftUp(arena: Arena, heap: Ref, from: number, ref: Ref): void {
  const { i32 } = arena;
  const time = timeOf(arena, ref);
  let place = from;
  while (place > 0) {
    const parent = (place - 1) >>> 1;
    const above = i32[slotWord(i32, heap, parent)];
    if (time >= timeOf(arena, above)) break;
    put(arena, heap, place, above);
    place = parent;
  }
  put(arena, heap, place, ref);
}

function siftDown(arena: Arena, heap: Ref, from: number, ref: Ref): void {
  const { i32 } = arena;
  const size = i32[heap * 4 + HEAP_SIZE];
  const time = timeOf(arena, ref);
  let place = from;
  while (true) {
    let child = place * 2 + 1;
    if (child >= size) break;
    let below = i32[slotWord(i32, heap, child)];
    let soonest = timeOf(arena, below);
    if (child + 1 < size) {
      const other = i32[slotWord(i32, heap, child + 1)];
      const otherTime = timeOf(arena, other);
      if (otherTime < soonest) {
        child++;
        below = other;
        soonest = otherTime;
      }
    }
    if (time <= soonest) break;
    put(arena, heap, place, below);
    place = child;
  }
  put(arena, heap, place, ref);
}

function put(arena: Arena, heap: Ref, place: number, ref: Ref): void {
  arena.setU32(slotWord(arena.i32, heap, place), ref);
  arena.setU32(placeWord(arena.i32, ref), place);
}

function slotWord(i32: Int32Array, heap: Ref, place: number): number {
  return i32[heap * 4 + HEAP_FIRST + (place >>> SEGMENT_SHIFT)] * 4 + (place & SEGMENT_MASK);
}

function timeOf(arena: Arena, ref: Ref): number {
  const { i32 } = arena;
  return arena.f64[expiryIndex(ref, i32[ref * 4], i32[ref * 4 + 1] & VALUE_LENGTH_MASK)];
}

function placeWord(i32: Int32Array, ref: Ref): number {
  return (expiryIndex(ref, i32[ref * 4], i32[ref * 4 + 1] & VALUE_LENGTH_MASK) + 1) * 2;
}
