// What writes the log, on whichever thread: takes records from the ring, writes and syncs as the aof plugin asks for,
// changes files, and knows three places: how far is written, how far durable, how far the ring was given back. A fault
// stops it; a retry goes back to the place that is durable and writes from the ring once more. So bytes whose sync
// failed never count by a later sync alone.
import { systemErrorText } from "../../../log/error_text.ts";
import type { LogFile } from "../../../../plugins/sdk/types.ts";
import type { LogFileSystem, OpenLogFile } from "./log_files.ts";
import { type LogRing, NO_RECORD, OPEN_RECORD, type RingMark } from "./log_ring.ts";
import { type LogFault, LogStoppedError, type SyncPolicy } from "./log_writer.ts";

/** `everysec`. */
const SYNC_INTERVAL_MS = 1_000;

/** A place in the stream, in the file and in the ring. */
export interface LogMark extends RingMark {
  offset: number;
  size: number;
}

/** Where a writer begins, or takes over from one that is gone; can be posted. */
export interface LogFileStart {
  /** The stream's position at the ring's reading place. */
  offset: number;
  /** As far as it is durable: behind `offset` where what is before that was given up. */
  durableOffset: number;
  durableBytes: number;
  isHoled: boolean;
  /** Counted so far. */
  opened: number;
  writtenBytes: number;
  /** The file that is appended to; null: the first record opens one. */
  file: { path: string; size: number } | null;
}

export function freshStart(offset: number): LogFileStart {
  return {
    offset,
    durableOffset: offset,
    durableBytes: 0,
    isHoled: false,
    opened: 0,
    writtenBytes: 0,
    file: null,
  };
}

export interface LogFileObserver {
  sampled(kind: "write" | "sync", milliseconds: number): void;
  /** A sync that was begun has ended; there may be a fault. */
  syncEnded(): void;
  /** Bytes were written while a sync ran. */
  delayed(): void;
}

export interface LogFileOptions {
  ring: LogRing;
  files: LogFileSystem;
  start: LogFileStart;
  observer: LogFileObserver;
  /** Whether a change of files may leave for later what would block: on the loop, but under `always`. */
  patient: boolean;
}

const textDecoder = new TextDecoder();
/** To sleep on. */
const NEVER_TOLD = new Int32Array(new SharedArrayBuffer(4));

export class LogFileWriter implements LogFile {
  policy: SyncPolicy = "everysec";
  /** No syncs but those of `always` and those that are wanted. */
  holdsSyncs = false;
  /** A drain waits. */
  syncWanted = false;
  /** Milliseconds to sleep before each write. */
  writeDelay = 0;
  fault: LogFault | null = null;
  readonly written: LogMark;
  readonly durable: LogMark;
  /** From here on the ring is needed to write once more; whoever drives this releases it up to here. */
  readonly kept: LogMark;
  /** Bytes whose sync failed were given up: nothing is durable any more until the next file. */
  isHoled = false;
  /** Files that were changed to. */
  opened = 0;
  /** Bytes ever written, those that were cut again left out. */
  writtenBytes = 0;
  readonly #ring: LogRing;
  readonly #files: LogFileSystem;
  readonly #observer: LogFileObserver;
  readonly #patient: boolean;
  #file: OpenLogFile | null = null;
  #path = "";
  /** Of the file: to be opened again by a retry. */
  #isLost = false;
  #syncedAt = -Infinity;
  #running: Promise<void> | null = null;
  /** Counts retries and files: a sync that was begun before says nothing after. */
  #epoch = 0;

  constructor({ ring, files, start, observer, patient }: LogFileOptions) {
    this.#ring = ring;
    this.#files = files;
    this.#observer = observer;
    this.#patient = patient;
    const size = start.file?.size ?? 0;
    this.written = { record: 0, byte: 0, offset: start.offset, size };
    ring.tell(this.written);
    this.kept = { ...this.written };
    this.durable = { ...this.written, offset: start.durableOffset, size: start.durableBytes };
    this.isHoled = start.isHoled;
    this.opened = start.opened;
    this.writtenBytes = start.writtenBytes;
    if (start.file === null) return;
    this.#path = start.file.path;
    this.#isLost = true;
    this.#attempt(() => this.#reopen());
  }

