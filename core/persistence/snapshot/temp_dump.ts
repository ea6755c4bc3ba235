// The finished temporary file of a background save on its way to its place: renamed over the old dump, or removed. The
// calls are asynchronous, because freeing a large old dump takes the system long. Used by SaveJob; the worker writes.

/** The file calls, behind a seam so that tests can make any of them fail or wait. */
export interface DumpFileSystem {
  rename(from: string, to: string): Promise<void>;
  /** Makes renames in the directory durable. */
  syncDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeSync(path: string): void;
}

export const systemDumpFiles: DumpFileSystem = {
  rename: (from, to) => Deno.rename(from, to),
  async syncDirectory(path: string): Promise<void> {
    const directory = await Deno.open(path, { read: true });
    try {
      await directory.sync();
    } finally {
      directory.close();
    }
  },
  remove: (path) => Deno.remove(path),
  removeSync: (path) => Deno.removeSync(path),
};

export class TempDump {
  private committing = false;

  constructor(
    private readonly directory: string,
    private readonly tempName: string,
    private readonly files: DumpFileSystem,
  ) {}

  get path(): string {
    return `${this.directory}/${this.tempName}`;
  }

  /** Puts the file in the place of `name`. Rejects where that failed or `withdraw` came first; the old file stays then. */
  async commit(name: string): Promise<void> {
    this.committing = true;
    await this.files.rename(this.path, `${this.directory}/${name}`);
    await this.files.syncDirectory(this.directory);
  }

  /**
   * When this returns, a `commit` that is on its way has either happened or never will: nothing that is put in the
   * place of the dump from now on can be overwritten by it.
   */
  withdraw(): void {
    if (!this.committing) return;
    try {
      this.files.removeSync(this.path);
    } catch {
      // It has its new name already, or could not be given it either: both are what was asked for.
    }
  }

  /** Removes the file where it is still there. Never rejects: there is nothing that could be done about it. */
  async discard(): Promise<void> {
    await this.files.remove(this.path).catch(() => {});
  }
}
