// Values of every type and encoding between Spork and a real redis-server: a dump of 200,000 keys there and back with
// equal DEBUG DIGEST, and DUMP and RESTORE of each encoding both ways.
import assert from "node:assert/strict";
import { type Argument, hasRedisServer, RedisServer, type RespClient, SporkServer } from "../harness/mod.ts";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { saveEnds } from "../integration/saves.ts";
import { Random } from "../values/random.ts";
import { type Sample, SAMPLES, type Word } from "../values/samples.ts";
import { payloadOf, ServerPair } from "./server_pair.ts";
import { testSeed } from "../harness/test_seed.ts";

const KEYS = 200_000;
const DATABASES = [0, 3, 9];
const BATCH = 4000;
const FAR_FUTURE_MS = 4_102_444_800_000;
const SLOW = { replyMilliseconds: 120_000 };
/** Spork cannot run it, but it keeps it. */
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
const ignore = !hasRedisServer;
const oldSamples = SAMPLES.filter((sample) => !sample.isNew);

/** Limits that make redis-server choose other encodings and other nodes for the same values. */
const LIMITS: readonly [string, string][][] = [
  [],
  [["list-max-listpack-size", "5"], ["list-compress-depth", "1"], ["stream-node-max-entries", "7"]],
  [["hash-max-listpack-entries", "0"], ["zset-max-listpack-entries", "0"], ["set-max-intset-entries", "0"]],
  [
    ["hash-max-listpack-entries", "100000"],
    ["zset-max-listpack-entries", "100000"],
    ["set-max-intset-entries", "100000"],
    ["list-max-listpack-size", "-5"],
  ],
];

/** A small value of some type. */
function smallValue(key: string, index: number): Word[] {
  switch (index % 10) {
    case 0:
      return ["RPUSH", key, index, `element of ${index}`, "x".repeat(index % 90)];
    case 1:
      return ["SADD", key, index, index + 1, -index];
    case 2:
      return ["SADD", key, `member ${index}`, "b", index];
    case 3:
      return ["ZADD", key, index / 7, "a", -index, `member ${index}`, "inf", "last"];
    case 4:
      return ["HSET", key, "name", `value ${index}`, "number", index, index, "f"];
    case 5:
      return ["XADD", key, `${index + 1}-1`, "sensor", index, "text", "x".repeat(index % 50)];
    case 6:
      return ["SET", key, index * 7919, "PXAT", FAR_FUTURE_MS + index];
    case 7:
      return ["SETBIT", key, index % 5000, 1];
    default:
      return ["SET", key, `value of key ${index} with some text behind it`];
  }
}

async function all(client: RespClient, commands: Word[][]): Promise<void> {
  const encoded: Argument[][] = commands.map((words) => words.map((word) => latin1Bytes(`${word}`)));
  for (const [at, reply] of (await client.pipeline(encoded)).entries()) {
    assert.ok(!(reply instanceof Error), `${commands[at].join(" ").slice(0, 100)}: ${reply}`);
  }
}

async function fill(client: RespClient, random: Random): Promise<void> {
  for (const [at, database] of DATABASES.entries()) {
    await client.call("SELECT", database);
    for (let index = at; index < KEYS;) {
      const commands: Word[][] = [];
      for (; commands.length < BATCH && index < KEYS; index += DATABASES.length) {
        commands.push(smallValue(`key:${index}`, index));
      }
      await all(client, commands);
    }
  }
  for (const [at, limits] of LIMITS.entries()) {
    for (const [name, value] of limits) await client.call("CONFIG", "SET", name, value);
    for (const sample of oldSamples) {
      for (const size of [1, 4]) {
        const key = `${sample.name}, ${size}, ${at}`;
        await all(client, sample.make(key, random, size));
        if (random.oneIn(3)) await client.call("PEXPIREAT", key, FAR_FUTURE_MS + size);
      }
    }
  }
}

/** What both servers tell alike: digest, sizes, times, streams with their groups. */
async function fingerprint(client: RespClient): Promise<unknown[]> {
  const parts: unknown[] = [await client.call("DEBUG", "DIGEST")];
  for (const database of DATABASES) {
    await client.call("SELECT", database);
    parts.push(await client.call("DBSIZE"));
  }
  for (let at = 0; at < LIMITS.length; at++) {
    for (const { name, type } of oldSamples) {
      for (const size of [1, 4]) {
        const key = `${name}, ${size}, ${at}`;
        parts.push([key, await client.call("PEXPIRETIME", key)]);
        if (type === "stream") parts.push(await streamInfo(client, key));
      }
    }
  }
  return parts;
}

