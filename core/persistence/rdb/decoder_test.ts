import assert from "node:assert/strict";
import fc from "fast-check";
import type { ByteSource } from "./byte_source.ts";
import { MemoryByteSource } from "./byte_source.ts";
import { loadRdb, loadRdbInSlices, type RdbLoadReport } from "./load.ts";
import { listpackOf, RdbBuilder, ziplistOf } from "./rdb_builder.ts";
import { RdbError, type RdbErrorCode } from "./rdb_error.ts";
import { RecordingSink } from "./recording_sink.ts";
import type { RecordedValue } from "./types/recording_sinks.ts";

const options = { databases: 16, checksum: "verify", versionCheck: "strict", unsupported: "refuse" } as const;
const fixtures = new URL("../../../tests/fixtures/rdb/", import.meta.url);

function load(bytes: Uint8Array, more: Partial<Parameters<typeof loadRdb>[2]> = {}) {
  const sink = new RecordingSink();
  const report = loadRdb(new MemoryByteSource(bytes), sink, { ...options, ...more });
  return { sink, report };
}

function failure(bytes: Uint8Array, more: Partial<Parameters<typeof loadRdb>[2]> = {}): RdbError {
  const sink = new RecordingSink();
  try {
    loadRdb(new MemoryByteSource(bytes), sink, { ...options, ...more });
  } catch (error) {
    assert.ok(error instanceof RdbError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, `offset ${error.offset}`);
    assert.equal(sink.ended, false);
    return error;
  }
  throw new Error("nothing was refused");
}

function expectFailure(code: RdbErrorCode, bytes: Uint8Array, offset: number, reason: RegExp): void {
  const error = failure(bytes);
  assert.equal(error.code, code, error.message);
  assert.equal(error.offset, offset, error.message);
  assert.match(error.reason, reason);
}

