// Active expiry: samples keys that have an expiry and deletes those whose time has come, and hashes with fields that
// have one likewise, in slices bounded by time. Effort, sample sizes and the acceptable percentage of stale keys follow
// Valkey's rules; the two jobs take turns in beginning.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import { FieldExpiry } from "./field_expiry.ts";
import type { Keyspace } from "./keyspace.ts";

const KEYS_PER_LOOP = 20;
const FAST_MICROS = 1000;
const SLOW_TIME_PERCENT = 25;
const ACCEPTABLE_STALE_PERCENT = 10;
/** Databases looked at in one cycle. */
const DATABASES_PER_CYCLE = 16;
/** Fields of one hash deleted at most before others get their turn, for each key of a loop. */
const FIELDS_PER_KEY = 4;
/** Buckets looked at for each key wanted, so that a sparse table cannot hold the loop. */
const BUCKETS_PER_KEY = 20;

export interface ExpireOptions {
  /** `active-expire-effort`, 1 to 10. */
  effort: number;
  /** Cron ticks a second. */
  hz: number;
}

export class ActiveExpire {
  /** Estimated share of keys that have expired but are still there, percent. */
  stalePercent = 0;
  timeLimitReached = 0;
  /** Milliseconds spent in all cycles. */
  totalMs = 0;
  /** Estimated share of hashes with expired fields among those whose fields expire, percent. */
  staleFieldsPercent = 0;
  private nextDatabase = 0;
  private nextFieldDatabase = 0;
  private beginsWithFields = false;
  private limitHit = false;
  private fieldLimitHit = false;
  private lastFastStart = 0;
  private readonly cursors: number[];
  private readonly fieldCursors: number[];
  private readonly fieldExpiry: FieldExpiry;
  private readonly due: Ref[] = [];
  private sampled = 0;
  private readonly visit: (ref: Ref) => void;
  private readonly visitHash: (ref: Ref) => void;
  private database: Database;

  constructor(private readonly keyspace: Keyspace) {
    this.cursors = new Array(keyspace.databases.length).fill(0);
    this.fieldCursors = new Array(keyspace.databases.length).fill(0);
    this.fieldExpiry = new FieldExpiry(keyspace);
    this.database = keyspace.databases[0];
    this.visitHash = (ref) => {
      this.sampled++;
      if (this.fieldExpiry.isDue(ref)) this.due.push(ref);
    };
    this.visit = (ref) => {
      this.sampled++;
      if (this.database.hasExpired(ref)) this.due.push(ref);
    };
  }

  resetStats(): void {
    this.stalePercent = 0;
    this.staleFieldsPercent = 0;
    this.timeLimitReached = 0;
    this.totalMs = 0;
  }

  /** The cycle of the cron: up to a quarter (effort 1) of the time between two ticks. */
  slowCycle(options: ExpireOptions): void {
    const effort = options.effort - 1;
    const percent = SLOW_TIME_PERCENT + 2 * effort;
    this.cycle(Math.max(1000, percent * 10000 / options.hz), effort);
  }

  /** The short cycle before the loop sleeps, run only while many keys are stale. */
  fastCycle(options: ExpireOptions): void {
    const effort = options.effort - 1;
    const micros = FAST_MICROS + FAST_MICROS / 4 * effort;
    const acceptable = ACCEPTABLE_STALE_PERCENT - effort;
    if (
      !this.limitHit && this.stalePercent < acceptable &&
      !this.fieldLimitHit && this.staleFieldsPercent < acceptable
    ) return;
    const now = performance.now();
    if (now < this.lastFastStart + micros * 2 / 1000) return;
    this.lastFastStart = now;
    this.cycle(micros, effort);
  }

  private cycle(microsMax: number, effort: number): void {
    const { keyspace } = this;
    if (!keyspace.honoursExpiry || !keyspace.deletesExpired || keyspace.cut?.congested) return;
    const start = performance.now();
    const until = start + microsMax / 1000;
    this.beginsWithFields = !this.beginsWithFields;
    if (this.beginsWithFields) {
      this.fieldsJob(until, effort);
      this.keysJob(until, effort);
    } else {
      this.keysJob(until, effort);
      this.fieldsJob(until, effort);
    }
    this.totalMs += performance.now() - start;
  }

