// Lists into a file and back: every form that a file may have them in, right and damaged, and what was encoded comes back
// with the same nodes, compressed or plain.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../../../bytes/ascii.ts";
import { ENCODING_LISTPACK, ENCODING_QUICKLIST } from "../../../keyspace/entry_layout.ts";
import { type ListLimits, ListValue } from "../../../keyspace/list_value.ts";
import { ArenaFullError } from "../../../memory/arena.ts";
import { setPackedThreshold } from "../../../structures/quicklist.ts";
import { ArenaDataset } from "../arena_dataset.ts";
import { MemoryByteSource } from "../byte_source.ts";
import { KeyspaceSink } from "../keyspace_sink.ts";
import { loadRdb } from "../load.ts";
import { listpackOf, RdbBuilder, ziplistOf } from "../rdb_builder.ts";
import { RdbError } from "../rdb_error.ts";
import { LOAD_LIMITS_DEFAULT } from "./load_limits.ts";

const MiB = 1024 * 1024;

function load(bytes: Uint8Array, limits: Partial<ListLimits> = {}, dataset = new ArenaDataset(8 * MiB)) {
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

function open(dataset: ArenaDataset, key: string): ListValue {
  const ref = dataset.keyspace.databases[0].peek(latin1Bytes(key), 0, key.length);
  assert.notEqual(ref, 0, `no key ${key}`);
  const list = new ListValue();
  list.open(dataset.keyspace, ref);
  return list;
}

function textsOf(list: ListValue): string[] {
  const { items } = list;
  const texts: string[] = [];
  for (let more = items.seek(0); more; more = items.next()) {
    items.read();
    texts.push(latin1Text(items.bytes, items.start, items.end));
  }
  return texts;
}

Deno.test("lists in every form that files have them in", () => {
  const { dataset, report } = load(
    new RdbBuilder(11).raw(0xfe, 0)
      .raw(1).string("elements").length(3).string("a").raw(0xc0, 7).string("")
      .raw(10).string("ziplist").blob(ziplistOf(["a", 7, "b"]))
      .raw(14).string("ziplists").length(3).blob(ziplistOf(["a", 7])).blob(ziplistOf([])).blob(
        ziplistOf(["b"]),
      )
      .raw(18).string("listpack").length(1).length(2).blob(listpackOf(["a", 7, "b"]))
      .raw(18).string("listpacks").length(3).length(2).blob(listpackOf(["a"])).length(1).string("plain")
      .length(2).blob(listpackOf(["b"]))
      .raw(18).string("one plain").length(1).length(1).string("x".repeat(9000))
      .raw(18).string("an empty node").length(2).length(2).blob(listpackOf([])).length(2).blob(
        listpackOf(["z"]),
      )
      .raw(1).string("none").length(0)
      .raw(10).string("none").blob(ziplistOf([]))
      .raw(14).string("none").length(1).blob(ziplistOf([]))
      .raw(18).string("none").length(1).length(2).blob(listpackOf([]))
      .raw(18).string("none").length(0)
      .end(),
  );
  assert.equal(report.keysLoaded, 7);
  assert.equal(report.emptyKeysSkipped, 5);
  const expected: [string, string[], number][] = [
    ["elements", ["a", "7", ""], ENCODING_LISTPACK],
    ["ziplist", ["a", "7", "b"], ENCODING_LISTPACK],
    ["ziplists", ["a", "7", "b"], ENCODING_LISTPACK],
    ["listpack", ["a", "7", "b"], ENCODING_LISTPACK],
    ["listpacks", ["a", "plain", "b"], ENCODING_QUICKLIST],
    ["one plain", ["x".repeat(9000)], ENCODING_QUICKLIST],
    ["an empty node", ["z"], ENCODING_LISTPACK],
  ];
  for (const [key, texts, encoding] of expected) {
    const list = open(dataset, key);
    assert.deepEqual(textsOf(list), texts, key);
    assert.equal(list.encoding, encoding, key);
  }
});

Deno.test("a list gets the encoding and the compression that the limits ask for", () => {
  const long = "compressible ".repeat(9).slice(0, 60);
  const builder = new RdbBuilder(11).raw(0xfe, 0).raw(18).string("list").length(4);
  for (let node = 0; node < 4; node++) builder.length(2).blob(listpackOf([long, long]));
  const four = builder.end();
  const { dataset } = load(four, { listCompressDepth: 1 });
  const list = open(dataset, "list");
  assert.equal(list.encoding, ENCODING_QUICKLIST);
  assert.equal(list.items.nodeCount, 4);
  assert.deepEqual(textsOf(list), Array(8).fill(long));
  const plain = load(four).dataset;
  assert.ok(list.items.totalBytes < open(plain, "list").items.totalBytes);

  const one = new RdbBuilder(11).raw(0xfe, 0).raw(18).string("one").length(1).length(2)
    .blob(listpackOf(["a", "b", "c"])).end();
  assert.equal(open(load(one, { listMaxListpackSize: 2 }).dataset, "one").encoding, ENCODING_QUICKLIST);
  assert.equal(open(load(one, { listMaxListpackSize: 3 }).dataset, "one").encoding, ENCODING_LISTPACK);
});

Deno.test("damaged lists are refused and leave nothing behind", () => {
  const start = () => new RdbBuilder(11).raw(0xfe, 0);
  const good = listpackOf(["a", "b"]);
  const wrongCount = good.slice();
  wrongCount[4] = 3;
  const wrongTail = ziplistOf(["a", "b"]);
  wrongTail[4]++;
  const files = [
    start().raw(18).string("k").length(1).length(2).blob(wrongCount),
    start().raw(18).string("k").length(2).length(2).blob(good).length(2).blob(wrongCount),
    start().raw(18).string("k").length(2).length(2).blob(good).length(3).blob(good),
    start().raw(18).string("k").length(1).length(0).blob(good),
    start().raw(14).string("k").length(2).blob(ziplistOf(["a"])).blob(wrongTail),
    start().raw(10).string("k").blob(wrongTail),
    start().raw(1).string("k").length(1000).string("a"),
    start().raw(18).string("k").length(2 ** 31).length(2).blob(good),
  ];
  for (const [index, file] of files.entries()) {
    const dataset = new ArenaDataset(8 * MiB);
    const used = dataset.keyspace.arena.usedBytes;
    assert.throws(() => load(file.end(), {}, dataset), RdbError, `file ${index}`);
    assert.equal(dataset.keyspace.arena.usedBytes, used, `file ${index}`);
    assert.equal(dataset.keyspace.size, 0);
  }
});

Deno.test("a list for which the arena has no room leaves nothing behind", () => {
  const builder = new RdbBuilder(11).raw(0xfe, 0).raw(18).string("list").length(300);
  for (let node = 0; node < 300; node++) builder.length(1).string("x".repeat(9000));
  const dataset = new ArenaDataset(1 * MiB);
  const used = dataset.keyspace.arena.usedBytes;
  assert.throws(() => load(builder.end(), {}, dataset), ArenaFullError);
  assert.equal(dataset.keyspace.arena.usedBytes, used);
});

Deno.test("lists come back from a file with their nodes as they were", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 40 }),
    fc.integer().map(String),
    fc.nat(900).map((length) => "repeated ".repeat(length)),
  );
  const shape = fc.record({
    texts: fc.array(text, { minLength: 1, maxLength: 60 }),
    listMaxListpackSize: fc.constantFrom(-2, -1, 1, 4, 30),
    listCompressDepth: fc.constantFrom(0, 1, 2),
    threshold: fc.constantFrom(0, 0, 30),
  });
  fc.assert(
    fc.property(shape, ({ texts, threshold, ...limits }) => {
      const source = new ArenaDataset(16 * MiB);
      const list = new ListValue();
      setPackedThreshold(threshold);
      list.create(source.keyspace, limits);
      for (const [index, each] of texts.entries()) {
        const bytes = latin1Bytes(each);
        list.expect(bytes.length, 1);
        if (index % 3 === 0) list.items.pushHead(bytes, 0, bytes.length);
        else list.items.pushTail(bytes, 0, bytes.length);
        list.settleGrown();
      }
      list.addTo(source.keyspace.databases[0], latin1Bytes("list"), 0, 4);
      const expected = textsOf(list);
      const { dataset } = load(source.encode(), limits);
      const loaded = open(dataset, "list");
      assert.deepEqual(textsOf(loaded), expected);
      if (threshold === 0) assert.equal(loaded.items.nodeCount, list.items.nodeCount);
    }),
    { numRuns: 300 },
  );
  setPackedThreshold(0);
});
