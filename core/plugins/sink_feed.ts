// A sink plugin as the server uses it: its part of the stream of changes in a queue of limited length, from there through
// a ring into the plugin's worker; what did not reach it, told as a gap. core/server/sink_streams.ts fills the queue.
import {
  SINK_BYTES,
  SINK_END,
  SINK_GAP,
  SINK_HEADER_DOUBLES,
  type SinkJobInput,
} from "../../plugins/sdk/sink/sink_job.ts";
import { SharedRing } from "../memory/shared_ring.ts";
import type { OptionValue } from "./manifest.ts";
import type { Plugin, PluginLogger } from "./plugin.ts";
import { messageOf, PluginError } from "./plugin_error.ts";

const RING_BYTES = 1024 * 1024;
/** The plugin gets at most so much at a time. */
const CHUNK_BYTES = RING_BYTES / 4 - 64;
/** What an entry of the queue takes beside its bytes. */
const ENTRY_BYTES = 256;
const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** A queue that ran over takes more once it is no longer than this part of its limit. */
const TAKES_AGAIN_AT = 0.5;
/** As many entries that have gone are dropped at a time. */
const GONE_MAX = 1024;
/** Milliseconds that a sink has for what is in its queue when the server stops. */
const DRAIN_LIMIT_MS = 5_000;

const OVERFLOWS = ["drop-and-tell", "stop-plugin"] as const;

/** Bytes of the stream, or a gap in it (null): `from` to `to`. */
interface Entry {
  bytes: Uint8Array | null;
  from: number;
  to: number;
}

export interface SinkFeedOptions {
  logger: PluginLogger;
  /** The plugin is about to be fed, from the end of what was offered until this returns. */
  onBegin?: () => void;
  /** The plugin was stopped for good. Called from inside of `offer`. */
  onStopped?: () => void;
  drainLimitMs?: number;
}

/** Jobs are numbered upwards in each worker; so they are where all have one number. */
let lastJob = 0;

export class SinkFeed {
  /** The plugin must not see what is not durable yet. */
  readonly waitsForDurable: boolean;
  /** How often the plugin has missed something. */
  gaps = 0;
  /** Bytes that wait in the queue, at most `queueBytesMax`. */
  queuedBytes = 0;
  readonly queueBytesMax: number;
  readonly #stopsOnOverflow: boolean;
  #queue: Entry[] = [];
  /** Those before it have gone; those from it to `#ready` may go. */
  #first = 0;
  #ready = 0;
  /** Changes when the queue is given up: what waited to become ready then does so no more. */
  #generation = 0;
  /** Where the gap that the next bytes end began; -1 = there is none. */
  #gapFrom = -1;
  /** The end of all that was offered. */
  #end = 0;
  /** The queue ran over, or nobody takes anything from it. */
  #drops = true;
  #isEnding = false;
  #isStopped = false;
  #missedBytes = 0;
  readonly #position = new Float64Array(new SharedArrayBuffer(8));
  #jobId = 0;
  #ring: SharedRing | undefined;
  #job: Promise<void> = Promise.resolve();
  #wakeSender: () => void = () => {};

