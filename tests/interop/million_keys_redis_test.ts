// A dump of a million keys with expiries in several databases, written by a real redis-server, loads; both servers then
// have the same DEBUG DIGEST. And back: what Spork saves of it, redis-server loads to the same digest.
import assert from "node:assert/strict";
import { type Argument, hasRedisServer, RedisServer, type RespClient, SporkServer } from "../harness/mod.ts";

const KEYS = 1_000_000;
const DATABASES = [0, 1, 7];
const BATCH = 5_000;
const FAR_FUTURE_SECONDS = 4_102_444_800;
const LOAD_MILLISECONDS_MAX = 120_000;

Deno.test({
  name: "a dump of a million keys goes from redis-server to Spork and back",
  ignore: !hasRedisServer,
}, async () => {
  const dir = await Deno.makeTempDir({ prefix: "spork-million-" });
  const shared = { dir, readyMilliseconds: LOAD_MILLISECONDS_MAX };
  const redisArgs = ["--enable-debug-command", "local"];
  try {
    const source = await RedisServer.start({ ...shared, args: redisArgs });
    const sourceClient = await slowClient(source);
    await fill(sourceClient);
    const expected = await fingerprint(sourceClient);
    await sourceClient.call("SAVE");
    await source.kill();
    sourceClient.close();

    const spork = await SporkServer.start({
      ...shared,
      args: ["--enable-debug-command", "yes", "--rdb-version", "10"],
    });
    const sporkClient = await slowClient(spork);
    assert.deepEqual(await fingerprint(sporkClient), expected);
    await sporkClient.call("SAVE");
    await spork.kill();
    sporkClient.close();

    await using back = await RedisServer.start({ ...shared, args: redisArgs });
    await using backClient = await slowClient(back);
    assert.deepEqual(await fingerprint(backClient), expected);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

function slowClient(server: RedisServer | SporkServer): Promise<RespClient> {
  return server.connect({ replyMilliseconds: LOAD_MILLISECONDS_MAX });
}

/** Short and long values, integers, binary bytes, and times to live in seconds and milliseconds. */
async function fill(client: RespClient): Promise<void> {
  for (const [at, database] of DATABASES.entries()) {
    await client.call("SELECT", database);
    const share = Math.floor(KEYS / DATABASES.length) + (at === 0 ? KEYS % DATABASES.length : 0);
    for (let start = 0; start < share; start += BATCH) {
      const commands: Argument[][] = [];
      for (let index = start; index < Math.min(start + BATCH, share); index++) commands.push(command(index));
      const replies = await client.pipeline(commands);
      assert.ok(replies.every((reply) => reply === "OK"));
    }
  }
}

function command(index: number): Argument[] {
  const key = `key:${index}`;
  switch (index % 10) {
    case 0:
      return ["SET", key, index * 7919];
    case 1:
      return ["SET", key, "x".repeat(index % 300)];
    case 2:
      return ["SET", key, Uint8Array.of(index, index >> 8, index >> 16, 0, 255, 13, 10)];
    case 3:
      return ["SET", key, `value ${index}`, "EXAT", FAR_FUTURE_SECONDS + index];
    case 4:
      return ["SET", key, -index, "PXAT", FAR_FUTURE_SECONDS * 1000 + index];
    default:
      return ["SET", key, `value of key ${index} with some text behind it`];
  }
}

async function fingerprint(client: RespClient) {
  const sizes: Record<number, unknown> = {};
  for (const database of DATABASES) {
    await client.call("SELECT", database);
    sizes[database] = await client.call("DBSIZE");
  }
  await client.call("SELECT", DATABASES[1]);
  const expiries = await client.pipeline([["EXPIRETIME", "key:13"], ["PEXPIRETIME", "key:14"], [
    "TTL",
    "key:15",
  ]]);
  return { sizes, expiries, digest: await client.call("DEBUG", "DIGEST") };
}
