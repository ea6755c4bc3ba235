// Puts loaded values under their keys, past the mutation hook: nothing listens while the server loads, and RESTORE tells
// of its change itself. Loaders of the value types make the value and call `add`; strings come as whole entries.
import { lfuMinutes } from "../../../keyspace/access.ts";
import type { Database } from "../../../keyspace/database.ts";
import { FLAGS_INDEXED, WORD_ACCESS, WORD_META } from "../../../keyspace/entry_layout.ts";
import { indexEntry, unindexEntry } from "../../../keyspace/expiry_tables.ts";
import type { Keyspace } from "../../../keyspace/keyspace.ts";
import type { Ref } from "../../../memory/arena.ts";
import type { LoadedKey } from "../load_sink.ts";
import { StringSlot } from "../string_slot.ts";

export interface KeyPlacerOptions {
  /** What becomes of a key that is there already: refused (the load fails) or replaced (DEBUG RELOAD, AOF). */
  existing: "refuse" | "replace";
  /** Whether clients that wait for keys and listeners of new keys are told (RESTORE), or not (loading). Default: quiet. */
  news?: "told" | "quiet";
}

export class KeyPlacer {
  database: Database;
  readonly #kept = new OwnedKey();
  /** The key that `add` will use. */
  #key: LoadedKey = this.#kept;
  /** The entry that has the key, 0 = none. It goes only when the new one takes its place. */
  #old: Ref = 0;

  constructor(readonly keyspace: Keyspace, private readonly options: KeyPlacerOptions) {
    this.database = keyspace.databases[0];
  }

  /**
   * False where the key is there and stays. Otherwise the key is remembered by reference for an `add` in the same call
   * of the sink; for a later one call `keep`.
   */
  mayTake(key: LoadedKey): boolean {
    this.#key = key;
    this.#old = this.database.keys.find(key.bytes, key.start, key.end);
    return this.#old === 0 || this.options.existing === "replace";
  }

  /** Keeps a copy of the key for a value that comes in parts: the decoding may pause before `add`. */
  keep(key: LoadedKey): void {
    this.#kept.take(key);
    this.#key = this.#kept;
  }

  /**
   * Puts a new value under the key, in the place of an old one. `flags` are flags of the entry's meta word beyond
   * FLAG_EXPIRE. Where memory does not suffice (ARENA_FULL) the new value has been freed and the old one is still there.
   */
  add(type: number, encoding: number, value: Ref, flags = 0): void {
    const { arena, entries, kinds } = this.keyspace;
    const { bytes, start, end, expireAt } = this.#key;
    // The decoding may have paused since: what has the key, and its hash in the table, must be found again.
    if (this.#key === this.#kept) this.#old = this.database.keys.find(bytes, start, end);
    let ref: Ref;
    try {
      ref = entries.createCollection(bytes, start, end, type, encoding, value, expireAt);
    } catch (error) {
      kinds[type].free(value, encoding);
      throw error;
    }
    if (flags !== 0) arena.setU32(ref * 4 + WORD_META, arena.u32[ref * 4 + WORD_META] | flags);
    this.addEntry(ref);
  }

  /** As `add`, for a new entry under the key that `mayTake` was asked about just now. */
  addEntry(ref: Ref): void {
    const key = this.#key;
    const { database } = this;
    const flags = this.keyspace.arena.u32[ref * 4 + WORD_META] & FLAGS_INDEXED;
    if (key.idleSeconds >= 0 || key.frequency >= 0) this.#setAccess(key, ref);
    try {
      if (this.#old !== 0) {
        database.replaceEntry(this.#old, ref);
        return;
      }
      if (this.options.news === "told") {
        database.addEntry(ref);
        return;
      }
      if (flags !== 0) indexEntry(database, ref, flags);
      database.keys.insertAfterFind(ref);
    } catch (error) {
      unindexEntry(database, ref, flags);
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

/** A copy of a key: its bytes outlive the input. */
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
