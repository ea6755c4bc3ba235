// What a program does with ioredis and with iovalkey, which have the same interface: one suite for both.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Redis, RedisOptions } from "ioredis";
import { eventually, type ServerProcess } from "../harness/mod.ts";
import { startServer } from "./start_server.ts";

export function runIoredisSuite(library: string, create: (options: RedisOptions) => Redis): void {
  const test = (name: string, body: (client: Redis, server: ServerProcess) => Promise<void>) =>
    Deno.test(`${library}: ${name}`, async () => {
      await using server = await startServer();
      const client = create({ port: server.port, host: "127.0.0.1", connectionName: `${library}-test` });
      try {
        await body(client, server);
      } finally {
        client.disconnect();
      }
    });

  test("becomes ready and names its connection", async (client) => {
    assert.equal(await client.ping(), "PONG");
    assert.equal(client.status, "ready");
    assert.equal(await client.client("GETNAME"), `${library}-test`);
    assert.match(await client.info("server"), /redis_version:\d+\.\d+/);
  });

  test("strings with options, expiry and binary values", async (client) => {
    assert.equal(await client.set("k", "v", "EX", 100, "NX"), "OK");
    assert.equal(await client.set("k", "w", "NX"), null);
    assert.equal(await client.get("k"), "v");
    const ttl = await client.ttl("k");
    assert.ok(ttl > 90 && ttl <= 100, `${ttl}`);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.set(Buffer.from([0, 255]), bytes);
    assert.deepEqual(await client.getBuffer(Buffer.from([0, 255])), bytes);
    assert.equal(await client.append("k", "äö"), 5);
    assert.equal(await client.get("k"), "väö");
    assert.equal(await client.incrby("n", 40), 40);
    assert.equal(await client.incrbyfloat("n", 2.5), "42.5");
    assert.deepEqual(await client.mget("k", "none", "n"), ["väö", null, "42.5"]);
  });

  test("hashes", async (client) => {
    assert.equal(await client.hset("h", { name: "spoon", prongs: "4" }), 2);
    assert.deepEqual(await client.hgetall("h"), { name: "spoon", prongs: "4" });
    assert.equal(await client.hincrby("h", "prongs", 2), 6);
    assert.deepEqual(await client.hmget("h", "prongs", "none"), ["6", null]);
    assert.equal(await client.hdel("h", "name", "none"), 1);
    assert.deepEqual(await client.hkeys("h"), ["prongs"]);
  });

  test("a pipeline keeps order and carries errors", async (client) => {
    const results = await client.pipeline().set("a", "x").incr("a").get("a").exec();
    assert.equal(results!.length, 3);
    assert.deepEqual(results![0], [null, "OK"]);
    assert.match(results![1][0]!.message, /^ERR value is not an integer or out of range$/);
    assert.deepEqual(results![2], [null, "x"]);
  });

  test("ten thousand commands in flight", async (client) => {
    const replies = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => client.incrby("sum", index)),
    );
    assert.equal(replies.at(-1), 10_000 * 9_999 / 2);
  });

  test("errors reject with the server's words", async (client) => {
    await client.set("s", "text");
    await assert.rejects(
      client.hget("s", "f"),
      /^ReplyError: WRONGTYPE Operation against a key holding the wrong kind/,
    );
    await assert.rejects(
      client.call("NOSUCH", "a"),
      /unknown command 'NOSUCH', with args beginning with: 'a'/i,
    );
  });

  test("scanStream visits every key", async (client) => {
    const names = Array.from({ length: 1000 }, (_, index) => `key:${index}`);
    await client.mset(names.flatMap((name) => [name, "v"]));
    const seen = new Set<string>();
    for await (const keys of client.scanStream({ match: "key:*", count: 50 })) {
      for (const key of keys as string[]) seen.add(key);
    }
    assert.deepEqual([...seen].sort(), names.sort());
  });

  test("select keeps databases apart", async (client) => {
    await client.set("k", "zero");
    await client.select(3);
    assert.equal(await client.get("k"), null);
    await client.set("k", "three");
    await client.select(0);
    assert.equal(await client.get("k"), "zero");
    assert.equal(await client.move("k", 5), 1);
    assert.equal(await client.dbsize(), 0);
  });

  Deno.test(`${library}: reconnects after a restart and sends what waited`, async () => {
    const first = await startServer();
    const client = create({
      port: first.port,
      host: "127.0.0.1",
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
    });
    client.on("error", () => {}); // the refused connections while the server is away
    try {
      await client.set("k", "v");
      await first.stop();
      await eventually(() => client.status !== "ready", { what: "the client has noticed the end" });
      const waiting = client.set("after", "restart");
      await using second = await startServer({ port: first.port });
      assert.equal(await waiting, "OK");
      await using direct = await second.connect();
      assert.equal(await direct.call("GET", "after"), "restart");
    } finally {
      client.disconnect();
    }
  });

  Deno.test(`${library}: authenticates with requirepass`, async () => {
    await using server = await startServer({ args: ["--requirepass", "secret"] });
    const client = create({ port: server.port, host: "127.0.0.1", password: "secret" });
    const stranger = create({
      port: server.port,
      host: "127.0.0.1",
      lazyConnect: true,
      retryStrategy: () => null,
    });
    const refusals: string[] = [];
    stranger.on("error", (error) => refusals.push(error.message));
    try {
      assert.equal(await client.ping(), "PONG");
      // A client that greets with HELLO fails to connect, one that does not is refused at its first command.
      await assert.rejects(stranger.get("k"), (error: Error) => refusals.push(error.message) > 0);
      assert.match(refusals.join("\n"), /NOAUTH /);
    } finally {
      client.disconnect();
      stranger.disconnect();
    }
  });
}
