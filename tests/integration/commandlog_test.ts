// COMMANDLOG through a real server: which commands are logged from which size on, and what its words are.
import assert from "node:assert/strict";
import { SporkServer } from "../harness/mod.ts";

type Entry = [id: number, time: number, value: number, words: string[], peer: string, name: string];

Deno.test("slow commands, large requests and large replies have a log each", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await client.call("CLIENT", "SETNAME", "me");
  await client.call(
    "CONFIG",
    "SET",
    "commandlog-request-larger-than",
    "1000",
    "commandlog-reply-larger-than",
    "500",
  );
  await client.call("SET", "big", "v".repeat(2000));
  await client.call("GET", "big");
  await client.pipeline([["MULTI"], ["GET", "big"], ["EXEC"]]);
  const requests = await client.call("COMMANDLOG", "GET", "-1", "LARGE-REQUEST") as Entry[];
  assert.equal(requests.length, 1);
  const [id, time, value, words, , name] = requests[0];
  assert.deepEqual([id, value, name], [0, 4 + 9 + 9 + 7 + 2002, "me"]);
  assert.ok(Math.abs(time - Date.now() / 1000) < 100);
  assert.deepEqual(words, ["SET", "big", `${"v".repeat(128)}... (1872 more bytes)`]);
  const replies = await client.call("COMMANDLOG", "GET", "-1", "large-reply") as Entry[];
  assert.deepEqual(replies.map(([, , bytes, [command]]) => [command, bytes]), [["GET", 2009], ["GET", 2009]]);
  assert.equal(await client.call("COMMANDLOG", "LEN", "large-reply"), 2);
  assert.equal(await client.call("COMMANDLOG", "RESET", "large-reply"), "OK");
  assert.equal(await client.call("COMMANDLOG", "LEN", "large-reply"), 0);

  await client.call(
    "CONFIG",
    "SET",
    "commandlog-request-larger-than",
    "-1",
    "commandlog-execution-slower-than",
    "0",
  );
  await client.call("SET", "big", "v".repeat(2000));
  assert.equal(await client.call("COMMANDLOG", "LEN", "large-request"), 1);
  assert.ok(await client.call("COMMANDLOG", "LEN", "slow") as number >= 1);
  assert.equal(
    ((await client.call("COMMANDLOG", "GET", "1", "slow")) as Entry[]).length,
    ((await client.call("SLOWLOG", "GET", "1")) as Entry[]).length,
  );

  const types = "ERR type should be one of the following: slow, large-request, large-reply";
  assert.equal(await client.error("COMMANDLOG", "LEN", "fast"), types);
  assert.equal(await client.error("COMMANDLOG", "GET", "1", "fast"), types);
  for (const count of ["-2", "x"]) {
    assert.equal(
      await client.error("COMMANDLOG", "GET", count, "slow"),
      "ERR count should be greater than or equal to -1",
    );
  }
  assert.match(
    await client.error("COMMANDLOG", "GET", "1"),
    /wrong number of arguments for 'commandlog\|get'/,
  );
});
