// Clients whose replies are held: who comes and goes, what is told to whom meanwhile, and DEBUG's levers. As in
// durability_scenes.ts.
import assert from "node:assert/strict";
import { type Actor, bulk, OK, type Scene, type Stage } from "./durability_world.ts";

export const clientScenes: Scene[] = [
  {
    name: "who disconnects while held waits no more",
    play: async (stage) => {
      await stage.pause();
      const actor = await stage.actor();
      await actor.sends("SET k v");
      await actor.seesNothing();
      assert.equal(await stage.info("reply_blocking_clients_waiting_ack"), "1");
      actor.peer.close();
      await actor.world.settle();
      await stage.eventually(async () => await stage.info("reply_blocking_clients_waiting_ack") === "0");
      // The key stays dirty.
      const reader = await stage.actor();
      await reader.sends("GET k");
      await reader.seesNothing();
      await stage.resume();
      await reader.sees(bulk("v"));
    },
  },
  {
    name: "who half-closes gets what was held for him",
    play: async (stage) => {
      await stage.pause();
      const actor = await stage.actor();
      await actor.sends("SET k v", "PING");
      await actor.seesNothing();
      await actor.peer.end();
      await actor.seesNothing();
      assert.equal(actor.peer.ended, false);
      await stage.resume();
      await actor.sees(`${OK}+PONG\r\n`);
      await stage.eventually(() => actor.peer.ended);
    },
  },
  {
    name: "CLIENT KILL while held: nothing of it comes",
    play: async (stage) => {
      await stage.pause();
      const actor = await stage.actor();
      await actor.gets("CLIENT SETNAME victim", OK);
      await actor.sends("CLIENT ID");
      const id = (await actor.until("\r\n")).slice(1, -2);
      await actor.sends("SET k v");
      await actor.seesNothing();
      await stage.given(`CLIENT KILL ID ${id}`);
      await stage.eventually(() => actor.peer.ended);
      assert.equal(await stage.info("reply_blocking_clients_waiting_ack"), "0");
      await stage.resume();
      await actor.seesNothing();
    },
  },
  {
    name: "INFO debug tells of held replies, other INFO does not",
    play: async (stage) => {
      await stage.given("SET k v");
      const before = Number(await stage.info("reply_blocking_write_blocked_count"));
      const reads = Number(await stage.info("reply_blocking_read_blocked_count"));
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("SET k v");
      const reader = await stage.actor();
      await reader.sends("GET k");
      await reader.seesNothing();
      assert.equal(await stage.info("reply_blocking_enabled"), "1");
      assert.equal(Number(await stage.info("reply_blocking_write_blocked_count")), before + 1);
      assert.equal(Number(await stage.info("reply_blocking_read_blocked_count")), reads + 1);
      assert.equal(await stage.info("reply_blocking_clients_waiting_ack"), "2");
      assert.equal(await stage.info("reply_blocking_uncommitted_keys"), "1");
      const acked = Number(await stage.info("reply_blocking_previous_acked_offset"));
      assert.ok(acked < Number(await stage.info("reply_blocking_primary_repl_offset")));
      assert.equal(await stage.info("reply_blocking_enabled", "everything"), undefined);
      assert.equal(Number(await stage.info("held_reply_bytes", "persistence")), (OK + bulk("v")).length);
      await stage.resume();
      await writer.sees(OK);
      await reader.sees(bulk("v"));
      assert.equal(await stage.info("reply_blocking_uncommitted_keys"), "0");
      assert.equal(await stage.info("reply_blocking_clients_waiting_ack"), "0");
    },
  },
  {
    name: "invalidations come when the change is durable",
    play: async (stage) => {
      await stage.given("SET k v");
      const listener = await tracker(stage, "HELLO 3", "CLIENT TRACKING ON", "GET k");
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("SET k w");
      await listener.seesNothing();
      await stage.resume();
      await listener.sees(`>2\r\n${bulk("invalidate")}*1\r\n${bulk("k")}`);
      await writer.sees(OK);
    },
  },
  {
    name: "the invalidation of a flush comes when it is durable",
    play: async (stage) => {
      await stage.given("SET k v");
      const listener = await tracker(stage, "HELLO 3", "CLIENT TRACKING ON BCAST");
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("FLUSHDB");
      await listener.seesNothing();
      await stage.resume();
      await listener.sees(`>2\r\n${bulk("invalidate")}_\r\n`);
    },
  },
  {
    name: "keyspace notifications come when the change is durable",
    play: async (stage) => {
      await stage.given("CONFIG SET notify-keyspace-events KEA");
      const listener = await stage.actor();
      await listener.sends("SUBSCRIBE __keyevent@0__:set");
      await listener.until(":1\r\n");
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("SET k v");
      await listener.seesNothing();
      await stage.resume();
      await listener.sees(`*3\r\n${bulk("message")}${bulk("__keyevent@0__:set")}${bulk("k")}`);
      await stage.given("CONFIG SET notify-keyspace-events ");
    },
  },
  {
    name: "pause and resume of an unknown provider are errors",
    play: async (stage) => {
      const actor = await stage.actor();
      for (const action of ["PAUSE", "RESUME"]) {
        await actor.sends(`DEBUG REPLY-BLOCKING-${action} nosuch`);
        assert.match(await actor.until("\r\n"), /^-ERR .*No such reply-blocking provider/);
      }
    },
  },
  {
    name: "resuming what is not paused is fine, and so is pausing twice",
    play: async (stage) => {
      await stage.resume();
      await stage.pause();
      await stage.pause();
      const actor = await stage.actor();
      await actor.sends("SET k v");
      await actor.seesNothing();
      await stage.resume();
      await actor.sees(OK);
      await actor.gets("SET k w", OK);
    },
  },
  {
    name: "three writes of three clients are all released",
    play: async (stage) => {
      await stage.pause();
      const actors: Actor[] = [];
      for (let index = 0; index < 3; index++) {
        const actor = await stage.actor();
        await actor.sends(`SET k${index} v`);
        actors.push(actor);
      }
      for (const actor of actors) await actor.seesNothing();
      await stage.resume();
      for (const actor of actors) await actor.sees(OK);
    },
  },
  {
    name: "MONITOR: the line of a write is held with it, that of a clean read flows",
    play: async (stage) => {
      await stage.given("SET clean 1");
      const monitor = await stage.actor();
      await monitor.gets("MONITOR", OK);
      await stage.pause();
      const reader = await stage.actor();
      await reader.gets("GET clean", bulk("1"));
      assert.match(await monitor.until("\r\n"), /"GET" "clean"\r\n$/);
      const writer = await stage.actor();
      await writer.sends("SET k v");
      await writer.seesNothing();
      await monitor.seesNothing();
      await reader.gets("GET clean", bulk("1"));
      await monitor.seesNothing();
      await stage.resume();
      assert.match(await monitor.until('"clean"\r\n'), /"SET" "k" "v"\r\n.*"GET" "clean"\r\n$/);
    },
  },
  {
    name: "CLIENT REPLY SKIP: the key is dirty though nothing was replied",
    play: async (stage) => {
      await stage.pause();
      const writer = await stage.actor();
      await writer.sends("CLIENT REPLY SKIP", "SET k v", "PING");
      await writer.sees("+PONG\r\n");
      const reader = await stage.actor();
      await reader.sends("GET k");
      await reader.seesNothing();
      await stage.resume();
      await reader.sees(bulk("v"));
    },
  },
  {
    name: "pushes and messages to a client that waits come behind what is held",
    play: async (stage) => {
      const actor = await stage.actor();
      await actor.sends("HELLO 3", "SUBSCRIBE c");
      await actor.until(":1\r\n");
      await stage.pause();
      await actor.sends("SET k v");
      await actor.seesNothing();
      await stage.given("PUBLISH c m");
      await actor.seesNothing();
      await stage.resume();
      await actor.sees(`${OK}>3\r\n${bulk("message")}${bulk("c")}${bulk("m")}`);
    },
  },
];

/** Somebody who has sent these lines and taken their replies. */
async function tracker(stage: Stage, ...lines: string[]): Promise<Actor> {
  const actor = await stage.actor();
  await actor.sends(...lines, "ECHO ready");
  await actor.until("$5\r\nready\r\n");
  return actor;
}
