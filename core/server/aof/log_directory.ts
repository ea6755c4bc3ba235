// The append-only log's directory: the manifest in force and every step from one set of files to the next, each of which
// leaves a log that loads wherever it is cut short. The log calls it; what is in the files is the writer's.
import { errorText } from "../../log/error_text.ts";
import {
  type AofFileEntry,
  AofManifest,
  manifestName,
  writeManifest,
} from "../../persistence/aof/manifest.ts";
import { type SaveFileSystem, systemFiles } from "../../persistence/rdb/file_system.ts";
import { SaveFileError } from "../../persistence/rdb/save_file.ts";
import type { Logger } from "../../log/logger.ts";

const LEFT_BASE = /^temp-rewriteaof-bg-\d+-\d+\.aof$/;

/** The file calls, behind a seam so that tests can make any of them fail. */
export interface LogDirectoryFiles extends SaveFileSystem {
  makeDirectory(path: string): void;
  /** Null where there is no such file. */
  read(path: string): Uint8Array | null;
  exists(path: string): boolean;
  /** Bytes; 0 where there is no such file. */
  size(path: string): number;
  /** Makes an empty file, or empties the one that is there. */
  createEmpty(path: string): void;
  removeInBackground(path: string): Promise<void>;
}

export const systemDirectoryFiles: LogDirectoryFiles = {
  ...systemFiles,
  makeDirectory: (path) => Deno.mkdirSync(path, { recursive: true, mode: 0o755 }),
  read(path) {
    try {
      return Deno.readFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
      throw error;
    }
  },
  exists: (path) => stat(path) !== null,
  size: (path) => stat(path)?.size ?? 0,
  createEmpty: (path) =>
    Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o644 }).close(),
  removeInBackground: (path) => Deno.remove(path),
};

export interface LogDirectoryOptions {
  /** `dir`, absolute. */
  parent: string;
  /** `appenddirname`. */
  name: string;
  /** `appendfilename`. */
  logName: string;
  log: Pick<Logger, "notice" | "warning">;
  files?: LogDirectoryFiles;
}

export class LogDirectory {
  /** In force. */
  manifest = new AofManifest();
  /** Absolute. */
  readonly path: string;
  readonly files: LogDirectoryFiles;
  /** The directory itself. */
  private isDurable = false;
  /** Names that are on their way out. */
  private readonly leaving = new Set<string>();

  constructor(private readonly options: LogDirectoryOptions) {
    this.path = `${options.parent}/${options.name}`;
    this.files = options.files ?? systemDirectoryFiles;
  }

