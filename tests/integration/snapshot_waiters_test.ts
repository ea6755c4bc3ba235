// Transactions and blocking commands beside a background save that holds as much as it may: EXEC waits as a whole, what only
// reads goes on, and whoever waited for a key or for the save is served when the save has caught up.
import assert from "node:assert/strict";
import { eventually, parseInfo, type RespClient, SporkServer } from "../harness/mod.ts";
import { expectQuiet, fullSpeed, persistence, reloadFile, slowSave } from "./saves.ts";

const KEYS = 2000;

/** Changes keys until a writer has to wait for the save; resolves to the writer's end. */
async function congest(server: SporkServer, client: RespClient): Promise<{ end(): Promise<void> }> {
  const writer = await server.connect();
  const commands = Array.from({ length: KEYS }, (_, key) => ["SET", `key:${key}`, "y".repeat(500)]);
  const writing = writer.pipeline(commands);
  await eventually(async () => (await persistence(client)).snapshot_blocked_clients === "1", {
    what: "a writer waits for the save",
  });
  return {
    async end() {
      await writing;
      writer.close();
    },
  };
}

async function calls(client: RespClient, command: string): Promise<number> {
  const stats = parseInfo(await client.call("INFO", "commandstats") as string);
  return Number(/calls=(\d+)/.exec(stats[`cmdstat_${command}`] ?? "calls=0")![1]);
}

async function blocked(client: RespClient, count: number): Promise<void> {
  await eventually(
    async () => parseInfo(await client.call("INFO", "clients") as string).blocked_clients === `${count}`,
    {
      what: `${count} blocked clients`,
    },
  );
}

Deno.test("transactions and waiting clients beside a save that is behind", async () => {
  await using server = await SporkServer.start({
    args: ["--enable-debug-command", "yes", "--snapshot-held-bytes-max", "65536"],
  });
  await using client = await server.connect();
  await using reader = await server.connect();
  await using changer = await server.connect();
  await using watcher = await server.connect();
  await using waiter = await server.connect();
  await client.call("DEBUG", "POPULATE", KEYS, "key", 1000);
  const popped = waiter.call("BLPOP", "list", "0");
  await blocked(client, 1);
  await watcher.call("WATCH", "key:1");
  await slowSave(client, "thread", 100_000);
  const writer = await congest(server, client);
  const sets = await calls(client, "set");

  // What only reads goes on, in a transaction too.
  assert.deepEqual(
    await reader.pipeline([["MULTI"], ["EXISTS", "key:1"], ["STRLEN", "none"], ["EXEC"]]),
    ["OK", "QUEUED", "QUEUED", [1, 0]],
  );
  // What writes is queued at once, and waits with EXEC.
  assert.deepEqual(
    await changer.pipeline([["MULTI"], ["INCR", "counter"], ["GET", "counter"], ["RPUSH", "list", "a", "b"]]),
    ["OK", "QUEUED", "QUEUED", "QUEUED"],
  );
  const executed = changer.call("EXEC");
  await watcher.pipeline([["MULTI"], ["SET", "key:1", "mine"]]);
  const refused = watcher.call("EXEC");
  await blocked(client, 4);
  assert.equal(await calls(client, "incr"), 0);
  assert.equal(await calls(client, "set"), sets);
  assert.equal(await client.call("EXISTS", "counter"), 0);

  await fullSpeed(client);
  assert.deepEqual(await executed, [1, "1", 2]);
  assert.deepEqual(await popped, ["list", "a"]);
  // The writer that waited before it had changed the key.
  assert.equal(await refused, null);
  await writer.end();
  await expectQuiet(server, client);
  // None of that is in the file.
  await reloadFile(client);
  assert.equal(await client.call("DBSIZE"), KEYS);
  assert.equal(await client.call("STRLEN", "key:1"), 1000);
});
