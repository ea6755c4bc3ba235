// A sorted set in the arena, whichever of its two encodings it has: a listpack of members with their scores, in order,
// while it is small; an OrderedIndex after. A flyweight: `open` it on an entry, use it, forget it; valid until the next
// lookup of a key. Called by the sorted set and geo commands, RDB load and the digest. Hot: finding, adding and reading
// allocate nothing on the JavaScript heap.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import { OrderedIndex } from "../structures/ordered_index.ts";
import { SortedListpack } from "../structures/sorted_listpack.ts";
import type { Database } from "./database.ts";
import { ENCODING_LISTPACK, ENCODING_SKIPLIST, TYPE_ZSET } from "./entry_layout.ts";
import { NO_EXPIRE } from "./entry_store.ts";
import type { Keyspace } from "./keyspace.ts";
import { putCollection } from "./put_collection.ts";

/** Up to where a sorted set stays a listpack: members, and bytes of a member. The configuration's values will do. */
export interface ZsetLimits {
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValue: number;
}

/** For those who only read. */
const NO_LIMITS: ZsetLimits = { zsetMaxListpackEntries: 2 ** 30 - 1, zsetMaxListpackValue: 2 ** 30 - 1 };

const NO_BYTES = new Uint8Array(0);

export class ZsetValue implements BufferHolder {
  /** The entry; 0 while a new sorted set has none yet. */
  ref: Ref = 0;
  /** The member that `readMember` read: valid until the next read or change. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** The score that `find` or `readScore` read. */
  score = 0;
  /** The member that was found or is being visited; set it to return to one. Lost by changes of the sorted set. */
  place = 0;

  #keyspace!: Keyspace;
  #arena!: Arena;
  #index!: OrderedIndex;
  #packed!: SortedListpack;
  #root: Ref = 0;
  #isPacked = false;
  #entriesMax = 0;
  #memberBytesMax = 0;

  /** Works on the sorted set of this entry from now on. Without limits it is only to be read. */
  open(keyspace: Keyspace, ref: Ref, limits: ZsetLimits = NO_LIMITS): void {
    const { entries } = keyspace;
    this.#bind(keyspace, limits);
    this.ref = ref;
    this.#attach(entries.encoding(ref) === ENCODING_LISTPACK, entries.valueRef(ref));
  }

  /** The same for a value without its entry, to be read only. */
  openValue(keyspace: Keyspace, encoding: number, value: Ref): void {
    this.#bind(keyspace, NO_LIMITS);
    this.ref = 0;
    this.#attach(encoding === ENCODING_LISTPACK, value);
  }

