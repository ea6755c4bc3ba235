// Growing and shrinking a hash table in place, one bucket a step: a split shares bucket N - 2^L with the new bucket N,
// a merge empties the last bucket into its partner. Steps ride on writes and on cron; each costs at most a few
// microseconds, at any size. A step for which the arena has no room is left for later: the table stays valid.
// Called by hashtable.ts only. `word` is the first word of the table's root throughout.
import { type Arena, ArenaFullError, type Ref } from "../memory/arena.ts";
import {
  bucketRef,
  createChained,
  ensureBucket,
  freeChained,
  freeSegment,
  reserve,
  setBucketCount,
  trim,
} from "./bucket_array.ts";
import { lastTaken } from "./bucket_chain.ts";
import {
  BUCKET_BYTES,
  BUCKET_CHAIN,
  BUCKET_REFS,
  BUCKET_SLOTS,
  ROOT_BUCKETS,
  ROOT_DEPTH_MAX,
  ROOT_DEPTH_MAX_NEXT,
  ROOT_TARGET,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
} from "./hashtable_layout.ts";

/** What a split must know of elements. */
export interface ElementHasher {
  hashOfElement(ref: Ref): number;
}

/** Sends the table on its way to `buckets` (a power of two). False where the arena has no room to begin. */
export function setTarget(arena: Arena, word: number, buckets: number): boolean {
  try {
    reserve(arena, word, buckets);
  } catch (error) {
    if (error instanceof ArenaFullError) return false;
    throw error;
  }
  const i32 = arena.i32;
  const atRest = i32[word + ROOT_BUCKETS] === i32[word + ROOT_TARGET];
  // A resize from rest to rest passes every bucket, so it learns the true longest chain; a reversed one does not.
  arena.setU32(word + ROOT_DEPTH_MAX_NEXT, atRest ? BUCKET_SLOTS : i32[word + ROOT_DEPTH_MAX]);
  arena.setU32(word + ROOT_TARGET, buckets);
  return true;
}

/** One step towards the target; true while more are wanted. Not to be called while the table is paused. */
export function resizeStep(arena: Arena, word: number, hasher: ElementHasher): boolean {
  const buckets = arena.i32[word + ROOT_BUCKETS];
  const target = arena.i32[word + ROOT_TARGET];
  if (buckets === target) return false;
  try {
    if (buckets < target) split(arena, word, buckets, hasher);
    else merge(arena, word, buckets - 1);
    if (arena.i32[word + ROOT_BUCKETS] !== target) return true;
    arena.setU32(word + ROOT_DEPTH_MAX, arena.i32[word + ROOT_DEPTH_MAX_NEXT]);
    if (buckets > target) trim(arena, word);
  } catch (error) {
    if (!(error instanceof ArenaFullError)) throw error;
  }
  return false;
}

/** Remembers that slot `depth` of a chain, counted from 1, is taken. */
export function noteDepth(arena: Arena, word: number, depth: number): void {
  if (depth > arena.i32[word + ROOT_DEPTH_MAX]) arena.setU32(word + ROOT_DEPTH_MAX, depth);
  if (depth > arena.i32[word + ROOT_DEPTH_MAX_NEXT]) arena.setU32(word + ROOT_DEPTH_MAX_NEXT, depth);
}

function split(arena: Arena, word: number, buckets: number, hasher: ElementHasher): void {
  const bit = 1 << (31 - Math.clz32(buckets));
  const from = bucketRef(arena, word, buckets - bit);
  if (from !== 0) {
    const to = ensureBucket(arena, word, buckets);
    if (arena.i32[from * 4 + BUCKET_CHAIN] === 0) splitSingle(arena, from * 4, to * 4, bit, hasher);
    else splitChain(arena, word, from, to, bit, hasher);
  }
  setBucketCount(arena, word, buckets + 1);
}

function splitSingle(arena: Arena, from: number, to: number, bit: number, hasher: ElementHasher): void {
  const i32 = arena.i32;
  touch(i32, from);
  let filled = 0;
  for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
    const ref = i32[from + BUCKET_REFS + slot];
    if (ref === 0 || (hasher.hashOfElement(ref) & bit) === 0) continue;
    arena.setU8(to * 4 + filled, arena.u8[from * 4 + slot]);
    arena.setU32(to + BUCKET_REFS + filled, ref);
    arena.setU8(from * 4 + slot, 0);
    arena.setU32(from + BUCKET_REFS + slot, 0);
    filled++;
  }
}

// The hashes each read an element, which is a cache miss. Reading one word of all of them first lets the processor
// fetch them side by side; without it they queue up behind the hash computations (1,550 against 660 ns a split at 2M keys).
function touch(i32: Int32Array, bucket: number): void {
  let sum = 0;
  for (let slot = 0; slot < BUCKET_SLOTS; slot++) sum ^= i32[i32[bucket + BUCKET_REFS + slot] * 4 + 3];
  touched[0] = sum;
}

/** Takes the result of `touch`, so that the compiler must do the reads. */
const touched = new Int32Array(1);

// Working space for buckets with chains: the elements' references and fingerprints, and the chain's buckets.
let refs = new Int32Array(BUCKET_SLOTS * 16);
let prints = new Uint8Array(BUCKET_SLOTS * 16);
let spares = new Int32Array(16);

