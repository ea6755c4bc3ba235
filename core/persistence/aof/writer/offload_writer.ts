// The writer in a worker: the loop appends to shared memory and never waits; an aof plugin's worker writes, syncs and
// publishes. Made by core/plugins for plugins with `runs: worker`. A dead worker is a fault: nothing is published then,
// and a retry starts another one, which goes on where the ring was not given back. Hot path: append, endTurn; they
// allocate nothing but a view where a turn has over 64 bytes.
import { errorText } from "../../../log/error_text.ts";
import { DrainWaiters } from "./drain_waiters.ts";
import { LogBoard, type LogProgress, noProgress } from "./log_board.ts";
import { type LogDriveInput, NOT_YET } from "./log_driver.ts";
import { LogIntake } from "./log_intake.ts";
import { LogRing } from "./log_ring.ts";
import {
  type LogFault,
  type LogWriter,
  type LogWriterEvents,
  type LogWriterStart,
  NOT_WHOLE,
  type SyncPolicy,
} from "./log_writer.ts";
import { WriterNews } from "./writer_news.ts";

const RING_BYTES = 16 * 2 ** 20;
const RING_RECORDS = 8192;
const CLOSE_LOOK_MS = 100;

/** The worker that runs `driveLog`. */
export interface LogWorker {
  /** Starts the worker where it does not run. */
  start(): Promise<void>;
  /** Resolves when the drive has ended as it was asked to; rejects where the worker ends before. */
  drive(input: LogDriveInput): Promise<void>;
}

export interface OffloadWriterOptions {
  start: LogWriterStart;
  events: LogWriterEvents;
  worker: LogWorker;
  /** Bytes of the ring, a power of two. */
  ringBytes?: number;
}

export class OffloadWriter implements LogWriter {
  readonly #worker: LogWorker;
  readonly #ring: LogRing;
  /** Of the worker that runs now: what one that was given up still says is heard by nobody. */
  #board = new LogBoard();
  readonly #intake: LogIntake;
  readonly #news: WriterNews;
  readonly #drains = new DrainWaiters(() => this.#look());
  readonly #progress: LogProgress;
  #published = 0;
  #policy: SyncPolicy;
  #holdsSyncs = false;
  #writeDelay = 0;
  /** The file that is appended to, and those that were asked for since. */
  readonly #files: { path: string; size: number }[] = [];
  /** How many files came before the first of them. */
  #filesBefore = 0;
  #opens = 0;
  #fault: LogFault | null = null;
  /** Retries that the fault has seen. */
  #retries = 0;
  #isDriving = false;
  #isClosing = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #driven: Promise<void> = Promise.resolve();

  constructor({ start, events, worker, ringBytes = RING_BYTES }: OffloadWriterOptions) {
    this.#worker = worker;
    this.#ring = LogRing.create(ringBytes, RING_RECORDS);
    this.#intake = new LogIntake(this.#ring, start.offset);
    this.#news = new WriterNews(events, start.offset);
    this.#progress = noProgress(start.offset);
    this.#policy = start.policy;
    this.#drive({ takesOver: false });
    this.#listen();
  }

  get policy(): SyncPolicy {
    return this.#policy;
  }

  set policy(policy: SyncPolicy) {
    this.#policy = this.#board.policy = policy;
    this.#ring.ring();
  }

  get holdsSyncs(): boolean {
    return this.#holdsSyncs;
  }

  set holdsSyncs(holds: boolean) {
    this.#holdsSyncs = this.#board.holdsSyncs = holds;
    this.#ring.ring();
  }

  get writeDelay(): number {
    return this.#writeDelay;
  }

  set writeDelay(milliseconds: number) {
    this.#writeDelay = this.#board.writeDelay = milliseconds;
  }

  get writtenOffset(): number {
    return this.#progress.writtenOffset;
  }

  get durableOffset(): number {
    return this.#progress.durableOffset;
  }

  get waitingBytes(): number {
    return this.#intake.appendedBytes - this.#progress.writtenBytes;
  }

  get fileBytes(): number {
    return this.#progress.fileBytes;
  }

  get fault(): LogFault | null {
    return this.#fault;
  }

  open(path: string, size: number): void {
    this.#files.push({ path, size });
    this.#opens++;
    this.#intake.open(path, size);
    this.#intake.publish();
  }

  append(bytes: Uint8Array, offset: number): void {
    this.#intake.append(bytes, offset);
  }

  endTurn(): void {
    this.#read();
    this.#intake.publish();
  }

