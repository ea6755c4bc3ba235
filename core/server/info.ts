// The text of INFO: sections in Valkey's order, fields under Valkey's names, values as they are. What Spork has no
// counterpart of is left out rather than invented; docs/operations.md lists the fields that are its own.
import { cpuUsage } from "node:process";
import type { RegisteredCommand } from "../commands/server_services.ts";
import { pluginInfo } from "../plugins/plugin_info.ts";
import { COMPATIBLE_REDIS_VERSION, COMPATIBLE_VALKEY_VERSION, VERSION } from "./version.ts";
import type { Server } from "./server.ts";
import { memoryOf } from "./memory_report.ts";

type Section = {
  name: string;
  title: string;
  inDefault: boolean;
  write: (server: Server, out: Lines) => void;
};

/** Collects `name:value` lines. */
class Lines {
  private text = "";

  title(title: string): void {
    if (this.text !== "") this.text += "\r\n";
    this.text += `# ${title}\r\n`;
  }

  add(name: string, value: string | number): void {
    this.text += `${name}:${value}\r\n`;
  }

  toString(): string {
    return this.text;
  }
}

/** The sections named (lower case; "default", "all" and "everything" stand for several), in their fixed order. */
export function infoText(server: Server, names: readonly string[]): string {
  const everything = names.includes("everything") || names.includes("all");
  const standard = names.includes("default");
  const lines = new Lines();
  for (const section of SECTIONS) {
    const wanted = names.includes(section.name) || (everything && section.name !== "debug") ||
      (standard && section.inDefault);
    if (!wanted) continue;
    lines.title(section.title);
    section.write(server, lines);
  }
  return lines.toString();
}

function writeServer(server: Server, out: Lines): void {
  const { values } = server.config;
  const now = server.keyspace.clock.ms;
  const uptime = Math.floor((now - server.startedAt) / 1000);
  out.add("redis_version", COMPATIBLE_REDIS_VERSION);
  out.add("server_name", "spork");
  out.add("valkey_version", COMPATIBLE_VALKEY_VERSION);
  out.add("spork_version", VERSION);
  out.add("server_mode", "standalone");
  out.add("redis_mode", "standalone");
  out.add("os", `${Deno.build.os} ${server.osRelease} ${Deno.build.arch}`);
  out.add("arch_bits", 64);
  out.add("deno_version", Deno.version.deno);
  out.add("v8_version", Deno.version.v8);
  out.add("process_id", Deno.pid);
  out.add("process_supervised", values.supervised);
  out.add("run_id", server.runId);
  out.add("tcp_port", values.port);
  out.add("server_time_usec", Math.round((performance.timeOrigin + performance.now()) * 1000));
  out.add("uptime_in_seconds", uptime);
  out.add("uptime_in_days", Math.floor(uptime / 86400));
  out.add("hz", values.hz);
  out.add("configured_hz", values.hz);
  out.add("lru_clock", server.keyspace.clock.lruSeconds);
  out.add("executable", server.executable);
  out.add("config_file", server.configFile);
  out.add("io_threads_active", 0);
  for (const [index, listener] of server.listenerDescriptions.entries()) {
    out.add(`listener${index}`, listener);
  }
}

function writeClients(server: Server, out: Lines): void {
  const { clients } = server;
  const { inputMax, outputMax } = clients.largestBuffers();
  out.add("connected_clients", clients.count);
  out.add("cluster_connections", 0);
  out.add("maxclients", server.config.values.maxclients);
  out.add("client_recent_max_input_buffer", inputMax);
  out.add("client_recent_max_output_buffer", outputMax);
  out.add("blocked_clients", clients.blockedCount);
  out.add("paused_reason", server.pause.mode === "none" ? "none" : "client_pause");
  out.add("paused_actions", server.pause.mode);
  out.add("paused_timeout_milliseconds", Math.max(0, server.pause.until - server.keyspace.clock.ms));
}

