// A dump on its way to disk: written to a temporary file, made durable, moved over the old dump in one step. Until that
// step the old dump is untouched. Used by SAVE and by the file sinks of snapshots; also sweeps up what a crash left.
import { errorText } from "../../log/error_text.ts";
import type { ByteSink } from "./chunk_writer.ts";
import { type SaveFileSystem, systemFiles, type WritableFile } from "./file_system.ts";

/** With `rdb-save-incremental-fsync` the file is made durable in steps of this size, so that no long sync remains. */
const SYNC_STEP_BYTES = 4 * 1024 * 1024;

const TEMP_NAME = /^temp-(?:forkless-\d+-)?\d+\.rdb$/;

/** Name of the temporary file of a SAVE, or of the snapshot job with a number. Unique among the jobs of a process. */
export function tempFileName(pid: number, job?: number): string {
  return job === undefined ? `temp-${pid}.rdb` : `temp-forkless-${pid}-${job}.rdb`;
}

/** What the save could not do: `action` as Valkey's log says it. */
export class SaveFileError extends Error {
  readonly code = "RDB_SAVE_FAILED";
  override readonly name = "SaveFileError";

  constructor(readonly action: string, readonly path: string, cause: unknown) {
    super(`${action} ${path}: ${errorText(cause)}`, { cause });
  }
}

export interface SaveFileOptions {
  directory: string;
  tempName: string;
  /** `rdb-save-incremental-fsync`. */
  incrementalSync: boolean;
  files?: SaveFileSystem;
}

export class SaveFile implements ByteSink {
  bytes = 0;
  readonly #files: SaveFileSystem;
  readonly #directory: string;
  readonly #incrementalSync: boolean;
  readonly #tempPath: string;
  #file: WritableFile | null;
  #unsyncedBytes = 0;
  #exists = true;

  /** Creates the temporary file. Throws a SaveFileError. */
  constructor(options: SaveFileOptions) {
    this.#files = options.files ?? systemFiles;
    this.#directory = options.directory;
    this.#incrementalSync = options.incrementalSync;
    this.#tempPath = `${options.directory}/${options.tempName}`;
    this.#file = this.#doing("open", this.#tempPath, () => this.#files.create(this.#tempPath));
  }

  /** Appends a chunk. After a SaveFileError only `discard` makes sense. */
  push(chunk: Uint8Array): void {
    const file = this.#open();
    this.#doing("write", this.#tempPath, () => {
      for (let at = 0; at < chunk.length;) {
        const count = file.write(at === 0 ? chunk : chunk.subarray(at));
        if (count <= 0) throw new Error("the system took no bytes");
        at += count;
      }
    });
    this.bytes += chunk.length;
    this.#unsyncedBytes += chunk.length;
    if (this.#incrementalSync && this.#unsyncedBytes >= SYNC_STEP_BYTES) this.#sync(file);
  }

  /** Makes the file durable and puts it in the place of `name`. On failure the old file stays and the new one goes. */
  commit(name: string): void {
    const file = this.#open();
    const path = `${this.#directory}/${name}`;
    try {
      this.#sync(file);
      this.#file = null;
      this.#doing("close", this.#tempPath, () => file.close());
      this.#doing("rename", this.#tempPath, () => this.#files.rename(this.#tempPath, path));
      this.#exists = false;
      this.#doing("sync directory", this.#directory, () => this.#files.syncDirectory(this.#directory));
    } catch (error) {
      try {
        this.discard();
      } catch {
        // The error before says what is wrong here.
      }
      throw error;
    }
  }

  /** Gives the save up. Harmless after `commit` or a second time. */
  discard(): void {
    const file = this.#file;
    this.#file = null;
    try {
      file?.close();
    } finally {
      if (this.#exists) {
        this.#exists = false;
        this.#files.remove(this.#tempPath);
      }
    }
  }

  #open(): WritableFile {
    if (this.#file === null) throw new Error(`${this.#tempPath} is closed: the save has ended`);
    return this.#file;
  }

  #sync(file: WritableFile): void {
    this.#doing("fsync", this.#tempPath, () => file.sync());
    this.#unsyncedBytes = 0;
  }

  #doing<T>(action: string, path: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new SaveFileError(action, path, error);
    }
  }
}

export interface SweepReport {
  /** Names of the files that went. */
  removed: string[];
  /** What could not be looked at or removed, and why. */
  problems: string[];
}

/**
 * Removes temporary dumps that a crash left in `directory`: files with names as `tempFileName` makes them which no
 * living writer has locked. Never throws.
 */
export function sweepTempFiles(directory: string, files: SaveFileSystem = systemFiles): SweepReport {
  const report: SweepReport = { removed: [], problems: [] };
  const trying = <T>(what: string, act: () => T): T | undefined => {
    try {
      return act();
    } catch (error) {
      report.problems.push(`${what}: ${errorText(error)}`);
    }
  };
  for (const name of trying(directory, () => files.list(directory)) ?? []) {
    if (!TEMP_NAME.test(name)) continue;
    const path = `${directory}/${name}`;
    if (trying(path, () => files.removeUnlocked(path)) === true) report.removed.push(name);
  }
  return report;
}
