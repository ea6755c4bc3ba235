// A connected client: its input parser, its output buffer, its state as commands see it, and the read loop between them.
// More lines than usual: what stops, holds and ends a client is one small state machine.
// core/server's registry owns the clients and runs their commands (ClientHost). The way of a request is hot: a read's
// continuation parses and runs all commands it finds; replies go out at the end of the turn.
import type { Tracking } from "../commands/client_tracking.ts";
import type { Blocking, ClientKind, CommandClient } from "../commands/command_client.ts";
import type { Transaction } from "../commands/transaction.ts";
import type { ServerServices } from "../commands/server_services.ts";
import type { Database } from "../keyspace/database.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply_writer.ts";
import { NEED_MORE, PROTOCOL_ERROR, RequestParser } from "../protocol/request_parser.ts";
import type { ClientHost, CloseReason } from "./client_host.ts";
import { clientFlags, clientInfo } from "./client_info.ts";
import type { Connection } from "./connection.ts";
import { WAITING_KEYS_MAX } from "../protocol/waiting_keys.ts";
import { OutputBuffer } from "./output_buffer.ts";
import { OutputLimitCheck, UNCOUNTED_OUTPUT_BYTES } from "./output_limit.ts";
import type { ReplyHolds } from "./reply_holds.ts";

export type { CloseReason } from "./client_host.ts";

/** Reasons not to run commands. */
const STOP_CLOSING = 1 << 0; // only the output is still sent
const STOP_CLOSED = 1 << 1;
const STOP_BLOCKED = 1 << 2;
const STOP_PAUSED = 1 << 3;

/** A stopped client is still read up to this many waiting bytes, so that its end is noticed. */
const STOPPED_INPUT_BYTES_MAX = 64 * 1024;
/** Bytes of a broken request that go to the log. */
const LOGGED_QUERY_BYTES = 128;
/** What the objects of a client weigh beside its buffers, bytes (measured: heap growth of 5,000 idle clients). */
const OBJECT_BYTES = 4 * 1024;

/** A peer that has ended its side may be gone altogether: what is held for it is kept so long, milliseconds. */
const HELD_AFTER_END_MS_MAX = 10_000;

/** With fewer waiting bytes there is no pipeline worth looking ahead in. */
const LOOK_AHEAD_BYTES_MIN = 200;

const REPLY_ON = 0;
const REPLY_OFF = 1;
const REPLY_SKIP_NEXT = 2;
const REPLY_SKIP_THIS = 3;
/** Whoever has not said who he is gets short answers, and must read them. Beyond what is not counted. */
const UNAUTHENTICATED_OUTPUT_BYTES_MAX = 1024;

export interface ClientOptions {
  id: number;
  connection: Connection;
  host: ClientHost;
}

export class Client implements CommandClient {
  readonly id: number;
  readonly server: ServerServices;
  readonly connection: Connection;
  readonly parser: RequestParser;
  readonly output: OutputBuffer;
  readonly reply: ReplyWriter;
  /** The command that runs. The parser's, except while a held command runs again. */
  args: Arguments;
  db: Database;
  name = "";
  user = "default";
  libraryName = "";
  libraryVersion = "";
  noEvict = false;
  noTouch = false;
  /** Full name of the last command, "client|list"; empty before the first. */
  lastCommand = "";
  totalCommands = 0;
  totalInputBytes = 0;
  totalOutputBytes = 0;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970 of the last read. */
  lastInteraction: number;
  blocking: Blocking | null = null;
  mayBlock = true;
  /** Microseconds that the command which blocked the client has taken so far; it is counted when it has ended. */
  blockedMicros = 0;
  /** What the connection is for, beside subscriptions. */
  role: "normal" | "master" | "replica" = "normal";
  channels = 0;
  patterns = 0;
  shardChannels = 0;
  keyWait: unknown = null;
  writeOffset = 0;
  transaction: Transaction | null = null;
  dirtyExec = false;
  watchedKeys = 0;
  tracking: Tracking | null = null;
  capabilities = "";
  /** Replies that wait for the log; null while none ever has. */
  holds: ReplyHolds | null = null;
  /** The peer sends nothing any more; it may still read. */
  inputEnded = false;
  /** Shows every command that runs (MONITOR). */
  isMonitor = false;
  /** Why the connection ended; null while it has not. */
  closeReason: CloseReason | null = null;
  readonly #host: ClientHost;
  #stop = 0;
  #authenticated: boolean;
  /** The command that blocked the client. */
  #blockedArgs: Arguments | null = null;
  #reading = false;
  #writing = false;
  #flushQueued = false;
  #overLimit = false;
  #replyState = REPLY_ON;
  #closingReason: CloseReason = "quit";
  readonly #outputLimit = new OutputLimitCheck();

