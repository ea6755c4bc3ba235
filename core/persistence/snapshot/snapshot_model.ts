// A dataset, a plain model of it and random changes to both, with a worker's reading played on the same thread a piece
// at a time. For the model tests of saves only.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ActiveExpire } from "../../keyspace/active_expire.ts";
import type { Database } from "../../keyspace/database.ts";
import {
  ENCODING_LISTPACK,
  encodingOf,
  FLAG_EXPIRE,
  FLAG_EXTERNAL,
  inlineValueOffset,
  keyOffset,
  TYPE_STRING,
  typeOf,
  valueRefWord,
  WORD_KEY_LENGTH,
  WORD_VALUE_LENGTH,
} from "../../keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../keyspace/entry_store.ts";
import { Eviction } from "../../keyspace/eviction.ts";
import { HashValue } from "../../keyspace/hash_value.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Arena, ARENA_FULL, type Ref } from "../../memory/arena.ts";
import { type ArenaReader, LiveReader } from "../../memory/arena_reader.ts";
import { FIELD_HEADER_BYTES } from "../../structures/field_table.ts";
import { HashTableReader } from "../../structures/hashtable_reader.ts";
import { ListpackCursor } from "../../structures/listpack_bytes.ts";

export const DATABASES = 3;
/** Names that changes choose from: few, so that the same keys meet again and again. */
const KEYS = 24;
const HASH_KEYS = 6;
/** Small strings in each database beside them, so that there is something to walk. */
const OTHER_KEYS = 250;
const HASH_LIMITS = { hashMaxListpackEntries: 8, hashMaxListpackValue: 64 };
const START_MS = 1_000_000;
/** Bytes of a string, and fields of a hash, that the played worker reads at a time. */
const PIECE_BYTES = 6000;
const PIECE_FIELDS = 5;

type Value = string | Map<string, string>;
type Live = Map<string, { value: Value; expireAt: number }>;

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

const number = (below: number) => fc.integer({ min: 0, max: below - 1 });
const key = fc.oneof(
  { weight: 3, arbitrary: number(KEYS).map((n) => n % 5 === 0 ? `key:${"long".repeat(n)}:${n}` : `k${n}`) },
  { weight: 1, arbitrary: number(OTHER_KEYS).map((n) => `other:${n}`) },
);
const hashKey = number(HASH_KEYS).map((n) => `k${n}`);
const text = fc.oneof(
  { weight: 4, arbitrary: fc.integer().map(String) },
  { weight: 4, arbitrary: number(90).map((n) => textOfLength(n)) },
  { weight: 2, arbitrary: number(9000).map((n) => textOfLength(n)) },
  { weight: 1, arbitrary: number(40_000).map((n) => textOfLength(50_000 + n)) },
);
const field = number(30).map((n) => `field:${n}`);
const on = { db: number(DATABASES), key };
const onHash = { db: number(DATABASES), key: hashKey };

/** No two lengths have the same bytes, so that a mixture of two texts is seen. */
function textOfLength(length: number): string {
  return `${length},`.repeat(length / 2 + 1).slice(0, length);
}

function kind<K extends string, T extends object>(
  weight: number,
  name: K,
  model: { [P in keyof T]: fc.Arbitrary<T[P]> },
) {
  return { weight, arbitrary: fc.record({ kind: fc.constant(name), ...model }) } as unknown as {
    weight: number;
    arbitrary: fc.Arbitrary<{ kind: K } & T>;
  };
}

/** Something that changes keys. */
export const change = fc.oneof(
  kind(8, "set", { ...on, text }),
  kind(3, "setex", { ...on, text, ttl: number(400) }),
  kind(4, "append", { ...on, text }),
  kind(4, "del", on),
  kind(2, "unlink", on),
  kind(3, "expire", { ...on, ttl: number(400) }),
  kind(2, "persist", on),
  kind(3, "rename", { ...on, to: key }),
  kind(3, "copy", { ...on, to: key, target: number(DATABASES) }),
  kind(3, "move", { ...on, target: number(DATABASES) }),
  kind(2, "swap", { db: number(DATABASES), target: number(DATABASES) }),
  kind(8, "hset", { ...onHash, field, text: number(70).map((n) => "v".repeat(n)) }),
  kind(3, "hfill", { ...onHash, fields: number(400) }),
  kind(5, "hdel", { ...onHash, field }),
  kind(1, "tick", { ms: number(150) }),
  kind(1, "activeExpire", {}),
  kind(1, "evict", { bytes: number(5000) }),
  kind(1, "resize", { db: number(DATABASES), steps: number(60) }),
  kind(1, "lazyFree", {}),
);
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

