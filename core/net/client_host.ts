// What the network room needs of the server: core/server implements it. The client parses and keeps its buffers, the
// host runs commands and keeps the books.
import type { Clock } from "../keyspace/clock.ts";
import type { ServerServices } from "../commands/server_services.ts";
import type { Database } from "../keyspace/database.ts";
import type { Logger } from "../log/logger.ts";
import type { ErrorObserver } from "../protocol/reply_writer.ts";
import type { RequestLimits } from "../protocol/request_parser.ts";
import type { Client } from "./client.ts";
import type { Turn } from "./turn.ts";

/** client-output-buffer-limit of one class; 0 = no limit. */
export interface OutputLimit {
  hardBytes: number;
  softBytes: number;
  /** How long the soft limit may be exceeded without a break. */
  softSeconds: number;
}

/** Limits that CONFIG SET changes in place; all clients share one object. */
export interface ClientLimits extends RequestLimits {
  /** client-query-buffer-limit */
  queryBufferBytesMax: number;
  output: Record<"normal" | "replica" | "pubsub", OutputLimit>;
  /** `held-reply-limit-per-client`, bytes; 0 = none. Who sends commands is stopped at it, a monitor is closed. */
  heldBytesMax: number;
  /** `timeout`, seconds; 0 = none. */
  idleSecondsMax: number;
  /** `hide-user-data-from-log` is off: what clients sent may be in the log. */
  logsUserData: boolean;
}

/** The limits that hold where config says nothing. */
export function defaultClientLimits(): ClientLimits {
  const megabyte = 1024 * 1024;
  return {
    bulkBytesMax: 512 * megabyte,
    queryBufferBytesMax: 1024 * megabyte,
    output: {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * megabyte, softBytes: 64 * megabyte, softSeconds: 60 },
      pubsub: { hardBytes: 32 * megabyte, softBytes: 8 * megabyte, softSeconds: 60 },
    },
    heldBytesMax: 0,
    idleSecondsMax: 0,
    logsUserData: false,
  };
}

/** Counters of INFO stats that the network room keeps. */
export interface NetworkCounters {
  inputBytes: number;
  outputBytes: number;
  /** Socket reads and writes that came to an end. */
  reads: number;
  writes: number;
  clientQueryBufferLimitDisconnections: number;
  clientOutputBufferLimitDisconnections: number;
}

export type CloseReason =
  | "peer closed"
  | "read error"
  | "write error"
  | "protocol error"
  | "query buffer limit"
  | "output buffer limit"
  | "idle"
  | "quit"
  | "killed"
  | "shutdown"
  | "refused";

export interface ClientHost extends ErrorObserver {
  readonly services: ServerServices;
  readonly log: Logger;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly limits: ClientLimits;
  readonly counters: NetworkCounters;
  /** What a new connection selects. */
  readonly firstDatabase: Database;
  /** Whether a new connection needs no AUTH. */
  readonly startsAuthenticated: boolean;
  /** Before the first command of a read. */
  beginBatch(client: Client): void;
  /** Several commands may wait: the time to fetch what they will need. */
  lookAhead(client: Client): void;
  /** Runs the command in `client.args`. */
  execute(client: Client): void;
  /** After the last command of a read. */
  endBatch(client: Client): void;
  /** The connection is gone, for good; called once. */
  clientClosed(client: Client, reason: CloseReason): void;
}
