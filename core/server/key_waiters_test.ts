// Waiting for keys: who is woken by what and in which order, what a timeout and CLIENT UNBLOCK do, and that nothing is left
// behind. The command that waits here counts a hash key as a job: it deletes the first of its keys that exists.
import assert from "node:assert/strict";
import type { Blocking, CommandClient } from "../commands/command_client.ts";
import type { WaitOptions } from "../commands/key_waiters.ts";
import { latin1Bytes } from "../bytes/ascii.ts";
import { ENCODING_HASHTABLE, TYPE_HASH, TYPE_LIST } from "../keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../keyspace/entry_store.ts";
import type { Database } from "../keyspace/database.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Arena } from "../memory/arena.ts";
import { Arguments } from "../protocol/arguments.ts";
import { eventually } from "../../tests/harness/eventually.ts";
import { KeyWaiters } from "./key_waiters.ts";

class World {
  readonly keyspace = new Keyspace(Arena.create({ bytes: 4 * 1024 * 1024 }), 2);
  readonly log: string[] = [];
  readonly ended: string[] = [];
  readonly waiters = new KeyWaiters({
    replyLate: (_client, write) => write(),
    keyspace: this.keyspace,
    wake: () => {},
    waitEnded: (client, how) => void this.ended.push(`${client.name} ${how.failed}`),
  });

  client(name: string, database = 0): FakeClient {
    return new FakeClient(this, name, this.keyspace.databases[database]);
  }

  add(key: string, database = 0): void {
    const bytes = latin1Bytes(key);
    const db = this.keyspace.databases[database];
    const value = this.keyspace.fields.create(1);
    db.addCollection(bytes, 0, bytes.length, TYPE_HASH, ENCODING_HASHTABLE, value, NO_EXPIRE);
  }

  remove(key: string, database = 0): void {
    const bytes = latin1Bytes(key);
    this.keyspace.databases[database].remove(bytes, 0, bytes.length);
  }

  get counts(): { keys: number; gone: number; timeouts: number } {
    const { keyCount, goneKeyCount, timeoutCount } = this.waiters;
    return { keys: keyCount, gone: goneKeyCount, timeouts: timeoutCount };
  }
}

class FakeClient {
  readonly mayBlock = true;
  blocking: Blocking | null = null;
  keyWait: unknown = null;
  heldArgs: Arguments | null = null;
  runs = 0;
  options: Partial<WaitOptions> = {};
  /** Runs instead of taking a job. */
  onRun: (() => boolean) | null = null;
  readonly reply = { error: (text: string) => void this.world.log.push(`${this.name}: ${text}`) };
  private args: Arguments | null = null;

  constructor(readonly world: World, readonly name: string, readonly db: Database) {}

  get asClient(): CommandClient {
    return this as unknown as CommandClient;
  }

  take(...keys: string[]): this {
    this.run(Arguments.of("take", ...keys));
    return this;
  }

  private run(args: Arguments): void {
    this.args = args;
    this.runs++;
    if (this.onRun !== null) {
      if (this.onRun()) return;
    } else {
      for (let i = 1; i < args.count; i++) {
        const ref = this.db.peek(args.buffer, args.starts[i], args.ends[i]);
        if (ref === 0) continue;
        this.db.removeEntry(ref);
        this.world.log.push(`${this.name} took ${args.text(i)}`);
        return;
      }
    }
    this.world.waiters.wait(this.asClient, args, {
      firstKey: 1,
      lastKey: args.count - 1,
      type: TYPE_HASH,
      timeoutMs: 0,
      timedOut: (client) => void this.world.log.push(`${client.name} timed out`),
      ...this.options,
    });
  }

  block(blocking: Blocking): void {
    assert.equal(this.blocking, null);
    this.blocking = blocking;
    this.heldArgs = this.args!;
  }

  unblock(): void {
    this.blocking = null;
    this.heldArgs = null;
  }

  runAgain(): void {
    const args = this.heldArgs!;
    this.unblock();
    this.run(args);
  }
}

Deno.test("those who wait for a key are served in the order in which they came", () => {
  const world = new World();
  for (const name of ["a", "b", "c"]) world.client(name).take("job");
  assert.deepEqual(world.counts, { keys: 1, gone: 0, timeouts: 0 });
  for (let i = 0; i < 2; i++) {
    world.add("job");
    assert.equal(world.waiters.hasReady, true);
    world.waiters.serve();
  }
  assert.deepEqual(world.log, ["a took job", "b took job"]);
  assert.equal(world.counts.keys, 1);
  assert.equal(world.waiters.hasReady, false);
});

