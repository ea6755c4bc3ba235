// What happens when the log cannot be written or synced. Under `always` nothing may be acknowledged any more: the server
// ends, or with `aof-error-policy read-only` refuses writes and tries again; under the other policies it always does the
// latter. A failed sync of the others is healed by a rewrite only: nobody can tell what the disk has lost.
import type { LogFault, SyncPolicy } from "../../persistence/aof/writer/log_writer.ts";
import type { Logger } from "../../log/logger.ts";
import { RESTRICT_LOG_ERROR } from "../dispatcher.ts";

const RETRY_INTERVAL_MS = 1000;
/** The rewrite that a failed sync needs may fail too, and is asked for again. */
const REWRITE_INTERVAL_MS = 2000;
/** An error that comes again and again is logged at most so often. */
const LOG_INTERVAL_MS = 30_000;

/** What is asked of the server and of the log. */
export interface LogErrorHost {
  readonly log: Pick<Logger, "notice" | "warning">;
  errorPolicy(): "exit" | "read-only";
  /** The policy in effect. */
  policy(): SyncPolicy;
  restrict(bit: number, on: boolean): void;
  exit(code: number): void;
  /** Milliseconds. */
  now(): number;
  /** Has the writer try again. */
  retry(): void;
  /** A rewrite is needed, as soon as one can be; one that runs began too early. */
  rewriteSoon(): void;
  /** It is still needed: another one, unless one runs or is due. */
  rewriteAgain(): void;
}

export class LogErrors {
  /** The latest, as long as it is not over. */
  fault: LogFault | null = null;
  /** A sync has failed that no retry can make up for: what is durable is not known until a rewrite has ended. */
  needsRewrite = false;
  /** `aof_delayed_fsync` */
  delayedSyncs = 0;
  private retryAt = 0;
  private loggedAt = -Infinity;
  /** The writer has stopped. */
  isStopped = false;

  constructor(private readonly host: LogErrorHost) {}

  /** `aof_last_write_status`. */
  get status(): "ok" | "err" {
    return this.fault === null ? "ok" : "err";
  }

  failed(fault: LogFault): void {
    const { host } = this;
    const policy = host.policy();
    this.fault = fault;
    this.isStopped = true;
    const now = host.now();
    this.retryAt = now + RETRY_INTERVAL_MS;
    const ends = policy === "always" && host.errorPolicy() === "exit";
    if (ends || now - this.loggedAt >= LOG_INTERVAL_MS) {
      this.loggedAt = now;
      this.logFault(fault, ends);
    }
    host.restrict(RESTRICT_LOG_ERROR, true);
    if (ends) host.exit(1);
    if (fault.kind === "sync" && policy !== "always") {
      this.needsRewrite = true;
      host.rewriteSoon();
    }
  }

  private logFault({ kind, message, path, expected, written, cutFailure }: LogFault, ends: boolean): void {
    const { log } = this.host;
    if (kind === "sync") {
      if (!ends) log.warning(`Fail to fsync the AOF file: ${message}`);
      else {
        log.warning(
          `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${message}. Exiting...`,
        );
      }
      return;
    }
    if (kind === "open") log.warning(`Can't open the append-only file ${path}: ${message}`);
    else if (written === undefined) log.warning(`Error writing to the AOF file: ${message}`);
    else {
      log.warning(
        `Short write while writing to the AOF file: (nwritten=${written}, expected=${expected}): ${message}`,
      );
    }
    if (cutFailure !== undefined) {
      log.warning(
        "Could not remove short write from the append-only file. The server may refuse to load the AOF the next " +
          `time it starts. ftruncate: ${cutFailure}`,
      );
    }
    if (ends) {
      log.warning(
        "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
      );
    }
  }

  /** A sync runs for so long that bytes are written without waiting for it. */
  delayed(): void {
    this.delayedSyncs++;
    this.host.log.notice(
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for " +
        "fsync to complete, this may slow down the server.",
    );
  }

  /** The writer goes on. */
  recovered(): void {
    this.isStopped = false;
    if (!this.needsRewrite) this.over();
  }

  /** A rewrite was a success: what a sync has lost does not matter any more. */
  rewritten(): void {
    if (!this.needsRewrite) return;
    this.needsRewrite = false;
    if (!this.isStopped) this.over();
  }

  /** The log is off, or begins anew. */
  forget(): void {
    if (this.fault === null) return;
    this.fault = null;
    this.needsRewrite = this.isStopped = false;
    this.loggedAt = -Infinity;
    this.host.restrict(RESTRICT_LOG_ERROR, false);
  }

  private over(): void {
    if (this.fault === null) return;
    this.forget();
    this.host.log.warning("AOF write error looks solved. The server can write again.");
  }

  cron(): void {
    if (this.fault === null) return;
    const now = this.host.now();
    if (now < this.retryAt) return;
    if (this.isStopped) {
      this.retryAt = now + RETRY_INTERVAL_MS;
      this.host.retry();
    } else if (this.needsRewrite) {
      this.retryAt = now + REWRITE_INTERVAL_MS;
      this.host.rewriteAgain();
    }
  }
}
