// The background iterator of threadsave: walks all key tables on the loop's thread inside a time budget and hands
// entry references to a worker through a ring. It implements the keyspace's snapshot cut: a key that is about to
// change is handed over first, so the worker sees every key as it was at the cut (spec/threadsave.md section 2).
//
// The epoch word of an entry tells its state: at most `cutEpoch` = still to be handed over; `handedEpoch` = handed
// over by this iterator; above = changed or created since. So there is no set of early keys and no stale pointer,
// and tables may go on rehashing: a key that the walk meets twice is handed over once.
import type { Arena, Ref } from "../../memory/arena.ts";
import type { SharedRing } from "../../memory/shared_ring.ts";
import type { EntryTable } from "../../keyspace/entry_table.ts";
import { WORD_EPOCH } from "../../keyspace/entry_layout.ts";
import type { SnapshotCut } from "../../keyspace/hooks.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";

/** Third word of a ring record. */
export const RECORD_ENTRY = 0;
export const RECORD_COMPLETE = 1;

/** Items handed over at most before the worker must catch up, and the step in which that target grows. */
const QUEUE_TARGET_MAX = 10_000;
const QUEUE_TARGET_STEP = 100;
/** The same in bytes: what changes meanwhile is held until the worker has passed all that was handed over before. */
const QUEUE_BYTES_MAX = 8 * 1024 * 1024;
/** Items whose sizes are remembered; a power of two above QUEUE_TARGET_MAX. */
const SIZES_KEPT = 16_384;
const FEED_BUDGET_MS = 1;
/** No single feed takes longer than this, however late the timer was. */
const FEED_BUDGET_MAX_MS = 4;
/** How often `feed` is to be called. */
export const FEED_INTERVAL_MS = 2;
/** Buckets visited between two looks at the clock. */
const BUCKETS_PER_LOOK = 32;
/** Entries that change while the ring is full wait in a list; beyond this many, writers must wait. */
const OVERFLOW_MAX = 65_536;
/** Numbers that one waiting entry takes in that list. */
const OVERFLOW_WORDS = 3;

export interface IteratorOptions {
  keyspace: Keyspace;
  /** Takes records of database, reference, kind and ticket. */
  ring: SharedRing;
  /** Items that the worker is done with. */
  processed: () => number;
  /**
   * A large value is about to change while the worker has yet to read it: begins a page image, or keeps the one
   * there is, until all that was handed over so far is processed.
   */
  protectLarge: () => void;
  /** Old values that wait for the worker may take this many bytes; beyond it, writers must wait. */
  heldBytesMax: number;
  /** Called when writers must wait from now on. */
  onCongested: () => void;
}

export interface IteratorProgress {
  queued: number;
  queueTarget: number;
  /** Entries handed over before a write (pre-images). */
  early: number;
  /** Milliseconds: the longest single feed. */
  longestFeedMs: number;
}

export class BackgroundIterator implements SnapshotCut {
  /** Entries handed over so far. */
  queued = 0;
  private readonly keyspace: Keyspace;
  private readonly arena: Arena;
  private readonly ring: SharedRing;
  private readonly cutEpoch: number;
  private readonly handedEpoch: number;
  private readonly tables: { table: EntryTable; database: number }[] = [];
  private tableAt = 0;
  private cursor = 0;
  private database = 0;
  private walked = false;
  private completed = false;
  private readonly overflow: number[] = [];
  private early = 0;
  /** Bytes of all items handed over, and by number of items (modulo SIZES_KEPT) what the sum was then. */
  private handedBytes = 0;
  private readonly bytesAt = new Float64Array(SIZES_KEPT);
  private queueTarget: number;
  private longestFeedMs = 0;
  private lastFeed = 0;
  private congestionTold = false;
  private readonly visit: (ref: Ref) => void;

  /** Targets carry over from save to save. */
  private static lastTarget = QUEUE_TARGET_STEP;

  /** Makes the cut: from here on the keyspace reports every change to this iterator. */
  constructor(private readonly options: IteratorOptions) {
    const { keyspace } = options;
    const { entries } = keyspace;
    this.keyspace = keyspace;
    this.arena = keyspace.arena;
    this.ring = options.ring;
    this.cutEpoch = entries.epoch;
    this.handedEpoch = this.cutEpoch + 1;
    entries.epoch = this.cutEpoch + 2;
    this.queueTarget = Math.max(QUEUE_TARGET_STEP, BackgroundIterator.lastTarget);
    for (const database of keyspace.databases) {
      database.cutId = database.id;
      if (database.size > 0) this.tables.push({ table: database.keys, database: database.id });
    }
    this.visit = (ref) => {
      if (this.arena.u32[ref * 4 + WORD_EPOCH] <= this.cutEpoch) this.hand(this.database, ref);
    };
    keyspace.cut = this;
  }

