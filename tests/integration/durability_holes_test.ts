// The seven holes that spec/durability.md section 4 found in the model of this log, each with the test that it is closed here.
import assert from "node:assert/strict";
import { bulk, MemoryWorld, NIL, OK, QUEUED, Stage } from "./durability_world.ts";

function hole(name: string, play: (stage: Stage, world: MemoryWorld) => Promise<void>): void {
  Deno.test(name, async () => {
    using world = new MemoryWorld();
    const stage = new Stage(world);
    await play(stage, world);
    await stage.end();
  });
}

hole(
  "hole 1: what a blocked client is served by somebody else's write waits for its own pop",
  async (stage) => {
    const popper = await stage.actor();
    await popper.sends("BLPOP list 0");
    await popper.seesNothing();
    await stage.pause();
    const pusher = await stage.actor();
    await pusher.sends("RPUSH list x");
    await pusher.seesNothing();
    await popper.seesNothing();
    await stage.resume();
    await popper.sees(`*2\r\n${bulk("list")}${bulk("x")}`);
    await pusher.sees(":1\r\n");
  },
);

hole("hole 1: of a blocked reader too, and of one served by a transaction", async (stage) => {
  const reader = await stage.actor();
  await reader.sends("XREAD BLOCK 0 STREAMS s $");
  const popper = await stage.actor();
  await popper.sends("BZPOPMIN z 0");
  await popper.seesNothing();
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "MULTI", "XADD s 1-1 f v", "ZADD z 1 m", "EXEC");
  await reader.seesNothing();
  await popper.seesNothing();
  await stage.resume();
  await reader.until("$1\r\nv\r\n");
  await popper.sees(`*3\r\n${bulk("z")}${bulk("m")}${bulk("1")}`);
});

hole("hole 1: a timeout tells that there is nothing, and waits for what has taken it away", async (stage) => {
  await stage.given("RPUSH list x");
  await stage.pause();
  const taker = await stage.actor();
  await taker.sends("CLIENT REPLY OFF", "DEL list");
  const popper = await stage.actor();
  const asker = await stage.actor();
  await popper.sends("BLPOP list 0.001");
  await stage.eventually(async () => await stage.info("blocked_clients", "clients") === "0");
  await popper.seesNothing();
  await stage.resume();
  await popper.sees("*-1\r\n");
  await asker.gets("PING", "+PONG\r\n");
});

hole("hole 1: CLIENT UNBLOCK with a timeout waits like one", async (stage) => {
  const popper = await stage.actor();
  await popper.sends("CLIENT ID");
  const id = (await popper.until("\r\n")).slice(1, -2);
  await popper.sends("BLPOP list 0");
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "SET k v");
  await stage.given(`CLIENT UNBLOCK ${id} TIMEOUT`);
  await popper.seesNothing();
  await stage.resume();
  await popper.sees("*-1\r\n");
});

hole(
  "hole 2: a reader that propagates a deletion still waits for the dirty key that it has read",
  async (stage) => {
    await stage.given("DEBUG SET-ACTIVE-EXPIRE 0", "SET gone v PX 1");
    const expiredBy = Date.now() + 2;
    await stage.eventually(() => Date.now() > expiredBy);
    await stage.pause();
    const writer = await stage.actor();
    await writer.sends("CLIENT REPLY OFF", "SET dirty 1");
    const reader = await stage.actor();
    await reader.sends("MGET gone dirty");
    await reader.seesNothing();
    await stage.resume();
    await reader.sees(`*2\r\n${NIL}${bulk("1")}`);
  },
);

hole(
  "hole 2: PFCOUNT that refreshes its cache waits for the dirty key that it has counted",
  async (stage) => {
    await stage.given("PFADD clean a b");
    await stage.pause();
    const reader = await stage.actor();
    await reader.gets("PFCOUNT clean", ":2\r\n");
    const writer = await stage.actor();
    await writer.sends("CLIENT REPLY OFF", "PFADD dirty a b c");
    await reader.sends("PFCOUNT dirty");
    await reader.seesNothing();
    await stage.resume();
    await reader.sees(":3\r\n");
  },
);

hole("hole 3: QUIT behind a held SET closes when all has been sent", async (stage) => {
  await stage.pause();
  const actor = await stage.actor();
  await actor.sends("SET k v", "QUIT");
  await actor.seesNothing();
  assert.equal(actor.peer.ended, false);
  await stage.resume();
  await actor.sees(OK + OK);
  await stage.eventually(() => actor.peer.ended);
});

hole("hole 3: a protocol error behind a held SET is told behind its reply", async (stage) => {
  await stage.pause();
  const actor = await stage.actor();
  await actor.sends("SET k v");
  await actor.peer.send(new TextEncoder().encode("*1\r\n!bad\r\n"));
  await actor.seesNothing();
  assert.equal(actor.peer.ended, false);
  await stage.resume();
  await actor.sees(`${OK}-ERR Protocol error: expected '$', got '!'\r\n`);
  await stage.eventually(() => actor.peer.ended);
});

