// All databases over one arena, and what they share: clock, entry store, statistics, the snapshot cut, the change
// listener, freeing. FLUSHALL, FLUSHDB and SWAPDB act here because they concern whole tables.
import { type Arena, ARENA_FULL, type Ref } from "../memory/arena.ts";
import { SPAN_BYTES } from "../memory/arena_layout.ts";
import { FieldTable } from "../structures/field_table.ts";
import type { LfuOptions } from "./access.ts";
import { Clock } from "./clock.ts";
import { Database } from "./database.ts";
import { createDirectory, setDirectoryEntry } from "./database_directory.ts";
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from "./entry_layout.ts";
import { EntryStore } from "./entry_store.ts";
import { EntryTable } from "./entry_table.ts";
import { HashKind } from "./hash_kind.ts";
import { ListKind } from "./list_kind.ts";
import { SetKind } from "./set_kind.ts";
import type {
  ChangeListener,
  DurabilityHook,
  EventClass,
  RemovalFeed,
  SnapshotCut,
  TrackedKeys,
  WatchedKeys,
} from "./hooks.ts";
import { LazyFree } from "./lazy_free.ts";
import { StreamKind } from "./stream_kind.ts";
import type { ValueKind } from "./value_kind.ts";
import { ZsetKind } from "./zset_kind.ts";

/** A block takes at most this much more than was asked for: the step between size classes. */
const SIZE_CLASS_FACTOR = 1.25;
/** Headers, rounding and table slots of one key or field, bytes, at most. */
const ITEM_OVERHEAD_BYTES = 256;
/** New spans for the blocks of one item (entry, value, bucket), and for all of them: there are not many classes. */
const SPANS_PER_ITEM_MAX = 4;
const SPANS_MAX = 48;

export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  expiredFields: number;
  evicted: number;
}

/** Which deletions free in the background (`lazyfree-lazy-*`). */
export interface LazyFreePolicy {
  userDelete: boolean;
  serverDelete: boolean;
  expire: boolean;
  eviction: boolean;
}

export class Keyspace {
  readonly databases: Database[] = [];
  readonly clock: Clock;
  readonly entries: EntryStore;
  /** How values of each type are copied, freed and measured, by TYPE_*; strings have none. */
  readonly kinds: ValueKind[] = [];
  readonly lazyFree: LazyFree;
  /** Flyweight over hash values: attach to a value's reference, use, forget. */
  readonly fields: FieldTable;
  readonly stats: KeyspaceStats = { hits: 0, misses: 0, expired: 0, expiredFields: 0, evicted: 0 };
  readonly lazyFreePolicy: LazyFreePolicy = {
    userDelete: true,
    serverDelete: true,
    expire: true,
    eviction: true,
  };
  lfu: LfuOptions = { logFactor: 10, decayMinutes: 1 };
  /** Changes since the last successful save. */
  dirty = 0;
  /** The running point-in-time snapshot, null when there is none. */
  cut: SnapshotCut | null = null;
  listener: ChangeListener | null = null;
  /** The listener wants to know of lookups that find nothing, and of keys that are new. */
  tellsOfMisses = false;
  tellsOfNew = false;
  /** Null while nobody has to repeat what goes by itself. */
  removals: RemovalFeed | null = null;
  /** Null while no client watches a key. */
  watched: WatchedKeys | null = null;
  /** Null while no client is told of keys that it caches. */
  tracked: TrackedKeys | null = null;
  /** Null while no reply waits for the disk. */
  durability: DurabilityHook | null = null;
  /** False while loading: nothing expires. */
  honoursExpiry = true;
  /** False on replicas and while writes are paused: expired keys are hidden but stay. */
  deletesExpired = true;
  /** True while access words must not be stored: a page image is active, or a CLIENT NO-TOUCH client runs. */
  freezeAccess = false;
  /** True while a page image is active: storing access times would copy every page that is read. */
  imageActive = false;

  constructor(readonly arena: Arena, databaseCount: number) {
    this.clock = new Clock();
    this.fields = new FieldTable(arena);
    this.entries = new EntryStore(arena, this.clock, this.kinds);
    this.kinds[TYPE_HASH] = new HashKind(this);
    this.kinds[TYPE_SET] = new SetKind(this);
    this.kinds[TYPE_LIST] = new ListKind(this);
    this.kinds[TYPE_ZSET] = new ZsetKind(this);
    this.kinds[TYPE_STREAM] = new StreamKind(this);
    this.lazyFree = new LazyFree(this.entries, this.kinds, new EntryTable(arena));
    for (let i = 0; i < databaseCount; i++) this.databases.push(new Database(this, i));
    this.createTables();
  }

  private createTables(): void {
    createDirectory(this.arena, this.databases.length);
    for (const database of this.databases) {
      database.keys.create();
      database.expires.create();
      database.fieldExpires.create();
      this.recordRoots(database);
    }
  }

  private recordRoots(database: Database): void {
    setDirectoryEntry(this.arena, database.id, database.keys.root, database.expires.root);
  }

