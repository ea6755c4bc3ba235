// Keys that are not durable (spec/durability.md section 5): who waits for which change, also for changes that nobody has asked
// for, in this process and over a log on disk.
import assert from "node:assert/strict";
import { bulk, MemoryWorld, NIL, ProcessWorld, Stage } from "./durability_world.ts";

interface Change {
  name: string;
  /** Durable before. */
  given?: string[];
  /** Run by somebody who gets no replies, while the log is frozen. */
  change: string[];
  /** Commands whose replies wait, and those whose replies do not. Each is sent by a client of its own. */
  held: string[];
  flows?: string[];
}

const CHANGES: Change[] = [
  {
    name: "RENAME: both names",
    given: ["SET old 1", "SET new 2", "SET other 3"],
    change: ["RENAME old new"],
    held: ["GET old", "GET new", "EXISTS old", "SETNX new x", "APPEND new x"],
    flows: ["GET other"],
  },
  {
    name: "COPY: the copy only",
    given: ["SET a 1", "SET c 2"],
    change: ["COPY a b"],
    held: ["GET b", "COPY a b", "RENAMENX a b", "MSETNX b 1 new 2"],
    flows: ["GET a", "COPY nosuch d"],
  },
  {
    name: "store destinations",
    given: ["SADD s 1 2", "SADD t 2 3", "ZADD z 1 m", "RPUSH l 2 1", "GEOADD g 13 38 p"],
    change: [
      "SUNIONSTORE su s t",
      "ZUNIONSTORE zu 1 z",
      "SORT l STORE so",
      "GEOSEARCHSTORE gs g FROMLONLAT 13 38 BYRADIUS 1 km",
      "BITOP NOT bo nosuch",
      "LMOVE l li LEFT LEFT",
    ],
    held: ["SCARD su", "ZCARD zu", "LLEN so", "ZCARD gs", "LRANGE l 0 -1", "LLEN li", "SORT l", "TYPE so"],
    flows: ["SCARD s", "ZCARD z", "GEODIST g p p", "SINTERCARD 2 s t", "GET bo"],
  },
  {
    name: "what a group of a stream has delivered",
    given: [
      "XADD s 1-1 f v",
      "XADD s 1-2 f v",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    ],
    change: ["XACK s g 1-1"],
    held: ["XPENDING s g", "XINFO GROUPS s", "XREAD STREAMS s 0", "XREADGROUP GROUP g c STREAMS s 0"],
    flows: ["XLEN other"],
  },
  {
    name: "a claim, and a new consumer",
    given: [
      "XADD s 1-1 f v",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XADD t 1-1 f v",
      "XGROUP CREATE t g $",
    ],
    change: ["XCLAIM s g other 0 1-1", "XGROUP CREATECONSUMER t g c"],
    held: ["XPENDING s g", "XINFO CONSUMERS t g"],
  },
  {
    name: "a deletion that UNLINK, GETDEL and an expiry in the past make",
    given: ["SET a 1", "SET b 1", "SET c 1", "HSET h f 1"],
    change: ["UNLINK a", "GETDEL b", "EXPIREAT c 1", "HGETDEL h FIELDS 1 f"],
    held: ["GET a", "GET b", "TTL c", "HLEN h", "EXISTS nosuch c"],
    flows: ["GET nosuch"],
  },
  {
    name: "expiry that is set or taken away",
    given: ["SET a 1", "SET b 1 EX 1000", "HSET h f 1"],
    change: ["EXPIRE a 1000", "PERSIST b", "HEXPIRE h 1000 FIELDS 1 f"],
    held: ["TTL a", "PTTL b", "GET a", "HTTL h FIELDS 1 f"],
  },
  {
    name: "FLUSHDB: the database and no other",
    given: ["SET a 1", "SELECT 1", "SET b 1", "SELECT 0"],
    change: ["FLUSHDB"],
    held: ["GET a", "GET nosuch", "TYPE a", "COPY a b DB 1"],
  },
  {
    name: "FLUSHALL: an empty database, too; and keys that come behind it",
    given: ["SET a 1"],
    change: ["FLUSHALL", "SET b 1"],
    held: ["GET a", "GET b", "MOVE a 5", "OBJECT ENCODING b"],
  },
  {
    name: "SWAPDB: keys that are in neither, too",
    given: ["SET a 1", "SELECT 2", "SET c 1", "SELECT 0"],
    change: ["SWAPDB 0 1"],
    held: ["GET a", "GET nosuch"],
  },
  {
    name: "MULTI: what was touched before and behind a FLUSHDB",
    given: ["SET a 1"],
    change: ["MULTI", "SET b 1", "FLUSHDB", "SET c 1", "SELECT 3", "SET d 1", "EXEC"],
    held: ["GET a", "GET b", "GET c"],
  },
  {
    name: "keys that only SORT BY and GET name",
    given: ["RPUSH l 1 2", "SET w_1 5", "SET w_2 1", "HSET h_1 f x"],
    change: ["SET w_2 9", "HSET h_2 f y"],
    held: ["SORT l BY w_*", "SORT l GET h_*->f", "SORT_RO l BY nosort GET w_*"],
    flows: ["SORT l", "SORT l GET other_*"],
  },
];