hole(
  "hole 3: CLIENT KILL of oneself behind a held SET, and a socket that takes a byte at a time",
  async (stage, world) => {
    world.writeBytesMax = 1;
    await stage.pause();
    const actor = await stage.actor();
    await actor.sends("CLIENT ID");
    const id = (await actor.until("\r\n")).slice(1, -2);
    await actor.sends("SET k v", `CLIENT KILL ID ${id} SKIPME no`);
    await actor.seesNothing();
    assert.equal(actor.peer.ended, false);
    await stage.resume();
    await actor.sees(`${OK}:1\r\n`);
    await stage.eventually(() => actor.peer.ended);
  },
);

hole("hole 3: nothing held is lost when the end comes while the client is not read", async (stage, world) => {
  world.fed.server.durability.pressure.limits.clientBytesMax = 3;
  await stage.pause();
  const actor = await stage.actor();
  await actor.sends("SET a 1", "SET b 1", "SET c 1");
  await actor.peer.end();
  await actor.seesNothing();
  assert.equal(actor.peer.ended, false);
  await stage.resume();
  await actor.sees(OK + OK + OK);
  await stage.eventually(() => actor.peer.ended);
});

hole("hole 4: EXEC's nil tells of a write that is not durable", async (stage) => {
  await stage.given("SET k v");
  const watcher = await stage.actor();
  await watcher.sends("WATCH k", "MULTI", "GET other");
  await watcher.sees(OK + OK + QUEUED);
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "SET k w");
  await watcher.sends("EXEC");
  await watcher.seesNothing();
  await stage.resume();
  await watcher.sees("*-1\r\n");
});

hole("hole 5: keys that no key spec names: SORT's BY and GET, STORE's source", async (stage) => {
  await stage.given("RPUSH list 1 2", "MSET w_1 1 w_2 2 d_1 a d_2 b");
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "SET d_2 c");
  const reader = await stage.actor();
  await reader.gets("SORT list BY w_*", `*2\r\n${bulk("1")}${bulk("2")}`);
  await reader.sends("SORT list BY w_* GET d_*");
  await reader.seesNothing();
  const other = await stage.actor();
  await other.sends("SORT list STORE result");
  await other.seesNothing();
  const third = await stage.actor();
  await third.sends("LRANGE result 0 -1");
  await third.seesNothing();
  await stage.resume();
  await reader.sees(`*2\r\n${bulk("a")}${bulk("c")}`);
  await other.sees(":2\r\n");
  await third.sees(`*2\r\n${bulk("1")}${bulk("2")}`);
});

hole("hole 6: global reads wait after a FLUSHALL whose client has gone", async (stage) => {
  await stage.given("SET a 1", "SELECT 1", "SET b 1", "SELECT 0");
  await stage.pause();
  const flusher = await stage.actor();
  await flusher.sends("FLUSHALL");
  await flusher.seesNothing();
  flusher.peer.close();
  await stage.eventually(async () => await stage.info("reply_blocking_clients_waiting_ack") === "0");
  const reader = await stage.actor();
  await reader.sends("DBSIZE", "KEYS *");
  await reader.seesNothing();
  const other = await stage.actor();
  await other.gets("SELECT 1", OK);
  await other.sends("DBSIZE");
  await other.seesNothing();
  await stage.resume();
  await reader.sees(":0\r\n*0\r\n");
  await other.sees(":0\r\n");
});

hole(
  "hole 7: monitors see what runs for a client that was served, and changes without a client",
  async (stage, world) => {
    const monitor = await stage.actor();
    await monitor.gets("MONITOR", OK);
    const popper = await stage.actor();
    await popper.sends("BLPOP list 0");
    await monitor.until('"BLPOP" "list" "0"\r\n');
    await stage.pause();
    const pusher = await stage.actor();
    await pusher.sends("MULTI", "RPUSH list x", "EXEC");
    await pusher.sees(OK + QUEUED);
    await monitor.until('"MULTI"\r\n');
    await monitor.seesNothing();
    // Something goes without a client: it is propagated, nobody is shown it, nothing breaks.
    const { keyspace, expire, expireOptions } = world.fed.server;
    const key = new TextEncoder().encode("list");
    const db = keyspace.databases[0];
    assert.equal(db.peek(key, 0, key.length), 0);
    expire.slowCycle(expireOptions);
    await monitor.seesNothing();
    await stage.resume();
    assert.match(await monitor.until("\r\n"), /"RPUSH" "list" "x"/);
    await popper.sees(`*2\r\n${bulk("list")}${bulk("x")}`);
    await pusher.sees("*1\r\n:1\r\n");
  },
);

hole("who waits can be disconnected, all at once", async (stage, world) => {
  await stage.pause();
  const actors = [await stage.actor(), await stage.actor()];
  for (const actor of actors) await actor.sends("SET k v");
  const clean = await stage.actor();
  await clean.gets("PING", "+PONG\r\n");
  for (const actor of actors) await actor.seesNothing();
  world.fed.server.durability.disconnectWaiting();
  for (const actor of actors) assert.equal(actor.peer.ended, true);
  await clean.gets("PING", "+PONG\r\n");
  assert.equal(await stage.info("reply_blocking_clients_waiting_ack"), "0");
});
