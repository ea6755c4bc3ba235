// What commands leave behind, against a real redis-server 7.0: whole conversations until the connection ends (CLIENT REPLY,
// RESET, HELLO, QUIT, broken protocol), passwords, the counters of INFO, CLIENT LIST, and values that travel by DUMP.
import assert from "node:assert/strict";
import fc from "fast-check";
import { hasRedisServer, parseInfo, type RespClient } from "../harness/mod.ts";
import { type ClientPair, commandLines, ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

/** Conversations as JSON strings, each up to the end of the connection. */
const CONVERSATIONS = String.raw`
PING\r\nQUIT\r\n
PING\r\nQUIT\r\nPING\r\n
CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\nQUIT\r\n
CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY SKIP\r\nECHO a\r\nCLIENT REPLY ON\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY OFF\r\nPING\r\nFOO\r\nCLIENT REPLY x\r\nCLIENT REPLY ON\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nFOO\r\nECHO a\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nECHO a\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nECHO a\r\nECHO b\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nCLIENT REPLY OFF\r\nECHO a\r\nCLIENT REPLY ON\r\nQUIT\r\n
CLIENT REPLY OFF\r\nRESET\r\nPING\r\nQUIT\r\n
CLIENT REPLY SKIP\r\nHELLO 3\r\nPING\r\nGET nokey\r\nQUIT\r\n
HELLO 3\r\nGET nokey\r\nHELLO 2\r\nGET nokey\r\nHELLO\r\nQUIT\r\n
HELLO 3\r\nDEBUG PROTOCOL push\r\nQUIT\r\n
HELLO 3 SETNAME abc\r\nCLIENT GETNAME\r\nRESET\r\nCLIENT GETNAME\r\nHELLO\r\nQUIT\r\n
SELECT 3\r\nSET x 1\r\nRESET\r\nGET x\r\nSELECT 3\r\nGET x\r\nDEL x\r\nQUIT\r\n
\r\n\r\nPING\r\n\r\nQUIT\r\n
PING\nQUIT\n
*0\r\nPING\r\nQUIT\r\n
*-1\r\nPING\r\nQUIT\r\n
*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n
*x\r\n
*1\r\n!\r\n
*1\r\n$x\r\n
*1\r\n$-1\r\n
*1\r\n$600000000\r\n
*2147483648\r\n
*2\r\n$3\r\nGET\r\n:5\r\n
SET a \"unbalanced\r\n
SET a 'x'y\r\n
SET a \"x\\x41\\n\"\r\nGET a\r\nQUIT\r\n
   PING   \r\nQUIT\r\n
GET\r\nQUIT a b\r\n
POST / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n
GET / HTTP/1.1\r\nHost: localhost\r\n\r\n
hOsT:\r\nPING\r\n
CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n
`;

Deno.test({ name: "whole conversations are redis-server's", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const line of CONVERSATIONS.trim().split("\n")) {
    const [spork, redis] = await servers.streams(JSON.parse(`"${line}"`));
    assert.equal(sameName(spork), sameName(redis), line);
  }
});

/** HELLO tells the server's name and version and the connection's number. */
function sameName(text: string): string {
  return text.replace(/id\r\n:\d+/g, "id").replace(
    /server\r\n\$\d+\r\n\w+\r\n\$7\r\nversion\r\n\$\d+\r\n[\d.]+/g,
    "server",
  );
}

Deno.test({ name: "passwords: who may do what before AUTH, and after", ignore }, async () => {
  await using servers = await ServerPair.start("--requirepass", "secret");
  const lines = `
    PING
    GET a
    FOO
    GET
    COMMAND COUNT
    CLIENT ID
    CLIENT SETINFO LIB-NAME x
    AUTH
    AUTH wrong
    AUTH default wrong
    AUTH nobody secret
    AUTH a b c
    HELLO 2
    HELLO 3 SETNAME x
    HELLO 3 AUTH default wrong
    HELLO 3 AUTH default
    PING
    HELLO 3 AUTH default secret SETNAME mine
    CLIENT GETNAME
    PING
    RESET
    PING
    AUTH secret
    PING
    AUTH default secret
    AUTH wrong
    PING
    RESET
    AUTH default secret
    CONFIG SET requirepass other
    PING
    AUTH secret
    AUTH other
    RESET
    PING
    AUTH other
    CONFIG SET requirepass ""
    RESET
    PING
    AUTH x
    AUTH default anything
    CONFIG SET requirepass secret
    PING
    RESET
    PING
  `;
  const input = commandLines(lines).map((words) =>
    `${words.map((word) => JSON.stringify(word)).join(" ")}\r\n`
  );
  const [spork, redis] = await servers.streams(`${input.join("")}QUIT\r\n`);
  // Words that came after 7.0: CLIENT SETINFO, and a better HELLO syntax in the error.
  const older = (text: string) => sameName(text).replaceAll("HELLO <proto> AUTH", "HELLO AUTH").split("\r\n");
  assert.deepEqual(spork.split("\r\n")[6], "-NOAUTH Authentication required.");
  assert.deepEqual(older(spork).toSpliced(6, 1), older(redis).toSpliced(6, 1));
  // Too much before AUTH ends the connection.
  for (const big of ["*11\r\n", "*1\r\n$16385\r\n"]) {
    const replies = await servers.streams(big);
    assert.equal(replies[0], replies[1]);
    assert.match(replies[0], /^-ERR Protocol error: unauthenticated/);
  }
});

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

