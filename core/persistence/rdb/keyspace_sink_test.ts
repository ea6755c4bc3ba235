import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { lfuMinutes } from "../../keyspace/access.ts";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK, WORD_ACCESS } from "../../keyspace/entry_layout.ts";
import { ARENA_FULL } from "../../memory/arena.ts";
import { ArenaDataset } from "./arena_dataset.ts";
import { MemoryByteSource } from "./byte_source.ts";
import { KeyspaceSink, type KeyspaceSinkOptions } from "./keyspace_sink.ts";
import { loadRdb } from "./load.ts";
import { listpackOf, RdbBuilder } from "./rdb_builder.ts";
import { RecordingSink } from "./recording_sink.ts";
import { LOAD_LIMITS_DEFAULT } from "./types/load_limits.ts";

const refusing: KeyspaceSinkOptions = { existing: "refuse" };
const decoding = {
  databases: 16,
  checksum: "verify",
  versionCheck: "strict",
  unsupported: "refuse",
} as const;

function loadInto(dataset: ArenaDataset, bytes: Uint8Array, more: Partial<KeyspaceSinkOptions> = {}): void {
  const sink = new KeyspaceSink(dataset.keyspace, LOAD_LIMITS_DEFAULT, { ...refusing, ...more });
  loadRdb(new MemoryByteSource(bytes), sink, decoding);
}

/** What the keyspace holds, by way of the encoder and decoder. */
function contentOf(dataset: ArenaDataset): RecordingSink {
  const sink = new RecordingSink();
  loadRdb(new MemoryByteSource(dataset.encode()), sink, decoding);
  return sink;
}

function refOf(dataset: ArenaDataset, key: string, database = 0): number {
  return dataset.keyspace.databases[database].peek(latin1Bytes(key), 0, key.length);
}

