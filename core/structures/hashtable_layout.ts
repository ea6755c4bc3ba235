// Layout of a hash table in the arena: root block, directory, segments of buckets, chained buckets. Constants and
// arithmetic only, so that the loop (hashtable.ts) and workers (hashtable_reader.ts) agree.
//
// A table is ONE array of buckets that grows and shrinks bucket by bucket (linear hashing): with N buckets and
// 2^L <= N < 2^(L+1), an element of hash h lives in bucket h mod 2^(L+1), or h mod 2^L where that is >= N. So there is
// never a second table: an unfinished resize is just an N that is no power of two.

/** Elements of a bucket. */
export const BUCKET_SLOTS = 12;
export const BUCKET_BYTES = 64;
export const BUCKET_GRANULES = 4;
export const BUCKET_WORDS = 16;

/** Words of a bucket: three of fingerprint bytes (0 = free slot), twelve references, the next bucket of the chain. */
export const BUCKET_REFS = 3;
export const BUCKET_CHAIN = 15;

/** Buckets of a segment: 64 KiB, little enough to allocate and clear at once. A table below that has one smaller one. */
export const SEGMENT_SHIFT = 10;
export const SEGMENT_BUCKETS = 1 << SEGMENT_SHIFT;
export const SEGMENT_MASK = SEGMENT_BUCKETS - 1;

/** Bytes of the root block, and its words. */
export const ROOT_BYTES = 80;
/** Reference of the directory: one word a segment, 0 = all its buckets are empty. */
export const ROOT_DIRECTORY = 0;
/** Number of buckets, N. */
export const ROOT_BUCKETS = 1;
/** 2^(L+1) - 1. */
export const ROOT_MASK = 2;
/** Number of elements. */
export const ROOT_SIZE = 3;
/** The N that the table is on its way to; a power of two. Equals N at rest. */
export const ROOT_TARGET = 4;
/** Nesting count of pauses: while it is not 0, no element changes its place. */
export const ROOT_PAUSES = 5;
/** No element is further back in its chain than this many slots. */
export const ROOT_DEPTH_MAX = 6;
/** The same for the buckets that the current resize has passed. */
export const ROOT_DEPTH_MAX_NEXT = 7;
/** Number of chained buckets (buckets outside segments). */
export const ROOT_CHAINED = 8;
/** Words that the directory has room for. */
export const ROOT_DIRECTORY_CAPACITY = 9;
/** Buckets in allocated segments. */
export const ROOT_ALLOCATED = 10;
/** Changes whenever elements may have changed their place, so that a remembered slot can be distrusted. */
export const ROOT_MOVES = 11;
/** A small table's directory is the rest of its root block, from word 12 on. */
export const INLINE_DIRECTORY_WORDS = 4;
/** Reference of what a kind of table keeps beside its elements (field_table.ts: the expiry heap), 0 = nothing. */
export const ROOT_HEAP = 16;
/** The inline directory as a reference, relative to the root. */
export const INLINE_DIRECTORY_GRANULE = 3;

/** Most buckets of a table: what the 31-bit references of an arena could hold many times over. */
const BUCKETS_MAX = 2 ** 29;

/** 2^(L+1) - 1 for N buckets. */
export function maskOf(buckets: number): number {
  return (1 << (32 - Math.clz32(buckets))) - 1;
}

/** The bucket of a hash. */
export function bucketOf(hash: number, buckets: number, mask: number): number {
  const index = hash & mask;
  return index < buckets ? index : index & (mask >>> 1);
}

/** The fingerprint of a hash: its upper byte, 0 excepted. */
export function fingerprintOf(hash: number): number {
  const upper = hash >>> 24;
  return upper === 0 ? 1 : upper;
}

/** A word of four bytes that all are the fingerprint. */
export function patternOf(fingerprint: number): number {
  return Math.imul(fingerprint, 0x01010101);
}

/**
 * The slots of the bucket at word `first` whose fingerprint is that of `pattern` (0: the free slots), as bits of one
 * word for `slotOf`. Without branches, because which slot it is cannot be predicted, and exact.
 */
export function matchingSlots(i32: Int32Array, first: number, pattern: number): number {
  const x0 = i32[first] ^ pattern;
  const x1 = i32[first + 1] ^ pattern;
  const x2 = i32[first + 2] ^ pattern;
  // The bits 0x80 of those bytes that are 0.
  const z0 = ~((((x0 & 0x7f7f7f7f) + 0x7f7f7f7f) | x0) | 0x7f7f7f7f);
  const z1 = ~((((x1 & 0x7f7f7f7f) + 0x7f7f7f7f) | x1) | 0x7f7f7f7f);
  const z2 = ~((((x2 & 0x7f7f7f7f) + 0x7f7f7f7f) | x2) | 0x7f7f7f7f);
  return (z0 >>> 7) | (z1 >>> 6) | (z2 >>> 5);
}

/** Slot (0 to 11) of the lowest bit of a result of `matchingSlots` that is not 0. */
export function slotOf(slots: number): number {
  const bit = 31 - Math.clz32(slots & -slots);
  return ((bit & 7) << 2) | (bit >>> 3);
}

/** Smallest number of buckets that holds `elements` without growing. */
export function bucketsFor(elements: number): number {
  let buckets = 1;
  while (buckets < BUCKETS_MAX && elements > buckets * FILL_MAX) buckets *= 2;
  return buckets;
}

/** Average elements of a bucket above which a table grows: 83 % of its slots. */
export const FILL_MAX = 10;
