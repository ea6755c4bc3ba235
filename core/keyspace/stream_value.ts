// A stream as a value of the keyspace: the stream itself, its groups, and a cursor over its entries. A flyweight: `open`
// it on an entry, use it, forget it; valid until the next lookup of a key. Called by the stream commands and RDB load.
import type { Arena, Ref } from "../memory/arena.ts";
import { Stream } from "../structures/stream.ts";
import { StreamCopier } from "../structures/stream_copy.ts";
import { StreamCursor } from "../structures/stream_cursor.ts";
import { StreamGroups } from "../structures/stream_groups.ts";
import type { Database } from "./database.ts";
import { ENCODING_STREAM, TYPE_STREAM } from "./entry_layout.ts";
import { NO_EXPIRE } from "./entry_store.ts";
import type { Keyspace } from "./keyspace.ts";

export class StreamValue {
  /** The entry; 0 while a new stream has none yet. */
  ref: Ref = 0;
  /** The root never changes while the stream lives. */
  root: Ref = 0;
  entries!: Stream;
  groups!: StreamGroups;
  cursor!: StreamCursor;
  #arena: Arena | null = null;

  /** Works on the stream of this entry from now on. */
  open(keyspace: Keyspace, ref: Ref): void {
    this.#bind(keyspace.arena);
    this.ref = ref;
    this.#attach(keyspace.entries.valueRef(ref));
  }

  /** Works on the stream with this root, whether an entry refers to it or not. */
  openRoot(keyspace: Keyspace, root: Ref): void {
    this.#bind(keyspace.arena);
    this.ref = 0;
    this.#attach(root);
  }

  /**
   * Makes an empty stream. It belongs to no key until its `root` is given to an entry (`addTo`); `discard` frees it.
   * Throws ARENA_FULL, as all changes do.
   */
  create(keyspace: Keyspace): void {
    this.#bind(keyspace.arena);
    this.ref = 0;
    this.#attach(this.entries.create());
  }

  /** Puts a new stream under a key that is absent. Throws ARENA_FULL with nothing changed. */
  addTo(db: Database, key: Uint8Array, start: number, end: number): void {
    this.ref = db.addCollection(key, start, end, TYPE_STREAM, ENCODING_STREAM, this.root, NO_EXPIRE);
  }

  /** Frees a new stream that could not be finished. */
  discard(): void {
    new StreamCopier(this.#arena!).free(this.root);
    this.root = 0;
  }

  #bind(arena: Arena): void {
    if (arena === this.#arena) return;
    this.#arena = arena;
    this.entries = new Stream(arena);
    this.groups = new StreamGroups(arena);
    this.cursor = new StreamCursor(arena);
  }

  #attach(root: Ref): void {
    this.root = root;
    this.entries.attach(root);
    this.groups.attach(root);
  }
}
