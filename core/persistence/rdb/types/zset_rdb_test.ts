// Sorted sets into a file and back: every form that a file may have them in, right and damaged, and what was encoded comes
// back with the same members and scores.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../../../bytes/ascii.ts";
import { ENCODING_LISTPACK, ENCODING_SKIPLIST } from "../../../keyspace/entry_layout.ts";
import { type ZsetLimits, ZsetValue } from "../../../keyspace/zset_value.ts";
import { ArenaFullError } from "../../../memory/arena.ts";
import { ArenaDataset } from "../arena_dataset.ts";
import { MemoryByteSource } from "../byte_source.ts";
import { KeyspaceSink } from "../keyspace_sink.ts";
import { loadRdb } from "../load.ts";
import { listpackOf, RdbBuilder, ziplistOf } from "../rdb_builder.ts";
import { RdbError } from "../rdb_error.ts";
import { LOAD_LIMITS_DEFAULT } from "./load_limits.ts";

const MiB = 1024 * 1024;

function load(bytes: Uint8Array, limits: Partial<ZsetLimits> = {}, dataset = new ArenaDataset(8 * MiB)) {
  const sink = new KeyspaceSink(dataset.keyspace, { ...LOAD_LIMITS_DEFAULT, ...limits }, {
    existing: "refuse",
  });
  const options = {
    databases: 16,
    checksum: "verify",
    versionCheck: "strict",
    unsupported: "refuse",
  } as const;
  const report = loadRdb(new MemoryByteSource(bytes), sink, options);
  return { dataset, report };
}

function open(dataset: ArenaDataset, key: string): ZsetValue {
  const ref = dataset.keyspace.databases[0].peek(latin1Bytes(key), 0, key.length);
  assert.notEqual(ref, 0, `no key ${key}`);
  const zset = new ZsetValue();
  zset.open(dataset.keyspace, ref);
  return zset;
}

function contents(zset: ZsetValue): [string, number][] {
  const all: [string, number][] = [];
  zset.seek(0);
  do {
    zset.readMember();
    const text = latin1Text(zset.bytes, zset.start, zset.end);
    zset.readScore();
    all.push([text, zset.score]);
  } while (zset.forward());
  return all;
}

function double(value: number): number[] {
  return [...new Uint8Array(new Float64Array([value]).buffer)];
}

function textScore(text: string): number[] {
  return [text.length, ...latin1Bytes(text)];
}

Deno.test("sorted sets in every form that files have them in", () => {
  const { dataset, report } = load(
    new RdbBuilder(11).raw(0xfe, 0)
      .raw(3).string("texts").length(5)
      .string("b").raw(...textScore("1.5")).string("a").raw(...textScore("1.5"))
      .raw(0xc0, 7).raw(...textScore("-3")).string("h").raw(254).string("l").raw(255)
      .raw(5).string("doubles").length(3)
      .string("c").raw(...double(0.1)).string("b").raw(...double(-0)).string("a").raw(...double(-Infinity))
      .raw(12).string("ziplist").blob(ziplistOf(["a", 1, "b", "1.25", "c", "inf"]))
      .raw(17).string("listpack").blob(listpackOf(["a", 1, "b", "1.25", "c", "inf"]))
      .raw(17).string("out of order").blob(listpackOf(["a", 9, "b", 1, "c", 9, "A", 9]))
      .raw(3).string("none").length(0)
      .raw(5).string("none").length(0)
      .raw(12).string("none").blob(ziplistOf([]))
      .raw(17).string("none").blob(listpackOf([]))
      .end(),
  );
  assert.equal(report.keysLoaded, 5);
  assert.equal(report.emptyKeysSkipped, 4);
  const packed: [string, number][] = [["a", 1], ["b", 1.25], ["c", Infinity]];
  const expected: [string, [string, number][]][] = [
    ["texts", [["l", -Infinity], ["7", -3], ["a", 1.5], ["b", 1.5], ["h", Infinity]]],
    ["doubles", [["a", -Infinity], ["b", 0], ["c", 0.1]]],
    ["ziplist", packed],
    ["listpack", packed],
    ["out of order", [["b", 1], ["A", 9], ["a", 9], ["c", 9]]],
  ];
  for (const [key, pairs] of expected) {
    const zset = open(dataset, key);
    assert.deepEqual(contents(zset), pairs, key);
    assert.equal(zset.encoding, ENCODING_LISTPACK, key);
  }
});