function splitChain(
  arena: Arena,
  word: number,
  from: Ref,
  to: Ref,
  bit: number,
  hasher: ElementHasher,
): void {
  const i32 = arena.i32;
  let elements = 0;
  let spare = 0;
  for (let bucket = from; bucket !== 0; bucket = i32[bucket * 4 + BUCKET_CHAIN]) {
    touch(i32, bucket * 4);
    if (elements + BUCKET_SLOTS > refs.length) growScratch();
    for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
      const ref = i32[bucket * 4 + BUCKET_REFS + slot];
      if (ref === 0) continue;
      refs[elements] = ref;
      prints[elements++] = arena.u8[bucket * 16 + slot];
    }
    if (bucket !== from) spares[spare++] = bucket;
  }
  for (let index = 0; index < spare; index++) arena.fill(spares[index] * 16, BUCKET_BYTES, 0);
  arena.fill(from * 16, BUCKET_BYTES, 0);
  // The two chains together never need more chained buckets than the one had.
  let stays = from;
  let goes = to;
  let staysFilled = 0;
  let goesFilled = 0;
  let staysLength = 1;
  let goesLength = 1;
  for (let index = 0; index < elements; index++) {
    const ref = refs[index];
    if ((hasher.hashOfElement(ref) & bit) === 0) {
      if (staysFilled === BUCKET_SLOTS) {
        stays = link(arena, stays, spares[--spare]);
        staysFilled = 0;
        staysLength++;
      }
      put(arena, stays, staysFilled++, prints[index], ref);
    } else {
      if (goesFilled === BUCKET_SLOTS) {
        goes = link(arena, goes, spares[--spare]);
        goesFilled = 0;
        goesLength++;
      }
      put(arena, goes, goesFilled++, prints[index], ref);
    }
  }
  while (spare > 0) freeChained(arena, word, spares[--spare]);
  const staysDepth = (staysLength - 1) * BUCKET_SLOTS + staysFilled;
  noteDepth(arena, word, Math.max(staysDepth, (goesLength - 1) * BUCKET_SLOTS + goesFilled));
}

function growScratch(): void {
  const more = new Int32Array(refs.length * 2);
  more.set(refs);
  refs = more;
  const morePrints = new Uint8Array(prints.length * 2);
  morePrints.set(prints);
  prints = morePrints;
  const moreSpares = new Int32Array(spares.length * 2);
  moreSpares.set(spares);
  spares = moreSpares;
}

function link(arena: Arena, tail: Ref, bucket: Ref): Ref {
  arena.setU32(tail * 4 + BUCKET_CHAIN, bucket);
  return bucket;
}

function put(arena: Arena, bucket: Ref, slot: number, print: number, ref: Ref): void {
  arena.setU8(bucket * 16 + slot, print);
  arena.setU32(bucket * 4 + BUCKET_REFS + slot, ref);
}

function merge(arena: Arena, word: number, last: number): void {
  const bit = 1 << (31 - Math.clz32(last));
  const from = bucketRef(arena, word, last);
  if (from !== 0) {
    const elements = occupied(arena.i32, from * 4);
    if (elements !== 0 || arena.i32[from * 4 + BUCKET_CHAIN] !== 0) {
      mergeInto(arena, word, from, elements, ensureBucket(arena, word, last - bit));
    }
    if (last >>> SEGMENT_SHIFT !== 0 && (last & SEGMENT_MASK) === 0) {
      freeSegment(arena, word, last >>> SEGMENT_SHIFT);
    }
  }
  noteDepth(arena, word, depthOf(arena.i32, bucketRef(arena, word, last - bit)));
  setBucketCount(arena, word, last);
}

// Whatever may fail comes before the first change.
function mergeInto(arena: Arena, word: number, from: Ref, elements: number, to: Ref): void {
  const i32 = arena.i32;
  const chain = i32[from * 4 + BUCKET_CHAIN];
  let free = BUCKET_SLOTS - occupied(i32, to * 4);
  let tail = to;
  while (i32[tail * 4 + BUCKET_CHAIN] !== 0) {
    tail = i32[tail * 4 + BUCKET_CHAIN];
    free += BUCKET_SLOTS - occupied(i32, tail * 4);
  }
  for (let bucket = chain; bucket !== 0; bucket = i32[bucket * 4 + BUCKET_CHAIN]) {
    free += BUCKET_SLOTS - occupied(i32, bucket * 4);
  }
  const extra = free < elements ? createChained(arena, word) : 0;
  if (chain !== 0) arena.setU32(tail * 4 + BUCKET_CHAIN, chain);
  if (extra !== 0) {
    while (i32[tail * 4 + BUCKET_CHAIN] !== 0) tail = i32[tail * 4 + BUCKET_CHAIN];
    link(arena, tail, extra);
  }
  let bucket = to;
  let slot = 0;
  for (let source = 0; source < BUCKET_SLOTS; source++) {
    const ref = i32[from * 4 + BUCKET_REFS + source];
    if (ref === 0) continue;
    while (i32[bucket * 4 + BUCKET_REFS + slot] !== 0) {
      if (++slot === BUCKET_SLOTS) {
        bucket = i32[bucket * 4 + BUCKET_CHAIN];
        slot = 0;
      }
    }
    put(arena, bucket, slot, arena.u8[from * 16 + source], ref);
  }
  arena.fill(from * 16, BUCKET_BYTES, 0);
}

/** The last slot of a chain that is taken, counted from 1. Where the last bucket is empty, the end of the one before. */
function depthOf(i32: Int32Array, first: Ref): number {
  if (first === 0) return 0;
  let length = 0;
  let tail = first;
  for (let bucket = first; bucket !== 0; bucket = i32[bucket * 4 + BUCKET_CHAIN]) {
    tail = bucket;
    length++;
  }
  return (length - 1) * BUCKET_SLOTS + lastTaken(i32, tail * 4) + 1;
}

function occupied(i32: Int32Array, bucket: number): number {
  let count = 0;
  for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
    if (i32[bucket + BUCKET_REFS + slot] !== 0) count++;
  }
  return count;
}
