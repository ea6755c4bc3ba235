// Over the marks of what may wait for the disk clients are not read any more; nobody is ended for it, and nothing is lost.
import assert from "node:assert/strict";
import { type Actor, bulk, MemoryWorld, OK, Stage } from "./durability_world.ts";

const VALUE = "x".repeat(1000);

async function played(play: (stage: Stage, world: MemoryWorld) => Promise<void>): Promise<void> {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  await stage.given(`SET k ${VALUE}`);
  await play(stage, world);
  await stage.end();
}

/** Sends so many commands one by one, so that those which are not read stay in the socket. */
async function floods(actor: Actor, line: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await actor.sends(line);
}

Deno.test("a client over its mark is not read until half of it has gone, and gets everything in order", () =>
  played(async (stage, world) => {
    await stage.given("CONFIG SET held-reply-limit-per-client 10000");
    await stage.pause();
    const actor = await stage.actor();
    await actor.sends("SET k " + VALUE);
    await floods(actor, "GET k", 2000);
    await actor.seesNothing();
    const held = Number(await stage.info("held_reply_bytes", "persistence"));
    assert.ok(held > 10000 && held < 12000, `${held}`);
    assert.equal(await stage.info("held_reply_paused_clients", "persistence"), "1");
    const other = await stage.actor();
    await other.gets("PING", "+PONG\r\n");
    await stage.resume();
    await actor.sees(OK + bulk(VALUE).repeat(2000));
    assert.equal(world.fed.server.durability.pressure.pausedCount, 0);
    assert.ok(world.fed.server.durability.pressure.pauses >= 1);
  }));

Deno.test("over the mark of all those who hold are not read, others are", () =>
  played(async (stage) => {
    await stage.given("CONFIG SET held-reply-limit 20000");
    await stage.pause();
    const actors = [await stage.actor(), await stage.actor(), await stage.actor()];
    for (const actor of actors) {
      await actor.sends("APPEND k y");
      await floods(actor, "STRLEN k", 100);
      await floods(actor, "GET k", 100);
    }
    for (const actor of actors) await actor.seesNothing();
    const held = Number(await stage.info("held_reply_bytes", "persistence"));
    assert.ok(held > 20000 && held < 25000, `${held}`);
    const other = await stage.actor();
    await other.gets("GET clean", "$-1\r\n");
    await stage.resume();
    for (const actor of actors) {
      await actor.sends("ECHO end");
      const all = await actor.until("$3\r\nend\r\n");
      assert.equal(all.match(/x+y+\r\n/g)!.length, 100);
    }
  }));

Deno.test("writers wait while the log is behind, readers do not", () =>
  played(async (stage, world) => {
    const { pressure } = world.fed.server.durability;
    await stage.given("CONFIG SET aof-inflight-limit 1000");
    const backlog = { waitingBytes: 1001, fault: null };
    pressure.backlog = backlog;
    world.fed.server.wake();
    const writer = await stage.actor();
    await writer.seesNothing();
    await writer.sends("SET k v", "GET k");
    await writer.seesNothing();
    const transaction = await stage.actor();
    await transaction.sends("MULTI", "SET k w", "EXEC");
    await transaction.sees(`${OK}+QUEUED\r\n`);
    await transaction.seesNothing();
    const reader = await stage.actor();
    await reader.gets("GET k", bulk(VALUE));
    assert.equal(await stage.info("aof_inflight_waiting_writers", "persistence"), "2");
    assert.equal(await stage.info("aof_inflight_bytes", "persistence"), "1001");
    backlog.waitingBytes = 500;
    world.fed.server.wake();
    await writer.sees(OK + bulk("v"));
    await transaction.sees(`*1\r\n${OK}`);
  }));

Deno.test("client-output-buffer-limit does not count what is held for a client that sends commands", () =>
  played(async (stage, world) => {
    world.fed.server.limits.output.normal = { hardBytes: 20_000, softBytes: 0, softSeconds: 0 };
    await stage.pause();
    const actor = await stage.actor();
    await actor.sends("APPEND k y");
    await floods(actor, "GET k", 100);
    await actor.seesNothing();
    assert.equal(actor.peer.ended, false);
    await stage.resume();
    await actor.sends("ECHO end");
    assert.ok((await actor.until("$3\r\nend\r\n")).length > 100_000);
  }));
