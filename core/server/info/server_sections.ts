// INFO server, clients, replication, cpu, modules, cluster and keyspace: what the process is and who is connected.
import { cpuUsage, threadCpuUsage } from "node:process";
import { pluginInfo } from "../../plugins/plugin_info.ts";
import type { Server } from "../server.ts";
import { COMPATIBLE_REDIS_VERSION, COMPATIBLE_VALKEY_VERSION, VERSION } from "../version.ts";
import type { Lines } from "./lines.ts";

const SECONDS_A_DAY = 86400;

export function writeServer(server: Server, out: Lines): void {
  const { values } = server.config;
  const uptime = Math.floor((server.keyspace.clock.ms - server.startedAt) / 1000);
  out.add("redis_version", COMPATIBLE_REDIS_VERSION);
  out.add("server_name", "spork");
  out.add("valkey_version", COMPATIBLE_VALKEY_VERSION);
  out.add("spork_version", VERSION);
  out.add("redis_git_sha1", "00000000");
  out.add("redis_git_dirty", 0);
  out.add("server_mode", "standalone");
  out.add("redis_mode", "standalone");
  out.add("os", `${Deno.build.os} ${server.osRelease} ${Deno.build.arch}`);
  out.add("arch_bits", 64);
  out.add("monotonic_clock", "POSIX clock_gettime");
  out.add("multiplexing_api", Deno.build.os === "linux" ? "epoll" : "kqueue");
  out.add("deno_version", Deno.version.deno);
  out.add("v8_version", Deno.version.v8);
  out.add("process_id", Deno.pid);
  out.add("process_supervised", "no");
  out.add("run_id", server.runId);
  out.add("tcp_port", values.port);
  out.add("server_time_usec", server.keyspace.clock.micros());
  out.add("uptime_in_seconds", uptime);
  out.add("uptime_in_days", Math.floor(uptime / SECONDS_A_DAY));
  out.add("hz", server.expireOptions.hz);
  out.add("configured_hz", values.hz);
  out.add("lru_clock", server.keyspace.clock.lruSeconds);
  out.add("executable", server.executable);
  out.add("config_file", server.configFile);
  out.add("io_threads_active", 0);
  out.add("availability_zone", values.availabilityZone);
  for (const [index, listener] of server.listenerDescriptions.entries()) {
    out.add(`listener${index}`, listener);
  }
}

export function writeClients(server: Server, out: Lines): void {
  const { clients, pause, keyspace, waiters, writeWaiters } = server;
  const { watches } = server.transactions;
  const { inputMax, outputMax } = clients.largestBuffers();
  out.add("connected_clients", clients.count);
  out.add("cluster_connections", 0);
  out.add("maxclients", server.config.values.maxclients);
  out.add("client_recent_max_input_buffer", inputMax);
  out.add("client_recent_max_output_buffer", outputMax);
  out.add("blocked_clients", clients.blockedCount);
  out.add("tracking_clients", server.tracking.clientCount);
  out.add("pubsub_clients", server.pubsub.clientCount);
  out.add("watching_clients", watches.clientCount);
  out.add("clients_in_timeout_table", waiters.timeoutCount + writeWaiters.timeoutCount);
  out.add("total_watched_keys", watches.keyCount);
  out.add("total_blocking_keys", waiters.keyCount);
  out.add("total_blocking_keys_on_nokey", waiters.goneKeyCount);
  out.add("paused_reason", pause.mode === "none" ? "none" : "client_pause");
  out.add("paused_actions", pause.mode);
  out.add("paused_timeout_milliseconds", Math.max(0, pause.until - keyspace.clock.ms));
}

/** A primary without replicas: there is nothing else yet. */
export function writeReplication(server: Server, out: Lines): void {
  out.add("role", "master");
  out.add("connected_slaves", 0);
  out.add("master_failover_state", "no-failover");
  out.add("master_replid", server.replicationId);
  out.add("master_replid2", "0".repeat(40));
  out.add("master_repl_offset", 0);
  out.add("second_repl_offset", -1);
  out.add("repl_backlog_active", 0);
  out.add("repl_backlog_size", server.config.values.replBacklogSize);
  out.add("repl_backlog_first_byte_offset", 0);
  out.add("repl_backlog_histlen", 0);
}

/** CPU seconds of this process, workers included, and of the loop's thread alone. There are no child processes. */
export function writeCpu(_server: Server, out: Lines): void {
  const all = cpuUsage();
  const loop = threadCpuUsage();
  const seconds = (micros: number) => (micros / 1e6).toFixed(6);
  out.add("used_cpu_sys", seconds(all.system));
  out.add("used_cpu_user", seconds(all.user));
  out.add("used_cpu_sys_children", seconds(0));
  out.add("used_cpu_user_children", seconds(0));
  out.add("used_cpu_sys_main_thread", seconds(loop.system));
  out.add("used_cpu_user_main_thread", seconds(loop.user));
}

export function writePlugins(server: Server, out: Lines): void {
  for (const plugin of server.plugins.list().map(pluginInfo)) {
    out.add(
      "plugin",
      `name=${plugin.name},version=${plugin.version},kind=${plugin.kind},tier=${plugin.tier},state=${plugin.state}`,
    );
  }
}

export function writeCluster(_server: Server, out: Lines): void {
  out.add("cluster_enabled", 0);
}

export function writeKeyspace(server: Server, out: Lines): void {
  for (const database of server.keyspace.databases) {
    if (database.size === 0) continue;
    const expires = database.expires.size;
    const averageTtl = server.averageTtl(database);
    const withFields = database.fieldExpires.size;
    out.add(
      `db${database.id}`,
      `keys=${database.size},expires=${expires},avg_ttl=${averageTtl},keys_with_volatile_items=${withFields}`,
    );
  }
}
