// Rewrites of the append-only log: BGREWRITEAOF, those that its growth starts and the one with which the log begins at run
// time. A snapshot job makes the new base; what changes meanwhile is in an increment that began with the cut.
import { errorText } from "../../log/error_text.ts";
import type { SaveJob, SaveOutcome } from "../../persistence/snapshot/save_job.ts";
import type { AofFileEntry } from "../../persistence/aof/manifest.ts";
import type { LogDirectory } from "./log_directory.ts";
import type { LogHost } from "./log_host.ts";
import { RewriteLimit } from "./rewrite_limit.ts";

/** The log as its rewriter sees it. */
export interface RewrittenLog {
  readonly state: "off" | "on" | "awaiting-rewrite";
  readonly directory: LogDirectory;
  /** Bytes of the files that are loaded, and as many when the last rewrite ended. */
  readonly currentBytes: number;
  readonly baseBytes: number;
  /** Replies are held until the first rewrite has ended. */
  readonly isAwaited: boolean;
  /** From now on bytes go to a new increment. Throws where that cannot be. */
  cut(): "last" | "none" | AofFileEntry;
  /** Resolves once the writer has come to what the last cut began; rejects where it has stopped. */
  passedCut(): Promise<void>;
  /** The rewrite of the cut has ended. */
  rewritten(): void;
  /** The rewrite of the cut has failed. */
  abandoned(): void;
}

