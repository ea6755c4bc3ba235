// One turn of the event loop: every read that is ready runs its commands, then `end` runs once. Deno settles all ready
// operations before it runs their continuations, and continuations of reads are equally deep; so a microtask queued
// by the first of them runs behind the last of them.
import type { Client } from "./client.ts";

export interface TurnHooks {
  /** First thing in a turn: update the cached clock. */
  beginTurn(): void;
  /** After the turn's commands: feed log and replicas, then `turn.flush()`. */
  beforeSleep(): void;
}

export class Turn {
  /** Turns so far. */
  count = 0;
  readonly #hooks: TurnHooks;
  #isOpen = false;
  #dirty: Client[] = [];
  #flushing: Client[] = [];
  #resumed: Client[] = [];

  constructor(hooks: TurnHooks) {
    this.#hooks = hooks;
  }

  /** Something happens on the loop: opens a turn unless one is open. Cheap; call it first in every callback. */
  wake(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.count++;
    queueMicrotask(this.#end);
    this.#hooks.beginTurn();
  }

  /** The client has output: it is written at the end of this turn. Client.scheduleFlush() calls it once a turn. */
  queueFlush(client: Client): void {
    this.#dirty.push(client);
    this.wake();
  }

  /** The client may go on (unblocked, unpaused): its waiting input is run at the end of this turn. */
  queueResume(client: Client): void {
    this.#resumed.push(client);
    this.wake();
  }

  /** Commands may have run whose consequences `beforeSleep` has still to decide. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Writes the output of all clients that have some. beforeSleep calls it, after everything that decides limits. */
  flush(): void {
    const clients = this.#dirty;
    this.#dirty = this.#flushing;
    this.#flushing = clients;
    for (let index = 0; index < clients.length; index++) clients[index].flushQueued();
    clients.length = 0;
  }

  readonly #end = (): void => {
    const resumed = this.#resumed;
    if (resumed.length > 0) {
      this.#resumed = [];
      for (let index = 0; index < resumed.length; index++) resumed[index].goOn();
    }
    // From here on a wake() opens the next turn: nothing that happens in beforeSleep is forgotten.
    this.#isOpen = false;
    // Those that went on may have released others.
    if (this.#resumed.length > 0) this.wake();
    this.#hooks.beforeSleep();
  };
}
