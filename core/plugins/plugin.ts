// One plugin of the running server: its lifecycle from worker start to stop, its crashes and restarts, its numbers.
// The host makes one for each plugin that is shipped or configured; jobs of its kind go through it.
import { ControlBlock } from "../../plugins/sdk/control_block.ts";
import type { Lifecycle } from "../../plugins/sdk/types.ts";
import type { WorkerPermissions } from "./grants.ts";
import type { Manifest, OptionValue } from "./manifest.ts";
import { messageOf, PluginError, type PluginErrorCode } from "./plugin_error.ts";
import { PluginOnLoop } from "./plugin_on_loop.ts";
import { NoAnswerError, PluginWorker, WorkerEndedError } from "./plugin_worker.ts";
import type { EmbeddedCodec, HostRequest, ModuleSource } from "./worker_protocol.ts";

export type Tier = "isolated" | "trusted";

/**
 * `ready`: checked, no worker yet. `embedded`: a codec that lives in other plugins' workers and has none of its own.
 * `crashed`: waits to be started again, at the latest by the next job. `failed`: will not be started again by itself.
 */
export type PluginState =
  | "ready"
  | "embedded"
  | "starting"
  | "running"
  | "draining"
  | "stopped"
  | "crashed"
  | "failed";

export type Phase = "load" | "configure" | "validate" | "start" | "drain" | "stop";

/** Milliseconds each phase may take. */
export type PhaseLimits = Readonly<Record<Phase | "ping", number>>;

export const PHASE_LIMITS_MS: PhaseLimits = {
  load: 10_000,
  configure: 5_000,
  validate: 5_000,
  start: 10_000,
  drain: 10_000,
  stop: 5_000,
  ping: 5_000,
};

const RESTART_DELAY_MS = 1_000;
const RESTART_DELAY_MAX_MS = 60_000;
/** A plugin that ran this long without a crash begins again with the shortest delay. */
const RESTART_FORGIVEN_AFTER_MS = 60_000;

export interface PluginLogger {
  debug(message: string): void;
  notice(message: string): void;
  warning(message: string): void;
}

/** What the host has settled about a plugin before it may run. */
export interface PluginPlan {
  manifest: Manifest;
  source: ModuleSource;
  tier: Tier;
  options: Record<string, OptionValue>;
  permissions: WorkerPermissions;
  /** Codecs to load into the plugin's worker. */
  codecs: EmbeddedCodec[];
}

export interface PluginOptions {
  /** What the configuration says now. Throws PluginError. */
  plan(): PluginPlan;
  /** Called before each start of the worker: what is on disk may have changed. Throws PluginError. */
  refresh(): void;
  workerUrl: URL;
  limits: PhaseLimits;
  logger: PluginLogger;
  /** False for kinds whose crash must not be papered over (aof). */
  restarts: boolean;
  /** Milliseconds before the first restart; doubles with each that follows. */
  restartDelayMs?: number;
}

/** Counters for PLUGIN INFO. */
export interface PluginCounters {
  jobs: number;
  bytes: number;
  errors: number;
  restarts: number;
  /** Milliseconds since 1970; 0 = not running. */
  startedAt: number;
  lastError: string;
}

export class Plugin {
  readonly counters: PluginCounters = {
    jobs: 0,
    bytes: 0,
    errors: 0,
    restarts: 0,
    startedAt: 0,
    lastError: "",
  };
  state: PluginState = "ready";
  /** Bytes that wait for the plugin; set by whoever fills its rings. */
  queueDepth: () => number = nothingQueued;
  /** More for PLUGIN INFO, of whoever uses it. */
  details: () => Record<string, string> = noDetails;
  /** Told whenever it has come to run. */
  onRunning: () => void = () => {};
  control = new ControlBlock();
  /** As of the last start, or of the first check. */
  plan: PluginPlan;
  private worker: PluginWorker | PluginOnLoop | undefined;
  private starting: Promise<void> | undefined;
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private crashesInARow = 0;
  private working = false;
  private readonly restartDelayMs: number;

