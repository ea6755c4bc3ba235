// Notifications and invalidations of a server process whose log is on disk, while DEBUG freezes what is known to be durable.
import assert from "node:assert/strict";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";

const EVERYTHING = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

function invalidation(...keys: string[]): string {
  const array = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("");
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${array}`;
}

function start(fsync: string): Promise<SporkServer> {
  const log = ["--appendonly", "yes", "--appendfsync", fsync, "--enable-debug-command", "yes"];
  return SporkServer.start({ args: [...log, "--notify-keyspace-events", "KEA"] });
}

/** A client with RESP3 that has sent these commands. */
async function connect(server: SporkServer, ...commands: string[][]): Promise<RespClient> {
  const client = await server.connect();
  await client.call("HELLO", 3);
  for (const command of commands) await client.raw(...command);
  return client;
}

/** What the client has received is exactly this: the reply to a command that never waits follows it. */
async function assertReceived(client: RespClient, expected: string): Promise<void> {
  await client.send("PING end\r\n");
  let text = "";
  while (!text.endsWith("$3\r\nend\r\n")) text += await client.rawReply();
  assert.equal(text, `${expected}$3\r\nend\r\n`);
}

Deno.test("a tracking invalidation, a broadcast of a flush and a notification wait until resume", async () => {
  await using server = await start("always");
  const control = await server.connect();
  await control.call("SET", "key", "0");
  const cache = await connect(server, ["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
  const broad = await connect(server, ["CLIENT", "TRACKING", "ON", "BCAST"]);
  const listener = await connect(server, ["SUBSCRIBE", "__keyspace@0__:key"]);
  await control.call("DEBUG", "reply-blocking-pause", "aof");
  const writer = await server.connect();
  const replies = writer.pipeline([["SET", "key", "1"], ["FLUSHDB"]]);
  await eventually(async () => (await server.info("debug")).reply_blocking_clients_waiting_ack === "1");
  await assertReceived(cache, "");
  await assertReceived(broad, "");
  await assertReceived(listener, "");
  // The event, the invalidation of who had read the key, that of the flush, the broadcast.
  const { aof_waiting_messages, aof_waiting_message_bytes } = await server.info("persistence");
  assert.equal(aof_waiting_messages, "4");
  assert.ok(Number(aof_waiting_message_bytes) > 0);
  assert.equal(await control.call("PUBLISH", "__keyspace@0__:key", "by hand"), 1);
  const push = (text: string) =>
    `>3\r\n$7\r\nmessage\r\n$18\r\n__keyspace@0__:key\r\n$${text.length}\r\n${text}\r\n`;
  await assertReceived(listener, push("by hand"));
  await control.call("DEBUG", "reply-blocking-resume", "aof");
  assert.deepEqual(await replies, ["OK", "OK"]);
  await assertReceived(cache, invalidation("key") + EVERYTHING);
  await assertReceived(broad, EVERYTHING + invalidation("key"));
  await assertReceived(listener, push("set"));
});

Deno.test("what waits for a client that is killed meanwhile goes to the others alone", async () => {
  await using server = await start("always");
  const control = await server.connect();
  const killed = await connect(server, ["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
  const cache = await connect(server, ["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
  const own = await connect(server, ["CLIENT", "TRACKING", "ON", "NOLOOP"], ["GET", "key"]);
  const id = String(await killed.call("CLIENT", "ID"));
  await control.call("DEBUG", "reply-blocking-pause", "aof");
  const reply = own.rawReply();
  await own.send("SET key 1\r\n");
  await eventually(async () => (await server.info("debug")).reply_blocking_clients_waiting_ack === "1");
  await control.call("CLIENT", "KILL", "ID", id);
  assert.equal(await killed.untilClosed(), "");
  await control.call("DEBUG", "reply-blocking-resume", "aof");
  assert.equal(await reply, "+OK\r\n");
  await assertReceived(cache, invalidation("key"));
  await assertReceived(own, "");
});

Deno.test("when the log no longer waits for the disk, what waits is told, and later changes at once", async () => {
  await using server = await start("always");
  const control = await server.connect();
  const cache = await connect(server, ["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
  const listener = await connect(server, ["SUBSCRIBE", "__keyspace@0__:key"]);
  const push = ">3\r\n$7\r\nmessage\r\n$18\r\n__keyspace@0__:key\r\n$3\r\nset\r\n";
  await control.call("DEBUG", "reply-blocking-pause", "aof");
  const writer = await server.connect();
  const held = writer.call("SET", "key", "1");
  await eventually(async () => (await server.info("debug")).reply_blocking_clients_waiting_ack === "1");
  await control.call("CONFIG", "SET", "appendfsync", "everysec");
  assert.equal(await held, "OK");
  await assertReceived(cache, invalidation("key"));
  await assertReceived(listener, push);
  await cache.call("GET", "key");
  await control.call("SET", "key", "2");
  await assertReceived(cache, invalidation("key"));
  await assertReceived(listener, push);
});

Deno.test("under everysec notifications and invalidations come at once", async () => {
  await using server = await start("everysec");
  const control = await server.connect();
  const cache = await connect(server, ["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
  const broad = await connect(server, ["CLIENT", "TRACKING", "ON", "BCAST"]);
  const listener = await connect(server, ["SUBSCRIBE", "__keyevent@0__:set"]);
  await control.call("DEBUG", "reply-blocking-pause", "aof");
  await control.call("SET", "key", "1");
  await assertReceived(cache, invalidation("key"));
  await assertReceived(broad, invalidation("key"));
  await assertReceived(listener, ">3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:set\r\n$3\r\nkey\r\n");
});

Deno.test("what expires in the background is told of when its deletion is durable", async () => {
  await using server = await start("always");
  const control = await server.connect();
  const cache = await connect(server, ["CLIENT", "TRACKING", "ON", "BCAST"]);
  const listener = await connect(server, ["SUBSCRIBE", "__keyevent@0__:expired"]);
  await control.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await control.call("SET", "brief", "1", "PX", "1");
  await assertReceived(cache, invalidation("brief"));
  await control.call("DEBUG", "reply-blocking-pause", "aof");
  await control.call("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  await eventually(async () => (await server.info("stats")).expired_keys === "1");
  await assertReceived(cache, "");
  await assertReceived(listener, "");
  await control.call("DEBUG", "reply-blocking-resume", "aof");
  // Nobody's reply tells when the deletion is on disk.
  await eventually(async () => (await server.info("persistence")).aof_waiting_messages === "0");
  await assertReceived(cache, invalidation("brief"));
  await assertReceived(listener, ">3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:expired\r\n$5\r\nbrief\r\n");
});

Deno.test("what expires or is evicted while nobody sends anything is told of, and durable", async () => {
  await using server = await start("always");
  await using control = await server.connect();
  await using listener = await connect(server, ["PSUBSCRIBE", "__keyevent@0__:e[xv]*ed"]);
  const event = (name: string, key: string) =>
    `>4\r\n$8\r\npmessage\r\n$23\r\n__keyevent@0__:e[xv]*ed\r\n$22\r\n__keyevent@0__:${name}\r\n` +
    `$${key.length}\r\n${key}\r\n`;
  await control.call("SET", "brief", "1", "PX", "1");
  assert.equal(await listener.rawReply(), event("expired", "brief"));
  await control.pipeline([
    ["SET", "large", "1"],
    ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
    ["CONFIG", "SET", "maxmemory", "1"],
  ]);
  assert.equal(await listener.rawReply(), event("evicted", "large"));
  const { reply_blocking_previous_acked_offset: acked, reply_blocking_primary_repl_offset: offset } =
    await server.info("debug");
  assert.equal(acked, offset);
});
