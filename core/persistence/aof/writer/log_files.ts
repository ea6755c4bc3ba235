// The file calls of the log's writer, behind a seam so that tests can make any of them fail.

/** A file of the log, open at its end. All calls throw what the system says. */
export interface OpenLogFile {
  /** Appends some of the bytes, which may be shared memory; returns how many. */
  write(bytes: Uint8Array): number;
  /** Makes what was written durable. */
  sync(): void;
  /** The same without waiting. At most one runs; `sync` may be called meanwhile. */
  beginSync(): Promise<void>;
  /** Cuts the file to a size. */
  truncate(size: number): void;
  close(): void;
}

export interface LogFileSystem {
  /**
   * Opens a file to go on at `size` bytes: makes it where there is none and `size` is 0, cuts what it has more. Throws
   * where it has less, or where another writer has it open.
   */
  open(path: string, size: number): OpenLogFile;
}

const MODE = 0o644;

export const systemLogFiles: LogFileSystem = {
  open(path: string, size: number): OpenLogFile {
    const file = Deno.openSync(path, { append: true, create: size === 0, mode: MODE });
    try {
      lock(file);
      // A worker with write permission only may seek, not stat.
      const found = file.seekSync(0, Deno.SeekMode.End);
      if (found < size) throw new Error(`the file has ${found} bytes, not ${size}`);
      if (found > size) file.truncateSync(size);
      return new SystemLogFile(path, file);
    } catch (error) {
      file.close();
      throw error;
    }
  },
};

/** The lock says that its writer lives. Some network file systems have none: there nobody can tell. */
function lock(file: Deno.FsFile): void {
  let isLocked = true;
  try {
    isLocked = file.tryLockSync(true);
  } catch {
    return;
  }
  if (!isLocked) throw new Error("another writer has the file open");
}

class SystemLogFile implements OpenLogFile {
  // A failed sync is told once to each description of an open file: two, so that neither call takes it from the other.
  #syncing: Deno.FsFile | null = null;
  #isSyncing = false;
  #isClosed = false;

  constructor(private readonly path: string, private readonly file: Deno.FsFile) {}

  write(bytes: Uint8Array): number {
    return this.file.writeSync(bytes);
  }

  sync(): void {
    this.file.syncDataSync();
  }

  async beginSync(): Promise<void> {
    this.#syncing ??= Deno.openSync(this.path, { append: true });
    this.#isSyncing = true;
    try {
      await this.#syncing.syncData();
    } finally {
      this.#isSyncing = false;
      if (this.#isClosed) this.#syncing.close();
    }
  }

  truncate(size: number): void {
    this.file.truncateSync(size);
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isSyncing) this.#syncing?.close();
    this.file.close();
  }
}
