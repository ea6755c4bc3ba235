// What server and connection commands say to right and wrong words, against a real redis-server 7.0: every reply byte for
// byte, in RESP2 and RESP3. Left out is what Valkey or Spork say otherwise on purpose: options with other limits
// (maxmemory-samples, loglevel), DEBUG levers of structures that are not there, COMMAND GETKEYS with a single word
// (allowed since 7.2), LOLWUT's picture.
import { hasRedisServer } from "../harness/mod.ts";
import { commandLines, ServerPair } from "./server_pair.ts";

const ignore = !hasRedisServer;

/** Commands by what they are about. */
const LINES: Record<string, string> = {
  "sessions": `
    PING
    PING a
    PING a b
    ECHO
    ECHO a b
    ECHO "\\u0000x"
    SELECT
    SELECT x
    SELECT 16
    SELECT -1
    SELECT 99999999999
    SELECT 99999999999999999999
    SELECT 1
    SELECT 0
    AUTH
    AUTH a
    AUTH default a
    AUTH nouser a
    AUTH a b c
    HELLO 1
    HELLO x
    HELLO 2 SETNAME
    HELLO 3 AUTH a b
    HELLO 3 AUTH default b SETNAME "x y"
    HELLO 3 FOO
    HELLO "" 
    HELLO 4
    HELLO 99999999999999999999
    RESET x
  `,
  "CLIENT": `
    CLIENT GETNAME
    CLIENT SETNAME x
    CLIENT GETNAME
    CLIENT SETNAME ""
    CLIENT GETNAME
    CLIENT SETNAME "a b"
    CLIENT SETNAME "a\\nb"
    CLIENT SETNAME
    CLIENT
    CLIENT FOO
    CLIENT ID x
    CLIENT INFO x
    CLIENT LIST TYPE
    CLIENT LIST TYPE foo
    CLIENT LIST TYPE pubsub
    CLIENT LIST TYPE replica
    CLIENT LIST TYPE slave
    CLIENT LIST TYPE master
    CLIENT LIST TYPE normal x
    CLIENT LIST ID
    CLIENT LIST ID 99999
    CLIENT LIST ID 99999 999998
    CLIENT LIST ID x
    CLIENT LIST ID 1 x
    CLIENT LIST ID 0
    CLIENT LIST ID -1
    CLIENT LIST x
    CLIENT LIST ID 99999999999999999999
    CLIENT KILL
    CLIENT KILL x
    CLIENT KILL ID
    CLIENT KILL ID x
    CLIENT KILL ID 0
    CLIENT KILL ID -1
    CLIENT KILL ID 99999
    CLIENT KILL ID 99999 ID 99998
    CLIENT KILL TYPE foo
    CLIENT KILL TYPE pubsub
    CLIENT KILL TYPE master
    CLIENT KILL TYPE slave
    CLIENT KILL ADDR 1.2.3.4:5
    CLIENT KILL LADDR 1.2.3.4:5
    CLIENT KILL USER nobody
    CLIENT KILL SKIPME maybe
    CLIENT KILL FOO bar
    CLIENT KILL ID 99999 FOO
    CLIENT NO-EVICT on
    CLIENT NO-EVICT off
    CLIENT NO-EVICT x
    CLIENT NO-EVICT
    CLIENT PAUSE
    CLIENT PAUSE x
    CLIENT PAUSE -1
    CLIENT PAUSE 1.5
    CLIENT PAUSE 1 x
    CLIENT PAUSE 1 WRITE x
    CLIENT PAUSE 99999999999999999999
    CLIENT PAUSE 9223372036854775807 WRITE
    CLIENT UNPAUSE
    CLIENT UNPAUSE x
    CLIENT PAUSE 0
    CLIENT REPLY
    CLIENT REPLY x
    CLIENT REPLY on
    CLIENT REPLY ON x
    CLIENT UNBLOCK
    CLIENT UNBLOCK x
    CLIENT UNBLOCK 99999
    CLIENT UNBLOCK 99999 TIMEOUT
    CLIENT UNBLOCK 99999 error
    CLIENT UNBLOCK 99999 x
    CLIENT UNBLOCK 1 x y
    CLIENT TRACKINGINFO
    CLIENT TRACKINGINFO x
    CLIENT GETREDIR
    CLIENT GETREDIR x
  `,
  "CONFIG": `
    CONFIG
    CONFIG GET
    CONFIG FOO
    CONFIG SET
    CONFIG SET a
    CONFIG SET a b
    CONFIG SET a b c
    CONFIG SET maxmemory x
    CONFIG SET maxmemory -1
    CONFIG SET maxmemory-policy x
    CONFIG SET appendonly x
    CONFIG SET port 99999
    CONFIG SET save x
    CONFIG SET save "1"
    CONFIG SET save "1 a"
    CONFIG SET maxclients 0
    CONFIG SET timeout -1
    CONFIG SET slowlog-log-slower-than x
    CONFIG SET databases 4
    CONFIG SET client-output-buffer-limit x
    CONFIG SET client-output-buffer-limit "foo 1 1 1"
    CONFIG SET client-output-buffer-limit "normal x 1 1"
    CONFIG SET dir /nosuchdir
    CONFIG SET dbfilename a/b
    CONFIG SET dbfilename ""
    CONFIG SET hz x
    CONFIG SET maxmemory 1 maxmemory 2
    CONFIG SET timeout 1 maxmemory x
    CONFIG GET timeout
    CONFIG GET nosuch
    CONFIG GET maxmemory MAXMEMORY
    CONFIG RESETSTAT x
    CONFIG REWRITE x
    CONFIG REWRITE
  `,
  "OBJECT and MEMORY": `
    OBJECT
    OBJECT FOO
    OBJECT foo bar
    OBJECT "f\\noo"
    OBJECT ENCODING
    OBJECT ENCODING a b
    OBJECT ENCODING nokey
    OBJECT FREQ nokey
    OBJECT IDLETIME nokey
    OBJECT REFCOUNT nokey
    OBJECT HELP x
    MEMORY
    MEMORY FOO
    MEMORY USAGE
    MEMORY USAGE nokey
    MEMORY USAGE nokey SAMPLES
    MEMORY USAGE nokey SAMPLES x
    MEMORY USAGE nokey SAMPLES -1
    MEMORY USAGE nokey FOO 1
    MEMORY USAGE nokey SAMPLES 0
    MEMORY DOCTOR x
    MEMORY PURGE
    MEMORY STATS x
    MEMORY MALLOC-STATS x
  `,
  "SLOWLOG and LATENCY": `
    SLOWLOG
    SLOWLOG FOO
    SLOWLOG GET x
    SLOWLOG GET -2
    SLOWLOG GET 0
    SLOWLOG GET -1
    SLOWLOG GET 1 2
    SLOWLOG GET 99999999999
    SLOWLOG LEN
    SLOWLOG LEN x
    SLOWLOG RESET
    SLOWLOG RESET x
    LATENCY
    LATENCY FOO
    LATENCY LATEST
    LATENCY LATEST x
    LATENCY HISTORY
    LATENCY HISTORY x
    LATENCY HISTORY x y
    LATENCY GRAPH x
    LATENCY GRAPH
    LATENCY RESET
    LATENCY RESET x y
    LATENCY DOCTOR x
    LATENCY HISTOGRAM nosuch
  `,
  "DEBUG": `
    DEBUG
    DEBUG FOO
    DEBUG SLEEP
    DEBUG SLEEP x
    DEBUG SLEEP 0
    DEBUG OBJECT
    DEBUG OBJECT nokey
    DEBUG DIGEST-VALUE
    DEBUG DIGEST-VALUE nokey
    DEBUG DIGEST-VALUE nokey b
    DEBUG SET-ACTIVE-EXPIRE
    DEBUG SET-ACTIVE-EXPIRE 1
    DEBUG RELOAD x
    DEBUG HTSTATS x
    DEBUG HTSTATS 99
    DEBUG HTSTATS-KEY nokey
    DEBUG LISTPACK nokey
    DEBUG ERROR "ERR hello"
    DEBUG ERROR hello
    DEBUG PROTOCOL x
    DEBUG PROTOCOL string
    DEBUG PROTOCOL integer
    DEBUG PROTOCOL double
    DEBUG PROTOCOL null
    DEBUG PROTOCOL array
    DEBUG PROTOCOL set
    DEBUG PROTOCOL map
    DEBUG PROTOCOL attrib
    DEBUG PROTOCOL true
    DEBUG PROTOCOL false
    DEBUG PROTOCOL verbatim
    DEBUG PROTOCOL bignum
    DEBUG POPULATE
    DEBUG POPULATE x
    DEBUG POPULATE -1
    DEBUG POPULATE 2 k x
    DEBUG POPULATE 2 k -1
    DEBUG LOG hello
    DEBUG CHANGE-REPL-ID
    DEBUG JMAP
    DEBUG DICT-RESIZING 1
    DEBUG PAUSE-CRON x
    DEBUG PAUSE-CRON
    DEBUG PAUSE-CRON 0
    DEBUG LEAK
    DEBUG STRUCTSIZE x
    DEBUG HELP x
  `,
  "COMMAND": `
    COMMAND FOO
    COMMAND COUNT x
    COMMAND GETKEYS
    COMMAND GETKEYS GET a
    COMMAND GETKEYS get a b
    COMMAND GETKEYS FOO a
    COMMAND GETKEYS PING a
    COMMAND GETKEYS MSET a b c d
    COMMAND GETKEYS MSET a b c
    COMMAND GETKEYS OBJECT ENCODING x
    COMMAND GETKEYS OBJECT FOO x
    COMMAND GETKEYS OBJECT HELP x
    COMMAND GETKEYS CONFIG GET x
    COMMAND GETKEYS MEMORY USAGE x
    COMMAND GETKEYS RENAME a b
    COMMAND GETKEYS COPY a b DB 1
    COMMAND GETKEYS LCS a b
    COMMAND GETKEYSANDFLAGS SET a b
    COMMAND GETKEYSANDFLAGS SET a b GET
    COMMAND GETKEYSANDFLAGS RENAME a b
    COMMAND GETKEYSANDFLAGS FOO a b
    COMMAND GETKEYSANDFLAGS GET a
    COMMAND GETKEYSANDFLAGS MSET a b c d
    COMMAND INFO nosuch
    COMMAND INFO nosuch nosuch2
    COMMAND INFO object|nosuch
    COMMAND INFO nosuch|x
    COMMAND INFO get|x
    COMMAND DOCS nosuch
    COMMAND DOCS nosuch nosuch|a
    COMMAND LIST x
    COMMAND LIST FILTERBY
    COMMAND LIST FILTERBY x y
    COMMAND LIST FILTERBY MODULE
    COMMAND LIST FILTERBY MODULE x
    COMMAND LIST FILTERBY ACLCAT nosuch
    COMMAND LIST FILTERBY PATTERN getex
    COMMAND LIST FILTERBY PATTERN GETEX
    COMMAND LIST FILTERBY PATTERN client|noe
    COMMAND LIST FILTERBY PATTERN object|freq
    COMMAND LIST FILTERBY PATTERN GETEX x
  `,
  "unknown commands and wrong arity": `
    FOO
    FOO a b c
    "foo bar" a
    "fo\\r\\no" "a\\nb"
    "FOO\\u0000bar" x
    FOO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b c
    FOO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c
    FOOaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b c
    "" x
    GET
    get a b
  `,
  "the server as a whole": `
    TIME x
    LASTSAVE x
    INFO nosuch
    INFO nosuch nosuch2
    INFO ""
    SHUTDOWN x
    SHUTDOWN ABORT NOW
    SHUTDOWN ABORT SAVE
    SHUTDOWN ABORT
    SAVE x
    BGSAVE x
    BGSAVE SCHEDULE x
    FLUSHALL x
    FLUSHALL ASYNC x
    FLUSHALL SYNC ASYNC
    FLUSHDB x
    FLUSHDB async
    FLUSHALL sync
    FLUSHALL
    SWAPDB
    SWAPDB 0
    SWAPDB a 0
    SWAPDB 0 a
    SWAPDB 0 16
    SWAPDB -1 0
    SWAPDB 0 99999999999
    SWAPDB 0 1
    SWAPDB 1 1
    DBSIZE x
  `,
};

Deno.test({ name: "server and connection commands answer as redis-server does", ignore }, async (test) => {
  // No command is slow enough for the slow log, however busy the machine is.
  await using servers = await ServerPair.start("--slowlog-log-slower-than", "100000000");
  for (const protocol of [2, 3] as const) {
    for (const [name, text] of Object.entries(LINES)) {
      await test.step(`${name}, RESP${protocol}`, async () => {
        await using clients = await servers.connect(protocol);
        await clients.same(commandLines(text));
      });
    }
  }
});
