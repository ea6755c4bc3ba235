// RDB files and DUMP payloads to and from a real redis-server: what it writes is read to the same content, what Spork's
// encoder writes passes redis-check-rdb and is loaded by it. Shown as ignored where redis-server is not installed.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { ArenaDataset } from "../../core/persistence/rdb/arena_dataset.ts";
import { FileByteSource } from "../../core/persistence/rdb/byte_source.ts";
import { checkRdbFile } from "../../core/persistence/rdb/check.ts";
import { DumpEncoder, isDumpPayload, restorePayload } from "../../core/persistence/rdb/dump_payload.ts";
import { loadRdb } from "../../core/persistence/rdb/load.ts";
import { RecordingSink } from "../../core/persistence/rdb/recording_sink.ts";
import { type Argument, hasRedisServer, RedisServer, type RespClient } from "../harness/mod.ts";

interface ModelKey {
  database: number;
  value: string | Record<string, string>;
  expireAt: number;
}

const FAR = 4_102_444_800_000;
/** DEBUG DIGEST tells whether two datasets are equal. */
const debug = { args: ["--enable-debug-command", "local"] };

/** Strings in all encodings, hashes small and large, with and without expiry, in three databases. */
function model(): Map<string, ModelKey> {
  const keys = new Map<string, ModelKey>();
  const add = (key: string, value: ModelKey["value"], expireAt = -1, database = 0) =>
    keys.set(key, { database, value, expireAt });
  for (const number of [0, -1, 127, -128, 128, 32767, -32769, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 52]) {
    add(`number ${number}`, `${number}`);
  }
  add("9223372036854775807", "-9223372036854775808");
  add("1234", "the key is a number");
  add("", "");
  add("long key ".repeat(30), "both compress ".repeat(30));
  add("text", "a short text", FAR + 1);
  add("repetitive", "abc".repeat(50_000), FAR + 2);
  let binary = "";
  for (let k = 0; k < 3000; k++) binary += String.fromCharCode((k * k * 31 + 7 * k) & 0xff);
  add("binary\0\r\n\xff", binary);
  add("megabytes", binary.repeat(1000));
  add("small hash", { f: "v", "12": "-34", "": "empty", ["x".repeat(40)]: "y".repeat(60) });
  add("expiring hash", { a: "1" }, FAR + 3, 9);
  const large: Record<string, string> = {};
  for (let k = 0; k < 2000; k++) large[`field:${k}`] = k % 3 === 0 ? `${k}` : `value ${k} `.repeat(k % 20);
  add("large hash", large);
  add("hash with a long value", { f: "z".repeat(5000) }, FAR + 4, 15);
  for (let k = 0; k < 500; k++) {
    add(`key:${k}`, `value:${k}`, k % 5 === 0 ? FAR + k : -1, k % 2 === 0 ? 9 : 0);
  }
  return keys;
}

/** Puts the model into a redis-server by commands. */
async function fill(client: RespClient, keys: Map<string, ModelKey>): Promise<void> {
  const commands: Argument[][] = [];
  for (const [key, { database, value, expireAt }] of keys) {
    commands.push(["SELECT", database]);
    const name = latin1Bytes(key);
    if (typeof value === "string") commands.push(["SET", name, latin1Bytes(value)]);
    else commands.push(["HSET", name, ...Object.entries(value).flat().map(latin1Bytes)]);
    if (expireAt !== -1) commands.push(["PEXPIREAT", name, expireAt]);
  }
  for (const reply of await client.pipeline(commands)) assert.ok(!(reply instanceof Error), String(reply));
}

function assertIsModel(sink: RecordingSink, keys: Map<string, ModelKey>): void {
  let count = 0;
  for (const loaded of sink.databases.values()) count += loaded.size;
  assert.equal(count, keys.size);
  for (const [key, { database, value, expireAt }] of keys) {
    const loaded = sink.databases.get(database)?.get(key);
    assert.ok(loaded, `"${key}" is missing in database ${database}`);
    assert.deepEqual(loaded.value, value, `value of "${key}"`);
    assert.equal(loaded.expireAt, expireAt, `expiry of "${key}"`);
  }
}

function loadFile(path: string) {
  const sink = new RecordingSink();
  using file = Deno.openSync(path, { read: true });
  const report = loadRdb(new FileByteSource(file), sink, {
    databases: 16,
    checksum: "verify",
    versionCheck: "strict",
    unsupported: "refuse",
  });
  return { sink, report };
}

Deno.test({
  name: "a dump of redis-server is read to the same content, and passes the check",
  ignore: !hasRedisServer,
  async fn() {
    const keys = model();
    await using server = await RedisServer.start();
    await using client = await server.connect();
    await fill(client, keys);
    for (const compression of ["yes", "no"]) {
      await client.call("CONFIG", "SET", "rdbcompression", compression);
      await client.call("SAVE");
      const path = `${server.dir}/dump.rdb`;
      const { sink, report } = loadFile(path);
      assertIsModel(sink, keys);
      assert.equal(report.version, 10);
      assert.equal(report.checksum, "verified");
      assert.equal(report.bytes, Deno.statSync(path).size);
      assert.equal(sink.databases.get(0)!.get("small hash")!.kind, "listpack");
      assert.equal(sink.databases.get(0)!.get("large hash")!.kind, "fields");
      const lines: string[] = [];
      assert.equal(checkRdbFile(path, (line) => lines.push(line)), 0);
      assert.ok(lines.includes(`[info] ${keys.size} keys read`));
    }
  },
});

