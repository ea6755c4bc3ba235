// Hashes with expiring fields in RDB form: written byte by byte as Valkey 9 does, read back with their times, refused
// where they are broken.
import assert from "node:assert/strict";
import { latin1Bytes, latin1Text } from "../../../bytes/ascii.ts";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK, FLAG_FIELD_EXPIRY } from "../../../keyspace/entry_layout.ts";
import { HashValue } from "../../../keyspace/hash_value.ts";
import { Keyspace } from "../../../keyspace/keyspace.ts";
import { Arena } from "../../../memory/arena.ts";
import { LiveReader } from "../../../memory/arena_reader.ts";
import { FIELD_STAYS } from "../../../structures/field_table.ts";
import { MemoryByteSource } from "../byte_source.ts";
import { DumpEncoder, restorePayload } from "../dump_payload.ts";
import { KeyspaceSink } from "../keyspace_sink.ts";
import { loadRdb } from "../load.ts";
import { RdbBuilder } from "../rdb_builder.ts";
import { RdbError } from "../rdb_error.ts";
import { RecordingSink } from "../recording_sink.ts";
import { LOAD_LIMITS_DEFAULT } from "./load_limits.ts";

const TYPE_EXPIRING = 22;
const AT = 2 ** 41 + 12345;

const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const keyspace = new Keyspace(arena, 1);
const [database] = keyspace.databases;
const hash = new HashValue();
const key = latin1Bytes("key");
const loadedKey = { bytes: key, start: 0, end: 3, expireAt: -1, idleSeconds: -1, frequency: -1 };

type Fields = [name: string, value: string, at: number][];

function make(fields: Fields): number {
  database.remove(key, 0, 3);
  hash.create(keyspace, LOAD_LIMITS_DEFAULT, fields.length, 100);
  for (const [name, value, at] of fields) {
    hash.setExpiring(latin1Bytes(name), 0, name.length, latin1Bytes(value), 0, value.length, at);
  }
  hash.addTo(database, key, 0, 3);
  return hash.ref;
}

function fieldsOf(): Fields {
  hash.open(keyspace, database.peek(key, 0, 3));
  const fields: Fields = [];
  hash.forEach(() => {
    hash.readField();
    const name = latin1Text(hash.bytes, hash.start, hash.end);
    hash.readValue();
    fields.push([name, latin1Text(hash.bytes, hash.start, hash.end), hash.expireAt()]);
  });
  return fields.sort();
}

function restore(payload: Uint8Array): void {
  const sink = new KeyspaceSink(keyspace, LOAD_LIMITS_DEFAULT, { existing: "replace" });
  restorePayload(payload, 0, payload.length, loadedKey, sink);
}

function field(builder: RdbBuilder, name: string, value: string, at: number): RdbBuilder {
  return builder.string(name).string(value).little(BigInt(at), 8);
}

const load = { databases: 16, checksum: "verify", versionCheck: "strict", unsupported: "refuse" } as const;

Deno.test("field, value and time as a little-endian integer, -1 without one", () => {
  const ref = make([["one", "xyz", AT]]);
  const payload = new DumpEncoder(new LiveReader(arena)).dump(ref, { version: 80, compress: true });
  const expected = field(new RdbBuilder().raw(TYPE_EXPIRING).length(1), "one", "xyz", AT).raw(80, 0);
  assert.deepEqual(payload, expected.withChecksum());
  const two = make([["one", "xyz", AT], ["b", "y", FIELD_STAYS]]);
  const both = new DumpEncoder(new LiveReader(arena)).dump(two, { version: 80, compress: true });
  const stays = field(new RdbBuilder(), "b", "y", -1).build();
  assert.ok(latin1Text(both, 0, both.length).includes(latin1Text(stays, 0, stays.length)));
});

Deno.test("an older version has no form for it: the encoder refuses instead of losing the times", () => {
  const ref = make([["one", "xyz", AT]]);
  const encoder = new DumpEncoder(new LiveReader(arena));
  assert.throws(() => encoder.dump(ref, { version: 11, compress: true }), /version 11 cannot tell/);
});

