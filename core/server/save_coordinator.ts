// Decides about snapshots: which runs, which waits, what the last one came to. SAVE, BGSAVE, save points, SHUTDOWN and
// FLUSHALL come here; core/persistence/snapshot does the work (rules: spec/threadsave.md section 3).
import { errorText } from "../log/error_text.ts";
import type { SaveType } from "../commands/server_services.ts";
import type { RdbHeader } from "../persistence/rdb/encoder.ts";
import { type SaveFileSystem, systemFiles } from "../persistence/rdb/file_system.ts";
import { tempFileName } from "../persistence/rdb/save_file.ts";
import { versionForDataset } from "../persistence/rdb/version_choice.ts";
import {
  IDLE_PROGRESS,
  SaveJob,
  type SaveJobOptions,
  type SaveOutcome,
  type SaveProgress,
  type SaveStrategy,
} from "../persistence/snapshot/save_job.ts";
import { type DumpFileSystem, systemDumpFiles } from "../persistence/snapshot/temp_dump.ts";
import type { Config } from "./config/config.ts";
import { RESTRICT_SNAPSHOT_ERROR, RESTRICT_SNAPSHOT_PRESSURE } from "./dispatcher.ts";
import { type ForegroundSave, saveInForeground } from "./foreground_save.ts";
import type { LatencyMonitor } from "./latency_monitor.ts";
import type { Server } from "./server.ts";
import { COMPATIBLE_REDIS_VERSION, COMPATIBLE_VALKEY_VERSION, VERSION } from "./version.ts";

/** After a failed background save the next periodic one waits this long. */
const RETRY_MS = 5000;
/** How long a shutdown waits for a cancelled save, milliseconds. */
const SETTLE_MS = 2000;
/** How long for one whose worker was ended then: its file has to be removed. */
const ABANDONED_MS = 500;
/** Used where config chose a strategy of the other kind. */
const SHIPPED_STRATEGY: Record<SaveType, string> = { thread: "threadsave", fork: "fork-emulated" };

/** What INFO tells of saves. Times are seconds; -1 = there is none. */
export interface SaveReport {
  running: SaveType | null;
  lastType: SaveType | "none";
  lastStatus: "ok" | "err";
  lastSaveSeconds: number;
  lastDurationSeconds: number;
  saves: number;
  /** Most shadow memory that the last background save used at a time, bytes. */
  lastCowBytes: number;
  /** Of the running save. */
  currentSeconds: number;
  secondsRemaining: number;
  progress: SaveProgress;
}

/** What the coordinator needs of the server. */
export interface SaveHost
  extends Pick<Server, "keyspace" | "log" | "usedMemory" | "restrict" | "releaseWriters"> {
  readonly config: Pick<Config, "values">;
  readonly latency: Pick<LatencyMonitor, "addIfNeeded">;
  readonly plugins: { snapshot(name: string): SaveStrategy };
  readonly loader: { readonly functions: Uint8Array[] };
}

/** The base file of a rewritten log. */
export interface BaseFile {
  /** Absolute. */
  directory: string;
  tempName: string;
  name: string;
  format: "rdb" | "commands";
  incrementalSync: boolean;
  /** Another strategy than the configured one. */
  strategy?: string;
}

/** The file calls that saves make on the loop; tests put others in their place. */
export interface SaveFiles {
  foreground: SaveFileSystem;
  dump: DumpFileSystem;
}

export class SaveCoordinator {
  /** Type of the save that runs. */
  running: SaveType | null = null;
  lastSaveSeconds = Math.floor(Date.now() / 1000);
  private job: SaveJob | null = null;
  private scheduled: SaveType | null = null;
  private lastStatus: "ok" | "err" = "ok";
  private lastType: SaveType | "none" = "none";
  private lastDurationSeconds = -1;
  private lastTryMs = 0;
  private lastCowBytes = 0;
  private saves = 0;
  /** Saves and bases of the log that were begun: what others fork for. */
  begun = 0;
  private jobs = 0;
  private lastJob: Promise<void> = Promise.resolve();
  private dirtyBefore = 0;
  /** Makes a base of the log: no save runs beside it. */
  private baseJob: SaveJob | null = null;

  constructor(
    private readonly server: SaveHost,
    private readonly files: SaveFiles = { foreground: systemFiles, dump: systemDumpFiles },
  ) {}