Deno.test({
  name: "access information in a dump of redis-server is read",
  ignore: !hasRedisServer,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await server.connect();
    for (const [policy, field] of [["allkeys-lru", "idleSeconds"], ["allkeys-lfu", "frequency"]] as const) {
      await client.call("CONFIG", "SET", "maxmemory-policy", policy);
      await client.call("SET", "key", "value");
      await client.call("SAVE");
      const key = loadFile(`${server.dir}/dump.rdb`).sink.databases.get(0)!.get("key")!;
      assert.ok(key[field] >= 0 && key[field] < 60, `${field} ${key[field]}`);
    }
  },
});

Deno.test({
  name: "other types of redis-server pass the check",
  ignore: !hasRedisServer,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await server.connect();
    const many = Array.from({ length: 2000 }, (_, k) => `member number ${k}`);
    await client.pipeline([
      ["RPUSH", "small list", "a", "1", "b"],
      ["RPUSH", "large list", ...many, "x".repeat(20_000)],
      ["SADD", "intset", 1, 2, 300000, -5],
      ["SADD", "small set", "a", "b"],
      ["SADD", "large set", ...many],
      ["ZADD", "small zset", 1, "a", "-inf", "b", 2.5, "c"],
      ["ZADD", "large zset", ...many.flatMap((member, k) => [k / 3, member])],
      ["XADD", "stream", "1-1", "f", "v", "g", "w"],
      ["XADD", "stream", "2-1", "f", "v"],
      ["XGROUP", "CREATE", "stream", "group", "0"],
      ["XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">"],
      ["FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"],
      ["SAVE"],
    ]);
    const lines: string[] = [];
    assert.equal(checkRdbFile(`${server.dir}/dump.rdb`, (line) => lines.push(line)), 0, lines.join("\n"));
    assert.ok(lines.includes("[info] 8 keys read"), lines.join("\n"));
    assert.ok(lines.includes("[info] 1 function libraries"), lines.join("\n"));
  },
});

function arenaOf(keys: Map<string, ModelKey>): ArenaDataset {
  const dataset = new ArenaDataset();
  for (const [key, { database, value, expireAt }] of keys) {
    if (typeof value === "string") dataset.string(key, value, expireAt, database);
    else if (key === "small hash") {
      dataset.hashListpack(key, Object.entries(value).flat(), expireAt, database);
    } else dataset.hashTable(key, value, expireAt, database);
  }
  return dataset;
}

Deno.test({
  name: "a version 10 file passes redis-check-rdb and is loaded by redis-server with equal content",
  ignore: !hasRedisServer,
  async fn() {
    const keys = model();
    const dataset = arenaOf(keys);
    await using reference = await RedisServer.start(debug);
    await using client = await reference.connect();
    await fill(client, keys);
    const digest = await client.call("DEBUG", "DIGEST");
    for (
      const more of [{ compress: true }, { compress: false, checksum: false }, { access: "lru" as const }]
    ) {
      const dir = await Deno.makeTempDir();
      try {
        await Deno.writeFile(`${dir}/dump.rdb`, dataset.encode({ version: 10, ...more }));
        const check = await new Deno.Command("redis-check-rdb", { args: [`${dir}/dump.rdb`] }).output();
        assert.equal(check.code, 0, new TextDecoder().decode(check.stdout));
        await using server = await RedisServer.start({ dir, ...debug });
        await using loaded = await server.connect();
        assert.equal(await loaded.call("DEBUG", "DIGEST"), digest);
        await loaded.call("SELECT", 15);
        assert.equal(await loaded.call("PEXPIRETIME", "hash with a long value"), FAR + 4);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    }
  },
});

Deno.test({
  name: "DUMP payloads go both ways",
  ignore: !hasRedisServer,
  async fn() {
    const keys = model();
    const dataset = arenaOf(keys);
    const encoder = new DumpEncoder(dataset.reader);
    await using server = await RedisServer.start(debug);
    await using client = await server.connect();
    await fill(client, keys);
    const entries = dataset.keyspace.entries;
    for (const [ref, database] of dataset.refs()) {
      await client.call("SELECT", database);
      const name = entries.keyBytes(ref);
      const theirs = await client.raw("DUMP", name);
      const payload = latin1Bytes(theirs.slice(theirs.indexOf("\r\n") + 2, -2));
      assert.ok(isDumpPayload(payload, 0, payload.length, { versionCheck: "strict" }));
      const sink = new RecordingSink();
      const key = { bytes: name, start: 0, end: name.length, expireAt: -1, idleSeconds: -1, frequency: -1 };
      restorePayload(payload, 0, payload.length, key, sink);
      const text = String.fromCharCode(...name);
      assert.deepEqual(sink.values(), { [text]: keys.get(text)!.value });

      const before = await client.call("DEBUG", "DIGEST-VALUE", name);
      const expireAt = Math.max(0, keys.get(text)!.expireAt);
      const ours = encoder.dump(ref, { version: 10, compress: true });
      assert.equal(await client.call("RESTORE", name, expireAt, ours, "REPLACE", "ABSTTL"), "OK");
      assert.deepEqual(await client.call("DEBUG", "DIGEST-VALUE", name), before);
    }
  },
});