export class ModelledDataset {
  readonly keyspace: Keyspace;
  /** What the databases hold, expired keys excluded. */
  readonly live: Live[] = Array.from({ length: DATABASES }, () => new Map());
  /** Changes that did not happen because the arena was full. */
  refused = 0;
  readonly usedBytesWhenEmpty: number;
  private readonly hash = new HashValue();
  private readonly expire: ActiveExpire;
  private readonly eviction: Eviction;
  private excess = 0;

  constructor(arenaBytes: number) {
    this.keyspace = new Keyspace(Arena.create({ bytes: arenaBytes }), DATABASES);
    this.keyspace.clock.ms = START_MS;
    this.usedBytesWhenEmpty = this.usedBytes;
    this.expire = new ActiveExpire(this.keyspace);
    this.eviction = new Eviction(this.keyspace, () => this.excess - this.keyspace.stats.evicted);
    this.eviction.policy = "allkeys-random";
    for (let db = 0; db < DATABASES; db++) {
      for (let n = 0; n < OTHER_KEYS; n++) {
        const expireAt = n % 10 === 0 ? START_MS + n * 20 : NO_EXPIRE;
        this.set(this.keyspace.databases[db], `other:${n}`, `${n} of ${db}`, expireAt);
      }
    }
  }

  /** Bytes in use apart from the tables of databases, whose sizes depend on what was there before. */
  get usedBytes(): number {
    let tables = 0;
    for (const { keys, expires } of this.keyspace.databases) {
      tables += keys.overheadBytes + expires.overheadBytes;
    }
    return this.keyspace.arena.usedBytes - tables;
  }

  /** Makes the change in both; in none where the arena is full. */
  apply(change: Change): void {
    try {
      this.change(change);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      this.refused++;
    }
  }

  private change(change: Change): void {
    const { keyspace, live } = this;
    const { clock, entries, arena } = keyspace;
    switch (change.kind) {
      case "tick":
        clock.ms += change.ms;
        for (const each of live) {
          for (const [name, { expireAt }] of each) {
            if (expireAt !== NO_EXPIRE && clock.ms > expireAt) each.delete(name);
          }
        }
        return;
      case "activeExpire":
        this.expire.slowCycle({ effort: 10, hz: 1 });
        return;
      case "evict":
        this.evict();
        return;
      case "lazyFree":
        keyspace.lazyFree.run(50);
        return;
      case "resize": {
        const { keys } = keyspace.databases[change.db];
        if (change.steps % 2 === 0) keys.expand(keys.size * 8);
        else keys.shrinkIfNeeded();
        keys.rehashStep(change.steps);
        return;
      }
      case "swap": {
        if (change.db === change.target) return;
        keyspace.swapDatabases(keyspace.databases[change.db], keyspace.databases[change.target]);
        [live[change.db], live[change.target]] = [live[change.target], live[change.db]];
        return;
      }
    }
    const db = keyspace.databases[change.db];
    const there = live[change.db];
    const name = encoder.encode(change.key);
    const end = name.length;
    const known = there.get(change.key);
    switch (change.kind) {
      case "set":
        this.set(db, change.key, change.text, NO_EXPIRE);
        return;
      case "setex":
        this.set(db, change.key, change.text, clock.ms + 1 + change.ttl);
        return;
      case "append": {
        if (typeof known?.value !== "string") return;
        const ref = db.lookupWrite(name, 0, end);
        const bytes = encoder.encode(change.text);
        const old = entries.stringLength(ref);
        const grown = db.resizeString(ref, old + bytes.length);
        arena.copyIn(entries.stringAddress(grown) + old, bytes, 0, bytes.length);
        known.value += change.text;
        return;
      }
      case "del":
        assert.equal(db.remove(name, 0, end), there.delete(change.key));
        return;
      case "unlink": {
        const ref = db.peek(name, 0, end);
        if (ref !== 0) db.unlinkEntry(ref);
        assert.equal(ref !== 0, there.delete(change.key));
        return;
      }
      case "expire": {
        const ref = db.lookupWrite(name, 0, end);
        assert.equal(ref !== 0, known !== undefined);
        if (known === undefined) return;
        db.setExpire(ref, clock.ms + 1 + change.ttl);
        known.expireAt = clock.ms + 1 + change.ttl;
        return;
      }
      case "persist": {
        const ref = db.lookupWrite(name, 0, end);
        if (known === undefined) return;
        assert.equal(db.dropExpire(ref), known.expireAt !== NO_EXPIRE);
        known.expireAt = NO_EXPIRE;
        return;
      }
      case "rename":
      case "move": {
        const target = change.kind === "rename" ? db : keyspace.databases[change.target];
        const to = change.kind === "rename" ? change.to : change.key;
        if (known === undefined || (target === db && to === change.key)) return;
        const toName = encoder.encode(to);
        db.moveEntry(db.lookupWrite(name, 0, end), target, toName, 0, toName.length);
        there.delete(change.key);
        live[target.id].set(to, known);
        return;
      }
      case "copy": {
        const target = keyspace.databases[change.target];
        if (known === undefined || (target === db && change.to === change.key)) return;
        const toName = encoder.encode(change.to);
        db.copyEntry(db.lookupReadQuietly(name, 0, end), target, toName, 0, toName.length);
        const value = typeof known.value === "string" ? known.value : new Map(known.value);
        live[target.id].set(change.to, { value, expireAt: known.expireAt });
        return;
      }
      case "hset":
        this.setField(db, change.key, change.field, change.text);
        return;
      case "hfill":
        this.fill(db, change.key, change.fields);
        return;
      case "hdel": {
        if (!(known?.value instanceof Map)) return;
        const ref = db.lookupWrite(name, 0, end);
        this.hash.open(keyspace, ref, HASH_LIMITS);
        const bytes = encoder.encode(change.field);
        assert.equal(this.hash.delete(bytes, 0, bytes.length), known.value.delete(change.field));
        if (known.value.size > 0) return;
        db.removeEntry(ref);
        there.delete(change.key);
      }
    }
  }

