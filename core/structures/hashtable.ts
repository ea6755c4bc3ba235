// A hash table of references to elements, in the arena: keyspace, expiries, hash fields, set members. All state is in
// the root block, so that workers can walk it (hashtable_reader.ts); an instance is a flyweight for one root at a time.
// Hot: find, insert, replace and remove are called on every command; they allocate nothing on the JavaScript heap.
// Layout in hashtable_layout.ts, growing and shrinking in hashtable_resize.ts.
import type { Arena, Ref } from "../memory/arena.ts";
import {
  bucketRef,
  createChained,
  createRoot,
  destroySegments,
  ensureBucket,
  setBucketCount,
} from "./bucket_array.ts";
import { fillHole, freeSlot, visitChain } from "./bucket_chain.ts";
import { hashBytes } from "./hash.ts";
import {
  BUCKET_CHAIN,
  BUCKET_REFS,
  BUCKET_SLOTS,
  bucketOf,
  bucketsFor,
  FILL_MAX,
  fingerprintOf,
  matchingSlots,
  patternOf,
  ROOT_BUCKETS,
  ROOT_DEPTH_MAX,
  ROOT_MASK,
  ROOT_MOVES,
  ROOT_PAUSES,
  ROOT_SIZE,
  ROOT_TARGET,
  slotOf,
} from "./hashtable_layout.ts";
import { noteDepth, resizeStep, setTarget } from "./hashtable_resize.ts";
import { type HashTableStats, overheadBytesOf, statsOf } from "./hashtable_stats.ts";
import { nextCursor } from "./scan_cursor.ts";

export type { HashTableStats } from "./hashtable_stats.ts";

/** A table shrinks when its average bucket has fewer elements than this: 10 % of its slots. */
const FILL_MIN = 1.2;
/** Average elements of a bucket after shrinking, at most: half full, far from both limits. */
const FILL_SHRUNK = 6;
/** Merges on each removal from a shrinking table; splits on each insertion into a growing one are one. */
const MERGES_PER_REMOVAL = 2;
/** Steps between two looks at the clock in `rehashFor`. */
const STEPS_PER_LOOK = 32;
/** Picks that `random` tries before it counts elements instead. Reached only where buckets are nearly all empty. */
const RANDOM_TRIES_MAX = 4096;

export abstract class HashTable {
  /** The root block of the table that this instance works on; 0 before `create` or `attach`. */
  root: Ref = 0;
  protected foundHash = 0;
  protected foundRef: Ref = 0;
  protected foundBucket: Ref = 0;
  protected foundSlot = 0;
  protected foundMoves = 0;
  /** Where `random` takes its numbers from: at least 0, below 1. Tests put their own here. */
  randomSource: () => number = Math.random;

  constructor(protected readonly arena: Arena) {}

  /** Whether the element's key is bytes `start` to `end`. */
  protected abstract keyEquals(ref: Ref, bytes: Uint8Array, start: number, end: number): boolean;

  /** `hashBytes` of the element's key. */
  abstract hashOfElement(ref: Ref): number;

  /** Makes a new table and attaches to it; returns its root. Throws ARENA_FULL. */
  create(expectedSize = 0): Ref {
    this.attach(createRoot(this.arena));
    if (expectedSize > FILL_MAX) this.expand(expectedSize);
    return this.root;
  }

  /** Works on the table with this root from now on. */
  attach(root: Ref): this {
    this.root = root;
    this.foundRef = 0;
    return this;
  }

  /** Frees buckets and root, not the elements. Walks the buckets where some are chained: see `destroyStep`. */
  destroy(): void {
    destroySegments(this.arena, this.root, Infinity);
    this.attach(0);
  }

  /**
   * Goes on with destroying the table for up to `segments` segments of 1024 buckets; true while more is left to do. For
   * large tables whose elements are freed already; once begun, nothing else may be done with the table.
   */
  destroyStep(segments: number): boolean {
    if (destroySegments(this.arena, this.root, segments)) return true;
    this.attach(0);
    return false;
  }

