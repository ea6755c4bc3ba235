// Clients that wait for keys (BLPOP, BZPOPMIN, XREAD BLOCK...): who waits for what since when, and waking them behind the
// command that made a key ready. A client is woken by running its command again; nothing here knows what commands do.
// Dispatch calls `serve` after a command, the server before it sleeps.
import type { Blocking, CommandClient } from "../commands/command_client.ts";
import type { KeyWaiters as KeyWaitersInterface, WaitOptions } from "../commands/key_waiters.ts";
import type { AwaitedKeys } from "../keyspace/hooks.ts";
import type { Database } from "../keyspace/database.ts";
import { keyHash, KeyMap, type KeyMapEntry } from "../keyspace/key_map.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { UNBLOCKED } from "../protocol/errors.ts";
import { Deadlines, type Timed } from "./deadlines.ts";

/** What waiting needs of the server. */
export interface WaitersHost {
  readonly keyspace: Keyspace;
  /** Something has to be done before the loop sleeps again. */
  wake(): void;
  /** Runs `write`, which replies to a client of whom no command runs. */
  replyLate(client: CommandClient, write: () => void): void;
  /** A wait came to its end without its command having run again: it is counted now. */
  waitEnded(client: CommandClient, how: { failed: boolean }): void;
}

export class KeyWaiters implements KeyWaitersInterface {
  /** By database number. */
  private readonly databases = new Map<number, WaitingDatabase>();
  private readonly deadlines: Deadlines<Waiter>;
  private readyKeys: KeyQueue[] = [];
  private serving = false;
  private nextTicket = 1;

  constructor(private readonly host: WaitersHost) {
    this.deadlines = new Deadlines(() => this.endDue());
  }

  /** Some key became ready and nobody has been served for it yet. */
  get hasReady(): boolean {
    return this.readyKeys.length > 0;
  }

  /** Keys that clients wait for (`total_blocking_keys`). */
  get keyCount(): number {
    let count = 0;
    for (const database of this.databases.values()) count += database.keys.size;
    return count;
  }

  /** Those for which some client is to be woken too when they go away. */
  get goneKeyCount(): number {
    let count = 0;
    for (const database of this.databases.values()) {
      database.keys.forEach((queue) => {
        if (queue.goneWaiters > 0) count++;
      });
    }
    return count;
  }

  get timeoutCount(): number {
    return this.deadlines.size;
  }

  wait(client: CommandClient, args: Arguments, options: WaitOptions): void {
    const before = client.keyWait as Waiter | null;
    const again = before !== null && before.args === args;
    const { clock } = this.host.keyspace;
    const ticket = again ? before.ticket : this.nextTicket++;
    const deadline = again
      ? before.deadline
      : options.timeoutMs > 0
      ? clock.ms + options.timeoutMs
      : Infinity;
    const waiter = new Waiter(this, client, options, ticket, deadline);
    const database = this.waitingIn(client.db);
    const step = options.step ?? 1;
    for (let index = options.firstKey; index <= options.lastKey; index += step) {
      database.add(waiter, args, index);
    }
    if (waiter.deadline < Infinity) this.deadlines.add(waiter);
    client.block(waiter);
    waiter.args = client.heldArgs;
    client.keyWait = waiter;
  }

  ready(database: Database, key: Uint8Array, start: number, end: number): void {
    if (database.awaited !== null) this.databases.get(database.id)!.ready(key, start, end);
  }

  /** Wakes those who wait for keys that became ready, until none is left: serving one may make others ready. */
  serve(): void {
    if (this.serving) return;
    this.serving = true;
    try {
      while (this.readyKeys.length > 0) {
        const batch = this.readyKeys;
        this.readyKeys = [];
        for (const queue of batch) this.serveKey(queue);
      }
    } finally {
      this.serving = false;
    }
  }

  stop(): void {
    this.deadlines.stop();
  }

  private waitingIn(database: Database): WaitingDatabase {
    let waiting = this.databases.get(database.id);
    if (waiting === undefined) {
      waiting = new WaitingDatabase(this.host.keyspace, database, (queue) => this.markReady(queue));
      this.databases.set(database.id, waiting);
    }
    return waiting;
  }

  private markReady(queue: KeyQueue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    if (this.readyKeys.length === 0) this.host.wake();
    this.readyKeys.push(queue);
  }

  private serveKey(queue: KeyQueue): void {
    queue.isReady = false;
    const { entries } = this.host.keyspace;
    const { waiters, key, database } = queue;
    // Those who come to wait meanwhile have seen the key as it is now.
    const newcomers = this.nextTicket;
    let index = 0;
    while (index < waiters.length) {
      const waiter = waiters[index];
      if (waiter.ticket >= newcomers) break;
      const ref = database.peek(key, 0, key.length);
      if (ref === 0 && queue.goneWaiters === 0) break;
      if ((ref === 0 || entries.type(ref) !== waiter.options.type) && !waiter.options.alsoWhenGone) {
        index++;
        continue;
      }
      this.forget(waiter);
      waiter.client.runAgain();
      if (waiter.client.blocking === null) waiter.client.keyWait = null;
      if (index < waiters.length && waiters[index].ticket === waiter.ticket) index++;
    }
  }