  private set(db: Database, name: string, value: string, expireAt: number): void {
    const key = encoder.encode(name);
    const bytes = encoder.encode(value);
    db.setString(key, 0, key.length, bytes, 0, bytes.length, expireAt);
    this.live[db.id].set(name, { value, expireAt });
  }

  private setField(db: Database, name: string, fieldName: string, valueText: string): void {
    const key = encoder.encode(name);
    const bytes = encoder.encode(fieldName);
    const value = encoder.encode(valueText);
    const known = this.live[db.id].get(name);
    if (typeof known?.value === "string") return;
    const ref = db.lookupWrite(key, 0, key.length);
    if (known === undefined) {
      this.addHash(db, name, [[bytes, value]]);
      this.live[db.id].set(name, { value: new Map([[fieldName, valueText]]), expireAt: NO_EXPIRE });
      return;
    }
    this.hash.open(this.keyspace, ref, HASH_LIMITS);
    this.hash.set(bytes, 0, bytes.length, value, 0, value.length);
    known.value.set(fieldName, valueText);
  }

  /** A new hash in the place of whatever has the key. */
  private fill(db: Database, name: string, fields: number): void {
    const key = encoder.encode(name);
    if (db.remove(key, 0, key.length)) this.live[db.id].delete(name);
    const value = new Map<string, string>();
    for (let index = 0; index <= fields; index++) value.set(`field:${index}`, `${name}/${index}`);
    this.addHash(db, name, [...value].map(([f, v]) => [encoder.encode(f), encoder.encode(v)]));
    this.live[db.id].set(name, { value, expireAt: NO_EXPIRE });
  }

  private addHash(db: Database, name: string, pairs: [Uint8Array, Uint8Array][]): void {
    const { hash } = this;
    const key = encoder.encode(name);
    hash.create(this.keyspace, HASH_LIMITS, pairs.length, 20 * pairs.length);
    try {
      for (const [f, v] of pairs) hash.set(f, 0, f.length, v, 0, v.length);
      hash.addTo(db, key, 0, key.length);
    } catch (error) {
      hash.discard();
      throw error;
    }
  }

  /** Evicts one key, whichever. */
  private evict(): void {
    const { keyspace, live } = this;
    const before = new Set<string>();
    const keysOf = (database: Database): string[] => {
      const names: string[] = [];
      database.keys.forEach((ref) => names.push(new TextDecoder().decode(keyspace.entries.keyBytes(ref))));
      return names;
    };
    for (const db of keyspace.databases) for (const name of keysOf(db)) before.add(`${db.id}/${name}`);
    this.excess = keyspace.stats.evicted + 1;
    this.eviction.run();
    for (const db of keyspace.databases) for (const name of keysOf(db)) before.delete(`${db.id}/${name}`);
    for (const gone of before) live[Number(gone[0])].delete(gone.slice(2));
  }