  /** Number of elements. */
  get size(): number {
    return this.arena.i32[this.root * 4 + ROOT_SIZE];
  }

  /** The element with this key, or 0. Remembers hash and slot for the next insertAfterFind, replaceFound, removeFound. */
  find(bytes: Uint8Array, start: number, end: number): Ref {
    const hash = hashBytes(bytes, start, end);
    const i32 = this.arena.i32;
    const word = this.root * 4;
    this.foundHash = hash;
    let bucket = bucketRef(this.arena, word, bucketOf(hash, i32[word + ROOT_BUCKETS], i32[word + ROOT_MASK]));
    const pattern = patternOf(fingerprintOf(hash));
    while (bucket !== 0) {
      const first = bucket * 4;
      let slots = matchingSlots(i32, first, pattern);
      while (slots !== 0) {
        const slot = slotOf(slots);
        const ref = i32[first + BUCKET_REFS + slot];
        if (this.keyEquals(ref, bytes, start, end)) {
          this.foundRef = ref;
          this.foundBucket = bucket;
          this.foundSlot = slot;
          this.foundMoves = i32[word + ROOT_MOVES];
          return ref;
        }
        slots &= slots - 1;
      }
      bucket = i32[first + BUCKET_CHAIN];
    }
    this.foundRef = 0;
    return 0;
  }

  /** Adds an element whose key is absent. Throws ARENA_FULL with the table as it was. */
  insert(ref: Ref): void {
    this.insertHashed(this.hashOfElement(ref), ref);
  }

  /** Adds an element with the key that the last `find` of this instance did not find. Throws ARENA_FULL likewise. */
  insertAfterFind(ref: Ref): void {
    this.insertHashed(this.foundHash, ref);
  }

  /** Whether the slot that the last `find` remembered holds this element. */
  remembers(ref: Ref): boolean {
    return this.foundRef === ref;
  }

  /** The slot of the last successful `find` holds `newRef` (same key) from now on. */
  replaceFound(newRef: Ref): void {
    this.relocateFound();
    this.arena.setU32(this.foundBucket * 4 + BUCKET_REFS + this.foundSlot, newRef);
    this.foundRef = newRef;
  }

  /** `newRef` takes the place of `oldRef`, which has the same key and may be freed already. */
  replaceRef(oldRef: Ref, newRef: Ref): void {
    if (!this.locate(this.hashOfElement(newRef), oldRef)) throw missing(oldRef);
    this.arena.setU32(this.foundBucket * 4 + BUCKET_REFS + this.foundSlot, newRef);
    this.foundRef = 0;
  }

  /** Unlinks the element with this key and returns it; 0 where absent. */
  remove(bytes: Uint8Array, start: number, end: number): Ref {
    return this.find(bytes, start, end) === 0 ? 0 : this.removeFound();
  }

  /** Unlinks the element of the last successful `find` and returns it. */
  removeFound(): Ref {
    this.relocateFound();
    const ref = this.foundRef;
    this.clearFound(this.foundHash);
    return ref;
  }

  /** Unlinks this element; false where it is not in the table. */
  removeRef(ref: Ref): boolean {
    const hash = this.hashOfElement(ref);
    if (!this.locate(hash, ref)) return false;
    this.clearFound(hash);
    return true;
  }

  /** Whether this very element is in the table. */
  has(ref: Ref): boolean {
    const here = this.locate(this.hashOfElement(ref), ref);
    this.foundRef = 0;
    return here;
  }

