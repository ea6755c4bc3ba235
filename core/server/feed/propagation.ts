// The one place through which changes of the keyspace become the commands that repeat them. Dispatch tells it where a
// command begins and ends and where a unit does; handlers say what goes in their command's place; the keyspace tells of
// what expires or is evicted. The streams that hang on it are for the append-only log, for sinks and for replicas; while there
// is none nothing is encoded.
import type { CommandPropagation } from "../../commands/propagation.ts";
import type { RemovalFeed } from "../../keyspace/hooks.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type FeedSink, FeedStream, TO_LOG, TO_REPLICAS } from "./feed_stream.ts";
import { requestStart } from "./request_start.ts";
import { RespCommands } from "./resp_commands.ts";

/** The tables of a unit of more commands than this are given back after it. */
const KEPT_COMMANDS_MAX = 1024;

/** Told when a unit has gone to the streams, or had nothing for them. */
export interface UnitListener {
  unitEnds(): void;
}

export class Propagation implements CommandPropagation, RemovalFeed {
  active = false;
  /** Null while nobody waits for what the streams have. */
  units: UnitListener | null = null;
  readonly #streams: FeedStream[] = [];
  #logStream: FeedStream | null = null;
  /** Targets that some stream has. */
  #targets = 0;
  /** The commands of the current unit: their bytes, and for each its start, database and targets. */
  readonly #unit = new RespCommands();
  #starts: number[] = [];
  #databases: number[] = [];
  #commandTargets: number[] = [];
  #isSuspended = false;
  /** EXEC runs its queue: nothing goes to the streams before its end. */
  #isTransaction = false;
  /** The unit's only command went to a stream already. */
  #hasGiven = false;
  /** A command runs, or has run in the current unit: what expires now belongs to it. */
  #inUnit = false;
  /** Words of the command that was begun that are still to come. */
  #wordsLeft = 0;
  // Of the command that runs:
  #database = 0;
  #dirtyBefore = 0;
  #ownTargets = 0;
  #isForced = false;

  constructor(private readonly keyspace: Keyspace) {}

  /** A new stream, whose first byte has the position `offset`. */
  attach(sink: FeedSink, offset = 0): FeedStream {
    const stream = new FeedStream(sink, offset);
    this.#streams.push(stream);
    this.#streamsChanged();
    return stream;
  }

