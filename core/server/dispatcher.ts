// From a parsed request to its handler: look up, check, run, account. One instance, called once per command, so the
// usual way through `execute` allocates nothing and asks the clock as rarely as the statistics allow.
import { ARENA_FULL } from "../memory/arena.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Client } from "../net/client.ts";
import type { Logger } from "../log/logger.ts";
import { Arguments } from "../protocol/arguments.ts";
import * as errors from "../protocol/errors.ts";
import {
  type Command,
  type CommandTable,
  FLAG_ADMIN,
  FLAG_BLOCKING,
  FLAG_DENYOOM,
  FLAG_FAST,
  FLAG_KEYSPACE_GLOBAL,
  FLAG_LOADING,
  FLAG_MAY_REPLICATE,
  FLAG_NO_AUTH,
  FLAG_NO_MULTI,
  FLAG_NOT_QUEUED,
  FLAG_SKIP_MONITOR,
  FLAG_SKIP_SLOWLOG,
  FLAG_WRITE,
} from "./command_table.ts";
import type { Crash } from "./crash_report.ts";
import type { CommandLogs } from "./command_logs.ts";
import type { LatencyMonitor } from "./latency_monitor.ts";
import { Monitors } from "./command_monitors.ts";
import type { Durability } from "./durability/durability.ts";
import type { Propagation } from "./feed/propagation.ts";
import type { PubSub } from "./pubsub.ts";
import type { ServerStats } from "./server_stats.ts";
import type { Transaction } from "./transactions.ts";

/** Fast commands of one kind that follow each other in a batch share one reading of the clock, at most this many. */
const RUN_MAX = 16;
/** A command with more arguments or bytes is timed on its own. */
const RUN_ARGUMENTS_MAX = 8;
const RUN_BYTES_MAX = 16 * 1024;
/** Under this slow-log threshold (microseconds) every command is timed on its own. */
const EXACT_TIMING_BELOW_MICROS = 1000;

/** The warning about HTTP requests is logged at most once in this time. */
const ATTACK_LOG_INTERVAL_MS = 60_000;

/** Reasons to look closer before a command runs; 0 = none, the usual case. */
export const RESTRICT_LOADING = 1 << 0;
export const RESTRICT_MEMORY = 1 << 1;
export const RESTRICT_PAUSE = 1 << 2;
export const RESTRICT_SNAPSHOT_ERROR = 1 << 3;
export const RESTRICT_SNAPSHOT_PRESSURE = 1 << 4;
export const RESTRICT_REPLICAS = 1 << 5;
export const RESTRICT_LOG_PRESSURE = 1 << 6;
export const RESTRICT_LOG_ERROR = 1 << 7;

/** What a client with a transaction may send while memory is full: nothing that makes the queue longer. */
const ALLOWED_WITHOUT_MEMORY = new Set(["exec", "discard", "quit", "reset"]);

/** What a client under RESP2 may do while it listens. */
const ALLOWED_TO_SUBSCRIBERS = new Set([
  "subscribe",
  "unsubscribe",
  "psubscribe",
  "punsubscribe",
  "ssubscribe",
  "sunsubscribe",
  "ping",
  "quit",
  "reset",
]);

/** Takes commands between MULTI and EXEC. */
export interface CommandQueue {
  queue(client: Client, command: Command): void;
  discard(client: Client): void;
}

/** Clients that wait for keys. */
export interface ReadyKeys {
  /** Some key became ready. */
  readonly hasReady: boolean;
  /** Runs the commands that waited for it. */
  serve(): void;
}

/** Those who are told of keys that they have read; asked only for clients with tracking. */
export interface ReadKeys {
  commandRan(client: Client, command: Command, args: Arguments): void;
  /** A command that has not run, or that waited and will not run again, is over. */
  commandEnded(client: Client, command: Command | null): void;
}

/** What the dispatcher asks when a restriction is set. */
export interface Restrictions {
  /** Tries to evict; false where memory stays over the limit. */
  makeRoom(): boolean;
  /** True where the pause holds this command back, `flags` being what it may do; it has then noted the client. */
  holdForPause(client: Client, command: Command, flags: number): boolean;
  /** True where the snapshot is so far behind that this writer has to wait; it has then noted the client. */
  holdForSnapshot(client: Client): boolean;
  /** As `holdForSnapshot`, where the log is behind. */
  holdForLog(client: Client): boolean;
  /** Why the log cannot be written. */
  readonly logError: string;
}