  constructor(readonly name: string, private readonly options: PluginOptions) {
    this.plan = options.plan();
    this.restartDelayMs = options.restartDelayMs ?? RESTART_DELAY_MS;
  }

  /** Brings the plugin to `running`; resolves at once where it is. Rejects with a PluginError. */
  start(): Promise<void> {
    if (this.state === "running") return Promise.resolve();
    this.starting ??= this.runStart().finally(() => this.starting = undefined);
    return this.starting;
  }

  /** Bytes that its jobs have written, the current one included. */
  get bytes(): number {
    return this.counters.bytes + (this.working ? this.control.bytesDone : 0);
  }

  /** Gives the running plugin a job. Rejects with a PluginError that has what the plugin threw as its cause. */
  async job(input: unknown): Promise<unknown> {
    const { worker } = this;
    if (worker === undefined || this.state !== "running") {
      throw this.error("PLUGIN_NOT_RUNNING", `plugin ${this.name} is ${this.state}, not running`);
    }
    this.counters.jobs++;
    this.working = true;
    try {
      return await worker.ask({ op: "job", input }, Infinity);
    } catch (error) {
      if (error instanceof WorkerEndedError) {
        throw this.error("PLUGIN_CRASHED", `plugin ${this.name} ended during a job: ${error.message}`, error);
      }
      this.noteError(messageOf(error));
      throw this.error("PLUGIN_JOB_FAILED", `plugin ${this.name}: ${messageOf(error)}`, error);
    } finally {
      this.working = false;
      this.counters.bytes += this.control.bytesDone;
    }
  }

  /** The plugin's object, where it runs on the loop's thread. */
  get onLoop(): Lifecycle | undefined {
    return this.worker instanceof PluginOnLoop ? this.worker.plugin : undefined;
  }

  /** Whether the worker runs with what the configuration says now: permissions and options can have changed. */
  private isCurrent(): boolean {
    return JSON.stringify(this.options.plan()) === JSON.stringify(this.plan);
  }

  /** Takes the plugin through drain and stop, then ends its worker. Never rejects: what went wrong is logged. */
  async stop(): Promise<void> {
    clearTimeout(this.restartTimer);
    await this.starting?.catch(() => {});
    const { worker } = this;
    if (worker === undefined || this.state !== "running") {
      if (this.state !== "failed" && this.state !== "embedded") this.state = "stopped";
      return;
    }
    this.state = "draining";
    for (const op of ["drain", "stop"] as const) {
      try {
        await this.phase(worker, { op });
      } catch (error) {
        this.noteError(messageOf(error));
        this.options.logger.warning(messageOf(error));
        break;
      }
    }
    this.end(worker, "stopped");
  }

  /** Makes sure that the plugin runs, as the configuration wants it now, and that its worker answers. */
  async ensureReady(): Promise<void> {
    // The configuration may change while the worker starts.
    do {
      if (this.state === "running" && !this.isCurrent()) await this.stop();
      await this.start();
      try {
        await this.worker?.ask({ op: "ping" }, this.options.limits.ping);
      } catch (error) {
        if (error instanceof NoAnswerError) this.abandon(`did not answer: ${error.message}`);
        await this.start();
      }
    } while (!this.isCurrent());
  }

  /** Ends the worker at once, as after a crash: the host gave up on it. */
  abandon(reason: string): void {
    const { worker } = this;
    if (worker === undefined) return;
    this.control.requestStop();
    worker.terminate();
    this.crashed(worker, reason);
  }

  private async runStart(): Promise<void> {
    clearTimeout(this.restartTimer);
    const isAgain = this.state === "crashed" || this.state === "failed" && !this.options.restarts;
    if (isAgain) this.counters.restarts++;
    this.state = "starting";
    let worker: PluginWorker | PluginOnLoop | undefined;
    try {
      this.options.refresh();
      this.plan = this.options.plan();
      worker = this.createWorker();
      this.worker = worker;
      const { manifest, source, tier, options, codecs } = this.plan;
      const control = this.control.handle;
      const { name, kind, provides } = manifest;
      const sealed = tier === "isolated";
      await this.phase(worker, { op: "load", name, kind, provides, source, control, sealed, codecs });
      await this.phase(worker, { op: "configure", options });
      await this.phase(worker, { op: "validate" });
      await this.phase(worker, { op: "start" });
    } catch (error) {
      this.noteError(messageOf(error));
      if (worker !== undefined) this.end(worker, "failed");
      else this.state = "failed";
      if (error instanceof PluginError) throw error;
      throw this.error("PLUGIN_LOAD_FAILED", `plugin ${this.name} has no worker: ${messageOf(error)}`, error);
    }
    this.state = "running";
    this.counters.startedAt = Date.now();
    this.onRunning();
  }

