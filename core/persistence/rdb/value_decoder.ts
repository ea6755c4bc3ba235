// Decodes keys with their values, and the values of DUMP payloads, into a LoadSink. What usually fits the window is
// taken whole by plain functions; the generator carries the state of long values across pauses. A new value type
// gets its branch here, its structure beside it, and a method in LoadSink.
import { DuplicateCheck } from "../../structures/duplicate_check.ts";
import { hashListpackProblem, listpackLength } from "../../structures/listpack_bytes.ts";
import {
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_ZIPLIST,
  RDB_TYPE_HASH_ZIPMAP,
  RDB_TYPE_STRING,
  rdbTypeName,
} from "./format.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import type { PackedReader } from "./packed_reader.ts";
import type { Pacer } from "./pacer.ts";
import type { RdbReader } from "./reader.ts";
import { StringSlot } from "./string_slot.ts";
import { skipValue } from "./value_skipper.ts";
import { ZiplistReader } from "./ziplist_reader.ts";
import { ZipmapReader } from "./zipmap_reader.ts";

/** What a decoding step ends with; DECODE_DONE comes from the decoder alone. */
export const DECODE_NEEDS_INPUT = 0;
export const DECODE_TIME_UP = 1;
export const DECODE_DONE = 2;

/** A record was taken whole. */
export const RECORD_DONE = -1;
/** A record is not all there yet: rewind, get more input, try again. */
export const INPUT_SHORT = -2;

export type Decoding = Generator<number, void, void>;

/** Least bytes of a field with its value: what caps the hint about a hash's size. */
const FIELD_BYTES_MIN = 2;
const VALUE_TYPES_MAX = 32;

export interface ValueDecoderOptions {
  /** Keys whose time was before this (milliseconds since 1970) are dropped and counted. Absent: all are kept. */
  dropExpiredBefore?: number;
  /** What becomes of values that no LoadSink method takes: an error, or checked and left out. */
  unsupported: "refuse" | "skip";
}

export class ValueDecoder {
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

  readonly #keySlot = new StringSlot();
  readonly #field = new StringSlot();
  readonly #value = new StringSlot();
  readonly #duplicates = new DuplicateCheck();

  constructor(
    private readonly reader: RdbReader,
    private readonly sink: LoadSink,
    private readonly pacer: Pacer,
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
    switch (type) {
      case RDB_TYPE_STRING:
        return this.#string();
      case RDB_TYPE_HASH_LISTPACK:
        return this.#hashListpack();
    }
    return type;
  }

  /** Carries on with a value that may be longer than the window, after `keyAndValue` returned its type. */
  *long(type: number): Decoding {
    this.#keySlot.own();
    this.#takeKey(type);
    switch (type) {
      case RDB_TYPE_HASH:
        yield* this.#hashTable();
        break;
      case RDB_TYPE_HASH_ZIPLIST:
        yield* this.#oldPackedHash(new ZiplistReader());
        break;
      case RDB_TYPE_HASH_ZIPMAP:
        yield* this.#oldPackedHash(new ZipmapReader());
        break;
      default:
        yield* this.#unsupported(type);
    }
    this.#keyDone();
  }

