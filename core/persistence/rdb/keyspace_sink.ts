// Puts what an RDB stream or a DUMP payload holds into the keyspace, past the mutation hook: nothing listens while the
// server loads, and RESTORE tells of its change itself. Hot: `string`, which allocates nothing on the JavaScript heap.
import { lfuMinutes } from "../../keyspace/access.ts";
import type { Database } from "../../keyspace/database.ts";
import {
  ENCODING_HASHTABLE,
  ENCODING_LISTPACK,
  TYPE_HASH,
  WORD_ACCESS,
} from "../../keyspace/entry_layout.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Ref } from "../../memory/arena.ts";
import { FieldTable } from "../../structures/field_table.ts";
import { DuplicateCheck } from "./duplicate_check.ts";
import { ListpackBuilder } from "./listpack_builder.ts";
import { ListpackReader } from "./listpack_reader.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import { StringSlot } from "./string_slot.ts";

/** A hash that comes field by field and is larger becomes a table, whatever the options say. */
const LISTPACK_BYTES_MAX = 64 * 1024 * 1024;
const LISTPACK_FIELDS_MAX = 1024 * 1024;

export interface KeyspaceSinkOptions {
  /** `hash-max-listpack-entries` and `hash-max-listpack-value`. */
  hashMaxListpackEntries: number;
  hashMaxListpackValue: number;
  /** What becomes of a key that is there already: refused (the load fails) or replaced (DEBUG RELOAD, AOF). */
  existing: "refuse" | "replace";
  /** Told of auxiliary fields. */
  onAux?: (name: string, value: string) => void;
  /** Told of function libraries; the bytes are valid during the call only. */
  onFunction?: (bytes: Uint8Array, start: number, end: number) => void;
}

export class KeyspaceSink implements LoadSink {
  #database: Database;
  readonly #listpack = new ListpackReader();
  readonly #builder = new ListpackBuilder();
  readonly #seen = new DuplicateCheck();
  readonly #fields: FieldTable;
  readonly #field = new StringSlot();
  readonly #key = new OwnedKey();
  /** True while the hash being read still fits a listpack and so is in the builder, not in the table. */
  #isPacked = false;
  #packedFields = 0;
  /** The entry that has the key being read, 0 = none. It goes only when the new one takes its place. */
  #old: Ref = 0;

  constructor(private readonly keyspace: Keyspace, private readonly options: KeyspaceSinkOptions) {
    this.#database = keyspace.databases[0];
    this.#fields = new FieldTable(keyspace.arena);
  }

  selectDb(database: number): void {
    this.#database = this.keyspace.databases[database];
  }

  resizeDb(keys: number, expires: number): void {
    const database = this.#database;
    database.keys.expand(database.keys.size + keys);
    database.expires.expand(database.expires.size + expires);
  }

  aux(name: string, value: string): void {
    this.options.onAux?.(name, value);
  }

  /** Spork's databases have no slots. */
  slotInfo(): void {}

  functionCode(bytes: Uint8Array, start: number, end: number): void {
    this.options.onFunction?.(bytes, start, end);
  }

