// The hash table of keyspace entries: a database's keys, and its keys with an expiry. Knows where an entry has its key
// and nothing else. Hot: `find` runs for every key of every command, so it repeats HashTable's with the comparison
// in place and sees one shape of table only; change both together.
import type { Ref } from "../memory/arena.ts";
import { hashBytes, hashWords } from "../structures/hash.ts";
import { HashTable } from "../structures/hashtable.ts";
import {
  BUCKET_CHAIN,
  BUCKET_GRANULES,
  BUCKET_REFS,
  bucketOf,
  fingerprintOf,
  matchingSlots,
  patternOf,
  ROOT_BUCKETS,
  ROOT_DIRECTORY,
  ROOT_MASK,
  ROOT_MOVES,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  slotOf,
} from "../structures/hashtable_layout.ts";
import { keyOffset, WORD_KEY_LENGTH } from "./entry_layout.ts";

export class EntryTable extends HashTable {
  override find(bytes: Uint8Array, start: number, end: number): Ref {
    // Pipelines often stay with one key: then there is nothing to hash.
    if (this.foundRef !== 0 && this.findsAgain(bytes, start, end)) return this.foundRef;
    const hash = hashBytes(bytes, start, end);
    const i32 = this.arena.i32;
    const u8 = this.arena.u8;
    const length = end - start;
    const word = this.root * 4;
    const index = bucketOf(hash, i32[word + ROOT_BUCKETS], i32[word + ROOT_MASK]);
    const segment = i32[i32[word + ROOT_DIRECTORY] * 4 + (index >>> SEGMENT_SHIFT)];
    const pattern = patternOf(fingerprintOf(hash));
    this.foundHash = hash;
    let bucket = segment === 0 ? 0 : segment + (index & SEGMENT_MASK) * BUCKET_GRANULES;
    while (bucket !== 0) {
      const first = bucket * 4;
      let slots = matchingSlots(i32, first, pattern);
      while (slots !== 0) {
        const slot = slotOf(slots);
        const ref = i32[first + BUCKET_REFS + slot];
        if (i32[ref * 4 + WORD_KEY_LENGTH] === length) {
          const address = ref * 16 + keyOffset(i32[ref * 4]);
          let at = 0;
          while (at < length && u8[address + at] === bytes[start + at]) at++;
          if (at === length) {
            this.foundRef = ref;
            this.foundBucket = bucket;
            this.foundSlot = slot;
            this.foundMoves = i32[word + ROOT_MOVES];
            return ref;
          }
        }
        slots &= slots - 1;
      }
      bucket = i32[first + BUCKET_CHAIN];
    }
    this.foundRef = 0;
    return 0;
  }

  /** Whether the element that was found last is in its slot still, and has this key. */
  private findsAgain(bytes: Uint8Array, start: number, end: number): boolean {
    const ref = this.foundRef;
    const i32 = this.arena.i32;
    if (i32[ref * 4 + WORD_KEY_LENGTH] !== end - start) return false;
    const u8 = this.arena.u8;
    // Keys differ at their ends more often than at their starts.
    let address = ref * 16 + keyOffset(i32[ref * 4]) + end - start;
    let at = end;
    while (at > start && u8[--address] === bytes[at - 1]) at--;
    return at === start && this.remembersSlot();
  }

  protected keyEquals(ref: Ref, bytes: Uint8Array, start: number, end: number): boolean {
    const i32 = this.arena.i32;
    const length = end - start;
    if (i32[ref * 4 + WORD_KEY_LENGTH] !== length) return false;
    const u8 = this.arena.u8;
    const address = ref * 16 + keyOffset(i32[ref * 4]);
    for (let at = 0; at < length; at++) {
      if (u8[address + at] !== bytes[start + at]) return false;
    }
    return true;
  }

  hashOfElement(ref: Ref): number {
    const i32 = this.arena.i32;
    return hashWords(i32, ref * 4 + (keyOffset(i32[ref * 4]) >>> 2), i32[ref * 4 + WORD_KEY_LENGTH]);
  }
}