  drain(): Promise<void> {
    const drained = this.#drains.add(this.#intake.appendedBytes, this.#opens);
    this.#board.syncWanted = true;
    this.#intake.publish();
    this.#ring.ring();
    // Settled in a turn of its own, as all events are.
    queueMicrotask(() => this.#look());
    return drained;
  }

  retry(): void {
    if (this.#fault === null || this.#isClosing) return;
    if (!this.#isDriving) return this.#takeOver();
    this.#board.askRetry();
    this.#ring.ring();
  }

  takeSamples(visit: (kind: "write" | "sync", milliseconds: number) => void): void {
    this.#board.takeSamples(visit);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.#board.askClose();
    this.#intake.publish();
    this.#ring.ring();
    const keptAlive = setInterval(() => this.#look(), CLOSE_LOOK_MS);
    while (this.#intake.hasSpilled && this.#fault === null) {
      const { signal } = this.#board;
      this.#look();
      if (this.#intake.hasSpilled) await this.#board.changed(signal);
    }
    this.#board.askStop();
    this.#ring.ring();
    await this.#driven;
    clearInterval(keptAlive);
    this.#look();
    this.#isClosed = true;
    this.#board.wakeLoop();
  }

  /** Another worker, with what is left of the ring. */
  #takeOver(): void {
    const before = this.#board;
    this.#board = new LogBoard();
    this.#board.syncWanted = before.syncWanted;
    this.#published = 0;
    this.#retries = NOT_YET;
    this.#drive({ takesOver: true });
    before.wakeLoop();
  }

  #drive({ takesOver }: { takesOver: boolean }): void {
    const { keptRecord, keptOffset, keptBytes, opened, fileBytes, ...rest } = this.#progress;
    this.#board.policy = this.#policy;
    this.#board.holdsSyncs = this.#holdsSyncs;
    this.#board.writeDelay = this.#writeDelay;
    this.#isDriving = true;
    this.#driven = this.#finishDrive({
      ring: this.#ring.handle,
      board: this.#board.handle,
      record: keptRecord,
      takesOver,
      start: {
        offset: keptOffset,
        durableOffset: rest.durableOffset,
        durableBytes: rest.durableBytes,
        isHoled: rest.isHoled === 1,
        opened,
        writtenBytes: rest.writtenBytes - (fileBytes - keptBytes),
        file: opened === 0 ? null : { path: this.#files[0].path, size: keptBytes },
      },
    });
  }

  async #finishDrive(input: LogDriveInput): Promise<void> {
    try {
      await this.#worker.start();
      await this.#worker.drive(input);
      if (!this.#isClosing) throw new Error("the worker has ended");
      this.#isDriving = false;
    } catch (error) {
      this.#isDriving = false;
      this.#read();
      const message = errorText(error);
      this.#fault = { kind: "worker", code: "", message, path: this.#files[0]?.path ?? "" };
      this.#look();
    }
  }

  /** Follows what the worker publishes, until the writer is closed. */
  async #listen(): Promise<void> {
    while (!this.#isClosed) {
      const board = this.#board;
      const { signal } = board;
      this.#look();
      await board.changed(signal);
    }
  }

  #look(): void {
    this.#read();
    if (this.#intake.hasSpilled) this.#intake.publish();
    if (!this.#drains.isEmpty) this.#settleDrains();
    if (this.#news.has(this)) this.#news.tell(this);
  }

  #read(): void {
    if (this.#board.published === this.#published) return;
    const progress = this.#progress;
    this.#published = this.#board.read(progress);
    this.#ring.release(progress.keptRecord);
    const passed = progress.opened - this.#filesBefore - 1;
    if (passed > 0) {
      this.#files.splice(0, passed);
      this.#filesBefore += passed;
    }
    const isRetried = progress.retries !== this.#retries;
    this.#retries = progress.retries;
    if (isRetried) this.#news.retried();
    if (progress.isStopped === 0) {
      if (isRetried) this.#fault = null;
    } else if (isRetried || this.#fault === null) {
      this.#fault = this.#board.readFault();
    }
  }

  #settleDrains(): void {
    const { writtenBytes, fileBytes, durableBytes, opened, isHoled } = this.#progress;
    if (this.#fault !== null) this.#drains.reject(this.#fault);
    else {
      this.#drains.reached(writtenBytes - (fileBytes - durableBytes), opened);
      if (isHoled === 1 && this.#drains.awaits(writtenBytes)) this.#drains.reject(NOT_WHOLE);
    }
    this.#board.syncWanted = !this.#drains.isEmpty;
  }
}
