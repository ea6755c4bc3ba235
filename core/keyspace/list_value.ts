// A list in the arena: a quicklist, which is called a listpack while it is one small packed node. A flyweight: `open` it
// on an entry, use it, forget it; valid until the next lookup of a key. Called by the list commands, SORT and RDB load.
// Hot: pushing, popping and walking allocate nothing on the JavaScript heap.
import type { Ref } from "../memory/arena.ts";
import { QuickList } from "../structures/quicklist.ts";
import { nodeBytesMax, nodeCountMax } from "../structures/quicklist_layout.ts";
import type { Database } from "./database.ts";
import { ENCODING_LISTPACK, ENCODING_QUICKLIST, TYPE_LIST } from "./entry_layout.ts";
import { NO_EXPIRE } from "./entry_store.ts";
import type { Keyspace } from "./keyspace.ts";
import { putCollection } from "./put_collection.ts";

/** The configuration's values will do. */
export interface ListLimits {
  readonly listMaxListpackSize: number;
  readonly listCompressDepth: number;
}

/** For those who only read. */
const NO_LIMITS: ListLimits = { listMaxListpackSize: -2, listCompressDepth: 0 };

export class ListValue {
  /** The entry; 0 while a new list has none yet. */
  ref: Ref = 0;
  /** The elements: read and walk here. Changes that add elements are announced by `expect`, all end with `settle`. */
  items!: QuickList;
  #keyspace!: Keyspace;
  #encoding = ENCODING_LISTPACK;
  #fill = -2;
  #compressDepth = 0;

  /** Works on the list of this entry from now on. Without limits it is only to be read. */
  open(keyspace: Keyspace, ref: Ref, limits: ListLimits = NO_LIMITS): void {
    this.#bind(keyspace, limits);
    this.ref = ref;
    this.#encoding = keyspace.entries.encoding(ref);
    this.items.attach(keyspace.entries.valueRef(ref));
  }

  /** Reads a value that may belong to no entry. */
  openValue(keyspace: Keyspace, value: Ref, encoding: number): void {
    this.#bind(keyspace, NO_LIMITS);
    this.ref = 0;
    this.#encoding = encoding;
    this.items.attach(value);
  }

  /** Makes an empty list. It belongs to no key until `addTo`; `discard` frees it. Throws ARENA_FULL. */
  create(keyspace: Keyspace, limits: ListLimits): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    this.#encoding = ENCODING_LISTPACK;
    this.items.create(limits.listMaxListpackSize, limits.listCompressDepth);
  }

  /** Puts a new list under a key that is absent. Throws ARENA_FULL with nothing changed. */
  addTo(db: Database, key: Uint8Array, start: number, end: number): void {
    this.ref = db.addCollection(key, start, end, TYPE_LIST, this.#encoding, this.items.root, NO_EXPIRE);
  }

  /** Puts a new list under a key, in the place of what is there. Throws ARENA_FULL with nothing changed. */
  putAt(db: Database, key: Uint8Array, start: number, end: number): void {
    const { entries } = this.#keyspace;
    this.ref = putCollection(db, entries, key, start, end, TYPE_LIST, this.#encoding, this.items.root);
  }

  /** Frees a new list that could not be finished. */
  discard(): void {
    this.items.destroy();
  }

  /** What an entry refers to as its value. */
  get root(): Ref {
    return this.items.root;
  }

  get encoding(): number {
    return this.#encoding;
  }

  /** Whether it is called a listpack. */
  get isPacked(): boolean {
    return this.#encoding === ENCODING_LISTPACK;
  }

  /** Number of elements. */
  get size(): number {
    return this.items.length;
  }

  /** Becomes a quicklist where so many elements with so many bytes more would make it one. */
  expect(bytes: number, elements: number): void {
    if (this.#encoding === ENCODING_QUICKLIST) return;
    const { items } = this;
    const fits = items.packedBytes + bytes <= nodeBytesMax(this.#fill) &&
      items.length + elements <= nodeCountMax(this.#fill);
    if (!fits) this.#becomeQuicklist();
  }

  /**
   * Ends a change that removed or replaced elements: what is small again, by half, becomes a listpack. After one that only
   * added, `settleGrown`.
   */
  settle(): void {
    this.#settle(2);
  }

  /** Ends a change that only added elements. */
  settleGrown(): void {
    if (this.#encoding === ENCODING_LISTPACK && Number.isNaN(this.items.packedBytes)) {
      this.#becomeQuicklist();
    }
  }

  /** Gives a list that was filled by a loader the encoding that its size asks for. */
  settleLoaded(): void {
    this.#encoding = ENCODING_QUICKLIST;
    this.items.settleAll();
    this.#settle(1);
  }

  #settle(divisor: number): void {
    const { items } = this;
    const { packedBytes } = items;
    // Not one packed node: NaN.
    if (packedBytes !== packedBytes) {
      if (this.#encoding === ENCODING_LISTPACK) this.#setEncoding(ENCODING_QUICKLIST);
      return;
    }
    if (this.#encoding === ENCODING_LISTPACK) return;
    // Where nodes are limited by their count, bytes do not matter here, as in Valkey.
    const bytesMax = this.#fill >= 0 ? Infinity : Math.floor(nodeBytesMax(this.#fill) / divisor);
    const countMax = Math.floor(nodeCountMax(this.#fill) / divisor);
    if (packedBytes <= bytesMax && items.length <= countMax) this.#setEncoding(ENCODING_LISTPACK);
  }

  /** Its nodes follow the limits of now, not those of when it was made. */
  #becomeQuicklist(): void {
    this.items.setOptions(this.#fill, this.#compressDepth);
    this.#setEncoding(ENCODING_QUICKLIST);
  }

  #setEncoding(encoding: number): void {
    this.#encoding = encoding;
    if (this.ref !== 0) this.#keyspace.entries.setEncoding(this.ref, encoding);
  }

  #bind(keyspace: Keyspace, limits: ListLimits): void {
    this.#fill = limits.listMaxListpackSize;
    this.#compressDepth = limits.listCompressDepth;
    if (keyspace === this.#keyspace) return;
    this.#keyspace = keyspace;
    this.items = new QuickList(keyspace.arena);
  }
}
