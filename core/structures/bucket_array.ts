// The buckets of a hash table as storage: root block, directory, segments. Knows nothing of elements.
// Segments come and go one at a time and are cleared as they come, so no resize ever allocates, clears or frees
// much at once; an absent segment (directory word 0) is 1024 empty buckets. Called by hashtable.ts and hashtable_resize.ts.
import type { Arena, Ref } from "../memory/arena.ts";
import {
  BUCKET_BYTES,
  BUCKET_CHAIN,
  BUCKET_GRANULES,
  BUCKET_SLOTS,
  INLINE_DIRECTORY_GRANULE,
  INLINE_DIRECTORY_WORDS,
  maskOf,
  ROOT_ALLOCATED,
  ROOT_BUCKETS,
  ROOT_BYTES,
  ROOT_CHAINED,
  ROOT_DEPTH_MAX,
  ROOT_DEPTH_MAX_NEXT,
  ROOT_DIRECTORY,
  ROOT_DIRECTORY_CAPACITY,
  ROOT_MASK,
  ROOT_MOVES,
  ROOT_TARGET,
  SEGMENT_BUCKETS,
  SEGMENT_SHIFT,
} from "./hashtable_layout.ts";

/** A new root with one (absent) bucket. Throws ARENA_FULL. */
export function createRoot(arena: Arena): Ref {
  const root = arena.allocate(ROOT_BYTES);
  const word = root * 4;
  arena.fill(root * 16, ROOT_BYTES, 0);
  arena.setU32(word + ROOT_DIRECTORY, root + INLINE_DIRECTORY_GRANULE);
  arena.setU32(word + ROOT_DIRECTORY_CAPACITY, INLINE_DIRECTORY_WORDS);
  arena.setU32(word + ROOT_TARGET, 1);
  arena.setU32(word + ROOT_DEPTH_MAX, BUCKET_SLOTS);
  arena.setU32(word + ROOT_DEPTH_MAX_NEXT, BUCKET_SLOTS);
  setBucketCount(arena, word, 1);
  return root;
}

/** Records a new number of buckets. `word` is the root's first word, here and below. */
export function setBucketCount(arena: Arena, word: number, buckets: number): void {
  arena.setU32(word + ROOT_BUCKETS, buckets);
  arena.setU32(word + ROOT_MASK, maskOf(buckets));
  noteMoves(arena, word);
}

/** Makes remembered slots untrustworthy. */
export function noteMoves(arena: Arena, word: number): void {
  arena.setU32(word + ROOT_MOVES, (arena.i32[word + ROOT_MOVES] + 1) | 0);
}

/** Reference of a bucket, or 0 where its segment is absent. */
export function bucketRef(arena: Arena, word: number, index: number): Ref {
  const i32 = arena.i32;
  const segment = i32[i32[word + ROOT_DIRECTORY] * 4 + (index >>> SEGMENT_SHIFT)];
  return segment === 0 ? 0 : segment + (index & (SEGMENT_BUCKETS - 1)) * BUCKET_GRANULES;
}

/** Reference of a bucket; allocates its segment where absent. Throws ARENA_FULL. */
export function ensureBucket(arena: Arena, word: number, index: number): Ref {
  const i32 = arena.i32;
  const number = index >>> SEGMENT_SHIFT;
  const entry = i32[word + ROOT_DIRECTORY] * 4 + number;
  let segment = i32[entry];
  if (segment === 0) {
    const buckets = number === 0 ? firstSegmentBuckets(i32, word) : SEGMENT_BUCKETS;
    segment = arena.allocate(buckets * BUCKET_BYTES);
    arena.fill(segment * 16, buckets * BUCKET_BYTES, 0);
    arena.setU32(entry, segment);
    arena.setU32(word + ROOT_ALLOCATED, i32[word + ROOT_ALLOCATED] + buckets);
  }
  return segment + (index & (SEGMENT_BUCKETS - 1)) * BUCKET_GRANULES;
}

/** A new empty bucket outside the segments, not linked yet. Throws ARENA_FULL. */
export function createChained(arena: Arena, word: number): Ref {
  const bucket = arena.allocate(BUCKET_BYTES);
  arena.fill(bucket * 16, BUCKET_BYTES, 0);
  arena.setU32(word + ROOT_CHAINED, arena.i32[word + ROOT_CHAINED] + 1);
  return bucket;
}

/** Frees a bucket outside the segments that nothing links to any more. */
export function freeChained(arena: Arena, word: number, bucket: Ref): void {
  arena.setU32(word + ROOT_CHAINED, arena.i32[word + ROOT_CHAINED] - 1);
  arena.retire(bucket);
}

/** Gives an emptied segment back. */
export function freeSegment(arena: Arena, word: number, number: number): void {
  const entry = arena.i32[word + ROOT_DIRECTORY] * 4 + number;
  const segment = arena.i32[entry];
  if (segment === 0) return;
  arena.setU32(entry, 0);
  arena.setU32(word + ROOT_ALLOCATED, arena.i32[word + ROOT_ALLOCATED] - SEGMENT_BUCKETS);
  arena.retire(segment);
}

/**
 * Makes directory and first segment large enough for `buckets` buckets (a power of two). All that a resize may need
 * beside single segments, so that it cannot fail half-way. Throws ARENA_FULL with nothing changed.
 */