Deno.test("a dataset goes through a file and comes back", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 90 }),
    fc.integer().map((value) => `${value}`),
    fc.nat(5000).map((size) => "x".repeat(size)),
  );
  const value = fc.oneof(text, fc.dictionary(text, text, { minKeys: 1, maxKeys: 30, noNullPrototype: true }));
  const entry = fc.record({ key: text, value, database: fc.constantFrom(0, 3), expires: fc.boolean() });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: (one) => one.key, maxLength: 30 }), (model) => {
      const source = new ArenaDataset(16 * 1024 * 1024);
      for (const { key, value, database, expires } of model) {
        const expireAt = expires ? 4_102_444_800_000 : -1;
        if (typeof value === "string") source.string(key, value, expireAt, database);
        else source.hashTable(key, value, expireAt, database);
      }
      const target = new ArenaDataset(16 * 1024 * 1024);
      loadInto(target, source.encode());
      const [expected, actual] = [contentOf(source), contentOf(target)];
      for (const database of [0, 3]) {
        assert.deepEqual(actual.values(database), expected.values(database));
        const { keys, expires } = target.keyspace.databases[database];
        const records = [...expected.databases.get(database)?.values() ?? []];
        assert.equal(keys.size, records.length);
        assert.equal(expires.size, records.filter((record) => record.expireAt !== -1).length);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("hashes get the encoding that their size asks for", () => {
  const table = (fields: [string, string][]) => {
    const builder = new RdbBuilder(11).raw(4).string("h").length(fields.length);
    for (const [field, value] of fields) builder.string(field).string(value);
    return builder.end();
  };
  const packed = (fields: number) =>
    new RdbBuilder(11).raw(16).string("h")
      .blob(listpackOf(Array.from({ length: fields }, (_, k) => [`f${k}`, `v${k}`]).flat())).end();
  const pairs = (count: number): [string, string][] =>
    Array.from({ length: count }, (_, k) => [`f${k}`, `v${k}`]);
  const cases: [Uint8Array, number][] = [
    [table(pairs(128)), ENCODING_LISTPACK],
    [table(pairs(129)), ENCODING_HASHTABLE],
    [table([["f", "v"], ["g", "x".repeat(64)]]), ENCODING_LISTPACK],
    [table([["f", "v"], ["g", "x".repeat(65)], ["h", "w"]]), ENCODING_HASHTABLE],
    [table([["x".repeat(65), "v"]]), ENCODING_HASHTABLE],
    [packed(128), ENCODING_LISTPACK],
    [packed(129), ENCODING_HASHTABLE],
  ];
  for (const [bytes, encoding] of cases) {
    const dataset = new ArenaDataset(4 * 1024 * 1024);
    loadInto(dataset, bytes);
    assert.equal(dataset.keyspace.entries.encoding(refOf(dataset, "h")), encoding);
    const expected = new RecordingSink();
    loadRdb(new MemoryByteSource(bytes), expected, decoding);
    assert.deepEqual(contentOf(dataset).values(), expected.values());
  }
  const dataset = new ArenaDataset(4 * 1024 * 1024);
  loadInto(dataset, table([["b", "2"], ["a", "1"], ["c", "3"]]));
  assert.deepEqual(Object.keys(contentOf(dataset).values().h), ["b", "a", "c"], "a listpack keeps the order");
});

Deno.test("a field that comes twice is refused in both encodings", () => {
  for (const count of [2, 200]) {
    const builder = new RdbBuilder(11).raw(4).string("h").length(count);
    for (let k = 0; k < count - 1; k++) builder.string(`f${k}`).string("v");
    const dataset = new ArenaDataset(4 * 1024 * 1024);
    const used = dataset.arena.usedBytes;
    assert.throws(() => loadInto(dataset, builder.string("f0").string("w").end()), { code: "RDB_BAD_VALUE" });
    assert.equal(refOf(dataset, "h"), 0);
    assert.equal(dataset.arena.usedBytes, used, "nothing of the hash is left");
  }
});

Deno.test("a key that exists is refused or replaced", () => {
  const bytes = new RdbBuilder(11).raw(0).string("k").string("new").raw(4).string("h").length(1).string("f")
    .string("new")
    .end();
  const dataset = new ArenaDataset(4 * 1024 * 1024);
  dataset.string("k", "old", 4_102_444_800_000);
  dataset.hashTable("h", { old: "x" });
  assert.throws(() => loadInto(dataset, bytes), { code: "RDB_DUPLICATE_KEY" });
  assert.equal(contentOf(dataset).values().k, "old");
  loadInto(dataset, bytes, { existing: "replace" });
  assert.deepEqual(contentOf(dataset).values(), { k: "new", h: { f: "new" } });
  assert.equal(dataset.keyspace.databases[0].expires.size, 0);
});

Deno.test("access information is kept under the policy it belongs to", () => {
  const bytes = new RdbBuilder(11).raw(0xf8).length(1000).raw(0).string("lru").string("v")
    .raw(0xf9, 77).raw(0).string("lfu").string("v").end();
  for (const usesLfu of [false, true]) {
    const dataset = new ArenaDataset(4 * 1024 * 1024);
    const { entries, clock } = dataset.keyspace;
    entries.usesLfu = usesLfu;
    loadInto(dataset, bytes);
    const access = (key: string) => dataset.arena.u32[refOf(dataset, key) * 4 + WORD_ACCESS];
    if (usesLfu) assert.equal(access("lfu"), (lfuMinutes(clock.ms) << 8) | 77);
    else assert.equal(access("lru"), (clock.lruSeconds - 1000) & 0xffffff);
  }
});

Deno.test("hints make the tables big enough, and functions and auxiliary fields are told", () => {
  const builder = new RdbBuilder(11).raw(0xfa).string("ctime").string("5").raw(0xf5).string("code").raw(
    0xfe,
    0,
    0xfb,
  )
    .length(2000).length(0);
  for (let k = 0; k < 2000; k++) builder.raw(0).string(`key:${k}`).string("v");
  const told: string[] = [];
  const dataset = new ArenaDataset(4 * 1024 * 1024);
  loadInto(dataset, builder.end(), {
    onAux: (name, value) => told.push(`${name}=${value}`),
    onFunction: (bytes, start, end) => told.push(new TextDecoder().decode(bytes.subarray(start, end))),
  });
  assert.deepEqual(told, ["ctime=5", "code"]);
  assert.equal(dataset.keyspace.databases[0].size, 2000);
  assert.equal(dataset.keyspace.databases[0].keys.isRehashing, false);
});

Deno.test("a dataset that does not fit ends in ARENA_FULL with nothing half added", () => {
  const value = "x".repeat(3000);
  const strings = new RdbBuilder(11);
  for (let k = 0; k < 500; k++) strings.raw(0).string(`key:${k}`).string(value);
  const hash = new RdbBuilder(11).raw(4).string("h").length(500);
  for (let k = 0; k < 500; k++) hash.string(`field:${k}`).string(value);
  for (const builder of [strings, hash]) {
    const dataset = new ArenaDataset(1024 * 1024);
    assert.throws(() => loadInto(dataset, builder.end()), (error) => error === ARENA_FULL);
    dataset.arena.verify();
    const { keys } = dataset.keyspace.databases[0];
    let walked = 0;
    keys.forEach(() => walked++);
    assert.equal(walked, keys.size);
    assert.equal(refOf(dataset, "h"), 0);
  }
});