  /**
   * Makes an empty sorted set for so many members, the longest of so many bytes and all of about so many together. It
   * belongs to no key until it is given to one (`addTo`, `putAt`); `discard` frees it. Throws ARENA_FULL, as all changes do.
   */
  create(keyspace: Keyspace, limits: ZsetLimits, members: number, longest: number, bytes: number): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    if (members > this.#entriesMax || longest > this.#memberBytesMax || this.#entriesMax === 0) {
      this.#attach(false, this.#index.create(members));
    } else {
      this.#attach(true, this.#packed.create(members, bytes));
    }
  }

  /** As `create`, from a listpack of so many pairs that was checked: in order, every score a number. */
  createFrom(
    keyspace: Keyspace,
    limits: ZsetLimits,
    listpack: Uint8Array,
    start: number,
    end: number,
    members: number,
  ): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    this.#attach(true, this.#packed.createFrom(listpack, start, end));
    try {
      this.expect(members, 0);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Gives back what `create` took for members that did not come. */
  fit(): void {
    if (this.#isPacked) this.#moveTo(this.#packed.fit(this.#root));
  }

  /** Puts a new sorted set under a key that is absent. Throws ARENA_FULL with nothing changed. */
  addTo(db: Database, key: Uint8Array, start: number, end: number): void {
    this.ref = db.addCollection(key, start, end, TYPE_ZSET, this.encoding, this.#root, NO_EXPIRE);
  }

  /** Puts a new sorted set under a key, in the place of what is there. Throws ARENA_FULL with nothing changed. */
  putAt(db: Database, key: Uint8Array, start: number, end: number): void {
    const { entries } = this.#keyspace;
    this.ref = putCollection(db, entries, key, start, end, TYPE_ZSET, this.encoding, this.#root);
  }

  /** What an entry refers to as its value. */
  get root(): Ref {
    return this.#root;
  }

  get encoding(): number {
    return this.#isPacked ? ENCODING_LISTPACK : ENCODING_SKIPLIST;
  }

  /** Frees a new sorted set that could not be finished. */
  discard(): void {
    if (this.#isPacked) this.#packed.free(this.#root);
    else this.#index.destroy();
    this.#root = 0;
  }

  /** Whether it is a listpack. */
  get isPacked(): boolean {
    return this.#isPacked;
  }

  /** Number of members. */
  get size(): number {
    return this.#isPacked ? this.#packed.size(this.#root) : this.#index.size;
  }

  /** Bytes of the listpack; 0 where it is an index. */
  get packedBytes(): number {
    return this.#isPacked ? this.#arena.sizeOf(this.#root) : 0;
  }

  /** Whether the sorted set has the member; then `score` is its score. */
  find(member: Uint8Array, start: number, end: number): boolean {
    if (this.#isPacked) {
      this.place = this.#packed.find(this.#root, member, start, end);
      if (this.place !== 0) this.readScore();
    } else {
      this.place = this.#index.find(member, start, end);
      if (this.place !== 0) this.score = this.#index.scoreOf(this.place);
    }
    return this.place !== 0;
  }

  /** Becomes an index at once where so many members in all, the longest of so many bytes, would make it one. */
  expect(members: number, longest: number): void {
    if (this.#isPacked && (members > this.#entriesMax || longest > this.#memberBytesMax)) {
      this.#becomeIndex(members);
    }
  }

  /**
   * Adds the member that the last `find` did not find. Becomes an index where the listpack limits say so. Throws
   * ARENA_FULL with the members as they were.
   */
  insert(member: Uint8Array, start: number, end: number, score: number): void {
    if (this.#isPacked && !this.#mayPack(end - start)) {
      this.#becomeIndex(this.size + 1);
      this.#index.find(member, start, end);
    }
    if (this.#isPacked) {
      this.#moveTo(this.#packed.insert(this.#root, member, start, end, score));
      this.place = this.#packed.lastPlace;
    } else {
      this.place = this.#index.insertAfterFind(member, start, end, score);
    }
  }

  /**
   * Gives the member that `find` found, and whose text this is, another score. It is not the current one after that.
   * Throws ARENA_FULL likewise.
   */
  setScore(member: Uint8Array, start: number, end: number, score: number): void {
    if (!this.#isPacked) this.#index.setScore(this.place, score);
    else if (this.score !== score) {
      this.#moveTo(this.#packed.setScore(this.#root, this.place, member, start, end, score));
      this.place = 0;
    }
    this.score = score;
  }

  /** Takes out the member that `find` found. */
  removeFound(): void {
    if (this.#isPacked) this.#moveTo(this.#packed.remove(this.#root, this.place, 1));
    else this.#index.remove(this.place);
    this.place = 0;
  }

  /** Takes out the current member, which must be the one that the last `seek` went to. */
  removeSought(): void {
    if (this.#isPacked) this.#moveTo(this.#packed.remove(this.#root, this.place, 1));
    else this.#index.removeSought();
    this.place = 0;
  }

  /** Takes out `count` members from a rank on. There are so many. */
  removeRange(rank: number, count: number): void {
    if (this.#isPacked) {
      const place = this.#packed.seek(this.#root, rank);
      this.#moveTo(this.#packed.remove(this.#root, place, count));
      return;
    }
    const { tree } = this.#index;
    for (let left = count; left > 0; left--) {
      tree.seek(rank);
      this.#index.removeSought();
    }
  }

  /** Rank of the member that `find` found, counted from the lowest. */
  rank(): number {
    return this.#isPacked ? this.#packed.rankOf(this.#root, this.place) : this.#index.rankOf(this.place);
  }

  /** How many members have a lower score. */
  countBelowScore(score: number): number {
    return this.#isPacked
      ? this.#packed.countBelowScore(this.#root, score)
      : this.#index.tree.countBelowScore(score);
  }

  /** How many members have this score or a lower one. */
  countToScore(score: number): number {
    return this.#isPacked
      ? this.#packed.countToScore(this.#root, score)
      : this.#index.tree.countToScore(score);
  }

  /** How many members come before this text. Where scores differ the answer means nothing. */
  countBelowMember(bytes: Uint8Array, start: number, end: number): number {
    return this.#isPacked
      ? this.#packed.countBelowMember(this.#root, bytes, start, end)
      : this.#index.tree.countBelowMember(bytes, start, end);
  }

  /** How many members come before this text or are this text. Where scores differ the answer means nothing. */
  countToMember(bytes: Uint8Array, start: number, end: number): number {
    return this.#isPacked
      ? this.#packed.countToMember(this.#root, bytes, start, end)
      : this.#index.tree.countToMember(bytes, start, end);
  }

  /** Makes the member with this rank, which there must be, the current one. */
  seek(rank: number): void {
    if (this.#isPacked) {
      this.place = this.#packed.seek(this.#root, rank);
    } else {
      this.#index.tree.seek(rank);
      this.place = this.#index.tree.element;
    }
  }

  /** Goes on to the next higher member after `seek`; false behind the last. The sorted set must not change meanwhile. */
  forward(): boolean {
    if (this.#isPacked) {
      this.place = this.#packed.next(this.#root, this.place);
      return this.place !== 0;
    }
    if (!this.#index.tree.forward()) return false;
    this.place = this.#index.tree.element;
    return true;
  }

  /** Goes back to the next lower member after `seek`; false before the first. */
  backward(): boolean {
    if (this.#isPacked) {
      this.place = this.#packed.previous(this.#root, this.place);
      return this.place !== 0;
    }
    if (!this.#index.tree.backward()) return false;
    this.place = this.#index.tree.element;
    return true;
  }

  /** Reads the current member. */
  readMember(): void {
    if (this.#isPacked) {
      const element = this.#packed.member(this.#root, this.place);
      this.bytes = element.bytes;
      this.start = element.start;
      this.end = element.end;
    } else {
      this.bytes = this.#arena.u8;
      this.start = this.#index.memberAddress(this.place);
      this.end = this.start + this.#index.memberLength(this.place);
    }
  }

  /** Reads the current member's score. */
  readScore(): void {
    this.score = this.#isPacked
      ? this.#packed.score(this.#root, this.place)
      : this.#index.scoreOf(this.place);
  }

  /** Places of all members. */
  places(): Int32Array {
    const all = new Int32Array(this.size);
    this.seek(0);
    for (let index = 0; index < all.length; index++) {
      all[index] = this.place;
      this.forward();
    }
    return all;
  }

  /** Place of a member picked at random, each with the same chance. The sorted set is not empty. */
  randomPlace(): number {
    if (!this.#isPacked) return this.#index.members.random();
    return this.#packed.seek(this.#root, Math.floor(Math.random() * this.size));
  }

  /** One step of a scan: visits places and returns the next cursor, 0 = done. A listpack is visited whole. */
  scan(cursor: number, visit: (place: number) => void): number {
    if (!this.#isPacked) return this.#index.members.scan(cursor, visit);
    const packed = this.#packed;
    for (let place = packed.first(this.#root); place !== 0; place = packed.next(this.#root, place)) {
      visit(place);
    }
    return 0;
  }

  #bind(keyspace: Keyspace, limits: ZsetLimits): void {
    this.#entriesMax = limits.zsetMaxListpackEntries;
    this.#memberBytesMax = limits.zsetMaxListpackValue;
    if (keyspace === this.#keyspace) return;
    this.#keyspace = keyspace;
    this.#arena = keyspace.arena;
    this.#index = new OrderedIndex(keyspace.arena);
    this.#packed = new SortedListpack(keyspace.arena);
    keyspace.arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.bytes = NO_BYTES;
  }

  #attach(isPacked: boolean, root: Ref): void {
    this.#isPacked = isPacked;
    this.#root = root;
    this.place = 0;
    if (!isPacked) this.#index.attach(root);
  }

  /** The listpack is in another block now. */
  #moveTo(root: Ref): void {
    if (root === this.#root) return;
    this.#root = root;
    if (this.ref !== 0) this.#keyspace.entries.setValueRef(this.ref, root);
  }

  #mayPack(memberBytes: number): boolean {
    return memberBytes <= this.#memberBytesMax && this.size < this.#entriesMax &&
      this.#packed.isSafeToAdd(this.#root, memberBytes);
  }

  /** Turns the listpack into an index for at least so many members. Throws ARENA_FULL with the listpack in place. */
  #becomeIndex(members: number): void {
    const packed = this.#packed;
    const listpack = this.#root;
    const index = this.#index;
    const root = index.create(Math.max(members, this.size));
    try {
      for (let place = packed.first(listpack); place !== 0; place = packed.next(listpack, place)) {
        const member = packed.member(listpack, place);
        index.find(member.bytes, member.start, member.end);
        index.insertAfterFind(member.bytes, member.start, member.end, packed.score(listpack, place));
      }
    } catch (error) {
      index.destroy();
      throw error;
    }
    this.#attach(false, root);
    if (this.ref !== 0) {
      this.#keyspace.entries.setValueRef(this.ref, root);
      this.#keyspace.entries.setEncoding(this.ref, ENCODING_SKIPLIST);
    }
    packed.free(listpack);
  }
}
