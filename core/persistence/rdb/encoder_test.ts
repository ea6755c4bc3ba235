import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { concatBytes } from "../../bytes/concat.ts";
import { NO_EXPIRE } from "../../keyspace/entry_store.ts";
import { ArenaDataset, encoderOptions as options, rdbHeader as header } from "./arena_dataset.ts";
import { MemoryByteSource } from "./byte_source.ts";
import { CHUNK_BYTES } from "./chunk_writer.ts";
import { RdbEncoder, type RdbEncoderOptions } from "./encoder.ts";
import { loadRdb } from "./load.ts";
import { RecordingSink } from "./recording_sink.ts";

function load(bytes: Uint8Array) {
  const sink = new RecordingSink();
  const report = loadRdb(new MemoryByteSource(bytes), sink, {
    databases: 16,
    checksum: "verify",
    versionCheck: "strict",
    unsupported: "refuse",
  });
  return { sink, report };
}

/** The encoded form of one string value, without key and frame. */
function encodedValue(value: string, more: Partial<RdbEncoderOptions> = {}): Uint8Array {
  const dataset = new ArenaDataset();
  dataset.string("k", value);
  const chunks: Uint8Array[] = [];
  const encoder = new RdbEncoder(dataset.reader, { push: (chunk) => chunks.push(chunk.slice()) }, {
    ...options,
    ...more,
  });
  encoder.entry(dataset.refs()[0][0], 0);
  encoder.flush();
  // SELECTDB 0, type 0, key "k"
  const bytes = concatBytes(chunks);
  assert.deepEqual(bytes.subarray(0, 5), Uint8Array.of(0xfe, 0, 0, 1, 107));
  return bytes.subarray(5);
}

Deno.test("strings take their shortest encoding", () => {
  assert.deepEqual(encodedValue("0"), Uint8Array.of(0xc0, 0));
  assert.deepEqual(encodedValue("-128"), Uint8Array.of(0xc0, 0x80));
  assert.deepEqual(encodedValue("128"), Uint8Array.of(0xc1, 0x80, 0));
  assert.deepEqual(encodedValue("-32768"), Uint8Array.of(0xc1, 0, 0x80));
  assert.deepEqual(encodedValue("32768"), Uint8Array.of(0xc2, 0, 0x80, 0, 0));
  assert.deepEqual(encodedValue("-2147483648"), Uint8Array.of(0xc2, 0, 0, 0, 0x80));
  for (const text of ["2147483648", "-2147483649", "00", "-0", "+1", "1 ", "1.0", "-", "", "x"]) {
    assert.deepEqual(encodedValue(text), Uint8Array.of(text.length, ...latin1Bytes(text)));
  }
  const run = encodedValue("a".repeat(21));
  assert.equal(run[0], 0xc3);
  assert.ok(run.length < 12);
  assert.equal(encodedValue("a".repeat(20))[0], 20, "twenty bytes are not compressed");
  assert.equal(encodedValue("a".repeat(21), { compress: false })[0], 21);
  assert.deepEqual(
    encodedValue("abcdefghijklmnopqrstuvwxyz").subarray(0, 2),
    Uint8Array.of(26, 97),
    "what does not shrink stays",
  );
  assert.deepEqual(
    encodedValue("x".repeat(300), { compress: false }).subarray(0, 2),
    Uint8Array.of(0x41, 0x2c),
  );
  assert.deepEqual(
    encodedValue("x".repeat(16384), { compress: false }).subarray(0, 5),
    Uint8Array.of(0x80, 0, 0, 0x40, 0),
  );
});

Deno.test("header and footer for each version that can be written", () => {
  const dataset = new ArenaDataset();
  dataset.string("k", "v");
  for (const [version, magic] of [[10, "REDIS0010"], [11, "REDIS0011"], [80, "VALKEY080"]] as const) {
    const bytes = dataset.encode({ version });
    assert.equal(new TextDecoder().decode(bytes.subarray(0, 9)), magic);
    const { sink, report } = load(bytes);
    assert.equal(report.version, version);
    assert.equal(report.checksum, "verified");
    assert.deepEqual(sink.auxFields, {
      ...(version === 80 ? { "valkey-ver": "9.0.0" } : { "redis-ver": "7.2.4" }),
      "spork-ver": "0.1.0",
      "redis-bits": "64",
      ctime: "1700000000",
      "used-mem": "123456",
      "aof-base": "0",
    });
  }
  assert.equal(load(dataset.encode({ checksum: false })).report.checksum, "disabled");
});

