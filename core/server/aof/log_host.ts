// What the append-only log needs of the server. Types only.
import type { LogWriter, LogWriterEvents, LogWriterStart } from "../../persistence/aof/writer/log_writer.ts";
import type { Config } from "../config/config.ts";
import type { Durability } from "../durability/durability.ts";
import type { WriteWaiters } from "../durability/write_waiters.ts";
import type { LatencyMonitor } from "../latency_monitor.ts";
import type { SaveCoordinator } from "../save_coordinator.ts";
import type { Server } from "../server.ts";

/** An aof plugin: makes writers. */
export interface LogStrategy {
  readonly runs: "loop" | "worker";
  /** One writer at a time: the one before is closed first. */
  open(start: LogWriterStart, events: LogWriterEvents): Promise<LogWriter>;
}

export interface LogHost extends Pick<Server, "keyspace" | "log" | "propagation" | "restrict" | "exit"> {
  readonly config: Pick<Config, "values">;
  readonly durability: Pick<Durability, "attach" | "progressed" | "pressure">;
  readonly writeWaiters: Pick<WriteWaiters, "progressed">;
  readonly latency: Pick<LatencyMonitor, "addIfNeeded" | "threshold">;
  readonly saves: Pick<SaveCoordinator, "running" | "startBase" | "writeEmptyBase">;
  readonly plugins: { aof(name: string): LogStrategy };
  readonly transactions: { readonly executing: boolean };
}
