// Saves on a disk that goes wrong: every kind of save against an error of every file call that it makes. What was there
// stays, nothing is left behind, status and MISCONF are as configured, the server goes on and the next save works.
import assert from "node:assert/strict";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";
import { expectQuiet, persistence, quietMemory, saveEnds } from "../integration/saves.ts";
import { type ErrorCode, FaultDisk, type FaultedCall, hasFaultDisk } from "./fault_disk.ts";

/** Large enough for a dozen writes. */
const KEYS = 3000;
const VALUE_BYTES = 1000;

interface Fault {
  call: FaultedCall;
  error: ErrorCode;
  from?: number;
  /** The new dump is in its place already when this happens. */
  late?: boolean;
}

const FAULTS: Fault[] = [
  { call: "create", error: "EACCES" },
  { call: "write", error: "ENOSPC" },
  { call: "write", error: "ENOSPC", from: 4 },
  { call: "sync", error: "EIO" },
  { call: "rename", error: "EIO" },
  { call: "syncDirectory", error: "EIO", late: true },
];

interface Method {
  name: string;
  /** Saves while the disk is faulty. */
  fail(client: RespClient, server: SporkServer): Promise<void>;
  /** Saves in the background, so that its failure stops writes. */
  inBackground: boolean;
  /** Meets only a few of the faults: it takes a second each time. */
  isSlow?: boolean;
}

function background(type: "thread" | "fork"): Method {
  return {
    name: `BGSAVE ${type.toUpperCase()}`,
    inBackground: true,
    async fail(client) {
      assert.equal(await client.call("BGSAVE", type), `Background saving (${type}) started`);
    },
  };
}

const METHODS: Method[] = [
  background("thread"),
  background("fork"),
  {
    name: "a save point",
    inBackground: true,
    isSlow: true,
    async fail(client, server) {
      const before = server.log.length;
      await client.call("CONFIG", "SET", "save", "1 1");
      await eventually(() => /changes in 1 seconds\. Saving/.test(server.log.slice(before)), {
        what: "the save point",
      });
      await saveEnds(client);
      await client.call("CONFIG", "SET", "save", "1000000 1000000");
    },
  },
  {
    name: "SAVE",
    inBackground: false,
    async fail(client) {
      assert.equal(await client.error("SAVE"), "ERR");
    },
  },
  {
    name: "SHUTDOWN SAVE",
    inBackground: false,
    async fail(client) {
      assert.equal(await client.error("SHUTDOWN", "SAVE"), "ERR Errors trying to SHUTDOWN. Check logs.");
    },
  },
];

async function fill(client: RespClient, word: string): Promise<void> {
  const commands: string[][] = [];
  for (let key = 0; key < KEYS; key++) {
    commands.push(["SET", `key:${key}`, `${word}${key}`.padEnd(VALUE_BYTES)]);
  }
  const replies = await client.pipeline(commands);
  assert.ok(replies.every((reply) => reply === "OK"), String(replies.find((reply) => reply !== "OK")));
}

for (const method of METHODS) {
  Deno.test({
    name: `${method.name} on a faulty disk`,
    ignore: !hasFaultDisk,
    async fn(t) {
      using disk = new FaultDisk();
      await using server = await SporkServer.start({
        env: disk.env,
        args: ["--enable-debug-command", "yes", "--rdbcompression", "no", "--save", "1000000 1000000"],
      });
      await using client = await server.connect();
      await fill(client, "old");
      const path = `${server.dir}/dump.rdb`;

      for (const { call, error, from, late } of FAULTS) {
        if (method.isSlow && from === undefined && call !== "rename") continue;
        await t.step(
          `${call} ends with ${error}${from === undefined ? "" : `, from call ${from} on`}`,
          async () => {
            await fill(client, "old");
            assert.equal(await client.call("SAVE"), "OK");
            const dump = await Deno.readFile(path);
            await fill(client, "new");
            const memory = await quietMemory(client);
            const { rdb_changes_since_last_save: changes } = await persistence(client);

            disk.fail(call, error, from);
            await method.fail(client, server);
            await expectQuiet(server, client);
            assert.ok(disk.calls >= (from ?? 1), "the fault was met");
            disk.heal();

            assert.equal((await Deno.readFile(path)).length, dump.length);
            if (!late) assert.deepEqual(await Deno.readFile(path), dump);
            const after = await persistence(client);
            assert.equal(after.rdb_last_bgsave_status, method.inBackground ? "err" : "ok");
            assert.equal(after.rdb_changes_since_last_save, changes);
            assert.equal(await quietMemory(client), memory);
            assert.equal(
              await client.call("PING").catch((refused) => refused.message.split(" ")[0]),
              pong(method),
            );
            if (method.inBackground) assert.match(await client.error("SET", "x", 1), /^MISCONF /);
            else assert.equal(await client.call("DEL", "x"), 0);

            assert.equal(await client.call("BGSAVE"), "Background saving (thread) started");
            assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
            assert.equal(await client.call("DEL", "x"), 0);
            assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
            assert.equal(await client.call("DBSIZE"), KEYS);
            assert.equal((await client.call("GET", "key:7") as string).trimEnd(), "new7");
          },
        );
      }
    },
  });
}