  /** Throws PluginError for options that it does not know how to follow. */
  constructor(readonly plugin: Plugin, private readonly options: SinkFeedOptions) {
    const { manifest, options: values } = plugin.plan;
    this.waitsForDurable = manifest.declares.includes("deliver-after-durable");
    this.queueBytesMax = numberOf(values["queue-max"], QUEUE_BYTES_MAX);
    this.#stopsOnOverflow = overflowOf(plugin.name, values["on-overflow"]) === "stop-plugin";
    plugin.queueDepth = () => this.queuedBytes + (this.#ring?.queuedBytes ?? 0);
    plugin.details = () => this.#details();
  }

  /** How far the plugin has received the stream; gaps count as received once they were told. */
  get receivedOffset(): number {
    return this.#position[0];
  }

  /** Bytes that the plugin has missed. */
  get missedBytes(): number {
    return this.#missedBytes + (this.#gapFrom < 0 ? 0 : this.#end - this.#gapFrom);
  }

  /** Feeds the plugin as long as it runs, and again whenever it was restarted. The stream is at `offset`. */
  start(offset: number): void {
    this.#end = offset;
    this.#position[0] = offset;
    this.plugin.onRunning = () => this.#begin();
    if (this.plugin.state === "running") this.#begin();
  }

  /**
   * Offers bytes of the stream, which are copied; what was not offered is a gap. The result says what to give to
   * `release` when the plugin may see them, or -1 where they were dropped.
   */
  offer(bytes: Uint8Array, offset: number): number {
    if (offset > this.#end && this.#gapFrom < 0) this.#gapFrom = this.#end;
    const isDropped = this.#isDropped(bytes.length);
    this.#end = offset + bytes.length;
    if (isDropped) {
      if (this.#gapFrom < 0) this.#gapFrom = offset;
      return -1;
    }
    this.#tellGap(offset);
    this.#queue.push({ bytes: bytes.slice(), from: offset, to: this.#end });
    this.queuedBytes += ENTRY_BYTES + bytes.length;
    return this.#generation;
  }

  /** The next bytes that were offered may go to the plugin. `generation`: what `offer` returned. */
  release(generation: number): void {
    if (generation !== this.#generation) return;
    // A gap goes with the bytes behind it.
    while (this.#queue[this.#ready].bytes === null) this.#ready++;
    this.#ready++;
    this.#wakeSender();
  }

  /** What may go goes, within a time limit; nothing more is taken. The plugin runs on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.plugin.onRunning = doNothing;
    this.#queue.length = this.#ready;
    this.#isEnding = true;
    this.#wakeSender();
    const limitMs = this.options.drainLimitMs ?? DRAIN_LIMIT_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), limitMs));
    if (await Promise.race([this.#job, late]) === "late") {
      const { logger } = this.options;
      logger.warning(
        `plugin ${this.plugin.name} has not received the end of the stream within ${limitMs} ms: ` +
          `it stays at offset ${this.receivedOffset} of ${this.#end}`,
      );
      this.plugin.control.cancelJob(this.#jobId);
      this.#ring?.stop();
    }
    clearTimeout(timer);
  }

  #isDropped(length: number): boolean {
    if (this.#isStopped || this.#ring === undefined) return true;
    const wanted = this.queuedBytes + ENTRY_BYTES + length;
    if (this.#drops && this.queuedBytes > this.queueBytesMax * TAKES_AGAIN_AT) return true;
    this.#drops = wanted > this.queueBytesMax;
    if (this.#drops) this.#overflowed();
    return this.#drops;
  }

  #overflowed(): void {
    const { plugin, options } = this;
    const what = `plugin ${plugin.name} is too slow: ${this.queuedBytes} bytes wait, queue-max is ` +
      `${this.queueBytesMax}`;
    if (!this.#stopsOnOverflow) {
      options.logger.warning(
        `${what}. Changes from offset ${this.#end} on are dropped until half of them are gone`,
      );
      return;
    }
    options.logger.warning(`${what}. It is stopped, as on-overflow says`);
    plugin.onRunning = doNothing;
    this.#isStopped = true;
    this.#giveUp();
    // Its job ends with an error of its own before that.
    plugin.stop().then(() => plugin.counters.lastError = what);
    options.onStopped?.();
  }

  /** All between what the plugin has received and what is there now is lost. */
  #giveUp(): void {
    this.#queue = [];
    this.#first = this.#ready = 0;
    this.queuedBytes = 0;
    this.#generation++;
    if (this.receivedOffset < this.#end) this.#gapFrom = this.receivedOffset;
    this.#ring?.stop();
    this.#ring = undefined;
    this.#wakeSender();
  }

  #tellGap(to: number): void {
    if (this.#gapFrom < 0) return;
    this.#queue.push({ bytes: null, from: this.#gapFrom, to });
    this.#missedBytes += to - this.#gapFrom;
    this.#gapFrom = -1;
    this.gaps++;
  }

  /** The plugin runs, for the first time or again. */
  #begin(): void {
    if (this.#isStopped) return;
    this.options.onBegin?.();
    const ring = SharedRing.create(RING_BYTES);
    this.#ring = ring;
    this.#drops = false;
    // What came before has been missed, whether something follows or not.
    this.#tellGap(this.#end);
    this.#ready = this.#queue.length;
    this.#job = this.#run(ring);
    this.#send(ring);
  }

  async #run(ring: SharedRing): Promise<void> {
    const { plugin } = this;
    const position = this.#position.buffer as SharedArrayBuffer;
    this.#jobId = ++lastJob;
    const job: SinkJobInput = { id: this.#jobId, ring: ring.handle, position };
    try {
      await plugin.job(job);
    } catch (error) {
      if (this.#isStopped || this.#ring !== ring) return;
      this.#giveUp();
      // What a sink throws it throws for one of these bytes: as after a crash it begins anew, behind them.
      if (error instanceof PluginError && error.code === "PLUGIN_JOB_FAILED") {
        plugin.abandon(`could not receive: ${messageOf(error.cause ?? error)}`);
      }
    }
  }

  /** Moves what is ready from the queue into the ring, until the ring is stopped or the stream has ended. */
  async #send(ring: SharedRing): Promise<void> {
    const header = new Float64Array(SINK_HEADER_DOUBLES);
    const headerBytes = new Uint8Array(header.buffer);
    const push = async (kind: number, from: number, to: number): Promise<boolean> => {
      header[0] = kind;
      header[1] = from;
      header[2] = to;
      return await ring.pushAsync(headerBytes, 0, headerBytes.length) === "ok";
    };
    while (this.#ring === ring) {
      if (this.#first === this.#ready) {
        if (this.#isEnding) {
          await push(SINK_END, this.#end, this.#end);
          return;
        }
        await new Promise<void>((resolve) => this.#wakeSender = resolve);
        continue;
      }
      const { bytes, from, to } = this.#takeReady();
      if (bytes === null) {
        if (!await push(SINK_GAP, from, to)) return;
        continue;
      }
      for (let at = 0; at < bytes.length;) {
        const next = Math.min(bytes.length, at + CHUNK_BYTES);
        if (!await push(SINK_BYTES, from + at, from + next)) return;
        if (await ring.pushAsync(bytes, at, next) !== "ok") return;
        at = next;
      }
      // Where it was given up meanwhile, all of it was.
      if (this.#ring === ring) this.queuedBytes -= ENTRY_BYTES + bytes.length;
    }
  }

  #takeReady(): Entry {
    const entry = this.#queue[this.#first++];
    if (this.#first >= GONE_MAX || this.#first === this.#queue.length) {
      this.#queue.splice(0, this.#first);
      this.#ready -= this.#first;
      this.#first = 0;
    }
    return entry;
  }

  #details(): Record<string, string> {
    return {
      offset: `${this.#end}`,
      received: `${this.receivedOffset}`,
      delivered: this.waitsForDurable ? "when durable" : "at once",
      missed_bytes: `${this.missedBytes}`,
      gaps: `${this.gaps}`,
    };
  }
}

function doNothing(): void {}

function numberOf(value: OptionValue | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function overflowOf(plugin: string, value: OptionValue | undefined): typeof OVERFLOWS[number] {
  if (value === undefined) return "drop-and-tell";
  const known = OVERFLOWS.find((name) => name === value);
  if (known !== undefined) return known;
  throw new PluginError(
    "PLUGIN_OPTION_VALUE",
    `option "on-overflow" of plugin ${plugin} is ${JSON.stringify(value)}; accepted: ${OVERFLOWS.join(", ")}`,
    { plugin },
  );
}
