// The server as command modules see it. core/server's Server implements it. Types only.
import type { ClientTracking } from "./client_tracking.ts";
import type { CommandClient } from "./command_client.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Logger } from "../log/logger.ts";
import type { Config } from "../server/config/config.ts";
import type { AppendOnlyLog } from "../server/aof/append_only_log.ts";
import type { CommandLogs } from "../server/command_logs.ts";
import type { SlowLog, SlowLogEntry } from "../server/slow_log.ts";
import type { ClientRegistry } from "../server/client_registry.ts";
import type { KeyWaiters } from "./key_waiters.ts";
import type { CommandPropagation } from "./propagation.ts";
import type { PubSub } from "./pubsub.ts";
import type { WriteWaiters } from "./write_waiters.ts";
import type { Transactions } from "./transaction.ts";
import type { Command, CommandTable } from "../server/command_table.ts";
import type { DumpService } from "../server/dump_service.ts";
import type { Durability } from "../server/durability/durability.ts";
import type { Crash } from "../server/crash_report.ts";
import type { LatencyMonitor } from "../server/latency_monitor.ts";
import type { Migrator } from "../server/migrator.ts";
import type { MemoryReport } from "../server/memory_report.ts";
import type { PauseGate } from "../server/pause_gate.ts";
import type { SaveCoordinator } from "../server/save_coordinator.ts";
import type { ShutdownController } from "../server/shutdown_controller.ts";
import type { ServerStats } from "../server/server_stats.ts";
import type { PluginHost } from "../plugins/plugin_host.ts";

/** How a background save is made: from a page image, or by the background iterator. */
export type SaveType = "fork" | "thread";

/** A command with its counters, as registered. */
export type RegisteredCommand = Command;

/** One of the logs of COMMANDLOG, and what it tells of a command. */
export type CommandLog = SlowLog;
export type LoggedCommand = SlowLogEntry;

export interface ServerServices {
  readonly keyspace: Keyspace;
  readonly config: Config;
  readonly log: Logger;
  readonly clients: ClientRegistry;
  readonly commands: CommandTable;
  readonly stats: ServerStats;
  readonly commandLogs: CommandLogs;
  readonly latency: LatencyMonitor;
  readonly pause: PauseGate;
  readonly saves: SaveCoordinator;
  readonly aof: AppendOnlyLog;
  readonly shutdown: ShutdownController;
  readonly plugins: PluginHost;
  readonly dumps: DumpService;
  readonly migrator: Migrator;
  /** MULTI, EXEC and WATCH. */
  readonly transactions: Transactions;
  readonly pubsub: PubSub;
  /** Client side caching. */
  readonly tracking: ClientTracking;
  /** How changes reach the log and the replicas. */
  readonly propagation: CommandPropagation;
  /** Replies that wait for the log. */
  readonly durability: Durability;
  /** Blocking on keys. */
  readonly waiters: KeyWaiters;
  /** WAIT and WAITAOF. */
  readonly writeWaiters: WriteWaiters;
  /** Milliseconds since 1970 when the process started. */
  readonly startedAt: number;
  /** 40 hex characters, new at every start. */
  readonly runId: string;
  /** How far the loading of a dataset is; null when none is being loaded. */
  readonly loading: { readonly startedAt: number } | null;
  /** The configuration file's real path, or empty. */
  readonly configFile: string;
  /** `requirepass` as bytes; null where none is set. */
  readonly requiredPassword: Uint8Array | null;
  readonly version: string;
  /** The version that clients which expect a Redis are told. */
  readonly compatibleVersion: string;
  /** CLIENT PAUSE and UNPAUSE. */
  pauseClients(mode: "all" | "write", untilMs: number): void;
  unpauseClients(): void;
  /** From now on the client is shown every command that runs. */
  monitor(client: CommandClient): void;
  stopMonitoring(client: CommandClient): void;
  /** The text of `INFO` for these sections (lower case; "default", "all", "everything" included). */
  info(sections: readonly string[]): string;
  memory(): MemoryReport;
  /** Saves and loads the dataset again, as asked; an error reply's text where that failed. */
  reloadDataset(options: { save: boolean; flush: boolean; merge: boolean }): string | null;
  /** A command that blocked its client has ended: it is counted, before the client is unblocked. */
  waitEnded(client: CommandClient, how: { failed: boolean }): void;
  /** Empties everything and loads the append-only log; resolves with an error reply's text where that failed. */
  reloadLog(): Promise<string | null>;
  /** Whether cron deletes expired keys. */
  activeExpire: boolean;
  changeReplicationId(): void;
  /** Reports what went wrong and ends the process at once. */
  crash(crash: Crash): never;
  /** DEBUG PAUSE-CRON. */
  pauseCron(paused: boolean): void;
  /** Zeroes what CONFIG RESETSTAT zeroes. */
  resetStats(): void;
}
