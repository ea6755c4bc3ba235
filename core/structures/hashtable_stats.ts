// Numbers about one hash table, for DEBUG HTSTATS, MEMORY USAGE and INFO. Called through HashTable.
import type { Arena, Ref } from "../memory/arena.ts";
import { bucketRef } from "./bucket_array.ts";
import {
  BUCKET_BYTES,
  BUCKET_CHAIN,
  BUCKET_REFS,
  BUCKET_SLOTS,
  INLINE_DIRECTORY_WORDS,
  ROOT_ALLOCATED,
  ROOT_BUCKETS,
  ROOT_BYTES,
  ROOT_CHAINED,
  ROOT_DEPTH_MAX,
  ROOT_DIRECTORY_CAPACITY,
  ROOT_SIZE,
  ROOT_TARGET,
} from "./hashtable_layout.ts";

/** What DEBUG HTSTATS and MEMORY tell. */
export interface HashTableStats {
  elements: number;
  buckets: number;
  targetBuckets: number;
  chainedBuckets: number;
  /** No chain is longer (in buckets). */
  chainLengthMax: number;
  /** Bytes of the table itself, without elements. */
  overheadBytes: number;
  /** [n] = number of buckets whose chain holds n elements. */
  elementsPerBucket: number[];
}

/** Walks the table. */
export function statsOf(arena: Arena, root: Ref): HashTableStats {
  const { i32 } = arena;
  const word = root * 4;
  const elementsPerBucket: number[] = [];
  for (let index = 0; index < i32[word + ROOT_BUCKETS]; index++) {
    let count = 0;
    for (let bucket = bucketRef(arena, word, index); bucket !== 0; bucket = i32[bucket * 4 + BUCKET_CHAIN]) {
      for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (i32[bucket * 4 + BUCKET_REFS + slot] !== 0) count++;
      }
    }
    while (elementsPerBucket.length <= count) elementsPerBucket.push(0);
    elementsPerBucket[count]++;
  }
  return {
    elements: i32[word + ROOT_SIZE],
    buckets: i32[word + ROOT_BUCKETS],
    targetBuckets: i32[word + ROOT_TARGET],
    chainedBuckets: i32[word + ROOT_CHAINED],
    chainLengthMax: Math.ceil(i32[word + ROOT_DEPTH_MAX] / BUCKET_SLOTS),
    overheadBytes: overheadBytesOf(arena, root),
    elementsPerBucket,
  };
}

/** Bytes of root, directory and buckets. */
export function overheadBytesOf(arena: Arena, root: Ref): number {
  const { i32 } = arena;
  const word = root * 4;
  const directory = i32[word + ROOT_DIRECTORY_CAPACITY];
  return ROOT_BYTES + (directory > INLINE_DIRECTORY_WORDS ? directory * 4 : 0) +
    (i32[word + ROOT_ALLOCATED] + i32[word + ROOT_CHAINED]) * BUCKET_BYTES;
}
