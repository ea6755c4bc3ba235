// A byte ring between two threads: one producer, one consumer, length-prefixed records over shared memory.
// Every stage of the persistence pipeline, the log writer and the codecs are joined by it. Workers block with a time
// limit; the loop's thread uses the Async functions. Hot paths: the functions on words, tryPush and tryPop; they
// allocate nothing for records of up to LOOP_BYTES_MAX bytes.

/** What the other thread attaches to; can be posted. */
export interface RingHandle {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

export type PushResult = "ok" | "timeout" | "stopped";

/** Returned by the pop functions when there is no record. A record may be empty: its length is 0. */
export const RING_EMPTY = -1;

const CAPACITY_MIN = 256;
const CAPACITY_MAX = 2 ** 30;
const HEADER_BYTES = 4;
const WORDS_RECORD_BYTES = 16;
const WORDS_BYTES = HEADER_BYTES + WORDS_RECORD_BYTES;
/** Copies of at most this many bytes are done by a loop. */
const LOOP_BYTES_MAX = 64;

// Words of the control block, on cache lines of their own. A side that is about to sleep sets its waiting word, and
// sleeps on its signal word, which whoever wakes it has changed first: so no wake-up is lost.
const WRITTEN = 0;
const READ = 16;
const STOPPED = 32;
const PRODUCER_WAITING = 48;
const PRODUCER_SIGNAL = 49;
const CONSUMER_WAITING = 64;
const CONSUMER_SIGNAL = 65;
const CONTROL_WORDS = 80;

// A record is a word with its length and its bytes, padded to whole words; it may wrap around the ring's end.
// Positions count bytes, wrap at 2^32 and are compared by difference. Each side keeps its own position and the last
// one it saw of the other, and publishes its own seldom: the producer in publish(), the consumer after an eighth of
// the ring or when it has emptied it.
export class SharedRing {
  readonly handle: RingHandle;
  /** Bytes the ring holds, record headers and padding included. */
  readonly capacity: number;
  /** Longest record that fits. */
  readonly recordBytesMax: number;
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #mask: number;
  readonly #releaseBytes: number;
  readonly #chunkBytes: number;

  // Producer: its own position, that which the consumer can see, and that of the consumer when last looked at.
  #tail: number;
  #published: number;
  #seenRead: number;
  // Consumer: the same from the other side.
  #head: number;
  #released: number;
  #seenWritten: number;

  private constructor(handle: RingHandle) {
    this.handle = handle;
    this.capacity = handle.data.byteLength;
    this.recordBytesMax = this.capacity - HEADER_BYTES;
    this.#control = new Int32Array(handle.control);
    this.#bytes = new Uint8Array(handle.data);
    this.#words = new Uint32Array(handle.data);
    this.#mask = this.capacity - 1;
    this.#releaseBytes = this.capacity >>> 3;
    this.#chunkBytes = (this.capacity >>> 2) - HEADER_BYTES;
    this.#tail = this.#published = this.#seenWritten = Atomics.load(this.#control, WRITTEN);
    this.#head = this.#released = this.#seenRead = Atomics.load(this.#control, READ);
  }

  /** A ring of at least `bytes` bytes (rounded up to a power of two, 256 B to 1 GiB). */
  static create(bytes: number): SharedRing {
    if (!(bytes <= CAPACITY_MAX)) {
      throw new RangeError(`A ring has at most ${CAPACITY_MAX} bytes, not ${bytes}`);
    }
    let capacity = CAPACITY_MIN;
    while (capacity < bytes) capacity *= 2;
    const control = new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT);
    return new SharedRing({ control, data: new SharedArrayBuffer(capacity) });
  }

  /** The other side of a ring, in any thread. Of all objects of a ring one may push and one may pop. */
  static attach(handle: RingHandle): SharedRing {
    return new SharedRing(handle);
  }

