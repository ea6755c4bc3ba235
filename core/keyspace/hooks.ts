// What hangs on the mutation hook. The keyspace calls these; snapshots, WATCH, notifications and feeds implement them.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";

/** A snapshot in progress whose cut must not see later changes. Implemented by core/persistence/snapshot. */
export interface SnapshotCut {
  /**
   * Called before the entry changes, moves or goes away. Hands it to the snapshot first where it still has to be
   * saved. True: a reader may be holding its blocks, so the caller changes a copy and retires the original. False:
   * change it in place (it is not part of the cut, or a page image protects it).
   * `cutDatabase` is the number that the database's tables had when the cut was made.
   */
  claim(cutDatabase: number, ref: Ref, large: boolean): boolean;
  /** True while so much waits for the snapshot that nothing should be expired or evicted unless somebody asks. */
  readonly congested: boolean;
}

/** Clients wait for keys of a database. Called only while there are some (Database.awaited). */
export interface AwaitedKeys {
  /** This entry is new under its key. */
  appeared(ref: Ref): void;
  /** What was under this entry's key is gone, or something else is there. */
  vanished(ref: Ref): void;
  /** The whole database was emptied or exchanged. */
  databaseChanged(): void;
}

/** Clients watch keys (WATCH). Called only while there are some (Keyspace.watched). */
export interface WatchedKeys {
  /** A key was changed, or went away. */
  touched(database: number, key: Uint8Array, start: number, end: number): void;
  /** The database is about to lose all it has, and to get what `replacement` has (null: nothing). */
  willReplace(database: Database, replacement: Database | null): void;
}

/** Clients cache keys (CLIENT TRACKING). Called only while there are some (Keyspace.tracked). */
export interface TrackedKeys {
  /** A key was changed, or went away. */
  touched(eventClass: EventClass, key: Uint8Array, start: number, end: number): void;
  /** A database was emptied, or all of them. */
  flushed(): void;
}

/**
 * Replies wait for the disk: told which keys a command has seen and which have changed. Called only while they do
 * (Keyspace.durability). Hot: every lookup and every change of a key comes here then.
 */
export interface DurabilityHook {
  /** Somebody looks at the key, whether it is there or not. */
  looked(database: number, key: Uint8Array, start: number, end: number): void;
  /** The key was changed, came or went, by whatever cause, in the unit that runs. */
  touched(database: number, key: Uint8Array, start: number, end: number): void;
  /** All of the database was: it was emptied or exchanged. */
  databaseChanged(database: number): void;
}

/** Told of what goes without a command that names it. Called only while somebody listens (Keyspace.removals). */
export interface RemovalFeed {
  /** The key's time has come; it is gone. */
  keyExpired(database: number, key: Uint8Array, start: number, end: number): void;
  /** The key was given up for want of memory. */
  keyEvicted(database: number, key: Uint8Array, start: number, end: number): void;
  /** The time of these fields of a hash has come. */
  fieldsExpired(database: number, key: Uint8Array, fields: readonly Uint8Array[]): void;
}

/** Classes of keyspace events, as `notify-keyspace-events` names them. */
export type EventClass =
  | "generic"
  | "string"
  | "list"
  | "set"
  | "hash"
  | "zset"
  | "stream"
  | "expired"
  | "evicted"
  | "missed"
  | "new";

/** Told of every change after it happened. */
export interface ChangeListener {
  /** `event` is Valkey's event name ("set", "hdel", ...); the key is `key[start..end)`. */
  keyChanged(
    database: number,
    eventClass: EventClass,
    event: string,
    key: Uint8Array,
    start: number,
    end: number,
  ): void;
}
