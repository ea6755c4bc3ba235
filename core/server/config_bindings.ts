// Where options take effect: each group of values is applied once at start, and again when CONFIG SET changes it.
import { errorText } from "../log/error_text.ts";
import type { EvictionPolicy } from "../keyspace/eviction.ts";
import type { OptionName } from "./config/option_table.ts";
import { RESTRICT_REPLICAS } from "./dispatcher.ts";
import type { Server } from "./server.ts";

/** Applies all values and registers for changes. */
export function bindConfig(server: Server): void {
  const { config } = server;
  const bind = (names: readonly OptionName[], apply: () => string | void): void => {
    apply();
    config.onChange(names, apply);
  };
  const { values } = config;

  bind(["requirepass"], () => {
    server.requiredPassword = values.requirepass === "" ? null : new TextEncoder().encode(values.requirepass);
  });

  bind([
    "proto-max-bulk-len",
    "client-query-buffer-limit",
    "timeout",
    "client-output-buffer-limit",
    "hide-user-data-from-log",
  ], () => {
    const { limits } = server;
    limits.logsUserData = !values.hideUserDataFromLog;
    limits.bulkBytesMax = values.protoMaxBulkLen;
    limits.queryBufferBytesMax = values.clientQueryBufferLimit;
    limits.idleSecondsMax = values.timeout;
    limits.output = { ...values.clientOutputBufferLimit };
  });

  bind(["held-reply-limit-per-client", "held-reply-limit", "aof-inflight-limit"], () => {
    const { limits } = server.durability.pressure;
    limits.clientBytesMax = server.limits.heldBytesMax = values.heldReplyLimitPerClient;
    limits.heldBytesMax = values.heldReplyLimit;
    limits.logBytesMax = values.aofInflightLimit;
  });

  bind(["maxmemory", "maxmemory-policy", "maxmemory-samples", "maxmemory-eviction-tenacity"], () => {
    const { keyspace } = server;
    const { eviction } = server.memoryLimit;
    eviction.policy = values.maxmemoryPolicy as EvictionPolicy;
    eviction.samples = values.maxmemorySamples;
    eviction.tenacity = values.maxmemoryEvictionTenacity;
    keyspace.entries.usesLfu = values.maxmemoryPolicy.endsWith("lfu");
    server.limitMemory();
  });

  bind(["notify-keyspace-events"], () => server.events.select(values.notifyKeyspaceEvents));

  bind(["tracking-table-max-keys"], () => server.tracking.limitKeys(values.trackingTableMaxKeys));

  bind(["min-replicas-to-write", "min-replicas-max-lag"], () => {
    server.restrict(RESTRICT_REPLICAS, values.minReplicasToWrite > 0 && values.minReplicasMaxLag > 0);
  });

  bind(["lfu-log-factor", "lfu-decay-time"], () => {
    server.keyspace.lfu = { logFactor: values.lfuLogFactor, decayMinutes: values.lfuDecayTime };
  });

  bind([
    "lazyfree-lazy-user-del",
    "lazyfree-lazy-server-del",
    "lazyfree-lazy-expire",
    "lazyfree-lazy-eviction",
  ], () => {
    const policy = server.keyspace.lazyFreePolicy;
    policy.userDelete = values.lazyfreeLazyUserDel;
    policy.serverDelete = values.lazyfreeLazyServerDel;
    policy.expire = values.lazyfreeLazyExpire;
    policy.eviction = values.lazyfreeLazyEviction;
  });

  bind(["active-expire-effort", "hz"], () => {
    server.expireOptions.effort = values.activeExpireEffort;
    server.expireOptions.hz = values.hz;
  });

  bind([
    "commandlog-request-larger-than",
    "commandlog-reply-larger-than",
    "commandlog-large-request-max-len",
    "commandlog-large-reply-max-len",
  ], () => {
    const { commandLogs } = server;
    const least = (bytes: number) => bytes < 0 ? Infinity : bytes;
    commandLogs.requestBytesMin = least(values.commandlogRequestLargerThan);
    commandLogs.replyBytesMin = least(values.commandlogReplyLargerThan);
    commandLogs.largeRequestsMax = values.commandlogLargeRequestMaxLen;
    commandLogs.largeRepliesMax = values.commandlogLargeReplyMaxLen;
  });

  bind(["slowlog-log-slower-than", "slowlog-max-len", "latency-tracking"], () => {
    server.dispatcher.slowMicros = values.slowlogLogSlowerThan;
    server.dispatcher.slowLengthMax = values.slowlogMaxLen;
    server.dispatcher.tracksLatency = values.latencyTracking;
  });

  bind(["latency-monitor-threshold"], () => {
    server.latency.threshold = values.latencyMonitorThreshold;
    server.loopMonitor.update();
  });

  bind(["save", "stop-writes-on-bgsave-error"], () => server.saves.updateRestrictions());

  config.onChange(
    ["appendonly", "appendfsync", "aof-strategy", "aof-error-policy"],
    () => server.aof.configChanged(),
  );

  config.onChange("aof-disable-auto-gc", () => {
    if (!values.aofDisableAutoGc) server.aof.directory.removeHistory();
  });

  config.onChange("dir", () => server.aof.directoryChanged());

  config.onChange("rdb-key-save-delay", () => server.saves.setKeySaveDelay(values.rdbKeySaveDelay));

  config.onChange("snapshot-strategy", () => {
    try {
      server.plugins.snapshot(values.snapshotStrategy);
    } catch (error) {
      return errorText(error);
    }
  });
}