  /** Takes up the manifest that is on disk; an empty one where there is none. Throws ManifestError, or what reading says. */
  read(): void {
    const bytes = this.files.read(this.pathOf(manifestName(this.options.logName)));
    this.manifest = bytes === null ? new AofManifest() : AofManifest.parse(bytes);
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Makes the directory where it is missing; it is still there after a loss of power. */
  ensure(): void {
    if (this.isDurable && this.files.exists(this.path)) return;
    this.isDurable = false;
    this.files.makeDirectory(this.path);
    this.files.syncDirectory(this.options.parent);
    this.isDurable = true;
  }

  /** Bytes of the files that are loaded. */
  bytesOf(entries: readonly AofFileEntry[]): number {
    let total = 0;
    for (const { name } of entries) total += this.files.size(this.pathOf(name));
    return total;
  }

  /**
   * A single log file beside the directory, from before there were manifests, becomes the base: the manifest names it
   * first, then it moves, so that an upgrade that was cut short is gone on with.
   */
  adoptSingleFile(): void {
    const { parent, logName, name, log } = this.options;
    const old = `${parent}/${logName}`;
    if (!this.files.exists(old)) return;
    const { base, incrs } = this.manifest;
    const isBegun = base !== null && incrs.length === 0 && base.name === logName &&
      !this.files.exists(this.pathOf(logName));
    if (!isBegun && (base !== null || incrs.length > 0)) return;
    this.ensure();
    const manifest = this.manifest.copy();
    if (!isBegun) manifest.adoptSingleFile(logName);
    this.putIntoForce(manifest);
    this.files.rename(old, this.pathOf(logName));
    this.files.syncDirectory(this.path);
    log.notice(
      `Successfully migrated an old-style AOF file (${logName}) into the AOF directory (${name}).`,
    );
  }

  /** Durable when this returns. Throws SaveFileError; the manifest is in force then only if it is in its place already. */
  putIntoForce(manifest: AofManifest): void {
    try {
      writeManifest(this.path, this.options.logName, manifest, this.files);
    } catch (error) {
      if (error instanceof SaveFileError && error.action === "sync directory") this.manifest = manifest;
      throw error;
    }
    this.manifest = manifest;
  }

  /** A new empty increment behind the others, in the manifest. */
  addIncr(manifest = this.manifest.copy()): AofFileEntry {
    const entry = this.nextIncr(manifest);
    // The file is there first: a manifest names no missing one.
    this.files.createEmpty(this.pathOf(entry.name));
    this.putIntoForce(manifest);
    return entry;
  }

  /** A new empty increment that the manifest gets only with the next base. */
  reserveIncr(): AofFileEntry {
    const entry = this.nextIncr(this.manifest.copy());
    this.files.createEmpty(this.pathOf(entry.name));
    return entry;
  }

  /** A manifest that was read again may number from 1 while a file of that name is being removed. */
  private nextIncr(manifest: AofManifest): AofFileEntry {
    const { logName } = this.options;
    while (this.leaving.has(manifest.copy().nextIncr(logName).name)) manifest.incrSeq++;
    return manifest.nextIncr(logName);
  }

  /** Name of the base that comes next. */
  nextBaseName(format: "rdb" | "aof"): string {
    return this.manifest.copy().nextBase(this.options.logName, format).name;
  }

  /**
   * A new base, which is in its place, takes over from all files but the increment that is appended to: the last one of
   * the manifest, a reserved one, or none. Throws where the old files stay in force.
   */
  replaceBase(format: "rdb" | "aof", appended: "last" | "none" | AofFileEntry): void {
    const manifest = this.manifest.copy();
    manifest.nextBase(this.options.logName, format);
    manifest.retireIncrs(appended === "last" ? 1 : 0);
    if (typeof appended !== "string") {
      manifest.incrs.push(appended);
      manifest.incrSeq = appended.seq;
    }
    this.putIntoForce(manifest);
  }

  /** Takes history out of the manifest and removes its files in the background. */
  removeHistory(): void {
    const { history } = this.manifest;
    if (history.length === 0) return;
    const { log } = this.options;
    for (const { name } of history) {
      log.notice(`Removing the history file ${name} in the background`);
      this.remove(name);
    }
    const manifest = this.manifest.copy();
    manifest.history = [];
    try {
      this.putIntoForce(manifest);
    } catch (error) {
      // History is not loaded: that the manifest still names it does no harm.
      log.warning(`Cannot take history files out of the AOF manifest: ${errorText(error)}`);
    }
  }

  /** Removes a file in the background. */
  remove(name: string): void {
    this.leaving.add(name);
    this.files.removeInBackground(this.pathOf(name)).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return;
      this.options.log.warning(`Cannot remove ${name}: ${errorText(error)}`);
    }).finally(() => this.leaving.delete(name));
  }

  /** Removes a file whose name is used again soon. */
  removeNow(name: string): void {
    try {
      this.files.remove(this.pathOf(name));
    } catch (error) {
      this.options.log.warning(`Cannot remove ${name}: ${errorText(error)}`);
    }
  }

  /** Removes what rewrites left that a crash ended. Trouble with that is no reason not to start. */
  sweep(): void {
    if (!this.files.exists(this.path)) return;
    const { log } = this.options;
    try {
      for (const name of this.files.list(this.path)) {
        if (!LEFT_BASE.test(name)) continue;
        if (this.files.removeUnlocked(this.pathOf(name))) {
          log.notice(`Removed ${name}, left behind by a crash`);
        }
      }
    } catch (error) {
      log.warning(`Cannot clean up after a crash: ${errorText(error)}`);
    }
  }
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}
