// Client side caching on Spork and on a real redis-server 7.0: who is told of which keys, when and in which form.
import { hasRedisServer } from "../harness/mod.ts";
import { playSame } from "./played_scene.ts";
import { ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

const SCENES = [
  // A key that was read is told of once, whoever changes it and in whichever database.
  `
    A HELLO 3
    A CLIENT TRACKING ON
    A GET a
    A MGET b c d
    ! tracking_total_keys
    ! tracking_total_items
    ! tracking_clients
    B SET a 1
    A >
    B SET a 2
    B SELECT 3
    B SET b 1
    A >
    A SET c 1
    A >
    A HSET h f 1
    A HGET h f
    A HDEL h f
    A >
    B DEL nothing
    B SET never 1
    A PING
    C HELLO 3
    C CLIENT TRACKING ON
    C GET a
    A GET a
    ! tracking_total_keys
    ! tracking_total_items
    B APPEND a x
    A >
    C >
    A CLIENT TRACKING OFF
    B SET d 1
    A PING
  `,
  // Messages go to another client: a push under RESP3, a message under RESP2 while it listens to something.
  `
    R SUBSCRIBE __redis__:invalidate
    A CLIENT TRACKING ON REDIRECT @R
    B CLIENT TRACKING ON REDIRECT @R
    A GET a
    B GET b
    C MSET a 1 b 2 c 3
    R >
    R >
    A SET a 1
    A GET a
    A SET a 2
    R >
    C FLUSHALL
    R >
    R >
    R UNSUBSCRIBE
    A GET a
    C SET a 3
    R PING
    R HELLO 3
    A GET a
    C SET a 3
    R >
    R PING
    A HELLO 3
    A GET a
    C SET a 3
    R >
    A PING
  `,
  // Under RESP2 nobody is told of anything unasked.
  `
    A CLIENT TRACKING ON
    A GET a
    B SET a 1
    A PING
    A CLIENT TRACKING ON BCAST
    A CLIENT TRACKING OFF
    A CLIENT TRACKING ON BCAST
    B SET a 1
    A PING
    ! tracking_total_prefixes
  `,
  // Broadcasts: by prefix, all keys of a turn at once.
  `
    A HELLO 3
    A CLIENT TRACKING ON BCAST
    B MSET c 1 a 2 b 3
    A >
    B DEL a b none
    A >
    A SET x 1
    A >
    A CLIENT TRACKING OFF
    A CLIENT TRACKING ON BCAST PREFIX a: PREFIX b:
    B MULTI
    B SET a:1 1
    B SET b:1 1
    B SET a:2 1
    B SET c:1 1
    B INCR a:1
    B EXEC
    A >
    A >
    A CLIENT TRACKING ON BCAST PREFIX c:
    A CLIENT TRACKINGINFO
    B SET c:2 1
    A >
    A CLIENT TRACKING ON BCAST PREFIX c:
    A CLIENT TRACKING ON BCAST
    A CLIENT TRACKINGINFO
    B SET c:2 1
    A >
    A >
    ! tracking_total_prefixes
    ! tracking_total_keys
    A GET c:2
    ! tracking_total_keys
  `,
  // NOLOOP: nothing about what the client does itself.
  `
    A HELLO 3
    A CLIENT TRACKING ON NOLOOP
    A MGET a b c
    A SET a 1
    B SET b 1
    A >
    B SET a 1
    A SET c 1
    A PING
    A CLIENT TRACKING OFF
    A CLIENT TRACKING ON BCAST NOLOOP
    A SET a 1
    B SET b 1
    A >
    A MSET c 1 d 1
    A PING
    A SET e x PX 1
    . 300
    A >
    A PING
  `,
  // OPTIN and OPTOUT: CLIENT CACHING is for the next command or transaction.
  `
    B CLIENT TRACKING ON
    A HELLO 3
    A CLIENT TRACKING ON OPTIN
    A GET a
    ! tracking_total_keys
    A CLIENT CACHING YES
    A CLIENT TRACKINGINFO
    A GET a
    A GET b
    A CLIENT TRACKINGINFO
    ! tracking_total_keys
    A CLIENT CACHING YES
    A CLIENT ID x
    A NOSUCH
    A GET c
    ! tracking_total_keys
    A CLIENT CACHING YES
    A CLIENT GETNAME
    A GET c
    ! tracking_total_keys
    A CLIENT CACHING YES
    A MULTI
    A GET d
    A GET e
    A EXEC
    A GET f
    ! tracking_total_keys
    A MULTI
    A GET g
    A CLIENT CACHING YES
    A GET h
    A GET i
    A EXEC
    A GET j
    ! tracking_total_keys
    A CLIENT CACHING YES
    A PING
    A GET k
    ! tracking_total_keys
    A CLIENT CACHING NO
    A CLIENT TRACKING ON OPTOUT
    A CLIENT TRACKING OFF
    A CLIENT TRACKING ON OPTOUT
    A GET l
    A CLIENT CACHING NO
    A CLIENT TRACKINGINFO
    A GET m
    A GET n
    ! tracking_total_keys
    A CLIENT CACHING YES
    A CLIENT CACHING MAYBE
  `,
  // A client's own message comes behind its reply, that of EXEC too.
  `
    A HELLO 3
    A CLIENT TRACKING ON
    A MSET a 1 b 2
    A GET a
    A MULTI
    A INCR a
    A GET b
    A EXEC
    A >
    A INCR b
    A >
    A RPUSH list x
    A LRANGE list 0 -1
    A BLMOVE other list LEFT LEFT 0 &
    B RPUSH other y
    A <
    A >
    A GET a
    A MULTI
    A FLUSHDB
    A PING
    A EXEC
    A >
    A FLUSHALL
    A >
    ! tracking_total_keys
    A PING
  `,
  // Keys that expire, and flushed and exchanged databases.
  `
    A HELLO 3
    A CLIENT TRACKING ON
    A SET a 1 PX 400
    A GET a
    A >
    B DEBUG SET-ACTIVE-EXPIRE 0
    B SET a 1 PX 400
    A GET a
    . 450
    A GET a
    A >
    B DEBUG SET-ACTIVE-EXPIRE 1
    B SET a 1
    A GET a
    B SWAPDB 0 1
    B SET a 3
    A >
    A GET a
    B FLUSHDB
    A >
    B FLUSHALL ASYNC
    A >
    A PING
  `,
  // Which keys are read: those of read-only commands.
  `
    A HELLO 3
    A CLIENT TRACKING ON
    A SET a 1
    A INCR a
    A EXISTS b c
    A TTL d
    A OBJECT ENCODING e
    A ZUNION 2 f g
    A XREAD STREAMS h i 0 0
    A SORT_RO j
    A GETEX k
    A LPUSH list x
    A GET list
    A SINTERCARD 2 l m
    A BITCOUNT n
    A PFCOUNT o
    ! tracking_total_keys
    A RESET
    A HELLO 3
    A GET z
    A CLIENT TRACKINGINFO
    ! tracking_clients
  `,
  // What is refused, and in which words.
  `
    R PING
    A CLIENT TRACKING
    A CLIENT TRACKING MAYBE
    A CLIENT TRACKING ON NOSUCH
    A CLIENT TRACKING ON REDIRECT
    A CLIENT TRACKING ON REDIRECT x
    A CLIENT TRACKING ON REDIRECT 0
    A CLIENT TRACKING ON REDIRECT 99999999
    A CLIENT TRACKING ON REDIRECT @R REDIRECT @R
    A CLIENT TRACKING ON PREFIX
    A CLIENT TRACKING ON PREFIX a
    A CLIENT TRACKING ON BCAST OPTIN
    A CLIENT TRACKING ON BCAST OPTOUT
    A CLIENT TRACKING ON OPTIN OPTOUT
    A CLIENT TRACKING OFF
    A CLIENT TRACKING OFF NOLOOP BCAST
    A CLIENT TRACKING ON BCAST PREFIX FOOBAR PREFIX FOO
    A CLIENT TRACKING ON BCAST PREFIX FOO PREFIX FOOBAR
    A CLIENT TRACKINGINFO
    A CLIENT GETREDIR
    A CLIENT TRACKING ON BCAST PREFIX FOO PREFIX BAR
    A CLIENT TRACKING ON BCAST PREFIX FO
    A CLIENT TRACKING ON BCAST PREFIX BARB
    A CLIENT TRACKING ON BCAST PREFIX FOO
    A CLIENT TRACKINGINFO
    A CLIENT GETREDIR
    A CLIENT TRACKING ON
    A CLIENT CACHING YES
    A CLIENT CACHING MAYBE
    A CLIENT TRACKING OFF
    A CLIENT CACHING YES
    A CLIENT CACHING NO
    A CLIENT CACHING
    A CLIENT TRACKING ON
    A CLIENT TRACKING ON BCAST
    A CLIENT CACHING YES
    A CLIENT CACHING NO
    A CLIENT TRACKINGINFO NOW
    A CLIENT GETREDIR NOW
  `,
];

for (const [index, scene] of SCENES.entries()) {
  Deno.test({ name: `client side caching is redis-server's, scene ${index + 1}`, ignore }, async () => {
    await using servers = await ServerPair.start();
    await playSame(servers, scene);
  });
}
