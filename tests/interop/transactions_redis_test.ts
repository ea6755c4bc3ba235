// MULTI, EXEC and WATCH on Spork and on a real redis-server 7.0: what is queued, refused, aborted and accounted, and which
// changes make EXEC fail.
import assert from "node:assert/strict";
import { hasRedisServer } from "../harness/mod.ts";
import { playSame } from "./played_scene.ts";
import { ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

const QUEUEING = [
  `
    A MULTI
    A SET a 1
    A INCR a
    A GET a
    A EXEC
    A EXEC
    A DISCARD
    A GET a
  `,
  // Nested, and refused while queueing.
  `
    A MULTI
    A MULTI
    A WATCH a
    A SET a 1
    A EXEC
    A MULTI
    A NOSUCH
    A SET a 2
    A EXEC
    A GET a
    A MULTI
    A SET a
    A EXEC
    A MULTI
    A CLIENT NOSUCH
    A EXEC
    A MULTI
    A SAVE
    A SHUTDOWN
    A EXEC
    A EXEC now
    A MULTI
    A EXEC now
    A EXEC
  `,
  // Errors of the commands themselves do not stop the others.
  `
    A MULTI
    A SET a x
    A INCR a
    A HGET a f
    A SET b 2
    A SELECT 99
    A EXEC
    A GET b
  `,
  `
    A MULTI
    A SET a 1
    A DISCARD
    A GET a
    A MULTI
    A EXEC
    A MULTI
    A SELECT 3
    A SET a three
    A SELECT 0
    A SET a zero
    A SELECT 3
    A EXEC
    A GET a
    B GET a
  `,
  // RESET, QUIT and replies in RESP3.
  `
    A MULTI
    A SET a 1
    A RESET
    A EXEC
    A GET a
    A HELLO 3
    A WATCH a
    B SET a 1
    A MULTI
    A GET a
    A EXEC
    A MULTI
    A GET none
    A PING
    A EXEC
    A MULTI
    A QUIT
  `,
  `
    A MULTI
    A CONFIG SET maxmemory-samples 7
    A CONFIG GET maxmemory-samples
    A CONFIG SET maxmemory-samples 5
    A OBJECT HELP x
    A ECHO ""
    A EXEC
  `,
  // A hundred arguments, and empty ones.
  `
    A MULTI
    A MSET ${Array.from({ length: 50 }, (_, i) => `k${i} v${i}`).join(" ")}
    A SET "" ""
    A MGET k0 k49 ""
    A EXEC
  `,
];

const WATCHING = [
  // Nothing happened, somebody else's change, one's own.
  `
    A WATCH a
    A MULTI
    A PING
    A EXEC
    A WATCH a b
    B SET b 1
    A MULTI
    A PING
    A EXEC
    A MULTI
    A PING
    A EXEC
    A WATCH a
    A SET a 1
    A MULTI
    A PING
    A EXEC
  `,
  // What forgets: UNWATCH, DISCARD, EXEC that failed.
  `
    A WATCH a
    B SET a 1
    A UNWATCH
    A MULTI
    A PING
    A EXEC
    A WATCH a
    B SET a 2
    A MULTI
    A DISCARD
    A MULTI
    A PING
    A EXEC
    A WATCH a
    A WATCH a
    B SET a 3
    A WATCH b
    A MULTI
    A PING
    A EXEC
  `,
  // A dirty transaction that is broken too.
  `
    A WATCH a
    B SET a 1
    A MULTI
    A NOSUCH
    A EXEC
    A MULTI
    A PING
    A EXEC
  `,
  // No change: a failed write, a write of another key or database, reads.
  `
    A SET a 1
    A WATCH a
    B SETNX a 2
    B HSET a f v
    B SET b 1
    B GET a
    B SELECT 1
    B SET a 2
    A MULTI
    A PING
    A EXEC
  `,
  // The ways in which a key changes.
  ...[
    "DEL a",
    "UNLINK a",
    "EXPIRE a 100",
    "EXPIRE a -1",
    "RENAME a z",
    "RENAME b a",
    "COPY b a REPLACE",
    "MOVE a 1",
    "APPEND a x",
    "SETRANGE a 0 x",
    "GETDEL a",
    "GETEX a EX 100",
    "FLUSHDB",
    "FLUSHALL",
    "SWAPDB 0 1",
    "SET a 1",
    "MSET b 1 a 1",
    "INCR n",
    "HSET h f w",
    "HDEL h f",
    "HINCRBY h n 1",
  ].map((change) => `
    B SET a 1
    B SET b 2
    B SET n 3
    B HSET h f v
    A WATCH a n h
    B ${change}
    A MULTI
    A PING
    A EXEC
    B SELECT 1
    B FLUSHDB
  `),
  // What changes nothing that is watched.
  ...["FLUSHDB", "SWAPDB 0 1", "SWAPDB 1 2", "DEL missing", "RENAME b c", "PERSIST b", "EXPIRE missing 10"]
    .map((
      change,
    ) => `
    B SET b 2
    A WATCH missing
    B ${change}
    A MULTI
    A PING
    A EXEC
  `),
  // SWAPDB brings the key.
  `
    B SELECT 1
    B SET a 1
    A WATCH a
    B SWAPDB 0 1
    A MULTI
    A PING
    A EXEC
  `,
  // Expiry: a key that expires after WATCH fails EXEC, deleted or not; one that had expired before does not.
  `
    B SET a 1 PX 1
    A WATCH a
    . 5
    A MULTI
    A PING
    A EXEC
  `,
  `
    B DEBUG SET-ACTIVE-EXPIRE 0
    B SET a 1 PX 1
    . 5
    A WATCH a
    A MULTI
    A PING
    A EXEC
    A WATCH a
    B GET a
    A MULTI
    A PING
    A EXEC
    B SET a 1 PX 1
    . 5
    A WATCH a
    B SET a 2
    A MULTI
    A PING
    A EXEC
    B SET a 1 PX 1
    . 5
    A WATCH a
    B FLUSHALL
    A MULTI
    A PING
    A EXEC
    B SET a 1 PX 1
    . 5
    A WATCH a
    B SWAPDB 0 1
    A MULTI
    A PING
    A EXEC
    B DEBUG SET-ACTIVE-EXPIRE 1
  `,
  // SWAPDB with keys that have expired.
  `
    B DEBUG SET-ACTIVE-EXPIRE 0
    B SELECT 1
    B SET a 1 PX 1
    . 5
    A WATCH a
    B SWAPDB 0 1
    A MULTI
    A PING
    A EXEC
    B DEBUG SET-ACTIVE-EXPIRE 1
  `,
  // The end of the connection forgets.
  `
    A WATCH a b c
    A MULTI
    A PING
    A close
    B SET a 1
    B PING
  `,
];

Deno.test({ name: "what MULTI queues and EXEC runs is redis-server's", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const scene of QUEUEING) await playSame(servers, scene);
});

