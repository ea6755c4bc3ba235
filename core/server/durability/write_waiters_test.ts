import assert from "node:assert/strict";
import type { Blocking, CommandClient } from "../../commands/command_client.ts";
import { Clock } from "../../keyspace/clock.ts";
import { UNBLOCKED, WAITAOF_WITHOUT_LOG } from "../../protocol/errors.ts";
import { eventually } from "../../../tests/harness/eventually.ts";
import { WriteWaiters } from "./write_waiters.ts";

class World {
  readonly clock = new Clock();
  durableLog: { offset: number; durableOffset: number } | null = { offset: 100, durableOffset: 0 };
  readonly waiters = new WriteWaiters(this);
  readonly ended: string[] = [];

  constructor() {
    this.clock.update();
  }

  wake(): void {}

  waitEnded(client: CommandClient, how: { failed: boolean }): void {
    this.ended.push(`${client.id} ${how.failed ? "failed" : "ended"}`);
  }

  durableTo(offset: number): void {
    this.durableLog!.durableOffset = offset;
    this.waiters.progressed();
  }
}

class FakeClient {
  static next = 1;
  readonly id = FakeClient.next++;
  readonly replies: string[] = [];
  readonly reply = { error: (text: string) => void this.replies.push(text) };
  blocking: Blocking | null = null;
  mayBlock = true;

  constructor(private readonly world: World, public writeOffset: number) {}

  get asClient(): CommandClient {
    return this as unknown as CommandClient;
  }

  wait(local: number, replicas: number, timeoutMs = 0): this {
    this.world.waiters.wait(this.asClient, {
      local,
      replicas,
      timeoutMs,
      reply: (_client, ...acks) => void this.replies.push(acks.join(" ")),
    });
    return this;
  }

  block(blocking: Blocking): void {
    this.blocking = blocking;
  }

  unblock(): void {
    this.blocking = null;
  }
}

Deno.test("a client waits until its own last write is durable", () => {
  const world = new World();
  const early = new FakeClient(world, 40).wait(1, 0);
  const late = new FakeClient(world, 90).wait(1, 0);
  world.durableTo(39);
  assert.deepEqual([early.replies, late.replies], [[], []]);
  world.durableTo(40);
  assert.deepEqual([early.replies, late.replies], [["1 0"], []]);
  assert.equal(early.blocking, null);
  assert.notEqual(late.blocking, null);
  world.durableTo(100);
  assert.deepEqual(late.replies, ["1 0"]);
  assert.deepEqual(world.ended, [`${early.id} ended`, `${late.id} ended`]);
  assert.ok(!world.waiters.hasWaiting);
});

Deno.test("what it writes while it waits is not waited for", () => {
  const world = new World();
  const client = new FakeClient(world, 40).wait(1, 0);
  client.writeOffset = 90;
  world.durableTo(50);
  assert.deepEqual(client.replies, ["1 0"]);
});

Deno.test("who has what it wants, or may not block, is answered at once", () => {
  const world = new World();
  world.durableTo(50);
  const queued = new FakeClient(world, 60);
  queued.mayBlock = false;
  assert.deepEqual(new FakeClient(world, 50).wait(1, 0).replies, ["1 0"]);
  assert.deepEqual(new FakeClient(world, 0).wait(1, 0).replies, ["1 0"]);
  assert.deepEqual(new FakeClient(world, 60).wait(0, 0).replies, ["0 0"]);
  assert.deepEqual(queued.wait(1, 1).replies, ["0 0"]);
  assert.ok(!world.waiters.hasWaiting);
  assert.deepEqual(world.ended, []);
});

Deno.test("without replicas a wait for them ends with its time, and tells what is durable then", async () => {
  const world = new World();
  const both = new FakeClient(world, 60).wait(1, 1, 5);
  const forEver = new FakeClient(world, 60).wait(0, 1);
  assert.equal(world.waiters.timeoutCount, 1);
  world.durableTo(100);
  assert.deepEqual(both.replies, []);
  await eventually(() => both.replies.length > 0, { everyMilliseconds: 1 });
  assert.deepEqual(both.replies, ["1 0"]);
  assert.equal(both.blocking, null);
  assert.deepEqual([forEver.replies, world.waiters.timeoutCount], [[], 0]);
  world.waiters.stop();
});

Deno.test("CLIENT UNBLOCK ends a wait as its timeout would, or with an error; a client that leaves is forgotten", () => {
  const world = new World();
  const timedOut = new FakeClient(world, 60).wait(1, 0, 60_000);
  const failed = new FakeClient(world, 60).wait(1, 0);
  const gone = new FakeClient(world, 60).wait(1, 0, 60_000);
  timedOut.blocking!.unblockedByClient!(timedOut.asClient, "timeout");
  failed.blocking!.unblockedByClient!(failed.asClient, "error");
  gone.blocking!.cancelled!(gone.asClient);
  world.durableTo(100);
  assert.deepEqual([timedOut.replies, failed.replies, gone.replies], [["0 0"], [UNBLOCKED], []]);
  assert.deepEqual(world.ended, [`${timedOut.id} ended`, `${failed.id} failed`]);
  assert.ok(!world.waiters.hasWaiting);
  assert.equal(world.waiters.timeoutCount, 0);
  world.waiters.stop();
});

Deno.test("the end of the log ends the waits for it with an error, others go on", () => {
  const world = new World();
  const local = new FakeClient(world, 60).wait(1, 0);
  const replicas = new FakeClient(world, 60).wait(0, 1);
  world.durableLog = null;
  world.waiters.progressed();
  assert.deepEqual([local.replies, replicas.replies], [[WAITAOF_WITHOUT_LOG], []]);
  assert.equal(local.blocking, null);
  assert.deepEqual(world.ended, [`${local.id} failed`]);
});

Deno.test("in a new log, whose offsets begin anew, the client's writes are durable when all of it is", () => {
  const world = new World();
  const client = new FakeClient(world, 5000).wait(1, 0);
  world.durableTo(99);
  assert.deepEqual(client.replies, []);
  world.durableTo(100);
  assert.deepEqual(client.replies, ["1 0"]);
});
