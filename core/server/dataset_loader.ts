// Loads the append-only log or else the dump at start, in slices that leave the loop alive (clients get -LOADING), and
// again for DEBUG RELOAD and DEBUG LOADAOF.
import { errorText } from "../log/error_text.ts";
import { setImmediate } from "node:timers";
import { latin1Text } from "../bytes/ascii.ts";
import { FileByteSource } from "../persistence/rdb/byte_source.ts";
import { KeyspaceSink } from "../persistence/rdb/keyspace_sink.ts";
import { loadRdb, loadRdbInSlices, type RdbLoadReport } from "../persistence/rdb/load.ts";
import { RdbError } from "../persistence/rdb/rdb_error.ts";
import { RdbDecoder } from "../persistence/rdb/decoder.ts";
import { sweepTempFiles } from "../persistence/rdb/save_file.ts";
import { ARENA_FULL } from "../memory/arena.ts";
import { LOADING } from "../protocol/errors.ts";
import { LogLoader, type LogLoadReport } from "./aof/log_loader.ts";
import { StartError } from "./start_error.ts";
import type { Server } from "./server.ts";

const SLICE_MS = 10;
const DELAY_STEP_MS = 5;
const PROGRESS_INTERVAL_MS = 2000;
/** A damaged file may have many. */
const EMPTY_KEYS_LOGGED = 10;

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
  /** Sources of the function libraries that the dump had. Nothing runs them yet; saves write them again. */
  functions: Uint8Array[] = [];

  constructor(private readonly server: Server) {}

  /** Loads the log where it is on, else the dump where there is one. Rejects with a StartError. */
  async loadAtStart(): Promise<void> {
    this.sweep();
    if (!this.server.config.values.appendonly) return await this.loadDump();
    const begun = performance.now();
    const { exists } = await this.loadLog();
    const seconds = ((performance.now() - begun) / 1000).toFixed(3);
    if (exists) this.server.log.notice(`DB loaded from append only file: ${seconds} seconds`);
  }

  /** The file is left as it is, whatever is wrong with it. */
  private async loadDump(): Promise<void> {
    const { server } = this;
    const { log, config } = server;
    const file = this.openAtStart();
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
    const pause = this.pauses(config.values.dbfilename, state);
    try {
      const report = await loadRdbInSlices(
        new FileByteSource(file),
        this.sink("refuse", state),
        {
          ...this.decoderOptions(),
          get sliceMilliseconds() {
            return sliceMs(config.values.keyLoadDelay);
          },
          pause: (bytes) => pause(bytes, server.keyspace.size),
        },
      );
      this.finished(report);
      const seconds = ((performance.now() - begun) / 1000).toFixed(3);
      log.notice(
        `Done loading RDB, keys loaded: ${report.keysLoaded}, keys expired: ${report.keysExpired}, ` +
          `empty keys skipped: ${report.emptyKeysSkipped}.`,
      );
      log.notice(`DB loaded from disk: ${seconds} seconds`);
    } catch (error) {
      if (error instanceof RdbError) {
        log.warning(`Error in the RDB file: ${error.message}`);
        log.warning("Terminating server after rdb file reading failure.");
      }
      throw this.startError(error);
    } finally {
      file.close();
      this.state = null;
      server.setLoading(false);
    }
  }

  /** Loads the log's files into what the databases have. Rejects with a StartError. */
  private async loadLog(): Promise<LogLoadReport> {
    const { server } = this;
    const { keyspace, aof, propagation, config: { values } } = server;
    const state: LoadingState = { startedAt: Date.now(), totalBytes: 0, loadedBytes: 0, usedMemory: 0 };
    const sink = this.sink("refuse", state);
    const loader = new LogLoader({
      replay: server,
      log: server.log,
      decoder: (totalBytes) => {
        // What has expired goes when the log is loaded: its commands may still name it.
        return new RdbDecoder(sink, { ...this.decoderOptions(), dropExpiredBefore: undefined, totalBytes });
      },
      get cutsTail() {
        return values.aofLoadTruncated;
      },
      logName: values.appendfilename,
      get sliceMs() {
        return sliceMs(values.keyLoadDelay);
      },
      begins: (totalBytes) => {
        state.totalBytes = totalBytes;
      },
      pause: this.pauses("the append only file", state),
    });
    this.state = state;
    server.setLoading(true);
    propagation.suspend();
    keyspace.durability = null;
    try {
      const report = await loader.load(aof.directory.manifest, aof.directory);
      this.last = { loaded: 0, expired: 0 };
      keyspace.dirty = 0;
      this.tellOfFunctions();
      return report;
    } finally {
      this.state = null;
      server.setLoading(false);
      propagation.resume();
      // Whether replies wait may have been configured meanwhile.
      keyspace.durability = server.durability.active ? server.durability.uncommitted : null;
      keyspace.clock.update();
    }
  }

  /**
   * DEBUG LOADAOF: writes what the log waits for, empties everything and loads the log, while clients get -LOADING. What
   * a log that awaits its first rewrite has in no manifest is lost by that. An error reply's text where it failed.
   */
  async reloadLog(): Promise<string | null> {
    const { server } = this;
    const { aof, log, keyspace, saves } = server;
    const failed = "ERR Error trying to load the AOF files, check server logs.";
    if (this.state !== null) return LOADING;
    server.setLoading(true);
    try {
      await aof.drain();
      // The numbers of the next files go on from there.
      aof.readAgain();
      saves.abortForFlush({ wholeDataset: true });
      keyspace.flushAll();
      await this.loadLog();
    } catch (error) {
      log.warning(`Error loading the AOF: ${errorText(error)}`);
      return failed;
    } finally {
      server.setLoading(false);
    }
    log.warning("Append Only File loaded by DEBUG LOADAOF");
    return null;
  }

  /** What happens between slices: progress is told, the loop turns. */
  private pauses(name: string, state: LoadingState): (bytes: number, items: number) => Promise<void> {
    const { log, keyspace, turn } = this.server;
    let lastLine = performance.now();
    let delayed = 0;
    return async (bytes, items) => {
      state.loadedBytes = bytes;
      const now = performance.now();
      if (now - lastLine > PROGRESS_INTERVAL_MS) {
        lastLine = now;
        const percent = (bytes * 100 / Math.max(1, state.totalBytes)).toFixed(0);
        log.notice(`Loading ${name}: ${percent}% (${keyspace.size} keys)`);
      }
      // Frees what the commands have replaced.
      turn.wake();
      await nextTurn();
      await this.delay(items - delayed);
      delayed = items;
    };
  }

  /** `key-load-delay`: waits for so many keys, or until the option is 0 again. A test's lever. */
  private async delay(keys: number): Promise<void> {
    const { values } = this.server.config;
    let waited = 0;
    while (waited < keys * values.keyLoadDelay / 1000) {
      await new Promise((resolve) => setTimeout(resolve, DELAY_STEP_MS));
      waited += DELAY_STEP_MS;
    }
  }

  /** Removes what crashed saves left. Trouble with that is no reason not to start. */
  private sweep(): void {
    const { log } = this.server;
    const { removed, problems } = sweepTempFiles(Deno.cwd());
    for (const name of removed) log.notice(`Removed ${name}, left behind by a crash`);
    for (const problem of problems) log.warning(`Cannot clean up after a crash: ${problem}`);
  }

  private openAtStart(): Deno.FsFile | null {
    try {
      return this.open();
    } catch (error) {
      throw this.startError(error);
    }
  }

  /** What the operator has to know where the dump cannot be loaded. */
  private startError(error: unknown): unknown {
    const { keyspace, config } = this.server;
    const path = `${Deno.cwd()}/${config.values.dbfilename}`;
    if (error instanceof RdbError) {
      return new StartError("START_DUMP_REFUSED", `${path}: ${error.message} (${error.code})`, {
        cause: error,
      });
    }
    if (error === ARENA_FULL) {
      const { total } = keyspace.arena.stats;
      const message =
        `${path}: the dataset is larger than the arena of ${total} bytes, which is full after ` +
        `${keyspace.size} keys. Start with a larger arena-size (START_DATASET_TOO_LARGE)`;
      return new StartError("START_DATASET_TOO_LARGE", message);
    }
    if (error instanceof Error && "code" in error && typeof error.code === "string") {
      return new StartError("START_DUMP_UNREADABLE", `${path}: ${error.message} (START_DUMP_UNREADABLE)`, {
        cause: error,
      });
    }
    return error;
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
    this.tellOfFunctions();
  }

  private tellOfFunctions(): void {
    const libraries = this.functions.length;
    if (libraries === 0) return;
    this.server.log.warning(
      `Function libraries of the dump (${libraries}) cannot be called; saves keep them`,
    );
  }

  private sink(existing: "refuse" | "replace", state: LoadingState | null): KeyspaceSink {
    const { keyspace, config, log } = this.server;
    let emptyKeys = 0;
    const functions: Uint8Array[] = this.functions = [];
    return new KeyspaceSink(keyspace, config.values, {
      existing,
      onEmptyKey: (key) => {
        if (++emptyKeys > EMPTY_KEYS_LOGGED) return;
        log.notice(`rdbLoadObject skipping empty key: ${latin1Text(key.bytes, key.start, key.end)}`);
      },
      onFunction: (bytes, start, end) => functions.push(bytes.slice(start, end)),
      onAux: (name, value) => {
        if (state !== null && name === "used-mem") state.usedMemory = Number(value);
      },
    });
  }

  private decoderOptions() {
    const { values } = this.server.config;
    return {
      databases: values.databases,
      checksum: values.rdbchecksum && !this.server.dumps.skipsChecksums
        ? "verify" as const
        : "ignore" as const,
      versionCheck: values.rdbVersionCheck,
      dropExpiredBefore: Date.now(),
      unsupported: "refuse" as const,
    };
  }

  /** DEBUG RELOAD: everything at once, nothing else runs. An error reply's text where it failed. */
  reload(options: { save: boolean; flush: boolean; merge: boolean }): string | null {
    const { server } = this;
    const { keyspace, saves } = server;
    if (this.state !== null) return LOADING;
    saves.abortForFlush({ wholeDataset: true });
    if (options.save && !saves.saveNow()) return "ERR Error trying to save the DB, check server logs";
    if (options.flush) keyspace.flushAll();
    const failed = "ERR Error trying to load the RDB dump, check server logs";
    let file: Deno.FsFile | null = null;
    server.setLoading(true);
    try {
      file = this.open();
      if (file === null) return failed;
      this.finished(
        loadRdb(
          new FileByteSource(file),
          this.sink(options.merge ? "replace" : "refuse", null),
          this.decoderOptions(),
        ),
      );
    } catch (error) {
      const reason = this.startError(error);
      if (!(reason instanceof StartError)) throw error;
      server.log.warning(`Error loading the dump: ${reason.message}`);
      return failed;
    } finally {
      file?.close();
      server.setLoading(false);
      keyspace.clock.update();
    }
    server.log.warning("DB reloaded by DEBUG RELOAD");
    return null;
  }
}

/** With `key-load-delay` there is a pause after each key or command. */
function sliceMs(keyLoadDelay: number): number {
  return keyLoadDelay === 0 ? SLICE_MS : 0;
}

/** Resolves after the loop has had a turn. */
function nextTurn(): Promise<void> {
  // A timer would wait for milliseconds, which many slices make seconds of.
  return new Promise((resolve) => setImmediate(resolve));
}