  /**
   * Visits the elements of one bucket (two while the table is between sizes) and returns the cursor of the next call,
   * 0 when done. Start with 0. Elements that are in the table from the first call to the last are visited at least
   * once, whatever is inserted, removed or resized between calls; some may be visited twice. `visit` may change
   * the table: what it inserts may or may not be visited. The cursor is below 2^32.
   */
  scan(cursor: number, visit: (ref: Ref) => void): number {
    const root = this.root;
    const word = root * 4;
    const i32 = this.arena.i32;
    const buckets = i32[word + ROOT_BUCKETS];
    const low = i32[word + ROOT_MASK] >>> 1;
    const index = cursor & low;
    this.pauseRehash();
    try {
      visitChain(this.arena, bucketRef(this.arena, word, index), visit);
      if (low + 1 + index < buckets) {
        visitChain(this.arena, bucketRef(this.arena, word, low + 1 + index), visit);
      }
    } finally {
      this.arena.setU32(word + ROOT_PAUSES, this.arena.i32[word + ROOT_PAUSES] - 1);
    }
    return nextCursor(index, low);
  }

  /** Visits every element in the order of buckets. `visit` may change the table: what it inserts may be missed. */
  forEach(visit: (ref: Ref) => void): void {
    const word = this.root * 4;
    this.pauseRehash();
    try {
      const buckets = this.arena.i32[word + ROOT_BUCKETS];
      for (let index = 0; index < buckets; index++) {
        visitChain(this.arena, bucketRef(this.arena, word, index), visit);
      }
    } finally {
      this.arena.setU32(word + ROOT_PAUSES, this.arena.i32[word + ROOT_PAUSES] - 1);
    }
  }

  /** Number of buckets that `elementsOfBucket` knows now. Changes with every resize step: pause while you count. */
  get bucketCount(): number {
    return this.arena.i32[this.root * 4 + ROOT_BUCKETS];
  }