/** XINFO STREAM FULL without what tells of the structure that holds the stream. */
async function streamInfo(client: RespClient, key: string): Promise<string> {
  const reply = await client.call("XINFO", "STREAM", key, "FULL", "COUNT", 0);
  return JSON.stringify(reply)
    .replace(/"radix-tree-(keys|nodes)",\d+,/g, "")
    // A consumer's times: RDB version 10 has but one of the two.
    .replace(/"(seen|active)-time",-?\d+,/g, "");
}

Deno.test(
  { name: "a dump of 200,000 keys of all types goes from redis-server to Spork and back", ignore },
  async () => {
    const seed = testSeed();
    const dir = await Deno.makeTempDir({ prefix: "spork-types-" });
    const redisArgs = ["--enable-debug-command", "local"];
    const sporkArgs = ["--enable-debug-command", "yes", "--rdb-version", "10"];
    try {
      const source = await RedisServer.start({ dir, args: redisArgs });
      const sourceClient = await source.connect(SLOW);
      await fill(sourceClient, new Random(seed));
      await sourceClient.call("FUNCTION", "LOAD", LIBRARY);
      const expected = await fingerprint(sourceClient);
      await sourceClient.call("SAVE");
      await source.kill();
      sourceClient.close();

      const spork = await SporkServer.start({ dir, args: sporkArgs, readyMilliseconds: 60_000 });
      const sporkClient = await spork.connect(SLOW);
      assert.deepEqual(await fingerprint(sporkClient), expected, `seed ${seed}`);
      await sporkClient.call("BGSAVE", "THREAD");
      assert.equal((await saveEnds(sporkClient)).rdb_last_bgsave_status, "ok");
      await spork.kill();
      sporkClient.close();
      const check = await new Deno.Command("redis-check-rdb", { args: [`${dir}/dump.rdb`] }).output();
      assert.equal(check.code, 0, new TextDecoder().decode(check.stdout));

      await using back = await RedisServer.start({ dir, args: redisArgs, readyMilliseconds: 60_000 });
      await using backClient = await back.connect(SLOW);
      assert.deepEqual(await fingerprint(backClient), expected, `seed ${seed}`);
      assert.equal(await backClient.call("FCALL", "f", 0), 1);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

async function digestOf(client: RespClient, key: string): Promise<unknown> {
  return await client.call("DEBUG", "DIGEST-VALUE", key);
}

async function travel(
  pair: { from: RespClient; to: RespClient },
  sample: Sample,
  random: Random,
): Promise<void> {
  const { from, to } = pair;
  await from.call("DEL", "key");
  await to.call("DEL", "key", "there");
  await all(from, sample.make("key", random));
  const payload = payloadOf(await from.raw("DUMP", "key"));
  assert.equal(await to.call("RESTORE", "there", 0, payload), "OK", sample.name);
  assert.deepEqual(await digestOf(to, "there"), await digestOf(from, "key"), sample.name);
  const back = payloadOf(await to.raw("DUMP", "there"));
  assert.equal(await from.call("RESTORE", "key", 0, back, "REPLACE"), "OK", sample.name);
  assert.deepEqual(await digestOf(from, "key"), await digestOf(to, "there"), sample.name);
  if (sample.type === "stream") {
    assert.equal(await streamInfo(from, "key"), await streamInfo(to, "there"), sample.name);
  }
}

Deno.test({ name: "DUMP and RESTORE of every type and encoding, both ways", ignore }, async () => {
  const seed = testSeed();
  const random = new Random(seed);
  await using servers = await ServerPair.start();
  await using clients = await servers.connect();
  const { spork, redis } = clients;
  for (const limits of LIMITS) {
    for (const [name, value] of limits) await clients.onBoth("CONFIG", "SET", name, value);
    for (const sample of oldSamples) {
      try {
        await travel({ from: redis, to: spork }, sample, random);
        await travel({ from: spork, to: redis }, sample, random);
      } catch (error) {
        throw new Error(`${sample.name}, seed ${seed}`, { cause: error });
      }
    }
  }
});