  constructor(options: ClientOptions) {
    const host = options.host;
    this.id = options.id;
    this.server = host.services;
    this.connection = options.connection;
    this.#host = host;
    this.parser = new RequestParser(host.limits);
    this.output = new OutputBuffer();
    this.output.onSealed = this.#outputSealed;
    this.reply = new ReplyWriter(this.output);
    this.reply.observer = host;
    this.args = this.parser.args;
    this.db = host.firstDatabase;
    this.#authenticated = host.startsAuthenticated;
    this.parser.unauthenticated = !host.startsAuthenticated;
    this.createdAt = host.clock.ms;
    this.lastInteraction = host.clock.ms;
  }

  get kind(): ClientKind {
    return this.role === "normal" && this.isSubscriber ? "pubsub" : this.role;
  }

  get peer(): string {
    return this.connection.remoteAddress;
  }

  get localAddress(): string {
    return this.connection.localAddress;
  }

  get isLocal(): boolean {
    return this.connection.isLocal;
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  set authenticated(value: boolean) {
    this.#authenticated = value;
    this.parser.unauthenticated = !value;
  }

  get replyMode(): "on" | "off" | "skip" {
    if (this.#replyState === REPLY_ON) return "on";
    return this.#replyState === REPLY_OFF ? "off" : "skip";
  }

  set replyMode(mode: "on" | "off" | "skip") {
    if (mode === "skip") {
      if (this.#replyState !== REPLY_OFF) this.#replyState = REPLY_SKIP_NEXT;
      return;
    }
    this.#replyState = mode === "on" ? REPLY_ON : REPLY_OFF;
    if (mode === "off" || this.isClosed) this.reply.mute();
    else this.reply.unmute();
  }

  get isClosed(): boolean {
    return (this.#stop & STOP_CLOSED) !== 0;
  }

  /** Nothing more of it will be run. */
  get isClosing(): boolean {
    return (this.#stop & (STOP_CLOSED | STOP_CLOSING)) !== 0;
  }

  get isBlocked(): boolean {
    return this.blocking !== null;
  }

  get isSubscriber(): boolean {
    return this.channels + this.patterns + this.shardChannels > 0;
  }

  /** Commands queued by MULTI; -1 outside. */
  get multiCommands(): number {
    return this.transaction === null ? -1 : this.transaction.count;
  }

  /** Memory of the queued commands. */
  get multiBytes(): number {
    return this.transaction === null ? 0 : this.transaction.bytes;
  }

  /** Output that waits, as `omem` and the output limits count it, bytes. */
  get outputMemoryBytes(): number {
    const pending = this.output.pendingBytes;
    return pending > UNCOUNTED_OUTPUT_BYTES ? pending : 0;
  }

  /** All memory held for this client (`tot-mem`), bytes. */
  get memoryBytes(): number {
    const args = this.args;
    return OBJECT_BYTES + this.parser.memoryBytes + this.output.memoryBytes + this.multiBytes +
      args.starts.byteLength + args.ends.byteLength;
  }

  get flags(): string {
    return clientFlags(this);
  }

  get heldArgs(): Arguments | null {
    return this.#blockedArgs;
  }

  describe(): string {
    return clientInfo(this, this.#host.clock.ms, this.#writing || this.output.sendableBytes > 0);
  }

  /** Begins to read. */
  start(): void {
    this.#read();
  }

  /** Runs the commands that have arrived, until there are none or something stops the client. */
  processInput(): void {
    if (this.#stop !== 0 || !this.parser.hasInput) return;
    const host = this.#host;
    const parser = this.parser;
    host.beginBatch(this);
    let untilLook = 0;
    while (this.#stop === 0) {
      if (untilLook-- === 0) {
        untilLook = WAITING_KEYS_MAX - 1;
        if (parser.bufferedBytes > LOOK_AHEAD_BYTES_MIN) host.lookAhead(this);
      }
      const result = parser.next();
      if (result === NEED_MORE) break;
      if (result === PROTOCOL_ERROR) {
        this.#refuseInput();
        break;
      }
      this.#execute();
    }
    host.endBatch(this);
    this.scheduleFlush();
  }

  /** Output was appended, or its limit moved: it is written at the end of the turn. */
  scheduleFlush(): void {
    if (this.#flushQueued || (this.#stop & STOP_CLOSED) !== 0) return;
    if (this.output.pendingBytes === 0 && (this.#stop & STOP_CLOSING) === 0) return;
    this.#flushQueued = true;
    this.#host.turn.queueFlush(this);
  }

  /** For Turn.flush(). */
  flushQueued(): void {
    this.#flushQueued = false;
    this.checkOutputLimit(this.#host.clock.ms);
    this.#write();
  }

  reset(): void {
    const host = this.#host;
    this.db = host.firstDatabase;
    this.reply.protocol = 2;
    this.name = "";
    this.user = "default";
    this.authenticated = host.startsAuthenticated;
    this.noEvict = false;
    this.noTouch = false;
    this.replyMode = "on";
  }

  block(blocking: Blocking): void {
    if (this.blocking !== null) {
      throw new Error(`client ${this.id} is blocked already (${this.blocking.reason})`);
    }
    this.blocking = blocking;
    this.#stop |= STOP_BLOCKED;
    this.#blockedArgs = this.args === this.parser.args ? this.args.copy() : this.args;
  }

  /** The client's next commands run at the end of this turn, and what was replied meanwhile is sent. */
  unblock(options: { again: boolean }): void {
    if (this.blocking === null) return;
    this.blocking = null;
    this.#stop &= ~STOP_BLOCKED;
    if (!options.again) this.#blockedArgs = null;
    this.scheduleFlush();
    this.#host.turn.queueResume(this);
  }

  /** Runs and reads no further until `resumeReading()`: too much waits for this client already. */
  pauseReading(): void {
    this.#stop |= STOP_PAUSED;
  }

  resumeReading(): void {
    if ((this.#stop & STOP_PAUSED) === 0) return;
    this.#stop &= ~STOP_PAUSED;
    this.#host.turn.queueResume(this);
  }

  runAgain(): void {
    if (this.blocking === null) return;
    if (this.#stop !== STOP_BLOCKED) {
      this.unblock({ again: true });
      return;
    }
    this.blocking = null;
    this.#stop = 0;
    this.#executeHeld();
    if (this.blocking === null) this.#host.turn.queueResume(this);
  }

  /** For Turn: runs what waited while the client was stopped. */
  goOn(): void {
    if (this.#stop !== 0) return;
    if (this.#blockedArgs !== null) this.#executeHeld();
    this.processInput();
    if (this.inputEnded) this.#endOfInput();
    else this.#read();
  }

  #executeHeld(): void {
    this.args = this.#blockedArgs!;
    this.#blockedArgs = null;
    this.#host.beginBatch(this);
    this.#execute();
    this.#host.endBatch(this);
    this.args = this.parser.args;
    this.scheduleFlush();
  }

  closeAfterReply(reason: CloseReason = "quit"): void {
    if (this.isClosing) return;
    this.#stop |= STOP_CLOSING;
    this.#closingReason = reason;
    this.scheduleFlush();
  }

  closeNow(reason: CloseReason = "killed"): void {
    if ((this.#stop & STOP_CLOSED) !== 0) return;
    this.#stop |= STOP_CLOSED;
    this.closeReason = reason;
    this.connection.close();
    this.#blockedArgs = null;
    this.output.discardAll();
    this.reply.mute();
    const blocking = this.blocking;
    this.blocking = null;
    if (blocking !== null) blocking.cancelled?.(this);
    this.#host.clientClosed(this, reason);
  }

  /** Closes the client when its output is over the limit of its class. Called when output grew, and by cron. */
  checkOutputLimit(nowMs: number): void {
    if (this.isClosed || (!this.#overLimit && !this.#isOverLimit(nowMs))) return;
    this.#host.counters.clientOutputBufferLimitDisconnections++;
    this.#host.log.warning(
      `Client ${this.describe()} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    );
    this.closeNow("output buffer limit");
  }

  /** Once a second or so: idle time, soft output limit, memory that is not needed any more. */
  cron(nowMs: number): void {
    const idleSecondsMax = this.#host.limits.idleSecondsMax;
    // Who waits for the disk is not idle.
    const isHeld = this.output.heldBytes > 0;
    const mayIdle = this.role !== "normal" || this.isSubscriber || this.isBlocked || isHeld;
    if (idleSecondsMax > 0 && !mayIdle && nowMs - this.lastInteraction > idleSecondsMax * 1000) {
      this.#host.log.verbose("Closing idle client");
      this.closeNow("idle");
      return;
    }
    if (this.inputEnded && isHeld && nowMs - this.lastInteraction > HELD_AFTER_END_MS_MAX) {
      this.closeNow("peer closed");
      return;
    }
    this.checkOutputLimit(nowMs);
    if (nowMs - this.lastInteraction > IDLE_SHRINK_MILLISECONDS && !this.#writing) this.output.shrink();
    this.output.resetPeak();
    this.parser.resetPeak();
  }

  #execute(): void {
    this.#host.execute(this);
    if (this.#replyState >= REPLY_SKIP_NEXT) this.#advanceSkip();
  }

  /** CLIENT REPLY SKIP mutes the one command after it. */
  #advanceSkip(): void {
    if (this.#replyState === REPLY_SKIP_NEXT) {
      this.#replyState = REPLY_SKIP_THIS;
      this.reply.mute();
    } else {
      this.replyMode = "on";
    }
  }

  #read(): void {
    if (this.#reading || (this.#stop & (STOP_CLOSED | STOP_CLOSING)) !== 0) return;
    if (this.#stop !== 0 && this.parser.bufferedBytes >= STOPPED_INPUT_BYTES_MAX) return;
    let view;
    try {
      view = this.parser.prepare();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#host.log.warning(
        `Closing client whose request needs too much memory: ${this.describe()}`,
      );
      this.closeNow("query buffer limit");
      return;
    }
    this.#reading = true;
    this.connection.read(view).then(this.#received, this.#readFailed);
  }

  readonly #received = (count: number | null): void => {
    this.#reading = false;
    if ((this.#stop & STOP_CLOSED) !== 0) return;
    const host = this.#host;
    host.turn.wake();
    if (count === null) {
      this.#endOfInput();
      return;
    }
    host.counters.reads++;
    host.counters.inputBytes += count;
    this.totalInputBytes += count;
    this.lastInteraction = host.clock.ms;
    this.parser.filled(count);
    this.processInput();
    if (this.parser.bufferedBytes + this.multiBytes > host.limits.queryBufferBytesMax) {
      this.#closeForQueryBuffer();
    }
    this.#read();
  };

  readonly #readFailed = (error: Error): void => {
    this.#reading = false;
    if (this.isClosed) return;
    this.#host.log.verbose(`Reading from client: ${error.message}`);
    this.closeNow("read error");
  };

  /** The peer has sent everything. What it asked for is still sent to it, unless it waits for something to happen. */
  #endOfInput(): void {
    if (!this.inputEnded) this.#host.log.verbose("Client closed connection");
    this.inputEnded = true;
    // What is paused goes on later, and ends then.
    if ((this.#stop & STOP_PAUSED) !== 0 && !this.isBlocked && this.parser.hasInput) return;
    if (this.output.pendingBytes > 0 && !this.isBlocked) this.closeAfterReply("peer closed");
    else this.closeNow("peer closed");
  }

  #write(): void {
    if (this.#writing || (this.#stop & STOP_CLOSED) !== 0) return;
    const view = this.output.next();
    if (view === null) {
      if ((this.#stop & STOP_CLOSING) !== 0 && this.output.pendingBytes === 0) {
        this.closeNow(this.#closingReason);
      }
      return;
    }
    this.#writing = true;
    this.connection.write(view).then(this.#written, this.#writeFailed);
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if ((this.#stop & STOP_CLOSED) !== 0) return;
    this.#host.counters.writes++;
    this.#host.counters.outputBytes += count;
    this.totalOutputBytes += count;
    this.output.advance(count);
    if (this.output.pendingBytes === 0 && (this.#stop & STOP_CLOSING) === 0) return;
    // Within a turn its end decides what may be sent: the log has not seen its changes yet.
    if (this.#host.turn.isOpen) this.scheduleFlush();
    else this.#write();
  };

  readonly #writeFailed = (error: Error): void => {
    this.#writing = false;
    if (this.isClosed) return;
    this.#host.log.verbose(`Error writing to client: ${error.message}`);
    this.closeNow("write error");
  };

  /** A chunk of output was filled. Inside a command the client cannot be closed yet, but it can stop collecting. */
  readonly #outputSealed = (): void => {
    if (this.#overLimit || !this.#isOverLimit(this.#host.clock.ms)) return;
    this.#overLimit = true;
    this.output.dropsSealed = true;
    this.#stop |= STOP_CLOSING;
    this.scheduleFlush();
  };

  #isOverLimit(nowMs: number): boolean {
    if (!this.#authenticated && this.outputMemoryBytes > UNAUTHENTICATED_OUTPUT_BYTES_MAX) return true;
    const kind = this.kind;
    const limit = this.#host.limits.output[kind === "master" ? "normal" : kind];
    // Whoever sends commands is stopped when too much is held for him. Nothing stops what others send to a listener.
    const { output } = this;
    const { heldBytesMax } = this.#host.limits;
    if (this.isMonitor && heldBytesMax > 0 && output.heldBytes > heldBytesMax) return true;
    const bytes = kind === "normal" && !this.isMonitor ? output.unreadBytes : output.pendingBytes;
    return this.#outputLimit.isExceeded(limit, bytes, nowMs);
  }

  /** The stream is broken: says how, and ends the connection behind it. */
  #refuseInput(): void {
    let query = "*redacted*";
    if (this.#host.limits.logsUserData) {
      const { head, omitted, tail } = this.parser.unparsed(LOGGED_QUERY_BYTES);
      query = omitted === 0 ? head : `${head}' (... more ${omitted} bytes ...) '${tail}`;
    }
    this.#host.log.verbose(`${this.parser.error} from client: ${this.describe()}. Query buffer: '${query}'`);
    this.reply.error(this.parser.error);
    this.closeAfterReply("protocol error");
  }

  #closeForQueryBuffer(): void {
    if (this.isClosed) return;
    this.#host.counters.clientQueryBufferLimitDisconnections++;
    let query = "";
    if (this.#host.limits.logsUserData) {
      query = ` (qbuf initial bytes: "${this.parser.unparsed(LOGGED_QUERY_BYTES).head}")`;
    }
    this.#host.log.warning(`Closing client that reached max query buffer length: ${this.describe()}${query}`);
    this.closeNow("query buffer limit");
  }
}

const IDLE_SHRINK_MILLISECONDS = 2000;