function writeMemory(server: Server, out: Lines): void {
  const memory = memoryOf(server);
  const { values } = server.config;
  out.add("used_memory", memory.used);
  out.add("used_memory_human", human(memory.used));
  out.add("used_memory_rss", memory.resident);
  out.add("used_memory_rss_human", human(memory.resident));
  out.add("used_memory_peak", memory.peak);
  out.add("used_memory_peak_human", human(memory.peak));
  out.add("used_memory_peak_time", memory.peakSeconds);
  out.add("used_memory_peak_perc", percent(memory.used, memory.peak));
  out.add("used_memory_overhead", memory.overhead);
  out.add("used_memory_startup", memory.startup);
  out.add("used_memory_dataset", memory.dataset);
  out.add("used_memory_dataset_perc", percent(memory.dataset, memory.used - memory.startup));
  out.add("arena_used", memory.arena.used);
  out.add("arena_peak", memory.arena.peak);
  out.add("arena_touched", memory.arena.touched);
  out.add("arena_total", memory.arena.total);
  out.add("arena_span_free", memory.arena.spanFree);
  out.add("arena_extent_free", memory.arena.extentFree);
  out.add("arena_retired", memory.arena.retired);
  out.add("arena_shadow", memory.arena.shadow);
  out.add("js_heap_used", memory.heapUsed);
  out.add("js_heap_total", memory.heapTotal);
  out.add("total_system_memory", memory.systemTotal);
  out.add("total_system_memory_human", human(memory.systemTotal));
  out.add("maxmemory", values.maxmemory);
  out.add("maxmemory_human", human(values.maxmemory));
  out.add("maxmemory_policy", values.maxmemoryPolicy);
  out.add("allocator_frag_ratio", memory.arena.fragmentation.toFixed(2));
  out.add("mem_fragmentation_ratio", (memory.resident / Math.max(1, memory.used)).toFixed(2));
  out.add("mem_fragmentation_bytes", memory.resident - memory.used);
  out.add("mem_not_counted_for_evict", 0);
  out.add("mem_clients_normal", memory.clients);
  out.add("mem_allocator", "spork-arena");
  out.add("lazyfree_pending_objects", server.keyspace.lazyFree.pending);
  out.add("lazyfreed_objects", server.keyspace.lazyFree.freed);
}

