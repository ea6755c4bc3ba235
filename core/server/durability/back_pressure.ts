// How much may wait for the disk: replies held for one client and for all, bytes of the log that are not written yet, and
// messages about changes. Over a high mark a client is not read any more (it is never killed for it), at half of it it
// goes on. Durability tells it of held replies and once a turn; dispatch asks it where RESTRICT_LOG_PRESSURE is set.
import type { CommandClient } from "../../commands/command_client.ts";
import type { Client } from "../../net/client.ts";

/** What the marks are, bytes; 0 = none. CONFIG SET changes them in place. */
export interface PressureLimits {
  /** `held-reply-limit-per-client` */
  clientBytesMax: number;
  /** `held-reply-limit` */
  heldBytesMax: number;
  /** `aof-inflight-limit` */
  logBytesMax: number;
}

/** The writer of the log, as far as its backlog goes. */
export interface LogBacklog {
  /** Appended to the log and not written yet, bytes. */
  readonly waitingBytes: number;
  /** Why it is not written at all; writes are refused then, so that none needs to wait. */
  readonly fault: object | null;
}

export class BackPressure {
  readonly limits: PressureLimits = { clientBytesMax: 0, heldBytesMax: 0, logBytesMax: 0 };
  /** Null where there is no log. Set by the log at every change. */
  backlog: LogBacklog | null = null;
  /** Messages about changes that wait for the log. Only writes make more of them, so they count as the log's bytes do. */
  messages: { readonly bytes: number } | null = null;
  /** How often reading of a client was stopped, and a writer was held back. */
  pauses = 0;
  heldWriters = 0;
  /** Too much is held for all together: whoever has a reply held is stopped. */
  #isOverHeld = false;
  #isOverLog = false;
  /** What all clients hold: counted at the end of the turn before, and what has come since. */
  #heldBytes = 0;
  readonly #paused: Client[] = [];
  #writers: CommandClient[] = [];

  /** `holdWriters`: from now on, or no longer, dispatch asks about each write. */
  constructor(private readonly holdWriters: (on: boolean) => void) {}

  /** Clients that are not read because of what is held. */
  get pausedCount(): number {
    return this.#paused.length;
  }

  /** Clients whose write waits for the log. */
  get waitingWriters(): number {
    return this.#writers.length;
  }

  /** Bytes of the log that are not written yet. */
  get logBytes(): number {
    return this.backlog === null ? 0 : this.backlog.waitingBytes;
  }

  /** Memory of the messages that wait. */
  get messageBytes(): number {
    return this.messages === null ? 0 : this.messages.bytes;
  }

  /** A command of a client that holds replies has added so many bytes. */
  replied(client: Client, bytes: number): void {
    const { clientBytesMax, heldBytesMax } = this.limits;
    this.#heldBytes += bytes;
    if (heldBytesMax > 0 && this.#heldBytes > heldBytesMax) this.#isOverHeld = true;
    if (this.#isOverHeld || (clientBytesMax > 0 && client.output.heldBytes > clientBytesMax)) {
      this.#pause(client);
    }
  }

  #pause(client: Client): void {
    const holds = client.holds!;
    if (holds.isPaused) return;
    holds.isPaused = true;
    this.#paused.push(client);
    this.pauses++;
    client.pauseReading();
  }

  /** The client's write waits until the log has caught up. */
  holdWriter(client: Client): void {
    this.#writers.push(client);
    this.heldWriters++;
    client.block({ reason: "log", cancelled: (gone) => this.#forgetWriter(gone) });
  }

  #forgetWriter(client: CommandClient): void {
    this.#writers = this.#writers.filter((each) => each !== client);
  }

  /** Once a turn, and whenever the log has got on. `waiting`: the clients that hold replies. */
  check(waiting: readonly Client[]): void {
    let held = 0;
    for (let index = 0; index < waiting.length; index++) held += waiting[index].output.heldBytes;
    this.#heldBytes = held;
    const { heldBytesMax, logBytesMax } = this.limits;
    this.#isOverHeld = this.#isOver(held, heldBytesMax, this.#isOverHeld);
    if (this.#isOverHeld) {
      for (let index = 0; index < waiting.length; index++) {
        this.#pause(waiting[index]);
      }
    }
    if (this.#paused.length > 0) this.#resume();
    const fails = this.backlog !== null && this.backlog.fault !== null;
    const inFlight = this.logBytes + this.messageBytes;
    const overLog = !fails && this.#isOver(inFlight, logBytesMax, this.#isOverLog);
    if (overLog === this.#isOverLog) return;
    this.#isOverLog = overLog;
    this.holdWriters(overLog);
    if (!overLog) this.#releaseWriters();
  }

  /** Between the low mark, half of the high one, and the high one everything stays as it is. */
  #isOver(bytes: number, max: number, isOver: boolean): boolean {
    return max > 0 && bytes > (isOver ? max / 2 : max);
  }

  #resume(): void {
    if (this.#isOverHeld) return;
    const { clientBytesMax } = this.limits;
    for (let index = this.#paused.length - 1; index >= 0; index--) {
      const client = this.#paused[index];
      if (clientBytesMax > 0 && client.output.heldBytes > clientBytesMax / 2) continue;
      this.#leave(client, index);
      client.resumeReading();
    }
  }

  #releaseWriters(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const client of writers) client.unblock({ again: true });
  }

  /** The connection is gone. */
  forget(client: Client): void {
    if (client.holds!.isPaused) this.#leave(client, this.#paused.indexOf(client));
  }

  #leave(client: Client, index: number): void {
    const last = this.#paused.pop()!;
    if (last !== client) this.#paused[index] = last;
    client.holds!.isPaused = false;
  }
}
