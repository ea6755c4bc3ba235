// WAITAOF through a server with a log: what each policy makes durable and when, the log switched while somebody waits, and
// waiting beside held replies. Without replicas a wait for some ends with its time.
import assert from "node:assert/strict";
import { eventually, type Reply, type RespClient, SporkServer } from "../harness/mod.ts";
import { persistence } from "./saves.ts";

const NO_LOG = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
/** Longer than any wait that is expected to end by itself, milliseconds; shorter than a test's patience. */
const LONG = "20000";

function start(...args: string[]): Promise<SporkServer> {
  return SporkServer.start({
    args: ["--save", "", "--appendonly", "yes", "--enable-debug-command", "yes", ...args],
  });
}

/** With a log that is never synced from now on. (What is written while the server starts is synced with its first file.) */
async function startUnsynced(...args: string[]): Promise<SporkServer> {
  const server = await start("--appendfsync", "always", ...args);
  await using client = await server.connect();
  await client.call("SET", "first", "1");
  assert.deepEqual(await client.call("WAITAOF", "1", "0", LONG), [1, 0]);
  await client.call("CONFIG", "SET", "appendfsync", "no");
  return server;
}

async function untilBlocked(asker: RespClient): Promise<void> {
  await eventually(async () => String(await asker.call("INFO", "clients")).includes("blocked_clients:1"));
}

for (const strategy of ["aof-offload", "aof-inline"]) {
  Deno.test(`${strategy}: a write is durable when the policy has synced it`, async () => {
    await using server = await startUnsynced("--aof-strategy", strategy);
    await using client = await server.connect();
    assert.deepEqual(await client.call("WAITAOF", "1", "0", "0"), [1, 0], "nothing was written");
    await client.call("INCR", "k");
    assert.deepEqual(await client.call("WAITAOF", "1", "0", "50"), [0, 0], "no");
    await client.call("CONFIG", "SET", "appendfsync", "always");
    await client.call("INCR", "k");
    assert.deepEqual(await client.call("WAITAOF", "1", "0", LONG), [1, 0], "always");
    await client.call("CONFIG", "SET", "appendfsync", "everysec");
    await client.call("INCR", "k");
    assert.deepEqual(await client.call("WAITAOF", "1", "0", LONG), [1, 0], "everysec");
    await client.call("INCR", "k");
    assert.deepEqual(await client.call("WAITAOF", "1", "1", "20"), [0, 0], "no replica, not synced again");
  });
}

Deno.test("a wait for replicas ends with its time; none is wanted: at once", async () => {
  await using server = await start("--appendfsync", "always");
  await using client = await server.connect();
  await client.call("SET", "k", "v");
  assert.deepEqual(await client.call("WAITAOF", "1", "1", "20"), [1, 0]);
  assert.deepEqual(await client.call("WAITAOF", "0", "0", "0"), [1, 0]);
  assert.equal(await client.call("WAIT", "0", "0"), 0);
  assert.equal(await client.call("WAIT", "1", "20"), 0);
});

Deno.test("in a transaction it tells what is so, without waiting", async () => {
  await using server = await startUnsynced();
  await using client = await server.connect();
  await client.call("INCR", "k");
  const replies = await client.pipeline([["MULTI"], ["INCR", "k"], ["WAITAOF", "1", "1", "0"], ["EXEC"]]);
  assert.deepEqual(replies[3], [2, [0, 0]]);
});

Deno.test("a client waits for its own writes, not for those of others", async () => {
  await using server = await startUnsynced();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.call("GET", "k");
  await other.call("SET", "k", "v");
  assert.deepEqual(await client.call("WAITAOF", "1", "0", LONG), [1, 0]);
  assert.deepEqual(await other.call("WAITAOF", "1", "0", "20"), [0, 0]);
});

Deno.test("who was served by another's write has written too", async () => {
  await using server = await startUnsynced();
  await using client = await server.connect();
  await using other = await server.connect();
  const popped = client.call("BLPOP", "list", "0");
  await untilBlocked(other);
  await other.call("RPUSH", "list", "x");
  assert.deepEqual(await popped, ["list", "x"]);
  assert.deepEqual(await client.call("WAITAOF", "1", "0", "20"), [0, 0]);
});

