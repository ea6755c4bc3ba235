// A hash in the arena, whichever of its two encodings it has: a listpack of pairs while it is small, a FieldTable after.
// One flyweight for the whole process: `open` it on an entry, use it, forget it. Valid until the next lookup of a key.
// Hot: finding, setting and reading allocate nothing on the JavaScript heap.
import type { ServerServices } from "../../core/commands/server_services.ts";
import type { Database } from "../../core/keyspace/database.ts";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK, TYPE_HASH } from "../../core/keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Keyspace } from "../../core/keyspace/keyspace.ts";
import type { Arena, Ref } from "../../core/memory/arena.ts";
import type { FieldTable } from "../../core/structures/field_table.ts";
import { Listpack } from "../../core/structures/listpack.ts";
import { LISTPACK_EMPTY_BYTES, ListpackElement } from "../../core/structures/listpack_format.ts";

/** Encoding and length bytes of a pair of short texts in a listpack: right for most, and a start for the others. */
const SHORT_PAIR_OVERHEAD_BYTES = 4;
/** The same for texts of any length, at most. */
const PAIR_OVERHEAD_BYTES_MAX = 20;
/** Buckets that one step of a scan looks at, at most, for each element asked for. */
const SCAN_STEPS_PER_ELEMENT = 10;

