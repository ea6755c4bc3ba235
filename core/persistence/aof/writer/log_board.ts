// What the loop and the log's worker tell each other beside the ring: the loop what it wants, the worker how far it is.
// The numbers are published in turns in two slots, word by word with Atomics, and counted: who reads sees one
// publication whole, and one that a dying worker did not finish was never made. Allocates nothing, faults left out.
import type { LogFault, SyncPolicy } from "./log_writer.ts";

export type LogBoardHandle = SharedArrayBuffer;

/** What the worker publishes; all are counts and positions, so doubles hold them. */
export interface LogProgress {
  writtenOffset: number;
  durableOffset: number;
  /** Size of the file as far as it is written. */
  fileBytes: number;
  /** Size of the file as far as it is durable. */
  durableBytes: number;
  /** Where the worker after this one goes on: record of the ring, position of the stream, size of the file. */
  keptRecord: number;
  keptOffset: number;
  keptBytes: number;
  /** Files that were changed to. */
  opened: number;
  /** Bytes ever written. */
  writtenBytes: number;
  /** 1: a sync failed whose bytes were given up. */
  isHoled: number;
  /** 1: stopped, by the fault that the board has. */
  isStopped: number;
  /** Retries that were made. */
  retries: number;
}

const POLICIES: readonly SyncPolicy[] = ["always", "everysec", "no"];

// Words that the loop sets, words that the worker sets, the two slots, the samples, the fault's text.
const POLICY = 0;
const HOLDS_SYNCS = 1;
const SYNC_WANTED = 2;
const RETRIES = 3;
const STOP = 4;
const WRITE_DELAY = 5;
const PUBLISHED = 16;
const SIGNAL = 17;
const SAMPLES_ADDED = 18;
const FAULT_BYTES = 19;
const SLOTS = 32;
const SLOT_WORDS = 12 * 2;
const SAMPLES = SLOTS + 2 * SLOT_WORDS;
const SAMPLES_MAX = 256;
const WORDS = SAMPLES + SAMPLES_MAX;
const FAULT_BYTES_MAX = 8192;

export function noProgress(offset: number): LogProgress {
  return {
    writtenOffset: offset,
    durableOffset: offset,
    fileBytes: 0,
    durableBytes: 0,
    keptRecord: 0,
    keptOffset: offset,
    keptBytes: 0,
    opened: 0,
    writtenBytes: 0,
    isHoled: 0,
    isStopped: 0,
    retries: 0,
  };
}

export class LogBoard {
  readonly handle: LogBoardHandle;
  readonly #words: Int32Array;
  readonly #faultText: Uint8Array;
  // One double and its two words.
  readonly #double = new Float64Array(1);
  readonly #halves = new Int32Array(this.#double.buffer);
  #samplesTaken = 0;

  constructor(handle?: LogBoardHandle) {
    this.handle = handle ?? new SharedArrayBuffer(WORDS * 4 + FAULT_BYTES_MAX);
    this.#words = new Int32Array(this.handle, 0, WORDS);
    this.#faultText = new Uint8Array(this.handle, WORDS * 4);
  }