  /** What a plain BGSAVE and save points use. */
  get defaultType(): SaveType {
    return this.typeOf(this.server.config.values.snapshotStrategy);
  }

  get mustWait(): boolean {
    return this.baseJob !== null;
  }

  private typeOf(strategy: string): SaveType {
    if (!this.server.config.values.forklessOptionsSupported) return "fork";
    return this.server.plugins.snapshot(strategy).entries === "iterator" ? "thread" : "fork";
  }

  /** The chosen strategy where it is of this type, else the shipped one. */
  private strategyFor(type: SaveType): string {
    const chosen = this.server.config.values.snapshotStrategy;
    return this.typeOf(chosen) === type ? chosen : SHIPPED_STRATEGY[type];
  }

  /** Begins a background save; false where that failed at once. One must not run already. */
  start(type: SaveType): boolean {
    const { server } = this;
    const { keyspace, config, log } = server;
    const begun = performance.now();
    this.scheduled = null;
    this.lastTryMs = keyspace.clock.ms;
    this.dirtyBefore = keyspace.dirty;
    const strategy = this.strategyFor(type);
    try {
      this.job = new SaveJob(keyspace, server.plugins.snapshot(strategy), {
        ...this.jobOptions(),
        directory: () => Deno.cwd(),
        tempName: tempFileName(Deno.pid, ++this.jobs),
      }, config.values.dbfilename);
    } catch (error) {
      log.warning(`Cannot start a background save: ${errorText(error)}`);
      this.lastStatus = "err";
      this.updateRestrictions();
      return false;
    }
    this.running = type;
    server.latency.addIfNeeded("snapshot-begin", performance.now() - begun, keyspace.clock.ms);
    this.begun++;
    if (type === "thread") log.notice("Beginning threadsaveToDisk");
    log.notice(`Background saving started by plugin ${strategy}`);
    const job = this.job;
    this.lastJob = job.done.then((outcome) => this.ended(job, type, outcome));
    return true;
  }

  /**
   * Begins the job that makes a base of the log, where no save runs; what its end means is the caller's matter. Throws
   * where it could not begin.
   */
  startBase({ directory, tempName, name, format, incrementalSync, strategy }: BaseFile): SaveJob {
    const { keyspace, plugins, config: { values } } = this.server;
    const options = this.jobOptions();
    const job = new SaveJob(keyspace, plugins.snapshot(strategy ?? this.strategyFor(this.defaultType)), {
      ...options,
      format,
      mustBeWhole: true,
      annotatedAt: values.aofTimestampEnabled ? options.header.createdAt : undefined,
      header: { ...options.header, isAofBase: true },
      incrementalSync,
      directory: () => directory,
      tempName,
    }, name);
    this.baseJob = job;
    this.begun++;
    this.lastJob = Promise.all([this.lastJob, job.done]).then(() => {});
    void job.done.then(() => {
      this.baseJob = null;
      this.updatePressure();
    });
    return job;
  }

  /** Writes a base of the empty dataset into the log's directory. Throws SaveFileError. */
  writeEmptyBase(directory: string, name: string): void {
    const { keyspace } = this.server;
    const save = this.foregroundSave(name);
    saveInForeground(keyspace, {
      ...save,
      header: { ...save.header, isAofBase: true },
      file: { ...save.file, directory },
    });
  }

  private jobOptions(): Omit<SaveJobOptions, "directory" | "tempName"> {
    const { keyspace, config: { values } } = this.server;
    return {
      format: "rdb",
      header: this.header(),
      functions: this.server.loader.functions,
      rdbVersion: versionForDataset(keyspace, values.rdbVersion),
      checksum: values.rdbchecksum,
      compress: values.rdbcompression,
      incrementalSync: values.rdbSaveIncrementalFsync,
      access: this.savedAccess(),
      keySaveDelay: values.rdbKeySaveDelay,
      shadowBytesMax: this.shadowBytesMax(),
      heldBytesMax: values.snapshotHeldBytesMax,
      onFeed: (ms) => this.fed(ms),
      onCongested: () => this.updatePressure(),
      files: this.files.dump,
    };
  }

  private fed(milliseconds: number): void {
    this.server.latency.addIfNeeded("snapshot-feed", milliseconds, this.server.keyspace.clock.ms);
    this.updatePressure();
  }