  string(key: LoadedKey, value: Uint8Array, start: number, end: number): boolean {
    if (!this.#mayTake(key)) return false;
    const { entries } = this.keyspace;
    this.#add(key, entries.createString(key.bytes, key.start, key.end, value, start, end, key.expireAt));
    return true;
  }

  hashListpack(key: LoadedKey, listpack: Uint8Array, start: number, end: number, fields: number): boolean {
    if (!this.#mayTake(key)) return false;
    if (fields <= this.options.hashMaxListpackEntries) {
      this.#addListpack(key, listpack, start, end);
      return true;
    }
    this.#fields.create(fields);
    try {
      this.#moveToTable(listpack, start, end);
    } catch (error) {
      this.#fields.destroyWithFields();
      throw error;
    }
    this.#addTable(key);
    return true;
  }

  hashBegin(key: LoadedKey, expectedFields: number): boolean {
    if (!this.#mayTake(key)) return false;
    this.#key.take(key);
    this.#isPacked = expectedFields <= Math.min(this.options.hashMaxListpackEntries, LISTPACK_FIELDS_MAX);
    this.#packedFields = 0;
    if (this.#isPacked) {
      this.#builder.begin();
      this.#seen.begin(expectedFields);
    } else {
      this.#fields.create(expectedFields);
    }
    return true;
  }

  hashField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    if (this.#isPacked && !this.#fitsListpack(fieldEnd - fieldStart, valueEnd - valueStart)) this.#unpack();
    if (!this.#isPacked) return this.#fields.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    if (!this.#seen.add(field, fieldStart, fieldEnd)) return false;
    this.#builder.append(field, fieldStart, fieldEnd);
    this.#builder.append(value, valueStart, valueEnd);
    this.#packedFields++;
    return true;
  }

  hashEnd(): void {
    const key = this.#key;
    // The decoder may have paused since the hash began: what has the key, and its hash, must be found again.
    this.#mayTake(key);
    if (this.#isPacked) this.#addListpack(key, this.#builder.bytes, 0, this.#builder.finish());
    else this.#addTable(key);
  }

  hashAbort(): void {
    if (!this.#isPacked) this.#fields.destroyWithFields();
  }

  end(): void {}

  #fitsListpack(fieldLength: number, valueLength: number): boolean {
    const { hashMaxListpackEntries, hashMaxListpackValue } = this.options;
    return fieldLength <= hashMaxListpackValue && valueLength <= hashMaxListpackValue &&
      this.#packedFields < hashMaxListpackEntries &&
      this.#builder.size + fieldLength + valueLength <= LISTPACK_BYTES_MAX;
  }

  /** Goes over from the builder to a table. */
  #unpack(): void {
    const size = this.#builder.finish();
    this.#fields.create(this.#packedFields * 2);
    this.#isPacked = false;
    this.#moveToTable(this.#builder.bytes, 0, size);
  }

  /** Adds the pairs of a listpack to the table. */
  #moveToTable(listpack: Uint8Array, start: number, end: number): void {
    const reader = this.#listpack;
    const field = this.#field;
    reader.open(listpack, start, end);
    while (reader.next()) {
      field.setCopy(reader.valueBytes, reader.valueStart, reader.valueEnd);
      reader.next();
      const { valueBytes, valueStart, valueEnd } = reader;
      this.#fields.set(field.bytes, field.start, field.end, valueBytes, valueStart, valueEnd);
    }
  }

  /** False where the key is there and stays. Remembers what has the key now, and the table remembers its hash. */
  #mayTake(key: LoadedKey): boolean {
    const database = this.#database;
    database.forgetFound();
    this.#old = database.keys.find(key.bytes, key.start, key.end);
    return this.#old === 0 || this.options.existing === "replace";
  }

  #addListpack(key: LoadedKey, listpack: Uint8Array, start: number, end: number): void {
    const { arena } = this.keyspace;
    const value = arena.allocate(end - start);
    arena.copyIn(value * 16, listpack, start, end);
    let ref: Ref;
    try {
      ref = this.#collection(key, ENCODING_LISTPACK, value);
    } catch (error) {
      arena.free(value);
      throw error;
    }
    this.#add(key, ref);
  }

  #addTable(key: LoadedKey): void {
    let ref: Ref;
    try {
      ref = this.#collection(key, ENCODING_HASHTABLE, this.#fields.root);
    } catch (error) {
      this.#fields.destroyWithFields();
      throw error;
    }
    this.#add(key, ref);
  }

  #collection(key: LoadedKey, encoding: number, value: Ref): Ref {
    const { bytes, start, end, expireAt } = key;
    return this.keyspace.entries.createCollection(bytes, start, end, TYPE_HASH, encoding, value, expireAt);
  }

  /** Puts a new entry into the tables, in the place of the old one; frees it where they cannot grow. */
  #add(key: LoadedKey, ref: Ref): void {
    const { keys, expires } = this.#database;
    if (key.idleSeconds >= 0 || key.frequency >= 0) this.#setAccess(key, ref);
    try {
      if (this.#old !== 0) {
        this.#database.replaceEntry(this.#old, ref);
        return;
      }
      if (key.expireAt !== -1) expires.insert(ref);
      keys.insertAfterFind(ref);
    } catch (error) {
      expires.removeRef(ref);
      this.keyspace.entries.free(ref);
      throw error;
    }
  }

  #setAccess(key: LoadedKey, ref: Ref): void {
    const { arena, clock, entries } = this.keyspace;
    if (entries.usesLfu) {
      if (key.frequency >= 0) {
        arena.setU32(ref * 4 + WORD_ACCESS, (lfuMinutes(clock.ms) << 8) | key.frequency);
      }
    } else if (key.idleSeconds >= 0) {
      arena.setU32(ref * 4 + WORD_ACCESS, (clock.lruSeconds - key.idleSeconds) & 0xffffff);
    }
  }
}

/** A copy of the key whose hash is being read: its bytes outlive the input. */
class OwnedKey implements LoadedKey {
  expireAt = -1;
  idleSeconds = -1;
  frequency = -1;
  readonly #slot = new StringSlot();

  get bytes(): Uint8Array {
    return this.#slot.bytes;
  }

  get start(): number {
    return this.#slot.start;
  }

  get end(): number {
    return this.#slot.end;
  }

  take(key: LoadedKey): void {
    this.#slot.setCopy(key.bytes, key.start, key.end);
    this.expireAt = key.expireAt;
    this.idleSeconds = key.idleSeconds;
    this.frequency = key.frequency;
  }
}
