// DEBUG AOF-FLUSH-SLEEP and KILL-SAVE: the levers with which tests make the disk slow and saves fail.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";
import { fullSpeed, persistence, saveEnds, slowSave, TYPES } from "./saves.ts";

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

Deno.test("a save or rewrite whose worker is ended fails, and the next one has success", async () => {
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
  const fields = await eventually(async () => {
    const now = await persistence(client);
    return now.aof_rewrite_in_progress === "0" && now;
  }, { what: "the end of the rewrite" });
  assert.equal(fields.aof_last_bgrewrite_status, "err");

  await fullSpeed(client);
  await client.call("BGSAVE");
  assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
});