Deno.test(
  { name: "INFO has redis-server's sections, and its fields in the same sections", ignore },
  async () => {
    await using servers = await ServerPair.start();
    await using clients = await servers.connect();
    await clients.same(commandLines("SET a 1 EX 100\nFOO"));
    const asked = [
      "",
      "default",
      "all",
      "everything",
      "SERVER",
      "memory stats",
      "keyspace nosuch",
      "default commandstats",
    ];
    for (const sections of asked) {
      const words = ["INFO", ...sections.split(" ").filter((word) => word !== "")];
      const [spork, redis] = (await Promise.all([clients.spork.call(...words), clients.redis.call(...words)]))
        .map((text) => (text as string).match(/^# .*$/gm)?.map((title) => title.trim()));
      assert.deepEqual(spork, redis, `INFO ${sections}`);
    }
    for (
      const section of [
        "server",
        "clients",
        "memory",
        "persistence",
        "stats",
        "replication",
        "cpu",
        "keyspace",
      ]
    ) {
      const fields = await Promise.all(
        [clients.spork, clients.redis].map(async (client) =>
          new Set(Object.keys(parseInfo(await client.call("INFO", section) as string)))
        ),
      );
      const missing = [...fields[1].difference(fields[0])].filter((name) => !NOT_TOLD.has(name));
      assert.deepEqual(missing, [], `fields missing in ${section}`);
    }
  },
);

Deno.test(
  { name: "docs/operations.md explains every INFO field that redis-server does not have", ignore },
  async () => {
    const page = await Deno.readTextFile(new URL("../../docs/operations.md", import.meta.url));
    await using servers = await ServerPair.start();
    await using clients = await servers.connect();
    const [ours, theirs] = await Promise.all(
      [clients.spork, clients.redis].map(async (client) =>
        parseInfo(await client.call("INFO", "everything", "debug") as string)
      ),
    );
    for (const name of Object.keys(ours)) {
      if (name in theirs || name.startsWith("cmdstat_") || name.startsWith("latency_percentiles")) continue;
      assert.ok(page.includes(`\`${name}\``), name);
    }
    for (const name of NOT_TOLD) assert.ok(page.includes(`\`${name}\``), name);
  },
);

/** Facts about a C program, and an internal of redis-server's reply buffers. docs/operations.md lists them. */
const NOT_TOLD = new Set([
  "redis_build_id",
  "atomicvar_api",
  "gcc_version",
  "reply_buffer_shrinks",
  "reply_buffer_expands",
]);

Deno.test({ name: "CLIENT LIST and CLIENT INFO: redis-server's fields in its order", ignore }, async () => {
  await using servers = await ServerPair.start();
  await using clients = await servers.connect(3);
  await clients.same([["CLIENT", "SETNAME", "me"], ["SELECT", "5"], ["CLIENT", "NO-EVICT", "on"]]);
  const [spork, redis] = await Promise.all(
    [clients.spork, clients.redis].map(async (client) => await client.call("CLIENT", "LIST") as string),
  );
  const [ours, theirs] = [spork, redis].map(fieldsOf);
  assert.equal(spork.split("\n").length, redis.split("\n").length);
  assert.deepEqual(Object.keys(ours).filter((name) => name in theirs), Object.keys(theirs));
  const told = (fields: Record<string, string>) => {
    const { name, db, sub, psub, ssub, multi, resp, user, redir, cmd, flags, events, qbuf } = fields;
    return { name, db, sub, psub, ssub, multi, resp, user, redir, cmd, flags, events, qbuf };
  };
  assert.deepEqual(told(ours), told(theirs));
  assert.match(ours.addr, /^127\.0\.0\.1:\d+$/);
  assert.equal(ours.laddr, `127.0.0.1:${servers.spork.port}`);
  const info = fieldsOf(await clients.spork.call("CLIENT", "INFO") as string);
  assert.equal(info.id, ours.id);
  assert.equal(info.cmd, "client|info");
});

function fieldsOf(line: string): Record<string, string> {
  return Object.fromEntries(
    line.trim().split(" ").map((field) => {
      const at = field.indexOf("=");
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

/** SET or HSET of `key`, in all encodings. */
const value = fc.oneof(
  fc.integer().map((number) => ["SET", "key", `${number}`]),
  fc.tuple(fc.string({ maxLength: 9 }), fc.nat(2000)).map((
    [text, times],
  ) => ["SET", "key", text.repeat(times)]),
  fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(80)).map(([fields, length]) => [
    "HSET",
    "key",
    ...Array.from(
      { length: fields },
      (_, at) => [`field:${at}`, at % 3 === 0 ? `${at * 7}` : "v".repeat(length)],
    ).flat(),
  ]),
);

Deno.test({ name: "DUMP and RESTORE across servers, right and wrong payloads", ignore }, async () => {
  await using servers = await ServerPair.start();
  await using clients = await servers.connect();
  const { spork, redis } = clients;
  await fc.assert(
    fc.asyncProperty(value, fc.nat(), fc.nat(7), async (words, byte, bit) => {
      await clients.onBoth("FLUSHALL");
      await clients.same([words]);
      for (const [from, to] of [[spork, redis], [redis, spork]]) {
        const payload = payloadOf(await from.raw("DUMP", "key"));
        assert.equal(await to.call("RESTORE", "copy", "0", payload, "REPLACE"), "OK");
        const [key, copy] = await to.call("DEBUG", "DIGEST-VALUE", "key", "copy") as string[];
        assert.equal(copy, key);
        const broken = payload.slice();
        broken[byte % broken.length] ^= 1 << bit;
        await clients.same([["SET", "old", "1"], ["RESTORE", "old", "0", broken, "REPLACE"], ["GET", "old"]]);
      }
    }),
    { numRuns: 60 },
  );
  await refusesWhatRedisRefuses(clients);
});

async function refusesWhatRedisRefuses(clients: ClientPair): Promise<void> {
  await clients.onBoth("FLUSHALL");
  await clients.same([["SET", "there", "1"]]);
  const payload = payloadOf(await clients.redis.raw("DUMP", "there"));
  const lines = `
    RESTORE
    RESTORE a 0 ""
    RESTORE a x PAYLOAD
    RESTORE a -1 PAYLOAD
    RESTORE there 0 PAYLOAD
    RESTORE there x PAYLOAD
    RESTORE there 0 PAYLOAD FOO
    RESTORE new 0 PAYLOAD IDLETIME
    RESTORE new 0 PAYLOAD IDLETIME x
    RESTORE new 0 PAYLOAD IDLETIME -1
    RESTORE new 0 PAYLOAD FREQ x
    RESTORE new 0 PAYLOAD FREQ 256
    RESTORE new 0 PAYLOAD FREQ 1 IDLETIME 1
    RESTORE new 0 PAYLOAD IDLETIME 1 FREQ 1
    RESTORE there 1 bogus REPLACE
    GET there
    RESTORE new 1 PAYLOAD ABSTTL
    EXISTS new
    RESTORE there 1 PAYLOAD ABSTTL REPLACE
    EXISTS there
    RESTORE far 9223372036854775807 PAYLOAD ABSTTL
    EXISTS far
    RESTORE ttl 100000 PAYLOAD
    TTL ttl
    RESTORE idle 0 PAYLOAD IDLETIME 1000
    OBJECT IDLETIME idle
    RESTORE absolute 33177117420000 PAYLOAD absttl
    PEXPIRETIME absolute
  `;
  await clients.same(
    commandLines(lines).map((words) => words.map((word) => word === "PAYLOAD" ? payload : word)),
  );
}

/** The bytes of a bulk reply. */
function payloadOf(reply: string): Uint8Array {
  const body = reply.slice(reply.indexOf("\r\n") + 2, -2);
  return Uint8Array.from(body, (character) => character.charCodeAt(0));
}
