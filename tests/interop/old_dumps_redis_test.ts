// Dumps of old versions, whose encodings nobody writes any more: Spork and redis-server load them to the same dataset.
import assert from "node:assert/strict";
import {
  hasRedisServer,
  projectDirectory,
  RedisServer,
  type RespClient,
  SporkServer,
} from "../harness/mod.ts";

const FILES = [
  "encodings.rdb",
  "hash-ziplist.rdb",
  "hash-zipmap.rdb",
  "list-quicklist.rdb",
  "zset-ziplist.rdb",
];
const fixtures = `${projectDirectory}tests/fixtures/rdb/`;
const debug = ["--enable-debug-command", "yes"];

async function directoryWith(file: string): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "spork-old-" });
  await Deno.copyFile(`${fixtures}${file}`, `${dir}/dump.rdb`);
  return dir;
}

async function contentOf(client: RespClient): Promise<unknown> {
  const keys = (await client.call("KEYS", "*") as string[]).sort();
  const digests = await client.call("DEBUG", "DIGEST-VALUE", ...keys);
  return { keys, digests, all: await client.call("DEBUG", "DIGEST") };
}

for (const file of FILES) {
  Deno.test({ name: `${file} loads to what redis-server loads it to`, ignore: !hasRedisServer }, async () => {
    const dir = await directoryWith(file);
    try {
      await using redis = await RedisServer.start({ dir, args: debug });
      await using redisClient = await redis.connect();
      await using spork = await SporkServer.start({ dir, args: debug });
      await using sporkClient = await spork.connect();
      const expected = await contentOf(redisClient);
      assert.deepEqual(await contentOf(sporkClient), expected);
      assert.equal(await sporkClient.call("DEBUG", "RELOAD"), "OK");
      assert.deepEqual(await contentOf(sporkClient), expected);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

Deno.test({
  name: "empty collections of a damaged dump are left out, and the log says so",
  ignore: !hasRedisServer,
}, async () => {
  const dir = await directoryWith("corrupt_empty_keys.rdb");
  try {
    await using redis = await RedisServer.start({ dir });
    const skipped = /empty keys skipped: (\d+)/;
    const theirs = skipped.exec(await redis.waitForLog(skipped))![1];
    await using spork = await SporkServer.start({ dir });
    assert.equal(skipped.exec(await spork.waitForLog(skipped))![1], theirs);
    for (const key of ["set", "hash", "list_quicklist", "list_ziplist", "zset", "zset_listpack"]) {
      await spork.waitForLog(new RegExp(`skipping empty key: ${key}`));
    }
    await using client = await spork.connect();
    assert.deepEqual(await client.call("KEYS", "*"), []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