export class HashValue {
  /** The entry; 0 while a new hash has none yet. */
  ref: Ref = 0;
  /** The text that `readField` or `readValue` read: valid until the next read or change. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  #keyspace!: Keyspace;
  #arena!: Arena;
  #fields!: FieldTable;
  #packed!: Listpack;
  #root: Ref = 0;
  #isPacked = false;
  #entriesMax = 0;
  #valueBytesMax = 0;
  /** The field that was found or is being visited: its element, or its position in the listpack. */
  #current = 0;
  readonly #fieldText = new ListpackElement();
  readonly #collected: Ref[] = [];
  readonly #collect = (element: Ref): void => {
    this.#collected.push(element);
  };

  /** Works on the hash of this entry from now on. */
  open(server: ServerServices, ref: Ref): void {
    this.#bind(server);
    const entries = this.#keyspace.entries;
    this.ref = ref;
    this.#attach(entries.encoding(ref) === ENCODING_LISTPACK, entries.valueRef(ref));
  }

  /** Makes an empty hash for so many pairs, their texts of about so many bytes together; `addTo` or `discard` ends it. */
  create(server: ServerServices, pairs: number, bytes: number): void {
    this.#bind(server);
    this.ref = 0;
    if (pairs > this.#entriesMax) this.#attach(false, this.#fields.create(pairs));
    else {this.#attach(
        true,
        this.#packed.create(LISTPACK_EMPTY_BYTES + bytes + pairs * SHORT_PAIR_OVERHEAD_BYTES),
      );}
  }

  /** Puts a new hash under a key that is absent. Throws ARENA_FULL with nothing changed. */
  addTo(db: Database, key: Uint8Array, start: number, end: number): void {
    const encoding = this.#isPacked ? ENCODING_LISTPACK : ENCODING_HASHTABLE;
    this.ref = db.addCollection(key, start, end, TYPE_HASH, encoding, this.#root, NO_EXPIRE);
  }

  /** Frees a new hash that could not be finished. */
  discard(): void {
    if (this.#isPacked) this.#packed.free(this.#root);
    else this.#fields.destroyWithFields();
    this.#root = 0;
  }

  /** Number of fields. */
  get size(): number {
    return this.#isPacked ? this.#packed.length(this.#root) / 2 : this.#fields.size;
  }

  /** Bytes of the listpack; 0 where the hash is a table. */
  get packedBytes(): number {
    return this.#isPacked ? this.#arena.sizeOf(this.#root) : 0;
  }

  /** Whether the hash has the field; then `readValue` reads its value. */
  find(field: Uint8Array, start: number, end: number): boolean {
    this.#current = this.#isPacked
      ? this.#packed.find(this.#root, this.#packed.first(this.#root), field, start, end, 1)
      : this.#fields.find(field, start, end);
    return this.#current !== 0;
  }

  /** Reads the name of the current field. */
  readField(): void {
    if (this.#isPacked) this.#readPacked(this.#current);
    else {
      const start = this.#fields.fieldAddress(this.#current);
      this.#setText(start, start + this.#fields.fieldLength(this.#current));
    }
  }

  /** Reads the value of the current field. */
  readValue(): void {
    if (this.#isPacked) this.#readPacked(this.#packed.next(this.#root, this.#current));
    else {
      const start = this.#fields.valueAddress(this.#current);
      this.#setText(start, start + this.#fields.valueLength(this.#current));
    }
  }

  /** Becomes a table at once where so many pairs given together would make it one. */
  expectPairs(pairs: number): void {
    if (this.#isPacked && pairs > this.#entriesMax) this.#becomeTable(pairs);
  }

  /**
   * Sets a field; true where it is new. Becomes a table where the listpack limits say so. Throws ARENA_FULL with the
   * fields as they were.
   */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    if (this.#isPacked && !this.#mayPack(fieldEnd - fieldStart, valueEnd - valueStart)) this.#becomeTable(0);
    if (!this.#isPacked) return this.#fields.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    const packed = this.#packed;
    if (this.find(field, fieldStart, fieldEnd)) {
      const position = packed.next(this.#root, this.#current);
      this.#moveTo(packed.replace(this.#root, position, value, valueStart, valueEnd));
      return false;
    }
    if (this.size >= this.#entriesMax) {
      this.#becomeTable(0);
      return this.#fields.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    }
    this.#moveTo(packed.append(this.#root, field, fieldStart, fieldEnd));
    const position = packed.position;
    try {
      this.#moveTo(packed.append(this.#root, value, valueStart, valueEnd));
    } catch (error) {
      this.#moveTo(packed.delete(this.#root, position));
      throw error;
    }
    return true;
  }

  /** Deletes a field; false where it was absent. */
  delete(field: Uint8Array, start: number, end: number): boolean {
    if (!this.#isPacked) return this.#fields.delete(field, start, end);
    if (!this.find(field, start, end)) return false;
    this.#moveTo(this.#packed.deleteRange(this.#root, this.#current, 2));
    return true;
  }

  /** Calls `visit` for each field, which it may read. It must not change the hash. */
  forEach(visit: () => void): void {
    if (!this.#isPacked) {
      this.#fields.forEach((element) => {
        this.#current = element;
        visit();
      });
      return;
    }
    const packed = this.#packed;
    for (let position = packed.first(this.#root); position !== 0;) {
      this.#current = position;
      visit();
      position = packed.next(this.#root, packed.next(this.#root, position));
    }
  }

  /** Visits `count` fields picked at random, each pick among all fields. The hash is not empty. */
  pickRepeatedly(count: number, visit: () => void): void {
    if (!this.#isPacked) {
      for (let pick = 0; pick < count; pick++) {
        this.#current = this.#fields.random();
        visit();
      }
      return;
    }
    const size = this.size;
    if (count === 1) {
      this.#current = this.#packed.seek(this.#root, 2 * randomBelow(size));
      visit();
      return;
    }
    const positions = this.#everyField();
    for (let pick = 0; pick < count; pick++) {
      this.#current = positions[randomBelow(size)];
      visit();
    }
  }

  /** Visits `count` different fields picked at random: `count` is much smaller than the hash. */
  pickDistinct(count: number, visit: () => void): void {
    if (this.#isPacked) {
      this.pickShuffled(count, visit);
      return;
    }
    const picked = new Set<Ref>();
    while (picked.size < count) picked.add(this.#fields.random());
    for (const element of picked) {
      this.#current = element;
      visit();
    }
  }

  /** Visits `count` different fields picked at random, by shuffling all. */
  pickShuffled(count: number, visit: () => void): void {
    const all = this.#everyField();
    for (let pick = 0; pick < count; pick++) {
      const other = pick + randomBelow(all.length - pick);
      this.#current = all[other];
      all[other] = all[pick];
      visit();
    }
  }

  /**
   * One step of a scan: gathers about `count` fields for `forEachCollected`, and returns the next cursor (0 = done). A
   * listpack is gathered whole, whatever the cursor.
   */
  collect(cursor: number, count: number): number {
    this.#collected.length = 0;
    if (this.#isPacked) return 0;
    let next = cursor;
    let steps = count * SCAN_STEPS_PER_ELEMENT;
    do {
      next = this.#fields.scan(next, this.#collect);
    } while (next !== 0 && --steps > 0 && this.#collected.length < count);
    return next;
  }

  /** Visits what `collect` gathered. `visit` must not change the hash. */
  forEachCollected(visit: () => void): void {
    if (this.#isPacked) {
      this.forEach(visit);
      return;
    }
    for (let index = 0; index < this.#collected.length; index++) {
      this.#current = this.#collected[index];
      visit();
    }
  }

  #bind(server: ServerServices): void {
    const values = server.config.values;
    this.#entriesMax = values.hashMaxListpackEntries;
    this.#valueBytesMax = values.hashMaxListpackValue;
    const keyspace = server.keyspace;
    if (keyspace === this.#keyspace) return;
    this.#keyspace = keyspace;
    this.#arena = keyspace.arena;
    this.#fields = keyspace.fields;
    this.#packed = new Listpack(keyspace.arena);
  }

  #attach(isPacked: boolean, root: Ref): void {
    this.#isPacked = isPacked;
    this.#root = root;
    this.#current = 0;
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

  /** Elements, or positions in the listpack, of all fields. */
  #everyField(): Int32Array {
    const all = new Int32Array(this.size);
    let count = 0;
    this.forEach(() => all[count++] = this.#current);
    return all;
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

/** The flyweight that all hash commands share; handlers run one at a time. */
export const hash: HashValue = new HashValue();

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}