export class LogRewriter {
  scheduled = false;
  /** Rewrites that began. */
  count = 0;
  lastStatus: "ok" | "err" = "ok";
  lastSeconds = -1;
  lastCowBytes = 0;
  readonly limit: RewriteLimit;
  private job: SaveJob | null = null;
  /** The files of before are still in the way of the writer. */
  private clearing = false;
  private startedAt = 0;
  private jobs = 0;
  /** Why the running one was given up: nothing is wrong. */
  private withdrawn = false;
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly host: LogHost, private readonly target: RewrittenLog) {
    this.limit = new RewriteLimit((minutes) =>
      host.log.warning(
        "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in " +
          `${minutes} minutes`,
      )
    );
  }

  get running(): boolean {
    return this.job !== null || this.clearing;
  }

  /** -1 = none runs. */
  get currentSeconds(): number {
    return !this.running ? -1 : Math.floor((Date.now() - this.startedAt) / 1000);
  }

  /** Something else has to end before a rewrite can begin. */
  get mustWait(): boolean {
    return this.host.saves.running !== null || this.running;
  }

  /** As soon as nothing is in the way; at once for the limit of failed ones where `resetsLimit`. */
  schedule({ resetsLimit }: { resetsLimit: boolean }): void {
    this.scheduled = true;
    if (resetsLimit) this.limit.failures = 0;
  }

  /** As soon as nothing is in the way, however many have failed, unless one runs or is scheduled. */
  again(): void {
    if (this.job === null && !this.scheduled) this.schedule({ resetsLimit: true });
  }

  /**
   * The one with which the log begins at run time: now, or as soon as nothing is in the way. False: it failed at once,
   * and the log says why.
   */
  startFirst(): boolean {
    const { host: { log, transactions }, mustWait } = this;
    if (!mustWait && !transactions.executing) {
      if (this.start()) return true;
      log.warning(
        "The server needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above " +
          "logs for more info about the error.",
      );
      return false;
    }
    if (this.running) {
      log.warning(
        "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting " +
          "a rewrite now.",
      );
      this.withdraw();
    } else {
      log.warning(
        mustWait
          ? "AOF was enabled but there is already another background operation. An AOF background was scheduled to " +
            "start when possible."
          : "AOF was enabled during a transaction. An AOF background was scheduled to start when possible.",
      );
    }
    this.schedule({ resetsLimit: true });
    return true;
  }

  /** Begins one; nothing may be in the way. False: it failed at once, and the log says why. */
  start(strategy?: string): boolean {
    const { host, target } = this;
    const { directory } = target;
    const { values } = host.config;
    this.scheduled = false;
    const format = values.aofUseRdbPreamble ? "rdb" : "aof";
    const tempName = `temp-rewriteaof-bg-${Deno.pid}-${++this.jobs}.aof`;
    const begun = performance.now();
    try {
      directory.ensure();
      const appended = target.cut();
      const name = directory.nextBaseName(format);
      const job = host.saves.startBase({
        directory: directory.path,
        tempName,
        name,
        format: format === "rdb" ? "rdb" : "commands",
        incrementalSync: values.aofRewriteIncrementalFsync,
        strategy,
      });
      this.job = job;
      this.withdrawn = false;
      this.startedAt = Date.now();
      this.count++;
      this.ended = job.done.then((outcome) =>
        this.finish(job, outcome, { format, tempName, name, appended })
      );
    } catch (error) {
      host.log.warning(`Can't rewrite append only file in background: ${errorText(error)}`);
      this.fails();
      target.abandoned();
      return false;
    }
    host.latency.addIfNeeded("snapshot-begin", performance.now() - begun, host.keyspace.clock.ms);
    host.log.notice(`Background append only file rewriting started by pid ${Deno.pid}`);
    return true;
  }

  private async finish(
    job: SaveJob,
    outcome: SaveOutcome,
    { format, tempName, name, appended }: {
      format: "rdb" | "aof";
      tempName: string;
      name: string;
      appended: "last" | "none" | AofFileEntry;
    },
  ): Promise<void> {
    const { host, target, withdrawn } = this;
    const { log } = host;
    this.job = null;
    this.lastCowBytes = job.shadowBytesPeak;
    this.lastSeconds = Math.floor((Date.now() - this.startedAt) / 1000);
    switch (outcome.result) {
      case "saved":
        log.notice(`Successfully created the temporary AOF base file ${tempName}`);
        log.notice("Background AOF rewrite terminated with success");
        log.notice(`Successfully renamed the temporary AOF base file ${tempName} into ${name}`);
        if (withdrawn) target.directory.removeNow(name);
        else await this.takeBase(format, name, appended);
        return;
      case "cancelled":
        log.warning("Background AOF rewrite terminated by signal 10");
        if (withdrawn) return;
        // The dataset was emptied or replaced under it: the next one has less to do.
        target.abandoned();
        this.scheduled = true;
        return;
      case "over-limit":
        log.warning(
          "Background AOF rewrite gave up: more pages changed than snapshot-shadow-limit has room for.",
        );
        if (!withdrawn && host.config.values.snapshotShadowPolicy === "degrade") {
          target.abandoned();
          if (!this.mustWait) this.start("threadsave");
          else this.scheduled = true;
          return;
        }
        break;
      case "failed":
        log.warning(`Write error writing append only file on disk: ${outcome.error.message}`);
        break;
    }
    log.warning("Background AOF rewrite terminated with error");
    this.fails();
    if (!withdrawn) target.abandoned();
  }

  private async takeBase(
    format: "rdb" | "aof",
    name: string,
    appended: "last" | "none" | AofFileEntry,
  ): Promise<void> {
    const { host, target } = this;
    const { directory } = target;
    const begun = performance.now();
    try {
      directory.replaceBase(format, appended);
    } catch (error) {
      host.log.warning(`Cannot put the rewritten AOF into force: ${errorText(error)}`);
      if (directory.manifest.base?.name !== name) directory.removeNow(name);
      this.fails();
      target.abandoned();
      return;
    }
    host.latency.addIfNeeded("aof-rename", performance.now() - begun, host.keyspace.clock.ms);
    this.lastStatus = "ok";
    this.limit.failures = 0;
    target.rewritten();
    if (!host.config.values.aofDisableAutoGc) await this.removeHistory();
    host.log.notice("Background AOF rewrite finished successfully");
  }

  /** A writer that is behind may not have opened the files of before yet. Where it has stopped, they go another time. */
  private async removeHistory(): Promise<void> {
    const { target } = this;
    const { directory } = target;
    this.clearing = true;
    try {
      await target.passedCut();
      directory.removeHistory();
    } catch {
      // The fault of the writer is told by the log.
    } finally {
      this.clearing = false;
    }
  }

  private fails(): void {
    this.lastStatus = "err";
    this.limit.failures++;
  }

  /** Takes back what is scheduled and gives up what runs, whose end changes nothing any more. False: there was none. */
  withdraw(): boolean {
    this.scheduled = false;
    const { job } = this;
    if (job === null || this.withdrawn) return false;
    this.host.log.notice(`Killing running AOF rewrite child: ${Deno.pid}`);
    this.withdrawn = true;
    job.cancel();
    return true;
  }

  /** Resolves when the last one has put its file away. */
  get settled(): Promise<void> {
    return this.ended;
  }

  /** Ends the worker of a withdrawn one that does not end by itself. */
  abandon(reason: string): void {
    this.job?.abandon(reason);
  }

  /** Starts what is due. */
  cron(now: number): void {
    if (this.mustWait) return;
    const { target } = this;
    if (this.scheduled) {
      if (!(target.isAwaited ? this.limit.holdsBriefly(now) : this.limit.holds(now))) this.start();
      return;
    }
    const { autoAofRewritePercentage, autoAofRewriteMinSize } = this.host.config.values;
    if (target.state !== "on" || autoAofRewritePercentage === 0) return;
    const { currentBytes } = target;
    if (currentBytes <= autoAofRewriteMinSize) return;
    const growth = Math.floor(currentBytes * 100 / Math.max(1, target.baseBytes)) - 100;
    if (growth < autoAofRewritePercentage || this.limit.holds(now)) return;
    this.host.log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.start();
  }
}
