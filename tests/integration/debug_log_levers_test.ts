// DEBUG AOF-FLUSH-SLEEP, KILL-SAVE and LOADAOF: the levers with which tests make the disk slow and saves fail, and see
// what the log has.
import assert from "node:assert/strict";
import { SporkServer } from "../harness/mod.ts";
import { fullSpeed, persistence, rewriteEnds, saveEnds, slowSave, TYPES } from "./saves.ts";

const SLEEP_MS = 300;

function start(...args: string[]): Promise<SporkServer> {
  return SporkServer.start({ args: ["--enable-debug-command", "yes", "--appendonly", "yes", ...args] });
}

for (const strategy of ["aof-offload", "aof-inline"]) {
  Deno.test(`${strategy}: whoever writes the log sleeps before each write, and replies wait for it`, async () => {
    await using server = await start("--appendfsync", "always", "--aof-strategy", strategy);
    await using client = await server.connect();
    await using reader = await server.connect();
    await client.call("SET", "key", "0");
    await client.call("DEBUG", "AOF-FLUSH-SLEEP", SLEEP_MS * 1000);
    const order: string[] = [];
    const began = performance.now();
    const write = client.call("INCR", "key").then(() => order.push("write"));
    if (strategy === "aof-offload") {
      // The loop is free meanwhile.
      for (let i = 0; i < 5; i++) await reader.call("PING");
      order.push("reads");
    }
    await write;
    assert.ok(performance.now() - began >= SLEEP_MS - 1);
    assert.deepEqual(order, strategy === "aof-offload" ? ["reads", "write"] : ["write"]);
    await client.call("DEBUG", "AOF-FLUSH-SLEEP", 0);
    assert.equal(await client.call("INCR", "key"), 2);
  });
}

Deno.test("the sleep outlasts a change of the strategy", async () => {
  await using server = await start("--appendfsync", "always", "--aof-strategy", "aof-inline");
  await using client = await server.connect();
  await client.call("DEBUG", "AOF-FLUSH-SLEEP", SLEEP_MS * 1000);
  await client.call("CONFIG", "SET", "aof-strategy", "aof-offload");
  const began = performance.now();
  await client.call("SET", "key", "value");
  assert.ok(performance.now() - began >= SLEEP_MS - 1);
});

Deno.test("no negative sleep, and no text", async () => {
  await using server = await start();
  await using client = await server.connect();
  for (const word of ["-1", "long"]) {
    await assert.rejects(
      client.call("DEBUG", "AOF-FLUSH-SLEEP", word),
      /value is out of range, must be positive/,
    );
  }
});

Deno.test("a save or rewrite that is killed fails at any time, and the next one has success", async () => {
  await using server = await start();
  await using client = await server.connect();
  await assert.rejects(client.call("DEBUG", "KILL-SAVE"), /No save or rewrite is running/);
  await client.call("SET", "key", "value");

  for (const type of TYPES) {
    await slowSave(client, type, 10_000_000);
    assert.equal(await client.call("DEBUG", "KILL-SAVE"), "OK");
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "err");
  }

  await client.call("BGREWRITEAOF");
  assert.equal(await client.call("DEBUG", "KILL-SAVE"), "OK");
  const fields = await rewriteEnds(client);
  assert.equal(fields.aof_last_bgrewrite_status, "err");

  await fullSpeed(client);
  await client.call("BGSAVE");
  assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
});

Deno.test("DEBUG LOADAOF goes by the manifest as it is on disk", async () => {
  await using server = await start();
  await using client = await server.connect();
  await client.call("SET", "key", "value");
  await client.call("CONFIG", "SET", "appendonly", "no");
  await client.call("BGREWRITEAOF");
  await rewriteEnds(client);
  await client.call("DEBUG", "LOADAOF");
  assert.equal(await client.call("GET", "key"), "value");
  await client.call("CONFIG", "SET", "appendonly", "yes");
  await rewriteEnds(client);
  const manifest = Deno.readTextFileSync(`${server.dir}/appendonlydir/appendonly.aof.manifest`);
  assert.equal(
    manifest,
    "file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
    "increments begin again where the manifest has none",
  );
});

Deno.test("DEBUG LOADAOF before the first rewrite has begun loses what no file has", async () => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();
  await client.call("SET", "key", "value");
  await slowSave(client, "fork", 10_000_000);
  await client.call("CONFIG", "SET", "appendonly", "yes");
  assert.equal((await persistence(client)).aof_rewrite_scheduled, "1");
  assert.equal(await client.call("DEBUG", "LOADAOF"), "OK");
  assert.equal(await client.call("DBSIZE"), 0);
  await fullSpeed(client);
  await client.call("SET", "key", "another");
  await rewriteEnds(client);
  await client.call("DEBUG", "LOADAOF");
  assert.equal(await client.call("GET", "key"), "another");
});
