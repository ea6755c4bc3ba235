// The writer on the loop: an aof plugin that runs there writes at the end of each turn. Made by core/plugins for
// plugins with `runs: loop`. Under `always` what was appended in a turn is durable when endTurn returns, or there is a
// fault. Events come in a microtask of their own, since the caller is in the middle of its turn.
import { errorText } from "../../../log/error_text.ts";
import type { LogFile } from "../../../../plugins/sdk/types.ts";
import { DrainWaiters } from "./drain_waiters.ts";
import { freshStart, LogFileWriter } from "./log_file_writer.ts";
import { type LogFileSystem, systemLogFiles } from "./log_files.ts";
import { LogIntake } from "./log_intake.ts";
import { LogRing } from "./log_ring.ts";
import {
  type LogFault,
  type LogWriter,
  type LogWriterEvents,
  type LogWriterStart,
  NOT_WHOLE,
  type SyncPolicy,
} from "./log_writer.ts";
import { SampleQueue } from "./sample_queue.ts";
import { WriterNews } from "./writer_news.ts";

const RING_BYTES = 8 * 2 ** 20;
const RING_RECORDS = 1024;
/** How often it looks whether a sync is due while nothing is appended. */
const TICK_MS = 100;

export interface InlineWriterOptions {
  start: LogWriterStart;
  events: LogWriterEvents;
  /** Asked to write and sync. */
  plugin: { flush(log: LogFile): void };
  /** Told how many bytes were written. */
  onBytes?: (bytes: number) => void;
  files?: LogFileSystem;
  /** Bytes of the ring, a power of two. */
  ringBytes?: number;
}

export class InlineWriter implements LogWriter {
  readonly #plugin: { flush(log: LogFile): void };
  readonly #onBytes: (bytes: number) => void;
  readonly #ring: LogRing;
  readonly #intake: LogIntake;
  readonly #log: LogFileWriter;
  readonly #samples = new SampleQueue();
  readonly #drains = new DrainWaiters(() => this.#turn());
  readonly #timer: ReturnType<typeof setInterval>;
  #opens = 0;
  /** The plugin threw what is not a fault of the file. */
  #pluginFault: LogFault | null = null;
  #isClosed = false;
  readonly #news: WriterNews;
  #isTelling = false;
  readonly #tell = () => {
    this.#isTelling = false;
    this.#news.tell(this);
  };

  constructor(
    { start, events, plugin, onBytes = () => {}, files = systemLogFiles, ringBytes = RING_BYTES }:
      InlineWriterOptions,
  ) {
    this.#plugin = plugin;
    this.#onBytes = onBytes;
    this.#ring = LogRing.create(ringBytes, RING_RECORDS);
    this.#intake = new LogIntake(this.#ring, start.offset);
    this.#log = new LogFileWriter({
      ring: this.#ring,
      files,
      start: freshStart(start.offset),
      patient: true,
      observer: {
        sampled: (kind, milliseconds) => this.#samples.add(kind, milliseconds),
        syncEnded: () => this.#turn(),
        delayed: () => this.#news.delayed(),
      },
    });
    this.#log.policy = start.policy;
    this.#news = new WriterNews(events, start.offset);
    this.#timer = setInterval(() => this.#turn(), TICK_MS);
    Deno.unrefTimer(this.#timer);
  }

  get policy(): SyncPolicy {
    return this.#log.policy;
  }

  set policy(policy: SyncPolicy) {
    this.#log.policy = policy;
  }

  get holdsSyncs(): boolean {
    return this.#log.holdsSyncs;
  }

  set holdsSyncs(holds: boolean) {
    this.#log.holdsSyncs = holds;
  }

  get writeDelay(): number {
    return this.#log.writeDelay;
  }

  set writeDelay(milliseconds: number) {
    this.#log.writeDelay = milliseconds;
  }

  get writtenOffset(): number {
    return this.#log.written.offset;
  }

  get durableOffset(): number {
    return this.#log.durable.offset;
  }

  get waitingBytes(): number {
    return this.#intake.appendedBytes - this.#log.writtenBytes;
  }

  get fileBytes(): number {
    return this.#log.written.size;
  }

  get fault(): LogFault | null {
    return this.#log.fault ?? this.#pluginFault;
  }

  open(path: string, size: number): void {
    this.#opens++;
    this.#intake.open(path, size);
    this.endTurn();
  }

  append(bytes: Uint8Array, offset: number): void {
    this.#intake.append(bytes, offset);
  }

  endTurn(): void {
    this.#turn();
  }

  drain(): Promise<void> {
    const drained = this.#drains.add(this.#intake.appendedBytes, this.#opens);
    this.#log.syncWanted = true;
    this.#turn();
    return drained;
  }

  retry(): void {
    if (this.fault === null) return;
    this.#pluginFault = null;
    this.#log.retry();
    this.#news.retried();
    this.#turn();
  }

  takeSamples(visit: (kind: "write" | "sync", milliseconds: number) => void): void {
    this.#samples.take(visit);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    clearInterval(this.#timer);
    this.#intake.publish();
    this.#writeSpilled();
    this.#isClosed = true;
    this.#log.close();
    this.#settleDrains();
    return Promise.resolve();
  }

  #turn(): void {
    if (this.#isClosed) return;
    if (this.fault === null) {
      this.#intake.publish();
      this.#letPluginWrite();
      if (this.#intake.hasSpilled) this.#writeSpilled();
    }
    if (!this.#drains.isEmpty) this.#settleDrains();
    if (this.#isTelling || !this.#news.has(this)) return;
    this.#isTelling = true;
    queueMicrotask(this.#tell);
  }

  /** What the ring had no room for follows as long as the plugin makes room. */
  #writeSpilled(): void {
    while (this.#intake.hasSpilled && this.fault === null) {
      const before = this.#log.writtenBytes;
      this.#intake.publish();
      this.#letPluginWrite();
      if (this.#log.writtenBytes === before) return;
    }
  }

  #letPluginWrite(): void {
    const before = this.#log.writtenBytes;
    try {
      this.#log.turn(this.#plugin);
    } catch (error) {
      const message = errorText(error);
      this.#pluginFault = { kind: "worker", code: "", message, path: "" };
    }
    this.#ring.release(this.#log.kept.record);
    if (this.#log.writtenBytes !== before) this.#onBytes(this.#log.writtenBytes - before);
  }

  #settleDrains(): void {
    const { fault } = this;
    const { writtenBytes, unsyncedBytes, opened, isHoled } = this.#log;
    if (fault !== null) this.#drains.reject(fault);
    else {
      this.#drains.reached(writtenBytes - unsyncedBytes, opened);
      if (isHoled && this.#drains.awaits(writtenBytes)) this.#drains.reject(NOT_WHOLE);
    }
    this.#log.syncWanted = !this.#drains.isEmpty;
  }
}
