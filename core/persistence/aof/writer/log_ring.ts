// The way of the log's bytes to what writes them: a ring of bytes in shared memory and a ring of records that say what
// they are. One side appends, the other reads ahead and gives room back only where bytes are not needed any more: so
// the ring is also what a retry, or the worker after a dead one, writes again. Hot path: append, publish; they
// allocate one view for each record of over 64 bytes, nothing else.

/** Can be posted. */
export interface LogRingHandle {
  readonly words: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
}

/** What a record says. Values of its first double. */
export const NO_RECORD = -1;
/** Bytes of the stream; `offset` is the stream's position behind them. */
export const DATA_RECORD = 0;
/** From here on another file: its path is in the bytes, `offset` its size so far. */
export const OPEN_RECORD = 1;

/** Longest piece that is appended at once: a quarter of the ring, so that both sides can work. */
const PIECE_DIVISOR = 4;
const LOOP_BYTES_MAX = 64;

const RECORD_DOUBLES = 4;
const KIND = 0;
const OFFSET = 1;
const LENGTH = 2;
/** Where the record's bytes begin; also said of the record that is to come. So a record's number says both positions. */
const START = 3;

// Words on cache lines of their own. Positions are counts that wrap at 2^32 and are compared by difference.
const RECORDS_WRITTEN = 0;
const SLEEPING = 16;
const BELL = 17;
const WORDS = 32;

/** A place in the ring: so many records and bytes came before it. */
export interface RingMark {
  record: number;
  byte: number;
}

export class LogRing {
  readonly handle: LogRingHandle;
  /** Bytes it holds. */
  readonly capacity: number;
  /** Longest piece that is appended at once. */
  readonly pieceBytesMax: number;
  readonly #words: Int32Array;
  readonly #records: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #byteMask: number;
  readonly #recordMask: number;

  // Appending side: what was appended, and up to where it was released.
  #tailRecord: number;
  #tailByte: number;
  #published: number;
  #releasedRecord: number;
  #releasedByte: number;

  // Reading side: where it reads, and how far records were published when last looked at.
  #head: RingMark;
  #seenWritten: number;

  private constructor(handle: LogRingHandle, readFrom: number) {
    this.handle = handle;
    this.#words = new Int32Array(handle.words);
    this.#records = new Float64Array(handle.records);
    this.#bytes = new Uint8Array(handle.bytes);
    this.capacity = handle.bytes.byteLength;
    this.pieceBytesMax = this.capacity / PIECE_DIVISOR;
    this.#byteMask = this.capacity - 1;
    this.#recordMask = this.#records.length / RECORD_DOUBLES - 1;
    this.#head = { record: readFrom, byte: this.#startOf(readFrom) };
    this.#seenWritten = readFrom;
    // Whoever attaches to a ring in use reads.
    this.#tailRecord = this.#published = this.#releasedRecord = readFrom;
    this.#tailByte = this.#releasedByte = this.#head.byte;
  }

  /** A ring of so many bytes and records, powers of two both. */
  static create(bytes: number, records: number): LogRing {
    for (const size of [bytes, records]) {
      if (!Number.isInteger(Math.log2(size)) || size > 2 ** 30) throw new RangeError(`${size} is no size`);
    }
    return new LogRing({
      words: new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
      records: new SharedArrayBuffer(records * RECORD_DOUBLES * Float64Array.BYTES_PER_ELEMENT),
      bytes: new SharedArrayBuffer(bytes),
    }, 0);
  }

  /** The reading side, which begins with a record that was not released. */
  static attach(handle: LogRingHandle, record: number): LogRing {
    return new LogRing(handle, record);
  }

