// The periodic work of the server, `hz` times a second, each part bounded in time: expiry, eviction, resizing tables,
// background freeing, client timeouts, save points, samples for INFO.
import type { Server } from "./server.ts";

/** Resizing may take this long a tick, background freeing and eviction likewise. */
const REHASH_MICROS = 1000;
const LAZY_FREE_MICROS = 1000;
const RECLAIM_MICROS = 1000;
const SAMPLE_INTERVAL_MS = 100;
const DATABASES_RESIZED_PER_TICK = 16;
const MEMORY_PEAK_INTERVAL_MS = 1000;
const CLIENTS_PER_TICK_MAX = 200;
const HZ_MAX = 500;

export class Cron {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastSample = 0;
  private lastPeak = 0;
  private nextDatabase = 0;

  constructor(private readonly server: Server) {}

  start(): void {
    const { server } = this;
    server.expireOptions.hz = this.ticksPerSecond();
    this.timer = setTimeout(() => this.tick(), 1000 / server.expireOptions.hz);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** `hz`; with `dynamic-hz` doubled as often as there are many clients for each tick. */
  private ticksPerSecond(): number {
    const { values } = this.server.config;
    let hz = values.hz;
    if (!values.dynamicHz) return hz;
    while (this.server.clients.count / hz > CLIENTS_PER_TICK_MAX && hz < HZ_MAX) hz *= 2;
    return Math.min(hz, HZ_MAX);
  }

  private tick(): void {
    this.start();
    const { server } = this;
    const { keyspace } = server;
    // What expires and is evicted here reaches the log and those who are told of it at the end of this turn.
    server.wake();
    const now = keyspace.clock.update();
    if (server.loading === null) {
      this.expire();
      this.evict();
      this.resizeTables();
      if (!keyspace.lazyFree.idle) keyspace.lazyFree.run(LAZY_FREE_MICROS);
      this.reclaim();
      server.aof.cron(now);
      server.saves.cron(now);
    }
    // So that a table over its limit comes under it while nobody sends anything.
    if (keyspace.tracked !== null) server.tracking.beforeSleep();
    server.shutdown.cron();
    server.clients.cron(now);
    server.migrator.closeIdle(now);
    server.endPauseWhenDue();
    if (now - this.lastSample >= SAMPLE_INTERVAL_MS) {
      this.lastSample = now;
      const { stats } = server;
      stats.commandRate.sample(stats.commands, now);
      stats.inputRate.sample(stats.inputBytes, now);
      stats.outputRate.sample(stats.outputBytes, now);
      stats.sampleTurns(now);
    }
    if (now - this.lastPeak >= MEMORY_PEAK_INTERVAL_MS) {
      this.lastPeak = now;
      server.notePeak(server.usedMemory());
    }
  }

  private expire(): void {
    const { server } = this;
    if (!server.activeExpire) return;
    const start = performance.now();
    server.expire.slowCycle(server.expireOptions);
    server.latency.addIfNeeded("expire-cycle", performance.now() - start, server.keyspace.clock.ms);
  }

  private evict(): void {
    const { server } = this;
    if (server.config.values.maxmemory === 0) return;
    const start = performance.now();
    server.makeRoom();
    server.latency.addIfNeeded("eviction-cycle", performance.now() - start, server.keyspace.clock.ms);
  }

  /** Frees what snapshots held. */
  private reclaim(): void {
    const { arena } = this.server.keyspace;
    const until = performance.now() + RECLAIM_MICROS / 1000;
    while (arena.reclaim() > 0 && performance.now() < until);
  }

  /** Goes on with resizing in a few databases; shrinks tables that have become sparse. */
  private resizeTables(): void {
    const { keyspace, config } = this.server;
    if (!config.values.activerehashing) return;
    const { databases } = keyspace;
    const until = performance.now() + REHASH_MICROS / 1000;
    const count = Math.min(DATABASES_RESIZED_PER_TICK, databases.length);
    for (let i = 0; i < count; i++) {
      const database = databases[this.nextDatabase++ % databases.length];
      for (const table of [database.keys, database.expires, database.fieldExpires]) {
        if (!table.isRehashing && !table.shrinkIfNeeded()) continue;
        table.rehashFor(REHASH_MICROS);
        if (performance.now() > until) return;
      }
    }
  }
}
