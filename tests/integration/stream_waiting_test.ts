// What clients that wait with XREAD and XREADGROUP are told when the stream, its type or the group goes away, and that `$`
// means the moment in which they began to wait.
import assert from "node:assert/strict";
import { eventually, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";

const NO_GROUP = /^NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option/;

async function blockedClients(client: RespClient): Promise<number> {
  return Number(parseInfo(await client.call("INFO", "clients") as string).blocked_clients);
}

Deno.test("waiting for streams", async (test) => {
  await using server = await SporkServer.start();
  await using admin = await server.connect();
  await using reader = await server.connect();

  /** Has `reader` wait with these words, runs `change`, and gives what the reader is replied, as bytes. */
  async function waitFor(words: string[], change: string[][]): Promise<string> {
    const reply = reader.raw(...words);
    await eventually(async () => await blockedClients(admin) === 1);
    for (const command of change) await admin.raw(...command);
    return await reply;
  }

  const asGroup = ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"];
  const gone: [string, string[][], RegExp][] = [
    ["deleted", [["DEL", "s"]], /NOGROUP No such key .* no longer exists/],
    ["of another type", [["SET", "s", "v"]], /WRONGTYPE Operation against .* no longer exists/],
    ["flushed", [["FLUSHALL"]], /NOGROUP No such key .* no longer exists/],
    ["renamed", [["RENAME", "s", "t"]], /NOGROUP No such key .* no longer exists/],
    ["swapped away", [["SWAPDB", "0", "1"]], /NOGROUP No such key .* no longer exists/],
    ["without its group", [["XGROUP", "DESTROY", "s", "g"]], /option\r\n$/],
  ];
  for (const [name, change, text] of gone) {
    await test.step(`a stream that is ${name} ends the wait of a group's consumer`, async () => {
      await admin.call("FLUSHALL");
      await admin.call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
      const reply = await waitFor(asGroup, change);
      assert.match(reply, text);
      if (!reply.startsWith("-WRONGTYPE")) assert.match(reply.slice(1), NO_GROUP);
      await admin.call("SWAPDB", "0", "1");
      await admin.call("FLUSHALL");
    });
  }

  await test.step("the words are the usual ones where nobody waited", async () => {
    const reply = await reader.raw(...asGroup);
    assert.equal(reply.endsWith("in XREADGROUP with GROUP option\r\n"), true);
  });

  await test.step("$ is the last id of when the wait began, also after the client was woken for nothing", async () => {
    await admin.call("XADD", "s", "1-1", "f", "old");
    const reply = await waitFor(["XREAD", "BLOCK", "0", "STREAMS", "s", "none", "$", "$"], [
      ["MULTI"],
      ["XADD", "s", "1-2", "f", "gone"],
      ["XDEL", "s", "1-2"],
      ["EXEC"],
      ["XADD", "s", "1-3", "f", "new"],
      ["XADD", "s", "1-4", "f", "newer"],
    ]);
    assert.equal(
      reply,
      "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-3\r\n*2\r\n$1\r\nf\r\n$3\r\nnew\r\n",
    );
  });

  await test.step("an entry of a whole EXEC is not read in parts", async () => {
    const reply = await waitFor(["XREAD", "BLOCK", "0", "STREAMS", "s", "$"], [
      ["MULTI"],
      ["XADD", "s", "2-1", "f", "v"],
      ["XADD", "s", "2-2", "f", "v"],
      ["EXEC"],
    ]);
    assert.match(reply, /2-1[^]*2-2/);
  });

  await test.step("each entry goes to one consumer of a group, all go to all other readers", async () => {
    await using second = await server.connect();
    await using third = await server.connect();
    await admin.call("XGROUP", "CREATE", "s", "g", "$");
    const first = reader.raw(...asGroup);
    await eventually(async () => await blockedClients(admin) === 1);
    const other = second.raw("XREADGROUP", "GROUP", "g", "d", "BLOCK", "0", "STREAMS", "s", ">");
    const plain = third.raw("XREAD", "BLOCK", "0", "STREAMS", "s", "$");
    await eventually(async () => await blockedClients(admin) === 3);
    await admin.call("XADD", "s", "3-1", "f", "v");
    assert.match(await first, /3-1/);
    assert.match(await plain, /3-1/);
    assert.equal(await blockedClients(admin), 1);
    await admin.call("XADD", "s", "3-2", "f", "v");
    assert.match(await other, /3-2/);
    assert.deepEqual(await admin.call("XPENDING", "s", "g"), [2, "3-1", "3-2", [["c", "1"], ["d", "1"]]]);
  });

  await test.step("a timeout is a null array, CLIENT UNBLOCK what it says", async () => {
    assert.equal(await reader.raw("XREAD", "BLOCK", "5", "STREAMS", "s", "$"), "*-1\r\n");
    const id = await reader.call("CLIENT", "ID") as number;
    const reply = await waitFor(["XREAD", "BLOCK", "0", "STREAMS", "s", "$"], [[
      "CLIENT",
      "UNBLOCK",
      `${id}`,
      "ERROR",
    ]]);
    assert.equal(reply, "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  });
});
