// Loads the append-only log: its base, then its increments, file by file, in slices that leave the loop alive in
// between. A last file that ends too early is cut where `aof-load-truncated` allows it. DatasetLoader calls it at start
// and for DEBUG LOADAOF, and holds the state that INFO shows.
import { systemErrorText } from "../../log/error_text.ts";
import { ARENA_FULL } from "../../memory/arena.ts";
import { AofError } from "../../persistence/aof/aof_error.ts";
import { AOF_PREAMBLE_DONE, AOF_TIME_UP, AofFileReader } from "../../persistence/aof/aof_file_reader.ts";
import { AOF_COMMAND, AOF_END, AOF_NEEDS_INPUT } from "../../persistence/aof/aof_reader.ts";
import type { AofFileEntry, AofManifest } from "../../persistence/aof/manifest.ts";
import type { RdbDecoder } from "../../persistence/rdb/decoder.ts";
import { RdbError } from "../../persistence/rdb/rdb_error.ts";
import type { Logger } from "../../log/logger.ts";
import { StartError } from "../start_error.ts";
import type { LogDirectory } from "./log_directory.ts";
import { LogReplayer, RefusedCommand, type ReplayHost } from "./log_replayer.ts";

/** The clock is asked after so many commands. */
const COMMANDS_PER_LOOK = 64;

export interface LogLoadHost {
  /** What the log's commands run on. */
  readonly replay: ReplayHost;
  readonly log: Logger;
  /** Makes the decoder of an RDB part. */
  decoder(totalBytes: number): RdbDecoder;
  /** `aof-load-truncated` */
  readonly cutsTail: boolean;
  /** `appendfilename`: a base of this name is the single file of former times. */
  readonly logName: string;
  /** Longest time to load without a pause, milliseconds; 0 = one command. */
  readonly sliceMs: number;
  /** Bytes of all files, once they are known. */
  begins(totalBytes: number): void;
  /** Between slices, with the bytes loaded so far and the commands run: lets the loop turn. */
  pause(loadedBytes: number, commands: number): Promise<void>;
}

export interface LogLoadReport {
  /** False: the manifest names no file. */
  exists: boolean;
  commands: number;
  /** Of all files, as they are now. */
  bytes: number;
  /** What was cut from the last file; 0 = it was whole. */
  cutBytes: number;
}

export class LogLoader {
  readonly #host: LogLoadHost;
  #bytesBefore = 0;
  #commands = 0;

  constructor(host: LogLoadHost) {
    this.#host = host;
  }

  /**
   * Loads the files that the manifest names, into whatever the databases have. Rejects with a StartError whose message
   * is Valkey's line, where they cannot be loaded; some of it may be loaded then.
   */
  async load(manifest: AofManifest, directory: LogDirectory): Promise<LogLoadReport> {
    const files = manifest.files();
    const report = { exists: files.length > 0, commands: 0, bytes: 0, cutBytes: 0 };
    const sizes = files.map((entry) => sizeOf(entry, directory));
    report.bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (report.bytes === 0) return report;
    const { log } = this.#host;
    this.#host.begins(report.bytes);
    for (let index = 0; index < files.length; index++) {
      const entry = files[index];
      // The writer begins a file when the one before is durable: an empty one behind says nothing about its end.
      const isEnd = entry !== manifest.base && sizes.slice(index + 1).every((size) => size === 0);
      const isLast = isEnd || index === files.length - 1;
      const begun = performance.now();
      const left = sizes[index] === 0 ? 0 : await this.#loadFile(directory.pathOf(entry.name), entry, isLast);
      report.cutBytes += left;
      this.#bytesBefore += sizes[index];
      if (sizes[index] === 0) continue;
      const kind = entry === manifest.base ? "base" : "incr";
      const seconds = ((performance.now() - begun) / 1000).toFixed(3);
      log.notice(`DB loaded from ${kind} file ${entry.name}: ${seconds} seconds`);
    }
    report.bytes -= report.cutBytes;
    report.commands = this.#commands;
    return report;
  }

