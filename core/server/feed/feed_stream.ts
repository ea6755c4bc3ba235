// One stream of propagated commands: what one sink (a log, the replicas' backlog) gets, with its own position and its own
// selected database. Propagation appends whole units; the bytes of a turn are handed to the sink once.
import type { Arguments } from "../../protocol/arguments.ts";
import { RespCommands } from "./resp_commands.ts";

/** Who a command is for. */
export const TO_LOG = 1;
export const TO_REPLICAS = 2;

/** Takes the bytes of a stream: the writer of the log, the backlog of replication. */
export interface FeedSink {
  /** TO_LOG or TO_REPLICAS: messages go to replicas only. */
  readonly target: number;
  /** Gets what the log gets, and is not the log: its offsets are its own affair. */
  readonly isCopy?: boolean;
  /**
   * What was appended since the last call; `offset` is the stream's position of the first of these bytes. They are the
   * sink's only until it returns.
   */
  append(bytes: Uint8Array, offset: number): void;
}

export class FeedStream {
  readonly #waiting = new RespCommands();
  readonly target: number;
  #handedOver: number;
  /** The database that the stream has selected last; -1 = none yet. */
  #selected = -1;
  /** Requests that have come one behind the other and go on as they are, where they still stand; null = none. */
  #span: Uint8Array | null = null;
  #spanStart = 0;
  #spanEnd = 0;

  constructor(readonly sink: FeedSink, offset: number) {
    this.target = sink.target;
    this.#handedOver = offset;
  }

  /** Bytes ever appended. */
  get offset(): number {
    return this.#handedOver + this.#waiting.length + this.#spanEnd - this.#spanStart;
  }

  /** The next command tells its database, whichever was selected: somebody begins to read here. */
  reselect(): void {
    this.#selected = -1;
  }

  begin(): void {
    this.settle();
    this.#waiting.head(1);
    this.#waiting.word("MULTI");
  }

  end(): void {
    this.#waiting.head(1);
    this.#waiting.word("EXEC");
  }

  /** One command, encoded, of a database. */
  append(database: number, bytes: Uint8Array, start: number, end: number): void {
    this.settle();
    if (database !== this.#selected) this.#select(database);
    this.#waiting.append(bytes, start, end);
  }

  /**
   * One command as a client has sent it: `start` is where its request begins (`requestStart`). Where it has one, its bytes
   * are taken later, many commands with one copy: they must stay until `settle`.
   */
  appendCommand(database: number, args: Arguments, start: number): void {
    if (start < 0) {
      this.settle();
      if (database !== this.#selected) this.#select(database);
      this.#waiting.command(args);
      return;
    }
    const { buffer } = args;
    const end = args.ends[args.count - 1] + 2;
    if (start === this.#spanEnd && buffer === this.#span && database === this.#selected) {
      this.#spanEnd = end;
      return;
    }
    this.settle();
    if (database !== this.#selected) this.#select(database);
    this.#span = buffer;
    this.#spanStart = start;
    this.#spanEnd = end;
  }

  /** Takes the bytes of requests that stand in a client's buffer. */
  settle(): void {
    if (this.#span === null) return;
    this.#waiting.append(this.#span, this.#spanStart, this.#spanEnd);
    this.#span = null;
    this.#spanStart = this.#spanEnd = 0;
  }

  /** Hands over what has come since the last time. */
  flush(): void {
    this.settle();
    const { buffer, length } = this.#waiting;
    if (length === 0) return;
    this.sink.append(buffer.subarray(0, length), this.#handedOver);
    this.#handedOver += length;
    this.#waiting.clear();
  }

  #select(database: number): void {
    this.#selected = database;
    this.#waiting.head(2);
    this.#waiting.word("SELECT");
    this.#waiting.number(database);
  }
}
