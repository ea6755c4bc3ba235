// What is propagated against the append-only log of a real redis-server 7.0 after the same commands: the same commands in
// the same order, byte for byte but for points in time. Random commands of every type, and scenes for each rewrite.
import fc from "fast-check";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import type { Command } from "./compare_replies.ts";
import { assertSameCommands, FedServer, LoggingRedis } from "./fed_server.ts";
import { bitmapCommand } from "./random_bitmap_commands.ts";
import { geoCommand } from "./random_geo_commands.ts";
import { hashCommand } from "./random_hash_commands.ts";
import { listCommand } from "./random_list_commands.ts";
import { setCommand } from "./random_set_commands.ts";
import { streamCommands } from "./random_stream_commands.ts";
import { stringCommand } from "./random_string_commands.ts";
import { zsetCommand } from "./random_zset_commands.ts";
import { commandLines, payloadOf } from "./server_pair.ts";

const one = (arbitrary: fc.Arbitrary<Command>) => arbitrary.map((command) => [command]);
const FAMILIES: Record<string, fc.Arbitrary<Command[]>> = {
  string: one(stringCommand.filter((command) => !setsPastTime(command))),
  bitmap: one(bitmapCommand.filter((command) => !mayFail(command))),
  hash: one(hashCommand),
  list: one(listCommand),
  set: one(setCommand),
  zset: one(zsetCommand),
  geo: one(geoCommand),
  stream: streamCommands,
};

/** Redis 7.0 keeps what was set to expire in the past until somebody looks; later versions delete it at once. */
function setsPastTime([name, ...words]: Command): boolean {
  const at = words.findIndex((word) => /^[ep]xat$/i.test(String(word)));
  return /^set$/i.test(String(name)) && at > 0 &&
    Number(words[at + 1]) < (/^p/i.test(String(words[at])) ? 1e12 : 1e9);
}

/** A write that fails still lengthens the string: later versions count that as a change. */
function mayFail([name, ...words]: Command): boolean {
  return /^bitfield$/i.test(String(name)) && words.some((word) => /^fail$/i.test(String(word)));
}

/** Runs commands on both and compares what was propagated. */
class Stage {
  private constructor(readonly fed: FedServer, readonly redis: LoggingRedis) {}

  static async start(...args: string[]): Promise<Stage> {
    return new Stage(new FedServer(args), await LoggingRedis.start(...args));
  }