  get policy(): SyncPolicy {
    return POLICIES[Atomics.load(this.#words, POLICY)];
  }

  set policy(policy: SyncPolicy) {
    Atomics.store(this.#words, POLICY, POLICIES.indexOf(policy));
  }

  get holdsSyncs(): boolean {
    return Atomics.load(this.#words, HOLDS_SYNCS) !== 0;
  }

  set holdsSyncs(holds: boolean) {
    Atomics.store(this.#words, HOLDS_SYNCS, holds ? 1 : 0);
  }

  /** Milliseconds; kept as whole microseconds. */
  get writeDelay(): number {
    return Atomics.load(this.#words, WRITE_DELAY) / 1000;
  }

  set writeDelay(milliseconds: number) {
    Atomics.store(this.#words, WRITE_DELAY, Math.min(2 ** 31 - 1, Math.round(milliseconds * 1000)));
  }

  /** A drain waits. */
  get syncWanted(): boolean {
    return Atomics.load(this.#words, SYNC_WANTED) !== 0;
  }

  set syncWanted(wanted: boolean) {
    Atomics.store(this.#words, SYNC_WANTED, wanted ? 1 : 0);
  }

  /** Retries that were asked for. */
  get retries(): number {
    return Atomics.load(this.#words, RETRIES);
  }

  askRetry(): void {
    Atomics.add(this.#words, RETRIES, 1);
  }

  /** The log closes: what comes now is written and synced whatever the plugin thinks of it. */
  get isClosing(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  askClose(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  /** All is in the ring: the worker shall write and sync it, and end. */
  get isStopAsked(): boolean {
    return Atomics.load(this.#words, STOP) === 2;
  }

  askStop(): void {
    Atomics.store(this.#words, STOP, 2);
  }

  /** Of the worker. The loop is woken by `wakeLoop`. */
  publish(progress: LogProgress): void {
    const next = (Atomics.load(this.#words, PUBLISHED) + 1) | 0;
    const slot = slotOf(next);
    this.#put(slot + 0, progress.writtenOffset);
    this.#put(slot + 2, progress.durableOffset);
    this.#put(slot + 4, progress.fileBytes);
    this.#put(slot + 6, progress.durableBytes);
    this.#put(slot + 8, progress.keptRecord);
    this.#put(slot + 10, progress.keptOffset);
    this.#put(slot + 12, progress.keptBytes);
    this.#put(slot + 14, progress.opened);
    this.#put(slot + 16, progress.writtenBytes);
    this.#put(slot + 18, progress.isHoled);
    this.#put(slot + 20, progress.isStopped);
    this.#put(slot + 22, progress.retries);
    Atomics.store(this.#words, PUBLISHED, next);
  }

  /** Number of the last publication. */
  get published(): number {
    return Atomics.load(this.#words, PUBLISHED);
  }

  /** Reads the last publication into `progress`; returns its number. */
  read(progress: LogProgress): number {
    for (;;) {
      const published = Atomics.load(this.#words, PUBLISHED);
      const slot = slotOf(published);
      progress.writtenOffset = this.#get(slot + 0);
      progress.durableOffset = this.#get(slot + 2);
      progress.fileBytes = this.#get(slot + 4);
      progress.durableBytes = this.#get(slot + 6);
      progress.keptRecord = this.#get(slot + 8);
      progress.keptOffset = this.#get(slot + 10);
      progress.keptBytes = this.#get(slot + 12);
      progress.opened = this.#get(slot + 14);
      progress.writtenBytes = this.#get(slot + 16);
      progress.isHoled = this.#get(slot + 18);
      progress.isStopped = this.#get(slot + 20);
      progress.retries = this.#get(slot + 22);
      // The worker writes to this slot only after it has published the other one.
      if (Atomics.load(this.#words, PUBLISHED) === published) return published;
    }
  }

  /** Changes with each call of `wakeLoop`. */
  get signal(): number {
    return Atomics.load(this.#words, SIGNAL);
  }

  /** Resolves once the signal is another one. Does not keep the process alive. */
  async changed(signal: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, SIGNAL, signal);
    if (wait.async) await wait.value;
  }

  /** Wakes the loop. */
  wakeLoop(): void {
    Atomics.add(this.#words, SIGNAL, 1);
    Atomics.notify(this.#words, SIGNAL);
  }

  /** Of the worker, before it publishes `isStopped`. The loop reads it before it asks for a retry. */
  writeFault(fault: LogFault): void {
    let text = JSON.stringify(fault);
    if (text.length * 3 > FAULT_BYTES_MAX) {
      text = JSON.stringify({ ...fault, message: fault.message.slice(0, 200), path: fault.path.slice(-200) });
    }
    const bytes = new TextEncoder().encode(text);
    this.#faultText.set(bytes.subarray(0, FAULT_BYTES_MAX));
    Atomics.store(this.#words, FAULT_BYTES, bytes.length);
  }

  readFault(): LogFault {
    const bytes = this.#faultText.slice(0, Atomics.load(this.#words, FAULT_BYTES));
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  /** Of the worker. What the loop does not take in time is overwritten. */
  addSample(kind: "write" | "sync", milliseconds: number): void {
    const added = Atomics.load(this.#words, SAMPLES_ADDED);
    const micros = Math.min(2 ** 30, Math.round(milliseconds * 1000));
    Atomics.store(this.#words, SAMPLES + (added & (SAMPLES_MAX - 1)), micros * 2 | (kind === "sync" ? 1 : 0));
    Atomics.store(this.#words, SAMPLES_ADDED, (added + 1) | 0);
  }

  takeSamples(visit: (kind: "write" | "sync", milliseconds: number) => void): void {
    const added = Atomics.load(this.#words, SAMPLES_ADDED);
    if (((added - this.#samplesTaken) | 0) > SAMPLES_MAX) this.#samplesTaken = (added - SAMPLES_MAX) | 0;
    for (; this.#samplesTaken !== added; this.#samplesTaken = (this.#samplesTaken + 1) | 0) {
      const word = Atomics.load(this.#words, SAMPLES + (this.#samplesTaken & (SAMPLES_MAX - 1)));
      visit((word & 1) === 1 ? "sync" : "write", (word >>> 1) / 1000);
    }
  }

  #put(word: number, value: number): void {
    this.#double[0] = value;
    Atomics.store(this.#words, word, this.#halves[0]);
    Atomics.store(this.#words, word + 1, this.#halves[1]);
  }

  #get(word: number): number {
    this.#halves[0] = Atomics.load(this.#words, word);
    this.#halves[1] = Atomics.load(this.#words, word + 1);
    return this.#double[0];
  }
}

function slotOf(publication: number): number {
  return SLOTS + (publication & 1) * SLOT_WORDS;
}
