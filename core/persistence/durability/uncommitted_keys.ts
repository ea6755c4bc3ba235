// Which keys have changed since the durable offset: what a reader of one of them has to wait for. core/server/durability
// owns it, the keyspace tells it of looks and changes (DurabilityHook). Hot: no look or touch allocates; keys are known by a
// 64-bit hash of database and key, so that two keys may pass for one: then a reader waits a little longer, never less.
// Two generations of a table instead of one that is swept (decision 076): a generation goes as a whole.
import type { DurabilityHook } from "../../keyspace/hooks.ts";
import { hashBytes } from "../../structures/hash.ts";

const SLOTS_MIN = 64;
/** A generation that fills less than this part of its slots is followed by one with fewer. */
const SHRINK_AT_PART = 8;
/** Two hashes, an offset, a state. */
const SLOT_BYTES = 17;
const DATABASE_FACTOR = 0x9e3779b1;

const FREE = 0;
const STAMPED = 1;
/** Touched in the unit that runs: its offset, if it has one, is of an earlier unit. */
const TOUCHED = 2;

export class UncommittedKeys implements DurabilityHook {
  /** Everything below is on disk. */
  #acked = 0;
  /** The greatest offset of what has been looked up since `resetSeen`, or the durable one then. */
  #seen = 0;
  /** The greatest offset that was ever stamped. */
  #newest = 0;
  /** What is touched goes into the young generation; the old one is forgotten when `#oldUntil` is durable. */
  #young = new Generation(SLOTS_MIN);
  #old = new Generation(SLOTS_MIN);
  #oldUntil = 0;
  /** Slots of the young generation that were touched in the unit that runs. */
  #touched = new Int32Array(SLOTS_MIN);
  #touchedCount = 0;
  /** By database: the offset of the last change of all of it, and whether one was made in the unit that runs. */
  readonly #databaseOffsets: Float64Array;
  readonly #databaseTouched: Uint8Array;
  #hasTouchedDatabase = false;

  constructor(databaseCount: number) {
    this.#databaseOffsets = new Float64Array(databaseCount);
    this.#databaseTouched = new Uint8Array(databaseCount);
  }

  /** The greatest offset, not durable yet, of what has been looked up since `resetSeen`; 0 = all that was seen is durable. */
  get seen(): number {
    return this.#seen > this.#acked ? this.#seen : 0;
  }

  resetSeen(): void {
    this.#seen = this.#acked;
  }

  /** Something is not durable yet, the unit that runs not counted. */
  get hasDirt(): boolean {
    return this.#newest > this.#acked;
  }

  /** Keys that are not durable, those of the unit that runs included. Goes through all of them: for INFO. */
  get size(): number {
    return this.#young.countAfter(this.#acked, null) + this.#old.countAfter(this.#acked, this.#young);
  }

  get memoryBytes(): number {
    return this.#young.memoryBytes + this.#old.memoryBytes + this.#touched.byteLength;
  }