  claim(cutDatabase: number, ref: Ref, large: boolean): boolean {
    if (!this.congestionTold && this.congested) {
      this.congestionTold = true;
      this.options.onCongested();
    }
    const epoch = this.arena.u32[ref * 4 + WORD_EPOCH];
    if (epoch > this.handedEpoch) return false;
    if (epoch <= this.cutEpoch) {
      this.early++;
      this.hand(cutDatabase, ref);
      this.ring.publish();
    }
    if (!large) return true;
    if (this.queued > this.options.processed()) this.options.protectLarge();
    return false;
  }

  private hand(database: number, ref: Ref): void {
    this.arena.setU32(ref * 4 + WORD_EPOCH, this.handedEpoch);
    this.queued++;
    this.handedBytes += this.keyspace.entries.sizeEstimate(ref);
    this.bytesAt[this.queued & (SIZES_KEPT - 1)] = this.handedBytes;
    // Blocks that are retired from now on wait until the worker has passed a later item, or the end.
    const ticket = this.arena.nextTicket();
    if (this.overflow.length > 0 || !this.ring.tryPushWords(database, ref, RECORD_ENTRY, ticket)) {
      this.overflow.push(database, ref, ticket);
    }
  }

  /** True when the worker has been given every entry of the cut and is done with them. */
  get finished(): boolean {
    return this.completed && this.options.processed() >= this.queued;
  }

  /** True while so much waits for the worker that whatever changes entries should wait too. */
  get congested(): boolean {
    return this.arena.retiredBytes > this.options.heldBytesMax ||
      this.overflow.length > OVERFLOW_MAX * OVERFLOW_WORDS;
  }

  progress(): IteratorProgress {
    const { queued, queueTarget, early, longestFeedMs } = this;
    return { queued, queueTarget, early, longestFeedMs };
  }

  /** Hands over entries until the queue is long enough or the budget is spent. Call every FEED_INTERVAL_MS. */
  feed(): void {
    const { processed } = this.options;
    const start = performance.now();
    const late = this.lastFeed === 0 ? 0 : Math.max(0, start - this.lastFeed - FEED_INTERVAL_MS);
    this.lastFeed = start;
    const until = start + Math.min(FEED_BUDGET_MAX_MS, FEED_BUDGET_MS + late / 3);
    let length = this.queued - processed();
    const starved = length === 0;
    if (length > 2 && this.queueTarget >= length) {
      this.queueTarget = Math.max(QUEUE_TARGET_STEP, this.queueTarget - (length >> 1));
    }
    this.drainOverflow();
    while (this.overflow.length === 0 && !this.walked && length < this.queueTarget) {
      // `length` is below QUEUE_TARGET_MAX here, so the sum is still known.
      const bytesMax = this.bytesAt[(this.queued - length) & (SIZES_KEPT - 1)] + QUEUE_BYTES_MAX;
      if (this.handedBytes >= bytesMax) break;
      for (let i = 0; i < BUCKETS_PER_LOOK && !this.walked && this.handedBytes < bytesMax; i++) this.step();
      length = this.queued - processed();
      if (performance.now() > until) break;
      if (starved && length >= this.queueTarget && this.queueTarget < QUEUE_TARGET_MAX) {
        this.queueTarget = Math.min(QUEUE_TARGET_MAX, this.queueTarget + QUEUE_TARGET_STEP);
      }
    }
    if (this.walked && this.overflow.length === 0 && !this.completed) {
      this.completed = this.ring.tryPushWords(0, 0, RECORD_COMPLETE, this.arena.nextTicket());
    }
    this.ring.publish();
    if (this.congestionTold) this.congestionTold = this.congested;
    const took = performance.now() - start;
    if (took > this.longestFeedMs) this.longestFeedMs = took;
  }

  /** Visits one bucket. */
  private step(): void {
    const current = this.tables[this.tableAt];
    if (current === undefined) {
      this.walked = true;
      return;
    }
    this.database = current.database;
    this.cursor = current.table.scan(this.cursor, this.visit);
    if (this.cursor === 0) this.tableAt++;
  }

  private drainOverflow(): void {
    const { overflow } = this;
    let done = 0;
    while (
      done < overflow.length &&
      this.ring.tryPushWords(overflow[done], overflow[done + 1], RECORD_ENTRY, overflow[done + 2])
    ) done += OVERFLOW_WORDS;
    if (done > 0) overflow.splice(0, done);
  }

  /** Ends the cut: changes are no longer reported here. May be called twice. */
  close(): void {
    if (this.keyspace.cut !== this) return;
    this.keyspace.cut = null;
    BackgroundIterator.lastTarget = this.queueTarget;
  }
}