  private createWorker(): PluginWorker | PluginOnLoop {
    const { logger, workerUrl } = this.options;
    this.control = new ControlBlock();
    const { kind, provides } = this.plan.manifest;
    if (kind === "aof" && provides.runs === "loop") {
      return new PluginOnLoop((level, text) => logger[level](`plugin ${this.name}: ${text}`));
    }
    const worker: PluginWorker = new PluginWorker({
      url: workerUrl,
      name: this.name,
      permissions: this.plan.tier === "trusted" ? undefined : this.plan.permissions,
      onLog: (level, text) => logger[level](`plugin ${this.name}: ${text}`),
      onCrash: (reason) => this.crashed(worker, reason),
    });
    return worker;
  }

  private async phase(worker: PluginWorker | PluginOnLoop, request: HostRequest): Promise<void> {
    const phase = request.op as Phase;
    const limit = this.options.limits[phase];
    try {
      await worker.ask(request, limit);
    } catch (error) {
      if (error instanceof NoAnswerError) {
        const text = `plugin ${this.name} did not finish ${phase} within ${limit} ms and was ended`;
        throw this.error("PLUGIN_PHASE_TIMEOUT", text, error);
      }
      if (error instanceof WorkerEndedError) {
        throw this.error(
          "PLUGIN_CRASHED",
          `plugin ${this.name} ended during ${phase}: ${error.message}`,
          error,
        );
      }
      const code = phase === "load" ? "PLUGIN_LOAD_FAILED" : "PLUGIN_PHASE_FAILED";
      throw this.error(code, `plugin ${this.name} failed to ${phase}: ${messageOf(error)}`, error);
    }
  }

  private end(worker: PluginWorker | PluginOnLoop, state: PluginState): void {
    this.control.requestStop();
    worker.terminate();
    if (this.worker === worker) this.worker = undefined;
    this.state = state;
    this.counters.startedAt = 0;
  }

  private crashed(worker: PluginWorker | PluginOnLoop, reason: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    // During start and stop the phase that was waiting reports it.
    if (this.state !== "running") return;
    const ranFor = Date.now() - this.counters.startedAt;
    this.counters.startedAt = 0;
    this.noteError(reason);
    if (!this.options.restarts) {
      this.state = "failed";
      this.options.logger.warning(`plugin ${this.name} crashed: ${reason}. It is not started again`);
      return;
    }
    if (ranFor > RESTART_FORGIVEN_AFTER_MS) this.crashesInARow = 0;
    this.restartLater(`plugin ${this.name} crashed: ${reason}`);
  }

  private restartLater(what: string): void {
    this.state = "crashed";
    const delay = Math.min(RESTART_DELAY_MAX_MS, this.restartDelayMs * 2 ** this.crashesInARow++);
    this.options.logger.warning(`${what}. Starting it again in ${delay} ms`);
    clearTimeout(this.restartTimer);
    this.restartTimer = setTimeout(() => this.restart(), delay);
  }

  private restart(): void {
    if (this.state !== "crashed") return;
    this.start().then(
      () => this.options.logger.notice(`plugin ${this.name} runs again`),
      (error) => {
        if (this.state === "failed") this.restartLater(messageOf(error));
      },
    );
  }

  private noteError(text: string): void {
    this.counters.errors++;
    this.counters.lastError = text;
  }

  private error(code: PluginErrorCode, text: string, cause?: unknown): PluginError {
    return new PluginError(code, text, { plugin: this.name, cause });
  }
}

function noDetails(): Record<string, string> {
  return {};
}

function nothingQueued(): number {
  return 0;
}
