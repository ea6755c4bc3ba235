// A hash in the arena, whichever of its two encodings it has: a listpack of pairs while it is small, a FieldTable after
// (and as soon as a field expires). Fields whose time has come are there until `removeExpired`, but nothing finds or
// visits them. A flyweight: `open` it on an entry, use it, forget it; valid until the next lookup of a key. Called by the hash
// commands, RDB load and the digest. Hot: finding, setting and reading allocate nothing on the JavaScript heap.
// More lines than usual: two encodings, and fields that expire, have one face here.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import { FIELD_STAYS, FieldTable } from "../structures/field_table.ts";
import { Listpack } from "../structures/listpack.ts";
import { LISTPACK_EMPTY_BYTES, ListpackElement } from "../structures/listpack_format.ts";
import type { Database } from "./database.ts";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK, FLAG_FIELD_EXPIRY, TYPE_HASH } from "./entry_layout.ts";
import { NO_EXPIRE } from "./entry_store.ts";
import type { Keyspace } from "./keyspace.ts";

/** Encoding and length bytes of a pair of short texts in a listpack: right for most, and a start for the others. */
const SHORT_PAIR_OVERHEAD_BYTES = 4;
/** `expireAt` for `setExpiring`: the field keeps the expiry that it has. */
export const KEEP_FIELD_EXPIRY = -2;

/** Picks among fields, some of which have expired, before all are looked at. */
const RANDOM_TRIES_MAX = 100;

/** The same for texts of any length, at most. */
const PAIR_OVERHEAD_BYTES_MAX = 20;

/** Up to where a hash stays a listpack: fields, and bytes of a field or value. The configuration's values will do. */
export interface HashLimits {
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValue: number;
}

/** For those who only read. */
const NO_LIMITS: HashLimits = { hashMaxListpackEntries: 2 ** 30 - 1, hashMaxListpackValue: 2 ** 30 - 1 };

const NO_BYTES = new Uint8Array(0);

export class HashValue implements BufferHolder {
  /** The entry; 0 while a new hash has none yet. */
  ref: Ref = 0;
  /** The text that `readField` or `readValue` read: valid until the next read or change. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;

  /** Fields whose time had come that were set since `open` or `create`: they count as new. */
  expiredReplaced = 0;

  /** The field that was found or is being visited; set it to return to a field. Lost by changes of the hash. */
  place = 0;

  #keyspace!: Keyspace;
  #arena!: Arena;
  #fields!: FieldTable;
  #packed!: Listpack;
  #root: Ref = 0;
  #isPacked = false;
  #entriesMax = 0;
  #valueBytesMax = 0;
  readonly #fieldText = new ListpackElement();

  /** Works on the hash of this entry from now on. Without limits it is only to be read. */
  open(keyspace: Keyspace, ref: Ref, limits: HashLimits = NO_LIMITS): void {
    this.#bind(keyspace, limits);
    const entries = keyspace.entries;
    this.ref = ref;
    this.#attach(entries.encoding(ref) === ENCODING_LISTPACK, entries.valueRef(ref));
  }

  /** Works on what an entry refers to, in order to read it. */
  openValue(keyspace: Keyspace, value: Ref, encoding: number): void {
    this.#bind(keyspace, NO_LIMITS);
    this.ref = 0;
    this.#attach(encoding === ENCODING_LISTPACK, value);
  }

