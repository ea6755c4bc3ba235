// A set in the arena, whichever of its three encodings it has: an intset while all members are integers, a listpack while
// it is small, a SetTable after. A flyweight: `open` it on an entry, use it, forget it; valid until the next lookup of a
// key. Called by the set commands, RDB load and the digest. Hot: adding, finding and reading allocate nothing.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import { Int64Words } from "../structures/int64_words.ts";
import { Intset, INTSET_MEMBERS_MAX } from "../structures/intset.ts";
import { Listpack } from "../structures/listpack.ts";
import { LISTPACK_EMPTY_BYTES } from "../structures/listpack_format.ts";
import { SetTable } from "../structures/set_table.ts";
import type { Database } from "./database.ts";
import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from "./entry_layout.ts";
import { NO_EXPIRE } from "./entry_store.ts";
import type { Keyspace } from "./keyspace.ts";
import { putCollection } from "./put_collection.ts";

/** Encoding and length bytes of a short member in a listpack: right for most, and a start for the others. */
const SHORT_MEMBER_OVERHEAD_BYTES = 2;
/** The same for a member of any length, at most. */
const MEMBER_OVERHEAD_BYTES_MAX = 10;
/** Members of one bucket, with the buckets chained to it, that a walk has room for at first. */
const WALK_ROOM = 48;

/** Up to where a set keeps which encoding. The configuration's values will do. */
export interface SetLimits {
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValue: number;
}

/** For those who only read. */
const NO_LIMITS: SetLimits = {
  setMaxIntsetEntries: INTSET_MEMBERS_MAX,
  setMaxListpackEntries: 2 ** 30 - 1,
  setMaxListpackValue: 2 ** 30 - 1,
};

const NO_BYTES = new Uint8Array(0);

export class SetValue implements BufferHolder {
  /** The entry; 0 while a new set has none yet. */
  ref: Ref = 0;
  /** The member that `readMember` read: valid until the next read or change. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** The current member, as a walk or `randomPlace` gave it; set it to return to one. Lost by changes of the set. */
  place = 0;

  #keyspace!: Keyspace;
  #arena!: Arena;
  #table!: SetTable;
  #packed!: Listpack;
  #integers!: Intset;
  #root: Ref = 0;
  #encoding = ENCODING_INTSET;
  #intsetMax = 0;
  #listpackMax = 0;
  #valueBytesMax = 0;
  readonly #integer = new Int64Words();
  readonly #text: Uint8Array = new Uint8Array(32);
  #walkAt = 0;
  #walkEnd = 0;
  #walkLeft = 0;
  #walkBucket = 0;
  #walkRefs = new Int32Array(WALK_ROOM);

  /** Works on the set of this entry from now on. Without limits it is only to be read. */
  open(keyspace: Keyspace, ref: Ref, limits: SetLimits = NO_LIMITS): void {
    this.#bind(keyspace, limits);
    this.ref = ref;
    this.#attach(keyspace.entries.encoding(ref), keyspace.entries.valueRef(ref));
  }

  /** As `open`, on a value without its entry, only to be read. */
  openValue(keyspace: Keyspace, encoding: number, value: Ref): void {
    this.#bind(keyspace, NO_LIMITS);
    this.ref = 0;
    this.#attach(encoding, value);
  }

