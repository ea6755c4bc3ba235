// A disk that goes wrong on demand (faulty_files.c), as tests use it: built with the C compiler of the machine. Where
// there is none, or the runtime takes no preloaded library, `hasFaultDisk` is false and such tests are ignored.
import { projectDirectory } from "../harness/mod.ts";

/** The file calls that can be made to fail. */
const CALLS = { write: 1, sync: 2, rename: 3, syncDirectory: 4, create: 5, cut: 6, remove: 7 } as const;
export type FaultedCall = keyof typeof CALLS;

const ERRORS = { EIO: 5, EACCES: 13, ENOSPC: 28 } as const;
export type ErrorCode = keyof typeof ERRORS;

const WORD_CALL = 0;
const WORD_MADE = 3;
const WORD_HOLD_RENAMES = 4;
const WORD_LOADED = 5;
const WORD_RENAMES_WAITING = 6;
const WORD_SYNC_MICROSECONDS = 7;
const WORD_TIMES = 8;
const WORD_HOLD_SYNCS = 10;
const WORD_SYNCS_WAITING = 11;
const WORD_LIMITED = 12;
const TEXT_AT = 256;
const CONTROL_BYTES = 4096;

const folder = Deno.makeTempDirSync({ prefix: "spork-fault-disk-" });
const library = `${folder}/faulty_files.so`;
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

export interface FaultOptions {
  /** From the call of this number (from 1) on. Default 1. */
  from?: number;
  /** So many calls fail, then all is well again. Default: all. */
  times?: number;
  /** The first write that fails takes half of its bytes. */
  comesShort?: boolean;
}

export interface FaultDiskOptions {
  /** Faults are about files whose path has this text in it. Default: the temporary files of saves. */
  files?: string;
}

export class FaultDisk implements Disposable {
  readonly #path = Deno.makeTempFileSync({ dir: folder });
  readonly #file: Deno.FsFile;

  constructor(options: FaultDiskOptions = {}) {
    const control = new Uint8Array(CONTROL_BYTES);
    control.set(new TextEncoder().encode(options.files ?? "temp-"), TEXT_AT);
    Deno.writeFileSync(this.#path, control);
    this.#file = Deno.openSync(this.#path, { read: true, write: true });
  }

  /** The environment of a server that is to use this disk. */
  get env(): Record<string, string> {
    return { LD_PRELOAD: library, FAULTY_FILES: this.#path };
  }

  get isLoaded(): boolean {
    return this.#read(WORD_LOADED) === 1;
  }

  /** These calls fail until `heal`. A number as options: from the call of this number on. */
  fail(call: FaultedCall, error: ErrorCode, options: FaultOptions | number = {}): void {
    const { from = 1, times = 0, comesShort = false } = typeof options === "number"
      ? { from: options }
      : options;
    this.#write(WORD_CALL, [0]);
    this.#write(WORD_TIMES, [times, comesShort ? 1 : 0]);
    this.#write(WORD_CALL, [CALLS[call], ERRORS[error], from, 0]);
  }

  heal(): void {
    this.#write(WORD_CALL, [0, 0, 0, 0]);
    this.#write(WORD_LIMITED, [0]);
  }

  /** Calls of the failing kind that were made since `fail`. */
  get calls(): number {
    return this.#read(WORD_MADE);
  }

  /** While true, renames of background saves wait. */
  set holdsRenames(holds: boolean) {
    this.#write(WORD_HOLD_RENAMES, [holds ? 1 : 0]);
  }

  get renamesWaiting(): number {
    return this.#read(WORD_RENAMES_WAITING);
  }

  /** While true, syncs of the files wait. */
  set holdsSyncs(holds: boolean) {
    this.#write(WORD_HOLD_SYNCS, [holds ? 1 : 0]);
  }

  /** The same, from the sync of this number (from 1) on. */
  holdSyncsFrom(number: number): void {
    this.#write(WORD_HOLD_SYNCS, [number]);
  }

  get syncsWaiting(): number {
    return this.#read(WORD_SYNCS_WAITING);
  }

  /** Every sync of any file takes so much longer. */
  set syncMilliseconds(milliseconds: number) {
    this.#write(WORD_SYNC_MICROSECONDS, [Math.round(milliseconds * 1000)]);
  }

  /** The files may grow by so many bytes all together, then the disk is full: a write comes short, the next one fails. */
  set spaceBytes(bytes: number) {
    this.#write(WORD_LIMITED, [1, bytes]);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #read(word: number): number {
    const bytes = new Uint8Array(4);
    this.#file.seekSync(word * 4, Deno.SeekMode.Start);
    this.#file.readSync(bytes);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  #write(word: number, values: number[]): void {
    const bytes = new Uint8Array(new Uint32Array(values).buffer);
    this.#file.seekSync(word * 4, Deno.SeekMode.Start);
    this.#file.writeSync(bytes);
  }
}

/** The environment of a process every sync of which takes `syncMs` longer: the same slow disk for every server. */
export function slowDisk(options: { syncMs: number }): Record<string, string> {
  if (!hasFaultDisk) throw new Error("a slow disk needs Linux and a C compiler");
  using disk = new FaultDisk();
  disk.syncMilliseconds = options.syncMs;
  return disk.env;
}

export const hasFaultDisk: boolean = build();

function build(): boolean {
  if (Deno.build.os !== "linux") return false;
  const source = `${projectDirectory}tests/faults/faulty_files.c`;
  try {
    const args = ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"];
    if (!new Deno.Command("cc", { args, stderr: "null" }).outputSync().success) return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  using disk = new FaultDisk();
  new Deno.Command(Deno.execPath(), { args: ["--version"], env: disk.env, stdout: "null" }).outputSync();
  return disk.isLoaded;
}