  looked(database: number, key: Uint8Array, start: number, end: number): void {
    if (this.#newest <= this.#seen) return;
    const ofDatabase = this.#databaseOffsets[database];
    if (ofDatabase > this.#seen) this.#seen = ofDatabase;
    const ofKey = this.#find(database, key, start, end);
    if (ofKey > this.#seen) this.#seen = ofKey;
  }

  touched(database: number, key: Uint8Array, start: number, end: number): void {
    if (this.#young.isFull) this.#grow();
    const young = this.#young;
    const slot = young.place(hashOf(database, key, start, end), checkOf(key, start, end));
    if (young.states[slot] === TOUCHED) return;
    young.states[slot] = TOUCHED;
    if (this.#touchedCount === this.#touched.length) {
      const longer = new Int32Array(this.#touchedCount * 2);
      longer.set(this.#touched);
      this.#touched = longer;
    }
    this.#touched[this.#touchedCount++] = slot;
  }

  databaseChanged(database: number): void {
    this.#databaseTouched[database] = 1;
    this.#hasTouchedDatabase = true;
  }

  /** The end of a unit: what it has touched is durable when `offset` is. */
  stamp(offset: number): void {
    if (this.#touchedCount === 0 && !this.#hasTouchedDatabase) return;
    if (offset > this.#newest) this.#newest = offset;
    const { states, offsets } = this.#young;
    for (let index = 0; index < this.#touchedCount; index++) {
      const slot = this.#touched[index];
      states[slot] = STAMPED;
      offsets[slot] = offset;
    }
    this.#touchedCount = 0;
    if (this.#touched.length > SLOTS_MIN * SHRINK_AT_PART) this.#touched = new Int32Array(SLOTS_MIN);
    if (this.#hasTouchedDatabase) this.#stampDatabases(offset);
  }

  #stampDatabases(offset: number): void {
    this.#hasTouchedDatabase = false;
    for (let database = 0; database < this.#databaseTouched.length; database++) {
      if (this.#databaseTouched[database] === 0) continue;
      this.#databaseTouched[database] = 0;
      this.#databaseOffsets[database] = offset;
    }
  }

  /** All below `offset` is durable. */
  acknowledge(offset: number): void {
    if (offset <= this.#acked) return;
    this.#acked = offset;
    // The slots of what the running unit has touched must stay.
    if (this.#touchedCount > 0) return;
    if (this.#newest <= offset) {
      this.#young = this.#young.emptied();
      this.#old = this.#old.emptied();
      this.#oldUntil = 0;
    } else if (this.#oldUntil <= offset) {
      const next = this.#old.emptied();
      this.#old = this.#young;
      this.#oldUntil = this.#newest;
      this.#young = next;
    }
  }

  /** Nothing is tracked any more, and offsets may begin anew. */
  clear(): void {
    this.#acked =
      this.#seen =
      this.#newest =
      this.#oldUntil =
        0;
    this.#touchedCount = 0;
    this.#young = new Generation(SLOTS_MIN);
    this.#old = new Generation(SLOTS_MIN);
    this.#databaseOffsets.fill(0);
    this.#databaseTouched.fill(0);
    this.#hasTouchedDatabase = false;
  }

  /** What a reader of the key has to wait for; -1 = nothing. What the unit that runs has touched is not counted. */
  offsetOf(database: number, key: Uint8Array, start: number, end: number): number {
    const offset = Math.max(this.#databaseOffsets[database], this.#find(database, key, start, end));
    return offset > this.#acked ? offset : -1;
  }

  #find(database: number, key: Uint8Array, start: number, end: number): number {
    const hash = hashOf(database, key, start, end);
    const offset = this.#young.find(hash, key, start, end);
    return offset > 0 || this.#old.count === 0 ? offset : this.#old.find(hash, key, start, end);
  }

  #grow(): void {
    const grown = this.#young.grown();
    this.#young = grown;
    let count = 0;
    for (let slot = 0; slot < grown.states.length; slot++) {
      if (grown.states[slot] === TOUCHED) this.#touched[count++] = slot;
    }
  }
}

/** Keys by hash, open addressing. Nothing is ever taken out of it but all. */
class Generation {
  readonly #mask: number;
  readonly #hashes: Int32Array;
  readonly #checks: Int32Array;
  readonly offsets: Float64Array;
  readonly states: Uint8Array;
  count = 0;

  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#hashes = new Int32Array(slots);
    this.#checks = new Int32Array(slots);
    this.offsets = new Float64Array(slots);
    this.states = new Uint8Array(slots);
  }

  get memoryBytes(): number {
    return (this.#mask + 1) * SLOT_BYTES;
  }

  /** Half of the slots are in use: the next key needs a bigger table. */
  get isFull(): boolean {
    return this.count * 2 > this.#mask;
  }

  /** The offset of a key; 0 where it has none. */
  find(hash: number, key: Uint8Array, start: number, end: number): number {
    const hashes = this.#hashes;
    const mask = this.#mask;
    let slot = hash & mask;
    while (this.states[slot] !== FREE) {
      // The second half of the hash is worked out only where the first one is here.
      if (hashes[slot] === hash && this.#checks[slot] === checkOf(key, start, end)) return this.offsets[slot];
      slot = (slot + 1) & mask;
    }
    return 0;
  }

  /** The slot of a key, which is FREE and offset 0 where it is new: the caller gives it a state. */
  place(hash: number, check: number): number {
    const hashes = this.#hashes;
    const mask = this.#mask;
    let slot = hash & mask;
    while (this.states[slot] !== FREE) {
      if (hashes[slot] === hash && this.#checks[slot] === check) return slot;
      slot = (slot + 1) & mask;
    }
    hashes[slot] = hash;
    this.#checks[slot] = check;
    this.offsets[slot] = 0;
    this.count++;
    return slot;
  }

  grown(): Generation {
    const next = new Generation((this.#mask + 1) * 2);
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (this.states[slot] === FREE) continue;
      const place = next.place(this.#hashes[slot], this.#checks[slot]);
      next.states[place] = this.states[slot];
      next.offsets[place] = this.offsets[slot];
    }
    return next;
  }

  /** An empty generation: this one, or behind a burst one that is large enough for as many keys as this one has. */
  emptied(): Generation {
    if (this.count * SHRINK_AT_PART <= this.#mask && this.#mask >= SLOTS_MIN) {
      let slots = SLOTS_MIN;
      while (slots < this.count * SHRINK_AT_PART / 2) slots *= 2;
      return new Generation(slots);
    }
    if (this.count === 0) return this;
    this.states.fill(FREE);
    this.count = 0;
    return this;
  }

  /** Keys that are not durable at `acked` and are not in the other generation, which is younger. */
  countAfter(acked: number, younger: Generation | null): number {
    let count = 0;
    for (let slot = 0; slot <= this.#mask; slot++) {
      const state = this.states[slot];
      if (state === FREE || (state === STAMPED && this.offsets[slot] <= acked)) continue;
      if (younger === null || !younger.#has(this.#hashes[slot], this.#checks[slot])) count++;
    }
    return count;
  }

  #has(hash: number, check: number): boolean {
    let slot = hash & this.#mask;
    while (this.states[slot] !== FREE) {
      if (this.#hashes[slot] === hash && this.#checks[slot] === check) return true;
      slot = (slot + 1) & this.#mask;
    }
    return false;
  }
}

/** The half of the hash that decides the slot: seeded, so that nobody outside can fill one chain. */
function hashOf(database: number, key: Uint8Array, start: number, end: number): number {
  return hashBytes(key, start, end) ^ Math.imul(database, DATABASE_FACTOR);
}

/** The other half: murmur3's steps, a byte at a time. */
function checkOf(key: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ key[at], 0x5bd1e995) ^ (hash >>> 15);
  return hash;
}