async function play(stage: Stage, { given = [], change, held, flows = [] }: Change): Promise<void> {
  await stage.given("FLUSHALL", ...given);
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", ...change);
  await writer.seesNothing();
  for (const line of flows) {
    const reader = await stage.actor();
    await reader.sends(line);
    await reader.until("\r\n");
  }
  const waiting = [];
  for (const line of held) {
    const reader = await stage.actor();
    await reader.sends(line);
    await reader.seesNothing(line);
    waiting.push(reader);
  }
  assert.notEqual(await stage.info("reply_blocking_uncommitted_keys"), undefined);
  await stage.resume();
  for (const reader of waiting) await reader.until("\r\n");
  await untilAllDurable(stage);
}

async function untilAllDurable(stage: Stage): Promise<void> {
  await stage.eventually(async () => await stage.info("reply_blocking_uncommitted_keys") === "0");
}

for (const change of CHANGES) {
  Deno.test(`keys that are not durable: ${change.name}`, async () => {
    using world = new MemoryWorld();
    const stage = new Stage(world);
    await play(stage, change);
    await stage.end();
  });
}

Deno.test("keys that are not durable: all of this over a log on disk", async () => {
  await using world = await ProcessWorld.start();
  for (const change of CHANGES) {
    const stage = new Stage(world);
    await play(stage, change);
    await stage.end();
  }
});

Deno.test("keys that are not durable: what goes by itself, over a log on disk", async () => {
  await using world = await ProcessWorld.start();
  const stage = new Stage(world);
  await stage.given("SET volatile 1", "SET clean 1", "HSET h f 1 g 2");
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "SET evicted 1");
  await writer.seesNothing();
  await (await stage.actor()).gets("GET clean", bulk("1"));
  const reader = await stage.actor();
  await reader.sends("GET evicted");
  await reader.seesNothing();
  await stage.resume();
  await reader.sees(bulk("1"));
  await untilAllDurable(stage);

  // Cron deletes what has expired while nobody looks.
  await stage.given("PEXPIRE volatile 800", "HPEXPIRE h 800 FIELDS 1 f");
  await stage.pause();
  await stage.eventually(async () => await stage.info("reply_blocking_uncommitted_keys") === "2");
  const expired = await stage.actor();
  await expired.sends("GET volatile", "HGETALL h");
  await expired.seesNothing();
  await (await stage.actor()).gets("GET clean", bulk("1"));
  await stage.resume();
  await expired.sees(`${NIL}*2\r\n${bulk("g")}${bulk("2")}`);
  await untilAllDurable(stage);

  await stage.given("DEL h", "CONFIG SET maxmemory-policy allkeys-random");
  await stage.pause();
  await writer.sends("CONFIG SET maxmemory 1", "SET refused 1", "CONFIG SET maxmemory 0");
  await stage.eventually(async () => await stage.info("evicted_keys", "stats") === "2");
  const evicted = await stage.actor();
  await evicted.sends("GET evicted", "GET clean");
  await evicted.seesNothing();
  await (await stage.actor()).gets("GET refused", NIL);
  await stage.resume();
  await evicted.sees(NIL + NIL);
  await untilAllDurable(stage);
  await stage.end();
});

Deno.test("keys that are not durable: no key of another database waits for FLUSHDB, SWAPDB, MOVE", async () => {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  await stage.given("SELECT 5", "SET a five", "SELECT 0", "SET a 0", "SET moved 1");
  await stage.pause();
  const reader = await stage.actor();
  await reader.gets("SELECT 5", "+OK\r\n");
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "MOVE moved 6", "SWAPDB 1 2", "FLUSHDB");
  await writer.seesNothing();
  await reader.gets("GET a", bulk("five"));
  await reader.gets("GET moved", NIL);
  for (const database of [0, 1, 2]) {
    const other = await stage.actor();
    await other.gets(`SELECT ${database}`, "+OK\r\n");
    await other.sends("GET a");
    await other.seesNothing(`database ${database}`);
  }
  const mover = await stage.actor();
  await mover.gets("SELECT 6", "+OK\r\n");
  await mover.gets("GET a", NIL);
  await mover.sends("GET moved");
  await mover.seesNothing();
  await stage.end();
});