  /**
   * Writes the references of bucket `index` to `target` from `offset` and returns how many there were; where they do
   * not fit, writes only those that do. Nothing is allocated.
   */
  elementsOfBucket(index: number, target: Uint32Array | Int32Array, offset: number): number {
    const i32 = this.arena.i32;
    let count = 0;
    for (let bucket = bucketRef(this.arena, this.root * 4, index); bucket !== 0;) {
      for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
        const ref = i32[bucket * 4 + BUCKET_REFS + slot];
        if (ref === 0) continue;
        if (offset + count < target.length) target[offset + count] = ref;
        count++;
      }
      bucket = i32[bucket * 4 + BUCKET_CHAIN];
    }
    return count;
  }

  /** An element, every one with exactly the same probability; 0 where the table is empty. */
  random(): Ref {
    const i32 = this.arena.i32;
    const word = this.root * 4;
    const size = i32[word + ROOT_SIZE];
    if (size === 0) return 0;
    // All slots of all chains, as if every chain had as many as the longest uses: one is picked until it is taken.
    const slots = i32[word + ROOT_DEPTH_MAX];
    const places = i32[word + ROOT_BUCKETS] * slots;
    for (let tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
      const place = Math.floor(this.randomSource() * places);
      const index = Math.floor(place / slots);
      let slot = place - index * slots;
      let bucket = bucketRef(this.arena, word, index);
      while (bucket !== 0 && slot >= BUCKET_SLOTS) {
        bucket = i32[bucket * 4 + BUCKET_CHAIN];
        slot -= BUCKET_SLOTS;
      }
      if (bucket === 0) continue;
      const ref = i32[bucket * 4 + BUCKET_REFS + slot];
      if (ref !== 0) return ref;
    }
    return this.elementAt(Math.floor(this.randomSource() * size));
  }

  /** The element with this number in the order of buckets. Walks the table. */
  private elementAt(number: number): Ref {
    const i32 = this.arena.i32;
    const word = this.root * 4;
    let left = number;
    for (let index = 0; index < i32[word + ROOT_BUCKETS]; index++) {
      for (
        let bucket = bucketRef(this.arena, word, index);
        bucket !== 0;
        bucket = i32[bucket * 4 + BUCKET_CHAIN]
      ) {
        for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
          const ref = i32[bucket * 4 + BUCKET_REFS + slot];
          if (ref !== 0 && left-- === 0) return ref;
        }
      }
    }
    return 0;
  }

  /** True while the table is on its way to another number of buckets. */
  get isRehashing(): boolean {
    const word = this.root * 4;
    return this.arena.i32[word + ROOT_BUCKETS] !== this.arena.i32[word + ROOT_TARGET];
  }

  /** Resizes by up to `buckets` buckets; true while more remain to be done (and resizing is not paused). */
  rehashStep(buckets: number): boolean {
    const word = this.root * 4;
    if (this.arena.i32[word + ROOT_PAUSES] !== 0) return false;
    for (let count = 0; count < buckets; count++) {
      if (!resizeStep(this.arena, word, this)) return false;
    }
    return this.isRehashing;
  }

  /** Resizes for about so many microseconds; true while more remains to be done. For cron. */
  rehashFor(micros: number): boolean {
    const until = performance.now() + micros / 1000;
    while (this.rehashStep(STEPS_PER_LOOK)) {
      if (performance.now() >= until) return true;
    }
    return false;
  }

  /** Until the matching `resumeRehash`, no element changes its place and no bucket is freed. Nests. */
  pauseRehash(): void {
    const word = this.root * 4 + ROOT_PAUSES;
    this.arena.setU32(word, this.arena.i32[word] + 1);
  }

  resumeRehash(): void {
    const word = this.root * 4 + ROOT_PAUSES;
    const pauses = this.arena.i32[word];
    if (pauses === 0) throw new Error("Cannot resume resizing of a hash table that is not paused");
    this.arena.setU32(word, pauses - 1);
  }

  /** Makes room for `elements` in all: at once where the table is empty, else from step to step. */
  expand(elements: number): void {
    const word = this.root * 4;
    const i32 = this.arena.i32;
    const buckets = bucketsFor(elements);
    if (buckets <= i32[word + ROOT_TARGET] || i32[word + ROOT_PAUSES] !== 0) return;
    if (!setTarget(this.arena, word, buckets)) return;
    // An empty table has nothing to split; its segments appear when they are needed.
    if (i32[word + ROOT_SIZE] === 0) setBucketCount(this.arena, word, buckets);
  }

  /** Starts shrinking where the table is less than a tenth full; true where that has begun. */
  shrinkIfNeeded(): boolean {
    const word = this.root * 4;
    const i32 = this.arena.i32;
    const size = i32[word + ROOT_SIZE];
    const target = i32[word + ROOT_TARGET];
    if (size >= target * FILL_MIN || target === 1) return false;
    let buckets = target;
    while (buckets > 1 && size <= (buckets / 2) * FILL_SHRUNK) buckets /= 2;
    return setTarget(this.arena, word, buckets);
  }

  /** Numbers about the table; walks it. */
  stats(): HashTableStats {
    return statsOf(this.arena, this.root);
  }

  /** Bytes of the table itself, without elements. */
  get overheadBytes(): number {
    return overheadBytesOf(this.arena, this.root);
  }

  protected insertHashed(hash: number, ref: Ref): void {
    const arena = this.arena;
    const i32 = arena.i32;
    const word = this.root * 4;
    let bucket = ensureBucket(arena, word, bucketOf(hash, i32[word + ROOT_BUCKETS], i32[word + ROOT_MASK]));
    let slot = freeSlot(i32, bucket * 4);
    if (slot < 0) {
      let length = 1;
      do {
        const next = i32[bucket * 4 + BUCKET_CHAIN];
        length++;
        if (next === 0) {
          const chained = createChained(arena, word);
          arena.setU32(bucket * 4 + BUCKET_CHAIN, chained);
          bucket = chained;
          slot = 0;
        } else {
          bucket = next;
          slot = freeSlot(i32, bucket * 4);
        }
      } while (slot < 0);
      noteDepth(arena, word, (length - 1) * BUCKET_SLOTS + slot + 1);
    }
    arena.setU8(bucket * 16 + slot, fingerprintOf(hash));
    arena.setU32(bucket * 4 + BUCKET_REFS + slot, ref);
    const size = i32[word + ROOT_SIZE] + 1;
    arena.setU32(word + ROOT_SIZE, size);
    this.foundRef = 0;
    if (size > i32[word + ROOT_TARGET] * FILL_MAX || i32[word + ROOT_BUCKETS] !== i32[word + ROOT_TARGET]) {
      this.resizeAfterInsert(word, size);
    }
  }

  private resizeAfterInsert(word: number, size: number): void {
    const i32 = this.arena.i32;
    if (i32[word + ROOT_PAUSES] !== 0) return;
    if (size > i32[word + ROOT_TARGET] * FILL_MAX && !setTarget(this.arena, word, bucketsFor(size))) return;
    resizeStep(this.arena, word, this);
  }

  // Finds the slot of an element by identity and remembers the slot, but not the hash: that is the last find's.
  private locate(hash: number, ref: Ref): boolean {
    const i32 = this.arena.i32;
    const word = this.root * 4;
    let bucket = bucketRef(this.arena, word, bucketOf(hash, i32[word + ROOT_BUCKETS], i32[word + ROOT_MASK]));
    const pattern = patternOf(fingerprintOf(hash));
    while (bucket !== 0) {
      const first = bucket * 4;
      let slots = matchingSlots(i32, first, pattern);
      while (slots !== 0) {
        const slot = slotOf(slots);
        if (i32[first + BUCKET_REFS + slot] === ref) {
          this.foundRef = ref;
          this.foundBucket = bucket;
          this.foundSlot = slot;
          this.foundMoves = i32[word + ROOT_MOVES];
          return true;
        }
        slots &= slots - 1;
      }
      bucket = i32[first + BUCKET_CHAIN];
    }
    return false;
  }

  /** Whether the element of the last successful `find` is where it was found: other writes may have moved it since. */
  protected remembersSlot(): boolean {
    const i32 = this.arena.i32;
    return this.foundMoves === i32[this.root * 4 + ROOT_MOVES] &&
      i32[this.foundBucket * 4 + BUCKET_REFS + this.foundSlot] === this.foundRef;
  }

  private relocateFound(): void {
    const ref = this.foundRef;
    if (ref !== 0 && this.remembersSlot()) return;
    if (ref === 0 || !this.locate(this.foundHash, ref)) throw missing(ref);
  }

  private clearFound(hash: number): void {
    const arena = this.arena;
    const i32 = arena.i32;
    const word = this.root * 4;
    const bucket = this.foundBucket;
    const slot = this.foundSlot;
    arena.setU8(bucket * 16 + slot, 0);
    arena.setU32(bucket * 4 + BUCKET_REFS + slot, 0);
    const size = i32[word + ROOT_SIZE] - 1;
    arena.setU32(word + ROOT_SIZE, size);
    this.foundRef = 0;
    if (i32[word + ROOT_PAUSES] !== 0) return;
    const index = bucketOf(hash, i32[word + ROOT_BUCKETS], i32[word + ROOT_MASK]);
    const top = bucketRef(arena, word, index);
    if (i32[top * 4 + BUCKET_CHAIN] !== 0) fillHole(arena, word, top, bucket, slot);
    const target = i32[word + ROOT_TARGET];
    if (size < target * FILL_MIN && target > 1) this.shrinkIfNeeded();
    if (i32[word + ROOT_BUCKETS] !== i32[word + ROOT_TARGET]) this.rehashStep(MERGES_PER_REMOVAL);
  }
}

function missing(ref: Ref): Error {
  return new Error(`Element ${ref} is not in the hash table: it cannot be replaced or removed`);
}
