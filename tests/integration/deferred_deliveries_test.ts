// Keyspace notifications and invalidations wait until what they tell is durable, everything else that is pushed does not.
// The log is in the tests' hands here; deferred_deliveries_process_test.ts has a real one.
import assert from "node:assert/strict";
import { HeldServer } from "./held_server.ts";

const OK = "+OK\r\n";

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** As RESP3 sends it; null: all keys. */
function invalidation(...keys: string[]): string {
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map(bulk).join("")}`;
}

const EVERYTHING = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

function pmessage(pattern: string, channel: string, message: string): string {
  return `*4\r\n${["pmessage", pattern, channel, message].map(bulk).join("")}`;
}

function message(channel: string, text: string): string {
  return `*3\r\n${["message", channel, text].map(bulk).join("")}`;
}

function heldTest(name: string, run: (server: HeldServer) => Promise<void>, ...args: string[]): void {
  Deno.test(name, async () => {
    const server = new HeldServer(args);
    try {
      await run(server);
    } finally {
      server.stop();
    }
  });
}

heldTest(
  "a keyspace notification waits for its change, and goes to those who are subscribed then",
  async (server) => {
    const early = await server.connect();
    const late = await server.connect();
    const writer = await server.connect();
    const channel = "__keyspace@0__:key";
    await early.ask(["SUBSCRIBE", channel]);
    await writer.run(["SET", "key", "1"]);
    const { offset } = server;
    await late.ask(["SUBSCRIBE", channel]);
    await writer.run(["DEL", "key"]);
    assert.equal(early.take() + late.take() + writer.take(), "");
    await server.durable(offset - 1);
    assert.equal(early.take() + late.take() + writer.take(), "");
    await server.durable(offset);
    assert.equal(writer.take(), OK);
    assert.equal(early.take(), message(channel, "set"));
    assert.equal(late.take(), message(channel, "set"));
    await early.ask(["UNSUBSCRIBE", channel]);
    await server.durable();
    assert.equal(early.take(), "");
    assert.equal(late.take(), message(channel, "del"));
  },
  "--notify-keyspace-events",
  "KEA",
);

heldTest(
  "a miss is told when what the reader saw is durable; at once where everything is",
  async (server) => {
    const listener = await server.connect();
    const reader = await server.connect();
    const writer = await server.connect();
    const channel = "__keyevent@0__:keymiss";
    await listener.ask(["SUBSCRIBE", channel]);
    assert.equal(await reader.ask(["GET", "none"]), "$-1\r\n");
    assert.equal(listener.take(), message(channel, "none"));
    await writer.run(["SET", "other", "1"]);
    assert.equal(await reader.ask(["GET", "none"]), "$-1\r\n");
    assert.equal(listener.take(), "");
    await server.durable();
    assert.equal(listener.take(), message(channel, "none"));
  },
  "--notify-keyspace-events",
  "Em",
);

heldTest(
  "what expires or is evicted is told of when its deletion is durable",
  async (server) => {
    const listener = await server.connect();
    const client = await server.connect();
    await listener.ask(["PSUBSCRIBE", "__keyevent@0__:e*"]);
    await client.run(["SET", "brief", "1", "PX", "1"]);
    await server.durable();
    client.take();
    listener.take();
    const before = server.offset;
    while (await client.ask(["GET", "brief"]) !== "$-1\r\n");
    assert.ok(server.offset > before);
    assert.equal(listener.take(), "");
    await server.durable(server.offset - 1);
    assert.equal(listener.take(), "");
    await server.durable();
    assert.equal(listener.take(), pmessage("__keyevent@0__:e*", "__keyevent@0__:expired", "brief"));
    await client.run(["SET", "victim", "1"], ["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
    await server.durable();
    await client.run(["CONFIG", "SET", "maxmemory", "1"], ["GET", "nothing"]);
    assert.equal(listener.take(), "");
    await server.durable();
    assert.equal(listener.take(), pmessage("__keyevent@0__:e*", "__keyevent@0__:evicted", "victim"));
  },
  "--notify-keyspace-events",
  "EA",
);

heldTest(
  "an invalidation waits for its change; who made the change is remembered meanwhile",
  async (server) => {
    const cache = await server.connect({ protocol: 3 });
    const own = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    await cache.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
    await own.ask(["CLIENT", "TRACKING", "ON", "NOLOOP"], ["GET", "key"], ["GET", "other"]);
    await own.run(["SET", "key", "1"]);
    await writer.run(["SET", "other", "1"]);
    assert.equal(cache.take() + own.take(), "");
    await server.durable();
    assert.equal(cache.take(), invalidation("key"));
    assert.equal(own.take(), OK + invalidation("other"));
    assert.equal(writer.take(), OK);
  },
);

heldTest(
  "those who read while the change waits have the new value, and are told of the next change only",
  async (server) => {
    const before = await server.connect({ protocol: 3 });
    const behind = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    await before.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
    await writer.run(["SET", "key", "1"]);
    await behind.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
    await server.durable();
    assert.equal(before.take(), invalidation("key"));
    assert.equal(behind.take(), "$1\r\n1\r\n");
    await writer.run(["SET", "key", "2"]);
    await server.durable();
    assert.equal(before.take(), "");
    assert.equal(behind.take(), invalidation("key"));
  },
);

heldTest("broadcasts and flushes wait, for each with the client that made the change", async (server) => {
  const all = await server.connect({ protocol: 3 });
  const others = await server.connect({ protocol: 3 });
  const cache = await server.connect({ protocol: 3 });
  const writer = await server.connect();
  await all.ask(["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a"]);
  await others.ask(["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "NOLOOP"]);
  await cache.ask(["CLIENT", "TRACKING", "ON"]);
  await writer.run(["SET", "a1", "1"], ["SET", "b1", "1"], ["SET", "a0", "1"]);
  await others.run(["SET", "a2", "1"]);
  const { offset } = server;
  await writer.run(["FLUSHDB"]);
  assert.equal(all.take() + others.take() + cache.take() + writer.take(), "");
  await server.durable(offset);
  assert.equal(all.take(), invalidation("a0", "a1") + invalidation("a2"));
  assert.equal(others.take(), invalidation("a0", "a1").replace(/^/, OK));
  assert.equal(cache.take(), "");
  await server.durable();
  assert.equal(all.take(), EVERYTHING);
  assert.equal(others.take(), EVERYTHING);
  assert.equal(cache.take(), EVERYTHING);
});

heldTest(
  "without a log that replies wait for, nothing waits",
  async (server) => {
    server.release();
    const listener = await server.connect();
    const cache = await server.connect({ protocol: 3 });
    const broad = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    await listener.ask(["SUBSCRIBE", "__keyspace@0__:key"]);
    await cache.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
    await broad.ask(["CLIENT", "TRACKING", "ON", "BCAST"]);
    assert.equal(await writer.ask(["SET", "key", "1"]), OK);
    assert.equal(listener.take(), message("__keyspace@0__:key", "set"));
    assert.equal(cache.take(), invalidation("key"));
    assert.equal(broad.take(), invalidation("key"));
    assert.equal(server.server.durability.deliveries.count, 0);
  },
  "--notify-keyspace-events",
  "KA",
);

heldTest(
  "all that waits is told when holding ends",
  async (server) => {
    const listener = await server.connect();
    const cache = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    await listener.ask(["SUBSCRIBE", "__keyspace@0__:key"]);
    await cache.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"]);
    await writer.run(["SET", "key", "1"]);
    server.release();
    await server.settled();
    assert.equal(writer.take(), OK);
    assert.equal(listener.take(), message("__keyspace@0__:key", "set"));
    assert.equal(cache.take(), invalidation("key"));
    assert.equal(server.server.durability.deliveries.bytes, 0);
  },
  "--notify-keyspace-events",
  "KA",
);

heldTest(
  "clients that go, track no more or track otherwise while their invalidation waits",
  async (server) => {
    const killed = await server.connect({ protocol: 3 });
    const closed = await server.connect({ protocol: 3 });
    const off = await server.connect({ protocol: 3 });
    const moved = await server.connect({ protocol: 3 });
    const receiver = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    for (const cache of [killed, closed, off, moved]) {
      await cache.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"], ["GET", "second"]);
    }
    await writer.run(["SET", "key", "1"], ["SET", "second", "1"]);
    await server.control("CLIENT", "KILL", "ID", `${killed.id}`);
    closed.connection.end();
    await off.ask(["CLIENT", "TRACKING", "OFF"]);
    await moved.ask(["CLIENT", "TRACKING", "ON", "REDIRECT", `${receiver.id}`]);
    await server.durable();
    assert.equal(killed.take() + closed.take() + off.take() + moved.take(), "");
    assert.equal(receiver.take(), invalidation("key") + invalidation("second"));
    assert.equal(writer.take(), OK + OK);
    await moved.ask(["GET", "key"]);
    await writer.run(["SET", "key", "2"]);
    receiver.connection.end();
    await server.settled();
    await server.durable();
    assert.equal(moved.take(), `>2\r\n$21\r\ntracking-redir-broken\r\n:${receiver.id}\r\n`);
  },
);

heldTest("what is told to a client whose replies wait comes behind them", async (server) => {
  const client = await server.connect({ protocol: 3 });
  const writer = await server.connect();
  await client.ask(["CLIENT", "TRACKING", "ON"], ["GET", "key"], ["SUBSCRIBE", "news"]);
  await writer.run(["SET", "key", "1"]);
  const { offset } = server;
  await client.run(["SET", "own", "1"], ["PING"]);
  await server.durable(offset);
  assert.equal(client.take(), "", "the invalidation is behind replies that wait");
  assert.equal(await writer.ask(["PUBLISH", "news", "x"]), OK + ":1\r\n");
  assert.equal(client.take(), "");
  await server.durable();
  assert.equal(
    client.take(),
    `${OK}+PONG\r\n${invalidation("key")}>3\r\n${["message", "news", "x"].map(bulk).join("")}`,
  );
});

heldTest(
  "messages and confirmations do not wait, those of a transaction that writes neither",
  async (server) => {
    const listener = await server.connect();
    const writer = await server.connect();
    await writer.run(["SET", "key", "1"]);
    assert.equal(
      await listener.ask(["SUBSCRIBE", "news"]),
      `*3\r\n${bulk("subscribe")}${bulk("news")}:1\r\n`,
    );
    await listener.ask(["SSUBSCRIBE", "shard"]);
    await writer.run(["MULTI"], ["SET", "key", "2"], ["PUBLISH", "news", "x"], ["EXEC"], [
      "SPUBLISH",
      "shard",
      "y",
    ]);
    assert.equal(writer.take(), "");
    assert.equal(
      listener.take(),
      message("news", "x") + `*3\r\n${["smessage", "shard", "y"].map(bulk).join("")}`,
    );
  },
);

heldTest(
  "a transaction's notifications wait for its end, together",
  async (server) => {
    const listener = await server.connect();
    const writer = await server.connect();
    await listener.ask(["PSUBSCRIBE", "*"]);
    await writer.run(["MULTI"], ["SET", "a", "1"], ["INCR", "a"], ["EXEC"]);
    await server.durable(server.offset - 1);
    assert.equal(listener.take(), "");
    await server.durable();
    const told = ["set", "incrby"].map((event) => pmessage("*", "__keyspace@0__:a", event)).join("");
    assert.equal(listener.take(), told);
  },
  "--notify-keyspace-events",
  "KA",
);

heldTest(
  "keys that leave a table over its limit have not changed: their clients are told at once",
  async (server) => {
    const cache = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    await cache.ask(["CLIENT", "TRACKING", "ON"]);
    await writer.run(["SET", "dirt", "1"]);
    await cache.run(["MGET", "a", "b"]);
    const text = cache.take();
    assert.ok(
      text === `*2\r\n_\r\n_\r\n${invalidation("a")}` || text === `*2\r\n_\r\n_\r\n${invalidation("b")}`,
      text,
    );
  },
  "--tracking-table-max-keys",
  "1",
);

heldTest(
  "memory that waits is told, and given back",
  async (server) => {
    const { deliveries } = server.server.durability;
    const cache = await server.connect({ protocol: 3 });
    const writer = await server.connect();
    await cache.ask(["CLIENT", "TRACKING", "ON", "BCAST"]);
    const name = "k".repeat(1000);
    await writer.run(["SET", name, "1"]);
    // The event on the key, and the broadcast.
    assert.equal(deliveries.count, 2);
    assert.ok(deliveries.bytes > 2000 && deliveries.bytes < 3000, `${deliveries.bytes}`);
    await server.durable();
    assert.equal(deliveries.bytes, 0);
  },
  "--notify-keyspace-events",
  "KA",
);

heldTest(
  "writers wait while messages take more than may be in flight, although they take no replies",
  async (server) => {
    const { deliveries } = server.server.durability;
    const listener = await server.connect();
    const writer = await server.connect();
    await listener.ask(["SUBSCRIBE", "__keyevent@0__:set"]);
    await writer.run(["CLIENT", "REPLY", "OFF"]);
    const keys = Array.from({ length: 100 }, (_, index) => `key:${index}`);
    // Each command is a turn of its own, so that the marks are looked at in between.
    for (const key of keys) await writer.run(["SET", key, "1"]);
    assert.ok(deliveries.count < 20, `${deliveries.count}`);
    assert.ok(deliveries.bytes < 3000, `${deliveries.bytes}`);
    let told = "";
    while (!told.endsWith(message("__keyevent@0__:set", "key:99"))) {
      await server.durable();
      told += listener.take();
    }
    assert.equal(told, keys.map((key) => message("__keyevent@0__:set", key)).join(""));
  },
  "--notify-keyspace-events",
  "E$",
  "--aof-inflight-limit",
  "2000",
);
