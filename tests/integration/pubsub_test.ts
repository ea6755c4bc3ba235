// Messages through a real server, where redis-server 7.0 cannot be the judge: order beside a client's own replies, replies
// that are off, books, limits.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";

Deno.test("a client's own message follows the reply of the command that sent it, in a transaction, too", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await client.call("HELLO", 3);
  await client.rawPipeline([["SUBSCRIBE", "own"]]);
  await client.send("PUBLISH own 1\r\nPING\r\nMULTI\r\nPUBLISH own 2\r\nGET a\r\nEXEC\r\nPING\r\n");
  const message = (text: string) => `>3\r\n$7\r\nmessage\r\n$3\r\nown\r\n$1\r\n${text}\r\n`;
  const expected = [
    ":1\r\n",
    message("1"),
    "+PONG\r\n",
    "+OK\r\n",
    "+QUEUED\r\n",
    "+QUEUED\r\n",
    "*2\r\n:1\r\n_\r\n",
    message("2"),
    "+PONG\r\n",
  ];
  for (const each of expected) assert.equal(await client.rawReply(), each);
});

Deno.test("what is pushed comes although replies are off", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using other = await server.connect();
  await client.send("CLIENT REPLY OFF\r\nPING\r\nSUBSCRIBE news\r\n");
  assert.equal(await client.rawReply(), "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  assert.equal(await other.call("PUBLISH", "news", "hello"), 1);
  assert.equal(await client.rawReply(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
});

Deno.test("names and messages are bytes", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using other = await server.connect();
  const name = Uint8Array.of(0, 255, 128, 13, 10, 42);
  const message = Uint8Array.from({ length: 70_000 }, (_, i) => i & 255);
  await client.raw("SUBSCRIBE", name);
  assert.equal(await other.call("PUBLISH", name, message), 1);
  const text = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  assert.equal(
    await client.rawReply(),
    `*3\r\n$7\r\nmessage\r\n$6\r\n${text(name)}\r\n$70000\r\n${text(message)}\r\n`,
  );
});

Deno.test("subscriptions end with their connection; those who read too little lose theirs", async () => {
  await using server = await SporkServer.start({
    args: ["--client-output-buffer-limit", "pubsub 1mb 0 0"],
  });
  await using client = await server.connect();
  const listener = await server.connect();
  await listener.raw("PSUBSCRIBE", "*");
  const books = async () => {
    const { pubsub_patterns, pubsub_clients } = {
      ...await server.info("stats"),
      ...await server.info("clients"),
    };
    return [pubsub_patterns, pubsub_clients];
  };
  assert.deepEqual(await books(), ["1", "1"]);
  assert.match(String(await client.call("CLIENT", "LIST", "TYPE", "pubsub")), /flags=P .* psub=1 /);
  listener.close();
  await eventually(async () => (await books()).join() === "0,0");

  await using slow = await server.connect();
  await slow.raw("SUBSCRIBE", "flood");
  const message = "x".repeat(100_000);
  await eventually(async () => {
    const got = await client.pipeline(Array.from({ length: 50 }, () => ["PUBLISH", "flood", message]));
    return got.at(-1) === 0;
  }, { everyMilliseconds: 1 });
  assert.equal((await server.info("stats")).client_output_buffer_limit_disconnections, "1");
});