Deno.test("keys that are not durable: out-of-range databases of MOVE and COPY", async () => {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  await stage.given("SET k v");
  await stage.pause();
  const actor = await stage.actor();
  for (const database of ["16", "-1", "100000", "2147483648"]) {
    for (const line of [`MOVE k ${database}`, `COPY k c DB ${database}`, `COPY k c REPLACE DB ${database}`]) {
      await actor.sends(line);
      assert.match(await actor.until("\r\n"), /^-ERR .*out of range/, line);
    }
  }
  await actor.gets("GET k", bulk("v"));
  await actor.gets("EXISTS c", ":0\r\n");
  await stage.end();
});

// What goes by itself.

/** Sets the time of these keys past the commands, so that it comes now. */
async function expireNow(world: MemoryWorld, stage: Stage, ...keys: string[]): Promise<void> {
  await stage.given(...keys.map((key) => `PEXPIRE ${key} 1`));
  const { clock } = world.fed.server.keyspace;
  const due = clock.update() + 2;
  await stage.eventually(() => clock.update() > due);
}

Deno.test("keys that are not durable: active expiry of keys and fields", async () => {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  const { server } = world.fed;
  await stage.given(
    "DEBUG SET-ACTIVE-EXPIRE 0",
    "SET a 1",
    "SET clean 1",
    "HSET h f 1 g 2",
    "HPEXPIRE h 1 FIELDS 1 f",
  );
  await expireNow(world, stage, "a");
  await stage.pause();
  server.expire.slowCycle(server.expireOptions);
  assert.equal(await stage.info("reply_blocking_uncommitted_keys"), "2");
  const readers = [];
  for (const [line, expected] of [["GET a", NIL], ["HGETALL h", `*2\r\n${bulk("g")}${bulk("2")}`]]) {
    const reader = await stage.actor();
    await reader.sends(line);
    await reader.seesNothing(line);
    readers.push({ reader, expected });
  }
  await (await stage.actor()).gets("GET clean", bulk("1"));
  await stage.resume();
  for (const { reader, expected } of readers) await reader.sees(expected);
  assert.equal(await stage.info("reply_blocking_uncommitted_keys"), "0");
  await stage.end();
});

Deno.test("keys that are not durable: the read that meets an expired key answers, those behind it wait", async () => {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  await stage.given("DEBUG SET-ACTIVE-EXPIRE 0", "SET a 1", "SET b 1");
  await expireNow(world, stage, "a", "b");
  await stage.pause();
  const first = await stage.actor();
  await first.gets("GET a", NIL);
  for (const line of ["GET a", "EXISTS a", "TTL a", "MGET b a"]) {
    const reader = await stage.actor();
    await reader.sends(line);
    await reader.seesNothing(line);
  }
  await stage.end();
});

Deno.test("keys that are not durable: a key that expired before it is written again", async () => {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  await stage.given("DEBUG SET-ACTIVE-EXPIRE 0", "SET a 1");
  await expireNow(world, stage, "a");
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("SET a 2 XX");
  const other = await stage.actor();
  await other.sends("SETNX a 3");
  await other.seesNothing();
  await stage.resume();
  await writer.sees(NIL);
  await other.sees(":1\r\n");
  await stage.end();
});

Deno.test("keys that are not durable: evicted keys", async () => {
  using world = new MemoryWorld();
  const stage = new Stage(world);
  await stage.given("MSET a 1 b 2", "CONFIG SET maxmemory-policy allkeys-random");
  await stage.pause();
  const writer = await stage.actor();
  await writer.sends("CLIENT REPLY OFF", "CONFIG SET maxmemory 1", "SET c 1", "CONFIG SET maxmemory 0");
  await writer.seesNothing();
  assert.equal(await stage.info("evicted_keys", "stats"), "2");
  const readers = [];
  for (const key of ["a", "b"]) {
    const reader = await stage.actor();
    await reader.sends(`GET ${key}`);
    await reader.seesNothing(key);
    readers.push(reader);
  }
  await (await stage.actor()).gets("GET c", NIL);
  await stage.resume();
  for (const reader of readers) await reader.sees(NIL);
  assert.equal(await stage.info("reply_blocking_uncommitted_keys"), "0");
  await stage.end();
});
