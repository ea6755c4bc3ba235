// Walks the elements of a hash table through an ArenaReader: for snapshot workers, which have no Arena. Reads a bucket
// at a time. Between two operations of the loop a table is always whole, so an image of any moment can be walked, one
// in the middle of a resize too; a live table only while the loop leaves it alone.
import type { Ref } from "../memory/arena_layout.ts";
import type { ArenaReader } from "../memory/arena_reader.ts";
import {
  BUCKET_BYTES,
  BUCKET_CHAIN,
  BUCKET_REFS,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  ROOT_BUCKETS,
  ROOT_DIRECTORY,
  ROOT_SIZE,
  SEGMENT_BUCKETS,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
} from "./hashtable_layout.ts";

/** Buckets between two calls of `poll`, minus one. */
const BUCKETS_PER_POLL_MASK = 63;

/**
 * ```ts
 * table.open(root);
 * for (let ref = table.next(); ref !== 0; ref = table.next()) encode(ref);
 * ```
 */
export class HashTableReader {
  /** Number of elements. */
  size = 0;
  readonly #reader: ArenaReader;
  readonly #poll: () => void;
  #bucketsRead = 0;
  readonly #words = new Int32Array(BUCKET_WORDS);
  readonly #bytes: Uint8Array = new Uint8Array(this.#words.buffer);
  #directory: Ref = 0;
  #buckets = 0;
  /** The next bucket to be read, and the byte address of its segment (0 = absent). */
  #index = 0;
  #segment = 0;
  #slot = BUCKET_SLOTS;

  /**
   * `poll` is called every 64 buckets, whether they hold elements or not. It ends a walk by throwing: that is
   * the only end of one over memory which has become something else since, as under a cancelled save.
   */
  constructor(reader: ArenaReader, poll: () => void = nothing) {
    this.#reader = reader;
    this.#poll = poll;
  }

  /** Begins at the first element of the table with this root. */
  open(root: Ref): this {
    const reader = this.#reader;
    this.#directory = reader.u32(root * 4 + ROOT_DIRECTORY);
    this.#buckets = reader.u32(root * 4 + ROOT_BUCKETS);
    this.size = reader.u32(root * 4 + ROOT_SIZE);
    this.#index = 0;
    this.#segment = 0;
    this.#slot = BUCKET_SLOTS;
    this.#words[BUCKET_CHAIN] = 0;
    return this;
  }

  /** The next element; 0 when all have been returned. */
  next(): Ref {
    const words = this.#words;
    while (true) {
      while (this.#slot < BUCKET_SLOTS) {
        const ref = words[BUCKET_REFS + this.#slot++];
        if (ref !== 0) return ref;
      }
      if (!this.#readBucket()) return 0;
    }
  }

  /** Visits what `next` would return. */
  forEach(visit: (ref: Ref) => void): void {
    for (let ref = this.next(); ref !== 0; ref = this.next()) visit(ref);
  }

  #readBucket(): boolean {
    if ((++this.#bucketsRead & BUCKETS_PER_POLL_MASK) === 0) this.#poll();
    const chained = this.#words[BUCKET_CHAIN];
    const address = chained !== 0 ? chained * 16 : this.#nextAddress();
    if (address === 0) return false;
    this.#reader.copyOut(address, BUCKET_BYTES, this.#bytes, 0);
    this.#slot = 0;
    return true;
  }

  // Byte address of the next bucket in a segment, 0 after the last one.
  #nextAddress(): number {
    while (this.#index < this.#buckets) {
      const within = this.#index & SEGMENT_MASK;
      if (within === 0) {
        this.#segment = this.#reader.u32(this.#directory * 4 + (this.#index >>> SEGMENT_SHIFT)) * 16;
        if (this.#segment === 0) {
          this.#index += SEGMENT_BUCKETS;
          continue;
        }
      }
      this.#index++;
      return this.#segment + within * BUCKET_BYTES;
    }
    return 0;
  }
}

function nothing(): void {}