  /** Compares every key with the model. */
  check(): void {
    const { keyspace } = this;
    const reader = new LiveReader(keyspace.arena);
    for (const db of keyspace.databases) {
      const found = new Map<string, string>();
      db.keys.forEach((ref) => {
        if (db.isExpired(ref)) return;
        const entry = readWhole(reader, ref);
        assert.ok(!found.has(entry.key), `${entry.key} is there twice`);
        found.set(entry.key, entry.text);
        assert.equal(db.expires.has(ref), !entry.text.startsWith(`${NO_EXPIRE} `));
      });
      const expected = new Map([...this.live[db.id]].map(([name, { value, expireAt }]) => [
        name,
        textOf(value, expireAt),
      ]));
      assert.deepEqual(sorted(found), sorted(expected));
    }
  }

  /** Every entry that is in the tables now, expired ones too: what a cut made now must deliver. */
  entriesNow(): Map<string, string> {
    const reader = new LiveReader(this.keyspace.arena);
    const all = new Map<string, string>();
    for (const db of this.keyspace.databases) {
      db.keys.forEach((ref) => {
        const { key, text } = readWhole(reader, ref);
        all.set(`${db.id}/${key}`, text);
      });
    }
    return all;
  }

  removeEverything(): void {
    for (const db of this.keyspace.databases) {
      const all: Ref[] = [];
      db.keys.forEach((ref) => all.push(ref));
      for (const ref of all) db.removeEntry(ref);
      this.live[db.id].clear();
    }
    while (!this.keyspace.lazyFree.run(1000));
  }
}

export interface ReadEntry {
  key: string;
  text: string;
}

/** Reads an entry as a worker does, yielding between pieces. */
export function* readInPieces(reader: ArenaReader, ref: Ref): Generator<void, ReadEntry> {
  const meta = reader.u32(ref * 4);
  const keyLength = reader.u32(ref * 4 + WORD_KEY_LENGTH);
  const expireAt = (meta & FLAG_EXPIRE) !== 0 ? reader.f64(ref * 2 + 3) : NO_EXPIRE;
  const key = yield* readText(reader, ref * 16 + keyOffset(meta), keyLength);
  yield;
  const valueRef = (meta & FLAG_EXTERNAL) !== 0 || typeOf(meta) !== TYPE_STRING
    ? reader.u32(ref * 4 + valueRefWord(meta, keyLength))
    : 0;
  yield;
  if (typeOf(meta) === TYPE_STRING) {
    const length = reader.u32(ref * 4 + WORD_VALUE_LENGTH);
    const address = valueRef === 0 ? ref * 16 + inlineValueOffset(meta, keyLength) : valueRef * 16;
    return { key, text: textOf(yield* readText(reader, address, length), expireAt) };
  }
  if (encodingOf(meta) === ENCODING_LISTPACK) {
    // A listpack begins with its length.
    const bytes = yield* readBytes(reader, valueRef * 16, reader.u32(valueRef * 4));
    return { key, text: textOf(fieldsOfListpack(bytes), expireAt) };
  }
  const fields = new Map<string, string>();
  const table = new HashTableReader(reader).open(valueRef);
  for (let element = table.next(), count = 1; element !== 0; element = table.next(), count++) {
    const fieldLength = reader.u32(element * 4);
    const address = element * 16 + FIELD_HEADER_BYTES;
    const name = yield* readText(reader, address, fieldLength);
    fields.set(name, yield* readText(reader, address + fieldLength, reader.u32(element * 4 + 1)));
    if (count % PIECE_FIELDS === 0) yield;
  }
  assert.equal(fields.size, table.size, `fields of ${key}`);
  return { key, text: textOf(fields, expireAt) };
}

function* readText(reader: ArenaReader, address: number, length: number): Generator<void, string> {
  return latin1.decode(yield* readBytes(reader, address, length));
}

function* readBytes(reader: ArenaReader, address: number, length: number): Generator<void, Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += PIECE_BYTES) {
    if (at > 0) yield;
    reader.copyOut(address + at, Math.min(PIECE_BYTES, length - at), bytes, at);
  }
  return bytes;
}

function fieldsOfListpack(bytes: Uint8Array): Map<string, string> {
  const cursor = new ListpackCursor().open(bytes, 0);
  const fields = new Map<string, string>();
  while (cursor.next()) {
    const name = elementText(cursor);
    cursor.next();
    fields.set(name, elementText(cursor));
  }
  return fields;
}

function elementText({ element }: ListpackCursor): string {
  return latin1.decode(element.bytes.slice(element.start, element.end));
}

function textOf(value: Value, expireAt: number): string {
  if (typeof value === "string") return `${expireAt} ${value}`;
  return `${expireAt} ${JSON.stringify(sorted(value))}`;
}

function sorted(map: Map<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : 1);
}

function readWhole(reader: ArenaReader, ref: Ref): ReadEntry {
  const pieces = readInPieces(reader, ref);
  while (true) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}