  /** Takes a waiter out of everything. */
  forget(waiter: Waiter): void {
    this.deadlines.remove(waiter);
    for (const queue of waiter.queues) queue.remove(waiter);
  }

  /** CLIENT UNBLOCK: writes the reply. */
  release(waiter: Waiter, how: "timeout" | "error"): void {
    const { client } = waiter;
    client.keyWait = null;
    this.forget(waiter);
    if (how === "timeout") this.host.replyLate(client, () => waiter.options.timedOut(client));
    else client.reply.error(UNBLOCKED);
    this.host.waitEnded(client, { failed: how === "error" });
  }

  /** Ends the waits whose time is up. */
  private endDue(): void {
    this.host.wake();
    const now = this.host.keyspace.clock.update();
    for (let waiter = this.deadlines.takeDue(now); waiter !== null; waiter = this.deadlines.takeDue(now)) {
      this.release(waiter, "timeout");
      waiter.client.unblock({ again: false });
    }
  }
}

/** One client's wait, for all its keys. */
class Waiter implements Blocking, Timed {
  readonly reason = "keys";
  readonly queues: KeyQueue[] = [];
  heapIndex = -1;
  /** Those that the client holds: a command that runs again has the same. */
  args: Arguments | null = null;

  constructor(
    private readonly owner: KeyWaiters,
    readonly client: CommandClient,
    readonly options: WaitOptions,
    /** Who came first has the smaller one. */
    readonly ticket: number,
    readonly deadline: number,
  ) {}

  cancelled(): void {
    this.owner.forget(this);
  }

  unblockedByClient(_client: CommandClient, how: "timeout" | "error"): void {
    this.owner.release(this, how);
  }
}

/** Those who wait for one key, in the order in which they came. */
class KeyQueue implements KeyMapEntry {
  readonly hash: number;
  readonly waiters: Waiter[] = [];
  /** How many of them are to be woken too when the key goes away. */
  goneWaiters = 0;
  isReady = false;
  next: this | null = null;

  constructor(
    private readonly owner: WaitingDatabase,
    readonly database: Database,
    readonly key: Uint8Array,
  ) {
    this.hash = keyHash(key);
  }

  /** Nothing where the waiter is here already: a command may name a key twice. */
  add(waiter: Waiter): void {
    const { waiters } = this;
    let at = waiters.length;
    // One that waits again goes back to its place; it is rarely far from the end.
    while (at > 0 && waiters[at - 1].ticket > waiter.ticket) at--;
    if (at > 0 && waiters[at - 1] === waiter) return;
    waiters.splice(at, 0, waiter);
    waiter.queues.push(this);
    if (waiter.options.alsoWhenGone) this.goneWaiters++;
  }

  remove(waiter: Waiter): void {
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    if (waiter.options.alsoWhenGone) this.goneWaiters--;
    if (this.waiters.length === 0) this.owner.drop(this);
  }
}

/** The keys of one database that clients wait for. Hangs on the database only while there are some. */
class WaitingDatabase implements AwaitedKeys {
  readonly keys = new KeyMap<KeyQueue>();

  constructor(
    private readonly keyspace: Keyspace,
    private readonly database: Database,
    private readonly markReady: (queue: KeyQueue) => void,
  ) {}

  add(waiter: Waiter, args: Arguments, index: number): void {
    let queue = this.keys.find(args.buffer, args.starts[index], args.ends[index]);
    if (queue === null) {
      queue = new KeyQueue(this, this.database, args.bytes(index));
      this.keys.add(queue);
      this.database.awaited = this;
    }
    queue.add(waiter);
  }

  drop(queue: KeyQueue): void {
    this.keys.remove(queue);
    if (this.keys.size === 0) this.database.awaited = null;
  }

  ready(key: Uint8Array, start: number, end: number): void {
    const queue = this.keys.find(key, start, end);
    if (queue !== null) this.markReady(queue);
  }

  appeared(ref: Ref): void {
    const queue = this.queueOf(ref);
    if (queue !== null) this.markReady(queue);
  }

  vanished(ref: Ref): void {
    const queue = this.queueOf(ref);
    if (queue !== null && queue.goneWaiters > 0) this.markReady(queue);
  }

  private queueOf(ref: Ref): KeyQueue | null {
    const { arena, entries } = this.keyspace;
    const key = entries.keyAddress(ref);
    return this.keys.find(arena.u8, key, key + entries.keyLength(ref));
  }

  databaseChanged(): void {
    this.keys.forEach(this.markReady);
  }
}