Deno.test("replication fields and function libraries", () => {
  const dataset = new ArenaDataset();
  const chunks: Uint8Array[] = [];
  const encoder = new RdbEncoder(dataset.reader, { push: (chunk) => chunks.push(chunk.slice()) }, options);
  encoder.header({
    ...header,
    isAofBase: true,
    replication: { streamDatabase: 3, id: "a".repeat(40), offset: 2 ** 40 },
  });
  encoder.functionLibrary(latin1Bytes("#!lua name=x\nreturn 1"));
  encoder.end();
  const { sink } = load(concatBytes(chunks));
  assert.equal(sink.auxFields["repl-stream-db"], "3");
  assert.equal(sink.auxFields["repl-id"], "a".repeat(40));
  assert.equal(sink.auxFields["repl-offset"], `${2 ** 40}`);
  assert.equal(sink.auxFields["aof-base"], "1");
  assert.deepEqual(sink.functions, ["#!lua name=x\nreturn 1"]);
});

Deno.test("databases, expiries and hashes come back as they were", () => {
  const dataset = new ArenaDataset();
  dataset.string("plain", "value");
  dataset.string("expiring", "value", 4_102_444_800_123);
  dataset.string("long ago", "value", 1);
  dataset.string("before 1970", "value", -5_000_000_000_000);
  dataset.string("12345", "the key is a number");
  dataset.string("k".repeat(100), "the key compresses");
  dataset.string("", "the key is empty");
  dataset.string("other", "database", NO_EXPIRE, 15);
  dataset.hashTable("table", { a: "1", b: "x".repeat(100), "": "", "7": "-7" }, 4_102_444_800_123);
  dataset.hashListpack("listpack", ["f", "v", "g", ""]);
  dataset.hashListpack("listpack", ["f", "v"], 4_102_444_800_123, 15);
  const { sink, report } = load(dataset.encode());
  assert.deepEqual(sink.values(0), {
    plain: "value",
    expiring: "value",
    "long ago": "value",
    "before 1970": "value",
    "12345": "the key is a number",
    ["k".repeat(100)]: "the key compresses",
    "": "the key is empty",
    table: { a: "1", b: "x".repeat(100), "": "", "7": "-7" },
    listpack: { f: "v", g: "" },
  });
  assert.deepEqual(sink.values(15), { other: "database", listpack: { f: "v" } });
  const zero = sink.databases.get(0)!;
  assert.equal(zero.get("expiring")!.expireAt, 4_102_444_800_123);
  assert.equal(zero.get("before 1970")!.expireAt, -5_000_000_000_000);
  assert.equal(zero.get("plain")!.expireAt, -1);
  assert.equal(zero.get("table")!.kind, "fields");
  assert.equal(zero.get("listpack")!.kind, "listpack");
  assert.equal(sink.databases.get(15)!.get("listpack")!.expireAt, 4_102_444_800_123);
  assert.deepEqual(sink.hints.map(([database, keys]) => [database, keys]), [[0, 9], [15, 2]]);
  assert.equal(report.keysWithExpiry, 5);
});

Deno.test("access information follows the eviction policy", () => {
  const dataset = new ArenaDataset();
  dataset.string("k", "v");
  const [[ref]] = dataset.refs();
  const seconds = Math.floor(Date.now() / 1000);
  dataset.arena.setU32(ref * 4 + 1, (seconds - 90_000) & 0xffffff);
  const lru = load(dataset.encode({ access: "lru" })).sink.databases.get(0)!.get("k")!;
  assert.ok(lru.idleSeconds >= 90_000 && lru.idleSeconds < 90_100, `${lru.idleSeconds}`);
  assert.equal(lru.frequency, -1);
  const minutes = Math.floor(Date.now() / 60_000) & 0xffff;
  dataset.arena.setU32(ref * 4 + 1, (((minutes - 10) & 0xffff) << 8) | 200);
  const lfu = load(dataset.encode({ access: "lfu" })).sink.databases.get(0)!.get("k")!;
  assert.ok(lfu.frequency === 190 || lfu.frequency === 189, `${lfu.frequency}`);
  assert.equal(lfu.idleSeconds, -1);
});