  /** Returns how many bytes were cut from the file. */
  async #loadFile(path: string, entry: AofFileEntry, isLast: boolean): Promise<number> {
    const { name } = entry;
    const file = openFile(path, name);
    const { size } = file.statSync();
    const reader = new AofFileReader({
      totalBytes: size,
      preamble: () => {
        this.#host.log.notice(
          this.#isOldStyle(name)
            ? "Reading RDB preamble from AOF file..."
            : "Reading RDB base file on AOF loading...",
        );
        return this.#host.decoder(size);
      },
    });
    try {
      await this.#read(file, reader, name);
      return 0;
    } catch (error) {
      if (error instanceof AofError && error.code === "AOF_TRUNCATED") {
        return this.#cut(path, name, size, error, isLast);
      }
      throw this.#failure(error, name);
    } finally {
      reader.abort();
      file.close();
    }
  }

  async #read(file: Deno.FsFile, reader: AofFileReader, name: string): Promise<void> {
    const replayer = new LogReplayer(this.#host.replay);
    for (;;) {
      const deadline = performance.now() + this.#host.sliceMs;
      const state = this.#runSlice(file, reader, replayer, deadline);
      if (state === AOF_PREAMBLE_DONE) {
        if (this.#isOldStyle(name)) this.#host.log.notice("Reading the remaining AOF tail...");
        continue;
      }
      await this.#host.pause(this.#bytesBefore + reader.offset, this.#commands + replayer.count);
      if (state !== AOF_END) continue;
      this.#commands += replayer.count;
      return;
    }
  }

  /** Runs commands until the time is up (AOF_TIME_UP) or something else is to be done. */
  #runSlice(file: Deno.FsFile, reader: AofFileReader, replayer: LogReplayer, deadline: number): number {
    let untilLook = this.#host.sliceMs === 0 ? 1 : COMMANDS_PER_LOOK;
    for (;;) {
      const state = reader.next(deadline);
      if (state === AOF_COMMAND) {
        const { commands } = reader;
        replayer.take(commands.args, commands.inTransaction);
        if (--untilLook > 0) continue;
        if (performance.now() >= deadline) return AOF_TIME_UP;
        untilLook = COMMANDS_PER_LOOK;
      } else if (state === AOF_NEEDS_INPUT) {
        const count = file.readSync(reader.space()) ?? 0;
        if (count === 0) reader.endInput();
        else reader.commit(count);
      } else if (state === AOF_END || state === AOF_TIME_UP || state === AOF_PREAMBLE_DONE) return state;
    }
  }

  /** The file ends within a command or a transaction: it is cut before that, or refused. */
  #cut(path: string, name: string, size: number, error: AofError, isLast: boolean): number {
    const { log, cutsTail } = this.#host;
    const { soundBytes } = error;
    if (error.reason.endsWith("before reading EXEC for MULTI")) {
      log.warning(`Revert incomplete MULTI/EXEC transaction from AOF file ${name}`);
    }
    if (!cutsTail) {
      throw refusal(
        `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, ` +
          "then use spork check aof --fix <filename.manifest>. 2) Alternatively you can set the " +
          "'aof-load-truncated' configuration option to yes and restart the server.",
        error,
      );
    }
    log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
    if (!isLast) throw refusal(`Fatal error: the truncated file ${name} is not the last file`, error);
    log.warning(`!!! Truncating the AOF ${name} at offset ${soundBytes} !!!`);
    try {
      truncate(path, soundBytes);
    } catch (reason) {
      throw refusal(`Error truncating the AOF file ${name}: ${systemErrorText(reason)}`, reason);
    }
    log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
    return size - soundBytes;
  }

  #failure(error: unknown, name: string): unknown {
    if (error instanceof AofError) {
      this.#host.log.warning(`${name}: ${error.message}`);
      return refusal(
        `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use ` +
          "spork check aof --fix <filename.manifest>",
        error,
      );
    }
    if (error instanceof RefusedCommand) {
      return refusal(`${error.reason} reading the append only file ${name}`, error);
    }
    if (error instanceof RdbError) {
      const part = this.#isOldStyle(name) ? "preamble of the AOF file" : "base file";
      this.#host.log.warning(`Error in the RDB file: ${error.message}`);
      return refusal(`Error reading the RDB ${part} ${name}, AOF loading aborted`, error);
    }
    if (error === ARENA_FULL) {
      return new StartError(
        "START_DATASET_TOO_LARGE",
        `${name}: the dataset is larger than the arena. Start with a larger arena-size (START_DATASET_TOO_LARGE)`,
      );
    }
    if (error instanceof Error && "code" in error) {
      return refusal(
        `Unrecoverable error reading the append only file ${name}: ${systemErrorText(error)}`,
        error,
      );
    }
    return error;
  }

  #isOldStyle(name: string): boolean {
    return name === this.#host.logName;
  }
}

function sizeOf({ name }: AofFileEntry, directory: LogDirectory): number {
  try {
    return Deno.statSync(directory.pathOf(name)).size;
  } catch (error) {
    throw refusal(`Unable to obtain the AOF file ${name} length. stat: ${systemErrorText(error)}`, error);
  }
}

function openFile(path: string, name: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true });
  } catch (error) {
    throw refusal(
      `Fatal error: can't open the append log file ${name} for reading: ${systemErrorText(error)}`,
      error,
    );
  }
}

function truncate(path: string, bytes: number): void {
  const file = Deno.openSync(path, { write: true });
  try {
    file.truncateSync(bytes);
    file.syncSync();
  } finally {
    file.close();
  }
}

function refusal(message: string, cause: unknown): StartError {
  return new StartError("START_LOG_REFUSED", message, { cause });
}
