// MIGRATE between two servers: what moves, what stays when something goes wrong, and that nobody gets in between.
import assert from "node:assert/strict";
import { freePort, hasRedisServer, RedisServer, SporkServer } from "../harness/mod.ts";

Deno.test("MIGRATE moves keys of several types with their expiry, and says what it did not find", async () => {
  await using source = await SporkServer.start();
  await using target = await SporkServer.start();
  await using from = await source.connect();
  await using to = await target.connect();
  await from.call("SET", "text", "x".repeat(300_000), "PX", "100000");
  await from.call("RPUSH", "list", "a", "b");
  await from.call("HSET", "hash", "f", "v");
  const migrate = (...words: string[]) =>
    from.call("MIGRATE", "127.0.0.1", `${target.port}`, ...words) as Promise<unknown>;
  assert.equal(await migrate("", "3", "1000", "KEYS", "no", "such"), "NOKEY");
  assert.equal(await migrate("", "3", "1000", "KEYS", "text", "no", "list"), "OK");
  assert.equal(await migrate("hash", "0", "1000", "COPY"), "OK");
  assert.deepEqual(await from.call("KEYS", "*"), ["hash"]);
  assert.deepEqual(await to.call("HGETALL", "hash"), ["f", "v"]);
  await to.call("SELECT", "3");
  assert.equal(await to.call("STRLEN", "text"), 300_000);
  assert.ok(await to.call("PTTL", "text") as number > 50_000);
  assert.deepEqual(await to.call("LRANGE", "list", "0", "-1"), ["a", "b"]);
  assert.equal((await source.info("stats")).migrate_cached_sockets, "1");
});

Deno.test("what the target refuses stays where it was", async () => {
  await using source = await SporkServer.start();
  await using target = await SporkServer.start({ args: ["--requirepass", "secret"] });
  await using from = await source.connect();
  await using to = await target.connect();
  await to.call("AUTH", "secret");
  await from.call("MSET", "a", "1", "b", "2");
  await to.call("SET", "a", "here");
  const migrate = (...words: string[]) =>
    from.call("MIGRATE", "127.0.0.1", `${target.port}`, "", "0", "1000", ...words);
  await assert.rejects(migrate("KEYS", "a"), /NOAUTH/);
  await assert.rejects(migrate("AUTH", "wrong", "KEYS", "b"), /WRONGPASS/);
  await assert.rejects(
    migrate("AUTH", "secret", "KEYS", "a", "b"),
    /Target instance replied with error: BUSYKEY/,
  );
  assert.deepEqual(await from.call("KEYS", "*"), ["a"]);
  assert.equal(await to.call("GET", "b"), "2");
  assert.equal(await migrate("REPLACE", "AUTH2", "default", "secret", "KEYS", "a"), "OK");
  assert.equal(await to.call("GET", "a"), "1");
  await from.call("SET", "k", "v");
  await assert.rejects(
    from.call("MIGRATE", "127.0.0.1", `${freePort()}`, "k", "0", "200"),
    /IOERR error or timeout connecting/,
  );
  await assert.rejects(from.call("MIGRATE", "127.0.0.1", "1", "k", "0", "200", "KEYS", "k"), /empty string/);
  assert.equal(await from.call("GET", "k"), "v");
});

Deno.test("while keys are on their way nobody sees or changes them; a target that is silent costs the timeout", async () => {
  await using source = await SporkServer.start();
  await using from = await source.connect();
  await using other = await source.connect();
  // Accepts and never answers.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (silent.addr as Deno.NetAddr).port;
  const accepted = silent.accept();
  await from.call("SET", "k", "v");
  const migrating = from.call("MIGRATE", "127.0.0.1", `${port}`, "k", "0", "300");
  const connection = await accepted;
  let set = false;
  const setting = other.call("SET", "k", "changed").then(() => set = true);
  await assert.rejects(migrating.finally(() => assert.equal(set, false)), /IOERR error or timeout reading/);
  await setting;
  assert.equal(await from.call("GET", "k"), "changed");
  connection.close();
});

Deno.test({
  name: "MIGRATE to and from redis-server",
  ignore: !hasRedisServer,
  async fn() {
    await using spork = await SporkServer.start({ args: ["--rdb-version", "10"] });
    await using redis = await RedisServer.start();
    await using ours = await spork.connect();
    await using theirs = await redis.connect();
    await ours.call("ZADD", "z", "1.5", "m");
    assert.equal(await ours.call("MIGRATE", "127.0.0.1", `${redis.port}`, "z", "0", "1000"), "OK");
    assert.equal(await theirs.call("ZSCORE", "z", "m"), "1.5");
    assert.equal(await theirs.call("MIGRATE", "127.0.0.1", `${spork.port}`, "z", "0", "1000"), "OK");
    assert.equal(await ours.call("ZSCORE", "z", "m"), "1.5");
  },
});