  /** Stops the ring: wakes both sides. What is queued can still be popped; push() takes no more. */
  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    this.#wake(PRODUCER_SIGNAL);
    this.#wake(CONSUMER_SIGNAL);
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, STOPPED) !== 0;
  }

  /** Published bytes that the consumer has not released yet, headers and padding included. */
  get queuedBytes(): number {
    return (Atomics.load(this.#control, WRITTEN) - Atomics.load(this.#control, READ)) | 0;
  }

  /**
   * Queues `bytes[start, end)` as a record without publishing it; false if there is no room now (all before it is
   * published then). Does not look at `stopped`. Throws a RangeError for a record that never fits.
   */
  tryPush(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    const size = sizeOfRecord(length);
    if (length > this.recordBytesMax) throw this.#tooLong(length);
    if (!this.#hasRoom(size)) return false;
    this.#words[(this.#tail & this.#mask) >>> 2] = length;
    this.#copyIn((this.#tail + HEADER_BYTES) & this.#mask, bytes, start, end);
    this.#tail = (this.#tail + size) | 0;
    return true;
  }

  /** Queues a record of four words without publishing it; false if there is no room now. */
  tryPushWords(a: number, b: number, c: number, d: number): boolean {
    if (!this.#hasRoom(WORDS_BYTES)) return false;
    const words = this.#words;
    const mask = this.#mask;
    const tail = this.#tail;
    words[(tail & mask) >>> 2] = WORDS_RECORD_BYTES;
    words[((tail + 4) & mask) >>> 2] = a;
    words[((tail + 8) & mask) >>> 2] = b;
    words[((tail + 12) & mask) >>> 2] = c;
    words[((tail + 16) & mask) >>> 2] = d;
    this.#tail = (tail + WORDS_BYTES) | 0;
    return true;
  }

  /** Lets the consumer see all that has been queued, and wakes it if it sleeps. */
  publish(): void {
    if (this.#tail === this.#published) return;
    this.#published = this.#tail;
    Atomics.store(this.#control, WRITTEN, this.#tail);
    if (Atomics.load(this.#control, CONSUMER_WAITING) !== 0) this.#wake(CONSUMER_SIGNAL);
  }

  /** Queues and publishes a record, waiting for room at most `timeoutMs`. Blocks: for workers. */
  push(bytes: Uint8Array, start: number, end: number, timeoutMs: number): PushResult {
    if (this.stopped) return "stopped";
    if (!this.tryPush(bytes, start, end)) {
      const result = this.#waitForRoom(end - start, performance.now() + timeoutMs);
      if (result !== "ok") return result;
      this.tryPush(bytes, start, end);
    }
    this.publish();
    return "ok";
  }

  /** The same for the loop's thread. A pending wait alone does not keep the process alive. */
  async pushAsync(
    bytes: Uint8Array,
    start: number,
    end: number,
    timeoutMs: number = Infinity,
  ): Promise<PushResult> {
    if (this.stopped) return "stopped";
    if (!this.tryPush(bytes, start, end)) {
      const result = await this.#waitForRoomAsync(end - start, performance.now() + timeoutMs);
      if (result !== "ok") return result;
      this.tryPush(bytes, start, end);
    }
    this.publish();
    return "ok";
  }

  /**
   * Pushes `bytes[start, end)` as records of at most a quarter of the ring, for streams of bytes of any length. Each
   * waits at most `timeoutMs`. Returns how many bytes were pushed: fewer than given after a time-out or stop.
   */
  pushChunks(bytes: Uint8Array, start: number, end: number, timeoutMs: number): number {
    for (let at = start; at < end;) {
      const next = Math.min(end, at + this.#chunkBytes);
      if (this.push(bytes, at, next, timeoutMs) !== "ok") return at - start;
      at = next;
    }
    return end - start;
  }

  /** The same for the loop's thread. */
  async pushChunksAsync(
    bytes: Uint8Array,
    start: number,
    end: number,
    timeoutMs: number = Infinity,
  ): Promise<number> {
    for (let at = start; at < end;) {
      const next = Math.min(end, at + this.#chunkBytes);
      if (await this.pushAsync(bytes, at, next, timeoutMs) !== "ok") return at - start;
      at = next;
    }
    return end - start;
  }

  /** Length of the next record, or RING_EMPTY. */
  nextLength(): number {
    if (this.#head === this.#seenWritten && !this.#hasMore()) return RING_EMPTY;
    return this.#words[(this.#head & this.#mask) >>> 2];
  }

  /** Takes a record: copies it to the start of `target` and returns its length; RING_EMPTY if there is none. */
  tryPop(target: Uint8Array): number {
    const length = this.nextLength();
    if (length === RING_EMPTY) return RING_EMPTY;
    if (length > target.length) throw tooShort(length, target.length);
    this.#copyOut((this.#head + HEADER_BYTES) & this.#mask, length, target, 0);
    this.#advance(sizeOfRecord(length));
    return length;
  }

  /**
   * Takes as many records as fit and copies them to `target` one after the other, for streams whose record borders
   * mean nothing. Returns the bytes, 0 if there is no record. A record that fits no target of this length is an error.
   */
  tryPopMany(target: Uint8Array): number {
    let filled = 0;
    for (;;) {
      const length = this.nextLength();
      if (length === RING_EMPTY) return filled;
      if (filled + length > target.length) {
        if (filled === 0) throw tooShort(length, target.length);
        return filled;
      }
      this.#copyOut((this.#head + HEADER_BYTES) & this.#mask, length, target, filled);
      this.#advance(sizeOfRecord(length));
      filled += length;
    }
  }

  /** Takes a record of four words into `out`; false if there is none. Throws if the next record is another kind. */
  tryPopWords(out: Uint32Array): boolean {
    const length = this.nextLength();
    if (length === RING_EMPTY) return false;
    if (length !== WORDS_RECORD_BYTES) {
      throw new Error(`The next record has ${length} bytes, it is not four words`);
    }
    const words = this.#words;
    const mask = this.#mask;
    const head = this.#head;
    out[0] = words[((head + 4) & mask) >>> 2];
    out[1] = words[((head + 8) & mask) >>> 2];
    out[2] = words[((head + 12) & mask) >>> 2];
    out[3] = words[((head + 16) & mask) >>> 2];
    this.#advance(WORDS_BYTES);
    return true;
  }

  /** As tryPop, but waits for a record at most `timeoutMs`, or until the ring is stopped and empty. Blocks. */
  pop(target: Uint8Array, timeoutMs: number): number {
    return this.waitForRecord(timeoutMs) ? this.tryPop(target) : RING_EMPTY;
  }

  /** As tryPopWords, but waits for a record at most `timeoutMs`, or until the ring is stopped and empty. Blocks. */
  popWords(out: Uint32Array, timeoutMs: number): boolean {
    return this.waitForRecord(timeoutMs) && this.tryPopWords(out);
  }

  /** As pop, for the loop's thread. A pending wait alone does not keep the process alive. */
  async popAsync(target: Uint8Array, timeoutMs: number = Infinity): Promise<number> {
    return await this.waitForRecordAsync(timeoutMs) ? this.tryPop(target) : RING_EMPTY;
  }

  /** Waits until there is a record to pop: false after `timeoutMs`, or when the ring is stopped and empty. Blocks. */
  waitForRecord(timeoutMs: number): boolean {
    if (this.nextLength() !== RING_EMPTY) return true;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const signal = this.#prepareWait(CONSUMER_WAITING, CONSUMER_SIGNAL);
      const left = this.stopped ? 0 : deadline - performance.now();
      const found = this.nextLength() !== RING_EMPTY;
      if (found || left <= 0) {
        Atomics.store(this.#control, CONSUMER_WAITING, 0);
        return found;
      }
      Atomics.wait(this.#control, CONSUMER_SIGNAL, signal, left);
    }
  }

  /** The same for the loop's thread. */
  async waitForRecordAsync(timeoutMs: number = Infinity): Promise<boolean> {
    if (this.nextLength() !== RING_EMPTY) return true;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const signal = this.#prepareWait(CONSUMER_WAITING, CONSUMER_SIGNAL);
      const left = this.stopped ? 0 : deadline - performance.now();
      const found = this.nextLength() !== RING_EMPTY;
      if (found || left <= 0) {
        Atomics.store(this.#control, CONSUMER_WAITING, 0);
        return found;
      }
      await Atomics.waitAsync(this.#control, CONSUMER_SIGNAL, signal, left).value;
    }
  }

  // Waits until the producer has room for a record of `length` bytes. Blocks.
  #waitForRoom(length: number, deadline: number): PushResult {
    const size = sizeOfRecord(length);
    for (;;) {
      const signal = this.#prepareWait(PRODUCER_WAITING, PRODUCER_SIGNAL);
      const stopped = this.stopped;
      const left = deadline - performance.now();
      const found = this.#hasRoom(size);
      if (found || stopped || left <= 0) {
        Atomics.store(this.#control, PRODUCER_WAITING, 0);
        return stopped ? "stopped" : found ? "ok" : "timeout";
      }
      Atomics.wait(this.#control, PRODUCER_SIGNAL, signal, left);
    }
  }

  async #waitForRoomAsync(length: number, deadline: number): Promise<PushResult> {
    const size = sizeOfRecord(length);
    for (;;) {
      const signal = this.#prepareWait(PRODUCER_WAITING, PRODUCER_SIGNAL);
      const stopped = this.stopped;
      const left = deadline - performance.now();
      const found = this.#hasRoom(size);
      if (found || stopped || left <= 0) {
        Atomics.store(this.#control, PRODUCER_WAITING, 0);
        return stopped ? "stopped" : found ? "ok" : "timeout";
      }
      await Atomics.waitAsync(this.#control, PRODUCER_SIGNAL, signal, left).value;
    }
  }

  // Says that this side is about to sleep; returns the signal to sleep on. The caller looks once more before it does.
  #prepareWait(waiting: number, signal: number): number {
    Atomics.store(this.#control, waiting, 1);
    return Atomics.load(this.#control, signal);
  }

  #wake(signal: number): void {
    Atomics.add(this.#control, signal, 1);
    Atomics.notify(this.#control, signal);
  }

  #hasRoom(size: number): boolean {
    if (this.capacity - ((this.#tail - this.#seenRead) | 0) >= size) return true;
    this.#seenRead = Atomics.load(this.#control, READ);
    if (this.capacity - ((this.#tail - this.#seenRead) | 0) >= size) return true;
    this.publish();
    return false;
  }

  #hasMore(): boolean {
    this.#seenWritten = Atomics.load(this.#control, WRITTEN);
    return this.#head !== this.#seenWritten;
  }

  #advance(size: number): void {
    const head = (this.#head + size) | 0;
    this.#head = head;
    if (head !== this.#seenWritten && ((head - this.#released) | 0) < this.#releaseBytes) return;
    this.#released = head;
    Atomics.store(this.#control, READ, head);
    if (Atomics.load(this.#control, PRODUCER_WAITING) !== 0) this.#wake(PRODUCER_SIGNAL);
  }

  #copyIn(at: number, source: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    const toEnd = this.capacity - at;
    if (end - start > toEnd) {
      bytes.set(source.subarray(start, start + toEnd), at);
      bytes.set(source.subarray(start + toEnd, end), 0);
    } else if (end - start <= LOOP_BYTES_MAX) {
      for (let from = start, to = at; from < end; from++, to++) bytes[to] = source[from];
    } else {
      bytes.set(source.subarray(start, end), at);
    }
  }

  #copyOut(at: number, length: number, target: Uint8Array, offset: number): void {
    const bytes = this.#bytes;
    const toEnd = this.capacity - at;
    if (length > toEnd) {
      target.set(bytes.subarray(at, at + toEnd), offset);
      target.set(bytes.subarray(0, length - toEnd), offset + toEnd);
    } else if (length <= LOOP_BYTES_MAX) {
      const end = at + length;
      for (let from = at, to = offset; from < end; from++, to++) target[to] = bytes[from];
    } else {
      target.set(bytes.subarray(at, at + length), offset);
    }
  }

  #tooLong(length: number): RangeError {
    return new RangeError(
      `A record of ${length} bytes does not fit this ring: at most ${this.recordBytesMax} do`,
    );
  }
}

function sizeOfRecord(length: number): number {
  return (HEADER_BYTES + length + 3) & -4;
}

function tooShort(length: number, room: number): RangeError {
  return new RangeError(`The next record has ${length} bytes, the target has room for ${room}`);
}