  private ended(job: SaveJob, type: SaveType, outcome: SaveOutcome): void {
    const { log, keyspace } = this.server;
    const seconds = Math.floor((Date.now() - job.startedAt) / 1000);
    const prefix = type === "thread" ? "threadsave: threadsave" : "fork-emulated: save";
    this.lastCowBytes = job.shadowBytesPeak;
    if (this.job === job) {
      this.job = null;
      this.running = null;
    }
    this.lastType = type;
    this.lastDurationSeconds = seconds;
    switch (outcome.result) {
      case "saved":
        keyspace.dirty = Math.max(0, keyspace.dirty - this.dirtyBefore);
        this.lastSaveSeconds = Math.floor(Date.now() / 1000);
        this.lastStatus = "ok";
        this.saves++;
        log.notice(`${prefix} complete.  ${seconds} seconds. ${outcome.keys} keys, ${outcome.bytes} bytes.`);
        log.notice("Background saving terminated with success");
        break;
      case "cancelled":
        log.notice(`${prefix} terminated.  ${seconds} seconds.`);
        break;
      case "over-limit":
        log.warning(`${prefix} gave up: more pages changed than snapshot-shadow-limit has room for.`);
        if (type === "fork" && this.mayDegrade() && this.start("thread")) {
          log.notice("The save begins again with the background iterator (snapshot-shadow-policy degrade).");
        } else this.lastStatus = "err";
        break;
      case "failed":
        this.lastStatus = "err";
        log.warning(`${prefix} failed.  ${seconds} seconds.`);
        log.warning(`Background saving error: ${outcome.error.message}`);
        break;
    }
    this.updateRestrictions();
    this.updatePressure();
  }

  private mayDegrade(): boolean {
    const { values } = this.server.config;
    return values.snapshotShadowPolicy === "degrade" && values.forklessOptionsSupported;
  }

  /** Cancels the running save; false where there is none. The last status stays as it was. */
  cancel(): boolean {
    if (this.job === null) return false;
    this.job.cancel();
    this.updatePressure();
    return true;
  }

  /**
   * Resolves when the last background save, or base of the log, has ended and put its temporary file away. One that
   * takes too long is ended together with its worker, and not waited for where the disk hangs: the server is about to
   * end.
   */
  async settled(): Promise<void> {
    if (await endsWithin(this.lastJob, SETTLE_MS)) return;
    (this.job ?? this.baseJob)?.abandon(`did not end its save within ${SETTLE_MS} ms`);
    await endsWithin(this.lastJob, ABANDONED_MS);
  }

  schedule(type: SaveType): void {
    this.scheduled = type;
  }

  /** Takes a scheduled save back; false where there is none. */
  unschedule(): boolean {
    const had = this.scheduled !== null;
    this.scheduled = null;
    return had;
  }

  /** A database or all of them are about to be emptied: a snapshot that needs them is given up. */
  abortForFlush(options: { wholeDataset: boolean }): void {
    const { job, baseJob } = this;
    // A page image outlives the emptying of one database, as a forked child would.
    if (job !== null && (options.wholeDataset || job.usesIterator)) this.cancel();
    if (baseJob === null || !(options.wholeDataset || baseJob.usesIterator)) return;
    baseJob.cancel();
    this.updatePressure();
  }

  /** After FLUSHALL: with save points the empty dataset is saved at once. Nobody asked for a save, so none is counted. */
  saveEmptied(): void {
    if (this.server.config.values.save.length === 0) return;
    const { saves } = this;
    this.saveNow();
    this.saves = saves;
  }

  /** SAVE: on the loop. False: failed, and the log says why. */
  saveNow(): boolean {
    const { keyspace, config, log } = this.server;
    try {
      saveInForeground(keyspace, this.foregroundSave(config.values.dbfilename));
    } catch (error) {
      log.warning(`Write error saving DB on disk: ${errorText(error)}`);
      return false;
    }
    log.notice("DB saved on disk");
    keyspace.dirty = 0;
    // A cancelled save that was a success after all has nothing to take off any more.
    this.dirtyBefore = 0;
    keyspace.clock.update();
    this.lastSaveSeconds = Math.floor(keyspace.clock.ms / 1000);
    this.lastStatus = "ok";
    this.saves++;
    this.updateRestrictions();
    return true;
  }

