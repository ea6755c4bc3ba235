// Replies that wait until what they tell is on disk (appendfsync always): what each command has to wait for, the clients
// that wait, and their release when the log has become durable. Dispatch calls it around every command, the log when
// it is switched and when it gets on, the server before it sleeps. Hot: a command allocates nothing here.
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Client } from "../../net/client.ts";
import { ReplyHolds } from "../../net/reply_holds.ts";
import { UncommittedKeys } from "../../persistence/durability/uncommitted_keys.ts";
import { type Command, FLAG_ADMIN, FLAG_KEYSPACE_GLOBAL, FLAG_WRITE } from "../command_table.ts";
import type { Propagation } from "../feed/propagation.ts";
import { BackPressure } from "./back_pressure.ts";
import { DeferredDeliveries } from "./deferred_deliveries.ts";

/** What was the reply of a command that wrote, of one that read, or of something else (a line for MONITOR). */
export const HELD_WRITE = 0;
export const HELD_READ = 1;
export const HELD_OTHER = 2;

/** The log as far as replies wait for it. */
export interface DurableLog {
  /** R: bytes of its stream, those of the running turn included. */
  readonly offset: number;
  /** D: all of the stream below it is on disk. */
  readonly durableOffset: number;
}

/** What it switches in dispatch. */
export interface DurabilitySwitches {
  /** From now on, or no longer, each write asks whether it has to wait for the log. */
  holdWriters(on: boolean): void;
  /** Monitors keep the places of their lines. */
  keepPlaces(on: boolean): void;
}