function writePersistence(server: Server, out: Lines): void {
  const { loading } = server;
  const now = server.keyspace.clock.ms;
  out.add("loading", loading === null ? 0 : 1);
  out.add("async_loading", 0);
  const saves = server.saves.report();
  out.add("current_cow_size", saves.currentCowBytes);
  out.add("current_cow_peak", saves.currentCowBytes);
  out.add("current_fork_perc", saves.currentPercent.toFixed(2));
  out.add("current_save_keys_processed", saves.keysProcessed);
  out.add("current_save_keys_total", saves.keysTotal);
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
  out.add("threadsave_current_item_seconds", saves.currentItemSeconds);
  out.add("threadsave_estimated_seconds_remaining", saves.secondsRemaining);
  out.add("forkless_estimated_seconds_remaining", saves.secondsRemaining);
  out.add("threadsave_current_queue_length", saves.queueLength);
  out.add("threadsave_queue_length_target", saves.queueTarget);
  out.add("threadsave_dbentries_queued", saves.queued);
  out.add("threadsave_dbentries_processed", saves.processed);
  out.add("snapshot_longest_feed_ms", saves.longestFeedMs.toFixed(3));
  out.add("snapshot_early_entries", saves.early);
  out.add("snapshot_held_bytes", saves.heldBytes);
  out.add("snapshot_blocked_clients", saves.waitingWriters);
  out.add("aof_enabled", 0);
  out.add("aof_rewrite_in_progress", 0);
  out.add("aof_rewrite_scheduled", 0);
  out.add("aof_last_bgrewrite_status", "ok");
  out.add("aof_last_write_status", "ok");
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

function writeStats(server: Server, out: Lines): void {
  const { stats, keyspace, expire } = server;
  out.add("total_connections_received", stats.connections);
  out.add("total_commands_processed", stats.commands);
  out.add("instantaneous_ops_per_sec", Math.round(stats.commandRate.perSecond));
  out.add("total_net_input_bytes", stats.inputBytes);
  out.add("total_net_output_bytes", stats.outputBytes);
  out.add("instantaneous_input_kbps", (stats.inputRate.perSecond / 1024).toFixed(2));
  out.add("instantaneous_output_kbps", (stats.outputRate.perSecond / 1024).toFixed(2));
  out.add("rejected_connections", stats.rejectedConnections);
  out.add("expired_keys", keyspace.stats.expired);
  out.add("expired_stale_perc", expire.stalePercent.toFixed(2));
  out.add("expired_time_cap_reached_count", expire.timeLimitReached);
  out.add("expire_cycle_cpu_milliseconds", Math.round(expire.totalMs));
  out.add("evicted_keys", keyspace.stats.evicted);
  out.add("evicted_clients", stats.evictedClients);
  out.add("keyspace_hits", keyspace.stats.hits);
  out.add("keyspace_misses", keyspace.stats.misses);
  out.add("pubsub_channels", 0);
  out.add("pubsub_patterns", 0);
  out.add("latest_fork_usec", 0);
  out.add("total_forks", 0);
  out.add("total_error_replies", stats.totalErrorReplies);
  out.add("client_query_buffer_limit_disconnections", stats.clientQueryBufferLimitDisconnections);
  out.add("client_output_buffer_limit_disconnections", stats.clientOutputBufferLimitDisconnections);
  out.add("eventloop_cycles", stats.loopTurns);
  out.add("eventloop_duration_sum", Math.round(stats.loopMicros));
  out.add("eventloop_stall_max_ms", stats.loopStallMaxMs.toFixed(3));
}

function writeReplication(server: Server, out: Lines): void {
  out.add("role", "master");
  out.add("connected_slaves", 0);
  out.add("master_replid", server.replicationId);
  out.add("master_repl_offset", 0);
}

function writeCpu(_server: Server, out: Lines): void {
  const usage = processCpu();
  out.add("used_cpu_sys", usage.system.toFixed(6));
  out.add("used_cpu_user", usage.user.toFixed(6));
}

function writePlugins(server: Server, out: Lines): void {
  for (const plugin of server.plugins.list().map(pluginInfo)) {
    out.add(
      "plugin",
      `name=${plugin.name},version=${plugin.version},kind=${plugin.kind},tier=${plugin.tier},state=${plugin.state}`,
    );
  }
}

function writeCommandStats(server: Server, out: Lines): void {
  for (const command of ran(server)) {
    const perCall = command.calls === 0 ? 0 : command.micros / command.calls;
    out.add(
      `cmdstat_${command.fullName}`,
      `calls=${command.calls},usec=${Math.round(command.micros)},usec_per_call=${perCall.toFixed(2)},` +
        `rejected_calls=${command.rejected},failed_calls=${command.failed}`,
    );
  }
}

function writeErrorStats(server: Server, out: Lines): void {
  for (const [word, count] of server.stats.errors) out.add(`errorstat_${word}`, `count=${count}`);
}

function writeLatencyStats(server: Server, out: Lines): void {
  const percentiles = server.config.values.latencyTrackingInfoPercentiles;
  for (const command of ran(server)) {
    if (command.histogram.total === 0) continue;
    const parts = percentiles.map((each: number) => {
      const micros = command.histogram.percentile(each) / 1000;
      return `p${each}=${micros.toFixed(3)}`;
    });
    out.add(`latency_percentiles_usec_${command.fullName}`, parts.join(","));
  }
}

function* ran(server: Server): Generator<RegisteredCommand> {
  for (const command of server.commands.everything()) {
    if (command.calls > 0 || command.rejected > 0 || command.failed > 0) yield command;
  }
}

function writeCluster(_server: Server, out: Lines): void {
  out.add("cluster_enabled", 0);
}

function writeKeyspace(server: Server, out: Lines): void {
  for (const database of server.keyspace.databases) {
    if (database.size === 0) continue;
    const expires = database.expires.size;
    out.add(
      `db${database.id}`,
      `keys=${database.size},expires=${expires},avg_ttl=${server.averageTtl(database)}`,
    );
  }
}

function writeDebug(server: Server, out: Lines): void {
  const saves = server.saves.report();
  out.add(
    "forkless_current_item_ms",
    saves.running === null ? -1 : saves.currentItemSeconds * 1000,
  );
  out.add("forkless_current_queue_length", saves.queueLength);
  out.add("forkless_queue_length_target", saves.queueTarget);
  out.add("forkless_dbentries_queued", saves.queued);
  out.add("forkless_dbentries_processed", saves.processed);
}

const SECTIONS: Section[] = [
  { name: "server", title: "Server", inDefault: true, write: writeServer },
  { name: "clients", title: "Clients", inDefault: true, write: writeClients },
  { name: "memory", title: "Memory", inDefault: true, write: writeMemory },
  { name: "persistence", title: "Persistence", inDefault: true, write: writePersistence },
  { name: "stats", title: "Stats", inDefault: true, write: writeStats },
  { name: "replication", title: "Replication", inDefault: true, write: writeReplication },
  { name: "cpu", title: "CPU", inDefault: true, write: writeCpu },
  { name: "modules", title: "Modules", inDefault: true, write: writePlugins },
  { name: "commandstats", title: "Commandstats", inDefault: false, write: writeCommandStats },
  { name: "errorstats", title: "Errorstats", inDefault: true, write: writeErrorStats },
  { name: "latencystats", title: "Latencystats", inDefault: false, write: writeLatencyStats },
  { name: "cluster", title: "Cluster", inDefault: true, write: writeCluster },
  { name: "keyspace", title: "Keyspace", inDefault: true, write: writeKeyspace },
  { name: "debug", title: "Debug", inDefault: false, write: writeDebug },
];

function percent(part: number, whole: number): string {
  return `${whole <= 0 ? "0.00" : (part * 100 / whole).toFixed(2)}%`;
}

/** Bytes with a unit, as Valkey prints them: "1.50M". */
export function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const units = ["K", "M", "G", "T", "P"];
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${units[unit]}`;
}

/** CPU seconds of this process, workers included. */
function processCpu(): { user: number; system: number } {
  const usage = cpuUsage();
  return { user: usage.user / 1e6, system: usage.system / 1e6 };
}