export class Dispatcher {
  /** RESTRICT_* bits, kept up to date by those that know. */
  restrictions = 0;
  /** `slowlog-log-slower-than`, microseconds; negative = off. */
  slowMicros = 10_000;
  slowLengthMax = 128;
  /** `latency-tracking`. */
  tracksLatency = true;
  readonly monitors = new Monitors();
  /** Told of errors of our own; the client has lost its connection then, the server goes on. */
  onFailure: (crash: Crash, client: Client) => void = ({ reason, stack }) =>
    this.log.warning(`${reason}: ${stack}`);
  private attackLoggedAt = -Infinity;
  private run: Command | null = null;
  private runCount = 0;
  private runStart = 0;
  /** Error replies of the client up to those of the command that runs. */
  private errorsSeen = 0;
  /** Those of the queued command that EXEC runs. */
  private readonly queuedArgs = new Arguments();

  constructor(
    private readonly table: CommandTable,
    private readonly keyspace: Keyspace,
    private readonly stats: ServerStats,
    private readonly logs: CommandLogs,
    private readonly latency: LatencyMonitor,
    private readonly gates: Restrictions,
    private readonly waiters: ReadyKeys,
    private readonly transactions: CommandQueue,
    private readonly pubsub: Pick<PubSub, "executing" | "hasWaiting" | "sendWaiting">,
    private readonly readKeys: ReadKeys,
    private readonly log: Logger,
    private readonly propagation: Propagation,
    private readonly durability: Durability,
  ) {}

  /** Before the commands of one read of a client. */
  beginBatch(): void {
    this.runStart = performance.now();
  }

  /** After them. */
  endBatch(client: Client): void {
    if (this.runCount > 0) this.closeRun(client);
    if (this.propagation.active) this.propagation.settle();
  }