  /**
   * Makes an empty hash for so many pairs, their texts of about so many bytes together. It belongs to no key until its
   * `root` is given to an entry (`addTo`); `discard` frees it. Throws ARENA_FULL, as all changes do.
   */
  create(keyspace: Keyspace, limits: HashLimits, pairs: number, bytes: number): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    if (pairs > this.#entriesMax) {
      this.#attach(false, this.#fields.create(pairs));
    } else {
      const capacity = LISTPACK_EMPTY_BYTES + bytes + pairs * SHORT_PAIR_OVERHEAD_BYTES;
      this.#attach(true, this.#packed.create(capacity));
    }
  }

  /** As `create`, from a listpack of so many pairs that was checked (`hashListpackProblem`). */
  createFrom(
    keyspace: Keyspace,
    limits: HashLimits,
    listpack: Uint8Array,
    start: number,
    end: number,
    pairs: number,
  ): void {
    this.#bind(keyspace, limits);
    this.ref = 0;
    this.#attach(true, this.#packed.createFrom(listpack, start, end));
    try {
      this.expectPairs(pairs);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Gives back what `create` took for texts that did not come. */
  fit(): void {
    if (this.#isPacked) this.#moveTo(this.#packed.fit(this.#root));
  }

  /** Puts a new hash under a key that is absent. Throws ARENA_FULL with nothing changed. */
  addTo(db: Database, key: Uint8Array, start: number, end: number): void {
    const { encoding, flags } = this;
    this.ref = db.addCollection(key, start, end, TYPE_HASH, encoding, this.#root, NO_EXPIRE, flags);
  }

  /** What an entry refers to as its value. */
  get root(): Ref {
    return this.#root;
  }

  /** Flags of the entry's meta word that go with it. */
  get flags(): number {
    return this.expiring === 0 ? 0 : FLAG_FIELD_EXPIRY;
  }

  get encoding(): number {
    return this.#isPacked ? ENCODING_LISTPACK : ENCODING_HASHTABLE;
  }

  /** Frees a new hash that could not be finished. */
  discard(): void {
    if (this.#isPacked) this.#packed.free(this.#root);
    else this.#fields.destroyWithFields();
    this.#root = 0;
  }

  /** Whether it is a listpack. */
  get isPacked(): boolean {
    return this.#isPacked;
  }

  /** Number of fields, those whose time has come included. */
  get size(): number {
    return this.#isPacked ? this.#packed.length(this.#root) / 2 : this.#fields.size;
  }

  /** Bytes of the listpack; 0 where the hash is a table. */
  get packedBytes(): number {
    return this.#isPacked ? this.#arena.sizeOf(this.#root) : 0;
  }

  /** Number of fields whose time has not come. Counts them where some have expired. */
  get visibleSize(): number {
    if (!this.hasExpired) return this.size;
    let count = 0;
    this.#fields.forEach((element) => {
      if (!this.#isHidden(element)) count++;
    });
    return count;
  }

  /** Number of fields with an expiry. */
  get expiring(): number {
    return this.#isPacked ? 0 : this.#fields.expiring;
  }

  /** Whether some field's time has come. */
  get hasExpired(): boolean {
    return !this.#isPacked && this.#fields.first !== 0 && this.#isExpired(this.#fields.first);
  }

  /** Whether the hash has the field; then `readValue` reads its value. */
  find(field: Uint8Array, start: number, end: number): boolean {
    if (this.#isPacked) {
      this.place = this.#packed.find(this.#root, this.#packed.first(this.#root), field, start, end, 1);
    } else {
      this.place = this.#fields.find(field, start, end);
      if (this.place !== 0 && this.#arena.i32[this.place * 4 + 1] < 0 && this.#isExpired(this.place)) {
        this.place = 0;
      }
    }
    return this.place !== 0;
  }

  /** The expiry of the current field: milliseconds since 1970, or FIELD_STAYS. */
  expireAt(): number {
    return this.#isPacked ? FIELD_STAYS : this.#fields.expireAt(this.place);
  }

  /** Bytes that the current field takes, field and value. */
  fieldBytes(): number {
    if (!this.#isPacked) return this.#arena.sizeOf(this.place);
    this.readField();
    const bytes = this.end - this.start;
    this.readValue();
    return bytes + this.end - this.start;
  }

  #isExpired(element: Ref): boolean {
    const keyspace = this.#keyspace;
    return keyspace.honoursExpiry && keyspace.clock.ms > this.#fields.expireAt(element);
  }

  #isHidden(element: Ref): boolean {
    return this.#arena.i32[element * 4 + 1] < 0 && this.#isExpired(element);
  }

  /** Reads the name of the current field. */
  readField(): void {
    if (this.#isPacked) this.#readPacked(this.place);
    else {
      const start = this.#fields.fieldAddress(this.place);
      this.#setText(start, start + this.#fields.fieldLength(this.place));
    }
  }

  /** Reads the value of the current field. */
  readValue(): void {
    if (this.#isPacked) this.#readPacked(this.#packed.next(this.#root, this.place));
    else {
      const start = this.#fields.valueAddress(this.place);
      this.#setText(start, start + this.#fields.valueLength(this.place));
    }
  }

  /** Becomes a table at once where so many pairs given together would make it one. */
  expectPairs(pairs: number): void {
    if (this.#isPacked && pairs > this.#entriesMax) this.#becomeTable(pairs);
  }

  /**
   * Sets a field, which has no expiry then; true where it is new. Becomes a table where the listpack limits say so. Throws
   * ARENA_FULL with the fields as they were.
   */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const mayPack = this.#isPacked && this.#mayPack(fieldEnd - fieldStart, valueEnd - valueStart);
    if (!mayPack || !this.find(field, fieldStart, fieldEnd)) {
      return this.append(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    }
    const position = this.#packed.next(this.#root, this.place);
    this.#moveTo(this.#packed.replace(this.#root, position, value, valueStart, valueEnd));
    return false;
  }

  /** As `set`, for a field that a listpack is known not to have: spares the walk. A table looks for it all the same. */
  append(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    if (this.#isPacked && !this.#mayAppend(fieldEnd - fieldStart, valueEnd - valueStart)) {
      this.#becomeTable(0);
    }
    if (!this.#isPacked) {
      const added = this.#fields.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
      return added || (this.#fields.replacedExpiry !== FIELD_STAYS && this.#hasReplacedExpired());
    }
    this.#moveTo(
      this.#packed.appendPair(this.#root, field, fieldStart, fieldEnd, value, valueStart, valueEnd),
    );
    return true;
  }

  /** Whether the field that was set just now had expired before, and so was as good as absent. */
  #hasReplacedExpired(): boolean {
    const keyspace = this.#keyspace;
    const before = this.#fields.replacedExpiry;
    this.#fields.replacedExpiry = FIELD_STAYS;
    if (!keyspace.honoursExpiry || !(keyspace.clock.ms > before)) return false;
    this.expiredReplaced++;
    return true;
  }

  /**
   * As `set`, with an expiry (milliseconds, FIELD_STAYS or KEEP_FIELD_EXPIRY). One in the past is taken as it is. Throws
   * ARENA_FULL likewise, but the hash may be a table then.
   */
  setExpiring(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): boolean {
    if (expireAt === FIELD_STAYS || (expireAt === KEEP_FIELD_EXPIRY && this.#isPacked)) {
      return this.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    }
    if (this.#isPacked) this.#becomeTable(0);
    const fields = this.#fields;
    const old = fields.find(field, fieldStart, fieldEnd);
    if (old === 0) {
      if (expireAt === KEEP_FIELD_EXPIRY) {
        fields.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
      } else fields.addExpiring(field, fieldStart, fieldEnd, value, valueStart, valueEnd, expireAt);
      return true;
    }
    const wasHidden = this.#isHidden(old);
    let at = expireAt;
    if (at === KEEP_FIELD_EXPIRY) at = wasHidden ? FIELD_STAYS : fields.expireAt(old);
    fields.setFound(value, valueStart, valueEnd, at);
    if (wasHidden) this.expiredReplaced++;
    return wasHidden;
  }

  /**
   * Gives a field that `find` finds an expiry, or FIELD_STAYS; its value stays. Throws ARENA_FULL with the fields as they
   * were.
   */
  setExpiry(field: Uint8Array, start: number, end: number, expireAt: number): void {
    if (this.#isPacked) {
      if (expireAt === FIELD_STAYS) return;
      this.#becomeTable(0);
    }
    this.#fields.find(field, start, end);
    this.#fields.setFoundExpiry(expireAt);
  }

  /** Deletes a field; false where it was absent. */
  delete(field: Uint8Array, start: number, end: number): boolean {
    if (!this.find(field, start, end)) return false;
    if (this.#isPacked) this.#moveTo(this.#packed.deleteRange(this.#root, this.place, 2));
    else this.#fields.deleteFound();
    return true;
  }

  /** As `delete`, also where the field's time has come. */
  deleteEvenExpired(field: Uint8Array, start: number, end: number): boolean {
    return this.#isPacked ? this.delete(field, start, end) : this.#fields.delete(field, start, end);
  }

  /** Whether the field is still there although its time has come. */
  isExpired(field: Uint8Array, start: number, end: number): boolean {
    if (this.#isPacked) return false;
    const place = this.#fields.find(field, start, end);
    return place !== 0 && this.#isHidden(place);
  }

  /** Deletes up to `countMax` fields whose time has come, the oldest first; returns how many. */
  removeExpired(countMax: number): number {
    let count = 0;
    for (; count < countMax && this.hasExpired; count++) this.#fields.removeFirst();
    return count;
  }

  /** The same, for those who want to know which fields went. */
  takeExpired(countMax: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    while (taken.length < countMax && this.hasExpired) {
      this.place = this.#fields.first;
      this.readField();
      taken.push(this.bytes.slice(this.start, this.end));
      this.#fields.removeFirst();
    }
    return taken;
  }

  /** Calls `visit` for each field, which it may read. It must not change the hash. */
  forEach(visit: () => void): void {
    if (!this.#isPacked) {
      this.#fields.forEach((element) => {
        if (this.#isHidden(element)) return;
        this.place = element;
        visit();
      });
      return;
    }
    const packed = this.#packed;
    for (let position = packed.first(this.#root); position !== 0;) {
      this.place = position;
      visit();
      position = packed.next(this.#root, packed.next(this.#root, position));
    }
  }

  /** Places of all fields. */
  places(): Int32Array {
    const all = new Int32Array(this.size);
    let count = 0;
    this.forEach(() => all[count++] = this.place);
    return count === all.length ? all : all.subarray(0, count);
  }

  /**
   * Place of a field picked at random, each with the same chance. The hash is not empty. 0 where the time of all has
   * come; looks at all of them where few have not.
   */
  randomPlace(): number {
    if (!this.#isPacked) {
      let place = this.#fields.random();
      for (let tries = 1; this.#isHidden(place); tries++) {
        if (tries === RANDOM_TRIES_MAX) return this.#randomOf(this.places());
        place = this.#fields.random();
      }
      return place;
    }
    return this.#packed.seek(this.#root, 2 * Math.floor(Math.random() * this.size));
  }

  #randomOf(places: Int32Array): number {
    return places.length === 0 ? 0 : places[Math.floor(Math.random() * places.length)];
  }

  /** One step of a scan: visits places and returns the next cursor, 0 = done. A listpack is visited whole. */
  scan(cursor: number, visit: (place: number) => void): number {
    if (!this.#isPacked) {
      if (this.#fields.expiring === 0) return this.#fields.scan(cursor, visit);
      return this.#fields.scan(cursor, (place) => {
        if (!this.#isHidden(place)) visit(place);
      });
    }
    this.forEach(() => visit(this.place));
    return 0;
  }

  #bind(keyspace: Keyspace, limits: HashLimits): void {
    this.expiredReplaced = 0;
    this.#entriesMax = limits.hashMaxListpackEntries;
    this.#valueBytesMax = limits.hashMaxListpackValue;
    if (keyspace === this.#keyspace) return;
    this.#keyspace = keyspace;
    this.#arena = keyspace.arena;
    // Its own flyweight: others attach the keyspace's to something else while a hash is being loaded.
    this.#fields = new FieldTable(keyspace.arena);
    this.#packed = new Listpack(keyspace.arena);
    keyspace.arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.bytes = NO_BYTES;
    this.#fieldText.release();
  }

  #attach(isPacked: boolean, root: Ref): void {
    this.#isPacked = isPacked;
    this.#root = root;
    this.place = 0;
    if (!isPacked) this.#fields.attach(root);
  }

  /** The listpack is in another block now. */
  #moveTo(root: Ref): void {
    if (root === this.#root) return;
    this.#root = root;
    if (this.ref !== 0) this.#keyspace.entries.setValueRef(this.ref, root);
  }

  #mayPack(fieldBytes: number, valueBytes: number): boolean {
    return fieldBytes <= this.#valueBytesMax && valueBytes <= this.#valueBytesMax &&
      this.#packed.isSafeToAdd(this.#root, fieldBytes + valueBytes + PAIR_OVERHEAD_BYTES_MAX);
  }

  #mayAppend(fieldBytes: number, valueBytes: number): boolean {
    return this.#mayPack(fieldBytes, valueBytes) && this.size < this.#entriesMax;
  }

  /** Turns the listpack into a table for at least `pairs` fields. Throws ARENA_FULL with the listpack in place. */
  #becomeTable(pairs: number): void {
    const packed = this.#packed;
    const listpack = this.#root;
    const fields = this.#fields;
    const table = fields.create(Math.max(pairs, this.size + 1));
    try {
      for (
        let position = packed.first(listpack);
        position !== 0;
        position = packed.next(listpack, position)
      ) {
        const field = this.#fieldText;
        field.read(this.#arena.u8, listpack * 16 + position);
        position = packed.next(listpack, position);
        const value = packed.read(listpack, position);
        fields.set(field.bytes, field.start, field.end, value.bytes, value.start, value.end);
      }
    } catch (error) {
      fields.destroyWithFields();
      throw error;
    }
    this.#attach(false, table);
    if (this.ref !== 0) {
      this.#keyspace.entries.setValueRef(this.ref, table);
      this.#keyspace.entries.setEncoding(this.ref, ENCODING_HASHTABLE);
    }
    packed.free(listpack);
  }

  #readPacked(position: number): void {
    const element = this.#packed.read(this.#root, position);
    this.bytes = element.bytes;
    this.start = element.start;
    this.end = element.end;
  }

  #setText(start: number, end: number): void {
    this.bytes = this.#arena.u8;
    this.start = start;
    this.end = end;
  }
}
