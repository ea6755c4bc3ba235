// Marks of what may wait for the disk, over clients that only note that they are stopped.
import assert from "node:assert/strict";
import type { Client } from "../../net/client.ts";
import { ReplyHolds } from "../../net/reply_holds.ts";
import { BackPressure } from "./back_pressure.ts";

class FakeClient {
  readonly holds = new ReplyHolds();
  readonly output = { heldBytes: 0 };
  isPaused = false;
  blocking: { cancelled?(client: unknown): void } | null = null;

  constructor() {
    this.holds.add(0, 1, 0);
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
  }

  block(blocking: { cancelled?(client: unknown): void }): void {
    this.blocking = blocking;
  }

  unblock(): void {
    this.blocking = null;
  }

  /** A command of this client adds to what is held for it. */
  reply(pressure: BackPressure, bytes: number): void {
    this.output.heldBytes += bytes;
    pressure.replied(this.client, bytes);
  }

  get client(): Client {
    return this as unknown as Client;
  }
}

class Rig {
  readonly switches: boolean[] = [];
  readonly pressure = new BackPressure((on) => void this.switches.push(on));
  readonly clients: FakeClient[] = [];

  client(): FakeClient {
    const client = new FakeClient();
    this.clients.push(client);
    return client;
  }

  check(): void {
    this.pressure.check(this.clients.map((each) => each.client));
  }
}

Deno.test("over its own mark a client is stopped, at half of it it goes on", () => {
  const rig = new Rig();
  rig.pressure.limits.clientBytesMax = 100;
  const [first, second] = [rig.client(), rig.client()];
  first.reply(rig.pressure, 100);
  assert.equal(first.isPaused, false);
  first.reply(rig.pressure, 1);
  second.reply(rig.pressure, 60);
  assert.deepEqual([first.isPaused, second.isPaused], [true, false]);
  assert.deepEqual([rig.pressure.pausedCount, rig.pressure.pauses], [1, 1]);
  first.output.heldBytes = 51;
  rig.check();
  assert.equal(first.isPaused, true);
  first.output.heldBytes = 50;
  rig.check();
  assert.equal(first.isPaused, false);
  assert.equal(rig.pressure.pausedCount, 0);
});

Deno.test("over the mark of all together everybody who waits is stopped, and whoever comes to wait", () => {
  const rig = new Rig();
  rig.pressure.limits.heldBytesMax = 100;
  const [first, second, third] = [rig.client(), rig.client(), rig.client()];
  first.reply(rig.pressure, 60);
  rig.check();
  // Within one turn, too.
  second.reply(rig.pressure, 41);
  assert.deepEqual([first.isPaused, second.isPaused], [false, true]);
  rig.check();
  assert.deepEqual([first.isPaused, second.isPaused], [true, true]);
  third.reply(rig.pressure, 1);
  assert.equal(third.isPaused, true);
  second.output.heldBytes = 0;
  rig.check();
  assert.equal(second.isPaused, true, "above the low mark");
  first.output.heldBytes = 49;
  rig.check();
  assert.deepEqual(rig.clients.map((each) => each.isPaused), [false, false, false]);
});

Deno.test("writers wait while the log is behind, and run when it has caught up", () => {
  const rig = new Rig();
  const backlog = { waitingBytes: 100, fault: null };
  rig.pressure.limits.logBytesMax = 100;
  rig.pressure.backlog = backlog;
  rig.check();
  assert.deepEqual(rig.switches, []);
  backlog.waitingBytes = 101;
  rig.check();
  rig.check();
  assert.deepEqual(rig.switches, [true]);
  const [first, second] = [rig.client(), rig.client()];
  rig.pressure.holdWriter(first.client);
  rig.pressure.holdWriter(second.client);
  assert.equal(rig.pressure.waitingWriters, 2);
  second.blocking!.cancelled!(second);
  assert.equal(rig.pressure.waitingWriters, 1);
  backlog.waitingBytes = 51;
  rig.check();
  assert.notEqual(first.blocking, null);
  backlog.waitingBytes = 50;
  rig.check();
  assert.equal(first.blocking, null);
  assert.deepEqual(rig.switches, [true, false]);
  assert.equal(rig.pressure.waitingWriters, 0);
});

Deno.test("a log that is switched off keeps nobody waiting", () => {
  const rig = new Rig();
  rig.pressure.limits.logBytesMax = 1;
  rig.pressure.backlog = { waitingBytes: 2, fault: null };
  rig.check();
  const client = rig.client();
  rig.pressure.holdWriter(client.client);
  rig.pressure.backlog = null;
  rig.check();
  assert.equal(client.blocking, null);
});

Deno.test("a log that fails keeps nobody waiting: their writes are refused", () => {
  const rig = new Rig();
  rig.pressure.limits.logBytesMax = 1;
  const backlog: { waitingBytes: number; fault: object | null } = { waitingBytes: 2, fault: null };
  rig.pressure.backlog = backlog;
  rig.check();
  const client = rig.client();
  rig.pressure.holdWriter(client.client);
  backlog.fault = {};
  rig.check();
  assert.equal(client.blocking, null);
  assert.deepEqual(rig.switches, [true, false]);
});

Deno.test("a stopped client that goes away is forgotten; without marks nobody is stopped", () => {
  const rig = new Rig();
  rig.pressure.limits.clientBytesMax = 1;
  const [first, second] = [rig.client(), rig.client()];
  for (const client of [first, second]) client.reply(rig.pressure, 2);
  rig.pressure.forget(first.client);
  assert.equal(rig.pressure.pausedCount, 1);
  rig.pressure.forget(second.client);
  rig.pressure.forget(second.client);
  assert.equal(rig.pressure.pausedCount, 0);
  rig.pressure.limits.clientBytesMax = 0;
  const third = rig.client();
  third.reply(rig.pressure, 1e12);
  rig.check();
  assert.equal(third.isPaused, false);
});
