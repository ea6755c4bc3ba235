// Decodes keys with their values, and the values of DUMP payloads, into a LoadSink. Strings here, the other types in
// types/ (see decoders.ts). What usually fits the window is taken whole by plain functions; a generator carries the
// state of long values across pauses.
import { DuplicateCheck } from "../../structures/duplicate_check.ts";
import { packedName, RDB_TYPE_MODULE_2, RDB_TYPE_STRING, rdbTypeName } from "./format.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import type { Pacer } from "./pacer.ts";
import type { RdbError, RdbErrorCode } from "./rdb_error.ts";
import type { RdbReader } from "./reader.ts";
import { StringSlot } from "./string_slot.ts";
import {
  DECODE_NEEDS_INPUT,
  DECODE_TIME_UP,
  type DecodeContext,
  type Decoding,
  INPUT_SHORT,
  RECORD_DONE,
} from "./types/decode_context.ts";
import { longDecoders, shortDecoders } from "./types/decoders.ts";
import { refuseModuleValue } from "./types/module_refusal.ts";
import { skipValue } from "./value_skipper.ts";

const VALUE_TYPES_MAX = 32;

export interface ValueDecoderOptions {
  /** Keys whose time was before this (milliseconds since 1970) are dropped and counted. Absent: all are kept. */
  dropExpiredBefore?: number;
  /** What becomes of values that no decoder takes: an error, or checked and left out. */
  unsupported: "refuse" | "skip";
}

export class ValueDecoder implements DecodeContext {
  /** The key that is being read; the opcodes before it set its expiry and access information. */
  readonly key: LoadedKey = {
    bytes: NO_BYTES,
    start: 0,
    end: 0,
    expireAt: -1,
    idleSeconds: -1,
    frequency: -1,
  };
  /** Type of the value that is being read, -1 between values. */
  type = -1;
  /** Keys read, by type number, whatever became of them. */
  readonly keysByType = new Uint32Array(VALUE_TYPES_MAX);
  /** Keys handed to the sink, or stepped over as unsupported. */
  keysLoaded = 0;
  keysWithExpiry = 0;
  keysExpired = 0;
  emptyKeysSkipped = 0;
  /** Keys whose value was stepped over as unsupported. */
  keysUnsupported = 0;

  readonly first = new StringSlot();
  readonly second = new StringSlot();
  readonly duplicates = new DuplicateCheck();
  readonly #keySlot = new StringSlot();

  constructor(
    readonly reader: RdbReader,
    readonly sink: LoadSink,
    readonly pacer: Pacer,
    private readonly options: ValueDecoderOptions,
  ) {}

  /** Reads a key and, where it is of a short kind, its value. Returns RECORD_DONE, INPUT_SHORT or a type for `long`. */
  keyAndValue(type: number): number {
    const reader = this.reader;
    this.type = -1;
    reader.doing = "a key";
    if (!reader.readString(this.#keySlot)) return INPUT_SHORT;
    this.#takeKey(type);
    return this.#short(type);
  }

  /** Reads a value without its key, as in a DUMP payload. Returns RECORD_DONE or a type for `long`. */
  valueOf(type: number, key: Uint8Array, start: number, end: number): number {
    this.#keySlot.setSpan(key, start, end);
    this.#takeKey(type);
    return this.#short(type);
  }

  #takeKey(type: number): void {
    this.key.bytes = this.#keySlot.bytes;
    this.key.start = this.#keySlot.start;
    this.key.end = this.#keySlot.end;
    this.type = type;
    this.reader.doing = "a value";
  }

  /** The current key as text, for messages. */
  keyText(charactersMax: number): string {
    return this.#keySlot.toText(charactersMax);
  }

  #short(type: number): number {
    if (type === RDB_TYPE_STRING) return this.#string();
    const decode = shortDecoders[type];
    if (decode === undefined) return type;
    const result = decode(this, type);
    if (result === RECORD_DONE) this.#keyDone();
    return result;
  }