  /** Hands over what the stream has and ends it. */
  detach(stream: FeedStream): void {
    // A transaction that ends the log has come so far with it; what it does from here on is not told.
    if (this.#starts.length > 0) this.#give(stream);
    stream.flush();
    this.#streams.splice(this.#streams.indexOf(stream), 1);
    this.#streamsChanged();
    if (this.#streams.length > 0) return;
    this.#clearUnit();
    this.#inUnit = this.#isTransaction = this.#hasGiven = false;
  }

  /** Nothing that happens until `resume` is propagated: a log is loaded. */
  suspend(): void {
    this.#isSuspended = true;
    this.#streamsChanged();
  }

  resume(): void {
    this.#isSuspended = false;
    this.#streamsChanged();
  }

  #streamsChanged(): void {
    this.active = this.#streams.length > 0 && !this.#isSuspended;
    this.#targets = 0;
    for (const { target } of this.#streams) this.#targets |= target;
    this.#logStream = this.#streams.find(({ sink }) => (sink.target & TO_LOG) !== 0 && !sink.isCopy) ?? null;
    this.keyspace.removals = this.active ? this : null;
  }

  // Dispatch.

  /** Before the handler. */
  commandBegins(database: number): void {
    this.#inUnit = true;
    this.#database = database;
    this.#dirtyBefore = this.keyspace.dirty;
    this.#ownTargets = TO_LOG | TO_REPLICAS;
    this.#isForced = false;
  }

  /** Commands follow that belong to the unit of the one that runs. */
  transactionBegins(): void {
    this.#isTransaction = true;
  }

  /** After it: the command's own arguments go where it has changed something and nothing went in their place. */
  commandEnds(args: Arguments): void {
    if (this.#wordsLeft !== 0) {
      throw new Error(`${this.#wordsLeft} words of a propagated command are missing`);
    }
    if (this.#ownTargets === 0 || !(this.#isForced || this.keyspace.dirty > this.#dirtyBefore)) return;
    if (this.#starts.length === 0 && !this.#isTransaction) {
      this.#giveDirectly(args);
      return;
    }
    const { count, buffer, starts, ends } = args;
    this.#begin(this.#database, this.#ownTargets, count);
    for (let index = 0; index < count; index++) this.#unit.bytes(buffer, starts[index], ends[index]);
    this.#wordsLeft = 0;
  }

  /** The unit is this command alone. */
  #giveDirectly(args: Arguments): void {
    const streams = this.#streams;
    const start = requestStart(args);
    for (let index = 0; index < streams.length; index++) {
      const stream = streams[index];
      if ((stream.target & this.#ownTargets) === 0) continue;
      stream.appendCommand(this.#database, args, start);
      this.#hasGiven = true;
    }
  }

  /**
   * What a unit (a client's command, EXEC with all it ran) has produced goes to the streams, as one transaction. False
   * where it has produced nothing.
   */
  endUnit(): boolean {
    this.#inUnit = false;
    this.#isTransaction = false;
    const hasCommands = this.#starts.length > 0;
    if (hasCommands) this.#giveAll();
    const hasGiven = hasCommands || this.#hasGiven;
    this.#hasGiven = false;
    if (this.units !== null) this.units.unitEnds();
    return hasGiven;
  }

  /** R: bytes of the log's stream, those of the running turn included; 0 without a log. */
  get logOffset(): number {
    return this.#logStream === null ? 0 : this.#logStream.offset;
  }

  #giveAll(): void {
    for (const stream of this.#streams) this.#give(stream);
    this.#clearUnit();
  }

  #clearUnit(): void {
    this.#unit.clear();
    if (this.#starts.length > KEPT_COMMANDS_MAX) {
      this.#starts = [];
      this.#databases = [];
      this.#commandTargets = [];
    } else {
      this.#starts.length = this.#databases.length = this.#commandTargets.length = 0;
    }
  }

  /** The client's input is about to be read into: what the streams have only looked at there is taken. */
  settle(): void {
    const streams = this.#streams;
    for (let index = 0; index < streams.length; index++) streams[index].settle();
  }

  /** Once a turn, before replies are sent: the sinks get the turn's bytes. */
  flush(): void {
    for (const stream of this.#streams) stream.flush();
  }

  #give(stream: FeedStream): void {
    const { target } = stream;
    const targets = this.#commandTargets;
    let count = 0;
    for (let index = 0; index < targets.length; index++) if ((targets[index] & target) !== 0) count++;
    if (count === 0) return;
    if (count > 1) stream.begin();
    for (let index = 0; index < targets.length; index++) {
      if ((targets[index] & target) === 0) continue;
      const end = index + 1 < targets.length ? this.#starts[index + 1] : this.#unit.length;
      stream.append(this.#databases[index], this.#unit.buffer, this.#starts[index], end);
    }
    if (count > 1) stream.end();
  }

  #begin(database: number, targets: number, words: number): void {
    if (this.#wordsLeft !== 0) {
      throw new Error(`${this.#wordsLeft} words of a propagated command are missing`);
    }
    this.#starts.push(this.#unit.length);
    this.#databases.push(database);
    this.#commandTargets.push(targets);
    this.#wordsLeft = words;
    this.#unit.head(words);
  }

  // Handlers.

  instead(name: string, words: number): this {
    this.#ownTargets = 0;
    return this.also(name, words);
  }

  also(name: string, words: number): this {
    this.#begin(this.#database, TO_LOG | TO_REPLICAS, words);
    return this.word(name);
  }

  nothing(): void {
    this.#ownTargets = 0;
  }

  always(): void {
    this.#isForced = true;
  }

  toReplicasOnly(): void {
    this.#isForced = true;
    this.#ownTargets = this.#targets & TO_REPLICAS;
  }

  word(text: string): this {
    this.#wordsLeft--;
    this.#unit.word(text);
    return this;
  }

  number(value: number): this {
    this.#wordsLeft--;
    this.#unit.number(value);
    return this;
  }

  argument(args: Arguments, index: number): this {
    return this.bytes(args.buffer, args.starts[index], args.ends[index]);
  }

  bytes(bytes: Uint8Array, start: number, end: number): this {
    this.#wordsLeft--;
    this.#unit.bytes(bytes, start, end);
    return this;
  }

  keyDeleted(database: number, key: Uint8Array): void {
    this.#keyGone(database, "DEL", key, 0, key.length);
  }

  // The keyspace.

  keyExpired(database: number, key: Uint8Array, start: number, end: number): void {
    this.#keyGone(database, this.keyspace.lazyFreePolicy.expire ? "UNLINK" : "DEL", key, start, end);
  }

  keyEvicted(database: number, key: Uint8Array, start: number, end: number): void {
    this.#keyGone(database, this.keyspace.lazyFreePolicy.eviction ? "UNLINK" : "DEL", key, start, end);
  }

  #keyGone(database: number, name: string, key: Uint8Array, start: number, end: number): void {
    this.#begin(database, TO_LOG | TO_REPLICAS, 2);
    this.word(name).bytes(key, start, end);
    if (!this.#inUnit) this.endUnit();
  }

  fieldsExpired(database: number, key: Uint8Array, fields: readonly Uint8Array[]): void {
    this.#begin(database, TO_LOG | TO_REPLICAS, fields.length + 2);
    this.word("HDEL").bytes(key, 0, key.length);
    for (const field of fields) this.bytes(field, 0, field.length);
    if (!this.#inUnit) this.endUnit();
  }
}
