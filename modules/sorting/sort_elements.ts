// The elements that SORT sorts, copied out of the collection, because looking up the keys that they name may change the
// keyspace. Texts of one kind lie in one growing array.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { TYPE_LIST, TYPE_SET } from "../../core/keyspace/entry_layout.ts";
import { ListValue } from "../../core/keyspace/list_value.ts";
import { SetValue } from "../../core/keyspace/set_value.ts";
import { ZsetValue } from "../../core/keyspace/zset_value.ts";
import type { Ref } from "../../core/memory/arena.ts";

const list = new ListValue();
const set = new SetValue();
const zset = new ZsetValue();

/** Texts by number. A text may be absent. */
export class Texts {
  bytes: Uint8Array = new Uint8Array(1024);
  count = 0;
  starts: Int32Array;
  ends: Int32Array;
  #length = 0;

  constructor(capacity: number) {
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#length + length > this.bytes.length) this.#grow(length);
    this.bytes.set(bytes.subarray(start, end), this.#length);
    this.starts[this.count] = this.#length;
    this.#length += length;
    this.ends[this.count++] = this.#length;
  }

  addAbsent(): void {
    this.starts[this.count] = -1;
    this.ends[this.count++] = -1;
  }

  isAbsent(index: number): boolean {
    return this.starts[index] < 0;
  }

  /** Compares as bytes, an absent text below all others. */
  compare(a: number, b: number): number {
    const { bytes, starts, ends } = this;
    if (starts[a] < 0 || starts[b] < 0) return starts[a] < 0 ? (starts[b] < 0 ? 0 : -1) : 1;
    const lengthA = ends[a] - starts[a];
    const lengthB = ends[b] - starts[b];
    const common = Math.min(lengthA, lengthB);
    for (let index = 0; index < common; index++) {
      const difference = bytes[starts[a] + index] - bytes[starts[b] + index];
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.max(this.#length + length, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.#length));
    this.bytes = grown;
  }
}

/** Number of elements of a list, set or sorted set; 0 for no entry. */
export function sizeOf(client: CommandClient, ref: Ref): number {
  if (ref === 0) return 0;
  const { keyspace } = client.server;
  const type = keyspace.entries.type(ref);
  if (type === TYPE_LIST) {
    list.open(keyspace, ref);
    return list.size;
  }
  if (type === TYPE_SET) {
    set.open(keyspace, ref);
    return set.size;
  }
  zset.open(keyspace, ref);
  return zset.size;
}

/** Copies `count` elements from `first` on, in the collection's own order or the reverse; of a set all of them. */
export function readElements(
  client: CommandClient,
  ref: Ref,
  first: number,
  count: number,
  order: { isReverse: boolean },
): Texts {
  const texts = new Texts(count);
  if (count === 0) return texts;
  const { keyspace } = client.server;
  const type = keyspace.entries.type(ref);
  if (type === TYPE_LIST) readList(texts, first, count, order.isReverse);
  else if (type === TYPE_SET) readSet(texts);
  else readSortedSet(texts, first, count, order.isReverse);
  return texts;
}

// The collection is the one that `sizeOf` opened.

function readList(texts: Texts, first: number, count: number, isReverse: boolean): void {
  const { items } = list;
  items.seek(isReverse ? list.size - 1 - first : first);
  for (let left = count; left > 0; left--) {
    items.read();
    texts.add(items.bytes, items.start, items.end);
    if (isReverse) items.previous();
    else items.next();
  }
}

function readSet(texts: Texts): void {
  set.walk();
  while (set.next()) {
    set.readMember();
    texts.add(set.bytes, set.start, set.end);
  }
}

function readSortedSet(texts: Texts, first: number, count: number, isReverse: boolean): void {
  zset.seek(isReverse ? zset.size - 1 - first : first);
  for (let left = count; left > 0; left--) {
    zset.readMember();
    texts.add(zset.bytes, zset.start, zset.end);
    if (isReverse) zset.backward();
    else zset.forward();
  }
}