  private keysJob(until: number, effort: number): void {
    const { keyspace } = this;
    const keysPerLoop = KEYS_PER_LOOP + Math.floor(KEYS_PER_LOOP / 4) * effort;
    const acceptable = ACCEPTABLE_STALE_PERCENT - effort;
    const databases = Math.min(DATABASES_PER_CYCLE, keyspace.databases.length);
    let totalSampled = 0;
    let totalExpired = 0;
    this.limitHit = false;
    for (let i = 0; i < databases && !this.limitHit; i++) {
      this.database = keyspace.databases[this.nextDatabase % keyspace.databases.length];
      this.nextDatabase = (this.nextDatabase + 1) % keyspace.databases.length;
      let rounds = 0;
      while (this.database.expires.size > 0) {
        const expired = this.sampleOnce(keysPerLoop);
        totalSampled += this.sampled;
        totalExpired += expired;
        if ((++rounds & 15) === 0 && performance.now() > until) {
          this.limitHit = true;
          this.timeLimitReached++;
          break;
        }
        if (this.sampled === 0 || expired * 100 / this.sampled <= acceptable) break;
      }
    }
    const stale = totalSampled === 0 ? 0 : totalExpired * 100 / totalSampled;
    this.stalePercent = stale * 0.05 + this.stalePercent * 0.95;
  }

  private fieldsJob(until: number, effort: number): void {
    const { keyspace } = this;
    const keysPerLoop = KEYS_PER_LOOP + Math.floor(KEYS_PER_LOOP / 4) * effort;
    const acceptable = ACCEPTABLE_STALE_PERCENT - effort;
    const databases = Math.min(DATABASES_PER_CYCLE, keyspace.databases.length);
    let totalSampled = 0;
    let totalExpired = 0;
    this.fieldLimitHit = false;
    for (let i = 0; i < databases && !this.fieldLimitHit; i++) {
      this.database = keyspace.databases[this.nextFieldDatabase % keyspace.databases.length];
      this.nextFieldDatabase = (this.nextFieldDatabase + 1) % keyspace.databases.length;
      while (this.database.fieldExpires.size > 0) {
        const expired = this.sampleHashes(keysPerLoop);
        totalSampled += this.sampled;
        totalExpired += expired;
        if (performance.now() > until) {
          this.fieldLimitHit = true;
          this.timeLimitReached++;
          break;
        }
        if (this.sampled === 0 || expired * 100 / this.sampled <= acceptable) break;
      }
    }
    const stale = totalSampled === 0 ? 0 : totalExpired * 100 / totalSampled;
    this.staleFieldsPercent = stale * 0.05 + this.staleFieldsPercent * 0.95;
  }

  /** Looks at about `count` hashes of the current database; returns how many had expired fields. */
  private sampleHashes(count: number): number {
    const { database, due } = this;
    const wanted = Math.min(count, database.fieldExpires.size);
    this.sampled = 0;
    let found = 0;
    for (let buckets = wanted * BUCKETS_PER_KEY; buckets > 0 && this.sampled < wanted; buckets--) {
      due.length = 0;
      const cursor = database.fieldExpires.scan(this.fieldCursors[database.id], this.visitHash);
      found += due.length;
      let hasMore = false;
      for (const ref of due) {
        const fieldsMax = count * FIELDS_PER_KEY;
        if (this.fieldExpiry.reclaim(database, ref, fieldsMax) === fieldsMax) hasMore = true;
      }
      // A hash with more of them is visited again, in the next loop.
      if (hasMore) break;
      this.fieldCursors[database.id] = cursor;
      if (cursor === 0) break;
    }
    return found;
  }

  /** Looks at about `count` keys of the current database; returns how many were deleted. */
  private sampleOnce(count: number): number {
    const { database, due } = this;
    const wanted = Math.min(count, database.expires.size);
    this.sampled = 0;
    due.length = 0;
    let cursor = this.cursors[database.id];
    for (let buckets = wanted * BUCKETS_PER_KEY; buckets > 0 && this.sampled < wanted; buckets--) {
      cursor = database.expires.scan(cursor, this.visit);
      if (cursor === 0) break;
    }
    this.cursors[database.id] = cursor;
    for (const ref of due) database.deleteExpired(ref);
    return due.length;
  }
}
