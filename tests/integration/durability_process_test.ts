// Held replies through a server process with a log on disk: all scenes one after the other, then what only a real log has:
// policies, strategies and switching while replies wait.
import assert from "node:assert/strict";
import { clientScenes } from "./durability_client_scenes.ts";
import { keyScenes } from "./durability_scenes.ts";
import { bulk, OK, ProcessWorld, Stage } from "./durability_world.ts";

async function played(play: (stage: Stage) => Promise<void>, ...args: string[]): Promise<void> {
  await using world = await ProcessWorld.start(...args);
  const stage = new Stage(world);
  await play(stage);
  await stage.end();
}

Deno.test("held replies in a process: every scene", async (test) => {
  await using world = await ProcessWorld.start();
  for (const { name, play } of [...keyScenes, ...clientScenes]) {
    await test.step(name, async () => {
      const stage = new Stage(world);
      try {
        await stage.given("FLUSHALL");
        await play(stage);
      } finally {
        await stage.end();
      }
    });
  }
});

Deno.test("with aof-inline the log is durable before replies go out: nothing waits, whatever is paused", () =>
  played(
    async (stage) => {
      await stage.pause();
      const actor = await stage.actor();
      await actor.gets("SET k v", OK);
      await actor.gets("GET k", bulk("v"));
      assert.equal(await stage.info("reply_blocking_enabled"), "0");
    },
    "--aof-strategy",
    "aof-inline",
  ));

for (const policy of ["everysec", "no"]) {
  Deno.test(`under appendfsync ${policy} nothing is held, notifications and invalidations come at once`, () =>
    played(async (stage) => {
      await stage.given(`CONFIG SET appendfsync ${policy}`, "CONFIG SET notify-keyspace-events KEA");
      await stage.eventually(async () => await stage.info("reply_blocking_enabled") === "0");
      await stage.pause();
      const listener = await stage.actor();
      await listener.sends("SUBSCRIBE __keyevent@0__:set");
      await listener.until(":1\r\n");
      const tracker = await stage.actor();
      await tracker.sends("HELLO 3", "CLIENT TRACKING ON BCAST", "ECHO ready");
      await tracker.until("ready\r\n");
      const actor = await stage.actor();
      await actor.gets("SET k v", OK);
      await actor.gets("GET k", bulk("v"));
      await actor.gets("DBSIZE", ":1\r\n");
      await listener.sees(`*3\r\n${bulk("message")}${bulk("__keyevent@0__:set")}${bulk("k")}`);
      await tracker.sees(`>2\r\n${bulk("invalidate")}*1\r\n${bulk("k")}`);
    }));
}

Deno.test("a log that is switched on holds until its first rewrite has ended: nothing is durable before", () =>
  played(async (stage) => {
    const keys = Array.from({ length: 200 }, (_, index) => `SET k${index} v`);
    await stage.given("CONFIG SET appendonly no", ...keys, "CONFIG SET rdb-key-save-delay 1000000");
    const operator = await stage.actor();
    await operator.gets("CONFIG SET appendonly yes", OK);
    const writer = await stage.actor();
    await writer.sends("SET k0 w");
    await writer.seesNothing();
    const reader = await stage.actor();
    await reader.gets("GET k1", bulk("v"));
    await reader.sends("GET k0");
    await reader.seesNothing();
    await stage.given("CONFIG SET rdb-key-save-delay 0");
    await writer.sees(OK);
    await reader.sees(bulk("w"));
  }));

/** What ends the waiting for the disk, and what brings it back. */
const SWITCHES = [
  ["appendfsync everysec", "appendfsync always"],
  ["appendonly no", "appendonly yes"],
  ["aof-strategy aof-inline", "aof-strategy aof-offload"],
  ["bio-aof-offload-enabled no", "bio-aof-offload-enabled yes"],
];

for (const [change, back] of SWITCHES) {
  Deno.test(`CONFIG SET ${change} releases what is held and ends holding; set back, it holds again`, () =>
    played(async (stage) => {
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("SET k v");
      const reader = await stage.actor();
      await reader.sends("GET k");
      await writer.seesNothing();
      await reader.seesNothing();
      const operator = await stage.actor();
      await operator.gets(`CONFIG SET ${change}`, OK);
      await writer.sees(OK);
      await reader.sees(bulk("v"));
      assert.equal(await stage.info("reply_blocking_enabled"), "0");
      await writer.gets("SET k w", OK);
      await reader.gets("GET k", bulk("w"));
      await operator.gets(`CONFIG SET ${back}`, OK);
      await stage.eventually(async () => await stage.info("reply_blocking_enabled") === "1");
      await writer.sends("SET k x");
      await writer.seesNothing();
      await stage.resume();
      await writer.sees(OK);
    }));
}
