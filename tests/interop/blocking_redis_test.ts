// Clients that wait for keys, on Spork and on a real redis-server 7.0: who is served by what and in which order, what the
// others see meanwhile, and how waits end.
import { hasRedisServer } from "../harness/mod.ts";
import { playSame } from "./played_scene.ts";
import { ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

const LISTS = [
  // First come first served, for each key; one push may serve several.
  `
    A BLPOP k 0 &
    B BLPOP k 0 &
    C BRPOP k 0 &
    ! blocked_clients
    D RPUSH k 1
    A <
    D RPUSH k 2 3 4
    B <
    C <
    D LRANGE k 0 -1
    ! blocked_clients
  `,
  // Several keys: served once. (Where more than one is ready Valkey takes the first argument, as here, and redis-server the
  // key that was ready first.)
  `
    A BLPOP x y z 0 &
    D MULTI
    D RPUSH y 2
    D RPUSH z 1
    D EXEC
    A <
    D LRANGE y 0 -1
    D LRANGE z 0 -1
    A BLPOP y z 0
  `,
  `
    A BLPOP k k k 0 &
    D RPUSH k 1 2
    A <
    D LLEN k
  `,
  // What was there and is gone again serves nobody; another type neither.
  `
    A BLPOP k 0 &
    D MULTI
    D RPUSH k 1
    D DEL k
    D EXEC
    D SET k v
    D DEL k
    D SADD k a
    D DEL k
    D MULTI
    D RPUSH k 1
    D DEL k
    D RPUSH k 2
    D EXEC
    A <
  `,
  // Wrong type: at once, and for the target when the time has come.
  `
    D SET s v
    A BLPOP s 0
    A BLPOP k s 0
    A BLMOVE k s LEFT RIGHT 0 &
    B BLPOP k 0 &
    D RPUSH k 1
    A <
    B <
    D EXISTS k
  `,
  // Cascades, a circle included.
  `
    A BLMOVE a b LEFT RIGHT 0 &
    B BLMOVE b c RIGHT LEFT 0 &
    C BLPOP c 0 &
    D RPUSH a 1
    A <
    B <
    C <
    A BRPOPLPUSH k k 0 &
    D RPUSH k 1
    A <
    D LRANGE k 0 -1
    D DEL k
    A BRPOPLPUSH a b 0 &
    B BRPOPLPUSH b a 0 &
    D LPUSH a x
    A <
    B <
    D LRANGE a 0 -1
    D LRANGE b 0 -1
  `,
  // BLMPOP.
  `
    A BLMPOP 0 2 x y LEFT COUNT 2 &
    D RPUSH y 1 2 3
    A <
    D LRANGE y 0 -1
    A BLMPOP 0 1 y RIGHT
    A BLMPOP 0 1 y RIGHT COUNT 0
    A BLMPOP 0 0 y RIGHT
  `,
  // All the ways in which a list appears.
  ...[
    ["RPUSH src 1 2", "RENAME src k"],
    ["RPUSH src 1 2", "COPY src k"],
    ["RPUSH src 1 2", "LMOVE src k LEFT LEFT"],
    ["RPUSH src 1 2", "SORT src STORE k"],
    ["SELECT 1", "RPUSH k 1 2", "MOVE k 0"],
    ["SELECT 1", "RPUSH k 1 2", "SWAPDB 0 1"],
    ["SET k v", "RPUSH src 1", "RENAME src k"],
    ["SET k v", "RPUSH src 1", "COPY src k REPLACE"],
    ["RPUSHX k 1", "LPUSHX k 1", "LPUSH k 1"],
  ].map((ways) => `
    A BLPOP k 0 &
    ${ways.map((way) => `D ${way}`).join("\n")}
    A <
    D EXISTS k src
    D SELECT 1
    D FLUSHDB
  `),
  // Other databases are other keys.
  `
    A SELECT 2
    A BLPOP k 0 &
    D RPUSH k 0
    D SELECT 2
    D RPUSH k 2
    A <
  `,
  // Ends: timeouts, CLIENT UNBLOCK, connections that end.
  `
    A BLPOP k 0.01
    A BRPOP k 0.01
    A BLMOVE k l LEFT LEFT 0.01
    A BRPOPLPUSH k l 0.01
    A BLMPOP 0.01 1 k LEFT
    A HELLO 3
    A BLPOP k 0.01
    A BLMOVE k l LEFT LEFT 0.01
    A BLMPOP 0.01 1 k LEFT
  `,
  `
    A BLPOP k 0 &
    B CLIENT UNBLOCK @A
    A <
    A BLPOP k 0 &
    B CLIENT UNBLOCK @A TIMEOUT
    A <
    A BLPOP k 0 &
    B CLIENT UNBLOCK @A ERROR
    A <
    B CLIENT UNBLOCK @A
    B CLIENT UNBLOCK 123456
    B CLIENT UNBLOCK x
    B CLIENT UNBLOCK @A x
    A BLMOVE k l LEFT LEFT 0 &
    B CLIENT UNBLOCK @A
    A <
    ! blocked_clients
  `,
  `
    A BLPOP k 0 &
    B BLPOP k 0 &
    A close
    . 50
    D RPUSH k 1
    B <
    ! blocked_clients
  `,
  `
    A BLPOP k 0 &
    B BLPOP k 0 &
    D CLIENT KILL ID @A
    D RPUSH k 1
    B <
  `,
  // Timeouts that are none.
  `
    A BLPOP k -1
    A BLPOP k -0.1
    A BLPOP k x
    A BLPOP k nan
    A BLPOP k -inf
    A BLPOP k ""
    A BLPOP k " 1"
    A BLPOP k 0.0001
    A BLPOP k 1e-3
    A BLMPOP -1 1 k LEFT
    A BLMOVE k l LEFT LEFT x
    A BRPOPLPUSH k l -1
  `,
  // Inside MULTI nobody waits.
  `
    A MULTI
    A BLPOP k 0
    A BLMOVE k l LEFT LEFT 0
    A BLMPOP 0 1 k LEFT
    A RPUSH k 1
    A BLPOP k 0
    A EXEC
  `,
  // The pusher's own replies: the list is as long as it was when it pushed, and empty behind that.
  `
    A BLPOP k 0 &
    D MULTI
    D RPUSH k 1 2
    D LLEN k
    D LPOP k
    D EXEC
    A <
    D LLEN k
  `,
  // WATCH and a waiter that takes what appears.
  `
    B WATCH k
    A BLPOP k 0 &
    D RPUSH k 1
    A <
    B MULTI
    B PING
    B EXEC
  `,
  // A pause holds back nothing that has begun; the waiter is served when the pusher runs.
  `
    A BLPOP k 0 &
    B CLIENT PAUSE 50 WRITE
    D RPUSH k 1
    A <
    D LLEN k
  `,
];

const SORTED_SETS = [
  `
    A BZPOPMIN k 0 &
    B BZPOPMAX k 0 &
    C BZPOPMIN x k 0 &
    D ZADD k 1 a
    A <
    D ZADD k 1 a 2 b 3 c
    B <
    C <
    D ZRANGE k 0 -1
  `,
  `
    A BZMPOP 0 2 x y MIN COUNT 2 &
    D ZADD y 1 a 2 b 3 c
    A <
    D ZRANGE y 0 -1 WITHSCORES
    A HELLO 3
    A BZPOPMIN k 0 &
    D ZADD k 1.5 a
    A <
    A BZPOPMIN k 0.01
    A BZMPOP 0.01 1 k MAX
  `,
  // A list does not serve who waits for a sorted set, nor the other way round.
  `
    A BZPOPMIN k 0 &
    B BLPOP k 0 &
    D RPUSH k 1 2
    B <
    D DEL k
    D ZADD k 1 a
    A <
  `,
  ...[
    ["ZADD src 1 a", "ZUNIONSTORE k 1 src"],
    ["ZADD src 1 a", "ZRANGESTORE k src 0 -1"],
    ["ZADD src 1 a", "RENAME src k"],
    ["ZINCRBY k 1 a"],
    ["GEOADD k 1 1 a"],
  ].map((ways) => `
    A BZPOPMIN k 0 &
    ${ways.map((way) => `D ${way}`).join("\n")}
    A <
  `),
  `
    A MULTI
    A BZPOPMIN k 0
    A BZMPOP 0 1 k MIN
    A EXEC
    A BZPOPMIN k 0.01
    A BZPOPMAX k -1
    A BZMPOP x 1 k MIN
  `,
];

const STREAMS = [
  // Everybody who reads gets the entry.
  `
    A XREAD BLOCK 0 STREAMS s $ &
    B XREAD BLOCK 0 COUNT 10 STREAMS s t 0-0 0-0 &
    ! blocked_clients
    D XADD s 1-1 f v
    A <
    B <
    A XREAD BLOCK 0 STREAMS s 1-1 &
    D XADD t 1-1 f v
    D MULTI
    D XADD s 1-2 f v
    D XADD s 1-3 f v
    D EXEC
    A <
  `,
  // Of a group only one.
  `
    D XGROUP CREATE s g $ MKSTREAM
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s > &
    B XREADGROUP GROUP g b BLOCK 0 STREAMS s > &
    D XADD s 1-1 f v
    A <
    D XADD s 1-2 f v
    B <
    D XPENDING s g
    A XREADGROUP GROUP g a STREAMS s 0
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s 0
  `,
  // The group is gone, or the whole stream.
  ...["XGROUP DESTROY s g", "DEL s", "FLUSHALL", "SET s v", "RENAME s t", "SWAPDB 0 1"].map((end) => `
    D XGROUP CREATE s g $ MKSTREAM
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s > &
    B XREAD BLOCK 0 STREAMS s $ &
    ! blocked_clients
    D ${end}
    . 20
    ! blocked_clients
    D DEL s
    D XADD s 5-5 f v
    B <
  `),
  // Timeouts, and inside MULTI.
  `
    A XREAD BLOCK 1 STREAMS s $
    A XREAD BLOCK -1 STREAMS s $
    A XREAD BLOCK x STREAMS s $
    D XGROUP CREATE s g $ MKSTREAM
    A XREADGROUP GROUP g a BLOCK 1 STREAMS s >
    A MULTI
    A XREAD BLOCK 0 STREAMS s $
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    A EXEC
    A HELLO 3
    A XREAD BLOCK 1 STREAMS s $
    A XREAD BLOCK 0 STREAMS s $ &
    D XADD s 1-1 f v
    A <
  `,
  // The way of a stream to those who wait.
  ...[
    ["XADD src 9-9 f v", "RENAME src s"],
    ["XADD src 9-9 f v", "COPY src s"],
    ["SELECT 1", "XADD s 9-9 f v", "MOVE s 0"],
    ["SELECT 1", "XADD s 9-9 f v", "SWAPDB 0 1"],
  ].map((ways) => `
    A XREAD BLOCK 0 STREAMS s 0-0 &
    ${ways.map((way) => `D ${way}`).join("\n")}
    A <
  `),
];

Deno.test({ name: "who waits for streams is served as by redis-server", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const scene of STREAMS) await playSame(servers, scene);
});

Deno.test({ name: "who waits for lists is served as by redis-server", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const scene of LISTS) await playSame(servers, scene);
});

Deno.test({ name: "who waits for sorted sets is served as by redis-server", ignore }, async () => {
  await using servers = await ServerPair.start();
  for (const scene of SORTED_SETS) await playSame(servers, scene);
});
