// Replies that wait for the log: for one client the places in its output that may not be passed yet, each with the offset
// of the log that has to be durable first. Core/server's Durability adds and releases, OutputBuffer.limit is the first
// of them. Hot: nothing is allocated for a boundary unless the ring is full.

const BOUNDARIES_MIN = 16;
/** A ring longer than this is given back once it is empty. */
const BOUNDARIES_KEPT = 1024;

export class ReplyHolds {
  /** Boundaries in the ring. */
  count = 0;
  /** Place of the client in the list of those who wait; -1 = it does not. Of its owner. */
  waitingIndex = -1;
  /** Reading was stopped because too much is held. Of its owner. */
  isPaused = false;
  #first = 0;
  #mask = BOUNDARIES_MIN - 1;
  #positions = new Float64Array(BOUNDARIES_MIN);
  #offsets = new Float64Array(BOUNDARIES_MIN);
  #times = new Float64Array(BOUNDARIES_MIN);

  /** Absolute position of the first byte of the output that has to wait; Infinity where none has. */
  get firstPosition(): number {
    return this.count === 0 ? Infinity : this.#positions[this.#first];
  }

  /** What the last reply waits for; -1 where none waits. */
  get lastOffset(): number {
    return this.count === 0 ? -1 : this.#offsets[(this.#first + this.count - 1) & this.#mask];
  }

  /**
   * The bytes from `position` on wait until the log is durable up to `offset`. False where they do already: what is
   * behind a boundary waits at least as long as the boundary. `time`: milliseconds.
   */
  add(position: number, offset: number, time: number): boolean {
    if (offset <= this.lastOffset) return false;
    if (this.count > this.#mask) this.#grow();
    const index = (this.#first + this.count) & this.#mask;
    this.#positions[index] = position;
    this.#offsets[index] = offset;
    this.#times[index] = time;
    this.count++;
    return true;
  }

  /** What the first boundary waits for. There is one. */
  get firstOffset(): number {
    return this.#offsets[this.#first];
  }

  get firstTime(): number {
    return this.#times[this.#first];
  }

  /** Takes the first boundary away. */
  shift(): void {
    this.#first = (this.#first + 1) & this.#mask;
    this.count--;
    if (this.count === 0 && this.#mask >= BOUNDARIES_KEPT) this.#resize(BOUNDARIES_MIN);
  }

  clear(): void {
    this.count = 0;
    if (this.#mask >= BOUNDARIES_KEPT) this.#resize(BOUNDARIES_MIN);
  }

  #grow(): void {
    this.#resize((this.#mask + 1) * 2);
  }

  #resize(length: number): void {
    const mask = this.#mask;
    const positions = new Float64Array(length);
    const offsets = new Float64Array(length);
    const times = new Float64Array(length);
    for (let each = 0; each < this.count; each++) {
      const from = (this.#first + each) & mask;
      positions[each] = this.#positions[from];
      offsets[each] = this.#offsets[from];
      times[each] = this.#times[from];
    }
    this.#positions = positions;
    this.#offsets = offsets;
    this.#times = times;
    this.#first = 0;
    this.#mask = length - 1;
  }
}
