// What a plugin author works with, all of it, in one file without imports: the plugin's kinds, what each is given,
// and the SDK object. `spork plugin new` copies it beside the plugin, so that an editor knows the types while the
// plugin itself imports nothing at run time. The host and the shipped plugins import the same declarations.

/** What a plugin's module exports by default: called once, in the plugin's own worker. */
export type PluginFactory<P> = (sdk: Sdk) => P;
export type SnapshotFactory = PluginFactory<SnapshotPlugin>;
export type CodecFactory = PluginFactory<CodecPlugin>;
export type AofFactory = PluginFactory<AofPlugin>;
export type SinkFactory = PluginFactory<SinkPlugin>;
export type CommandsFactory = PluginFactory<CommandsPlugin>;

/** The checked options of the plugin: every option of its manifest, given or default. */
export type Options = Readonly<Record<string, string | number | boolean>>;

/** Handed to the factory. Everything the host lends a plugin hangs here. */
export interface Sdk {
  /** Version of this interface, as the manifest's `api` range is checked against. */
  readonly apiVersion: string;
  /** The plugin's name, as its manifest has it. */
  readonly name: string;
  /** Lines go to the server's log with the plugin's name. */
  readonly log: PluginLog;
  /** True once the host wants the plugin to end. Loops that may run long poll it: nothing else can stop them. */
  stopping(): boolean;
  /** The LZF compression of RDB strings, one buffer at a time. */
  readonly lzf: BlockCodec;
}

export interface PluginLog {
  debug(message: string): void;
  notice(message: string): void;
  warning(message: string): void;
}

/**
 * The steps every plugin goes through, in this order: the factory (load), configure, validate, start, drain, stop.
 * Each has a time limit. One that throws or runs out of time ends the plugin, never the server.
 */
export interface Lifecycle {
  /** Takes the options. */
  configure?(options: Options): void | Promise<void>;
  /** Checks that the plugin could work here. No side effects: it may look, not touch. */
  validate?(): void | Promise<void>;
  /** Acquires what the plugin needs while it runs. */
  start?(): void | Promise<void>;
  /** Finishes what was begun; nothing new will come. */
  drain?(): void | Promise<void>;
  /** Gives back what `start` took. */
  stop?(): void | Promise<void>;
}

/** Takes bytes. The array is valid until the call returns: copy what must last longer. */
export type Emit = (bytes: Uint8Array) => void;

/**
 * One direction of a byte stream. It is given chunks and emits chunks; the cuts between chunks mean nothing.
 * The chunk may be reused by the caller after `push` returns. Malformed input: throw an Error that says what is wrong.
 */
export interface ByteStage {
  push(chunk: Uint8Array, emit: Emit): void;
  /** Emits all that was pushed so far in a form the other direction can decode up to this point. */
  flush(emit: Emit): void;
  /** The stream is over: emits what remains. A decoder throws where the input stops in the middle. */
  end(emit: Emit): void;
}

/** Compresses one buffer into another, for strings inside an RDB file. Called for each string: no allocation. */
export interface BlockCodec {
  /** Compresses `source[start, end)` into `target[targetStart, targetEnd)`: the length, or 0 where it does not fit. */
  compress(
    source: Uint8Array,
    start: number,
    end: number,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
  ): number;
  /** Fills exactly `target[targetStart, targetEnd)` from `source[start, end)`; false where that is impossible. */
  decompress(
    source: Uint8Array,
    start: number,
    end: number,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
  ): boolean;
}

/** Kind `codec`. What it offers is said in the manifest under `provides`: `stream`, `block` or both. */
export interface CodecPlugin extends Lifecycle {
  /** A new stage for one stream. Required where the manifest provides `stream`. */
  encoder?(): ByteStage;
  decoder?(): ByteStage;
  /** Required where the manifest provides `block`. */
  readonly block?: BlockCodec;
}

/** Kind `snapshot`: says how a consistent view of the dataset is obtained. */
export interface SnapshotPlugin extends Lifecycle {
  /**
   * Writes one snapshot. Usually no more than `job.encode({ view, entries })` with a choice of the two inputs.
   * Failing is throwing: the host reports it as a failed save.
   */
  save(job: SnapshotJob): SnapshotReport | Promise<SnapshotReport>;
}