const text = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 30 }),
  fc.integer().map((value) => `${value}`),
  fc.tuple(fc.string({ maxLength: 5 }), fc.nat(400)).map(([part, times]) => part.repeat(times)),
  fc.uint8Array({ maxLength: 6000, size: "max" }).map((bytes) => String.fromCharCode(...bytes)),
);

Deno.test("any dataset comes back, with and without compression", () => {
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.oneof(text, fc.dictionary(text, text, { maxKeys: 40, noNullPrototype: true })), {
        maxKeys: 40,
        noNullPrototype: true,
      }),
      fc.boolean(),
      (model, compress) => {
        const dataset = new ArenaDataset();
        for (const [key, value] of Object.entries(model)) {
          if (typeof value === "string") dataset.string(key, value);
          else if (Object.keys(value).length > 0) dataset.hashTable(key, value);
          else delete model[key];
        }
        const { sink, report } = load(dataset.encode({ compress }));
        assert.deepEqual(sink.values(), { ...model });
        assert.equal(report.keysLoaded, Object.keys(model).length);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("large strings go out in bounded chunks, compressed up to a limit", () => {
  const dataset = new ArenaDataset();
  const noise = new Uint8Array(3_000_000);
  let state = 1;
  for (let i = 0; i < noise.length; i++) noise[i] = (state = Math.imul(state, 1103515245) + 12345) >>> 24;
  let noiseText = "";
  for (let i = 0; i < noise.length; i += 5000) {
    noiseText += String.fromCharCode(...noise.subarray(i, i + 5000));
  }
  const model = {
    noise: noiseText,
    regular: "0123456789".repeat(200_000),
    "over the limit": "abc".repeat(6_000_000),
    "just above a chunk": "xy".repeat(CHUNK_BYTES / 2) + "z",
    small: "s",
  };
  for (const [key, value] of Object.entries(model)) dataset.string(key, value);
  const chunks: Uint8Array[] = [];
  dataset.encodeTo({ push: (chunk) => chunks.push(chunk.slice()) });
  for (const chunk of chunks) assert.ok(chunk.length <= CHUNK_BYTES);
  const bytes = concatBytes(chunks);
  assert.ok(bytes.length > 3_000_000 + 18_000_000 && bytes.length < 3_000_000 + 18_000_000 + 100_000);
  assert.deepEqual(load(bytes).sink.values(), model);
});

Deno.test("cancelling ends a save from within a large value", () => {
  const dataset = new ArenaDataset();
  dataset.string("large", "x".repeat(30_000_000));
  let polls = 0;
  assert.throws(() => dataset.encode({ cancelled: () => ++polls === 5 }), { code: "SAVE_CANCELLED" });
  const fields: Record<string, string> = {};
  for (let k = 0; k < 5000; k++) fields[`field:${k}`] = "v";
  const hashes = new ArenaDataset();
  hashes.hashTable("large", fields);
  polls = 0;
  assert.throws(() => hashes.encode({ cancelled: () => ++polls === 3 }), { code: "SAVE_CANCELLED" });
});

Deno.test("the save delay waits after each key, live, and ends when the save is cancelled", () => {
  const dataset = new ArenaDataset();
  for (let k = 0; k < 5; k++) dataset.string(`k${k}`, "v");
  const delays = [3000, 0, 2000, 0, 0];
  const start = performance.now();
  dataset.encode({ keySaveDelay: () => delays.shift()! });
  assert.ok(performance.now() - start >= 4.9);
  assert.deepEqual(delays, []);
  const before = performance.now();
  dataset.encode({ keySaveDelay: () => 3_600_000_000, cancelled: () => true });
  assert.ok(performance.now() - before < 60_000);
});