Deno.test({ name: "what WATCH notices is what redis-server notices", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const scene of WATCHING) await playSame(servers, scene);
});

Deno.test(
  { name: "commands of a transaction are accounted as redis-server accounts them", ignore },
  async () => {
    await using servers = await ServerPair.start();
    await using both = await servers.connect();
    await both.same([
      ["MULTI"],
      ["SET", "a", "x"],
      ["INCR", "a"],
      ["GET", "a"],
      ["EXEC"],
      ["EXEC"],
      ["MULTI"],
      ["NOSUCH"],
      ["GET"],
      ["EXEC"],
      ["MULTI"],
      ["EXEC", "x"],
      ["DISCARD"],
    ]);
    const [spork, redis] = await Promise.all([both.spork, both.redis].map(async (client) => {
      const text = String(await client.call("INFO", "commandstats", "errorstats"));
      const wanted = /_(set|get|incr|exec|multi|discard|ERR|EXECABORT)\b/;
      return text.split("\r\n").filter((line) => wanted.test(line))
        .map((line) => line.replace(/usec=\d+,usec_per_call=[\d.]+/, "")).toSorted();
    }));
    assert.ok(spork.length > 6);
    assert.deepEqual(spork, redis);
  },
);

Deno.test(
  { name: "a transaction under maxmemory: what is queued no more, and what EXEC refuses", ignore },
  async () => {
    await using servers = await ServerPair.start("--maxmemory-policy", "noeviction");
    await playSame(
      servers,
      `
    A SET k v
    A MULTI
    A SET a 1
    B CONFIG SET maxmemory 1
    A EXEC
    A EXEC
    A MULTI
    A GET k
    A DISCARD
    B CONFIG SET maxmemory 0
    A MULTI
    A GET k
    B CONFIG SET maxmemory 1
    A EXEC
    A MULTI
    A PING
    B CONFIG SET maxmemory 0
    A EXEC
    A GET a
  `,
    );
  },
);