  /** Keys in all databases. */
  get size(): number {
    let total = 0;
    for (const database of this.databases) total += database.size;
    return total;
  }

  /**
   * Throws ARENA_FULL unless there is room for `items` keys or fields whose texts have `bytes` bytes together. For commands
   * that change several things: where it returns, they will not run out of memory half-way. It asks for more than is
   * usually needed (up to 3 MiB more), because it must be right in the worst case.
   */
  requireRoom(bytes: number, items: number): void {
    const spans = Math.min(items * SPANS_PER_ITEM_MAX, SPANS_MAX);
    const needed = Math.ceil(bytes * SIZE_CLASS_FACTOR) + items * ITEM_OVERHEAD_BYTES + spans * SPAN_BYTES;
    if (!this.arena.hasRun(needed)) throw ARENA_FULL;
  }

  /** Tells that a key has changed, with an event. */
  notify(
    database: number,
    eventClass: EventClass,
    event: string,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.durability !== null) this.durability.touched(database, key, start, end);
    this.announce(database, eventClass, event, key, start, end);
  }

  /**
   * As `notify`, where `durability` was told before the removal was (RemovalFeed): outside of a command that ends the unit.
   */
  announce(
    database: number,
    eventClass: EventClass,
    event: string,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.watched !== null) this.watched.touched(database, key, start, end);
    if (this.tracked !== null) this.tracked.touched(eventClass, key, start, end);
    if (this.listener !== null) this.listener.keyChanged(database, eventClass, event, key, start, end);
  }

  /** Tells those who watch, cache or wait for a key that it has changed, without an event. */
  touched(database: number, eventClass: EventClass, key: Uint8Array, start: number, end: number): void {
    if (this.durability !== null) this.durability.touched(database, key, start, end);
    if (this.watched !== null) this.watched.touched(database, key, start, end);
    if (this.tracked !== null) this.tracked.touched(eventClass, key, start, end);
  }

  /**
   * Tells that a key has changed in a way that is no event, and nothing to those who watch or cache it (what a stream's group
   * has delivered): only who reads it may have to wait for the disk.
   */
  touchedQuietly(database: number, key: Uint8Array, start: number, end: number): void {
    if (this.durability !== null) this.durability.touched(database, key, start, end);
  }

  /** Frees an entry that is in no table any more, as `lazyfree-lazy-server-del` says. */
  release(ref: Ref): void {
    this.freeEntry(ref, this.lazyFreePolicy.serverDelete);
  }

  /** Frees an entry that is in no table any more; a big value in the background. */
  releaseLater(ref: Ref): void {
    this.freeEntry(ref, true);
  }

  releaseExpired(ref: Ref): void {
    this.freeEntry(ref, this.lazyFreePolicy.expire);
  }

  private freeEntry(ref: Ref, inBackground: boolean): void {
    if (!inBackground || !this.lazyFree.addValueOf(ref)) this.entries.free(ref);
  }

  /**
   * Empties every database in constant time by taking a fresh arena. Snapshots must have been stopped before.
   * Returns the number of keys that were there.
   */
  flushAll(): number {
    const { durability } = this;
    if (durability !== null) { for (const { id } of this.databases) durability.databaseChanged(id); }
    return this.empty();
  }

  private empty(): number {
    const removed = this.size;
    const { watched } = this;
    if (watched !== null) { for (const database of this.databases) watched.willReplace(database, null); }
    this.lazyFree.clear();
    this.arena.swap();
    this.createTables();
    for (const database of this.databases) database.awaited?.databaseChanged();
    this.tracked?.flushed();
    return removed;
  }

  /** Empties one database; its entries are freed in the background, or now where `inBackground` is not set. */
  flushDatabase(database: Database, options: { inBackground: boolean }): number {
    this.durability?.databaseChanged(database.id);
    const removed = database.size;
    if (removed === this.size && this.lazyFree.idle) return this.empty();
    this.watched?.willReplace(database, null);
    this.lazyFree.addTable(database.expires.root);
    this.lazyFree.addTable(database.fieldExpires.root);
    this.lazyFree.addEntries(database.keys.root);
    database.keys.create();
    database.expires.create();
    database.fieldExpires.create();
    this.recordRoots(database);
    if (!options.inBackground) { while (!this.lazyFree.run(1000)); }
    database.awaited?.databaseChanged();
    this.tracked?.flushed();
    return removed;
  }

  /** Exchanges the contents of two databases. */
  swapDatabases(a: Database, b: Database): void {
    this.durability?.databaseChanged(a.id);
    this.durability?.databaseChanged(b.id);
    this.watched?.willReplace(a, b);
    this.watched?.willReplace(b, a);
    const { keys, expires, fieldExpires, cutId } = a;
    a.keys = b.keys;
    a.expires = b.expires;
    a.fieldExpires = b.fieldExpires;
    a.cutId = b.cutId;
    b.keys = keys;
    b.expires = expires;
    b.fieldExpires = fieldExpires;
    b.cutId = cutId;
    this.recordRoots(a);
    this.recordRoots(b);
    a.awaited?.databaseChanged();
    b.awaited?.databaseChanged();
  }
}
