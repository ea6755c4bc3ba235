// Puts what an RDB stream or a DUMP payload holds into the keyspace, past the mutation hook: nothing listens while the
// server loads, and RESTORE tells of its change itself. Hot: `string`, which allocates nothing on the JavaScript heap.
import { lfuMinutes } from "../../keyspace/access.ts";
import type { Database } from "../../keyspace/database.ts";
import { TYPE_HASH, WORD_ACCESS } from "../../keyspace/entry_layout.ts";
import { type HashLimits, HashValue } from "../../keyspace/hash_value.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Ref } from "../../memory/arena.ts";
import { DuplicateCheck } from "../../structures/duplicate_check.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import { StringSlot } from "./string_slot.ts";

/** Room made for a field with its value in a hash that comes field by field; what is left over is given back. */
const PAIR_BYTES_EXPECTED = 60;

export interface KeyspaceSinkOptions extends HashLimits {
  /** What becomes of a key that is there already: refused (the load fails) or replaced (DEBUG RELOAD, AOF). */
  existing: "refuse" | "replace";
  /** Told of auxiliary fields. */
  onAux?: (name: string, value: string) => void;
  /** Told of function libraries; the bytes are valid during the call only. */
  onFunction?: (bytes: Uint8Array, start: number, end: number) => void;
}

export class KeyspaceSink implements LoadSink {
  #database: Database;
  readonly #hash = new HashValue();
  readonly #key = new OwnedKey();
  /** Fields of the hash being read, while it is a listpack. */
  readonly #seen = new DuplicateCheck();
  /** The entry that has the key being read, 0 = none. It goes only when the new one takes its place. */
  #old: Ref = 0;

  constructor(private readonly keyspace: Keyspace, private readonly options: KeyspaceSinkOptions) {
    this.#database = keyspace.databases[0];
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
    this.#hash.createFrom(this.keyspace, this.options, listpack, start, end, fields);
    this.#addHash(key);
    return true;
  }

  hashBegin(key: LoadedKey, expectedFields: number): boolean {
    if (!this.#mayTake(key)) return false;
    this.#key.take(key);
    this.#hash.create(this.keyspace, this.options, expectedFields, expectedFields * PAIR_BYTES_EXPECTED);
    this.#seen.begin(expectedFields);
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
    const hash = this.#hash;
    if (hash.isPacked && !this.#seen.add(field, fieldStart, fieldEnd)) return false;
    return hash.append(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
  }

  hashEnd(): void {
    const key = this.#key;
    // The decoder may have paused since the hash began: what has the key, and its hash, must be found again.
    this.#mayTake(key);
    this.#hash.fit();
    this.#addHash(key);
  }

  hashAbort(): void {
    this.#hash.discard();
  }

  end(): void {}

  /** False where the key is there and stays. Remembers what has the key now, and the table remembers its hash. */
  #mayTake(key: LoadedKey): boolean {
    this.#old = this.#database.keys.find(key.bytes, key.start, key.end);
    return this.#old === 0 || this.options.existing === "replace";
  }

  #addHash(key: LoadedKey): void {
    const { bytes, start, end, expireAt } = key;
    const { encoding, root } = this.#hash;
    let ref: Ref;
    try {
      ref = this.keyspace.entries.createCollection(bytes, start, end, TYPE_HASH, encoding, root, expireAt);
    } catch (error) {
      this.#hash.discard();
      throw error;
    }
    this.#add(key, ref);
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
