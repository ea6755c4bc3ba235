// The harness against a real redis-server: what it sends, decodes, waits for and ends.
import assert from "node:assert/strict";
import {
  ConnectionClosedError,
  eventually,
  hasRedisServer,
  Push,
  RedisServer,
  type Reply,
  ReplyError,
} from "./mod.ts";

const ignore = !hasRedisServer;

Deno.test({ name: "calls, pipelines and errors in RESP2", ignore }, async () => {
  await using server = await RedisServer.start();
  await using client = await server.connect();
  assert.equal(await client.call("PING"), "PONG");
  assert.deepEqual(await client.pipeline([["SET", "k", "é"], ["GET", "k"], ["GET", "none"], ["NOSUCH"]]), [
    "OK",
    "é",
    null,
    new ReplyError("ERR unknown command 'NOSUCH', with args beginning with: "),
  ]);
  assert.deepEqual(await client.call("SET", "b", new Uint8Array([255, 0])), "OK");
  assert.deepEqual(await client.call("GET", "b"), new Uint8Array([255, 0]));
  assert.equal(await client.raw("GET", "b"), "$2\r\n\xff\x00\r\n");
  assert.equal(await client.error("INCR", "b"), "ERR value is not an integer or out of range");
  await assert.rejects(client.call("INCR", "b"), ReplyError);
  assert.equal(await client.call("INCRBY", "n", "9223372036854775807"), 9223372036854775807n);
  await assert.rejects(client.error("PING"), /expected an error reply to PING/);
});

Deno.test({ name: "a reply larger than the buffer, many in flight", ignore }, async () => {
  await using server = await RedisServer.start();
  await using client = await server.connect();
  const value = "x".repeat(300_000);
  const calls: Promise<Reply>[] = [client.call("SET", "big", value)];
  for (let index = 0; index < 20; index++) calls.push(client.call("GET", "big"));
  const replies = await Promise.all(calls);
  assert.equal(replies[0], "OK");
  assert.ok(replies.slice(1).every((reply) => reply === value));
});

Deno.test({ name: "RESP3 types and pushes", ignore }, async () => {
  await using server = await RedisServer.start();
  await using client = await server.connect();
  assert.equal((await client.call("HELLO", "3") as Map<Reply, Reply>).get("proto"), 3);
  await client.call("HSET", "h", "f", "v");
  assert.deepEqual(await client.call("HGETALL", "h"), new Map([["f", "v"]]));
  await client.call("SADD", "s", "m");
  assert.deepEqual(await client.call("SMEMBERS", "s"), new Set(["m"]));
  await client.call("ZADD", "z", "1.5", "m");
  assert.equal(await client.call("ZSCORE", "z", "m"), 1.5);
  assert.equal(await client.call("DEBUG", "PROTOCOL", "true").catch((error) => error.code), "ERR");
  await client.send("SUBSCRIBE channel\r\n");
  assert.deepEqual(await client.takePush(), new Push(["subscribe", "channel", 1]));
});

Deno.test({ name: "raw input, protocol error, closed connection", ignore }, async () => {
  await using server = await RedisServer.start();
  await using client = await server.connect();
  await client.send("ECHO hi\r\n");
  assert.equal(await client.rawReply(), "$2\r\nhi\r\n");
  await client.send("*1\r\n!\r\n");
  assert.match(await client.untilClosed(), /^-ERR Protocol error: expected '\$', got '!'\r\n$/);
  await assert.rejects(client.reply(), ConnectionClosedError);
});

Deno.test({ name: "kill -9, start again on the same directory, clean stop, log", ignore }, async () => {
  const first = await RedisServer.start();
  const client = await first.connect();
  await client.call("SET", "k", "v");
  await client.call("SAVE");
  await client.call("SET", "k", "lost");
  await first.kill();
  client.close();
  assert.equal((await first.exited).signal, "SIGKILL");
  assert.equal(first.isRunning, false);

  const second = await RedisServer.start({ dir: first.dir, port: first.port });
  await using again = await second.connect();
  assert.equal(await again.call("GET", "k"), "v");
  assert.equal((await second.info("server")).tcp_port, `${second.port}`);
  assert.equal((await second.stop()).code, 0);
  assert.match(await second.waitForLog(/ready to exit/), /bye bye/);
  assert.ok(await Deno.stat(first.dir), "stop leaves a directory that the caller gave");
  await first.removeDirectory();
});

Deno.test({ name: "a start that fails says so with its log", ignore }, async () => {
  await assert.rejects(RedisServer.start({ args: ["--no-such-option", "1"] }), /FATAL CONFIG FILE ERROR/);
});

Deno.test("eventually returns the first truthy result, or fails naming the condition", async () => {
  let tries = 0;
  assert.equal(await eventually(() => ++tries >= 3 && tries), 3);
  await assert.rejects(
    eventually(() => {
      throw new Error("not up");
    }, { what: "the moon", withinMilliseconds: 30 }),
    /the moon; last result: Error: not up/,
  );
});
