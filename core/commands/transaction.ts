// What MULTI queues until EXEC runs it, and what the transaction commands may ask for. core/server/transactions.ts
// implements it; dispatch queues; modules/transactions has the commands.
import type { Arguments } from "../protocol/arguments.ts";
import type { CommandClient } from "./command_client.ts";

/** Between MULTI and EXEC. */
export interface Transaction {
  /** Queued commands. */
  readonly count: number;
  /** Memory of the queue. */
  readonly bytes: number;
  /** Flags that some queued command has, and those that all have. */
  readonly someFlags: number;
  readonly allFlags: number;
  /** A command was refused while queueing: EXEC will refuse everything. */
  broken: boolean;
}

export interface Transactions {
  /** MULTI. */
  begin(client: CommandClient): void;
  /** EXEC: writes the whole reply. The client must have a transaction. */
  execute(client: CommandClient): void;
  /** Forgets what is queued and watched (DISCARD, RESET, the end of the connection). */
  discard(client: CommandClient): void;
  /** Watches the arguments from `first` on as keys of the client's database. */
  watch(client: CommandClient, args: Arguments, first: number): void;
  unwatch(client: CommandClient): void;
  /** True while EXEC runs commands. */
  readonly executing: boolean;
}
