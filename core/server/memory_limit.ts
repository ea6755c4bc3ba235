// `maxmemory`: whether memory is over it, making room by eviction, and for how long it has been over. Dispatch asks before
// commands while a limit is set; cron asks too.
import { Eviction } from "../keyspace/eviction.ts";
import type { Server } from "./server.ts";

/** How old the sum of the clients' memory may be where the limit is checked: so many clients are added up in each millisecond. */
const CLIENTS_PER_MS = 50;
const CLIENT_MEMORY_INTERVAL_MS = 100;

/** Output of clients that cache keys which does not count against the limit: so much, or this share of the limit. */
const UNCOUNTED_BYTES = 1024 * 1024;
const UNCOUNTED_SHARE = 1 / 8;

export class MemoryLimit {
  readonly eviction: Eviction;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Memory of the clients as it was a moment ago: adding it up takes time that grows with their number. */
  private clientBytes = 0;
  private clientBytesAt = 0;
  /** A client has gone since; no key is evicted for what it had. */
  private clientClosed = false;
  /** Milliseconds since 1970 since when memory is over the limit; 0 = it is not. */
  private exceededSince = 0;
  private exceededTotalMs = 0;

  constructor(private readonly server: Server) {
    this.eviction = new Eviction(server.keyspace, () => this.excessBytes());
  }

  /** Evicts where memory is over the limit; false where it stays over it. Nothing is evicted during a pause or a load. */
  makeRoom(): boolean {
    const { server } = this;
    if (server.config.values.maxmemory === 0) return true;
    if (this.excessBytes() <= 0 || (this.forgetsClosed() && this.excessBytes() <= 0)) {
      if (this.exceededSince !== 0) this.exceededEnds();
      return true;
    }
    if (server.loading !== null || server.pause.mode !== "none") return true;
    // Those who need room are made to wait for the snapshot; memory would not be given back sooner.
    if (server.keyspace.cut?.congested) return true;
    if (this.exceededSince === 0) this.exceededSince = server.keyspace.clock.ms;
    const result = this.eviction.run();
    if (result === "enough") this.exceededEnds();
    if (result === "more" && this.timer === undefined) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.makeRoom();
      }, 0);
    }
    return result !== "full";
  }

  /**
   * Bytes over the limit; at most 0 where there is room. What the heap needs is not the clients' doing, and retired blocks
   * are as good as free: evicting more keys would not make them go sooner.
   */
  private excessBytes(): number {
    const { keyspace, config } = this.server;
    const { arena } = keyspace;
    return arena.usedBytes - arena.retiredBytes + this.recentClientBytes() - config.values.maxmemory;
  }

  private recentClientBytes(): number {
    const { clients, keyspace } = this.server;
    const now = keyspace.clock.ms;
    const interval = Math.min(CLIENT_MEMORY_INTERVAL_MS, clients.count / CLIENTS_PER_MS);
    if (now - this.clientBytesAt > interval || now < this.clientBytesAt) {
      this.clientBytes = clients.memoryBytes() - this.uncountedBytes();
      this.clientBytesAt = now;
      this.clientClosed = false;
    }
    return this.clientBytes;
  }

  /**
   * Every key that is evicted is told to the clients that cache it. Evicting more keys because of these messages would go
   * on until none is left; they count only where somebody does not read them.
   */
  uncountedBytes(): number {
    const { keyspace, tracking, config } = this.server;
    if (keyspace.tracked === null) return 0;
    return Math.min(
      tracking.outputBytes(),
      Math.max(UNCOUNTED_BYTES, config.values.maxmemory * UNCOUNTED_SHARE),
    );
  }

  /** A connection has ended. */
  noteClosed(): void {
    this.clientClosed = true;
  }

  /** Makes the next sum a new one where a client has gone since the last; false where none has. */
  private forgetsClosed(): boolean {
    if (!this.clientClosed) return false;
    this.clientBytesAt = 0;
    return true;
  }

  private exceededEnds(): void {
    this.exceededTotalMs += Math.max(0, this.server.keyspace.clock.ms - this.exceededSince);
    this.exceededSince = 0;
  }

  /** For how long memory has been over the limit, milliseconds: since it last was not, and in all. */
  exceededMs(): { current: number; total: number } {
    const { ms } = this.server.keyspace.clock;
    const current = this.exceededSince === 0 ? 0 : Math.max(0, ms - this.exceededSince);
    return { current, total: this.exceededTotalMs + current };
  }

  resetStats(): void {
    this.exceededTotalMs = 0;
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