/** One save. Valid until `save` returns. */
export interface SnapshotJob {
  readonly id: number;
  /** The dataset's bytes. While a page image is active for this job, as they were when the job began. */
  view(): ArenaReader;
  /**
   * The entries that the server's iterator hands over, each as it was when the job began.
   * Only where the manifest provides `entries: iterator`.
   */
  iterator(): EntrySource;
  /**
   * The entries found by walking all key tables in `view`.
   * Only where the manifest provides `entries: tables`: the host then begins a page image for the job.
   */
  tables(view: ArenaReader): EntrySource;
  /** Encodes all entries as the host wants them (RDB, or commands for the log), writes the file, syncs and closes it. */
  encode(inputs: SnapshotInputs): SnapshotReport;
  /** True once the save was cancelled; `encode` polls it by itself and then throws. */
  cancelled(): boolean;
}

export interface SnapshotInputs {
  view: ArenaReader;
  entries: EntrySource;
}

export interface SnapshotReport {
  /** Entries written. */
  entries: number;
  /** Bytes of the file. */
  bytes: number;
}

/** Reads the dataset. References are numbers of 16-byte granules, 0 = none. */
export interface ArenaReader {
  /** The word at word index `word` (a reference times four is the index of its first word). */
  u32(word: number): number;
  /** The byte at byte address `address` (a reference times sixteen). */
  u8(address: number): number;
  /** The double at index `index` (a reference times two). */
  f64(index: number): number;
  copyOut(address: number, length: number, target: Uint8Array, targetOffset: number): void;
  root(index: number): number;
}

/** A cursor over the entries of a snapshot. */
export interface EntrySource {
  /** Moves to the next entry; false at the end. Throws where the save was stopped. */
  next(): boolean;
  /** Database number of the current entry, as it was when the snapshot began. */
  readonly database: number;
  /** Reference of the current entry. */
  readonly ref: number;
  /** The current entry is not needed any more: its bytes may change from here on. */
  release(): void;
}

/**
 * Kind `sink`: receives the stream of changes, in order, as the commands that repeat them (RESP arrays, with SELECT where the
 * database changes, transactions between MULTI and EXEC). Where the manifest declares `deliver-after-durable` it gets only
 * what is durable in the log, as long as replies wait for that; else every change at the end of its turn.
 * A sink that crashes, or throws, is started again and goes on with what happens then; what it has missed is told.
 */
export interface SinkPlugin extends Lifecycle {
  /**
   * Bytes of the stream from `offset` on, valid until it returns or its promise resolves. Cuts between calls mean
   * nothing: a command may be in several of them. Offsets count this sink's stream, from 0 at the server's start.
   */
  receive(bytes: Uint8Array, offset: number): void | Promise<void>;
  /**
   * The bytes from `from` to `to` will not come: the sink was too slow or did not run. Of the first of them some may
   * have been received. The next bytes begin with a whole command that selects its database.
   */
  gap?(from: number, to: number): void | Promise<void>;
}

/**
 * Kind `aof`: decides when bytes of the append-only log are written and when they are synced. The host gives it the
 * file, keeps the order, cuts what went wrong, and publishes what is durable. Where it runs is said in the manifest:
 * `provides: { runs: worker }`, or `loop` for plugins inside the executable.
 */
export interface AofPlugin extends Lifecycle {
  /**
   * Called whenever bytes wait or a sync is due, and on the loop at the end of each turn. What it does not write or
   * sync now it is asked again about: at the latest after a tenth of a second. A call of the file's that fails throws
   * and stops the log until the host has dealt with it: let the error through.
   */
  flush(log: LogFile): void;
}

/** The file of the log that bytes go to now. */
export interface LogFile {
  /** `appendfsync`. */
  readonly policy: "always" | "everysec" | "no";
  /** Bytes that wait to be written. */
  readonly waitingBytes: number;
  /** Bytes written and not synced. */
  readonly unsyncedBytes: number;
  /**
   * What was written must be synced now: at once under `always`, after a second under `everysec`, and where the host
   * needs it (shutdown, another file). Never while a sync that was begun is enough.
   */
  readonly syncDue: boolean;
  /** A sync that was begun has not ended. */
  readonly syncRunning: boolean;
  /** Writes all that waits. Where a sync runs, the system may let this wait for it. */
  write(): void;
  /** Makes all that was written durable. */
  sync(): void;
  /**
   * Begins to make all that was written durable, without waiting; nothing happens while one runs. For plugins on the
   * loop: a worker, which blocks, hears late of the end.
   */
  beginSync(): void;
}

/** Kind `commands`: adds commands. The host can start it; no command reaches it yet. */
export interface CommandsPlugin extends Lifecycle {
  run(args: Uint8Array[]): unknown;
}