/** A stream whose size nobody knows, in pieces of the given sizes, some of them late. */
class PieceSource implements ByteSource {
  readonly totalBytes = undefined;
  #at = 0;
  #turn = 0;
  constructor(private readonly bytes: Uint8Array, private readonly sizes: number[]) {}
  read(target: Uint8Array): number | Promise<number> {
    const size = Math.max(1, this.sizes[this.#turn++ % this.sizes.length]);
    const count = Math.min(size, target.length, this.bytes.length - this.#at);
    target.set(this.bytes.subarray(this.#at, this.#at + count));
    this.#at += count;
    return size % 2 === 0 ? count : Promise.resolve(count);
  }
}

Deno.test("strings in every encoding", () => {
  const { sink, report } = load(
    new RdbBuilder(11).raw(0xfe, 0)
      .raw(0).string("raw").string("hello")
      .raw(0).string("int8").raw(0xc0, 0x80)
      .raw(0).string("int16").raw(0xc1, 0x39, 0x30)
      .raw(0).string("int32").raw(0xc2, 0xff, 0xff, 0xff, 0x7f)
      .raw(0).string("negative").raw(0xc2, 0, 0, 0, 0x80)
      .raw(0).string("lzf").raw(0xc3, 7, 8, 1, 97, 98, 3 << 5, 1, 0, 99)
      .raw(0).raw(0xc1, 0xff, 0xff).string("the key is -1")
      .raw(0).string("empty").string("")
      .raw(0).string("").string("the key is empty")
      .raw(0).string("14 bits").string("x".repeat(300))
      .raw(0).string("32 bits").raw(0x80, 0, 0, 0, 2).text("ab")
      .raw(0).string("64 bits").raw(0x81, 0, 0, 0, 0, 0, 0, 0, 3).text("abc")
      .end(),
  );
  assert.deepEqual(sink.values(), {
    raw: "hello",
    int8: "-128",
    int16: "12345",
    int32: "2147483647",
    negative: "-2147483648",
    lzf: "abababac",
    "-1": "the key is -1",
    empty: "",
    "": "the key is empty",
    "14 bits": "x".repeat(300),
    "32 bits": "ab",
    "64 bits": "abc",
  });
  assert.equal(report.checksum, "verified");
  assert.equal(report.keysLoaded, 12);
  assert.ok(sink.ended);
});

Deno.test("hashes in every encoding", () => {
  const { sink } = load(
    new RdbBuilder(11).raw(0xfe, 0)
      .raw(4).string("table").length(2).string("a").string("1").raw(0xc0, 7).string("seven")
      .raw(9).string("zipmap").blob(
        new RdbBuilder().raw(2, 2).text("f1").raw(2, 0).text("v1").raw(2).text("f2")
          .raw(3, 2).text("v22..").raw(0xff).build(),
      )
      .raw(13).string("ziplist").blob(ziplistOf(["f", "v", "n", 12, "", "empty"]))
      .raw(16).string("listpack").blob(listpackOf(["f", "v", "n", 77, "", ""]))
      .end(),
  );
  assert.deepEqual(sink.values(), {
    table: { a: "1", "7": "seven" },
    zipmap: { f1: "v1", f2: "v22" },
    ziplist: { f: "v", n: "12", "": "empty" },
    listpack: { f: "v", n: "77", "": "" },
  });
  assert.equal(sink.databases.get(0)!.get("listpack")!.kind, "listpack");
});

Deno.test("opcodes around keys: databases, hints, expiry, access, auxiliary fields, functions, slots, modules", () => {
  const { sink, report } = load(
    new RdbBuilder(11).raw(0xfa).string("redis-ver").string("7.2.4").raw(0xfa).string("ctime").raw(
      0xc2,
      1,
      0,
      0,
      0,
    )
      .raw(0xf5).string("#!lua name=x\n")
      .raw(0xf7).length(123456789).length(2).length(1).length(5).string("data").length(4).little(0n, 8)
      .length(3)
      .little(0n, 4).length(1).length(9).length(0)
      .raw(0xfe, 0, 0xfb).length(100).length(50)
      .raw(0xfc).little(9_000_000_000_123n, 8).raw(0).string("ms").string("1")
      .raw(0xfd).little(2_000_000_000n, 4).raw(0).string("s").string("2")
      .raw(0xf8).length(70_000).raw(0).string("idle").string("3")
      .raw(0xf9, 200).raw(0).string("freq").string("4")
      .raw(0).string("plain").string("5")
      .raw(0xfe, 3).raw(0xf4).length(16000).length(2).length(1)
      .raw(0).string("other").string("db")
      .raw(0xfe, 0).raw(0).string("again").string("6")
      .end(),
    { unsupported: "skip" },
  );
  const zero = sink.databases.get(0)!;
  assert.equal(zero.get("ms")!.expireAt, 9_000_000_000_123);
  assert.equal(zero.get("s")!.expireAt, 2_000_000_000_000);
  assert.equal(zero.get("idle")!.idleSeconds, 70_000);
  assert.equal(zero.get("freq")!.frequency, 200);
  assert.deepEqual(zero.get("plain"), {
    value: "5",
    kind: "string",
    expireAt: -1,
    idleSeconds: -1,
    frequency: -1,
  });
  assert.equal(zero.get("again")!.value, "6");
  assert.deepEqual(sink.values(3), { other: "db" });
  assert.deepEqual(sink.auxFields, { "redis-ver": "7.2.4", ctime: "1" });
  assert.deepEqual(sink.functions, ["#!lua name=x\n"]);
  assert.deepEqual(sink.slots, [[16000, 2, 1]]);
  assert.equal(report.keysWithExpiry, 2);
  // 100 keys cannot follow in what is left of the input
  assert.equal(sink.hints.length, 1);
  assert.ok(sink.hints[0][1] < 100);
});

Deno.test("data of modules is refused by the name of the module type", () => {
  // "test-type" in six bits a character, then version 5.
  const names = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  let packed = 0n;
  for (const character of "test-type") packed = (packed << 6n) | BigInt(names.indexOf(character));
  packed = (packed << 10n) | 5n;
  const identity = Array.from({ length: 8 }, (_, k) => Number((packed >> BigInt(56 - 8 * k)) & 255n));
  const start = () => new RdbBuilder(11).raw(0xfe, 0);
  expectFailure(
    "RDB_UNSUPPORTED",
    start().raw(0xf7, 0x81, ...identity).length(2).length(1).length(0).end(),
    11,
    /data of the module type 'test-type'/,
  );
  expectFailure(
    "RDB_UNSUPPORTED",
    start().raw(7).string("k").raw(0x81, ...identity).length(0).end(),
    14,
    /values of the module type 'test-type' cannot be loaded, in key "k"/,
  );
});

Deno.test("expired keys are dropped and counted on request, empty hashes always", () => {
  const bytes = new RdbBuilder(10).raw(0xfe, 0)
    .raw(0xfc).little(1000n, 8).raw(0).string("old").string("x")
    .raw(0xfc).little(999n, 8).raw(4).string("old hash").length(1).string("f").string("v")
    .raw(0xfc).little(1001n, 8).raw(0).string("young").string("x")
    .raw(4).string("none").length(0)
    .raw(16).string("none either").blob(listpackOf([]))
    .raw(0).string("last").string("x")
    .end();
  const dropping = load(bytes, { dropExpiredBefore: 1001 });
  assert.deepEqual(Object.keys(dropping.sink.values()), ["young", "last"]);
  assert.equal(dropping.report.keysExpired, 2);
  assert.equal(dropping.report.keysLoaded, 2);
  assert.equal(dropping.report.emptyKeysSkipped, 2);
  assert.equal(
    dropping.sink.databases.get(0)!.get("last")!.expireAt,
    -1,
    "an expiry does not reach the next key",
  );
  const keeping = load(bytes);
  assert.equal(keeping.report.keysLoaded, 4);
  assert.equal(keeping.report.keysExpired, 0);
});

Deno.test("versions: old ones without checksum, Valkey's own signature, foreign and future ones refused", () => {
  assert.equal(load(new RdbBuilder(4).raw(0xff).build()).report.checksum, "absent");
  assert.equal(load(new RdbBuilder(80).end()).report.version, 80);
  assert.equal(
    load(new RdbBuilder(1).raw(0xfe, 0, 0).string("k").string("v").raw(0xff).build()).report.keysLoaded,
    1,
  );
  expectFailure("RDB_BAD_VERSION", new RdbBuilder(0).end(), 0, /version 0 does not exist/);
  expectFailure("RDB_BAD_VERSION", new RdbBuilder(12).end(), 0, /version 12 belongs to another product/);
  expectFailure("RDB_BAD_VERSION", new RdbBuilder(81).end(), 0, /version 81 is newer than 80/);
  expectFailure(
    "RDB_BAD_VERSION",
    new RdbBuilder().text("REDIS0080").end(),
    0,
    /cannot follow the signature REDIS/,
  );
  expectFailure(
    "RDB_BAD_VERSION",
    new RdbBuilder().text("VALKEY011").end(),
    0,
    /cannot follow the signature VALKEY/,
  );
  assert.equal(load(new RdbBuilder(12).end(), { versionCheck: "relaxed" }).report.version, 12);
  assert.equal(load(new RdbBuilder(81).end(), { versionCheck: "relaxed" }).report.version, 81);
});

Deno.test("checksum: verified, disabled, ignored, wrong", () => {
  const good = new RdbBuilder(9).raw(0xfe, 0, 0).string("k").string("v").end();
  assert.equal(load(good).report.checksum, "verified");
  const disabled = good.slice();
  disabled.fill(0, disabled.length - 8);
  assert.equal(load(disabled).report.checksum, "disabled");
  const wrong = good.slice();
  wrong[wrong.length - 1] ^= 1;
  expectFailure("RDB_BAD_CHECKSUM", wrong, good.length - 8, /damaged/);
  assert.equal(load(wrong, { checksum: "ignore" }).report.checksum, "ignored");
});

Deno.test("what comes after the end is left to the caller", () => {
  const preamble = Deno.readFileSync(new URL("rdb-preamble.aof", fixtures));
  const { sink, report } = load(preamble);
  assert.deepEqual(sink.values(), { k1: "v1", k2: "v2" });
  assert.equal(report.bytes + report.leftover.length, preamble.length);
  assert.match(new TextDecoder().decode(report.leftover), /^\*\d\r\n/);
});

Deno.test("real files of old versions: every encoding, every value", () => {
  const { sink, report } = load(Deno.readFileSync(new URL("encodings.rdb", fixtures)));
  assert.equal(report.version, 4);
  const list = ["1", "2", "3", "a", "b", "c", "100000", "6000000000"];
  const zset = { a: 1, b: 2, c: 3, aa: 10, bb: 20, cc: 30, aaa: 100, bbb: 200, ccc: 300, aaaa: 1000 };
  assert.deepEqual(inOrder(sink.values()), {
    compressible: "a".repeat(137),
    hash: {
      a: "1",
      aa: "10",
      aaa: "100",
      b: "2",
      bb: "20",
      bbb: "200",
      c: "3",
      cc: "30",
      ccc: "300",
      ddd: "400",
      eee: "5000000000",
    },
    hash_zipped: { a: "1", b: "2", c: "3" },
    list: [...list, ...list, ...list],
    list_zipped: list,
    number: "10",
    set: ["1", "100000", "2", "3", "6000000000", "a", "b", "c"],
    set_zipped_1: ["1", "2", "3", "4"],
    set_zipped_2: ["100000", "200000", "300000", "400000"],
    set_zipped_3: ["1000000000", "2000000000", "3000000000", "4000000000", "5000000000", "6000000000"],
    string: "Hello World",
    zset: Object.entries({ ...zset, bbbb: 5000000000, cccc: 123456789 }).sort(byName),
    zset_zipped: [["a", 1], ["b", 2], ["c", 3]],
  });
  const kinds = [...sink.databases.get(0)!].map(([key, { kind }]) => `${key} ${kind}`);
  for (const each of ["set_zipped_1 intset", "set members", "list nodes", "hash fields", "zset members"]) {
    assert.ok(kinds.includes(each), each);
  }
  const small = { hash: { f1: "v1", f2: "v2" } };
  const files: [file: string, values: Record<string, unknown>][] = [
    ["hash-ziplist.rdb", small],
    ["hash-zipmap.rdb", small],
    ["list-quicklist.rdb", { list: ["7"] }],
    ["zset-ziplist.rdb", { zset: [["one", 1], ["two", 2]] }],
  ];
  for (const [file, expected] of files) {
    const loaded = load(Deno.readFileSync(new URL(file, fixtures))).sink.values();
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(loaded[key], value, file);
  }
});

function byName([a]: [string, number], [b]: [string, number]): number {
  return a < b ? -1 : 1;
}

/** Members of sets and sorted sets sorted by name: their order in a file means nothing. */
function inOrder(values: Record<string, RecordedValue>): Record<string, RecordedValue> {
  for (const [key, value] of Object.entries(values)) {
    if (key.startsWith("set")) (value as string[]).sort();
    if (key.startsWith("zset")) (value as [string, number][]).sort(byName);
  }
  return values;
}

Deno.test("damage is refused with its code, offset and reason", () => {
  const start = () => new RdbBuilder(11).raw(0xfe, 0);
  expectFailure("RDB_BAD_MAGIC", new RdbBuilder().text("RDBREDIS1").build(), 0, /no RDB file/);
  expectFailure("RDB_TRUNCATED", new RdbBuilder().text("REDIS00").build(), 7, /while reading the header/);
  expectFailure("RDB_TRUNCATED", start().build(), 11, /while reading an opcode: at least 1 more/);
  expectFailure("RDB_TRUNCATED", start().raw(0).length(5).text("ke").build(), 15, /while reading a key/);
  expectFailure(
    "RDB_TRUNCATED",
    start().raw(0).string("k").length(5).build(),
    15,
    /in key "k" \(string\) of database 0/,
  );
  expectFailure("RDB_TRUNCATED", start().raw(0xff, 1, 2, 3).build(), 15, /while reading the checksum/);
  expectFailure("RDB_BAD_LENGTH", start().raw(0, 0x82).end(), 12, /0x82/);
  expectFailure("RDB_BAD_LENGTH", start().raw(0xfe, 0xc0, 0).end(), 12, /not an encoded string/);
  expectFailure("RDB_BAD_STRING", start().raw(0).string("k").raw(0xc4, 1).end(), 14, /4 is not a known/);
  expectFailure(
    "RDB_BAD_STRING",
    start().raw(0).string("k").raw(0xc3, 2, 9, 0, 97).end(),
    14,
    /does not decompress/,
  );
  expectFailure(
    "RDB_BAD_STRING",
    start().raw(0).string("k").raw(0xc3, 2).length(1e6).raw(0, 0).end(),
    14,
    /cannot make/,
  );
  expectFailure("RDB_UNKNOWN_TYPE", start().raw(8).string("k").end(), 11, /8 is no type or opcode/);
  expectFailure("RDB_UNKNOWN_TYPE", start().raw(22).string("k").end(), 11, /22 is no type or opcode/);
  expectFailure("RDB_UNKNOWN_TYPE", new RdbBuilder(80).raw(23).string("k").end(), 9, /23 is no type/);
  expectFailure(
    "RDB_BAD_DATABASE",
    start().raw(0xfe, 16).end(),
    12,
    /database 16 does not exist: databases is set to 16/,
  );
  expectFailure(
    "RDB_DUPLICATE_KEY",
    start().raw(0).string("k").string("1").raw(0).string("k").string("2").end(),
    16,
    /"k"/,
  );
  expectFailure(
    "RDB_UNSUPPORTED",
    start().raw(0xf6).string("a").string("b").length(0).string("c").end(),
    11,
    /release candidate/,
  );
  expectFailure(
    "RDB_BAD_VALUE",
    start().raw(4).string("h").length(2).string("f").string("1").string("f").string("2").end(),
    14,
    /same field twice/,
  );
  const unsaid = failure(start().raw(0xf7).length(1).length(9).end(), { unsupported: "skip" });
  assert.deepEqual([unsaid.code, unsaid.offset], ["RDB_BAD_VALUE", 13]);
});

Deno.test("packed hashes are checked before they are taken over", () => {
  const listpack = (bytes: Uint8Array) => new RdbBuilder(11).raw(0xfe, 0, 16).string("h").blob(bytes).end();
  const ziplist = (bytes: Uint8Array) => new RdbBuilder(9).raw(0xfe, 0, 13).string("h").blob(bytes).end();
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = bytes.slice();
    copy[at < 0 ? copy.length + at : at] = value;
    return copy;
  };
  const good = listpackOf(["f", "v"]);
  const cases: [Uint8Array, RegExp][] = [
    [listpack(listpackOf(["f", "v", "f", "w"])), /same field twice/],
    [listpack(listpackOf(["1", "v", 1, "w"])), /same field twice/],
    [listpack(listpackOf(["f", "v", "g"])), /has no value/],
    [listpack(good.subarray(0, 5)), /too short/],
    [listpack(changed(good, 0, 12)), /of 13 bytes says that it has 12/],
    [listpack(changed(good, 4, 3)), /of 2 elements says that it has 3/],
    [listpack(changed(good, -1, 0)), /end byte/],
    [listpack(changed(good, 6, 0xbf)), /reaches beyond/],
    [listpack(changed(good, 6, 0xf5)), /begins with 0xf5/],
    [listpack(changed(good, 8, 1)), /another length behind/],
    [ziplist(changed(ziplistOf(["f", "v"]), 4, 9)), /last element/],
    [ziplist(changed(ziplistOf(["f", "v"]), 10, 5)), /follows 0 bytes but says 5/],
    [ziplist(changed(ziplistOf(["f", "v"]), 11, 0x3f)), /reaches beyond/],
    [ziplist(changed(ziplistOf(["f", "v"]), 8, 4)), /says it has 4 elements/],
    [ziplist(ziplistOf(["f", "v", "f", 2])), /same field twice/],
  ];
  for (const [bytes, reason] of cases) {
    const error = failure(bytes);
    assert.equal(error.code, "RDB_BAD_VALUE", error.message);
    assert.match(error.reason, reason);
    assert.equal(error.offset, 14, error.message);
  }
});

Deno.test("a hash that breaks off is taken back", () => {
  const sink = new RecordingSink();
  const bytes = new RdbBuilder(11).raw(0xfe, 0, 4).string("h").length(3).string("f").string("v").build();
  assert.throws(() => loadRdb(new MemoryByteSource(bytes), sink, options), { code: "RDB_TRUNCATED" });
  assert.equal(sink.aborted, 1);
});

Deno.test("a length of 2^60 is refused or runs into the end of input, and never allocates", async () => {
  const huge = [0x81, 0x10, 0, 0, 0, 0, 0, 0, 0];
  const streams = [
    new RdbBuilder(11).raw(0xfe, 0, 0, ...huge).text("key"),
    new RdbBuilder(11).raw(0xfe, 0, 0).string("k").raw(...huge).text("value"),
    new RdbBuilder(11).raw(0xfe, 0, 0).string("k").raw(0xc3, ...huge, ...huge).text("value"),
    new RdbBuilder(11).raw(0xfe, 0, 4).string("k").raw(...huge).string("f").string("v"),
    new RdbBuilder(11).raw(0xfe, 0, 0xfb, ...huge, ...huge),
    new RdbBuilder(11).raw(0xfe, ...huge),
  ].map((builder) => builder.build());
  for (const bytes of streams) {
    failure(bytes);
    const loading = loadRdbInSlices(new PieceSource(bytes, [7]), new RecordingSink(), {
      ...options,
      ...slices,
    });
    await assert.rejects(loading, RdbError);
  }
  const list = new RdbBuilder(11).raw(0xfe, 0, 1).string("k").raw(...huge).string("x").build();
  assert.equal(failure(list, { unsupported: "skip" }).code, "RDB_TRUNCATED");
});

const slices = { sliceMilliseconds: 8, pause: () => Promise.resolve() };

Deno.test("the pieces that input comes in make no difference, and neither do pauses", async () => {
  const big = "0123456789abcdef".repeat(40_000);
  const builder = new RdbBuilder(11).raw(0xfe, 0).raw(0).string("big").string(big).raw(4).string("table")
    .length(900);
  for (let k = 0; k < 900; k++) builder.string(`field ${k}`).string(`value ${k}`.repeat(k % 50));
  builder.raw(16).string("listpack").blob(listpackOf(["a", "b", "c", 5])).raw(1).string("list").length(2)
    .string("x")
    .string("y").raw(0xfc).little(5_000_000_000_000n, 8).raw(0).string("k").raw(
      0xc3,
      7,
      8,
      1,
      97,
      98,
      3 << 5,
      1,
      0,
      99,
    );
  const bytes = builder.end();
  const skipping = { unsupported: "skip" } as const;
  const expected = load(bytes, skipping);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(0, 1000),
      async (sizes, sliceMilliseconds) => {
        const sink = new RecordingSink();
        let pauses = 0;
        const report: RdbLoadReport = await loadRdbInSlices(new PieceSource(bytes, sizes), sink, {
          ...options,
          ...skipping,
          sliceMilliseconds,
          pause: () => Promise.resolve(void pauses++),
        });
        assert.deepEqual(sink.databases, expected.sink.databases);
        assert.deepEqual(report, expected.report);
        if (sliceMilliseconds === 0) assert.ok(pauses > 10);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("an aborted load ends with the signal's reason and takes a half-loaded hash back", async () => {
  const builder = new RdbBuilder(11).raw(0xfe, 0, 4).string("h").length(5000);
  for (let k = 0; k < 5000; k++) builder.string(`f${k}`).string("v");
  const controller = new AbortController();
  let pauses = 0;
  const sink = new RecordingSink();
  const loading = loadRdbInSlices(new MemoryByteSource(builder.end()), sink, {
    ...options,
    sliceMilliseconds: 0,
    pause: () => Promise.resolve(++pauses === 9 ? controller.abort(new Error("enough")) : undefined),
    signal: controller.signal,
  });
  await assert.rejects(loading, /enough/);
  assert.equal(sink.aborted, 1);
});