  get waitingBytes(): number {
    return this.fault === null ? this.#ring.dataBytes() : 0;
  }

  get unsyncedBytes(): number {
    return this.written.size - this.durable.size;
  }

  get syncRunning(): boolean {
    return this.#running !== null;
  }

  get syncDue(): boolean {
    if (this.fault !== null || this.unsyncedBytes === 0) return false;
    if (this.policy === "always") return !this.isHoled;
    if (this.#running !== null) return false;
    if (this.syncWanted) return !this.isHoled;
    return this.policy === "everysec" && !this.holdsSyncs && this.#sinceSync() >= SYNC_INTERVAL_MS;
  }

  /** Milliseconds until a sync is due that is not yet; Infinity where none will be by itself. */
  get syncDueIn(): number {
    if (this.policy !== "everysec" || this.holdsSyncs || this.unsyncedBytes === 0 || this.fault !== null) {
      return Infinity;
    }
    return Math.max(0, SYNC_INTERVAL_MS - this.#sinceSync());
  }

  /** Whether there is anything for the plugin or for `turn` to do. */
  get isBusy(): boolean {
    return this.fault === null && (this.#ring.next() !== NO_RECORD || this.syncDue);
  }

  write(): void {
    this.#mustRun();
    if (this.writeDelay > 0 && this.#ring.dataBytes() > 0) Atomics.wait(NEVER_TOLD, 0, 0, this.writeDelay);
    const bytes = this.#ring.dataBytes();
    if (bytes === 0) return;
    if (this.#running !== null) this.#observer.delayed();
    const began = performance.now();
    this.#writeAll(this.#opened(), bytes);
    this.#observer.sampled("write", performance.now() - began);
    this.#pass(bytes);
  }

  sync(): void {
    this.#mustRun();
    if (this.unsyncedBytes === 0) return;
    const began = performance.now();
    this.#syncedAt = began;
    try {
      this.#opened().sync();
    } catch (error) {
      this.#stop("sync", error);
    }
    this.#observer.sampled("sync", performance.now() - began);
    this.#becomesDurable(this.written);
  }

  beginSync(): void {
    this.#mustRun();
    if (this.unsyncedBytes === 0 || this.#running !== null) return;
    const mark = { ...this.written };
    const epoch = this.#epoch;
    const began = performance.now();
    this.#syncedAt = began;
    const file = this.#opened();
    this.#running = file.beginSync().then(
      () => {
        this.#running = null;
        this.#observer.sampled("sync", performance.now() - began);
        // After a fault it says nothing: the failure may have been told to another call.
        if (epoch === this.#epoch && this.fault === null && mark.size > this.durable.size) {
          this.#becomesDurable(mark);
        }
      },
      (error) => {
        this.#running = null;
        if (file !== this.#file) return;
        if (this.fault === null) this.#attempt(() => this.#stop("sync", error));
        else this.#noteLost();
      },
    ).then(() => this.#observer.syncEnded());
  }

  /** Does what can be done now: lets the plugin write and sync, changes files where their turn comes. */
  turn(plugin: { flush(log: LogFile): void }): void {
    if (this.fault !== null) return;
    this.#attempt(() => {
      for (;;) {
        if (this.#ring.next() !== OPEN_RECORD) {
          plugin.flush(this);
          if (this.#ring.next() !== OPEN_RECORD) return;
        }
        if (!this.#changeFile()) return;
      }
    });
  }

  /** After a fault: goes back to what is durable, writes and syncs all that has come since. True: there is no fault now. */
  retry(): boolean {
    const { fault } = this;
    if (fault === null) return true;
    this.fault = null;
    this.#epoch++;
    return this.#attempt(() => {
      if (this.#isLost) this.#reopen();
      else if (this.#file !== null) this.#cut(this.#file, fault);
      this.#ring.rewind(this.kept);
      this.writtenBytes -= this.written.size - this.kept.size;
      Object.assign(this.written, this.kept);
      this.#catchUp();
    });
  }

  /** Writes and syncs all that is there, and closes. */
  close(): void {
    if (this.fault === null) this.#attempt(() => this.#catchUp());
    this.release();
  }

  /** Closes the file as it is. */
  release(): void {
    this.#epoch++;
    this.#file?.close();
    this.#file = null;
  }

  #catchUp(): void {
    for (;;) {
      this.write();
      this.sync();
      if (this.#ring.next() === NO_RECORD) return;
      if (this.#ring.next() === OPEN_RECORD) this.#changeFile();
    }
  }

  // The next record names another file. False: the one before is still being synced.
  #changeFile(): boolean {
    if (this.unsyncedBytes > 0) {
      if (this.#patient && this.policy !== "always" && !this.isHoled) {
        this.beginSync();
        return false;
      }
      this.sync();
    }
    const path = textDecoder.decode(this.#ring.copyNext());
    const size = this.#ring.nextOffset;
    Object.assign(this.kept, this.written);
    this.durable.size = this.written.size;
    const before = this.#file;
    this.#file = null;
    before?.close();
    this.#path = path;
    try {
      this.#file = this.#files.open(path, size);
    } catch (error) {
      this.#stop("open", error);
    }
    this.#epoch++;
    this.opened++;
    this.isHoled = false;
    this.#isLost = false;
    this.#ring.skip();
    this.#ring.tell(this.written);
    this.written.size = size;
    Object.assign(this.durable, this.written);
    Object.assign(this.kept, this.written);
    return true;
  }

  #reopen(): void {
    this.#file?.close();
    this.#file = null;
    try {
      this.#file = this.#files.open(this.#path, this.kept.size);
    } catch (error) {
      this.#stop("open", error);
    }
    this.#isLost = false;
  }

  #writeAll(file: OpenLogFile, bytes: number): void {
    let done = 0;
    try {
      while (done < bytes) {
        const count = file.write(this.#ring.view(done, bytes - done));
        if (count <= 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
        done += count;
      }
    } catch (error) {
      this.#stop("write", error, done === 0 ? undefined : { expected: bytes, written: done });
    }
  }

  // `bytes` were written: the reading place moves behind their records.
  #pass(bytes: number): void {
    for (let left = bytes; left > 0;) {
      left -= this.#ring.nextLength;
      this.written.offset = this.#ring.nextOffset;
      this.#ring.skip();
    }
    this.#ring.tell(this.written);
    this.written.size += bytes;
    this.writtenBytes += bytes;
    if ((this.policy !== "always" || this.isHoled) && this.#ring.isHalfBehind(this.kept)) {
      Object.assign(this.kept, this.written);
    }
  }

  #becomesDurable(mark: LogMark): void {
    if (this.isHoled) return;
    Object.assign(this.durable, mark);
    if (this.kept.size <= mark.size) Object.assign(this.kept, mark);
  }

  #cut(file: OpenLogFile, fault: LogFault): void {
    try {
      file.truncate(this.kept.size);
    } catch (error) {
      this.#stop(fault.kind, error);
    }
  }

  #opened(): OpenLogFile {
    if (this.#file === null) throw new Error("bytes for the log came before its file");
    return this.#file;
  }

  #mustRun(): void {
    if (this.fault !== null) throw new LogStoppedError(this.fault);
  }

  #sinceSync(): number {
    return performance.now() - this.#syncedAt;
  }

  /** True where nothing stopped it. Other errors pass: they are the plugin's. */
  #attempt(run: () => void): boolean {
    try {
      run();
    } catch (error) {
      if (!(error instanceof LogStoppedError)) throw error;
    }
    return this.fault === null;
  }

  // A sync failed. What of it was given up no sync can tell any more to be on the disk.
  #noteLost(): void {
    if (this.kept.size > this.durable.size) this.isHoled = true;
  }

  #stop(kind: LogFault["kind"], error: unknown, short?: { expected: number; written: number }): never {
    let cutFailure: string | undefined;
    if (short !== undefined) {
      try {
        this.#file?.truncate(this.written.size);
      } catch (cutError) {
        cutFailure = systemErrorText(cutError);
      }
    }
    if (kind === "sync") this.#noteLost();
    const code = (error as { code?: unknown } | null)?.code;
    this.fault = {
      kind,
      code: typeof code === "string" ? code : "",
      message: systemErrorText(error),
      path: this.#path,
      ...short,
      ...(cutFailure === undefined ? {} : { cutFailure }),
    };
    throw new LogStoppedError(this.fault);
  }
}
