// Pub/sub on Spork and on a real redis-server 7.0: confirmations, messages, counts, what subscribers may do, and the
// notifications of what happens to keys.
import { hasRedisServer } from "../harness/mod.ts";
import { playSame } from "./played_scene.ts";
import { ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

const SCENES = [
  // Confirmations count; messages come to all who listen, twice to those who listen twice.
  `
    A SUBSCRIBE one two one
    A >
    A >
    B PUBLISH one hello
    A >
    B PUBLISH none hello
    A PSUBSCRIBE o* x*
    A >
    B PUBLISH one twice
    A >
    A >
    B PUBSUB CHANNELS o*
    B PUBSUB CHANNELS x*
    B PUBSUB NUMSUB one two three
    B PUBSUB NUMSUB
    B PUBSUB NUMPAT
    A UNSUBSCRIBE one
    B PUBLISH one left
    A >
    A UNSUBSCRIBE
    A UNSUBSCRIBE
    A UNSUBSCRIBE none another
    A >
    A PUNSUBSCRIBE o*
    A PUNSUBSCRIBE
    A PUNSUBSCRIBE
    B PUBSUB NUMPAT
    A GET a
  `,
  // Who listens under RESP2 may do little else.
  `
    A SUBSCRIBE one
    A GET a
    A PUBLISH one x
    A MULTI
    A PING
    A PING hello
    A CLIENT ID
    A NOSUCH
    A SET a
    A UNSUBSCRIBE
    A PING
    A SUBSCRIBE one
    A RESET
    A PING
    B PUBSUB NUMSUB one
  `,
  // Under RESP3 everything goes on, and messages are pushes.
  `
    A HELLO 3
    A SUBSCRIBE one
    A PING
    A SET a 1
    A GET a
    B PUBLISH one hello
    A >
    A PSUBSCRIBE o?e
    B PUBLISH one hello
    A >
    A >
    A UNSUBSCRIBE
    A PUNSUBSCRIBE
    A PUBSUB NUMSUB a
  `,
  // Shard channels are names of their own.
  `
    A SSUBSCRIBE one two
    A >
    A SUBSCRIBE one
    B PUBLISH one plain
    A >
    B SPUBLISH one shard
    A >
    B SPUBLISH three shard
    B PUBSUB SHARDCHANNELS t*
    B PUBSUB SHARDNUMSUB one two three
    B PUBSUB CHANNELS
    A SUNSUBSCRIBE two
    A SUNSUBSCRIBE
    A SUNSUBSCRIBE
    A UNSUBSCRIBE
  `,
  // In transactions; with replies off; when a connection ends.
  `
    A MULTI
    A SUBSCRIBE one
    A PUBLISH two x
    A EXEC
    B PUBLISH one hello
    A >
    C SUBSCRIBE one
    B PUBLISH one hello
    C >
    A >
    C close
    . 50
    B PUBSUB NUMSUB one
    B MULTI
    B PUBLISH one first
    B PUBLISH one second
    B EXEC
    A >
    A >
  `,
  `
    B SUBSCRIBE
    B PUBLISH a
    B PUBSUB
    B PUBSUB NOSUCH
    B PUBSUB CHANNELS a b
    B PUBSUB SHARDCHANNELS a b
    B PUBSUB NUMPAT a
    A PSUBSCRIBE
    A UNSUBSCRIBE
    A PSUBSCRIBE a
    ! pubsub_patterns
    ! pubsub_channels
    ! pubsubshard_channels
  `,
];

Deno.test({ name: "pub/sub is redis-server's", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const scene of SCENES) await playSame(servers, scene);
});

/** What happens to keys, one command a line; each must bring the same notifications, in the same order. */
const KEY_CHANGES = `
  SET a 1
  SET a 2 EX 100
  GETEX a PERSIST
  GET nokey
  EXISTS nokey a
  INCR a
  INCRBYFLOAT a 1.5
  APPEND a x
  SETRANGE a 1 yy
  DEL a nokey
  MSET a 1 b 2
  RENAME a c
  COPY c d
  MOVE d 2
  EXPIRE c 100
  EXPIRE c -1
  PERSIST b
  LPUSH list 1 2 3
  LPOP list
  LMOVE list other LEFT RIGHT
  LTRIM list 5 6
  SADD set 1 2
  SPOP set 2
  HSET hash f 1
  HINCRBY hash f 2
  HDEL hash f
  ZADD zset 1 a 2 b
  ZINCRBY zset 1 a
  ZPOPMIN zset 2
  ZADD z1 1 a
  ZUNIONSTORE z2 1 z1
  SORT z1 ALPHA STORE sorted
  XADD stream 1-1 f v
  XGROUP CREATE stream group 0
  XDEL stream 1-1
  PFADD hll a b
  PFMERGE hll2 hll
  SETBIT bits 7 1
  BITOP NOT bits2 bits
  GEOADD geo 13.361389 38.115556 Palermo
  SUNIONSTORE s3 set
  SINTERSTORE s3 set
  RPUSH waits 1
  SELECT 1
  SET in-one 1
  SWAPDB 0 1
`;

Deno.test({ name: "keys tell what happens to them as redis-server's do", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const flags of ["KEA", "KEAmn", "E$", "Kx", "Eg", "Knl", "KEm"]) {
    const lines = [`A CONFIG SET notify-keyspace-events ${flags}`, "B PSUBSCRIBE __key*"];
    for (const command of KEY_CHANGES.trim().split("\n")) lines.push(`A ${command.trim()}`);
    // A message of its own behind them all shows where they end; nothing else tells how many there must be.
    const scene = [...lines, "A PUBLISH __key-the-end x", "B until __key-the-end"].join("\n");
    await playSame(servers, scene);
  }
});
