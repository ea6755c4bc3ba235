// Messages about changes that are not durable yet: keyspace notifications and invalidations wait here, each with the
// offset of the log behind its change, until the log is durable up to it. Durability owns it and tells it of units and
// of what is acknowledged; KeyspaceEvents and ClientTracking put their messages in.

/** A message that waits. */
export interface Delivery {
  /** Memory that it takes while it waits, bytes. */
  readonly bytes: number;
  /** Sends it. Who gets it now is the message's own affair: clients come and go meanwhile. */
  deliver(): void;
}

/** What deliveries have to know of the log. */
export interface DeliveryState {
  /** Messages have to wait: the log is on, with appendfsync always. */
  readonly active: boolean;
  /** R: the end of the log's stream. */
  readonly offset: number;
  /** A: as far as the log is known to be durable. */
  readonly acked: number;
}

/** As many that have been sent are dropped from the queue at a time. */
const SENT_MAX = 1024;

export class DeferredDeliveries {
  /** Memory that all of them take, bytes. */
  bytes = 0;
  /** In the order of `offsets`, which never decrease; those before `first` have been sent. */
  private queue: Delivery[] = [];
  private offsets: number[] = [];
  private first = 0;
  /** Those of the unit that runs: what it will append to the log is not known yet. */
  private unit: Delivery[] = [];
  private inUnit = false;
  private sentBelow = -1;
  private sending = false;

  constructor(private readonly state: DeliveryState) {}

  /** How many wait. */
  get count(): number {
    return this.queue.length - this.first + this.unit.length;
  }

  /** Messages may have to wait. Asked before one is made. */
  get active(): boolean {
    return this.state.active;
  }

  /** Takes the message until the changes before it are durable; sends it at once where they are, or nothing waits. */
  defer(delivery: Delivery): void {
    const { state } = this;
    if (!state.active) {
      delivery.deliver();
      return;
    }
    if (this.inUnit) {
      this.bytes += delivery.bytes;
      this.unit.push(delivery);
      return;
    }
    this.stamp(delivery, state.offset);
    this.bytes += delivery.bytes;
    if (state.offset <= state.acked) this.acknowledge(state.acked);
  }

  /** A client's command begins, EXEC with all it runs: what it defers is stamped at its end. */
  unitBegins(): void {
    this.inUnit = true;
  }

  /** The unit has been propagated: the log's stream ends at `offset` now. */
  unitEnds(offset: number): void {
    this.inUnit = false;
    const { unit } = this;
    if (unit.length === 0) return;
    this.unit = [];
    for (let index = 0; index < unit.length; index++) this.stamp(unit[index], offset);
    if (offset <= this.state.acked) this.acknowledge(offset);
  }

  /** Everything below `offset` is durable: sends what waited for that, in order, with what is deferred meanwhile. */
  acknowledge(offset: number): void {
    this.sentBelow = this.sending ? Math.max(this.sentBelow, offset) : offset;
    this.sendReady();
  }

  /** Nothing is waited for any more: sends everything, that of the unit which runs too. */
  runAll(): void {
    const { unit } = this;
    this.unit = [];
    for (let index = 0; index < unit.length; index++) this.stamp(unit[index], Infinity);
    this.acknowledge(Infinity);
  }

  private stamp(delivery: Delivery, offset: number): void {
    this.queue.push(delivery);
    this.offsets.push(offset);
  }

  private sendReady(): void {
    // A message that is being sent may end a client, and that may lead here again.
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.first < this.queue.length && this.offsets[this.first] <= this.sentBelow) {
        const delivery = this.queue[this.first++];
        this.bytes -= delivery.bytes;
        if (this.first >= SENT_MAX) this.dropSent();
        delivery.deliver();
      }
    } finally {
      this.sending = false;
      if (this.first === this.queue.length) this.dropSent();
    }
  }

  private dropSent(): void {
    this.queue.splice(0, this.first);
    this.offsets.splice(0, this.first);
    this.first = 0;
  }
}
