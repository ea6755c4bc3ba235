// Clients that wait for keys, through a real server: what INFO, CLIENT LIST, the slow log and the statistics tell of them,
// what waits behind them, how waits end, and many of them at once.
import assert from "node:assert/strict";
import { eventually, parseInfo, pause, type RespClient, SporkServer } from "../harness/mod.ts";

async function info(client: RespClient, section: string): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", section) as string);
}

async function blocked(client: RespClient, count: number): Promise<void> {
  await eventually(async () => (await info(client, "clients")).blocked_clients === `${count}`, {
    what: `${count} blocked clients`,
  });
}

Deno.test("waiting for keys", async (test) => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();

  await test.step("INFO and CLIENT LIST tell who waits", async () => {
    await using a = await server.connect();
    await using b = await server.connect();
    await a.call("CLIENT", "SETNAME", "waiter");
    const taken = [a.call("BLPOP", "x", "y", "0"), b.call("BRPOP", "y", "z", "100")];
    await blocked(client, 2);
    const clients = await info(client, "clients");
    assert.equal(clients.total_blocking_keys, "3");
    assert.equal(clients.total_blocking_keys_on_nokey, "0");
    assert.equal(clients.clients_in_timeout_table, "1");
    const lines = (await client.call("CLIENT", "LIST") as string).split("\n");
    assert.match(lines.find((line) => line.includes("name=waiter"))!, / flags=b .* cmd=blpop /);
    await client.call("RPUSH", "y", "1", "2");
    assert.deepEqual(await Promise.all(taken), [["y", "1"], ["y", "2"]]);
    const after = await info(client, "clients");
    assert.deepEqual(
      [after.blocked_clients, after.total_blocking_keys, after.clients_in_timeout_table],
      ["0", "0", "0"],
    );
  });

  await test.step("commands behind a blocked one wait, and come in order", async () => {
    await using a = await server.connect();
    const replies = a.pipeline([["BLPOP", "k", "0"], ["LLEN", "k"], ["BLPOP", "l", "0"], ["ECHO", "end"]]);
    await blocked(client, 1);
    // The pusher's own pipeline sees the list as the waiter has left it.
    assert.deepEqual(await client.pipeline([["RPUSH", "k", "1", "2"], ["LLEN", "k"]]), [2, 1]);
    await blocked(client, 1);
    await client.call("RPUSH", "l", "3");
    assert.deepEqual(await replies, [["k", "1"], 1, ["l", "3"], "end"]);
    await client.call("DEL", "k");
  });

  await test.step("a command that waited is counted once, whatever ended it", async () => {
    await using a = await server.connect();
    await client.call("CONFIG", "RESETSTAT");
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "0");
    await client.call("SLOWLOG", "RESET");
    const id = await a.call("CLIENT", "ID") as number;
    const served = a.call("BLPOP", "k", "0");
    await blocked(client, 1);
    assert.equal((await info(client, "commandstats")).cmdstat_blpop, undefined);
    await client.call("RPUSH", "k", "1");
    await served;
    assert.equal(await a.call("BLPOP", "k", "0.01"), null);
    const failed = a.error("BLPOP", "k", "0");
    await blocked(client, 1);
    await client.call("CLIENT", "UNBLOCK", id, "ERROR");
    assert.equal(await failed, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    assert.match(
      (await info(client, "commandstats")).cmdstat_blpop,
      /^calls=3,.*rejected_calls=0,failed_calls=1$/,
    );
    assert.match((await info(client, "errorstats")).errorstat_UNBLOCKED, /count=1/);
    const log = await client.call("SLOWLOG", "GET", "-1") as [number, number, number, string[]][];
    assert.equal(log.filter(([, , , words]) => words[0] === "BLPOP").length, 3);
    // Waiting is not working.
    assert.ok(log.every(([, , micros]) => micros < 1_000_000));
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "10000");
  });

  // redis-server and Valkey leave the waiter alone where a STORE option overwrites a key of another type.
  await test.step("a value that takes the place of one of another type is noticed too", async () => {
    await using a = await server.connect();
    for (
      const [wait, ...ways] of [
        ["BLPOP k 0", "SET k v", "RPUSH src 1 2", "SORT src STORE k"],
        ["BZPOPMIN k 0", "SET k v", "ZADD src 1 a", "ZUNIONSTORE k 1 src"],
        ["BZPOPMIN k 0", "RPUSH k 1", "GEOADD src 1 1 a", "GEORADIUS src 1 1 10 m STORE k"],
      ]
    ) {
      await client.call("FLUSHALL");
      const taken = a.call(...wait.split(" "));
      await blocked(client, 1);
      for (const way of ways) await client.call(...way.split(" "));
      assert.equal((await taken as string[])[0], "k");
    }
    await client.call("FLUSHALL");
  });

  await test.step("MONITOR tells a command that waits once, when it begins to", async () => {
    await using a = await server.connect();
    await using monitor = await server.connect();
    await monitor.call("MONITOR");
    const taken = a.call("BLPOP", "k", "0");
    await blocked(client, 1);
    await client.pipeline([["MULTI"], ["RPUSH", "k", "1"], ["EXEC"]]);
    await taken;
    await client.call("ECHO", "end");
    const told: string[] = [];
    while (told.at(-1) !== "ECHO") told.push(/"(\w+)"/.exec(String(await monitor.reply()))![1].toUpperCase());
    assert.deepEqual(told.filter((name) => name !== "INFO"), ["BLPOP", "MULTI", "RPUSH", "EXEC", "ECHO"]);
  });

  await test.step("a wait whose time is up ends, and not before", async () => {
    await using a = await server.connect();
    const start = performance.now();
    assert.equal(await a.call("BLPOP", "k", "0.1"), null);
    const elapsed = performance.now() - start;
    assert.ok(elapsed >= 99, `${elapsed} ms`);
    // The deadline stays where the key came and was of no use.
    const waits = a.call("BLPOP", "k", "0.2");
    await blocked(client, 1);
    await client.pipeline([["MULTI"], ["RPUSH", "k", "1"], ["DEL", "k"], ["EXEC"], ["SET", "k", "v"], [
      "DEL",
      "k",
    ]]);
    assert.equal(await waits, null);
  });

  await test.step("two hundred waiters are served in the order in which they came", async () => {
    const waiters = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
    const replies: Promise<unknown>[] = [];
    for (const waiter of waiters) {
      replies.push(waiter.call("BLPOP", "queue", "0"));
      await blocked(client, replies.length);
    }
    for (let i = 0; i < 200; i += 10) {
      await client.call("RPUSH", "queue", ...Array.from({ length: 10 }, (_, k) => `${i + k}`));
    }
    assert.deepEqual(await Promise.all(replies), waiters.map((_, index) => ["queue", `${index}`]));
    assert.equal(await client.call("EXISTS", "queue"), 0);
    assert.equal((await info(client, "clients")).total_blocking_keys, "0");
    for (const waiter of waiters) waiter.close();
  });

  await test.step("waiters that go away leave nothing behind", async () => {
    const waiters = await Promise.all(Array.from({ length: 50 }, () => server.connect()));
    for (const waiter of waiters) void waiter.call("BLPOP", "k", "l", "100").catch(() => {});
    await blocked(client, 50);
    for (const waiter of waiters) waiter.close();
    await blocked(client, 0);
    const clients = await info(client, "clients");
    assert.deepEqual([clients.total_blocking_keys, clients.clients_in_timeout_table], ["0", "0"]);
    assert.equal(await client.call("RPUSH", "k", "1"), 1);
    assert.equal(await client.call("LPOP", "k"), "1");
  });

  await test.step("a pause holds back waiters that would take something until it ends", async () => {
    await using a = await server.connect();
    const taken = a.call("BLPOP", "k", "0");
    await blocked(client, 1);
    await client.pipeline([["MULTI"], ["RPUSH", "k", "1"], ["CLIENT", "PAUSE", "100000", "WRITE"], ["EXEC"]]);
    await pause(20);
    assert.equal(await client.call("LLEN", "k"), 1);
    await client.call("CLIENT", "UNPAUSE");
    assert.deepEqual(await taken, ["k", "1"]);
  });

  await test.step("under maxmemory a waiter may still take, but not move", async () => {
    await using a = await server.connect();
    await using b = await server.connect();
    const taken = a.call("BLPOP", "k", "0");
    await blocked(client, 1);
    const moved = b.error("BLMOVE", "k", "l", "LEFT", "LEFT", "0");
    await blocked(client, 2);
    await client.pipeline([
      ["MULTI"],
      ["RPUSH", "k", "1", "2"],
      ["CONFIG", "SET", "maxmemory", "1"],
      ["EXEC"],
    ]);
    assert.deepEqual(await taken, ["k", "1"]);
    assert.match(await moved, /^OOM /);
    await client.call("CONFIG", "SET", "maxmemory", "0");
    assert.deepEqual(await client.call("LRANGE", "k", "0", "-1"), ["2"]);
  });
});
