// Memory through a real server: the limits (maxmemory with every policy, an arena that is full), expiry when a key is looked
// at and in the background, and what INFO tells of it.
import assert from "node:assert/strict";
import { eventually, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
const MEGABYTE = 1024 * 1024;

async function info(client: RespClient, section: string): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", section) as string);
}

async function usedMemory(client: RespClient): Promise<number> {
  return Number((await info(client, "memory")).used_memory);
}

/** Sets `count` keys of 1,000 bytes: `name:0`... */
async function fill(client: RespClient, name: string, count: number, ...options: string[]): Promise<void> {
  const commands = Array.from(
    { length: count },
    (_, index) => ["SET", `${name}:${index}`, "x".repeat(1000), ...options],
  );
  const replies = await client.pipeline(commands);
  assert.ok(replies.every((reply) => reply === "OK"), `${replies.find((reply) => reply !== "OK")}`);
}

Deno.test("maxmemory: refusals, and eviction by every policy", async (test) => {
  await using server = await SporkServer.start({
    args: ["--enable-debug-command", "yes", "--maxmemory-samples", "10"],
  });
  await using client = await server.connect();

  await test.step("noeviction refuses what may take memory, and nothing else", async () => {
    await client.call("HSET", "hash", "field", "1");
    await fill(client, "key", 100);
    await client.call("CONFIG", "SET", "maxmemory", "1");
    for (
      const line of [
        "SET a 1",
        "SET key:1 1",
        "APPEND key:1 x",
        "INCR n",
        "HSET hash field 2",
        "HINCRBY hash field 1",
        "COPY key:1 key:2 REPLACE",
        "MSET a 1 b 2",
        "SETRANGE key:1 0 x",
        "GETSET key:1 x",
        "RESTORE a 0 x",
      ]
    ) assert.equal(await client.error(...line.split(" ")), OOM, line);
    for (
      const line of [
        "GET key:1",
        "RENAME key:3 key:4",
        "EXPIRE key:5 100",
        "HDEL hash nofield",
        "PERSIST key:5",
        "PING",
      ]
    ) {
      await client.call(...line.split(" "));
    }
    assert.equal(await client.call("HGET", "hash", "field"), "1");
    assert.equal(await client.call("DEL", ...Array.from({ length: 100 }, (_, index) => `key:${index}`)), 99);
    const stats = await info(client, "stats");
    assert.equal(stats.evicted_keys, "0");
    assert.ok(Number(stats.current_eviction_exceeded_time) >= 0);
    assert.equal((await info(client, "errorstats")).errorstat_OOM, "count=11");
    assert.equal(
      (await info(client, "commandstats")).cmdstat_append,
      "calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0",
    );
    await client.call("CONFIG", "SET", "maxmemory", "0");
    assert.equal(await client.call("SET", "a", "1"), "OK");
  });

  for (
    const policy of [
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
    ]
  ) {
    await test.step(`${policy} keeps memory under the limit`, async () => {
      await client.call("FLUSHALL");
      await client.call("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", policy);
      const before = Number((await info(client, "stats")).evicted_keys);
      await fill(client, "stays", 500);
      await fill(client, "volatile", 1500, "EX", "10000");
      const limit = await usedMemory(client);
      await client.call("CONFIG", "SET", "maxmemory", limit);
      await fill(client, "more", 1500, "EX", "5000");
      await eventually(async () => await usedMemory(client) <= limit, { what: "memory is under the limit" });
      const evicted = Number((await info(client, "stats")).evicted_keys) - before;
      assert.ok(evicted >= 1400 && evicted < 1700, `${evicted} evicted`);
      const count = async (name: string) => (await client.call("KEYS", `${name}:*`) as string[]).length;
      if (policy.startsWith("volatile")) {
        assert.equal(await count("stays"), 500, "keys without expiry stay");
        await client.call("CONFIG", "SET", "maxmemory", "100kb");
        assert.equal(
          await eventually(async () => await client.error("SET", "a", "1").catch(() => false), {
            what: "nothing is left to evict",
          }),
          OOM,
        );
        assert.equal(await count("stays"), 500);
        assert.equal(await count("volatile") + await count("more"), 0);
      }
      await client.call("CONFIG", "SET", "maxmemory", "0");
    });
  }

  await test.step("what was used lately, or goes last, is kept", async () => {
    await client.call("FLUSHALL");
    await client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await fill(client, "old", 1000);
    const payload = await dumpOf(client, "old:0");
    // Half of the keys have not been used for long.
    for (let index = 0; index < 500; index++) {
      await client.call("RESTORE", `old:${index}`, "0", payload, "REPLACE", "IDLETIME", "10000");
    }
    await client.call("CONFIG", "SET", "maxmemory", await usedMemory(client));
    await fill(client, "new", 250);
    const idle = Array.from({ length: 500 }, (_, index) => `old:${index}`);
    const used = Array.from({ length: 500 }, (_, index) => `old:${index + 500}`);
    assert.ok(await client.call("EXISTS", ...idle) as number < 300);
    assert.ok(await client.call("EXISTS", ...used) as number > 480);

    await client.call("FLUSHALL");
    await client.call("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "volatile-ttl");
    await fill(client, "soon", 500, "EX", "100");
    await fill(client, "late", 500, "EX", "10000");
    await client.call("CONFIG", "SET", "maxmemory", await usedMemory(client));
    await fill(client, "new", 250, "EX", "100000");
    const left = async (name: string) => (await client.call("KEYS", `${name}:*`) as string[]).length;
    assert.ok(await left("soon") < 300);
    assert.ok(await left("late") > 480);
    await client.call("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction");
    await client.call("FLUSHALL");
  });
});

async function dumpOf(client: RespClient, key: string): Promise<Uint8Array> {
  const reply = await client.raw("DUMP", key);
  return Uint8Array.from(reply.slice(reply.indexOf("\r\n") + 2, -2), (character) => character.charCodeAt(0));
}

Deno.test("a full arena: -OOM, nothing half done, and the server goes on", async () => {
  await using server = await SporkServer.start({
    args: ["--arena-size", "16mb", "--enable-debug-command", "yes"],
  });
  await using client = await server.connect();
  const value = "v".repeat(3000);
  await client.call("HSET", "hash", "f", "1");
  await client.call("SET", "number", "999");
  let count = 0;
  const full = await eventually(async () => {
    const replies = await client.pipeline(
      Array.from({ length: 500 }, (_, index) => ["SET", `key:${count + index}`, value]),
    );
    count += replies.filter((reply) => reply === "OK").length;
    return replies.find((reply) => reply instanceof Error);
  }, { what: "the arena is full" });
  assert.equal((full as Error).message, OOM);
  assert.equal(await client.call("DBSIZE"), count + 2);
  const payload = await dumpOf(client, "key:0");
  const digest = await client.call("DEBUG", "DIGEST");
  const dirty = (await info(client, "persistence")).rdb_changes_since_last_save;
  for (
    const words of [
      ["SET", "new", value],
      ["MSET", "key:0", "1", "new", value],
      ["APPEND", "number", "x".repeat(MEGABYTE)],
      ["SETRANGE", "key:1", `${2 * MEGABYTE}`, "x"],
      ["HSET", "hash", "g", "2", "big", "x".repeat(MEGABYTE)],
      ["HSET", "newhash", "big", "x".repeat(MEGABYTE)],
      ["COPY", "key:1", "copy"],
      ["RESTORE", "key:1", "0", payload, "REPLACE"],
      ["RESTORE", "new", "0", payload],
      ["GETSET", "key:2", "x".repeat(MEGABYTE)],
    ]
  ) {
    assert.equal(await client.error(...words), OOM, String(words[0]));
    assert.equal(await client.call("DEBUG", "DIGEST"), digest, `${words[0]} changed nothing`);
  }
  assert.equal((await info(client, "persistence")).rdb_changes_since_last_save, dirty);
  // What needs (nearly) no memory still works, and room that is made is used.
  assert.equal(await client.call("INCR", "number"), 1000);
  assert.equal(await client.call("GET", "key:7"), value);
  assert.equal(await client.call("DEL", "key:1", "key:2", "key:3"), 3);
  assert.equal(await client.call("SET", "new", value), "OK");
  assert.equal(await client.call("SAVE"), "OK");
  assert.equal(await client.call("FLUSHALL"), "OK");
  assert.equal(await client.call("MSET", "a", value, "b", value), "OK");
  assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
  assert.equal(await client.call("DBSIZE"), count);
});

Deno.test("expiry: hidden at once, deleted when looked at and in the background, counted once", async (test) => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes", "--hz", "100"] });
  await using client = await server.connect();
  const expired = async () => Number((await info(client, "stats")).expired_keys);

  await test.step("lazily", async () => {
    await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    const names = ["get", "exists", "ttl", "del", "rename", "scan", "set", "incr"];
    for (const name of names) await client.call("SET", name, "5", "PX", "1");
    await client.call("DEBUG", "SLEEP", "0.01");
    assert.equal(await client.call("DBSIZE"), names.length, "nobody has looked yet");
    assert.equal(await client.call("GET", "get"), null);
    assert.equal(await client.call("EXISTS", "exists"), 0);
    assert.equal(await client.call("TTL", "ttl"), -2);
    assert.equal(await client.call("DEL", "del"), 0);
    assert.equal(await client.error("RENAME", "rename", "other"), "ERR no such key");
    assert.equal(await client.call("INCR", "incr"), 1);
    assert.equal(await client.call("SET", "set", "1"), "OK");
    assert.equal(await client.call("TTL", "set"), -1, "the old time does not count for the new value");
    assert.deepEqual(await client.call("SCAN", "0", "COUNT", "100", "MATCH", "scan"), ["0", []]);
    assert.equal(await expired(), names.length);
    assert.equal(await client.call("DBSIZE"), 2);
  });

  await test.step("actively, whatever the database, without anybody looking", async () => {
    await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    const before = await expired();
    for (const database of [0, 7]) {
      await client.call("SELECT", database);
      await fill(client, "short", 2000, "PX", "50");
      await fill(client, "long", 100, "EX", "1000");
    }
    const fields = await info(client, "keyspace");
    assert.match(fields.db7, /^keys=\d+,expires=\d+,avg_ttl=\d+,/);
    await eventually(async () => await expired() === before + 4000, { what: "all short keys are gone" });
    assert.equal(await client.call("DBSIZE"), 100);
    const stats = await info(client, "stats");
    assert.ok(Number(stats.expired_stale_perc) > 0 && Number(stats.expired_stale_perc) <= 100);
    assert.ok(Number(stats.expire_cycle_cpu_milliseconds) > 0);
    await client.call("SELECT", "0");
  });

  await test.step("a time in the past deletes at once, and is no expiry", async () => {
    const before = await expired();
    await client.call("SET", "past", "1");
    assert.equal(await client.call("EXPIREAT", "past", "1"), 1);
    assert.equal(await client.call("EXISTS", "past"), 0);
    assert.equal(await expired(), before);
  });
});
