// A snapshot plugin as the server uses it: begins saves in the plugin's worker, shows their progress, cancels them.
// core/persistence/snapshot prepares the cut and the job's input, and deals with the file afterwards.
import type { SnapshotJobInput } from "../../plugins/sdk/snapshot/snapshot_job.ts";
import type { SnapshotReport } from "../../plugins/sdk/types.ts";
import type { Plugin, PluginLogger } from "./plugin.ts";
import { PluginError } from "./plugin_error.ts";
import { ThrownError } from "./plugin_worker.ts";

/** A cancelled save that has not ended after this long is ended together with its worker. */
const CANCEL_LIMIT_MS = 10_000;

export interface SnapshotProgress {
  /** Entries that the worker is done with. */
  processed: number;
  /** Bytes written. */
  bytes: number;
  /** Milliseconds since the current entry was begun; -1 = none is being worked on. */
  currentItemMs: number;
}

export interface SnapshotRun {
  readonly progress: () => SnapshotProgress;
  /** Entries that the worker is done with, without making an object. */
  readonly processed: () => number;
  /** `rdb-key-save-delay` changed. */
  readonly setKeySaveDelay: (micros: number) => void;
  /** Asks the worker to give up; `done` then rejects with PLUGIN_JOB_CANCELLED. May be called twice. */
  readonly cancel: () => void;
  /** Ends the worker, for when there is no time to wait until it gives up. Nothing happens where the save has ended. */
  readonly abandon: (reason: string) => void;
  /** Rejects with a PluginError. The file may exist then, in any state. */
  readonly done: Promise<SnapshotReport>;
}

export interface SnapshotBegin extends Omit<SnapshotJobInput, "id" | "path"> {
  /** The file to create. Asked for when the worker is ready: what it may write to follows the configuration. */
  path: () => string;
  /** Microseconds after each key. */
  keySaveDelay: number;
  /** Bytes that wait in the ring of entries; for PLUGIN INFO. */
  queueDepth?: () => number;
}

export class SnapshotStrategy {
  readonly name: string;
  /** Where the strategy takes its entries from, and so what the server prepares: an iterator or a page image. */
  readonly entries: "iterator" | "tables";
  private lastJob = 0;
  private running = false;

  constructor(
    readonly plugin: Plugin,
    private readonly logger: PluginLogger,
    private readonly cancelLimitMs = CANCEL_LIMIT_MS,
  ) {
    this.name = plugin.name;
    this.entries = plugin.plan.manifest.provides.entries === "iterator" ? "iterator" : "tables";
  }

  /** Begins a save at once; the worker is started first where it does not run. One save at a time. */
  begin(input: SnapshotBegin): SnapshotRun {
    if (this.running) throw new Error(`plugin ${this.name} is saving already`);
    this.running = true;
    const { plugin } = this;
    const { keySaveDelay, queueDepth, path, ...job } = input;
    if (queueDepth !== undefined) plugin.queueDepth = queueDepth;
    const id = ++this.lastJob;
    let delay = keySaveDelay;
    let cancelled = false;
    let posted = false;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const run = async (): Promise<SnapshotReport> => {
      try {
        await plugin.ensureReady();
        if (cancelled) throw cancelledError(this.name);
        plugin.control.beginJob();
        plugin.control.keySaveDelayMicros = delay;
        posted = true;
        return await plugin.job({ ...job, id, path: path() }) as SnapshotReport;
      } catch (error) {
        throw cancelled || isCancelled(error) ? cancelledError(this.name, error) : error;
      } finally {
        ended = true;
        clearTimeout(timer);
        plugin.queueDepth = () => 0;
        this.running = false;
      }
    };
    return {
      done: run(),
      processed: () => posted ? plugin.control.processed : 0,
      progress: () => {
        if (!posted) return { processed: 0, bytes: 0, currentItemMs: -1 };
        const { processed, bytesDone, itemStartedAt } = plugin.control;
        const currentItemMs = itemStartedAt === 0 ? -1 : Math.max(0, Date.now() - itemStartedAt);
        return { processed, bytes: bytesDone, currentItemMs };
      },
      setKeySaveDelay: (micros) => {
        delay = micros;
        if (posted) plugin.control.keySaveDelayMicros = micros;
      },
      cancel: () => {
        if (cancelled || ended) return;
        cancelled = true;
        plugin.control.cancelJob(id);
        if (!posted) return;
        timer = setTimeout(() => {
          const reason = `did not give up a cancelled save within ${this.cancelLimitMs} ms`;
          this.logger.warning(`plugin ${this.name} ${reason}`);
          plugin.abandon(reason);
        }, this.cancelLimitMs);
      },
      abandon: (reason) => {
        if (!ended) plugin.abandon(reason);
      },
    };
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof PluginError && error.cause instanceof ThrownError &&
    error.cause.code === "SAVE_CANCELLED";
}

function cancelledError(plugin: string, cause?: unknown): PluginError {
  return new PluginError("PLUGIN_JOB_CANCELLED", `plugin ${plugin}: the save was cancelled`, {
    plugin,
    cause,
  });
}