  private foregroundSave(finalName: string): ForegroundSave {
    const { keyspace, config: { values } } = this.server;
    return {
      header: this.header(),
      functions: this.server.loader.functions,
      encoder: {
        version: versionForDataset(keyspace, values.rdbVersion),
        checksum: values.rdbchecksum,
        compress: values.rdbcompression,
        access: this.savedAccess(),
        lfu: keyspace.lfu,
        keySaveDelay: () => values.rdbKeySaveDelay,
      },
      file: {
        directory: Deno.cwd(),
        tempName: tempFileName(Deno.pid),
        incrementalSync: values.rdbSaveIncrementalFsync,
        files: this.files.foreground,
      },
      finalName,
    };
  }

  private header(): RdbHeader {
    return {
      redisVersion: COMPATIBLE_REDIS_VERSION,
      valkeyVersion: COMPATIBLE_VALKEY_VERSION,
      sporkVersion: VERSION,
      createdAt: Math.floor(Date.now() / 1000),
      usedMemory: this.server.usedMemory(),
      isAofBase: false,
    };
  }

  private savedAccess(): "none" | "lru" | "lfu" {
    const policy = this.server.config.values.maxmemoryPolicy;
    if (policy.endsWith("lru")) return "lru";
    return policy.endsWith("lfu") ? "lfu" : "none";
  }

  /** Bytes; a negative setting is a percentage of the dataset. */
  private shadowBytesMax(): number {
    const limit = this.server.config.values.snapshotShadowLimit;
    if (limit >= 0) return limit;
    const floor = 64 * 1024 * 1024;
    return Math.max(floor, this.server.keyspace.arena.stats.touched * -limit / 100);
  }

  /** The save or rewrite that runs fails; false where none does. A test's lever. */
  fail(reason: string): boolean {
    const job = this.job ?? this.baseJob;
    job?.fail(reason);
    return job !== null;
  }

  setKeySaveDelay(micros: number): void {
    (this.job ?? this.baseJob)?.setKeySaveDelay(micros);
  }

  /** Starts what is due. */
  cron(nowMs: number): void {
    if (this.job !== null || this.mustWait) return;
    const mayTry = nowMs - this.lastTryMs > RETRY_MS || this.lastStatus === "ok";
    const { keyspace, config, log } = this.server;
    if (mayTry && this.scheduled !== null) {
      this.start(this.scheduled);
      return;
    }
    if (!mayTry) return;
    const sinceSave = Math.floor(nowMs / 1000) - this.lastSaveSeconds;
    for (const { seconds, changes } of config.values.save) {
      if (keyspace.dirty < changes || keyspace.dirty === 0 || sinceSave <= seconds) continue;
      log.notice(`${changes} changes in ${seconds} seconds. Saving...`);
      this.start(this.defaultType);
      return;
    }
  }

  /** Writes are refused while the last save failed, where config wants that. */
  updateRestrictions(): void {
    const { values } = this.server.config;
    const refuses = values.stopWritesOnBgsaveError && values.save.length > 0 && this.lastStatus === "err";
    this.server.restrict(RESTRICT_SNAPSHOT_ERROR, refuses);
  }

  private updatePressure(): void {
    const congested = (this.job ?? this.baseJob)?.congested ?? false;
    this.server.restrict(RESTRICT_SNAPSHOT_PRESSURE, congested);
    if (!congested) this.server.releaseWriters();
  }

  report(): SaveReport {
    const { job, running, lastType, lastStatus, lastSaveSeconds, lastDurationSeconds, saves, lastCowBytes } =
      this;
    const progress = (job ?? this.baseJob)?.progress() ?? IDLE_PROGRESS;
    const elapsedMs = job === null ? -1 : Date.now() - job.startedAt;
    return {
      running,
      lastType,
      lastStatus,
      lastSaveSeconds,
      lastDurationSeconds,
      saves,
      lastCowBytes,
      currentSeconds: Math.floor(elapsedMs / 1000),
      secondsRemaining: secondsRemaining(progress, elapsedMs),
      progress,
    };
  }

  resetStats(): void {
    this.saves = 0;
    this.begun = 0;
  }
}

/** An estimate; -1 while nothing is known. */
function secondsRemaining({ keysTotal, processed }: SaveProgress, elapsedMs: number): number {
  if (processed === 0) return -1;
  return Math.round(Math.max(0, keysTotal - processed) * elapsedMs / processed / 1000);
}

async function endsWithin(job: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), milliseconds));
  try {
    return await Promise.race([job.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
