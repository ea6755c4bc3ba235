// What a command handler may use of the client that sent it. core/net's Client implements it; modules see only this.
import type { Tracking } from "./client_tracking.ts";
import type { Database } from "../keyspace/database.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply_writer.ts";
import type { ServerServices } from "./server_services.ts";
import type { Transaction } from "./transaction.ts";

/** `TYPE` of CLIENT LIST and CLIENT KILL. */
export type ClientKind = "normal" | "master" | "replica" | "pubsub";

export interface CommandClient {
  /** Unique, increasing, never reused. */
  readonly id: number;
  readonly server: ServerServices;
  /** Where the one reply of a command goes. */
  readonly reply: ReplyWriter;
  readonly kind: ClientKind;
  /** "ip:port", "[ip6]:port" or "path:0". */
  readonly peer: string;
  readonly localAddress: string;
  /** The connection comes from this machine. */
  readonly isLocal: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The selected database. */
  db: Database;
  /** Set by CLIENT SETNAME and HELLO SETNAME; empty when none. */
  name: string;
  user: string;
  authenticated: boolean;
  libraryName: string;
  libraryVersion: string;
  /** Milliseconds since 1970 of the last read. */
  readonly lastInteraction: number;
  /** One letter for each state, as CLIENT LIST prints them. */
  readonly flags: string;
  /** CLIENT CAPA, one letter for each. */
  capabilities: string;
  /** CLIENT NO-EVICT. */
  noEvict: boolean;
  /** CLIENT NO-TOUCH: this client's reads leave access information alone. */
  noTouch: boolean;
  /** CLIENT REPLY: "skip" drops the replies of the next command only. */
  replyMode: "on" | "off" | "skip";
  readonly blocking: Blocking | null;
  /** False inside EXEC: a command that found nothing replies at once as after its timeout, instead of waiting. */
  mayBlock: boolean;
  /** The arguments of the command that blocked the client; null where it is not blocked. */
  readonly heldArgs: Arguments | null;
  /** R of the client's last write: the end of its commands in the log's stream; 0 where it has written nothing. */
  readonly writeOffset: number;
  /** Of KeyWaiters: the latest wait of a command that may run again, with its place and its deadline. */
  keyWait: unknown;
  /** Between MULTI and EXEC; null otherwise. */
  transaction: Transaction | null;
  /** A watched key has changed: EXEC will fail. */
  dirtyExec: boolean;
  watchedKeys: number;
  /** How it is told of keys that it caches; null while it is not. */
  readonly tracking: Tracking | null;
  /** It listens to something: under RESP2 it may do little else. */
  readonly isSubscriber: boolean;

  /**
   * Runs the command that blocked the client once more, now, in the middle of whoever calls; the commands behind it follow
   * at the end of the turn.
   */
  runAgain(): void;

  /** The line of CLIENT LIST, without the newline. */
  describe(): string;
  /** Ends the connection once everything replied so far was sent. */
  closeAfterReply(): void;
  /** Ends the connection now; pending replies are lost. */
  closeNow(): void;
  /** Back to how a new connection is, but for its id and addresses (RESET). */
  reset(): void;

  /**
   * Stops this client: no further command of it runs until `unblock`. A handler that blocks writes no reply; whoever
   * unblocks does, or has the same command run again.
   */
  block(blocking: Blocking): void;
  /** Goes on with the client's commands; `again` runs the one that blocked once more. */
  unblock(options: { again: boolean }): void;
}

/** Why a client is blocked and what may end it. */
export interface Blocking {
  reason: "pause" | "snapshot" | "shutdown" | "keys" | "wait" | "migrate" | "log" | "load";
  /** Told when the connection ends while blocked. */
  cancelled?(client: CommandClient): void;
  /** Where set, CLIENT UNBLOCK works on it: writes the reply; the caller then unblocks. */
  unblockedByClient?(client: CommandClient, how: "timeout" | "error"): void;
}
