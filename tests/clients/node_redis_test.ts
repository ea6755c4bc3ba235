// npm redis (node-redis) against a server process, in both protocol versions.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createClient, createClientPool, RESP_TYPES } from "redis";
import type { ServerProcess } from "../harness/mod.ts";
import { startServer } from "./start_server.ts";

for (const protocol of [2, 3] as const) {
  const connect = async (server: ServerProcess) => {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP: protocol });
    client.on("error", () => {}); // a lost connection also rejects the command that waits for it
    await client.connect();
    return client;
  };
  type Client = Awaited<ReturnType<typeof connect>>;

  const test = (name: string, body: (client: Client, server: ServerProcess) => Promise<void>) =>
    Deno.test(`node-redis RESP${protocol}: ${name}`, async () => {
      await using server = await startServer();
      const client = await connect(server);
      try {
        await body(client, server);
      } finally {
        client.destroy();
      }
    });

  test("strings, expiry and binary values", async (client) => {
    assert.equal(await client.ping(), "PONG");
    assert.equal(
      await client.set("k", "v", { expiration: { type: "EX", value: 100 }, condition: "NX" }),
      "OK",
    );
    assert.equal(await client.set("k", "w", { condition: "NX" }), null);
    const ttl = await client.ttl("k");
    assert.ok(ttl > 90 && ttl <= 100, `${ttl}`);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.set("b", bytes);
    const asBuffer = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    assert.deepEqual(await asBuffer.get("b"), bytes);
    assert.deepEqual(await client.mGet(["k", "none"]), ["v", null]);
    assert.equal(await client.incrBy("n", 41), 41);
    assert.equal(await client.getDel("k"), "v");
    assert.equal(await client.exists("k"), 0);
  });

  test("hashes", async (client) => {
    assert.equal(await client.hSet("h", { name: "spoon", prongs: "4" }), 2);
    assert.deepEqual({ ...await client.hGetAll("h") }, { name: "spoon", prongs: "4" });
    assert.equal(await client.hIncrBy("h", "prongs", 2), 6);
    assert.equal(Number(await client.hIncrByFloat("h", "prongs", 0.5)), 6.5);
    assert.deepEqual(await client.hmGet("h", ["prongs", "none"]), ["6.5", null]);
    const fields: string[] = [];
    for await (const entries of client.hScanIterator("h")) {
      for (const { field } of Array.isArray(entries) ? entries : [entries]) fields.push(String(field));
    }
    assert.deepEqual(fields.sort(), ["name", "prongs"]);
  });

  test("automatic pipelining keeps order", async (client) => {
    const replies = await Promise.all(Array.from({ length: 5000 }, () => client.incr("n")));
    assert.deepEqual(replies, Array.from({ length: 5000 }, (_, index) => index + 1));
  });

  test("scanIterator visits every key", async (client) => {
    const names = Array.from({ length: 500 }, (_, index) => `key:${index}`);
    await client.mSet(names.flatMap((name) => [name, "v"]));
    const seen = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: "key:*", COUNT: 50, TYPE: "string" })) {
      for (const key of Array.isArray(keys) ? keys : [keys]) seen.add(String(key));
    }
    assert.deepEqual([...seen].sort(), names.sort());
  });

  test("errors reject with the server's words", async (client) => {
    await client.set("s", "text");
    await assert.rejects(
      client.hGet("s", "f"),
      /WRONGTYPE Operation against a key holding the wrong kind of value/,
    );
    await assert.rejects(client.sendCommand(["NOSUCH"]), /unknown command 'NOSUCH'/i);
  });

  test("select, client info and configuration", async (client) => {
    await client.select(2);
    await client.set("k", "v");
    await client.clientSetName("spoon");
    const info = await client.clientInfo();
    assert.equal(info.name, "spoon");
    assert.equal(info.db, 2);
    assert.deepEqual({ ...await client.configGet("maxmemory-policy") }, { "maxmemory-policy": "noeviction" });
    assert.equal(await client.dbSize(), 1);
  });

  Deno.test(`node-redis RESP${protocol}: a pool of connections`, async () => {
    await using server = await startServer();
    const pool = createClientPool(
      { url: `redis://127.0.0.1:${server.port}`, RESP: protocol },
      { minimum: 4, maximum: 8 },
    );
    pool.on("error", () => {});
    await pool.connect();
    try {
      await Promise.all(Array.from({ length: 200 }, (_, index) => pool.set(`k${index}`, `${index}`)));
      assert.equal(await pool.get("k199"), "199");
      assert.equal(await pool.execute((client) => client.dbSize()), 200);
    } finally {
      pool.destroy();
    }
  });
}
