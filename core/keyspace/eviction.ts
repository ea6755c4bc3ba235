// Eviction: makes room under `maxmemory` by the configured policy, sampling keys as Valkey does (a pool of the best
// candidates seen so far, `maxmemory-samples` new ones each time), a bounded time a call.
import type { Ref } from "../memory/arena.ts";
import { lfuDecayed, lruIdleSeconds } from "./access.ts";
import type { Database } from "./database.ts";
import { FLAG_EXPIRE, WORD_ACCESS } from "./entry_layout.ts";
import type { Keyspace } from "./keyspace.ts";

export type EvictionPolicy =
  | "noeviction"
  | "allkeys-lru"
  | "allkeys-lfu"
  | "allkeys-random"
  | "volatile-lru"
  | "volatile-lfu"
  | "volatile-random"
  | "volatile-ttl";

const POOL_SIZE = 16;
const LAZY_FREE_MICROS = 100;

interface Candidate {
  key: Uint8Array;
  database: number;
  score: number;
}

/** "enough": under the limit; "more": still evicting, run again; "full": nothing left to evict. */
export type EvictionResult = "enough" | "more" | "full";

export class Eviction {
  policy: EvictionPolicy = "noeviction";
  samples = 5;
  /** `maxmemory-eviction-tenacity`, 0 to 100. */
  tenacity = 10;
  private pool: Candidate[] = [];
  private nextDatabase = 0;

  constructor(private readonly keyspace: Keyspace, private readonly excessBytes: () => number) {}

  /** Evicts until memory is under the limit, the time is up or no candidate is left. */
  run(): EvictionResult {
    if (this.excessBytes() <= 0) return "enough";
    if (this.policy === "noeviction") return "full";
    const until = performance.now() + this.timeLimitMicros() / 1000;
    let evicted = 0;
    while (this.excessBytes() > 0) {
      const victim = this.policy.endsWith("random") ? this.randomVictim() : this.pooledVictim();
      if (victim === null) return this.keyspace.lazyFree.idle ? "full" : "more";
      this.evict(victim.database, victim.ref);
      if ((++evicted & 15) !== 0) continue;
      // Big values go in the background: what is on its way must be gone before more keys are given up for it.
      if (!this.keyspace.lazyFree.idle) this.keyspace.lazyFree.run(LAZY_FREE_MICROS);
      if (performance.now() > until) return this.excessBytes() > 0 ? "more" : "enough";
    }
    return "enough";
  }

  /** Microseconds a call may take: 50 a step up to tenacity 10, then growing by 15 % a step; 100 = no limit. */
  private timeLimitMicros(): number {
    if (this.tenacity <= 10) return 50 * this.tenacity;
    if (this.tenacity < 100) return 500 * Math.pow(1.15, this.tenacity - 10);
    return Infinity;
  }

  private evict(database: Database, ref: Ref): void {
    const { keyspace } = this;
    const address = keyspace.entries.keyAddress(ref);
    const length = keyspace.entries.keyLength(ref);
    const key = keyspace.arena.u8.slice(address, address + length);
    keyspace.stats.evicted++;
    if (keyspace.lazyFreePolicy.eviction) database.unlinkEntry(ref);
    else database.removeEntry(ref);
    keyspace.durability?.touched(database.id, key, 0, length);
    keyspace.removals?.keyEvicted(database.id, key, 0, length);
    keyspace.announce(database.id, "evicted", "evicted", key, 0, length);
  }

  private get volatileOnly(): boolean {
    return this.policy.startsWith("volatile");
  }

  private randomVictim(): { database: Database; ref: Ref } | null {
    const { databases } = this.keyspace;
    for (let i = 0; i < databases.length; i++) {
      const database = databases[this.nextDatabase++ % databases.length];
      const table = this.volatileOnly ? database.expires : database.keys;
      if (table.size > 0) return { database, ref: table.random() };
    }
    return null;
  }

  private pooledVictim(): { database: Database; ref: Ref } | null {
    while (true) {
      let candidates = 0;
      for (const database of this.keyspace.databases) {
        const table = this.volatileOnly ? database.expires : database.keys;
        if (table.size === 0) continue;
        candidates += table.size;
        for (let i = 0; i < this.samples; i++) this.offer(database, table.random());
      }
      if (candidates === 0) return null;
      let best: Candidate | undefined;
      while ((best = this.pool.pop()) !== undefined) {
        const database = this.keyspace.databases[best.database];
        const table = this.volatileOnly ? database.expires : database.keys;
        const ref = table.find(best.key, 0, best.key.length);
        if (ref !== 0) return { database, ref };
      }
    }
  }

  /** Keeps the entry in the pool where it is a better candidate than the worst there. */
  private offer(database: Database, ref: Ref): void {
    const { pool } = this;
    const score = this.score(ref);
    if (pool.length === POOL_SIZE && score <= pool[0].score) return;
    const key = this.keyspace.entries.keyBytes(ref);
    if (pool.some((each) => each.database === database.id && sameBytes(each.key, key))) return;
    let at = pool.length;
    while (at > 0 && pool[at - 1].score > score) at--;
    pool.splice(at, 0, { key, database: database.id, score });
    if (pool.length > POOL_SIZE) pool.shift();
  }

  /** The higher the sooner it goes. */
  private score(ref: Ref): number {
    const { arena, clock, lfu } = this.keyspace;
    const word = arena.u32[ref * 4 + WORD_ACCESS];
    if (this.policy.endsWith("lru")) return lruIdleSeconds(word, clock.lruSeconds);
    if (this.policy.endsWith("lfu")) return 255 - lfuDecayed(word, clock.ms, lfu);
    const hasExpire = (arena.u32[ref * 4] & FLAG_EXPIRE) !== 0;
    return hasExpire ? Number.MAX_SAFE_INTEGER - arena.f64[ref * 2 + 3] : 0;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
