// Loads the dump at start, in slices that leave the loop alive (clients get -LOADING), and again for DEBUG RELOAD.
import { FileByteSource } from "../persistence/rdb/byte_source.ts";
import { KeyspaceSink } from "../persistence/rdb/keyspace_sink.ts";
import { loadRdb, loadRdbInSlices, type RdbLoadReport } from "../persistence/rdb/load.ts";
import { RdbError } from "../persistence/rdb/rdb_error.ts";
import { sweepTempFiles } from "../persistence/rdb/save_file.ts";
import type { Server } from "./server.ts";

const SLICE_MS = 10;
const PROGRESS_INTERVAL_MS = 2000;

export interface LoadingState {
  /** Milliseconds since 1970. */
  startedAt: number;
  totalBytes: number;
  loadedBytes: number;
  /** What the dump says was in use when it was made, bytes; 0 where it does not. */
  usedMemory: number;
}

export class DatasetLoader {
  /** Null unless a dataset is being loaded. */
  state: LoadingState | null = null;
  last = { loaded: 0, expired: 0 };

  constructor(private readonly server: Server) {}

  /** Loads the dump where there is one. Rejects with an RdbError; the file is left as it is. */
  async loadAtStart(): Promise<void> {
    const { server } = this;
    const { log, config } = server;
    for (const name of sweepTempFiles(Deno.cwd())) log.notice(`Removed ${name}, left behind by a crash`);
    const file = this.open();
    if (file === null) return;
    const begun = performance.now();
    const state: LoadingState = {
      startedAt: Date.now(),
      totalBytes: file.statSync().size,
      loadedBytes: 0,
      usedMemory: 0,
    };
    this.state = state;
    server.setLoading(true);
    let lastLine = begun;
    try {
      const report = await loadRdbInSlices(
        new FileByteSource(file),
        this.sink("refuse", state),
        {
          ...this.decoderOptions(),
          sliceMilliseconds: SLICE_MS,
          pause: (bytes) => {
            state.loadedBytes = bytes;
            const now = performance.now();
            if (now - lastLine > PROGRESS_INTERVAL_MS) {
              lastLine = now;
              const percent = (bytes * 100 / Math.max(1, state.totalBytes)).toFixed(0);
              log.notice(`Loading ${config.values.dbfilename}: ${percent}% (${server.keyspace.size} keys)`);
            }
            return nextTurn();
          },
        },
      );
      this.finished(report);
      const seconds = ((performance.now() - begun) / 1000).toFixed(3);
      log.notice(
        `Done loading RDB, keys loaded: ${report.keysLoaded}, keys expired: ${report.keysExpired}, ` +
          `empty keys skipped: ${report.emptyKeysSkipped}.`,
      );
      log.notice(`DB loaded from disk: ${seconds} seconds`);
    } finally {
      file.close();
      this.state = null;
      server.setLoading(false);
    }
  }

  private open(): Deno.FsFile | null {
    try {
      return Deno.openSync(this.server.config.values.dbfilename, { read: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }

  private finished(report: RdbLoadReport): void {
    this.last = { loaded: report.keysLoaded, expired: report.keysExpired };
    this.server.keyspace.dirty = 0;
  }

  private sink(existing: "refuse" | "replace", state: LoadingState | null): KeyspaceSink {
    const { keyspace, config } = this.server;
    const { hashMaxListpackEntries, hashMaxListpackValue } = config.values;
    return new KeyspaceSink(keyspace, {
      hashMaxListpackEntries,
      hashMaxListpackValue,
      existing,
      onAux: (name, value) => {
        if (state !== null && name === "used-mem") state.usedMemory = Number(value);
      },
    });
  }

  private decoderOptions() {
    const { values } = this.server.config;
    return {
      databases: values.databases,
      checksum: values.rdbchecksum ? "verify" as const : "ignore" as const,
      versionCheck: values.rdbVersionCheck,
      dropExpiredBefore: Date.now(),
      unsupported: "refuse" as const,
    };
  }

  /** DEBUG RELOAD: everything at once, nothing else runs. An error reply's text where it failed. */
  reload(options: { save: boolean; flush: boolean; merge: boolean }): string | null {
    const { server } = this;
    const { keyspace, saves } = server;
    saves.cancel();
    if (options.save && !saves.saveNow()) return "ERR Error trying to save the DB, check server logs";
    if (options.flush) keyspace.flushAll();
    const file = this.open();
    if (file === null) return "ERR Error trying to load the RDB dump, check server logs";
    server.setLoading(true);
    try {
      this.finished(
        loadRdb(
          new FileByteSource(file),
          this.sink(options.merge ? "replace" : "refuse", null),
          this.decoderOptions(),
        ),
      );
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      server.log.warning(`Error loading the dump: ${error.message}`);
      return "ERR Error trying to load the RDB dump, check server logs";
    } finally {
      file.close();
      server.setLoading(false);
      keyspace.clock.update();
    }
    server.log.warning("DB reloaded by DEBUG RELOAD");
    return null;
  }
}

/** Resolves after the loop has had a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
