// Active expiry: samples keys that have an expiry and deletes those whose time has come, in slices bounded by time.
// Effort, sample sizes and the acceptable percentage of stale keys follow Valkey's rules.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";

const KEYS_PER_LOOP = 20;
const FAST_MICROS = 1000;
const SLOW_TIME_PERCENT = 25;
const ACCEPTABLE_STALE_PERCENT = 10;
/** Databases looked at in one cycle. */
const DATABASES_PER_CYCLE = 16;
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
  private nextDatabase = 0;
  private limitHit = false;
  private lastFastStart = 0;
  private readonly cursors: number[];
  private readonly due: Ref[] = [];
  private sampled = 0;
  private readonly visit: (ref: Ref) => void;
  private database: Database;

  constructor(private readonly keyspace: Keyspace) {
    this.cursors = new Array(keyspace.databases.length).fill(0);
    this.database = keyspace.databases[0];
    this.visit = (ref) => {
      this.sampled++;
      if (this.database.hasExpired(ref)) this.due.push(ref);
    };
  }

  resetStats(): void {
    this.stalePercent = 0;
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
    if (!this.limitHit && this.stalePercent < acceptable) return;
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
    this.totalMs += performance.now() - start;
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