  /**
   * Makes an empty set for about so many members, their texts of about so many bytes together, of which this is one. It
   * belongs to no key until `addTo` or `putAt`; `discard` frees it. Throws ARENA_FULL, as all changes do.
   */
  createFor(
    keyspace: Keyspace,
    limits: SetLimits,
    member: Uint8Array,
    start: number,
    end: number,
    members: number,
    bytes: number,
  ): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    if (members <= this.#intsetMax && this.#integer.parse(member, start, end)) {
      this.#attach(ENCODING_INTSET, this.#integers.create());
    } else {
      this.#createPlain(members, bytes);
    }
  }

  /** As `createFor`, for members of which nothing is known: it takes the encoding that they turn out to need. */
  create(keyspace: Keyspace, limits: SetLimits, members = 0, bytes = 0): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    if (members <= this.#intsetMax) this.#attach(ENCODING_INTSET, this.#integers.create());
    else this.#createPlain(members, bytes);
  }

  /** As `createFor`, from an intset that was checked (`intsetProblem`). */
  createFromIntset(
    keyspace: Keyspace,
    limits: SetLimits,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    this.#attach(ENCODING_INTSET, this.#integers.createFrom(bytes, start, end));
    this.#expectOrDiscard();
  }

  /** As `createFor`, from a listpack that was checked (`setListpackProblem`). */
  createFromListpack(
    keyspace: Keyspace,
    limits: SetLimits,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    this.#attach(ENCODING_LISTPACK, this.#packed.createFrom(bytes, start, end));
    this.#expectOrDiscard();
  }

  /** Gives back what was taken for members that did not come. */
  fit(): void {
    if (this.#encoding === ENCODING_LISTPACK) this.#moveTo(this.#packed.fit(this.#root));
    else if (this.#encoding === ENCODING_INTSET) this.#moveTo(this.#integers.fit(this.#root));
  }

  /** Puts a new set under a key that is absent. Throws ARENA_FULL with nothing changed. */
  addTo(db: Database, key: Uint8Array, start: number, end: number): void {
    this.ref = db.addCollection(key, start, end, TYPE_SET, this.#encoding, this.#root, NO_EXPIRE);
  }

  /** Puts a new set under a key, in the place of what is there. Throws ARENA_FULL with nothing changed. */
  putAt(db: Database, key: Uint8Array, start: number, end: number): void {
    const { entries } = this.#keyspace;
    this.ref = putCollection(db, entries, key, start, end, TYPE_SET, this.#encoding, this.#root);
  }

  /** What an entry refers to as its value. */
  get root(): Ref {
    return this.#root;
  }

  get encoding(): number {
    return this.#encoding;
  }

  /** Whether it is one block: an intset or a listpack. */
  get isPacked(): boolean {
    return this.#encoding !== ENCODING_HASHTABLE;
  }

  /** Number of members. */
  get size(): number {
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.size;
    if (this.#encoding === ENCODING_INTSET) return this.#integers.size(this.#root);
    return this.#packed.length(this.#root);
  }

  /** Bytes of the block of an intset or listpack; 0 where the set is a table. */
  get packedBytes(): number {
    return this.isPacked ? this.#arena.sizeOf(this.#root) : 0;
  }

  /** Frees a new set that could not be finished. */
  discard(): void {
    if (this.#encoding === ENCODING_HASHTABLE) this.#table.destroyWithMembers();
    else this.#arena.retire(this.#root);
    this.#root = 0;
  }

  /** Whether the set has this member. */
  has(member: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.find(member, start, end) !== 0;
    if (this.#encoding === ENCODING_LISTPACK) {
      return this.#packed.find(this.#root, this.#packed.first(this.#root), member, start, end, 0) !== 0;
    }
    return this.#integer.parse(member, start, end) && this.#integers.find(this.#root, this.#integer);
  }

  /** Whether the set has the current member of another one, which that one has read. */
  hasMemberOf(other: SetValue): boolean {
    if (this.#encoding === ENCODING_INTSET && other.#encoding === ENCODING_INTSET) {
      return this.#integers.find(this.#root, other.#integer);
    }
    return this.has(other.bytes, other.start, other.end);
  }

  /** Becomes a table at once where so many members given together would make it one. */
  expect(members: number): void {
    const most = this.#encoding === ENCODING_INTSET ? this.#intsetMax : this.#listpackMax;
    if (this.isPacked && members > most) this.#becomeTable(members);
  }

  /** Adds a member; false where it is there already. Throws ARENA_FULL with the members as they were. */
  add(member: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.add(member, start, end);
    if (this.#encoding === ENCODING_INTSET) {
      if (this.#integer.parse(member, start, end)) return this.#addInteger(member, start, end);
      this.#leaveIntset(end - start);
    } else if (this.has(member, start, end)) {
      return false;
    }
    return this.#appendPacked(member, start, end);
  }

  /** As `add`, for a member that a listpack is known not to have: spares the walk. Other encodings look all the same. */
  append(member: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding !== ENCODING_LISTPACK) return this.add(member, start, end);
    return this.#appendPacked(member, start, end);
  }

  /** Adds the current member of another set, which that one has read. */
  addMemberOf(other: SetValue): boolean {
    return this.add(other.bytes, other.start, other.end);
  }

  /** Removes a member; false where it was absent. */
  delete(member: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.delete(member, start, end);
    if (this.#encoding === ENCODING_INTSET) {
      if (!this.#integer.parse(member, start, end)) return false;
      this.#moveTo(this.#integers.remove(this.#root, this.#integer));
      return this.#integers.changed;
    }
    const position = this.#packed.find(this.#root, this.#packed.first(this.#root), member, start, end, 0);
    if (position === 0) return false;
    this.#moveTo(this.#packed.delete(this.#root, position));
    return true;
  }

  /** Removes the current member. */
  deleteCurrent(): void {
    if (this.#encoding === ENCODING_HASHTABLE) this.#table.deleteRef(this.place);
    else if (this.#encoding === ENCODING_INTSET) {
      this.#moveTo(this.#integers.removeAt(this.#root, this.place));
    } else this.#moveTo(this.#packed.delete(this.#root, this.place));
  }

  /** Removes the members at the first `count` of these places, which are in the order of a walk. Not for tables. */
  deletePacked(places: Int32Array, count: number): void {
    if (this.#encoding === ENCODING_INTSET) {
      this.#moveTo(this.#integers.removeMany(this.#root, places, count));
      return;
    }
    // From the end, so that the places before stay what they are.
    for (let index = count - 1; index >= 0; index--) {
      this.#moveTo(this.#packed.delete(this.#root, places[index]));
    }
  }

  /** Reads the current member. */
  readMember(): void {
    if (this.#encoding === ENCODING_HASHTABLE) {
      this.bytes = this.#arena.u8;
      this.start = this.#table.memberAddress(this.place);
      this.end = this.start + this.#table.memberLength(this.place);
    } else if (this.#encoding === ENCODING_INTSET) {
      this.#integers.read(this.#root, this.place, this.#integer);
      this.bytes = this.#text;
      this.start = 0;
      this.end = this.#integer.format(this.#text, 0);
    } else {
      const element = this.#packed.read(this.#root, this.place);
      this.bytes = element.bytes;
      this.start = element.start;
      this.end = element.end;
    }
  }

  /** Begins a walk over the members: `while (set.next()) ...`. The set must not change until it ends. */
  walk(): void {
    this.#walkLeft = this.size;
    this.#walkBucket = 0;
    this.#walkAt = this.#encoding === ENCODING_LISTPACK ? this.#packed.first(this.#root) : 0;
    this.#walkEnd = 0;
  }

  /** Goes to the next member of the walk; false after the last one. */
  next(): boolean {
    if (this.#walkLeft === 0) return false;
    this.#walkLeft--;
    if (this.#encoding === ENCODING_HASHTABLE) {
      while (this.#walkAt === this.#walkEnd) this.#walkOn();
      this.place = this.#walkRefs[this.#walkAt++];
    } else if (this.#encoding === ENCODING_INTSET) {
      this.place = this.#walkAt++;
    } else {
      this.place = this.#walkAt;
      this.#walkAt = this.#packed.next(this.#root, this.#walkAt);
    }
    return true;
  }

  /** Places of all members. */
  places(): Int32Array {
    const all = new Int32Array(this.size);
    this.walk();
    for (let count = 0; this.next(); count++) all[count] = this.place;
    return all;
  }

  /** Place of a member picked at random, each with the same chance. The set is not empty. */
  randomPlace(): number {
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.random();
    const index = Math.floor(Math.random() * this.size);
    return this.#encoding === ENCODING_INTSET ? index : this.#packed.seek(this.#root, index);
  }

  /** One step of a scan: visits places and returns the next cursor, 0 = done. A packed set is visited whole. */
  scan(cursor: number, visit: (place: number) => void): number {
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.scan(cursor, visit);
    this.walk();
    while (this.next()) visit(this.place);
    return 0;
  }

  #bind(keyspace: Keyspace, limits: SetLimits): void {
    this.#intsetMax = Math.min(limits.setMaxIntsetEntries, INTSET_MEMBERS_MAX);
    this.#listpackMax = limits.setMaxListpackEntries;
    this.#valueBytesMax = limits.setMaxListpackValue;
    if (keyspace === this.#keyspace) return;
    this.#keyspace = keyspace;
    this.#arena = keyspace.arena;
    this.#table = new SetTable(keyspace.arena);
    this.#packed = new Listpack(keyspace.arena);
    keyspace.arena.addHolder(this);
    this.#integers = new Intset(keyspace.arena);
  }

  releaseBuffer(): void {
    this.bytes = NO_BYTES;
  }

  #attach(encoding: number, root: Ref): void {
    this.#encoding = encoding;
    this.#root = root;
    this.place = 0;
    if (encoding === ENCODING_HASHTABLE) this.#table.attach(root);
  }

  #createPlain(members: number, bytes: number): void {
    if (members > this.#listpackMax) {
      this.#attach(ENCODING_HASHTABLE, this.#table.create(members));
    } else {
      const capacity = LISTPACK_EMPTY_BYTES + bytes + members * SHORT_MEMBER_OVERHEAD_BYTES;
      this.#attach(ENCODING_LISTPACK, this.#packed.create(capacity));
    }
  }

  #expectOrDiscard(): void {
    try {
      this.expect(this.size);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** The value is in another block now. */
  #moveTo(root: Ref): void {
    if (root === this.#root) return;
    this.#root = root;
    if (this.ref !== 0) this.#keyspace.entries.setValueRef(this.ref, root);
  }

  /** The value is another structure now. */
  #become(encoding: number, root: Ref): void {
    const old = this.#root;
    this.#attach(encoding, root);
    if (this.ref !== 0) {
      this.#keyspace.entries.setValueRef(this.ref, root);
      this.#keyspace.entries.setEncoding(this.ref, encoding);
    }
    this.#arena.retire(old);
  }

  /** Adds the integer that was parsed, which is this text. */
  #addInteger(member: Uint8Array, start: number, end: number): boolean {
    const size = this.#integers.size(this.#root);
    if (size >= this.#intsetMax) {
      if (this.#integers.find(this.#root, this.#integer)) return false;
      this.#becomeTable(size + 1);
      return this.#table.add(member, start, end);
    }
    this.#moveTo(this.#integers.add(this.#root, this.#integer));
    return this.#integers.changed;
  }

  #appendPacked(member: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding === ENCODING_LISTPACK && !this.#mayAppend(end - start)) {
      this.#becomeTable(this.size + 1);
    }
    if (this.#encoding === ENCODING_HASHTABLE) return this.#table.add(member, start, end);
    this.#moveTo(this.#packed.append(this.#root, member, start, end));
    return true;
  }

  #mayAppend(bytes: number): boolean {
    return bytes <= this.#valueBytesMax && this.size < this.#listpackMax &&
      this.#packed.isSafeToAdd(this.#root, bytes + MEMBER_OVERHEAD_BYTES_MAX);
  }

  /** Becomes a listpack with room for a member of so many bytes, or a table. */
  #leaveIntset(bytes: number): void {
    const size = this.#integers.size(this.#root);
    const fits = size < this.#listpackMax && bytes <= this.#valueBytesMax &&
      this.#longestInteger() <= this.#valueBytesMax;
    if (!fits) {
      this.#becomeTable(size + 1);
      return;
    }
    const packed = this.#packed;
    let listpack = packed.create(LISTPACK_EMPTY_BYTES + bytes + MEMBER_OVERHEAD_BYTES_MAX * (size + 1));
    try {
      this.walk();
      while (this.next()) {
        this.readMember();
        listpack = packed.append(listpack, this.bytes, this.start, this.end);
      }
    } catch (error) {
      packed.free(listpack);
      throw error;
    }
    this.#become(ENCODING_LISTPACK, listpack);
  }

  /** Bytes of the longest text among the members of an intset. */
  #longestInteger(): number {
    const size = this.#integers.size(this.#root);
    if (size === 0) return 0;
    this.place = 0;
    this.readMember();
    const first = this.end - this.start;
    this.place = size - 1;
    this.readMember();
    return Math.max(first, this.end - this.start);
  }

  /** Turns an intset or listpack into a table for at least so many members. Throws ARENA_FULL with it in place. */
  #becomeTable(members: number): void {
    const table = this.#table;
    const root = table.create(Math.max(members, this.size + 1));
    try {
      this.walk();
      while (this.next()) {
        this.readMember();
        table.add(this.bytes, this.start, this.end);
      }
    } catch (error) {
      table.destroyWithMembers();
      throw error;
    }
    this.#become(ENCODING_HASHTABLE, root);
  }

  /** Fetches the members of the next bucket. */
  #walkOn(): void {
    const count = this.#table.elementsOfBucket(this.#walkBucket, this.#walkRefs, 0);
    if (count > this.#walkRefs.length) {
      this.#walkRefs = new Int32Array(count * 2);
      this.#table.elementsOfBucket(this.#walkBucket, this.#walkRefs, 0);
    }
    this.#walkBucket++;
    this.#walkAt = 0;
    this.#walkEnd = count;
  }
}