  async same(commands: Command[], normalise = (fed: string[][]) => fed): Promise<void> {
    const client = this.fed.connect();
    const [fedFrom, redisFrom] = [this.fed.stream.offset, this.redis.size()];
    await Promise.all([client.run(commands), this.redis.client.rawPipeline(commands)]);
    client.connection.end();
    const found = normalise(this.fed.commands(fedFrom));
    assertSameCommands(found, normalise(this.redis.commands(redisFrom)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fed.stop();
    await this.redis[Symbol.asyncDispose]();
  }
}

for (const [name, family] of Object.entries(FAMILIES)) {
  Deno.test(
    { name: `random ${name} commands are propagated as redis-server does`, ignore: !hasRedisServer },
    async () => {
      await using stage = await Stage.start();
      await fc.assert(
        fc.asyncProperty(fc.array(family, { minLength: 1, maxLength: 60, size: "max" }), async (lists) => {
          await stage.same([["FLUSHALL"], ...lists.flat()], withoutEntriesRead);
        }),
        { numRuns: 250, interruptAfterTimeLimit: 8_000, endOnFailure: true },
      );
    },
  );
}

/**
 * Without how far a group has read: later versions know it more often, and say so behind each reading, not only behind
 * those that nobody acknowledges.
 */
function withoutEntriesRead(fed: string[][]): string[][] {
  const isSetId = (words: string[]) =>
    words[0] === "XGROUP" && words[1] === "SETID" && words.includes("ENTRIESREAD");
  const kept: string[][] = [];
  for (const [index, words] of fed.entries()) {
    if (isSetId(words) && index > 0 && fed[index - 1][0] === "XCLAIM") continue;
    if (isSetId(words)) kept.push(words.with(words.indexOf("ENTRIESREAD") + 1, "N"));
    else if (words[0] === "EXEC" && kept.at(-2)?.[0] === "MULTI") kept.splice(-2, 1);
    else kept.push(words);
  }
  return kept;
}

const SCENES: Record<string, string> = {
  "SET and its kin": `
    SET a 1 EX 100
    SET a 1 px 100000 NX
    SET b 1 NX EX 100
    SET b 2 XX GET
    SET b 2 GET get PX 100000
    SET b 2 PXAT 3000000000000 GET
    SET b 2 pxat 3000000000000 XX
    SET b 2 EXAT 3000000000
    SET b 3 KEEPTTL
    SET c 1 NX GET
    SETEX d 100 v
    PSETEX d 100000 v
    SETNX d v
    GETSET d w
    MSET e 1 f 2
    MSETNX e 1 g 2
    MSETNX h 1 g 2
    GETEX d
    GETEX d EX 100
    GETEX d PXAT 3000000000000
    GETEX d PERSIST
    GETEX d PERSIST
    GETEX d EXAT 1
    GETDEL e
    GETDEL e
    INCR f
    INCRBYFLOAT f 0.1
    APPEND f x
    APPEND f ""
    SETRANGE f 0 ""
    DEL nosuch
    UNLINK f nosuch`,
  "times to live": `
    MSET a 1 b 2 c 3 d 4
    EXPIRE a 100
    PEXPIRE a 100000 GT
    EXPIRE a 100 nx
    expireat a 3000000000 XX
    pexpireat a 3000000000001
    EXPIRE b -1
    PEXPIREAT c 1
    EXPIRE nosuch 10
    PERSIST a
    PERSIST a`,
  "databases": `
    SET a 1
    SELECT 3
    SET b 1
    SELECT 3
    SET c 1
    MOVE b 0
    COPY c d DB 5
    SWAPDB 0 3
    SELECT 0
    SET x 1
    RENAME x y
    RENAMENX y z
    FLUSHDB
    FLUSHDB
    FLUSHALL
    FLUSHALL ASYNC
    SET a 1`,
  "transactions": `
    MULTI
    EXEC
    MULTI
    GET a
    EXEC
    MULTI
    SET a 1
    EXEC
    MULTI
    SET a 1
    SELECT 2
    LPUSH l x
    INCR l
    GETDEL nosuch
    EXEC
    SET a 1
    MULTI
    SET a 1
    DISCARD
    MULTI
    LPUSH l y
    BLPOP l 0
    BLPOP nosuch 0
    PUBLISH ch message
    LPUSH l z
    EXEC`,
  "popping": `
    RPUSH l 1 2 3 4 5 6 7 8 9
    LPOP l
    RPOP l 2
    LMPOP 2 nosuch l RIGHT
    LMPOP 1 l LEFT COUNT 2
    BLPOP nosuch l 0
    BRPOP l 0
    BLMPOP 0 1 l LEFT COUNT 5
    RPUSH l 1 2 3
    LMOVE l m LEFT RIGHT
    RPOPLPUSH l m
    BLMOVE l m right LEFT 0
    BRPOPLPUSH m l 0
    ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
    ZPOPMIN z
    ZMPOP 2 nosuch z MAX
    ZMPOP 1 z MIN COUNT 2
    BZPOPMIN nosuch z 0
    BZPOPMAX z 0
    ZADD z 1 a 2 b
    BZMPOP 0 1 z MIN COUNT 10
    SADD s a
    SPOP s
    SADD s a b c
    SPOP s 3
    SPOP s 3
    SADD s a b
    SPOP s 0`,
  "sums of hashes and others": `
    HSET h f 1
    HINCRBY h f 2
    HINCRBYFLOAT h f 0.5
    HINCRBYFLOAT h g 1e2
    HSETNX h f 1
    HSETNX h i 1
    HDEL h nosuch
    HDEL h f g
    GEOADD p CH 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
    GEOADD p NX 13.361389 38.115556 Palermo
    GEOADD p 180 85.05112878 corner 180 -85.05112878 southeast 180 0 east -180 85.05112878 northwest
    GEOSEARCHSTORE q p FROMLONLAT 15 37 BYRADIUS 200 km
    GEORADIUS p 15 37 200 km STORE q
    RPUSH l 3 1 2
    SORT l STORE m
    SORT nosuch STORE m
    SORT l
    PFADD hll a b
    PFADD hll a
    PFCOUNT hll
    PFCOUNT hll
    PFMERGE hll2 hll
    SETBIT b 1 1
    BITOP NOT c b
    BITFIELD b GET u8 0
    BITFIELD b SET u8 0 1
    SINTERSTORE x nosuch
    PUBLISH ch message`,
  "streams": `
    XADD s * f 1
    XADD s NOMKSTREAM 3000000000000-* f 1
    XADD s 3000000000000-5 f 1
    XADD s MAXLEN 2 3000000000001-0 f 1
    XADD s MAXLEN ~ 1 3000000000002-0 f 1
    XADD s maxlen ~ 1 LIMIT 10 * f 1
    XADD s MINID ~ 5 3000000000003-0 f 1
    XTRIM s MAXLEN ~ 100
    XTRIM s MAXLEN = 3
    XGROUP CREATE s g 0
    XGROUP CREATE t g $ MKSTREAM
    XREADGROUP GROUP g c COUNT 1 STREAMS s >
    XREADGROUP GROUP g d NOACK COUNT 1 STREAMS s >
    XREADGROUP GROUP g c STREAMS s 0
    XREADGROUP GROUP g c STREAMS s >
    XREADGROUP GROUP g c STREAMS s >
    XGROUP CREATECONSUMER s g e
    XCLAIM s g e 0 3000000000002-0 3000000000003-0
    XCLAIM s g e 0 3000000000002-0 JUSTID LASTID 3000000000009-0
    XCLAIM s g e 0 99-0 LASTID 3000000000010-0
    XDEL s 3000000000002-0
    XCLAIM s g e 0 3000000000002-0
    XDEL s 3000000000003-0
    XAUTOCLAIM s g c 0 0
    XACK s g 3000000000003-0 1-1
    XACK s g 1-1
    XGROUP SETID s g $
    XGROUP DELCONSUMER s g e
    XSETID s 3000000000020-0
    XGROUP DESTROY s g
    XADD u 9-0 f 1
    XADD u 10-5 f 1
    XGROUP CREATE u g 0
    XCLAIM u g e 0 9 +10-05 10-5 FORCE
    XDEL u 9-0
    XCLAIM u g e 0 09 10-5`,
};

for (const [name, scene] of Object.entries(SCENES)) {
  Deno.test({ name: `propagated as redis-server does: ${name}`, ignore: !hasRedisServer }, async () => {
    await using stage = await Stage.start("--stream-node-max-entries", "1");
    await stage.same(commandLines(scene), withoutEntriesRead);
  });
}

Deno.test({
  name: "RESTORE is propagated with the point in time that its TTL meant",
  ignore: !hasRedisServer,
}, async () => {
  await using stage = await Stage.start();
  await stage.same([["SET", "a", "value"]]);
  const dump = payloadOf(await stage.redis.client.raw("DUMP", "a"));
  await stage.same([
    ["RESTORE", "b", "0", dump],
    ["RESTORE", "c", "100000", dump],
    ["RESTORE", "c", "3000000000000", dump, "absttl", "REPLACE"],
    ["RESTORE", "c", "100000", dump, "REPLACE", "FREQ", "5"],
    ["RESTORE", "c", "1", dump, "ABSTTL", "REPLACE"],
    ["RESTORE", "c", "100000", "nonsense"],
  ]);
});

Deno.test(
  { name: "what MIGRATE has taken elsewhere is propagated as deleted", ignore: !hasRedisServer },
  async () => {
    await using target = await RedisServer.start();
    const fed = new FedServer();
    try {
      const client = fed.connect();
      const to = ["MIGRATE", "127.0.0.1", `${target.port}`];
      await client.run([["MSET", "a", "1", "b", "2", "c", "3"], [...to, "a", "0", "5000", "COPY"]]);
      await client.run([[...to, "a", "0", "5000", "REPLACE"], [
        ...to,
        "",
        "0",
        "5000",
        "KEYS",
        "b",
        "nosuch",
      ]]);
      assertSameCommands(fed.commands().slice(2), [["DEL", "a"], ["DEL", "b"]]);
    } finally {
      fed.server.migrator.closeAll();
      fed.stop();
    }
  },
);