/** What PING says after a failed save. */
function pong(method: Method): string {
  return method.inBackground ? "MISCONF" : "PONG";
}

for (const type of ["thread", "fork"] as const) {
  Deno.test(
    { name: `while a ${type} save is renamed: CANCEL, FLUSHALL, SHUTDOWN`, ignore: !hasFaultDisk },
    async (t) => {
      using disk = new FaultDisk();
      const server = await SporkServer.start({
        env: disk.env,
        args: ["--enable-debug-command", "yes", "--save", "1000000 1000000"],
      });
      try {
        await using client = await server.connect();
        const path = `${server.dir}/dump.rdb`;
        const heldSave = async () => {
          disk.holdsRenames = true;
          await client.call("BGSAVE", type);
          await eventually(() => disk.renamesWaiting === 1, { what: "the rename waits" });
        };
        const letGo = async () => {
          disk.holdsRenames = false;
          await eventually(() => disk.renamesWaiting === 0, { what: "the rename goes on" });
        };
        await client.call("SET", "key", "old");
        await client.call("SAVE");
        const old = await Deno.readFile(path);
        await client.call("SET", "key", "new");

        await t.step("a save that is cancelled then never reaches its place", async () => {
          await heldSave();
          assert.equal(await client.call("BGSAVE", "CANCEL"), "Background saving cancelled");
          assert.equal(await client.call("BGSAVE", "CANCEL"), "Background saving cancelled");
          await letGo();
          assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
          assert.deepEqual(await Deno.readFile(path), old);
          await expectQuiet(server, client);
        });

        await t.step("what FLUSHALL saves is not overwritten by what was there before", async () => {
          await heldSave();
          assert.equal(await client.call("FLUSHALL"), "OK");
          await letGo();
          await expectQuiet(server, client);
          assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
          assert.equal(await client.call("DBSIZE"), 0);
        });

        await t.step("what SHUTDOWN saves is not overwritten by what was there before", async () => {
          await client.call("SET", "key", "before");
          await heldSave();
          await client.call("SET", "key", "last");
          await client.call("SHUTDOWN").catch(() => {});
          await server.waitForLog(/DB saved on disk/);
          await letGo();
          assert.equal((await server.exited).code, 0);
          await using again = await SporkServer.start({ dir: server.dir });
          await using reader = await again.connect();
          assert.equal(await reader.call("GET", "key"), "last");
          assert.deepEqual([...Deno.readDirSync(server.dir)].map((entry) => entry.name), ["dump.rdb"]);
        });
      } finally {
        disk.holdsRenames = false;
        await server.stop();
      }
    },
  );
}

Deno.test({ name: "a shutdown does not wait for a disk that hangs", ignore: !hasFaultDisk }, async () => {
  using disk = new FaultDisk();
  const server = await SporkServer.start({ env: disk.env });
  try {
    await using client = await server.connect();
    await client.call("SET", "key", "value");
    disk.holdsRenames = true;
    await client.call("BGSAVE");
    await eventually(() => disk.renamesWaiting === 1, { what: "the rename waits" });
    await client.call("SHUTDOWN", "NOSAVE").catch(() => {});
    assert.equal((await server.exited).code, 0);
  } finally {
    disk.holdsRenames = false;
    await server.stop();
  }
});
