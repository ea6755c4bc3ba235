// Every type through a real server: DEBUG RELOAD keeps what there was, under other limits too, and what is flushed or
// unlinked gives its memory back.
import assert from "node:assert/strict";
import { eventually, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";
import { payloadOf } from "../interop/server_pair.ts";
import { Random } from "../values/random.ts";
import { SAMPLES } from "../values/samples.ts";
import { datasetCommands, fingerprint } from "./dataset.ts";

/** Limits that give the same values other encodings. */
const LIMITS: readonly (readonly [name: string, value: string])[] = [
  ["hash-max-listpack-entries", "0"],
  ["set-max-intset-entries", "0"],
  ["set-max-listpack-entries", "0"],
  ["zset-max-listpack-entries", "0"],
  ["list-max-listpack-size", "3"],
  ["list-compress-depth", "1"],
  ["stream-node-max-entries", "3"],
];

async function fill(client: RespClient): Promise<void> {
  const random = new Random(3);
  const commands = [...datasetCommands(6), ...SAMPLES.flatMap((sample) => sample.make(sample.name, random))];
  for (const reply of await client.pipeline(commands)) assert.ok(!(reply instanceof Error), String(reply));
}

async function usedBytes(client: RespClient): Promise<number> {
  const fields = parseInfo(await client.call("INFO", "memory") as string);
  return Number(fields.arena_used) + Number(fields.lazyfree_pending_objects) * 2 ** 40;
}

Deno.test("DEBUG RELOAD keeps values of every type, whatever the limits were and are", async () => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();
  await fill(client);
  const before = await fingerprint(client, 1);
  assert.equal(await client.call("DEBUG", "RELOAD"), "OK");
  assert.equal(await fingerprint(client, 1), before);
  for (const sample of SAMPLES) {
    assert.equal(await client.call("OBJECT", "ENCODING", sample.name), sample.encoding, sample.name);
  }
  for (const [name, value] of LIMITS) await client.call("CONFIG", "SET", name, value);
  for (let round = 0; round < 2; round++) {
    assert.equal(await client.call("DEBUG", "RELOAD"), "OK");
    assert.equal(await fingerprint(client, 1), before);
  }
  for (const sample of SAMPLES) {
    if (!["set", "zset", "hash"].includes(sample.type)) continue;
    const encoding = sample.type === "zset" ? "skiplist" : "hashtable";
    assert.equal(await client.call("OBJECT", "ENCODING", sample.name), encoding, sample.name);
  }
  for (const [name] of LIMITS) {
    const wide = name.startsWith("list-compress") ? "0" : name.startsWith("list") ? "-2" : "100000";
    await client.call("CONFIG", "SET", name, wide);
  }
  assert.equal(await client.call("DEBUG", "RELOAD"), "OK");
  assert.equal(await fingerprint(client, 1), before);
});

Deno.test("what is flushed or unlinked gives its memory back", async () => {
  await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
  await using client = await server.connect();
  const ends: [string, (keys: string[]) => Promise<unknown>][] = [
    ["FLUSHALL ASYNC", () => client.call("FLUSHALL", "ASYNC")],
    ["FLUSHALL SYNC", () => client.call("FLUSHALL", "SYNC")],
    ["FLUSHDB ASYNC", () => client.call("FLUSHDB", "ASYNC")],
    ["UNLINK", (keys) => client.call("UNLINK", ...keys)],
    ["DEL", (keys) => client.call("DEL", ...keys)],
    ["expiry", async (keys) => {
      await client.pipeline(keys.map((key) => ["PEXPIRE", key, 1]));
      await eventually(async () => await client.call("DBSIZE") === 1, { what: "the expiry of all keys" });
    }],
  ];
  // A key that stays, so that no flush has the whole arena exchanged, but for FLUSHALL.
  await client.call("SET", "stays", "here");
  for (const [name, end] of ends) {
    if (name === "UNLINK") await client.call("SELECT", 1);
    await client.call("SET", "stays", "here");
    const empty = await usedBytes(client);
    await fill(client);
    assert.ok(await usedBytes(client) > empty + 500_000, name);
    const keys = (await client.call("KEYS", "*") as string[]).filter((key) => key !== "stays");
    await end(keys);
    await eventually(async () => await usedBytes(client) <= empty + 20_000, { what: `the end of ${name}` });
  }
});

Deno.test("a key that is restored serves the clients that wait for it", async () => {
  await using server = await SporkServer.start();
  await using client = await server.connect();
  await using waiting = await server.connect();
  await client.pipeline([
    ["RPUSH", "list", "a", "b"],
    ["ZADD", "zset", 1, "m"],
    ["XADD", "stream", "1-1", "f", "v"],
  ]);
  const waits: [source: string, command: (string | number)[], reply: unknown][] = [
    ["list", ["BLPOP", "new", 0], ["new", "a"]],
    ["list", ["BLMOVE", "new", "target", "RIGHT", "LEFT", 0], "b"],
    ["zset", ["BZPOPMIN", "new", 0], ["new", "m", "1"]],
    ["stream", ["XREAD", "BLOCK", 0, "STREAMS", "new", "0"], [["new", [["1-1", ["f", "v"]]]]]],
  ];
  for (const [source, [name, ...words], reply] of waits) {
    const payload = payloadOf(await client.raw("DUMP", source));
    await client.call("DEL", "new");
    const waited = waiting.call(name as string, ...words);
    await eventually(async () => (await server.info("clients")).blocked_clients === "1", {
      what: "a blocked client",
    });
    assert.equal(await client.call("RESTORE", "new", 0, payload), "OK");
    assert.deepEqual(await waited, reply);
  }
});
