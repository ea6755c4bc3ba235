// One numbered database: the table of its entries, the table of those with expiry, and the only ways to look at or
// change them. Every change goes through the hook: `lookupWrite`, `setString`, `remove`... before, `changed` after.
// Hot: nothing here allocates on the JavaScript heap for GET and SET.
import type { Arena, Ref } from "../memory/arena.ts";
import { lfuTouched } from "./access.ts";
import {
  FLAG_EXPIRE,
  FLAG_FIELD_EXPIRY,
  FLAGS_INDEXED,
  WORD_ACCESS,
  WORD_EPOCH,
  WORD_META,
} from "./entry_layout.ts";
import { type EntryStore, NO_EXPIRE } from "./entry_store.ts";
import { EntryTable } from "./entry_table.ts";
import { indexEntry, reindexEntry, unindexEntry } from "./expiry_tables.ts";
import type { AwaitedKeys, EventClass } from "./hooks.ts";
import type { Keyspace } from "./keyspace.ts";

/** `expireAt` for `setString`: leave the key's expiry as it is. */
export const KEEP_EXPIRE = -2;

export class Database {
  keys: EntryTable;
  expires: EntryTable;
  /** Hashes some of whose fields expire. */
  fieldExpires: EntryTable;
  /** The number these tables had when the running snapshot was cut; SWAPDB moves it with the tables. */
  cutId: number;
  /** Null while no client waits for a key of this database. */
  awaited: AwaitedKeys | null = null;
  private readonly arena: Arena;
  private readonly entries: EntryStore;

  constructor(private readonly keyspace: Keyspace, readonly id: number) {
    this.arena = keyspace.arena;
    this.entries = keyspace.entries;
    this.keys = new EntryTable(this.arena);
    this.expires = new EntryTable(this.arena);
    this.fieldExpires = new EntryTable(this.arena);
    this.cutId = id;
  }

  /** Number of keys, expired ones that nobody has looked at included. */
  get size(): number {
    return this.keys.size;
  }

  /** The entry for reading, or 0. Deletes it where it has expired, counts hit or miss, notes the access. */
  lookupRead(key: Uint8Array, start: number, end: number): Ref {
    const ref = this.lookupAlive(key, start, end);
    if (ref === 0) {
      this.noteMiss(key, start, end);
      return 0;
    }
    this.keyspace.stats.hits++;
    this.noteAccess(ref);
    return ref;
  }

  /** As `lookupRead`, but the access is not noted (TTL, TYPE, EXISTS...). */
  lookupReadQuietly(key: Uint8Array, start: number, end: number): Ref {
    const ref = this.lookupAlive(key, start, end);
    if (ref === 0) this.noteMiss(key, start, end);
    else this.keyspace.stats.hits++;
    return ref;
  }

  private noteMiss(key: Uint8Array, start: number, end: number): void {
    const { keyspace } = this;
    keyspace.stats.misses++;
    if (keyspace.tellsOfMisses) {
      keyspace.listener!.keyChanged(this.id, "missed", "keymiss", key, start, end);
    }
  }

  /** For those who want to know of new keys, before they are told what the command did. */
  private noteNew(ref: Ref): void {
    const address = this.entries.keyAddress(ref);
    const end = address + this.entries.keyLength(ref);
    this.keyspace.listener!.keyChanged(this.id, "new", "new", this.arena.u8, address, end);
  }

  /**
   * The entry for changing, or 0. The snapshot hook runs first and may move the entry: use the returned reference
   * only, and only until the next lookup. Call `changed` when the change is made.
   */
  lookupWrite(key: Uint8Array, start: number, end: number): Ref {
    const ref = this.lookupAlive(key, start, end);
    if (ref === 0) {
      // What is only hidden must go now: the caller may be about to add the key.
      if (!this.keyspace.deletesExpired && this.removeQuietly(key, start, end)) {
        this.keyspace.durability?.touched(this.id, key, start, end);
        this.keyspace.removals?.keyExpired(this.id, key, start, end);
        this.keys.find(key, start, end);
      }
      return 0;
    }
    this.noteAccess(ref);
    return this.writable(ref);
  }

  /** The entry or 0, without access time or statistics; an expired one counts as absent and is deleted. */
  peek(key: Uint8Array, start: number, end: number): Ref {
    return this.lookupAlive(key, start, end);
  }

  /** As `peek`, but the access is noted: for commands that only look whether they may write. */
  peekTouching(key: Uint8Array, start: number, end: number): Ref {
    const ref = this.lookupAlive(key, start, end);
    if (ref !== 0) this.noteAccess(ref);
    return ref;
  }