  /**
   * Runs the client's current command. Where it has to wait, the client is blocked and keeps its arguments: it
   * calls this again when it is released.
   */
  execute(client: Client): void {
    const args = client.args;
    let command = this.table.find(args.buffer, args.starts[0], args.ends[0]);
    if (command === null) {
      client.lastCommand = "";
      if (args.is(0, "post") || args.is(0, "host:")) this.refuseHttp(client);
      else this.reject(client, null, errors.unknownCommand(args));
      return;
    }
    if (command.subcommands !== null && args.count > 1) {
      const sub: Command | null = command.subcommands.find(args.buffer, args.starts[1], args.ends[1]);
      if (sub === null) {
        this.reject(client, null, errors.unknownSubcommand(args));
        return;
      }
      command = sub;
    }
    client.lastCommand = command.fullName;
    const { arity } = command;
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      this.reject(client, command, errors.wrongArity(command.fullName));
      return;
    }
    if (!client.authenticated && (command.flags & FLAG_NO_AUTH) === 0) {
      this.reject(client, command, errors.NO_AUTH);
      return;
    }
    const inTransaction = client.transaction !== null;
    if (inTransaction && (command.flags & FLAG_NO_MULTI) !== 0) {
      this.reject(client, command, errors.NOT_IN_TRANSACTION);
      return;
    }
    if (client.isSubscriber && client.reply.protocol === 2 && !ALLOWED_TO_SUBSCRIBERS.has(command.fullName)) {
      this.reject(client, command, errors.notWhileSubscribed(command.fullName));
      return;
    }
    if (this.restrictions !== 0 && !this.admit(client, command)) return;
    if (inTransaction && (command.flags & FLAG_NOT_QUEUED) === 0) {
      this.transactions.queue(client, command);
      return;
    }
    const { pubsub, durability } = this;
    const mayBeHeld = durability.active;
    let position = 0;
    let offset = 0;
    if (mayBeHeld) {
      position = client.output.end;
      offset = durability.offset;
      durability.commandBegins();
    }
    const outer = pubsub.executing;
    pubsub.executing = client;
    this.call(client, command);
    pubsub.executing = outer;
    const { propagation } = this;
    if (propagation.active && propagation.endUnit()) client.writeOffset = propagation.logOffset;
    if (mayBeHeld) this.holdReplies(client, command, position, offset);
    if (pubsub.hasWaiting) pubsub.sendWaiting();
    if (this.waiters.hasReady) this.serveWaiters(client);
  }

  /** What the command has replied waits for the log, and so do the lines that show it. */
  private holdReplies(client: Client, command: Command, position: number, offset: number): void {
    const { durability, monitors } = this;
    const needed = durability.commandEnds(client, command, position, offset);
    if (!monitors.hasLines) return;
    for (const [monitor, place] of monitors.takeLines()) durability.hold(monitor, place, needed);
  }

  /** Behind a command that made keys ready: those who wait for them run theirs, before this client's next one. */
  private serveWaiters(client: Client): void {
    if (this.runCount > 0) this.closeRun(client);
    this.waiters.serve();
    this.runStart = performance.now();
  }

  /** Runs the commands of a transaction, each accounted like any other, inside of EXEC. */
  runQueue(client: Client, transaction: Transaction): void {
    const { run, runStart, stats, queuedArgs } = this;
    const { args } = client;
    const { commandMicros } = stats;
    const { commands, args: log } = transaction;
    client.args = queuedArgs;
    this.propagation.transactionBegins();
    log.rewind();
    for (let i = 0; i < commands.length; i++) {
      log.next(queuedArgs);
      if ((commands[i].flags & FLAG_KEYSPACE_GLOBAL) !== 0) this.durability.revealsAll();
      this.call(client, commands[i]);
    }
    if (this.runCount > 0) this.closeRun(client);
    // What the commands have changed is told; EXEC itself is only the frame.
    this.propagation.nothing();
    client.args = args;
    this.run = run;
    this.runCount = 0;
    this.runStart = runStart;
    // EXEC itself brings the time of them all.
    stats.commandMicros = commandMicros;
  }

  private call(client: Client, command: Command): void {
    const args = client.args;
    const exactly = (command.flags & (FLAG_FAST | FLAG_BLOCKING)) !== FLAG_FAST || this.timesExactly ||
      isLarge(args);
    if (command !== this.run || exactly) {
      if (this.runCount > 0) this.closeRun(client);
      this.run = command;
    }
    const reply = client.reply;
    this.errorsSeen = reply.errorCount;
    const repliedBefore = client.output.end;
    const keyspace = this.keyspace;
    const { propagation } = this;
    const isFed = propagation.active;
    if (isFed) propagation.commandBegins(client.db.id);
    if (client.noTouch) keyspace.freezeAccess = true;
    try {
      command.handler!(client, args);
    } catch (error) {
      this.failed(client, command, error);
    }
    if (isFed) propagation.commandEnds(args);
    if (client.noTouch) keyspace.freezeAccess = keyspace.imageActive;
    if (this.monitors.active && (command.flags & (FLAG_ADMIN | FLAG_SKIP_MONITOR)) === 0) {
      // What has waited for a key was told when it began to.
      if (client.blockedMicros === 0) this.monitors.feed(client, client.db.id, args);
    }
    if (client.tracking !== null) this.readKeys.commandRan(client, command, args);
    if (client.blocking !== null) {
      this.suspendRun(client);
      return;
    }
    command.calls++;
    this.stats.commands++;
    client.totalCommands++;
    if (reply.errorCount !== this.errorsSeen) {
      command.failed++;
      // They are not EXEC's.
      this.errorsSeen = reply.errorCount;
    }
    const replyBytes = client.output.end - repliedBefore;
    if (this.logs.mayLog(args, replyBytes) && (command.flags & FLAG_SKIP_SLOWLOG) === 0) {
      this.logs.add(args, replyBytes, Math.floor(keyspace.clock.ms / 1000), client);
    }
    this.runCount++;
    if (exactly || this.runCount >= RUN_MAX) this.closeRun(client);
  }

  /** The command waits: it is counted once, when it has ended, with all the time that it took. */
  private suspendRun(client: Client): void {
    const now = performance.now();
    client.blockedMicros += (now - this.runStart) * 1000;
    this.runStart = now;
  }

  /** Counts a command that had blocked its client and ends without running again: a timeout, CLIENT UNBLOCK. */
  waitEnded(client: Client, options: { failed: boolean }): void {
    const args = client.heldArgs!;
    const command = this.table.byName(client.lastCommand);
    if (client.tracking !== null) this.readKeys.commandEnded(client, command);
    if (command === null) return;
    command.calls++;
    if (options.failed) command.failed++;
    this.stats.commands++;
    client.totalCommands++;
    this.account(client, command, args, client.blockedMicros / 1000, 1);
    client.blockedMicros = 0;
  }

  private get timesExactly(): boolean {
    return this.slowMicros >= 0 && this.slowMicros < EXACT_TIMING_BELOW_MICROS;
  }

  /** Accounts the time since the run began to its command. */
  private closeRun(client: Client): void {
    const command = this.run!;
    const count = this.runCount;
    const now = performance.now();
    let total = now - this.runStart;
    this.runStart = now;
    this.runCount = 0;
    if (client.blockedMicros !== 0) {
      total += client.blockedMicros / 1000;
      client.blockedMicros = 0;
    }
    this.account(client, command, client.args, total, count);
  }

  /** `total`: milliseconds that `count` calls took. */
  private account(client: Client, command: Command, args: Arguments, total: number, count: number): void {
    // Of commands that were timed together each counts as the mean: they are small, so none of them stands out.
    const elapsed = total / count;
    command.micros += total * 1000;
    this.stats.commandMicros += total * 1000;
    if (this.tracksLatency) command.histogram.record(elapsed * 1e6, count);
    if (this.latency.threshold > 0 && elapsed >= this.latency.threshold) {
      const fast = (command.flags & FLAG_FAST) !== 0;
      this.latency.addIfNeeded(fast ? "fast-command" : "command", elapsed, this.keyspace.clock.ms);
    }
    if (
      this.slowMicros >= 0 && elapsed * 1000 >= this.slowMicros && (command.flags & FLAG_SKIP_SLOWLOG) === 0
    ) {
      const seconds = Math.floor(this.keyspace.clock.ms / 1000);
      this.logs.slow.add(args, elapsed * 1000, seconds, client, this.slowLengthMax);
    }
  }

  private failed(client: Client, command: Command, error: unknown): void {
    if (error === ARENA_FULL) {
      client.reply.error(errors.OUT_OF_MEMORY);
      return;
    }
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    const reason = `Internal error in command '${command.fullName}'`;
    this.onFailure({ reason, stack }, client);
    client.reply.error("ERR internal error, see the server log");
    client.closeAfterReply();
  }

  /** Somebody makes a browser talk to us: words of HTTP that no client sends end the connection. */
  private refuseHttp(client: Client): void {
    if (this.keyspace.clock.ms - this.attackLoggedAt >= ATTACK_LOG_INTERVAL_MS) {
      this.attackLoggedAt = this.keyspace.clock.ms;
      this.log.warning(
        "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Spork. " +
          "This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your " +
          `Spork instance. Connection from ${client.peer} aborted.`,
      );
    }
    client.closeNow("refused");
  }

  private reject(client: Client, command: Command | null, text: string): void {
    if (command !== null) command.rejected++;
    if (client.transaction !== null) client.transaction.broken = true;
    if (command !== null && command.fullName === "exec") {
      this.transactions.discard(client);
      client.reply.error(errors.execAborted(text));
    } else client.reply.error(text);
    if (client.tracking !== null) this.readKeys.commandEnded(client, command);
  }

  /** The checks that matter only in some states of the server. False: rejected or held back. */
  private admit(client: Client, command: Command): boolean {
    const { restrictions } = this;
    const { transaction } = client;
    const queues = transaction !== null && (command.flags & FLAG_NOT_QUEUED) === 0;
    let { flags } = command;
    // EXEC is what it will run.
    if (transaction !== null && command.fullName === "exec") {
      flags = (flags | transaction.someFlags) & (transaction.allFlags | ~FLAG_LOADING);
    }
    if ((restrictions & RESTRICT_MEMORY) !== 0 && !this.gates.makeRoom()) {
      const growsQueue = transaction !== null && !ALLOWED_WITHOUT_MEMORY.has(command.fullName);
      if ((flags & FLAG_DENYOOM) !== 0 || growsQueue) {
        this.reject(client, command, errors.OUT_OF_MEMORY);
        return false;
      }
    }
    if (
      (restrictions & RESTRICT_SNAPSHOT_ERROR) !== 0 &&
      ((flags & FLAG_WRITE) !== 0 || command.fullName === "ping")
    ) {
      this.reject(client, command, errors.SNAPSHOT_FAILED);
      return false;
    }
    if (
      (restrictions & RESTRICT_LOG_ERROR) !== 0 && ((flags & FLAG_WRITE) !== 0 || command.fullName === "ping")
    ) {
      this.reject(client, command, errors.logFailed(this.gates.logError));
      return false;
    }
    if ((restrictions & RESTRICT_REPLICAS) !== 0 && (flags & FLAG_WRITE) !== 0) {
      this.reject(client, command, errors.NO_REPLICAS);
      return false;
    }
    if ((restrictions & RESTRICT_LOADING) !== 0 && (flags & FLAG_LOADING) === 0) {
      this.reject(client, command, errors.LOADING);
      return false;
    }
    if ((restrictions & RESTRICT_PAUSE) !== 0 && this.gates.holdForPause(client, command, flags)) {
      return false;
    }
    // Queueing changes nothing: it is EXEC that waits for the snapshot, as a whole.
    const writes = (flags & (FLAG_WRITE | FLAG_MAY_REPLICATE)) !== 0 && !queues;
    if ((restrictions & RESTRICT_SNAPSHOT_PRESSURE) !== 0 && writes && this.gates.holdForSnapshot(client)) {
      return false;
    }
    if ((restrictions & RESTRICT_LOG_PRESSURE) !== 0 && writes && this.gates.holdForLog(client)) return false;
    return true;
  }
}

function isLarge(args: Arguments): boolean {
  return args.count > RUN_ARGUMENTS_MAX || args.ends[args.count - 1] - args.starts[0] > RUN_BYTES_MAX;
}
