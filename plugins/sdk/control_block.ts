// The shared words between the host and one plugin's worker: flags that the host sets and the worker polls, counters
// that the worker publishes. Messages carry everything else; these must work while the other side is busy.

const WORD_STOP = 0;
const WORD_CANCELLED_JOB = 1;
const WORD_KEY_SAVE_DELAY = 2;
const WORD_PROCESSED = 3;
const WORDS = 16;

const DOUBLE_BYTES_DONE = 8;
const DOUBLE_ITEM_STARTED = 9;
const DOUBLES = 16;

/** What crosses to the worker. */
export type ControlHandle = SharedArrayBuffer;

export class ControlBlock {
  readonly handle: ControlHandle;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  constructor(handle?: ControlHandle) {
    this.handle = handle ?? new SharedArrayBuffer(DOUBLES * 8);
    this.words = new Int32Array(this.handle, 0, WORDS);
    this.doubles = new Float64Array(this.handle);
  }

  /** Set by the host: the plugin must end. */
  get stopping(): boolean {
    return Atomics.load(this.words, WORD_STOP) !== 0;
  }

  requestStop(): void {
    Atomics.store(this.words, WORD_STOP, 1);
  }

  /** Jobs are numbered upwards from 1 and run one at a time, so cancelling one cancels all before it. */
  cancelJob(job: number): void {
    Atomics.store(this.words, WORD_CANCELLED_JOB, job);
  }

  isJobCancelled(job: number): boolean {
    return Atomics.load(this.words, WORD_CANCELLED_JOB) >= job || this.stopping;
  }

  /** Microseconds that the encoder waits after each key (`rdb-key-save-delay`); may change during a save. */
  get keySaveDelayMicros(): number {
    return Atomics.load(this.words, WORD_KEY_SAVE_DELAY);
  }

  set keySaveDelayMicros(micros: number) {
    Atomics.store(this.words, WORD_KEY_SAVE_DELAY, micros);
  }

  /** Entries of the current job that the worker is done with; it holds no reference of theirs any more. */
  get processed(): number {
    return Atomics.load(this.words, WORD_PROCESSED);
  }

  set processed(count: number) {
    Atomics.store(this.words, WORD_PROCESSED, count);
  }

  /** Bytes of the current job handed to the output. */
  get bytesDone(): number {
    return this.doubles[DOUBLE_BYTES_DONE];
  }

  set bytesDone(bytes: number) {
    this.doubles[DOUBLE_BYTES_DONE] = bytes;
  }

  /** When the current item was begun, in milliseconds since 1970; 0 = none is being worked on. */
  get itemStartedAt(): number {
    return this.doubles[DOUBLE_ITEM_STARTED];
  }

  set itemStartedAt(milliseconds: number) {
    this.doubles[DOUBLE_ITEM_STARTED] = milliseconds;
  }

  beginJob(): void {
    this.processed = 0;
    this.bytesDone = 0;
    this.itemStartedAt = 0;
  }
}