export function reserve(arena: Arena, word: number, buckets: number): void {
  const segments = (buckets + SEGMENT_BUCKETS - 1) >>> SEGMENT_SHIFT;
  if (segments > arena.i32[word + ROOT_DIRECTORY_CAPACITY]) moveDirectory(arena, word, segments);
  const first = arena.i32[arena.i32[word + ROOT_DIRECTORY] * 4];
  if (first === 0) return;
  const wanted = Math.min(buckets, SEGMENT_BUCKETS);
  if (firstCapacity(arena, word) < wanted) moveFirstSegment(arena, word, wanted);
}

/** Gives back what a table that has shrunk has too much of. Throws ARENA_FULL with a valid table. */
export function trim(arena: Arena, word: number): void {
  const buckets = arena.i32[word + ROOT_BUCKETS];
  const first = arena.i32[arena.i32[word + ROOT_DIRECTORY] * 4];
  if (first !== 0 && buckets < firstCapacity(arena, word)) moveFirstSegment(arena, word, buckets);
  const segments = (buckets + SEGMENT_BUCKETS - 1) >>> SEGMENT_SHIFT;
  const capacity = arena.i32[word + ROOT_DIRECTORY_CAPACITY];
  if (capacity > INLINE_DIRECTORY_WORDS && segments * 4 <= capacity) moveDirectory(arena, word, segments);
}

/**
 * Frees up to `count` segments from the end, with the buckets chained to them, whatever they hold; with the last one also
 * directory and root. False when nothing is left.
 */
export function destroySegments(arena: Arena, root: Ref, count: number): boolean {
  const word = root * 4;
  const directory = arena.i32[word + ROOT_DIRECTORY];
  let number = (arena.i32[word + ROOT_BUCKETS] + SEGMENT_BUCKETS - 1) >>> SEGMENT_SHIFT;
  for (let done = 0; done < count && number > 0; done++) {
    number--;
    const segment = arena.i32[directory * 4 + number];
    if (segment !== 0) {
      if (arena.i32[word + ROOT_CHAINED] !== 0) freeChains(arena, word, segment, number);
      arena.retire(segment);
    }
    if (number !== 0) setBucketCount(arena, word, number * SEGMENT_BUCKETS);
  }
  if (number !== 0) return true;
  if (directory !== root + INLINE_DIRECTORY_GRANULE) arena.retire(directory);
  arena.retire(root);
  return false;
}

function freeChains(arena: Arena, word: number, segment: Ref, number: number): void {
  const i32 = arena.i32;
  const buckets = Math.min(SEGMENT_BUCKETS, i32[word + ROOT_BUCKETS] - number * SEGMENT_BUCKETS);
  for (let index = 0; index < buckets; index++) {
    let chained = i32[(segment + index * BUCKET_GRANULES) * 4 + BUCKET_CHAIN];
    while (chained !== 0) {
      const next = i32[chained * 4 + BUCKET_CHAIN];
      freeChained(arena, word, chained);
      chained = next;
    }
  }
}

function firstSegmentBuckets(i32: Int32Array, word: number): number {
  const buckets = Math.max(i32[word + ROOT_BUCKETS], i32[word + ROOT_TARGET]);
  return Math.min(1 << (32 - Math.clz32(buckets - 1)), SEGMENT_BUCKETS);
}

// All segments but the first have 1024 buckets, so the first one's are the rest of the count.
function firstCapacity(arena: Arena, word: number): number {
  return ((arena.i32[word + ROOT_ALLOCATED] - 1) & (SEGMENT_BUCKETS - 1)) + 1;
}

function moveFirstSegment(arena: Arena, word: number, buckets: number): void {
  const i32 = arena.i32;
  const entry = i32[word + ROOT_DIRECTORY] * 4;
  const old = i32[entry];
  const had = firstCapacity(arena, word);
  const kept = Math.min(had, buckets);
  const segment = arena.allocate(buckets * BUCKET_BYTES);
  arena.copyWithin(segment * 16, old * 16, kept * BUCKET_BYTES);
  arena.fill(segment * 16 + kept * BUCKET_BYTES, (buckets - kept) * BUCKET_BYTES, 0);
  arena.setU32(entry, segment);
  arena.setU32(word + ROOT_ALLOCATED, i32[word + ROOT_ALLOCATED] + buckets - had);
  noteMoves(arena, word);
  arena.retire(old);
}

function moveDirectory(arena: Arena, word: number, segments: number): void {
  const i32 = arena.i32;
  const old = i32[word + ROOT_DIRECTORY];
  const capacity = i32[word + ROOT_DIRECTORY_CAPACITY];
  const inline = word / 4 + INLINE_DIRECTORY_GRANULE;
  const wanted = segments <= INLINE_DIRECTORY_WORDS ? INLINE_DIRECTORY_WORDS : segments;
  const directory = wanted === INLINE_DIRECTORY_WORDS ? inline : arena.allocate(wanted * 4);
  const kept = Math.min(capacity, wanted);
  arena.copyWithin(directory * 16, old * 16, kept * 4);
  arena.fill(directory * 16 + kept * 4, (wanted - kept) * 4, 0);
  arena.setU32(word + ROOT_DIRECTORY, directory);
  arena.setU32(word + ROOT_DIRECTORY_CAPACITY, wanted);
  if (old !== inline) arena.retire(old);
}