Deno.test("a client that waits for several keys, one of them twice, is served once and leaves nothing behind", () => {
  const world = new World();
  const client = world.client("a").take("x", "y", "x");
  assert.equal(world.counts.keys, 2);
  world.add("y");
  world.add("x");
  world.waiters.serve();
  assert.deepEqual(world.log, ["a took x"]);
  assert.equal(client.runs, 2);
  assert.equal(world.counts.keys, 0);
  assert.equal(client.db.awaited, null);
});

Deno.test("a key of another type, one that is gone again and one of another database wake nobody", () => {
  const world = new World();
  const client = world.client("a");
  client.options = { type: TYPE_LIST };
  client.take("k");
  world.add("k");
  world.waiters.serve();
  world.remove("k");
  const other = world.client("b").take("k");
  world.add("k");
  world.remove("k");
  world.waiters.serve();
  world.add("k", 1);
  world.waiters.serve();
  assert.deepEqual([client.runs, other.runs], [1, 1]);
});

Deno.test("what serving makes ready is served too", () => {
  const world = new World();
  const mover = world.client("mover");
  world.client("end").take("second");
  mover.onRun = () => {
    if (mover.runs === 1) return false;
    world.remove("first");
    world.add("second");
    return true;
  };
  mover.take("first");
  world.add("first");
  world.waiters.serve();
  assert.deepEqual(world.log, ["end took second"]);
});

Deno.test("a client that waits again keeps its place", () => {
  const world = new World();
  const first = world.client("first");
  let declines = 1;
  first.onRun = () => {
    if (first.runs === 1 || declines-- > 0) return false;
    world.remove("job");
    world.log.push("first took job");
    return true;
  };
  first.take("job");
  const second = world.client("second");
  second.onRun = () => false;
  second.take("job");
  world.add("job");
  world.waiters.serve();
  assert.deepEqual([first.runs, second.runs], [2, 2]);
  world.remove("job");
  second.onRun = null;
  world.add("job");
  world.waiters.serve();
  assert.deepEqual(world.log, ["first took job"]);
});

Deno.test("whoever asks for it is woken by a key that goes away, removed or with its database", () => {
  const world = new World();
  const client = world.client("a");
  client.options = { alsoWhenGone: true };
  client.onRun = () => false;
  world.add("k");
  client.take("k");
  assert.equal(world.counts.gone, 1);
  world.remove("k");
  world.waiters.serve();
  assert.equal(client.runs, 2);
  world.add("k");
  world.waiters.serve();
  assert.equal(client.runs, 3);
  world.keyspace.flushDatabase(client.db, { inBackground: true });
  world.waiters.serve();
  assert.equal(client.runs, 4);
});

Deno.test("SWAPDB brings keys that are waited for", () => {
  const world = new World();
  world.client("a").take("k");
  world.add("k", 1);
  const [first, second] = world.keyspace.databases;
  world.keyspace.swapDatabases(first, second);
  world.waiters.serve();
  assert.deepEqual(world.log, ["a took k"]);
});

Deno.test("waits end in the order of their deadlines, and are counted", async () => {
  const world = new World();
  const clients = [30, 10, 20].map((timeoutMs) => {
    const client = world.client(`${timeoutMs}`);
    client.options = { timeoutMs };
    return client.take("k");
  });
  assert.equal(world.counts.timeouts, 3);
  await eventually(() => world.log.length === 3);
  assert.deepEqual(world.log, ["10 timed out", "20 timed out", "30 timed out"]);
  assert.deepEqual(world.ended, ["10 false", "20 false", "30 false"]);
  assert.deepEqual(world.counts, { keys: 0, gone: 0, timeouts: 0 });
  assert.ok(clients.every((client) => client.blocking === null));
});

Deno.test("CLIENT UNBLOCK and the end of the connection take the client out of every queue", () => {
  const world = new World();
  const client = world.client("a").take("x", "y");
  client.blocking!.unblockedByClient!(client.asClient, "error");
  assert.deepEqual(world.log, ["a: UNBLOCKED client unblocked via CLIENT UNBLOCK"]);
  assert.deepEqual(world.ended, ["a true"]);
  assert.equal(world.counts.keys, 0);
  const other = world.client("b");
  other.options = { timeoutMs: 1000 };
  other.take("x");
  other.blocking!.cancelled!(other.asClient);
  assert.deepEqual(world.counts, { keys: 0, gone: 0, timeouts: 0 });
});
