// INFO persistence and INFO debug: saves, the load, and how far a running snapshot is.
import { type Durability, HELD_OTHER, HELD_READ, HELD_WRITE } from "../durability/durability.ts";
import type { Server } from "../server.ts";
import type { Lines } from "./lines.ts";

export function writePersistence(server: Server, out: Lines): void {
  const { loading } = server;
  const now = server.keyspace.clock.ms;
  out.add("loading", loading === null ? 0 : 1);
  out.add("async_loading", 0);
  const saves = server.saves.report();
  const { progress } = saves;
  const percent = progress.keysTotal === 0 ? 0 : progress.processed * 100 / progress.keysTotal;
  out.add("current_cow_peak", progress.shadowBytesPeak);
  out.add("current_cow_size", progress.shadowBytes);
  out.add("current_cow_size_age", 0);
  out.add("current_fork_perc", percent.toFixed(2));
  out.add("current_save_keys_processed", progress.processed);
  out.add("current_save_keys_total", progress.keysTotal);
  out.add("rdb_changes_since_last_save", server.keyspace.dirty);
  out.add("rdb_bgsave_in_progress", saves.running === null ? 0 : 1);
  out.add("rdb_current_bgsave_type", saves.running ?? "none");
  out.add("rdb_last_bgsave_type", saves.lastType);
  out.add("rdb_last_save_time", saves.lastSaveSeconds);
  out.add("rdb_last_bgsave_status", saves.lastStatus);
  out.add("rdb_last_bgsave_time_sec", saves.lastDurationSeconds);
  out.add("rdb_current_bgsave_time_sec", saves.currentSeconds);
  out.add("rdb_saves", saves.saves);
  out.add("rdb_last_cow_size", saves.lastCowBytes);
  out.add("rdb_last_load_keys_expired", server.lastLoad.expired);
  out.add("rdb_last_load_keys_loaded", server.lastLoad.loaded);
  out.add("threadsave_current_item_seconds", Math.floor(progress.currentItemMs / 1000));
  out.add("threadsave_estimated_seconds_remaining", saves.secondsRemaining);
  out.add("forkless_estimated_seconds_remaining", saves.secondsRemaining);
  out.add("threadsave_current_queue_length", progress.queueLength);
  out.add("threadsave_queue_length_target", progress.queueTarget);
  out.add("threadsave_dbentries_queued", progress.queued);
  out.add("threadsave_dbentries_processed", progress.processed);
  out.add("snapshot_longest_feed_ms", progress.longestFeedMs.toFixed(3));
  out.add("snapshot_early_entries", progress.early);
  out.add("snapshot_held_bytes", progress.heldBytes);
  out.add("snapshot_blocked_clients", server.waitingWriters);
  writeLog(server, out);
  writeBackPressure(server.durability, out);
  out.add("module_fork_in_progress", 0);
  out.add("module_fork_last_cow_size", 0);
  if (loading !== null) {
    const elapsed = Math.max(0, (now - loading.startedAt) / 1000);
    const share = loading.totalBytes === 0 ? 0 : loading.loadedBytes / loading.totalBytes;
    out.add("loading_start_time", Math.floor(loading.startedAt / 1000));
    out.add("loading_total_bytes", loading.totalBytes);
    out.add("loading_rdb_used_mem", loading.usedMemory);
    out.add("loading_loaded_bytes", loading.loadedBytes);
    out.add("loading_loaded_perc", (share * 100).toFixed(2));
    out.add("loading_eta_seconds", share === 0 ? 1 : Math.ceil(elapsed / share - elapsed));
  }
}

function writeLog(server: Server, out: Lines): void {
  const log = server.aof.report();
  out.add("aof_enabled", log.enabled ? 1 : 0);
  out.add("aof_rewrite_in_progress", log.rewriteRunning ? 1 : 0);
  out.add("aof_rewrite_scheduled", log.rewriteScheduled ? 1 : 0);
  out.add("aof_last_rewrite_time_sec", log.lastRewriteSeconds);
  out.add("aof_current_rewrite_time_sec", log.currentRewriteSeconds);
  out.add("aof_last_bgrewrite_status", log.lastRewriteStatus);
  out.add("aof_rewrites", log.rewrites);
  out.add("aof_rewrites_consecutive_failures", log.failedRewrites);
  out.add("aof_last_write_status", log.lastWriteStatus);
  out.add("aof_last_cow_size", log.lastCowBytes);
  if (!log.enabled) return;
  out.add("aof_current_size", log.currentBytes);
  out.add("aof_base_size", log.baseBytes);
  out.add("aof_pending_rewrite", log.rewriteScheduled ? 1 : 0);
  out.add("aof_buffer_length", log.bufferBytes);
  out.add("aof_pending_bio_fsync", log.pendingSyncs);
  out.add("aof_delayed_fsync", log.delayedSyncs);
}

/** What waits for the disk: Spork's own gauges. */
function writeBackPressure(durability: Durability, out: Lines): void {
  const { pressure } = durability;
  out.add("held_reply_clients", durability.waitingClients);
  out.add("held_reply_bytes", durability.heldBytes);
  out.add("held_reply_paused_clients", pressure.pausedCount);
  out.add("aof_inflight_bytes", pressure.logBytes);
  out.add("aof_inflight_waiting_writers", pressure.waitingWriters);
  out.add("aof_waiting_messages", durability.deliveries.count);
  out.add("aof_waiting_message_bytes", pressure.messageBytes);
}

/** Counters of a running snapshot and of replies that wait for the log, under the names of Valkey's later releases. */
export function writeDebug(server: Server, out: Lines): void {
  const { progress } = server.saves.report();
  out.add("forkless_current_item_ms", progress.currentItemMs);
  out.add("forkless_current_queue_length", progress.queueLength);
  out.add("forkless_queue_length_target", progress.queueTarget);
  out.add("forkless_dbentries_queued", progress.queued);
  out.add("forkless_dbentries_processed", progress.processed);
  writeReplyBlocking(server.durability, out);
}

/** Replies that wait for the log, under Valkey's names; then what is Spork's own. */
function writeReplyBlocking(durability: Durability, out: Lines): void {
  out.add("reply_blocking_enabled", durability.active ? 1 : 0);
  if (!durability.active) return;
  const { heldReplies, pressure } = durability;
  out.add("reply_blocking_read_blocked_count", heldReplies[HELD_READ]);
  out.add("reply_blocking_write_blocked_count", heldReplies[HELD_WRITE]);
  out.add("reply_blocking_clients_waiting_ack", durability.waitingClients);
  out.add("reply_blocking_uncommitted_keys", durability.uncommitted.size);
  out.add("reply_blocking_previous_acked_offset", durability.acked);
  out.add("reply_blocking_primary_repl_offset", durability.offset);
  out.add("reply_blocking_other_blocked_count", heldReplies[HELD_OTHER]);
  out.add("reply_blocking_unblocked_count", durability.releasedReplies);
  out.add("reply_blocking_clients_blocked", durability.blockedClients);
  out.add("reply_blocking_clients_unblocked", durability.unblockedClients);
  out.add("reply_blocking_clients_disconnected", durability.disconnectedClients);
  out.add("reply_blocking_total_usec", Math.round(durability.heldMicros));
  out.add("reply_blocking_pauses", pressure.pauses);
  out.add("reply_blocking_held_writers", pressure.heldWriters);
}