  /**
   * Appends `bytes[start, end)`, at most `pieceBytesMax` bytes, which end at the stream's `offset`; false where there
   * is no room now. The other side sees it after `publish`.
   */
  tryAppend(bytes: Uint8Array, start: number, end: number, offset: number): boolean {
    const length = end - start;
    if (!this.#hasRoom(length)) return false;
    this.#copyIn(bytes, start, end);
    const last = this.#tailRecord;
    const before = ((last - 1) & this.#recordMask) * RECORD_DOUBLES;
    if (last !== this.#published && this.#records[before + KIND] === DATA_RECORD) {
      this.#records[before + OFFSET] = offset;
      this.#records[before + LENGTH] += length;
      this.#records[(last & this.#recordMask) * RECORD_DOUBLES + START] = this.#tailByte;
    } else {
      this.#addRecord(DATA_RECORD, offset, length);
    }
    return true;
  }

  /** Appends the change to another file; false where there is no room now. */
  tryOpen(path: Uint8Array, size: number): boolean {
    if (!this.#hasRoom(path.length)) return false;
    this.#copyIn(path, 0, path.length);
    this.#addRecord(OPEN_RECORD, size, path.length);
    return true;
  }

  /** Lets the other side see what was appended, and wakes it where it sleeps. */
  publish(): void {
    if (this.#tailRecord === this.#published) return;
    this.#published = this.#tailRecord;
    Atomics.store(this.#words, RECORDS_WRITTEN, this.#tailRecord);
    if (Atomics.load(this.#words, SLEEPING) !== 0) this.ring();
  }

  /** Wakes the other side, whatever it waits for. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  /** Kind of the record at the reading place. */
  next(): number {
    if (this.#head.record === this.#seenWritten) {
      this.#seenWritten = Atomics.load(this.#words, RECORDS_WRITTEN);
      if (this.#head.record === this.#seenWritten) return NO_RECORD;
    }
    return this.#records[(this.#head.record & this.#recordMask) * RECORD_DOUBLES + KIND];
  }

  /** The `offset` of the record at the reading place. */
  get nextOffset(): number {
    return this.#records[(this.#head.record & this.#recordMask) * RECORD_DOUBLES + OFFSET];
  }

  /** Bytes of the record at the reading place. */
  get nextLength(): number {
    return this.#records[(this.#head.record & this.#recordMask) * RECORD_DOUBLES + LENGTH];
  }

  /** Bytes of the data records from the reading place to the next of another kind. */
  dataBytes(): number {
    this.#seenWritten = Atomics.load(this.#words, RECORDS_WRITTEN);
    let bytes = 0;
    for (let at = this.#head.record; at !== this.#seenWritten; at = (at + 1) | 0) {
      const record = (at & this.#recordMask) * RECORD_DOUBLES;
      if (this.#records[record + KIND] !== DATA_RECORD) break;
      bytes += this.#records[record + LENGTH];
    }
    return bytes;
  }

  /**
   * A view of the bytes behind the reading place, `skip` of them left out, at most `length`: fewer where the ring's end
   * comes before.
   */
  view(skip: number, length: number): Uint8Array {
    const at = (this.#head.byte + skip) & this.#byteMask;
    return this.#bytes.subarray(at, Math.min(at + length, this.capacity));
  }

  /** The bytes of the record at the reading place, copied. */
  copyNext(): Uint8Array<ArrayBuffer> {
    const length = this.nextLength;
    const copy = new Uint8Array(length);
    const first = this.view(0, length);
    copy.set(first);
    copy.set(this.view(first.length, length - first.length), first.length);
    return copy;
  }

  /** Moves the reading place behind the record. */
  skip(): void {
    this.#head.byte = (this.#head.byte + this.nextLength) | 0;
    this.#head.record = (this.#head.record + 1) | 0;
  }

  /** Notes the reading place in `mark`. */
  tell(mark: RingMark): void {
    mark.record = this.#head.record;
    mark.byte = this.#head.byte;
  }

  /** Reads again from a mark that was not released. */
  rewind(mark: RingMark): void {
    this.#head.record = mark.record;
    this.#head.byte = mark.byte;
  }

  /**
   * Of the appending side: what is before the record was read and is not needed any more. The reading side tells it in a
   * way of its own, so that one which was given up cannot take back what is still needed.
   */
  release(record: number): void {
    this.#releasedRecord = record;
    this.#releasedByte = this.#startOf(record);
  }

  /** Whether there is more than half of the ring between the mark and the reading place. */
  isHalfBehind(mark: RingMark): boolean {
    return ((this.#head.byte - mark.byte) | 0) > this.capacity / 2 ||
      ((this.#head.record - mark.record) | 0) > this.#recordMask / 2;
  }

  /** Says that the reading side is about to wait; returns what it waits on. It looks for records once more then. */
  prepareSleep(): number {
    Atomics.store(this.#words, SLEEPING, 1);
    return Atomics.load(this.#words, BELL);
  }

  /** Waits for the bell. Blocks: for workers. */
  sleep(bell: number, milliseconds: number): void {
    Atomics.wait(this.#words, BELL, bell, milliseconds);
    Atomics.store(this.#words, SLEEPING, 0);
  }

  wakeUp(): void {
    Atomics.store(this.#words, SLEEPING, 0);
  }

  #hasRoom(length: number): boolean {
    if (length > this.pieceBytesMax) {
      throw new RangeError(`${length} bytes are more than a piece of the ring`);
    }
    return this.capacity - ((this.#tailByte - this.#releasedByte) | 0) >= length &&
      ((this.#tailRecord - this.#releasedRecord) | 0) < this.#recordMask;
  }

  #startOf(record: number): number {
    return this.#records[(record & this.#recordMask) * RECORD_DOUBLES + START];
  }

  #addRecord(kind: number, offset: number, length: number): void {
    const record = (this.#tailRecord & this.#recordMask) * RECORD_DOUBLES;
    this.#records[record + KIND] = kind;
    this.#records[record + OFFSET] = offset;
    this.#records[record + LENGTH] = length;
    this.#tailRecord = (this.#tailRecord + 1) | 0;
    this.#records[(this.#tailRecord & this.#recordMask) * RECORD_DOUBLES + START] = this.#tailByte;
  }

  #copyIn(source: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    const at = this.#tailByte & this.#byteMask;
    const toEnd = this.capacity - at;
    if (end - start > toEnd) {
      bytes.set(source.subarray(start, start + toEnd), at);
      bytes.set(source.subarray(start + toEnd, end), 0);
    } else if (end - start <= LOOP_BYTES_MAX) {
      for (let from = start, to = at; from < end; from++, to++) bytes[to] = source[from];
    } else if (start === 0 && end === source.length) {
      bytes.set(source, at);
    } else {
      bytes.set(source.subarray(start, end), at);
    }
    this.#tailByte = (this.#tailByte + (end - start)) | 0;
  }
}