  private lookupAlive(key: Uint8Array, start: number, end: number): Ref {
    const { durability } = this.keyspace;
    if (durability !== null) durability.looked(this.id, key, start, end);
    const ref = this.keys.find(key, start, end);
    if (ref === 0) return 0;
    if ((this.arena.u32[ref * 4] & FLAG_EXPIRE) !== 0 && this.hasExpired(ref)) {
      if (this.keyspace.deletesExpired) {
        this.deleteExpired(ref);
        // The miss that a write may fill in must be remembered by the table again.
        this.keys.find(key, start, end);
      }
      return 0;
    }
    return ref;
  }

  /** True where the time of an entry that has an expiry has come (and the keyspace honours expiry now). */
  hasExpired(ref: Ref): boolean {
    return this.keyspace.honoursExpiry && this.keyspace.clock.ms > this.arena.f64[ref * 2 + 3];
  }

  /** True where the entry has an expiry and its time has come. */
  isExpired(ref: Ref): boolean {
    return (this.arena.u32[ref * 4] & FLAG_EXPIRE) !== 0 && this.hasExpired(ref);
  }

  private noteAccess(ref: Ref): void {
    const keyspace = this.keyspace;
    if (keyspace.freezeAccess) return;
    const arena = this.arena;
    const word = ref * 4 + WORD_ACCESS;
    if (this.entries.usesLfu) {
      arena.setU32(word, lfuTouched(arena.u32[word], keyspace.clock.ms, keyspace.lfu));
    } else if (arena.u32[word] !== keyspace.clock.lruSeconds) {
      arena.setU32(word, keyspace.clock.lruSeconds);
    }
  }

  /** Runs the snapshot hook; the result is the entry to change, which may be a copy that has taken its place. */
  writable(ref: Ref): Ref {
    const cut = this.keyspace.cut;
    if (cut === null) return ref;
    if (!cut.claim(this.cutId, ref, this.entries.isLarge(ref))) {
      this.arena.setU32(ref * 4 + WORD_EPOCH, this.entries.epoch);
      return ref;
    }
    const copy = this.entries.clone(ref);
    this.relink(ref, copy);
    this.entries.free(ref);
    return copy;
  }

  /** Runs the snapshot hook for an entry that is about to be replaced or removed as a whole. */
  private claim(ref: Ref): void {
    const cut = this.keyspace.cut;
    if (cut !== null) cut.claim(this.cutId, ref, this.entries.isLarge(ref));
  }

  /** Puts `to` where `from` is in all tables; they have the same key. */
  private relink(from: Ref, to: Ref): void {
    this.replaceInKeys(from, to);
    const flags = this.arena.u32[from * 4] & this.arena.u32[to * 4] & FLAGS_INDEXED;
    if (flags !== 0) reindexEntry(this, from, to, flags);
  }

  private replaceInKeys(from: Ref, to: Ref): void {
    if (this.keys.remembers(from)) this.keys.replaceFound(to);
    else this.keys.replaceRef(from, to);
  }

