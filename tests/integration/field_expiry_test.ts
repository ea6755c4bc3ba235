// Expiring hash fields through a real server: dumps, restarts, DUMP and RESTORE, active expiry, INFO, WATCH.
import assert from "node:assert/strict";
import { payloadOf } from "../interop/server_pair.ts";
import { eventually, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";

const HOUR = 3_600_000;

async function info(client: RespClient, section: string): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", section) as string);
}

function magic(path: string): string {
  return new TextDecoder().decode(Deno.readFileSync(path).subarray(0, 9));
}

async function untilSaved(client: RespClient): Promise<void> {
  await eventually(async () => (await info(client, "persistence")).rdb_bgsave_in_progress === "0", {
    what: "the background save is done",
  });
  assert.equal((await info(client, "persistence")).rdb_last_bgsave_status, "ok");
}

Deno.test("a dump is version 80 while some field expires, keeps all times, and drops what has expired when it is loaded", async () => {
  const dir = await Deno.makeTempDir();
  const file = `${dir}/dump.rdb`;
  const at = Date.now() + HOUR;
  try {
    {
      await using server = await SporkServer.start({ dir, args: ["--enable-debug-command", "yes"] });
      await using client = await server.connect();
      await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
      await client.call("HSET", "plain", "a", "1");
      await client.call("SAVE");
      assert.equal(magic(file), "REDIS0011");
      await client.call("HSET", "h", "stays", "1", "goes", "2");
      await client.call("HPEXPIREAT", "h", at, "FIELDS", "1", "goes");
      await client.call("HSETEX", "soon", "PX", "1", "FIELDS", "2", "a", "1", "b", "2");
      await client.call("HSETEX", "mixed", "PX", "1", "FIELDS", "1", "a", "1");
      await client.call("HSET", "mixed", "b", "2");
      for (const strategy of ["FORK", "THREAD"]) {
        await client.call("BGSAVE", strategy);
        await untilSaved(client);
        assert.equal(magic(file), "VALKEY080");
      }
      const digests = () => client.call("DEBUG", "DIGEST-VALUE", "plain", "h", "mixed");
      const before = await digests();
      await client.call("DEBUG", "RELOAD");
      assert.deepEqual(await digests(), before);
      assert.equal(await client.call("EXISTS", "soon"), 0);
      assert.deepEqual(await client.call("HPEXPIRETIME", "h", "FIELDS", "2", "stays", "goes"), [-1, at]);
      await client.call("SAVE");
      await server.kill();
    }
    await using server = await SporkServer.start({ dir, args: ["--rdb-version", "10"] });
    await using client = await server.connect();
    assert.deepEqual(await client.call("HPEXPIRETIME", "h", "FIELDS", "2", "stays", "goes"), [-1, at]);
    assert.equal(await client.call("EXISTS", "soon"), 0);
    assert.equal(await client.call("HLEN", "mixed"), 1);
    assert.equal(await client.call("OBJECT", "ENCODING", "h"), "hashtable");
    assert.equal(
      (await info(client, "keyspace")).db0,
      "keys=3,expires=0,avg_ttl=0,keys_with_volatile_items=1",
    );
    await client.call("HPERSIST", "h", "FIELDS", "1", "goes");
    await client.call("SAVE");
    assert.equal(magic(file), "REDIS0010");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("fields expire while nobody looks: they are counted, told of, and change what is watched", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using watcher = await server.connect();
  await client.call("HSET", "h", "stays", "1");
  await client.call("HSETEX", "h", "PX", "300", "FIELDS", "2", "a", "1", "b", "2");
  await client.call("HSETEX", "gone", "PX", "300", "FIELDS", "1", "a", "1");
  await watcher.call("WATCH", "h");
  await eventually(async () => (await info(client, "stats")).expired_fields === "3", {
    what: "three fields have expired",
  });
  assert.equal(await client.call("HLEN", "h"), 1);
  assert.equal(await client.call("DBSIZE"), 1);
  assert.equal((await info(client, "keyspace")).db0, "keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=0");
  await watcher.call("MULTI");
  await watcher.call("PING");
  assert.equal(await watcher.call("EXEC"), null);
  await client.call("CONFIG", "RESETSTAT");
  assert.equal((await info(client, "stats")).expired_fields, "0");
});

Deno.test("DUMP and RESTORE, COPY, MOVE and RENAME keep the times", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  const at = Date.now() + HOUR;
  await client.call("HSET", "h", "a", "1", "b", "2");
  await client.call("HPEXPIREAT", "h", at, "FIELDS", "1", "a");
  const times = (key: string) => client.call("HPEXPIRETIME", key, "FIELDS", "2", "a", "b");
  const payload = payloadOf(await client.raw("DUMP", "h"));
  assert.equal(payload[payload.length - 10], 80);
  await client.call("RESTORE", "restored", "0", payload);
  assert.deepEqual(await times("restored"), [at, -1]);
  await client.call("COPY", "h", "copied");
  await client.call("RENAME", "copied", "renamed");
  await client.call("MOVE", "renamed", "3");
  await client.call("SELECT", "3");
  assert.deepEqual(await times("renamed"), [at, -1]);
  assert.equal(
    (await info(client, "keyspace")).db3,
    "keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=1",
  );
});
