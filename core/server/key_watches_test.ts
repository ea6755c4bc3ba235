// WATCH without a server: what makes a client's transaction stale, what does not, and that nobody is asked while nobody watches.
import assert from "node:assert/strict";
import { latin1Bytes } from "../bytes/ascii.ts";
import type { CommandClient } from "../commands/command_client.ts";
import { NO_EXPIRE } from "../keyspace/entry_store.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Arena } from "../memory/arena.ts";
import { Arguments } from "../protocol/arguments.ts";
import { KeyWatches } from "./key_watches.ts";

const LONG_AGO = 1;

class World {
  readonly keyspace = new Keyspace(Arena.create({ bytes: 4 * 1024 * 1024 }), 2);
  readonly watches = new KeyWatches(this.keyspace);

  /** A client that watches these keys of a database. */
  watcher(database: number, ...keys: string[]): CommandClient {
    const client = {
      db: this.keyspace.databases[database],
      dirtyExec: false,
      watchedKeys: 0,
    } as CommandClient;
    const args = Arguments.of("watch", ...keys);
    for (let i = 1; i < args.count; i++) this.watches.watch(client, args, i);
    return client;
  }

  set(database: number, key: string, expireAt = NO_EXPIRE): void {
    const bytes = latin1Bytes(key);
    const db = this.keyspace.databases[database];
    db.setString(bytes, 0, bytes.length, bytes, 0, bytes.length, expireAt);
    db.changed("string", "set", bytes, 0, bytes.length);
  }

  remove(database: number, key: string): void {
    const bytes = latin1Bytes(key);
    const db = this.keyspace.databases[database];
    if (db.remove(bytes, 0, bytes.length)) db.changed("generic", "del", bytes, 0, bytes.length);
  }

  /** EXEC would fail. */
  isStale(client: CommandClient): boolean {
    return client.dirtyExec || this.watches.hasExpired(client);
  }
}

Deno.test("a change of a watched key is noticed by all who watch it, and only by them", () => {
  const world = new World();
  const [a, b, c, elsewhere] = [
    world.watcher(0, "x", "y", "x"),
    world.watcher(0, "y"),
    world.watcher(0, "z"),
    world.watcher(1, "y"),
  ];
  assert.deepEqual([a.watchedKeys, world.watches.clientCount, world.watches.keyCount], [2, 4, 4]);
  world.set(0, "other");
  world.set(0, "y");
  assert.deepEqual([a, b, c, elsewhere].map((each) => world.isStale(each)), [true, true, false, false]);
  // Who is stale need not be told again.
  assert.deepEqual([a.watchedKeys, world.watches.clientCount, world.watches.keyCount], [0, 2, 2]);
  world.watches.unwatch(c);
  world.watches.unwatch(elsewhere);
  assert.deepEqual([world.watches.keyCount, world.keyspace.watched], [0, null]);
});

Deno.test("a key that expires makes stale, one that had expired before does not, whoever deletes it", () => {
  const world = new World();
  world.set(0, "soon", world.keyspace.clock.ms + 1000);
  world.set(0, "past", LONG_AGO);
  const fresh = world.watcher(0, "soon");
  const late = world.watcher(0, "past");
  world.keyspace.clock.ms += 2000;
  assert.deepEqual([world.isStale(fresh), world.isStale(late)], [true, false]);
  const past = latin1Bytes("past");
  assert.equal(world.keyspace.databases[0].peek(past, 0, past.length), 0);
  assert.equal(world.isStale(late), false);
  world.set(0, "past");
  assert.equal(world.isStale(late), true);
});

Deno.test("emptying and exchanging databases touch the keys that were or will be there", () => {
  for (
    const [change, stale] of [
      [(world: World) => world.keyspace.flushAll(), ["here"]],
      [(world: World) => world.keyspace.flushDatabase(world.keyspace.databases[0], { inBackground: true }), [
        "here",
      ]],
      [
        (world: World) =>
          world.keyspace.swapDatabases(world.keyspace.databases[0], world.keyspace.databases[1]),
        [
          "here",
          "there",
        ],
      ],
      [(world: World) => world.remove(0, "nowhere"), []],
    ] as [(world: World) => void, string[]][]
  ) {
    const world = new World();
    world.set(0, "here");
    world.set(1, "there");
    world.set(1, "expired", LONG_AGO);
    const names = ["here", "there", "nowhere", "expired"];
    const clients = names.map((name) => world.watcher(0, name));
    change(world);
    assert.deepEqual(names.filter((_, index) => world.isStale(clients[index])), stale);
  }
});

Deno.test("a key that had expired stays without meaning where another expired one takes its place", () => {
  const world = new World();
  world.set(0, "k", LONG_AGO);
  world.set(1, "k", LONG_AGO);
  const client = world.watcher(0, "k");
  const [first, second] = world.keyspace.databases;
  world.keyspace.swapDatabases(first, second);
  assert.equal(world.isStale(client), false);
  world.keyspace.flushDatabase(first, { inBackground: true });
  assert.equal(world.isStale(client), false);
  world.set(0, "k");
  assert.equal(world.isStale(client), true);
});
