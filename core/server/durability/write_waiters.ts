// Clients that wait until their writes are durable here or with replicas (WAIT, WAITAOF): each for what it had written when
// it began. The server asks before it sleeps whether the log has got far enough. What counts is the durable offset itself,
// not the one that was acted on: DEBUG reply-blocking-pause does not hold anybody here.
import type { Blocking, CommandClient } from "../../commands/command_client.ts";
import type { WriteWait, WriteWaiters as WriteWaitersInterface } from "../../commands/write_waiters.ts";
import type { Clock } from "../../keyspace/clock.ts";
import { UNBLOCKED, WAITAOF_WITHOUT_LOG } from "../../protocol/errors.ts";
import { Deadlines, type Timed } from "../deadlines.ts";
import type { DurableLog } from "./durability.ts";

/** What waiting needs of the server. */
export interface WriteWaitersHost {
  readonly clock: Clock;
  /** Null while there is no log. */
  readonly durableLog: DurableLog | null;
  /** Something has to be done before the loop sleeps again. */
  wake(): void;
  /** A wait is over: its command is counted now. */
  waitEnded(client: CommandClient, how: { failed: boolean }): void;
}

/** Replicas that have acknowledged an offset: there are none yet. */
const REPLICA_ACKS = 0;

export class WriteWaiters implements WriteWaitersInterface {
  readonly #deadlines: Deadlines<Waiter>;
  readonly #waiting = new Set<Waiter>();

  constructor(private readonly host: WriteWaitersHost) {
    this.#deadlines = new Deadlines(() => this.#endDue());
  }

  get hasLog(): boolean {
    return this.host.durableLog !== null;
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  get timeoutCount(): number {
    return this.#deadlines.size;
  }

  wait(client: CommandClient, wait: WriteWait): void {
    const local = this.#localAcks(client.writeOffset);
    if (!client.mayBlock || (local >= wait.local && REPLICA_ACKS >= wait.replicas)) {
      wait.reply(client, local, REPLICA_ACKS);
      return;
    }
    const deadline = wait.timeoutMs > 0 ? this.host.clock.ms + wait.timeoutMs : Infinity;
    const waiter = new Waiter(this, client, wait, client.writeOffset, deadline);
    this.#waiting.add(waiter);
    if (deadline < Infinity) this.#deadlines.add(waiter);
    client.block(waiter);
  }

  /** 1 where all below `offset` is durable here, otherwise 0. */
  #localAcks(offset: number): number {
    const log = this.host.durableLog;
    if (log === null) return offset === 0 ? 1 : 0;
    // What was written to a log that has ended since is not in this one's stream.
    return log.durableOffset >= Math.min(offset, log.offset) ? 1 : 0;
  }

  /** The log may have become durable further, or have ended. */
  progressed(): void {
    for (const waiter of this.#waiting) {
      const { client, wait } = waiter;
      if (wait.local > 0 && !this.hasLog) {
        this.#end(waiter, () => client.reply.error(WAITAOF_WITHOUT_LOG), { failed: true });
      } else if (this.#localAcks(waiter.offset) >= wait.local && REPLICA_ACKS >= wait.replicas) {
        this.#end(waiter, () => this.#reply(waiter), { failed: false });
      } else continue;
      client.unblock({ again: false });
    }
  }

  stop(): void {
    this.#deadlines.stop();
  }

  forget(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    this.#deadlines.remove(waiter);
  }

  /** CLIENT UNBLOCK: writes the reply. */
  release(waiter: Waiter, how: "timeout" | "error"): void {
    const { client } = waiter;
    if (how === "timeout") this.#end(waiter, () => this.#reply(waiter), { failed: false });
    else this.#end(waiter, () => client.reply.error(UNBLOCKED), { failed: true });
  }

  #endDue(): void {
    this.host.wake();
    const now = this.host.clock.update();
    for (let waiter = this.#deadlines.takeDue(now); waiter !== null; waiter = this.#deadlines.takeDue(now)) {
      this.release(waiter, "timeout");
      waiter.client.unblock({ again: false });
    }
  }

  #end(waiter: Waiter, reply: () => void, how: { failed: boolean }): void {
    this.forget(waiter);
    reply();
    this.host.waitEnded(waiter.client, how);
  }

  #reply({ client, wait, offset }: Waiter): void {
    wait.reply(client, this.#localAcks(offset), REPLICA_ACKS);
  }
}

class Waiter implements Blocking, Timed {
  readonly reason = "wait";
  heapIndex = -1;

  constructor(
    private readonly owner: WriteWaiters,
    readonly client: CommandClient,
    readonly wait: WriteWait,
    /** The end of the client's last write in the log's stream. */
    readonly offset: number,
    readonly deadline: number,
  ) {}

  cancelled(): void {
    this.owner.forget(this);
  }

  unblockedByClient(_client: CommandClient, how: "timeout" | "error"): void {
    this.owner.release(this, how);
  }
}