Deno.test("a sorted set gets the encoding that the limits ask for", () => {
  const builder = () => new RdbBuilder(11).raw(0xfe, 0);
  const packed = builder().raw(17).string("z").blob(listpackOf(["a", 1, "b", 2, "c", 3])).end();
  assert.equal(open(load(packed, { zsetMaxListpackEntries: 2 }).dataset, "z").encoding, ENCODING_SKIPLIST);
  assert.equal(open(load(packed, { zsetMaxListpackEntries: 3 }).dataset, "z").encoding, ENCODING_LISTPACK);
  const long = builder().raw(5).string("z").length(2).string("sixsix").raw(...double(1))
    .string("b").raw(...double(0)).end();
  assert.equal(open(load(long, { zsetMaxListpackValue: 5 }).dataset, "z").encoding, ENCODING_SKIPLIST);
  assert.equal(open(load(long, { zsetMaxListpackValue: 6 }).dataset, "z").encoding, ENCODING_LISTPACK);
});

Deno.test("damaged sorted sets are refused and leave nothing behind", () => {
  const start = () => new RdbBuilder(11).raw(0xfe, 0);
  const files = [
    start().raw(5).string("k").length(2).string("a").raw(...double(1)).string("a").raw(...double(2)),
    start().raw(5).string("k").length(1).string("a").raw(...double(NaN)),
    start().raw(3).string("k").length(1).string("a").raw(253),
    start().raw(3).string("k").length(1).string("a").raw(...textScore("x")),
    start().raw(3).string("k").length(1).string("a").raw(...textScore("")),
    start().raw(5).string("k").length(1000).string("a").raw(...double(1)),
    start().raw(5).string("k").length(2 ** 40).string("a").raw(...double(1)),
    start().raw(12).string("k").blob(ziplistOf(["a", 1, "a", 2])),
    start().raw(12).string("k").blob(ziplistOf(["a", 1, "b"])),
    start().raw(12).string("k").blob(ziplistOf(["a", "text"])),
    start().raw(17).string("k").blob(listpackOf(["a", 1, "a", 2])),
    start().raw(17).string("k").blob(listpackOf(["a", 1, "b"])),
    start().raw(17).string("k").blob(listpackOf(["a", "nan"])),
    start().raw(17).string("k").blob(listpackOf(["a", "1x"])),
  ];
  for (const [index, file] of files.entries()) {
    const dataset = new ArenaDataset(8 * MiB);
    const used = dataset.keyspace.arena.usedBytes;
    assert.throws(() => load(file.end(), {}, dataset), RdbError, `file ${index}`);
    assert.equal(dataset.keyspace.arena.usedBytes, used, `file ${index}`);
    assert.equal(dataset.keyspace.size, 0);
  }
});

Deno.test("a sorted set for which the arena has no room leaves nothing behind", () => {
  const builder = new RdbBuilder(11).raw(0xfe, 0).raw(5).string("z").length(300);
  for (let member = 0; member < 300; member++) {
    builder.string(`${member}`.padEnd(9000, "x")).raw(...double(member));
  }
  const dataset = new ArenaDataset(1 * MiB);
  const used = dataset.keyspace.arena.usedBytes;
  assert.throws(() => load(builder.end(), {}, dataset), ArenaFullError);
  assert.equal(dataset.keyspace.arena.usedBytes, used);
});

Deno.test("sorted sets come back from a file as they were", () => {
  const member = fc.oneof(fc.string({ unit: "binary-ascii", maxLength: 40 }), fc.integer().map(String));
  const score = fc.oneof(
    fc.double({ noNaN: true }).map((value) => value + 0),
    fc.integer(),
    fc.constantFrom(0, 2 ** 62, 2 ** 63, 1e-300, 0.1),
  );
  const shape = fc.record({
    pairs: fc.dictionary(member, score, { minKeys: 1, maxKeys: 200 }),
    zsetMaxListpackEntries: fc.constantFrom(0, 10, 128),
    zsetMaxListpackValue: fc.constantFrom(10, 64),
  });
  fc.assert(
    fc.property(shape, ({ pairs, ...limits }) => {
      const source = new ArenaDataset(16 * MiB);
      const zset = new ZsetValue();
      zset.create(source.keyspace, limits, 1, 1, 1);
      for (const [text, value] of Object.entries(pairs)) {
        const bytes = latin1Bytes(text);
        assert.equal(zset.find(bytes, 0, bytes.length), false);
        zset.insert(bytes, 0, bytes.length, value === 0 ? 0 : value);
      }
      zset.addTo(source.keyspace.databases[0], latin1Bytes("zset"), 0, 4);
      const expected = contents(zset);
      assert.equal(expected.length, Object.keys(pairs).length);
      const loaded = open(load(source.encode(), limits).dataset, "zset");
      assert.deepEqual(contents(loaded), expected);
      assert.equal(loaded.encoding, zset.encoding);
    }),
    { numRuns: 300 },
  );
});
