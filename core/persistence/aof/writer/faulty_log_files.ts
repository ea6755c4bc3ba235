// Log files in memory for tests: any call can be made to fail, and a sync that fails loses what it should have brought to
// the disk, as the system's page cache does. `durable` is what a crash would leave.
import type { LogFileSystem, OpenLogFile } from "./log_files.ts";

export type LogFileCall = "open" | "write" | "short" | "sync" | "truncate";

/** What the disk has at a place that no sync has reached. */
const LOST = -1;

class MemoryFile {
  content: number[] = [];
  /** As long as `content`; false: the disk has it, or has lost it. */
  isDirty: boolean[] = [];
  durable: number[] = [];
}

export class FaultyLogFiles implements LogFileSystem {
  readonly files = new Map<string, MemoryFile>();
  /** Calls of a kind that fail from now on, as long as the number is above 0. */
  readonly failing = new Map<LogFileCall, number>();
  readonly calls: string[] = [];
  readonly #open = new Set<OpenLogFile>();
  /** Syncs that were begun, to be ended by the test. */
  readonly running: { end(): void }[] = [];

  fail(call: LogFileCall, times = Infinity): void {
    this.failing.set(call, times);
  }

  heal(): void {
    this.failing.clear();
  }

  content(path: string): Uint8Array {
    return Uint8Array.from(this.files.get(path)?.content ?? []);
  }

  get openFiles(): number {
    return this.#open.size;
  }

  /** As when the thread that had the files open is gone. */
  dropAll(): void {
    this.#open.clear();
    this.running.length = 0;
  }

  /** Ends the syncs that were begun, and lets those who wait for them go on. */
  async endSyncs(): Promise<void> {
    for (const { end } of this.running.splice(0)) end();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  open(path: string, size: number): OpenLogFile {
    this.#call("open");
    const file = this.files.get(path) ?? new MemoryFile();
    if (file.content.length < size) throw new Error(`the file has ${file.content.length} bytes, not ${size}`);
    this.files.set(path, file);
    cut(file, size);
    const mustBeOpen = () => {
      if (!this.#open.has(opened)) throw new Error("the file is closed");
    };
    const opened: OpenLogFile = {
      write: (bytes) => {
        mustBeOpen();
        this.#call("write");
        const isShort = this.#isFailing("short");
        const taken = isShort ? bytes.subarray(0, bytes.length >> 1) : bytes;
        for (const byte of taken) {
          file.content.push(byte);
          file.isDirty.push(true);
          file.durable.push(LOST);
        }
        return taken.length;
      },
      sync: () => {
        mustBeOpen();
        this.#sync(file);
      },
      beginSync: () => {
        mustBeOpen();
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const end = () => {
          try {
            this.#sync(file);
            resolve();
          } catch (error) {
            reject(error);
          }
        };
        this.running.push({ end });
        return promise;
      },
      truncate: (to) => {
        mustBeOpen();
        this.#call("truncate");
        cut(file, to);
      },
      close: () => {
        mustBeOpen();
        this.#open.delete(opened);
      },
    };
    this.#open.add(opened);
    return opened;
  }

  #sync(file: MemoryFile): void {
    const isFailing = this.#isFailing("sync");
    for (let at = 0; at < file.content.length; at++) {
      if (!file.isDirty[at]) continue;
      file.isDirty[at] = false;
      if (!isFailing) file.durable[at] = file.content[at];
    }
    this.calls.push("sync");
    if (isFailing) throw systemError("EIO", "Input/output error (os error 5)");
  }

  #call(call: LogFileCall): void {
    this.calls.push(call);
    if (this.#isFailing(call)) throw systemError("ENOSPC", "No space left on device (os error 28)");
  }

  #isFailing(call: LogFileCall): boolean {
    const left = this.failing.get(call) ?? 0;
    this.failing.set(call, left - 1);
    return left > 0;
  }
}

function cut(file: MemoryFile, size: number): void {
  file.content.length = Math.min(file.content.length, size);
  file.isDirty.length = file.durable.length = file.content.length;
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
