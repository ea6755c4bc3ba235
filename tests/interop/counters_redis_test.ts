// What commands leave behind, against a real redis-server 7.0: the counters of INFO, and which commands count as a use of a key.
import assert from "node:assert/strict";
import { hasRedisServer, parseInfo, type RespClient } from "../harness/mod.ts";
import { commandLines, payloadOf, ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

/** Commands whose effect on counters is looked at one by one. */
const COUNTED = `
  SET a 1
  SET a 2 NX
  SET nokey 3 XX
  SET a 3 GET
  SET a 4 EX 100
  SETNX a 5
  SETNX c 5
  GET a
  GET nokey
  GETSET e 5
  GETEX a EX 100
  GETEX a PERSIST
  GETEX a PERSIST
  GETDEL a
  GETDEL a
  MSET a 1 b 2 c 3
  MSETNX a 1 z 2
  MGET a b nokey
  APPEND a ""
  APPEND newkey x
  STRLEN nokey
  GETRANGE nokey 0 -1
  SETRANGE a 0 ""
  SETRANGE nokey3 5 x
  INCR n
  INCR nokey3
  LCS nokey b
  EXPIRE a 100
  EXPIRE a 50 GT
  EXPIRE nokey 100
  EXPIREAT a 1
  PEXPIRE b 10000
  PERSIST b
  PERSIST b
  TTL nokey
  PTTL b
  TYPE b
  TYPE nokey
  EXISTS b b nokey
  TOUCH b nokey
  OBJECT ENCODING b
  OBJECT ENCODING nokey
  OBJECT REFCOUNT newkey
  OBJECT IDLETIME b
  OBJECT FREQ b
  MEMORY USAGE nokey
  DUMP nokey
  RENAME b bb
  RENAME nokey x
  RENAME bb bb
  RENAMENX bb c
  RENAMENX bb b
  COPY b copy
  COPY b copy
  COPY b copy REPLACE
  COPY nokey copy2
  COPY b copy DB 1
  MOVE b 1
  MOVE nokey 1
  KEYS nokey*
  SCAN 0 MATCH nokey* COUNT 1000
  DBSIZE
  DEL a b c
  UNLINK d e nokey
  HSET h a 1 b 2
  HSET h a 1
  HSETNX h a 1
  HGET h a
  HGET h nofield
  HGET nokey a
  HMGET nokey a
  HGETALL nokey
  HLEN nokey
  HSTRLEN nokey a
  HINCRBY h n 5
  HINCRBY h n x
  HRANDFIELD nokey
  HSCAN nokey 0
  HDEL h a b nofield
  HDEL h nofield
  HDEL nokey a
  GET h
  INCR h
  HGET n a
  MGET h n
  SET px 1 PX 1
  DEBUG SLEEP 0.01
  GET px
  SET px 1 PX 1
  DEBUG SLEEP 0.01
  DEL px
  SET px 1 PX 1
  DEBUG SLEEP 0.01
  TTL px
  SET px 1 PX 1
  DEBUG SLEEP 0.01
  SETNX px 2
  SWAPDB 0 1
  SWAPDB 0 0
  FLUSHDB
  FLUSHDB
  SET a 1
  FLUSHALL
  FLUSHALL
  FOO
  CONFIG FOO
  CONFIG GET
  GET
  CLIENT PAUSE x
  OBJECT FREQ
  DEBUG FOO
  SELECT 99
  SELECT 0
`;

Deno.test({ name: "each command counts what it counts in redis-server", ignore }, async () => {
  await using servers = await ServerPair.start();
  await using clients = await servers.connect();
  await clients.same(commandLines("DEBUG SET-ACTIVE-EXPIRE 0\nCONFIG RESETSTAT"));
  const saved = await Promise.all([counters(clients.spork), counters(clients.redis)]);
  assert.deepEqual(saved[0], saved[1]);
  for (const words of commandLines(COUNTED)) {
    await clients.same([words]);
    const [spork, redis] = await Promise.all([counters(clients.spork), counters(clients.redis)]);
    assert.deepEqual(spork, redis, words.join(" "));
  }
  const [spork, redis] = await Promise.all([commandCounters(clients.spork), commandCounters(clients.redis)]);
  assert.deepEqual(spork, redis);
  // RESETSTAT forgets them, but not the changes that a save is still owed.
  await clients.same(commandLines("SET a 1\nGET a\nGET b\nFOO\nCONFIG RESETSTAT"));
  const after = await Promise.all([counters(clients.spork), counters(clients.redis)]);
  assert.deepEqual(after[0], after[1]);
  assert.equal(after[0].total_error_replies, "0");
  assert.notEqual(after[0].rdb_changes_since_last_save, "0");
});

Deno.test(
  { name: "with save points FLUSHALL saves the empty dataset, FLUSHDB does not", ignore },
  async () => {
    await using servers = await ServerPair.start("--save", "3600 100000");
    await using clients = await servers.connect();
    for (
      const line of [
        "MSET a 1 b 2 c 3",
        "FLUSHALL",
        "MSET a 1 b 2 c 3",
        "FLUSHDB",
        "SAVE",
        "SET a 1",
        "FLUSHALL ASYNC",
      ]
    ) {
      await clients.same(commandLines(line));
      const [spork, redis] = await Promise.all([clients.spork, clients.redis].map(async (client) => {
        const fields = parseInfo(await client.call("INFO", "persistence") as string);
        return { changes: fields.rdb_changes_since_last_save, saves: fields.rdb_saves };
      }));
      assert.deepEqual(spork, redis, line);
    }
  },
);

async function counters(client: RespClient): Promise<Record<string, string>> {
  const fields = parseInfo(await client.call("INFO", "persistence", "stats") as string);
  const names = [
    "rdb_changes_since_last_save",
    "keyspace_hits",
    "keyspace_misses",
    "expired_keys",
    "evicted_keys",
    "total_error_replies",
    "total_commands_processed",
    "total_connections_received",
  ];
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

/** Calls, refusals and failures of each command, and how often each error was replied. */
async function commandCounters(client: RespClient): Promise<Record<string, string>> {
  const fields = parseInfo(await client.call("INFO", "commandstats", "errorstats") as string);
  const plain = (text: string) => text.replace(/usec=\d+,usec_per_call=[\d.]+,/, "");
  return Object.fromEntries(
    Object.keys(fields).toSorted().map((name) => [name, plain(fields[name])]),
  );
}

/** Commands on a key that nobody has used for long: some count as a use, some do not. */
const USES = `
  GET key
  STRLEN key
  GETRANGE key 0 1
  MGET key
  EXISTS key
  TTL key
  PEXPIRETIME key
  TYPE key
  DUMP key
  OBJECT ENCODING key
  MEMORY USAGE key
  DEBUG OBJECT key
  DEBUG DIGEST-VALUE key
  RENAME key key
  RENAMENX key other
  RENAMENX other key
  COPY key new
  COPY other key
  EXPIRE key 100
  PERSIST key
  TOUCH key
  SCAN 0
  KEYS *
  RANDOMKEY
  LCS key other
  GETEX key
  SETRANGE key 0 a
  APPEND key b
  SET key xyz KEEPTTL
  SET key xyz NX
  SETNX key xyz
  MSETNX key xyz new xyz
  GETSET key xyz
  MOVE key 99
  HGET hash field
  HLEN hash
  HEXISTS hash field
  HRANDFIELD hash
  HSCAN hash 0
  HSET hash field 2
  HSETNX hash field 3
  HDEL hash nofield
  TYPE hash
  COPY hash new
`;

Deno.test({ name: "the same commands count as a use of a key", ignore }, async () => {
  await using servers = await ServerPair.start();
  await using clients = await servers.connect();
  await clients.same([["SET", "key", "abcdef"], ["HSET", "hash", "field", "1"]]);
  const payloads = [
    payloadOf(await clients.redis.raw("DUMP", "key")),
    payloadOf(await clients.redis.raw("DUMP", "hash")),
  ];
  for (const words of commandLines(USES)) {
    const prepared = [
      ["FLUSHALL"],
      ["RESTORE", "key", "0", payloads[0], "IDLETIME", "1000"],
      ["RESTORE", "hash", "0", payloads[1], "IDLETIME", "1000"],
      ["RESTORE", "other", "0", payloads[0], "IDLETIME", "1000"],
    ];
    await clients.same(prepared);
    await clients.onBoth(...words);
    const idle = async (client: RespClient) => {
      const keys = ["key", "hash", "other", "new"];
      const replies = await client.pipeline(keys.map((key) => ["OBJECT", "IDLETIME", key]));
      return replies.map((reply, at) =>
        `${keys[at]} ${reply === null ? "absent" : Number(reply) < 1000 ? "used" : "idle"}`
      );
    };
    assert.deepEqual(await idle(clients.spork), await idle(clients.redis), words.join(" "));
  }
});