Deno.test("hashes of all sizes come back with their times, known as expiring", () => {
  const encoder = new DumpEncoder(new LiveReader(arena));
  for (const count of [1, 2, 100, 3000]) {
    const fields: Fields = Array.from({ length: count }, (_, n) => [
      `field ${n}`,
      n % 7 === 0 ? "long".repeat(500) : `${n}`,
      n % 3 === 1 ? FIELD_STAYS : AT + (n * 7919) % 1000,
    ]);
    const payload = encoder.dump(make(fields), { version: 80, compress: count > 1 });
    assert.equal(payload[0], TYPE_EXPIRING);
    database.remove(key, 0, 3);
    restore(payload);
    assert.deepEqual(fieldsOf(), fields.toSorted());
    const ref = database.peek(key, 0, 3);
    assert.ok((keyspace.entries.meta(ref) & FLAG_FIELD_EXPIRY) !== 0);
    assert.ok(database.fieldExpires.has(ref));
    assert.equal(keyspace.entries.encoding(ref), ENCODING_HASHTABLE);
  }
});

Deno.test("broken ones are refused and leave nothing behind", () => {
  database.remove(key, 0, 3);
  const used = arena.usedBytes;
  const begun = (count: number) => new RdbBuilder().raw(TYPE_EXPIRING).length(count);
  const broken: [string, RdbBuilder][] = [
    ["none", begun(0)],
    ["a field twice, expiring", field(field(begun(2), "a", "1", AT), "a", "2", AT)],
    ["a field twice, staying", field(field(begun(2), "a", "1", -1), "a", "2", -1)],
    ["a field twice, one of each", field(field(begun(2), "a", "1", -1), "a", "2", AT)],
    ["a field twice, the first expired", field(field(begun(2), "a", "1", 1), "a", "2", AT)],
    ["a time before 1970", field(begun(1), "a", "1", -2)],
    ["half a time", begun(1).string("a").string("1").raw(1, 2, 3)],
    ["more fields said than there are", field(begun(900), "a", "1", AT)],
  ];
  for (const [name, builder] of broken) {
    assert.throws(() => restore(builder.raw(80, 0).withChecksum()), RdbError, name);
    assert.equal(database.peek(key, 0, 3), 0, name);
    assert.equal(arena.usedBytes, used, name);
    assert.equal(database.fieldExpires.size, 0, name);
  }
});

Deno.test("fields whose time has passed are left out of a load, and hashes that have no others", () => {
  const bytes = field(
    field(field(new RdbBuilder(80).raw(TYPE_EXPIRING).string("some").length(3), "a", "1", 999), "b", "2", AT),
    "c",
    "3",
    -1,
  )
    .raw(
      ...field(field(new RdbBuilder().raw(TYPE_EXPIRING).string("none").length(2), "a", "1", 1), "b", "2", 2)
        .build(),
    )
    .raw(
      ...field(
        field(new RdbBuilder().raw(TYPE_EXPIRING).string("stays").length(2), "a", "1", 1),
        "b",
        "2",
        -1,
      ).build(),
    )
    .end();
  const dropExpiredBefore = 1000;
  const sink = new RecordingSink();
  const report = loadRdb(new MemoryByteSource(bytes), sink, { ...load, dropExpiredBefore });
  assert.deepEqual(sink.values(), { some: { b: `2 until ${AT}`, c: "3" }, stays: { b: "2" } });
  assert.deepEqual([report.keysLoaded, report.emptyKeysSkipped], [2, 1]);

  keyspace.flushAll();
  const into = new KeyspaceSink(keyspace, LOAD_LIMITS_DEFAULT, { existing: "refuse" });
  loadRdb(new MemoryByteSource(bytes), into, { ...load, dropExpiredBefore });
  assert.deepEqual([database.size, database.fieldExpires.size], [2, 1]);
  const stays = database.keys.find(latin1Bytes("stays"), 0, 5);
  assert.equal(keyspace.entries.encoding(stays), ENCODING_LISTPACK);
});

Deno.test("a hash in pieces of any size, whole or cut", () => {
  const bytes = field(
    field(new RdbBuilder(80).raw(TYPE_EXPIRING).string("h").length(2), "a", "x".repeat(300), AT),
    "b",
    "2",
    -1,
  ).end();
  for (let size = 1; size < 40; size += 3) {
    const sink = new RecordingSink();
    const source = new MemoryByteSource(bytes);
    const inPieces = {
      totalBytes: source.totalBytes,
      read: (target: Uint8Array) => source.read(target.subarray(0, size)),
    };
    loadRdb(inPieces as MemoryByteSource, sink, load);
    assert.deepEqual(sink.values(), { h: { a: `${"x".repeat(300)} until ${AT}`, b: "2" } });
  }
  for (let cut = 12; cut < bytes.length - 9; cut += 5) {
    const sink = new RecordingSink();
    assert.throws(() => loadRdb(new MemoryByteSource(bytes.slice(0, cut)), sink, load), RdbError);
    assert.deepEqual(sink.values(), {});
  }
});