  /** Carries on with a value that may be longer than the window, after `keyAndValue` returned its type. */
  *long(type: number): Decoding {
    this.#keySlot.own();
    this.#takeKey(type);
    const decode = longDecoders[type];
    if (decode === undefined) yield* this.#unsupported(type);
    else yield* decode(this, type);
    this.#keyDone();
  }

  #string(): number {
    const value = this.first;
    if (!this.reader.readString(value)) return INPUT_SHORT;
    if (this.keepsKey()) {
      this.expectNew(this.sink.string(this.key, value.bytes, value.start, value.end));
    }
    this.#keyDone();
    return RECORD_DONE;
  }

  keepsKey(): boolean {
    const expireAt = this.key.expireAt;
    if (expireAt !== -1) {
      this.keysWithExpiry++;
      const limit = this.options.dropExpiredBefore;
      if (limit !== undefined && expireAt < limit) {
        this.keysExpired++;
        return false;
      }
    }
    this.keysLoaded++;
    return true;
  }

  hasPassed(expireAt: number): boolean {
    const limit = this.options.dropExpiredBefore;
    return limit !== undefined && expireAt < limit;
  }

  emptyKey(): void {
    this.emptyKeysSkipped++;
    this.sink.emptyKey?.(this.key);
  }

  expectNew(isNew: boolean): void {
    if (isNew) return;
    const { itemOffset } = this.reader;
    throw this.reader.error("RDB_DUPLICATE_KEY", "the same key comes twice in one database", itemOffset);
  }

  error(code: RdbErrorCode, problem: string, at?: number): RdbError {
    return this.reader.error(code, problem, at);
  }

  check(problem: string, at: number): void {
    if (problem === "") return;
    const name = packedName(this.type);
    // What the logs of Redis and Valkey say in such a case, and who reads logs looks for.
    const twice = problem.endsWith("twice") ? " with dup elements," : "";
    const reason = name === undefined ? problem : `${name}${twice} integrity check failed: ${problem}`;
    throw this.reader.error("RDB_BAD_VALUE", reason, at);
  }

  *takeLength(): Decoding {
    const { reader } = this;
    reader.mark();
    while (!reader.readPlainLength()) {
      reader.rewind();
      yield DECODE_NEEDS_INPUT;
    }
  }

  *takeString(slot: StringSlot): Decoding {
    const { reader } = this;
    reader.mark();
    while (!reader.readString(slot)) {
      reader.rewind();
      yield DECODE_NEEDS_INPUT;
    }
  }

  *takeBytes(count: number): Decoding {
    const { reader } = this;
    reader.mark();
    while (!reader.ready(count)) yield DECODE_NEEDS_INPUT;
    reader.position += count;
  }

  #keyDone(): void {
    this.keysByType[this.type]++;
    this.type = -1;
    this.key.expireAt = -1;
    this.key.idleSeconds = -1;
    this.key.frequency = -1;
  }

  *#unsupported(type: number): Decoding {
    if (this.options.unsupported === "refuse") {
      if (type === RDB_TYPE_MODULE_2) yield* refuseModuleValue(this);
      throw this.reader.error("RDB_UNSUPPORTED", `type ${type} (${rdbTypeName(type)}) is not supported`);
    }
    yield* this.skipping(skipValue(type, this.reader, this.first));
    this.keepsKey();
    this.keysUnsupported++;
  }

  /** Passes the pauses of a skipping generator on, and adds those of the clock. */
  *skipping(items: Generator<boolean, void, void>): Decoding {
    for (;;) {
      const step = items.next();
      if (step.done === true) return;
      if (step.value) yield DECODE_NEEDS_INPUT;
      else if (this.pacer.isTimeUp()) yield DECODE_TIME_UP;
    }
  }
}

const NO_BYTES = new Uint8Array(0);
