// The file calls that saving makes, behind a seam so that tests can make any of them fail.

/** A new file that is being written. */
export interface WritableFile {
  /** Writes some of the bytes; returns how many. */
  write(bytes: Uint8Array): number;
  /** Makes what was written durable. */
  sync(): void;
  close(): void;
}

export interface SaveFileSystem {
  /** Creates (or empties) a file and locks it for as long as it is open. Throws where somebody else holds the lock. */
  create(path: string): WritableFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes renames in the directory durable. */
  syncDirectory(path: string): void;
  /** Names of the plain files in a directory. */
  list(path: string): string[];
  /** Removes a file unless somebody holds its lock; false where it stays. */
  removeUnlocked(path: string): boolean;
}

/** The real file system, synchronous: SAVE runs on the loop by definition, snapshots in their own worker. */
export const systemFiles: SaveFileSystem = {
  create(path: string): WritableFile {
    const file = Deno.openSync(path, { write: true, create: true });
    try {
      if (tryLock(file) === "taken") throw new Error("another process is writing it");
      file.truncateSync(0);
    } catch (error) {
      file.close();
      throw error;
    }
    return {
      write: (bytes) => file.writeSync(bytes),
      sync: () => file.syncSync(),
      close: () => file.close(),
    };
  },

  rename: (from, to) => Deno.renameSync(from, to),

  remove: (path) => Deno.removeSync(path),

  syncDirectory(path: string): void {
    const directory = Deno.openSync(path, { read: true });
    try {
      directory.syncSync();
    } finally {
      directory.close();
    }
  },

  list: (path) => [...Deno.readDirSync(path)].filter((entry) => entry.isFile).map((entry) => entry.name),

  removeUnlocked(path: string): boolean {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { write: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
    try {
      if (tryLock(file) !== "locked") return false;
      Deno.removeSync(path);
      return true;
    } finally {
      file.close();
    }
  },
};

/** Some network file systems have no locks: there a file can be written, but nobody can tell whether its writer lives. */
function tryLock(file: Deno.FsFile): "locked" | "taken" | "unsupported" {
  try {
    return file.tryLockSync(true) ? "locked" : "taken";
  } catch {
    return "unsupported";
  }
}
