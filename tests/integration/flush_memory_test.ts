// FLUSHALL gives memory back to the system, whichever commands have looked at the dataset before: nothing may keep a view of
// the old arena.
import assert from "node:assert/strict";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";

const VALUES = 120;
const VALUE_BYTES = 1_000_000;
/** What must come back of it, at least. */
const RETURNED_BYTES_MIN = 80_000_000;

/** Commands that fill, `N` being the number of the value and `V` the value, and one that looks at what is there. */
const FAMILIES: [name: string, fill: string, look: string][] = [
  ["strings", "SET k:N V", "GET k:1"],
  ["a hash", "HSET h f:N V", "HGET h f:1"],
  ["a list", "RPUSH l V", "LRANGE l 0 1"],
  ["a set", "SADD s N:V", "SRANDMEMBER s"],
  ["a sorted set", "ZADD z N N:V", "ZRANGE z 0 1"],
  ["a stream", "XADD x * f V", "XRANGE x - + COUNT 2"],
];

Deno.test("FLUSHALL gives the memory of every type back to the system", async (test) => {
  await using server = await SporkServer.start({ args: ["--arena-size", "1gb"] });
  await using client = await server.connect();
  const value = "v".repeat(VALUE_BYTES);
  for (const [name, fill, look] of FAMILIES) {
    await test.step(name, async () => {
      for (let number = 0; number < VALUES; number++) {
        const words = fill.replaceAll("N", `${number}`).split(" ").map((word) => word.replace("V", value));
        await client.raw(...words);
      }
      await client.raw(...look.split(" "));
      await client.call("SET", "small", "1");
      const loaded = await residentBytes(client);
      await client.call("FLUSHALL");
      await eventually(async () => {
        // Collecting takes its time where nothing happens.
        await client.call("PING");
        return loaded - await residentBytes(client) > RETURNED_BYTES_MIN;
      }, { what: `the memory of ${name} is given back` });
      assert.equal(await client.call("DBSIZE"), 0);
    });
  }
});

async function residentBytes(client: RespClient): Promise<number> {
  const found = /used_memory_rss:(\d+)/.exec(String(await client.call("INFO", "memory")));
  assert.ok(found);
  return Number(found[1]);
}
