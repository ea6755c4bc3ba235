// MULTI, EXEC and WATCH behind their commands: the queue of each client, the keys it watches, and running the queue as one
// unit. Dispatch queues commands here while a client has a transaction.
import type { CommandClient } from "../commands/command_client.ts";
import type {
  Transaction as TransactionInterface,
  Transactions as TransactionsInterface,
} from "../commands/transaction.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Client } from "../net/client.ts";
import { ArgumentLog } from "../protocol/argument_log.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { EXEC_ABORTED } from "../protocol/errors.ts";
import type { Command } from "./command_table.ts";
import { KeyWatches } from "./key_watches.ts";

/** Transactions that are kept for the next MULTI: their number, and the memory of one. */
const SPARE_MAX = 64;
const SPARE_BYTES_MAX = 4 * 1024;

/** Runs queued commands: dispatch without the checks that queueing has made. */
export interface QueueRunner {
  runQueue(client: Client, transaction: Transaction): void;
}

export class Transaction implements TransactionInterface {
  readonly commands: Command[] = [];
  readonly args = new ArgumentLog();
  someFlags = 0;
  allFlags = ~0;
  broken = false;

  get count(): number {
    return this.commands.length;
  }

  get bytes(): number {
    return this.args.memoryBytes;
  }

  /** Back to how a new one is. */
  clear(): void {
    this.commands.length = 0;
    this.args.clear();
    this.someFlags = 0;
    this.allFlags = ~0;
    this.broken = false;
  }
}

export class Transactions implements TransactionsInterface {
  readonly watches: KeyWatches;
  /** The one that EXEC runs. */
  private running: Transaction | null = null;
  private readonly spare: Transaction[] = [];

  /** `onStale`: EXEC tells that a watched key has changed. */
  constructor(
    keyspace: Keyspace,
    private readonly runner: () => QueueRunner,
    private readonly onStale: () => void = () => {},
  ) {
    this.watches = new KeyWatches(keyspace);
  }

  get executing(): boolean {
    return this.running !== null;
  }

  begin(client: CommandClient): void {
    client.transaction = this.spare.pop() ?? new Transaction();
  }

  /** Keeps the command for EXEC. */
  queue(client: Client, command: Command): void {
    const transaction = client.transaction as Transaction;
    transaction.commands.push(command);
    transaction.args.add(client.args);
    transaction.someFlags |= command.flags;
    transaction.allFlags &= command.flags;
    client.reply.queued();
  }

  execute(client: CommandClient): void {
    const transaction = client.transaction as Transaction;
    const isStale = client.dirtyExec || this.watches.hasExpired(client);
    if (transaction.broken || isStale) {
      if (transaction.broken) client.reply.error(EXEC_ABORTED);
      else {
        client.reply.nullArray();
        this.onStale();
      }
      this.discard(client);
      return;
    }
    // What the transaction itself changes is none of its business.
    this.watches.unwatch(client);
    client.reply.array(transaction.count);
    this.running = transaction;
    client.mayBlock = false;
    try {
      this.runner().runQueue(client as Client, transaction);
    } finally {
      client.mayBlock = true;
      this.running = null;
      // A connection that ended meanwhile has discarded it already.
      if (client.transaction === null) this.recycle(transaction);
      else this.discard(client);
    }
  }

  discard(client: CommandClient): void {
    const transaction = client.transaction as Transaction | null;
    client.transaction = null;
    this.unwatch(client);
    if (transaction !== null && transaction !== this.running) this.recycle(transaction);
  }

  private recycle(transaction: Transaction): void {
    if (this.spare.length >= SPARE_MAX || transaction.bytes > SPARE_BYTES_MAX) return;
    transaction.clear();
    this.spare.push(transaction);
  }

  watch(client: CommandClient, args: Arguments, first: number): void {
    // EXEC will fail anyway.
    if (client.dirtyExec) return;
    for (let index = first; index < args.count; index++) this.watches.watch(client, args, index);
  }

  unwatch(client: CommandClient): void {
    this.watches.unwatch(client);
    client.dirtyExec = false;
  }
}