  #string(): number {
    const value = this.#value;
    if (!this.reader.readString(value)) return INPUT_SHORT;
    if (this.#keepsKey()) {
      this.#expectNew(this.sink.string(this.key, value.bytes, value.start, value.end));
    }
    this.#keyDone();
    return RECORD_DONE;
  }

  #hashListpack(): number {
    const value = this.#value;
    const at = this.reader.offset;
    if (!this.reader.readString(value)) return INPUT_SHORT;
    const { bytes, start, end } = value;
    const problem = hashListpackProblem(bytes, start, end);
    if (problem !== "") throw this.reader.error("RDB_BAD_VALUE", problem, at);
    const fields = listpackLength(bytes, start) / 2;
    if (fields === 0) this.emptyKeysSkipped++;
    else if (this.#keepsKey()) this.#expectNew(this.sink.hashListpack(this.key, bytes, start, end, fields));
    this.#keyDone();
    return RECORD_DONE;
  }

  /** Checks the ziplist or zipmap in the value slot; returns its number of fields. */
  #checkPairs(packed: PackedReader, at: number): number {
    const { bytes, start, end } = this.#value;
    const elements = packed.countElements(bytes, start, end);
    if (elements < 0) throw this.reader.error("RDB_BAD_VALUE", packed.problem, at);
    if (elements % 2 === 1) {
      throw this.reader.error("RDB_BAD_VALUE", "the last field of a packed hash has no value", at);
    }
    this.#duplicates.begin(elements / 2);
    packed.open(bytes, start, end);
    while (packed.next()) {
      if (!this.#duplicates.add(packed.valueBytes, packed.valueStart, packed.valueEnd)) {
        throw this.reader.error("RDB_BAD_VALUE", "a packed hash has the same field twice", at);
      }
      packed.next();
    }
    return elements / 2;
  }

  /** Counts the key; false where it has expired and is to be dropped. */
  #keepsKey(): boolean {
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

  #expectNew(isNew: boolean): void {
    if (isNew) return;
    const { itemOffset } = this.reader;
    throw this.reader.error("RDB_DUPLICATE_KEY", "the same key comes twice in one database", itemOffset);
  }

  #keyDone(): void {
    this.keysByType[this.type]++;
    this.type = -1;
    this.key.expireAt = -1;
    this.key.idleSeconds = -1;
    this.key.frequency = -1;
  }

  *#hashTable(): Decoding {
    const reader = this.reader;
    const at = reader.offset;
    reader.mark();
    while (!reader.readPlainLength()) {
      reader.rewind();
      yield DECODE_NEEDS_INPUT;
    }
    const count = reader.length;
    if (count === 0) {
      this.emptyKeysSkipped++;
      return;
    }
    const keeps = this.#keepsKey();
    if (keeps) this.#beginHash(count);
    let complete = false;
    try {
      for (let index = 0; index < count; index++) {
        if (this.pacer.isTimeUp()) yield DECODE_TIME_UP;
        reader.mark();
        while (!(reader.readString(this.#field) && reader.readString(this.#value))) {
          reader.rewind();
          yield DECODE_NEEDS_INPUT;
        }
        if (keeps) this.#putField(at);
      }
      complete = true;
    } finally {
      if (keeps && !complete) this.sink.hashAbort();
    }
    if (keeps) this.sink.hashEnd();
  }

  #beginHash(fields: number): void {
    const expected = Math.min(fields, this.reader.mostThatFit(FIELD_BYTES_MIN));
    this.#expectNew(this.sink.hashBegin(this.key, expected));
  }

  /** Hands on the pair in the field and value slots. */
  #putField(at: number): void {
    const field = this.#field;
    const value = this.#value;
    if (!this.sink.hashField(field.bytes, field.start, field.end, value.bytes, value.start, value.end)) {
      throw this.reader.error("RDB_BAD_VALUE", "a hash has the same field twice", at);
    }
  }

  /** Ziplist and zipmap: checked first, then handed on field by field, since no structure keeps them. */
  *#oldPackedHash(packed: PackedReader): Decoding {
    const reader = this.reader;
    const at = reader.offset;
    reader.mark();
    while (!reader.readString(this.#value)) {
      reader.rewind();
      yield DECODE_NEEDS_INPUT;
    }
    const fields = this.#checkPairs(packed, at);
    if (fields === 0) this.emptyKeysSkipped++;
    else if (this.#keepsKey()) this.#handOnPacked(packed, fields);
  }

  #handOnPacked(packed: PackedReader, fields: number): void {
    const field = this.#field;
    this.#beginHash(fields);
    let complete = false;
    try {
      packed.open(this.#value.bytes, this.#value.start, this.#value.end);
      while (packed.next()) {
        field.setCopy(packed.valueBytes, packed.valueStart, packed.valueEnd);
        packed.next();
        const { valueBytes, valueStart, valueEnd } = packed;
        this.sink.hashField(field.bytes, field.start, field.end, valueBytes, valueStart, valueEnd);
      }
      complete = true;
    } finally {
      if (!complete) this.sink.hashAbort();
    }
    this.sink.hashEnd();
  }

  *#unsupported(type: number): Decoding {
    if (this.options.unsupported === "refuse") {
      throw this.reader.error("RDB_UNSUPPORTED", `type ${type} (${rdbTypeName(type)}) is not supported yet`);
    }
    yield* this.skipping(skipValue(type, this.reader, this.#value));
    this.#keepsKey();
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