export class Durability {
  /** Replies wait for the log. Dispatch asks once a command. */
  active = false;
  /** A: the durable offset that was acted on last; -1 while nothing waits for a log. */
  acked = -1;
  /** `DEBUG reply-blocking-pause aof`: the log gets on, nobody is told. */
  isPaused = false;
  /** Each reply that may have to wait ends its chunk of output (for tests). */
  sealsReplies = false;
  readonly uncommitted: UncommittedKeys;
  readonly deliveries: DeferredDeliveries;
  readonly pressure: BackPressure;
  /** Replies that had to wait, by what they were the reply of: HELD_WRITE, HELD_READ, HELD_OTHER. */
  readonly heldReplies = [0, 0, 0];
  /** Those that were released, and how long they had waited together, microseconds. */
  releasedReplies = 0;
  heldMicros = 0;
  /** How often a client began to wait, waited no more, and went away while it did. */
  blockedClients = 0;
  unblockedClients = 0;
  disconnectedClients = 0;
  #log: DurableLog | null = null;
  /** Clients whose output has a boundary, in no order. */
  readonly #waiting: Client[] = [];
  /** The command reveals something about keys that it has not looked up. */
  #revealsAll = false;
  /** The time of the turn's first held reply, milliseconds; -1 = none yet. */
  #now = -1;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly propagation: Propagation,
    private readonly switches: DurabilitySwitches,
  ) {
    this.pressure = new BackPressure((on) => switches.holdWriters(on));
    this.uncommitted = new UncommittedKeys(keyspace.databases.length);
    this.deliveries = new DeferredDeliveries(this);
    this.pressure.messages = this.deliveries;
  }

  /** R; 0 without a log. */
  get offset(): number {
    return this.#log === null ? 0 : this.#log.offset;
  }

  /**
   * From here on replies wait for this log; null: for none. Everything that was held is released: drain the old log
   * first. Call it at every change of the log, its policy or its strategy.
   */
  attach(log: DurableLog | null): void {
    if (log === this.#log) return;
    if (this.#log !== null) this.#releaseAll();
    this.#log = log;
    this.active = log !== null;
    this.keyspace.durability = log === null ? null : this.uncommitted;
    this.propagation.units = log === null ? null : this;
    this.switches.keepPlaces(this.active);
    if (log === null) return;
    this.acked = log.durableOffset;
    this.uncommitted.acknowledge(this.acked);
  }

  #releaseAll(): void {
    this.active = false;
    this.acked = -1;
    while (this.#waiting.length > 0) {
      const client = this.#waiting[this.#waiting.length - 1];
      this.#leave(client, client.holds!);
      client.scheduleFlush();
    }
    this.uncommitted.clear();
    this.deliveries.runAll();
    this.pressure.check(this.#waiting);
  }

  /** Freezes A. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.progressed();
  }

  /** The log may have become durable further: releases the replies and deliveries that have waited for that. */
  progressed(): void {
    if (this.#log !== null) this.#acknowledge(this.#log.durableOffset);
    this.pressure.check(this.#waiting);
  }

  #acknowledge(durable: number): void {
    if (this.isPaused || durable <= this.acked) return;
    this.acked = durable;
    this.uncommitted.acknowledge(durable);
    this.#release(durable);
    this.deliveries.acknowledge(durable);
  }

  /** Before the loop sleeps: what changed outside of units is stamped, then as `progressed`. */
  beforeSleep(): void {
    if (this.active) this.unitEnds();
    this.progressed();
    this.#now = -1;
  }

  /** A unit has gone to the log's stream: its keys and deliveries wait for the stream's end. */
  unitEnds(): void {
    const { offset } = this;
    this.uncommitted.stamp(offset);
    this.deliveries.unitEnds(offset);
  }

  // Commands.

  /** Before a client's command, EXEC with all it runs. The caller keeps the end of the client's output and R. */
  commandBegins(): void {
    this.#revealsAll = false;
    this.uncommitted.resetSeen();
    this.deliveries.unitBegins();
  }

  /** The command tells something that may come from any key. */
  revealsAll(): void {
    this.#revealsAll = true;
  }

  /**
   * Behind it, its unit has ended: what it has replied, from `position` on, waits for what it tells. `before`: R when it
   * began. The result is what it waits for, which may be durable already.
   */
  commandEnds(client: Client, command: Command, position: number, before: number): number {
    const { offset } = this;
    const { flags } = command;
    let needed: number;
    let kind = HELD_READ;
    if (offset > before && ((flags & FLAG_WRITE) !== 0 || command.fullName === "exec")) {
      needed = offset;
      kind = HELD_WRITE;
    } else if (this.#revealsAll || (flags & FLAG_KEYSPACE_GLOBAL) !== 0) needed = offset;
    else if ((flags & (FLAG_ADMIN | FLAG_WRITE)) === FLAG_ADMIN) needed = 0;
    else needed = this.uncommitted.seen;
    if (needed > this.acked) this.hold(client, position, needed, kind);
    if (this.sealsReplies) client.output.seal();
    const { holds } = client;
    if (holds !== null && holds.count > 0) this.pressure.replied(client, client.output.end - position);
    return needed;
  }

  /** What was appended to the client's output from `position` on waits for `offset`. */
  hold(client: Client, position: number, offset: number, kind = HELD_OTHER): void {
    const { output } = client;
    // The command may have ended the waiting itself (CONFIG SET).
    if (!this.active || offset <= this.acked || output.end <= position || client.isClosed) return;
    let { holds } = client;
    if (holds === null) client.holds = holds = new ReplyHolds();
    if (this.#now < 0) this.#now = performance.now();
    if (!holds.add(position, offset, this.#now)) return;
    this.heldReplies[kind]++;
    if (holds.count > 1) return;
    output.limit = position;
    holds.waitingIndex = this.#waiting.length;
    this.#waiting.push(client);
    this.blockedClients++;
  }

  /** Clients that wait and are still there to be answered. */
  get waitingClients(): number {
    let count = 0;
    for (const client of this.#waiting) if (!client.inputEnded) count++;
    return count;
  }

  /** Output that may not be sent yet, bytes. */
  get heldBytes(): number {
    let total = 0;
    for (const { output } of this.#waiting) total += output.heldBytes;
    return total;
  }

  /** The connection is gone, and its output with it. */
  forget(client: Client): void {
    const { holds } = client;
    if (holds === null) return;
    this.pressure.forget(client);
    if (holds.count === 0) return;
    this.disconnectedClients++;
    this.#leave(client, holds);
  }

  /**
   * Ends the connections of all who wait: what they would be told is not going to be durable (this server is a replica from
   * now on).
   */
  disconnectWaiting(): void {
    for (const client of [...this.#waiting]) client.closeNow();
  }

  /** Takes the boundaries at or below `durable` away. */
  #release(durable: number): void {
    if (this.#waiting.length === 0) return;
    const now = performance.now();
    // Downwards: one that leaves is replaced by the last, which was looked at.
    for (let index = this.#waiting.length - 1; index >= 0; index--) {
      const client = this.#waiting[index];
      const holds = client.holds!;
      if (holds.firstOffset > durable) continue;
      do {
        this.heldMicros += (now - holds.firstTime) * 1000;
        this.releasedReplies++;
        holds.shift();
      } while (holds.count > 0 && holds.firstOffset <= durable);
      if (holds.count > 0) client.output.release(holds.firstPosition);
      else {
        this.unblockedClients++;
        this.#leave(client, holds);
      }
      client.scheduleFlush();
    }
  }

  #leave(client: Client, holds: ReplyHolds): void {
    holds.clear();
    client.output.release(Infinity);
    const last = this.#waiting.pop()!;
    if (last !== client) {
      last.holds!.waitingIndex = holds.waitingIndex;
      this.#waiting[holds.waitingIndex] = last;
    }
    holds.waitingIndex = -1;
  }
}
