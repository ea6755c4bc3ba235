// MULTI, EXEC and WATCH behind their commands: the queue of each client, the keys it watches, and running the queue as one
// unit. Dispatch queues commands here while a client has a transaction.
import type { CommandClient } from "../commands/command_client.ts";
import type {
  QueuedCommand,
  Transaction as TransactionInterface,
  Transactions as TransactionsInterface,
} from "../commands/transaction.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Client } from "../net/client.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { EXEC_ABORTED } from "../protocol/errors.ts";
import type { Command } from "./command_table.ts";
import { KeyWatches } from "./key_watches.ts";

/** What a queued command weighs beside its arguments, bytes. */
const QUEUED_COMMAND_BYTES = 128;

/** Runs queued commands: dispatch without the checks that queueing has made. */
export interface QueueRunner {
  runQueue(client: Client, queue: readonly QueuedCommand[]): void;
}

export class Transaction implements TransactionInterface {
  readonly queue: QueuedCommand[] = [];
  someFlags = 0;
  allFlags = ~0;
  bytes = 0;
  broken = false;
}

export class Transactions implements TransactionsInterface {
  executing = false;
  readonly watches: KeyWatches;

  constructor(keyspace: Keyspace, private readonly runner: () => QueueRunner) {
    this.watches = new KeyWatches(keyspace);
  }

  begin(client: CommandClient): void {
    client.transaction = new Transaction();
  }

  /** Keeps the command for EXEC. */
  queue(client: Client, command: Command): void {
    const transaction = client.transaction as Transaction;
    const args = client.args.copy();
    transaction.queue.push({ command, args });
    transaction.someFlags |= command.flags;
    transaction.allFlags &= command.flags;
    transaction.bytes += args.buffer.length + args.starts.byteLength + args.ends.byteLength +
      QUEUED_COMMAND_BYTES;
    client.reply.queued();
  }

  execute(client: CommandClient): void {
    const transaction = client.transaction!;
    const isStale = client.dirtyExec || this.watches.hasExpired(client);
    if (transaction.broken || isStale) {
      if (transaction.broken) client.reply.error(EXEC_ABORTED);
      else client.reply.nullArray();
      this.discard(client);
      return;
    }
    // What the transaction itself changes is none of its business.
    this.watches.unwatch(client);
    client.reply.array(transaction.queue.length);
    this.executing = true;
    client.mayBlock = false;
    try {
      this.runner().runQueue(client as Client, transaction.queue);
    } finally {
      client.mayBlock = true;
      this.executing = false;
      this.discard(client);
    }
  }

  discard(client: CommandClient): void {
    client.transaction = null;
    this.unwatch(client);
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
