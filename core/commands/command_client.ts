// What a command handler may use of the client that sent it. core/net's Client implements it; modules see only this.
import type { Database } from "../keyspace/database.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply_writer.ts";
import type { ServerServices } from "./server_services.ts";

export interface CommandClient {
  /** Unique, increasing, never reused. */
  readonly id: number;
  readonly server: ServerServices;
  /** Where the one reply of a command goes. */
  readonly reply: ReplyWriter;
  /** The selected database. */
  db: Database;
  /** Set by CLIENT SETNAME and HELLO SETNAME; empty when none. */
  name: string;
  authenticated: boolean;
  libraryName: string;
  libraryVersion: string;
  /** CLIENT NO-EVICT. */
  noEvict: boolean;
  /** CLIENT NO-TOUCH: this client's reads leave access information alone. */
  noTouch: boolean;
  /** CLIENT REPLY: what happens to the next replies. */
  replyMode: "on" | "off" | "skip";

  /** Ends the connection once everything replied so far was sent. */
  closeAfterReply(): void;
  /** Ends the connection now; pending replies are lost. */
  closeNow(): void;

  /**
   * Stops running this client's commands until `unblock` is called or the deadline (milliseconds since 1970, 0 =
   * never) passes. The handler that calls it writes no reply; whoever unblocks does, or has the command run again.
   */
  block(blocking: Blocking): void;
}

/** Why a client is blocked and what ends it. */
export interface Blocking {
  /** The word CLIENT LIST-like tools and INFO count it under. */
  reason: "pause" | "snapshot" | "wait" | "keys" | "shutdown";
  /** Milliseconds since 1970; 0 = no deadline. */
  deadline: number;
  /** Called at the deadline: writes the reply. */
  timedOut?(client: CommandClient): void;
  /** Called when the client's connection ends, or another client's CLIENT UNBLOCK, KILL or RESET comes. */
  cancelled?(client: CommandClient): void;
  /** Where set, CLIENT UNBLOCK works on it: writes the reply for TIMEOUT or ERROR. */
  unblocked?(client: CommandClient, withError: boolean): void;
}

/** Runs a queued or blocked command again with its own copy of the arguments. */
export type Rerun = (client: CommandClient, args: Arguments) => void;