  /**
   * Sets a key to a string, whatever it held. `expireAt`: milliseconds, NO_EXPIRE or KEEP_EXPIRE.
   * Throws ARENA_FULL with the old value in place. The caller calls `changed`.
   */
  setString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): Ref {
    let old = this.keys.find(key, keyStart, keyEnd);
    if (old !== 0 && this.keyspace.deletesExpired && this.isExpired(old)) {
      old = this.lookupAlive(key, keyStart, keyEnd);
    }
    if (old === 0) {
      const at = expireAt === KEEP_EXPIRE ? NO_EXPIRE : expireAt;
      const ref = this.entries.createString(key, keyStart, keyEnd, value, valueStart, valueEnd, at);
      try {
        if (at !== NO_EXPIRE) this.expires.insert(ref);
        this.keys.insertAfterFind(ref);
      } catch (error) {
        this.discard(ref);
        throw error;
      }
      if (this.keyspace.tellsOfNew) this.noteNew(ref);
      return ref;
    }
    const meta = this.arena.u32[old * 4];
    const hadExpire = (meta & FLAG_EXPIRE) !== 0;
    let at = expireAt;
    if (at === KEEP_EXPIRE) {
      at = hadExpire && !this.hasExpired(old) ? this.arena.f64[old * 2 + 3] : NO_EXPIRE;
    }
    const cut = this.keyspace.cut;
    const held = cut !== null && cut.claim(this.cutId, old, this.entries.isLarge(old));
    if (
      !held && hadExpire === (at !== NO_EXPIRE) &&
      this.entries.overwriteInPlace(old, value, valueStart, valueEnd)
    ) {
      if (hadExpire) this.arena.setF64(old * 2 + 3, at);
      this.noteAccess(old);
      return old;
    }
    const ref = this.entries.createString(key, keyStart, keyEnd, value, valueStart, valueEnd, at);
    this.exchangeOrFree(old, ref);
    return ref;
  }

  /**
   * Puts a new entry with the same key in the old one's place, fixes the expiry tables and frees the old one. Throws
   * ARENA_FULL with the old entry in its place; the new one is in no table then.
   */
  private exchange(old: Ref, ref: Ref): void {
    const u32 = this.arena.u32;
    const had = u32[old * 4] & FLAGS_INDEXED;
    const has = u32[ref * 4] & FLAGS_INDEXED;
    if ((had | has) !== 0) {
      indexEntry(this, ref, has & ~had);
      reindexEntry(this, old, ref, had & has);
      unindexEntry(this, old, had & ~has);
    }
    this.replaceInKeys(old, ref);
    if (this.awaited !== null) {
      this.awaited.vanished(ref);
      this.awaited.appeared(ref);
    }
    this.keyspace.release(old);
  }

  private exchangeOrFree(old: Ref, ref: Ref): void {
    try {
      this.exchange(old, ref);
    } catch (error) {
      this.entries.free(ref);
      throw error;
    }
  }

  /**
   * Overwrites the bytes of a string that `lookupWrite` returned; expiry stays (INCR, SETRANGE at 0...).
   * Returns the entry, which may have moved.
   */
  overwriteString(ref: Ref, value: Uint8Array, start: number, end: number): Ref {
    if (this.entries.overwriteInPlace(ref, value, start, end)) return ref;
    const address = this.entries.keyAddress(ref);
    const keyLength = this.entries.keyLength(ref);
    const fresh = this.entries.createString(
      this.arena.u8,
      address,
      address + keyLength,
      value,
      start,
      end,
      this.entries.expireAt(ref),
    );
    this.exchangeOrFree(ref, fresh);
    return fresh;
  }

  /** Changes the length of a string that `lookupWrite` returned, zeroing new bytes. Returns the entry. */
  resizeString(ref: Ref, length: number): Ref {
    const result = this.entries.resizeString(ref, length);
    if (result !== ref) {
      this.relink(ref, result);
      this.entries.freeEntryBlock(ref);
    }
    return result;
  }

  /**
   * Adds a collection under a key that is absent. The structure becomes the database's when this returns. `flags` are those
   * of the meta word beyond FLAG_EXPIRE. Throws ARENA_FULL.
   */
  addCollection(
    key: Uint8Array,
    start: number,
    end: number,
    type: number,
    encoding: number,
    value: Ref,
    expireAt: number,
    flags = 0,
  ): Ref {
    const ref = this.entries.createCollection(key, start, end, type, encoding, value, expireAt);
    if (flags !== 0) this.arena.setU32(ref * 4 + WORD_META, this.arena.u32[ref * 4 + WORD_META] | flags);
    try {
      this.addEntry(ref);
    } catch (error) {
      this.entries.freeEntryBlock(ref);
      throw error;
    }
    return ref;
  }

  /** Adds an entry whose key is known to be absent. Throws ARENA_FULL with the entry in no table. */
  addEntry(ref: Ref): void {
    this.keys.insert(ref);
    const flags = this.arena.u32[ref * 4] & FLAGS_INDEXED;
    if (flags !== 0) {
      try {
        indexEntry(this, ref, flags);
      } catch (error) {
        this.keys.removeRef(ref);
        throw error;
      }
    }
    if (this.keyspace.tellsOfNew) this.noteNew(ref);
    if (this.awaited !== null) this.awaited.appeared(ref);
  }

  /** Says that some field of this hash expires from now on. Throws ARENA_FULL with nothing changed. */
  markFieldExpiry(ref: Ref): void {
    const meta = this.arena.u32[ref * 4 + WORD_META];
    if ((meta & FLAG_FIELD_EXPIRY) !== 0) return;
    this.fieldExpires.insert(ref);
    this.arena.setU32(ref * 4 + WORD_META, meta | FLAG_FIELD_EXPIRY);
  }

  /** Says that no field of this hash expires any more. */
  unmarkFieldExpiry(ref: Ref): void {
    const meta = this.arena.u32[ref * 4 + WORD_META];
    if ((meta & FLAG_FIELD_EXPIRY) === 0) return;
    this.fieldExpires.removeRef(ref);
    this.arena.setU32(ref * 4 + WORD_META, meta & ~FLAG_FIELD_EXPIRY);
  }

  /** Puts an entry in the place of another one with the same key, which is freed. Throws ARENA_FULL likewise. */
  replaceEntry(old: Ref, ref: Ref): void {
    this.claim(old);
    this.exchange(old, ref);
  }

  /** Adds an entry, in the place of the one that has its key, if any. Throws ARENA_FULL likewise. */
  putEntry(ref: Ref): void {
    const address = this.entries.keyAddress(ref);
    const old = this.keys.find(this.arena.u8, address, address + this.entries.keyLength(ref));
    if (old === 0) this.addEntry(ref);
    else this.replaceEntry(old, ref);
  }

  /** Frees a new entry for which the tables had no room. */
  private discard(ref: Ref): void {
    this.expires.removeRef(ref);
    this.entries.free(ref);
  }

  /** Deletes the key; false where it was absent or had expired. The caller calls `changed`. */
  remove(key: Uint8Array, start: number, end: number): boolean {
    const ref = this.lookupAlive(key, start, end);
    if (ref === 0) return false;
    this.removeEntry(ref);
    return true;
  }

  /** Deletes the key even where it has expired already, without telling anybody; false where it is absent. */
  removeQuietly(key: Uint8Array, start: number, end: number): boolean {
    const ref = this.keys.find(key, start, end);
    if (ref === 0) return false;
    this.removeEntry(ref);
    return true;
  }

  /** Deletes an entry of this database and frees it, in the background where it is big and config says so. */
  removeEntry(ref: Ref): void {
    this.claim(ref);
    this.unlink(ref);
    this.keyspace.release(ref);
  }

  /** As `removeEntry`, but a big value is always freed in the background (UNLINK). */
  unlinkEntry(ref: Ref): void {
    this.claim(ref);
    this.unlink(ref);
    this.keyspace.releaseLater(ref);
  }

  /** Takes the entry out of all tables without freeing it. The caller has claimed it. */
  private unlink(ref: Ref): void {
    const flags = this.arena.u32[ref * 4] & FLAGS_INDEXED;
    if (flags !== 0) unindexEntry(this, ref, flags);
    if (this.keys.remembers(ref)) this.keys.removeFound();
    else this.keys.removeRef(ref);
    if (this.awaited !== null) this.awaited.vanished(ref);
  }

  /** Deletes an entry whose time has come, and tells so. */
  deleteExpired(ref: Ref): void {
    const key = this.entries.keyAddress(ref);
    const length = this.entries.keyLength(ref);
    this.keyspace.stats.expired++;
    this.claim(ref);
    this.unlink(ref);
    const { keyspace, id } = this;
    const { u8 } = this.arena;
    keyspace.durability?.touched(id, u8, key, key + length);
    keyspace.removals?.keyExpired(id, u8, key, key + length);
    keyspace.announce(id, "expired", "expired", u8, key, key + length);
    keyspace.releaseExpired(ref);
  }

  /**
   * Sets the expiry of an entry that `lookupWrite` returned. Returns the entry, which may have moved. Throws ARENA_FULL
   * with the entry as it was.
   */
  setExpire(ref: Ref, at: number): Ref {
    const had = (this.arena.u32[ref * 4] & FLAG_EXPIRE) !== 0;
    const result = this.entries.withExpire(ref, at);
    if (had) return result;
    try {
      this.expires.insert(result);
    } catch (error) {
      if (result === ref) this.entries.dropExpire(ref);
      else this.entries.freeEntryBlock(result);
      throw error;
    }
    if (result !== ref) {
      this.replaceInKeys(ref, result);
      if ((this.arena.u32[ref * 4] & FLAG_FIELD_EXPIRY) !== 0) this.fieldExpires.replaceRef(ref, result);
      this.entries.freeEntryBlock(ref);
    }
    return result;
  }

  /** Takes the expiry of an entry that `lookupWrite` returned away; false where it had none. */
  dropExpire(ref: Ref): boolean {
    if ((this.arena.u32[ref * 4] & FLAG_EXPIRE) === 0) return false;
    this.expires.removeRef(ref);
    this.entries.dropExpire(ref);
    return true;
  }

  /**
   * Moves an entry that `lookupWrite` returned to another key, perhaps in another database, replacing what is there.
   * Value and expiry go along. The caller calls `changed` for both keys. Throws ARENA_FULL with both as they were.
   */
  moveEntry(ref: Ref, target: Database, key: Uint8Array, start: number, end: number): Ref {
    const moved = this.entries.relabel(ref, key, start, end);
    try {
      target.putEntry(moved);
    } catch (error) {
      this.entries.undoRelabel(ref, moved);
      throw error;
    }
    this.unlink(ref);
    this.entries.freeEntryBlock(ref);
    return moved;
  }

  /** Copies an entry to a key of `target`, replacing what is there. The caller calls `changed`. Throws likewise. */
  copyEntry(
    ref: Ref,
    target: Database,
    key: Uint8Array,
    start: number,
    end: number,
  ): Ref {
    const copy = this.entries.copyAs(ref, key, start, end, this.entries.expireAt(ref));
    try {
      target.putEntry(copy);
    } catch (error) {
      this.entries.free(copy);
      throw error;
    }
    return copy;
  }

  /** Tells that a key was changed: dirty count and everything that listens. Call once a change, after it. */
  changed(eventClass: EventClass, event: string, key: Uint8Array, start: number, end: number): void {
    this.keyspace.dirty++;
    this.keyspace.notify(this.id, eventClass, event, key, start, end);
  }
}