Deno.test("without a log it is an error, also for who waits when the log is switched off", async () => {
  await using server = await startUnsynced();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.call("INCR", "k");
  const waiting = client.error("WAITAOF", "1", "0", "0");
  await untilBlocked(other);
  await other.call("CONFIG", "SET", "appendonly", "no");
  assert.equal(await waiting, NO_LOG);
  assert.equal(await client.error("WAITAOF", "1", "0", "0"), NO_LOG);
  assert.deepEqual(await client.call("WAITAOF", "0", "0", "0"), [0, 0]);
});

Deno.test("a log that is switched on makes nothing durable before its first rewrite has ended", async () => {
  await using server = await start("--appendonly", "no", "--appendfsync", "everysec");
  await using client = await server.connect();
  await using other = await server.connect();
  // A save that takes long: the rewrite has to wait for it.
  await client.call("DEBUG", "POPULATE", "1000");
  await client.call("CONFIG", "SET", "rdb-key-save-delay", "100000");
  await client.call("BGSAVE");
  await client.call("CONFIG", "SET", "appendonly", "yes");
  assert.equal((await persistence(client)).aof_rewrite_scheduled, "1");
  await client.call("INCR", "k");
  let durable: Reply = null;
  const waiting = client.call("WAITAOF", "1", "0", "0").then((reply) => durable = reply);
  await untilBlocked(other);
  assert.equal(durable, null);
  await other.call("CONFIG", "SET", "rdb-key-save-delay", "0");
  await other.call("BGSAVE", "CANCEL");
  await waiting;
  assert.deepEqual(durable, [1, 0]);
  assert.equal((await persistence(other)).aof_rewrite_scheduled, "0");
});

Deno.test("it goes by the disk: replies that DEBUG holds back hold nobody here", async () => {
  await using server = await start("--appendfsync", "always");
  await using client = await server.connect();
  await using other = await server.connect();
  await other.call("DEBUG", "REPLY-BLOCKING-PAUSE", "aof");
  await client.send("CLIENT REPLY OFF\r\nSET k v\r\nCLIENT REPLY ON\r\n");
  assert.equal(await client.reply(), "OK");
  assert.deepEqual(await client.call("WAITAOF", "1", "0", LONG), [1, 0]);
  // Behind a reply that is held it has to wait with it.
  const replies = client.pipeline([["SET", "k", "w"], ["WAITAOF", "1", "0", "0"], ["PING"]]);
  await eventually(async () => String(await other.call("INFO", "debug")).includes("clients_waiting_ack:1"));
  await other.call("DEBUG", "REPLY-BLOCKING-RESUME", "aof");
  assert.deepEqual(await replies, ["OK", [1, 0], "PONG"]);
});

Deno.test("CLIENT UNBLOCK ends it; who leaves is forgotten", async () => {
  await using server = await startUnsynced();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.call("SET", "k", "v");
  const id = String(await client.call("CLIENT", "ID"));
  const timedOut = client.call("WAITAOF", "1", "0", "0");
  await untilBlocked(other);
  assert.equal(await other.call("CLIENT", "UNBLOCK", id), 1);
  assert.deepEqual(await timedOut, [0, 0]);
  const failed = client.error("WAITAOF", "1", "0", LONG);
  await untilBlocked(other);
  assert.match(String(await other.call("INFO", "clients")), /clients_in_timeout_table:1\r/);
  assert.equal(await other.call("CLIENT", "UNBLOCK", id, "ERROR"), 1);
  assert.equal(await failed, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  assert.match(
    String(await other.call("INFO", "commandstats")),
    /cmdstat_waitaof:calls=3,.*failed_calls=1\r/,
  );
  await client.send("WAITAOF 1 0 0\r\n");
  await untilBlocked(other);
  client.close();
  await eventually(async () => String(await other.call("INFO", "clients")).includes("blocked_clients:0"));
});

Deno.test("arguments that it refuses", async () => {
  await using server = await startUnsynced();
  await using client = await server.connect();
  const range = "ERR value is out of range, value must between 0 and 1";
  const refused: [string, string][] = [
    ["2 0 0", range],
    ["-1 0 0", range],
    ["x 0 0", "ERR value is not an integer or out of range"],
    ["0 -1 0", "ERR value is out of range, must be positive"],
    ["0 x 0", "ERR value is out of range, must be positive"],
    ["0 0 -1", "ERR timeout is negative"],
    ["0 0 1.5", "ERR timeout is not an integer or out of range"],
    ["0 0", "ERR wrong number of arguments for 'waitaof' command"],
  ];
  for (const [words, error] of refused) {
    assert.equal(await client.error("WAITAOF", ...words.split(" ")), error);
  }
});
