// What INFO persistence tells of the append-only log.
import type { AppendOnlyLog } from "./append_only_log.ts";

/** Sizes in bytes, times in seconds; -1 = none. */
export interface LogReport {
  enabled: boolean;
  rewriteRunning: boolean;
  rewriteScheduled: boolean;
  lastRewriteSeconds: number;
  currentRewriteSeconds: number;
  lastRewriteStatus: "ok" | "err";
  rewrites: number;
  failedRewrites: number;
  lastWriteStatus: "ok" | "err";
  lastCowBytes: number;
  currentBytes: number;
  baseBytes: number;
  /** Propagated and not yet written. */
  bufferBytes: number;
  pendingSyncs: number;
  delayedSyncs: number;
}

export function reportOf(log: AppendOnlyLog): LogReport {
  const { rewriter, errors } = log;
  return {
    enabled: log.state !== "off",
    rewriteRunning: rewriter.running,
    rewriteScheduled: rewriter.scheduled,
    lastRewriteSeconds: rewriter.lastSeconds,
    currentRewriteSeconds: rewriter.currentSeconds,
    lastRewriteStatus: rewriter.lastStatus,
    rewrites: rewriter.count,
    failedRewrites: rewriter.limit.failures,
    lastWriteStatus: errors.status,
    lastCowBytes: rewriter.lastCowBytes,
    currentBytes: log.currentBytes,
    baseBytes: log.baseBytes,
    bufferBytes: log.waitingBytes,
    pendingSyncs: log.policy !== "no" && log.hasUnsynced ? 1 : 0,
    delayedSyncs: errors.delayedSyncs,
  };
}
