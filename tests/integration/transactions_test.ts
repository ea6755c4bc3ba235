// Transactions through a real server: what CLIENT LIST and INFO tell of them, their memory and its limit, what is special
// about some commands inside them, and connections that end in the middle.
import assert from "node:assert/strict";
import { eventually, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";

async function listed(client: RespClient, id: number): Promise<Record<string, string>> {
  const line = (await client.call("CLIENT", "LIST", "ID", id) as string).trim();
  return Object.fromEntries(line.split(" ").map((each) => each.split("=")));
}

async function info(client: RespClient, section: string): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", section) as string);
}

Deno.test("transactions", async (test) => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();

  await test.step("CLIENT LIST and INFO tell of queued commands and watched keys", async () => {
    await using a = await server.connect();
    const id = await a.call("CLIENT", "ID") as number;
    assert.equal((await listed(client, id)).multi, "-1");
    await a.pipeline([["WATCH", "x", "y", "x"], ["MULTI"], ["SET", "x", "v".repeat(1000)], ["PING"]]);
    const during = await listed(client, id);
    assert.deepEqual([during.multi, during.watch, during.flags, during.cmd], ["2", "2", "x", "ping"]);
    assert.ok(Number(during["multi-mem"]) > 1000);
    const clients = await info(client, "clients");
    assert.deepEqual([clients.watching_clients, clients.total_watched_keys], ["1", "2"]);
    await client.call("SET", "y", "changed");
    assert.equal((await listed(client, id)).flags, "xd");
    assert.equal(await a.call("EXEC"), null);
    const after = await listed(client, id);
    assert.deepEqual([after.multi, after.watch, after["multi-mem"], after.flags], ["-1", "0", "0", "N"]);
    assert.equal((await info(client, "clients")).total_watched_keys, "0");
  });

  await test.step("a queue that grows over client-query-buffer-limit ends the connection", async () => {
    await client.call("CONFIG", "SET", "client-query-buffer-limit", "1mb");
    await using a = await server.connect();
    await a.call("MULTI");
    await assert.rejects(async () => {
      for (let i = 0; i < 2000; i++) await a.call("SET", "k", "v".repeat(1000));
    });
    await client.call("CONFIG", "SET", "client-query-buffer-limit", "1gb");
    assert.equal((await info(client, "stats")).client_query_buffer_limit_disconnections, "1");
  });

  await test.step("a connection that ends before EXEC has changed nothing", async () => {
    const a = await server.connect();
    const watched = await server.connect();
    await watched.call("WATCH", "k");
    await a.pipeline([["MULTI"], ["SET", "k", "v"]]);
    a.close();
    watched.close();
    await eventually(async () => (await info(client, "clients")).connected_clients === "1");
    assert.equal((await info(client, "clients")).watching_clients, "0");
    assert.equal(await client.call("EXISTS", "k"), 0);
  });

  await test.step("BGSAVE inside EXEC is scheduled; SAVE and SHUTDOWN are refused", async () => {
    const replies = await client.pipeline([["MULTI"], ["SET", "k", "v"], ["BGSAVE"], ["GET", "k"], ["EXEC"]]);
    assert.deepEqual(replies.at(-1), ["OK", "Background saving scheduled", "v"]);
    await eventually(async () => Number((await info(client, "persistence")).rdb_saves) >= 1, {
      what: "the save",
    });
    await client.call("MULTI");
    for (const command of ["SAVE", "SHUTDOWN"]) {
      assert.equal(await client.error(command), "ERR Command not allowed inside a transaction");
    }
    assert.match(await client.error("EXEC"), /^EXECABORT/);
  });

  await test.step("CLIENT REPLY OFF hides a transaction, and it runs all the same", async () => {
    await using a = await server.connect();
    await a.send("CLIENT REPLY OFF\r\nMULTI\r\nSET hidden 1\r\nINCR hidden\r\nEXEC\r\nCLIENT REPLY ON\r\n");
    assert.equal(await a.reply(), "OK");
    assert.equal(await a.call("GET", "hidden"), "2");
  });

  await test.step("the dataset may be flushed, swapped and loaded anew inside a transaction", async () => {
    await client.pipeline([["SET", "a", "1"], ["SAVE"]]);
    const replies = await client.pipeline([
      ["WATCH", "other"],
      ["MULTI"],
      ["SET", "b", "2"],
      ["FLUSHALL"],
      ["SET", "c", "3"],
      ["SWAPDB", "0", "1"],
      ["DBSIZE"],
      ["SWAPDB", "0", "1"],
      ["DEBUG", "RELOAD"],
      ["MGET", "a", "b", "c"],
      ["EXEC"],
    ]);
    assert.deepEqual(replies.at(-1), ["OK", "OK", "OK", "OK", 0, "OK", "OK", [null, null, "3"]]);
  });

  await test.step("a very long transaction", async () => {
    const commands = Array.from({ length: 50_000 }, () => ["INCR", "sum"]);
    const replies = await client.pipeline([["MULTI"], ...commands, ["EXEC"]]);
    assert.equal((replies.at(-1) as number[]).at(-1), 50_000);
    assert.equal((replies.at(-1) as number[]).length, 50_000);
  });
});
