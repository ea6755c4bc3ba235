// Whatever a command looks at and whatever it changes is told to who holds replies back until the disk has it
// (DurabilityHook): every command with keys, what finds keys by other ways, and random scenes against what is propagated.
// More lines than usual: an example of each command.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../../core/bytes/ascii.ts";
import type { CommandSpec } from "../../core/commands/command.ts";
import { extractKeys } from "../../core/commands/key_extraction.ts";
import type { DurabilityHook } from "../../core/keyspace/hooks.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { allCommands } from "../../modules/modules.ts";
import { eventually } from "../harness/mod.ts";
import type { Command } from "../interop/compare_replies.ts";
import { FedServer, type MemoryClient } from "../interop/fed_server.ts";
import { bitmapCommand } from "../interop/random_bitmap_commands.ts";
import { geoCommand } from "../interop/random_geo_commands.ts";
import { hashCommand } from "../interop/random_hash_commands.ts";
import { listCommand } from "../interop/random_list_commands.ts";
import { setCommand } from "../interop/random_set_commands.ts";
import { streamCommands } from "../interop/random_stream_commands.ts";
import { stringCommand } from "../interop/random_string_commands.ts";
import { zsetCommand } from "../interop/random_zset_commands.ts";
import { commandLines } from "../interop/server_pair.ts";

/** Keys as "database key". */
class Told implements DurabilityHook {
  readonly looks = new Set<string>();
  readonly touches = new Set<string>();
  readonly databases = new Set<number>();

  looked(database: number, key: Uint8Array, start: number, end: number): void {
    this.looks.add(`${database} ${latin1Text(key, start, end)}`);
  }

  touched(database: number, key: Uint8Array, start: number, end: number): void {
    this.touches.add(`${database} ${latin1Text(key, start, end)}`);
  }

  databaseChanged(database: number): void {
    this.databases.add(database);
  }

  forget(): void {
    this.looks.clear();
    this.touches.clear();
    this.databases.clear();
  }
}

/** Commands with keys that read or write, by full name. */
const keyed = new Map<string, CommandSpec>();
function collect(specs: readonly CommandSpec[], prefix: string): void {
  for (const spec of specs) {
    if (spec.subcommands !== undefined) collect(spec.subcommands, `${prefix}${spec.name} `);
    else if (spec.flags.includes("write") || spec.flags.includes("readonly")) {
      if (spec.keySpecs.length > 0 || spec.unknownKeys !== undefined) keyed.set(prefix + spec.name, spec);
    }
  }
}
collect(allCommands, "");

/** All keys of a command, or those that it may change. */
function keysOf(words: Command, which: "all" | "changed" = "all"): string[] {
  const name = latin1Word(words[0]).toLowerCase();
  const spec = keyed.get(name) ?? keyed.get(`${name} ${latin1Word(words[1] ?? "").toLowerCase()}`);
  if (spec === undefined) return [];
  const args = Arguments.of(...words);
  const keys = extractKeys(spec, args);
  assert.ok(keys !== null, words.join(" "));
  return keys.filter(({ flags }) => which === "all" || !flags.includes("RO")).map(({ index }) =>
    args.latin1(index)
  );
}

function latin1Word(word: string | Uint8Array): string {
  return typeof word === "string" ? word : latin1Text(word, 0, word.length);
}

const VALUES = `
  MSET s1 10 s2 text s3 other
  PFADD p1 a b
  PFADD p2 c
  RPUSH l1 3 1 2
  RPUSH l2 5
  SADD t1 a b 3
  SADD t2 b c
  ZADD z1 1 a 2 b
  ZADD z2 3 b 4 c
  HSET h1 f 1 g 2
  GEOADD g1 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
  XADD x1 1-1 f v
  XADD x1 2-1 f v
  XADD x2 1-1 f v
  XGROUP CREATE x1 group 0
  XGROUP CREATE x2 group 0
  XREADGROUP GROUP group alice COUNT 1 STREAMS x1 >`;

/** Commands over VALUES that are not refused: one of each command with keys, and others that take another way. */
const EXAMPLES = `
  BITCOUNT s1
  BITFIELD_RO s1 GET u8 0
  BITPOS s1 1
  DUMP s1
  EXISTS s1 s2 nosuch
  EXPIRETIME s1
  GEODIST g1 Palermo Catania
  GEOHASH g1 Palermo
  GEOPOS g1 Palermo
  GEORADIUS_RO g1 15 37 200 km
  GEORADIUSBYMEMBER_RO g1 Palermo 200 km
  GEOSEARCH g1 FROMLONLAT 15 37 BYRADIUS 200 km
  GET s1
  GET nosuch
  GETBIT s1 1
  GETRANGE s1 0 1
  HEXISTS h1 f
  HEXPIRETIME h1 FIELDS 1 f
  HGET h1 f
  HGET nosuch f
  HGETALL h1
  HKEYS h1
  HLEN h1
  HMGET h1 f g
  HPEXPIRETIME h1 FIELDS 1 f
  HPTTL h1 FIELDS 1 f
  HRANDFIELD h1
  HSCAN h1 0
  HSTRLEN h1 f
  HTTL h1 FIELDS 1 f
  HVALS h1
  LCS s1 s2
  LINDEX l1 0
  LLEN l1
  LPOS l1 1
  LRANGE l1 0 -1
  MEMORY USAGE s1
  MGET s1 s2 nosuch
  OBJECT ENCODING s1
  OBJECT IDLETIME s1
  OBJECT REFCOUNT s1
  PEXPIRETIME s1
  PFCOUNT p1
  PFCOUNT p1 p2
  PTTL s1
  SCARD t1
  SDIFF t1 t2
  SINTER t1 t2
  SINTERCARD 2 t1 t2
  SISMEMBER t1 a
  SMEMBERS t1
  SMISMEMBER t1 a
  SORT_RO l1
  SRANDMEMBER t1
  SSCAN t1 0
  STRLEN s1
  SUBSTR s1 0 1
  SUNION t1 t2
  TOUCH s1 nosuch
  TTL s1
  TYPE s1
  TYPE nosuch
  XINFO CONSUMERS x1 group
  XINFO GROUPS x1
  XINFO STREAM x1
  XLEN x1
  XPENDING x1 group
  XRANGE x1 - +
  XREAD STREAMS x1 x2 0 0
  XREVRANGE x1 + -
  ZCARD z1
  ZCOUNT z1 0 9
  ZDIFF 2 z1 z2
  ZINTER 2 z1 z2
  ZINTERCARD 2 z1 z2
  ZLEXCOUNT z1 - +
  ZMSCORE z1 a
  ZRANDMEMBER z1
  ZRANGE z1 0 -1
  ZRANGEBYLEX z1 - +
  ZRANGEBYSCORE z1 0 9
  ZRANK z1 a
  ZREVRANGE z1 0 -1
  ZREVRANGEBYLEX z1 + -
  ZREVRANGEBYSCORE z1 9 0
  ZREVRANK z1 a
  ZSCAN z1 0
  ZSCORE z1 a
  ZUNION 2 z1 z2
  APPEND s1 1
  BITFIELD s1 SET u8 0 1
  BITOP AND s3 s1 s2
  BLMOVE l1 l2 LEFT RIGHT 1
  BLMPOP 1 1 l1 LEFT
  BLPOP l1 1
  BRPOP l1 1
  BRPOPLPUSH l1 l2 1
  BZMPOP 1 1 z1 MIN
  BZPOPMAX z1 1
  BZPOPMIN z1 1
  COPY s1 new
  COPY s1 s2
  DECR s1
  DECRBY s1 2
  DEL s1 s2 nosuch
  DELIFEQ s1 other
  EXPIRE s1 100
  EXPIREAT s1 1
  GEOADD g1 13 38 new
  GEORADIUS g1 15 37 200 km STORE z1
  GEORADIUSBYMEMBER g1 Palermo 200 km STOREDIST new
  GEOSEARCHSTORE new g1 FROMLONLAT 15 37 BYRADIUS 200 km
  GETDEL s1
  GETEX s1
  GETEX s1 EX 100
  GETSET s1 x
  HDEL h1 f
  HEXPIRE h1 100 FIELDS 1 f
  HEXPIREAT h1 1 FIELDS 1 f
  HGETDEL h1 FIELDS 1 f
  HGETEX h1 EX 100 FIELDS 1 f
  HINCRBY h1 f 1
  HINCRBYFLOAT h1 f 1
  HMSET h1 f 2
  HPERSIST h1 FIELDS 1 f
  HPEXPIRE h1 100 FIELDS 1 f
  HPEXPIREAT h1 1 FIELDS 1 f
  HSET h1 new 2
  HSETEX h1 EX 100 FIELDS 1 f 2
  HSETNX h1 f 2
  INCR s1
  INCRBY s1 2
  INCRBYFLOAT s1 2
  LINSERT l1 BEFORE 1 x
  LMOVE l1 l2 LEFT LEFT
  LMPOP 2 nosuch l1 LEFT
  LPOP l1
  LPUSH l1 x
  LPUSHX l1 x
  LPUSHX nosuch x
  LREM l1 0 1
  LSET l1 0 x
  LTRIM l1 0 0
  MIGRATE 127.0.0.1 1 s1 0 100
  MIGRATE 127.0.0.1 1 nosuch 0 100
  MOVE s1 1
  MSET s1 a new b
  MSETEX 2 s1 a new b
  MSETNX new a s1 b
  MSETNX new a newer b
  PERSIST s1
  PEXPIRE s1 100000
  PEXPIREAT s1 1
  PFADD p1 x y
  PFDEBUG TODENSE p1
  PFMERGE p1 p2
  PSETEX s1 100000 x
  RENAME s1 s2
  RENAME s1 new
  RENAMENX s1 s2
  RESTORE s1 0 x
  RPOP l1
  RPOPLPUSH l1 l2
  RPUSH l1 x
  RPUSHX l1 x
  SADD t1 new
  SDIFFSTORE new t1 t2
  SET s1 x
  SET s1 x NX
  SET s1 x GET
  SETBIT s1 1 1
  SETEX s1 100 x
  SETNX s1 x
  SETRANGE s1 1 x
  SINTERSTORE new t1 t2
  SMOVE t1 t2 a
  SORT l1 STORE new
  SORT l1
  SPOP t1
  SPOP t1 2
  SREM t1 a
  SUNIONSTORE t1 t1 t2
  UNLINK s1 l1
  XACK x1 group 1-1
  XADD x1 * f v
  XADD new * f v
  XADD nosuch NOMKSTREAM * f v
  XAUTOCLAIM x1 group bob 0 0
  XCLAIM x1 group bob 0 1-1
  XDEL x1 1-1
  XGROUP CREATE x1 new 0
  XGROUP CREATECONSUMER x1 group carol
  XGROUP DELCONSUMER x1 group alice
  XGROUP DESTROY x1 group
  XGROUP SETID x1 group 0
  XREADGROUP GROUP group bob STREAMS x1 x2 > >
  XREADGROUP GROUP group alice STREAMS x1 0
  XSETID x1 9-9
  XTRIM x1 MAXLEN 0
  ZADD z1 5 new
  ZDIFFSTORE new 2 z1 z2
  ZINCRBY z1 1 a
  ZINTERSTORE new 2 z1 z2
  ZMPOP 2 nosuch z1 MIN
  ZPOPMAX z1
  ZPOPMIN z1 5
  ZRANGESTORE new z1 0 -1
  ZREM z1 a
  ZREMRANGEBYLEX z1 - +
  ZREMRANGEBYRANK z1 0 0
  ZREMRANGEBYSCORE z1 0 9
  ZUNIONSTORE new 2 z1 z2`;

class Scene {
  readonly told = new Told();
  readonly fed = new FedServer();
  readonly client: MemoryClient;

  constructor() {
    this.fed.server.keyspace.durability = this.told;
    this.client = this.fed.connect();
  }

  /** Runs a command and gives its reply; `told` has what it told. */
  reply(command: Command): Promise<string> {
    this.told.forget();
    return this.client.reply(command);
  }

  async begin(): Promise<void> {
    await this.client.run([["FLUSHALL"], ...commandLines(VALUES)]);
  }

  [Symbol.dispose](): void {
    this.fed.stop();
  }
}

Deno.test("every key of every command is told of", async () => {
  using scene = new Scene();
  const { told } = scene;
  const tried = new Set<string>();
  const refused: string[] = [];
  for (const words of commandLines(EXAMPLES)) {
    const name = words.slice(0, 2).join(" ").toLowerCase();
    tried.add(keyed.has(name) ? name : latin1Word(words[0]).toLowerCase());
    await scene.begin();
    const reply = await scene.reply(words);
    if (reply.startsWith("-")) refused.push(`${words.join(" ")}: ${reply.trim()}`);
    for (const key of keysOf(words)) {
      const place = `0 ${key}`;
      assert.ok(told.looks.has(place) || told.touches.has(place), `${words.join(" ")}: ${key}`);
    }
  }
  assert.deepEqual(refused.map((line) => line.split(" ", 1)[0]), ["MIGRATE", "RESTORE"]);
  // OBJECT FREQ needs an LFU policy.
  tried.add("object freq");
  assert.deepEqual([...keyed.keys()].filter((name) => !tried.has(name)), []);
});

/** What `line` tells of over VALUES and `before`: looks and touches, sorted. */
async function toldBy(line: string, before = ""): Promise<{ looks: string[]; touches: string[] }> {
  using scene = new Scene();
  await scene.begin();
  await scene.client.run(commandLines(before));
  const reply = await scene.reply(commandLines(line)[0]);
  assert.ok(!reply.startsWith("-"), reply);
  const { looks, touches } = scene.told;
  return { looks: [...looks].sort(), touches: [...touches].sort() };
}

Deno.test("keys that no key specification names: SORT BY and GET, databases of COPY and MOVE", async () => {
  assert.deepEqual((await toldBy("SORT l1 BY weight_* GET h*->f GET s* GET #")).looks, [
    "0 h1",
    "0 h2",
    "0 h3",
    "0 l1",
    "0 s1",
    "0 s2",
    "0 s3",
    "0 weight_1",
    "0 weight_2",
    "0 weight_3",
  ]);
  assert.deepEqual((await toldBy("SORT l1 STORE new")).touches, ["0 new"]);
  assert.deepEqual(await toldBy("COPY s1 there DB 3"), {
    looks: ["0 s1", "3 there"],
    touches: ["3 there"],
  });
  assert.deepEqual(await toldBy("MOVE s1 3"), { looks: ["0 s1", "3 s1"], touches: ["0 s1", "3 s1"] });
  assert.deepEqual((await toldBy("GEORADIUS g1 15 37 200 km STORE z1")).touches, ["0 z1"]);
});

Deno.test("a blocking command that finds nothing has looked at all its keys", async () => {
  using scene = new Scene();
  const queue = [["BLPOP", "a", "b", "0"], ["XREAD", "BLOCK", "0", "STREAMS", "x", "$"]];
  await scene.client.run([["MULTI"], ...queue, ["EXEC"]]);
  assert.deepEqual([...scene.told.looks].sort(), ["0 a", "0 b", "0 x"]);
});

Deno.test("RESTORE: a new key, one in the place of another, and one whose time has passed", async () => {
  using scene = new Scene();
  const { told } = scene;
  await scene.begin();
  const dump = await scene.reply(["DUMP", "s1"]);
  const payload = latin1Bytes(dump.slice(dump.indexOf("\r\n") + 2, -2));
  for (const [key, ...words] of [["new", "0"], ["s2", "0", "REPLACE"], ["h1", "1", "ABSTTL", "REPLACE"]]) {
    const [ttl, ...options] = words;
    assert.equal(await scene.reply(["RESTORE", key, ttl, payload, ...options]), "+OK\r\n");
    assert.deepEqual([...told.touches], [`0 ${key}`], key);
  }
  await scene.reply(["RESTORE", "s2", "0", payload]);
  assert.deepEqual([[...told.looks], [...told.touches]], [["0 s2"], []], "BUSYKEY");
});

Deno.test("what the server looks at for itself is seen by nobody", async () => {
  using scene = new Scene();
  const { told, fed: { server } } = scene;
  await scene.begin();
  await scene.client.run(commandLines("PEXPIRE s1 1\nHPEXPIRE h1 1 FIELDS 1 f"));
  const { clock } = server.keyspace;
  const due = clock.update() + 1;
  await eventually(() => clock.update() > due, { everyMilliseconds: 1 });
  told.forget();
  server.expire.slowCycle(server.expireOptions);
  assert.deepEqual([[...told.looks], [...told.touches].sort()], [[], ["0 h1", "0 s1"]]);
  await scene.client.run(commandLines("CONFIG SET maxmemory-policy volatile-lru\nPEXPIRE s2 100000"));
  told.forget();
  await scene.client.run(commandLines("CONFIG SET maxmemory 1"));
  server.makeRoom();
  assert.deepEqual([[...told.looks], [...told.touches]], [[], ["0 s2"]]);
});

Deno.test("a command that does not change a key touches none", async () => {
  for (
    const line of [
      "SETNX s1 x",
      "SADD t1 a",
      "HDEL h1 nosuch",
      "DEL nosuch",
      "PERSIST s1",
      "XACK x1 group 5-5",
    ]
  ) {
    const { looks, touches } = await toldBy(line);
    assert.deepEqual([looks.length, touches.length], [1, 0], line);
  }
});

Deno.test("databases that are emptied or exchanged are told of", async () => {
  using scene = new Scene();
  const { told } = scene;
  const all = scene.fed.server.keyspace.databases.map(({ id }) => id);
  const databases = async (...lines: string[]) => {
    await scene.begin();
    for (const line of lines.slice(0, -1)) await scene.client.run(commandLines(line));
    await scene.reply(commandLines(lines[lines.length - 1])[0]);
    return [...told.databases].sort((a, b) => a - b);
  };
  assert.deepEqual(await databases("FLUSHALL"), all);
  assert.deepEqual(await databases("FLUSHDB"), [0]);
  assert.deepEqual(await databases("COPY s1 s1 DB 2", "FLUSHDB"), [0]);
  assert.deepEqual(await databases("SELECT 5", "FLUSHDB"), [5]);
  assert.deepEqual(await databases("SWAPDB 1 3"), [1, 3]);
  assert.deepEqual(await databases("SWAPDB 2 2"), []);
});

// What is propagated has to be durable: all of its keys have been touched when their unit ends.

const one = (arbitrary: fc.Arbitrary<Command>) => arbitrary.map((command) => [command]);
const anyCommands: fc.Arbitrary<Command[]> = fc.oneof(
  ...[stringCommand, bitmapCommand, hashCommand, listCommand, setCommand, zsetCommand, geoCommand].map(one),
  streamCommands,
  one(fc.constantFrom(
    ...commandLines(`
      MULTI
      EXEC
      DISCARD
      FLUSHDB
      FLUSHALL
      SWAPDB 0 1
      SELECT 1
      SELECT 0`),
  )),
);

/** Says after each unit which keys it has propagated but not touched. */
class Units {
  readonly untold: string[] = [];
  units = 0;
  #from = 0;
  #database = 0;

  constructor(private readonly fed: FedServer, private readonly told: Told) {}

  unitEnds(): void {
    const commands = this.fed.commands(this.#from);
    this.#from = this.fed.stream.offset;
    this.units++;
    for (const words of commands) {
      if (words[0] === "SELECT") this.#database = Number(words[1]);
      const keys = keysOf(words.map(latin1Bytes), "changed");
      const untold = keys.filter((key) => !this.#isTold(key));
      // Keys that are not there are not deleted.
      const mayMiss = ["DEL", "UNLINK"].includes(words[0]) ? keys.length - 1 : 0;
      if (untold.length > mayMiss) this.untold.push(`${words.join(" ")}: ${untold.join(" ")}`);
    }
    this.told.forget();
  }

  #isTold(key: string): boolean {
    const { touches, databases } = this.told;
    return touches.has(`${this.#database} ${key}`) || databases.has(this.#database);
  }
}

Deno.test("what each command propagates was touched in its unit", async () => {
  using scene = new Scene();
  const units = new Units(scene.fed, scene.told);
  scene.fed.server.propagation.units = units;
  for (const words of commandLines(EXAMPLES)) {
    await scene.begin();
    await scene.client.run([words]);
    assert.deepEqual(units.untold, []);
  }
});

Deno.test("what any commands propagate was touched in its unit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommands, { minLength: 20, maxLength: 300, size: "max" }), async (parts) => {
      using scene = new Scene();
      const units = new Units(scene.fed, scene.told);
      scene.fed.server.propagation.units = units;
      // EXEC ends a transaction that is still open.
      await scene.client.run([...parts.flat(), ["EXEC"]]);
      assert.deepEqual(units.untold, []);
      assert.ok(units.units > 0);
    }),
    { numRuns: 40 },
  );
});

Deno.test("what goes by itself was touched when its unit ends, and nothing is left behind it", async () => {
  using scene = new Scene();
  const { fed, told, client } = scene;
  const { server } = fed;
  await scene.begin();
  const units = new Units(fed, told);
  units.unitEnds();
  server.propagation.units = units;
  const { clock } = server.keyspace;
  await client.run(commandLines(`
    PEXPIRE s1 1
    PEXPIRE s2 1
    HSET h2 f 1
    HPEXPIRE h1 1 FIELDS 1 f
    HPEXPIRE h2 1 FIELDS 1 f`));
  const due = clock.update() + 1;
  await eventually(() => clock.update() > due, { everyMilliseconds: 1 });
  server.expire.slowCycle(server.expireOptions);
  assert.deepEqual([...told.touches], []);
  await client.run([["CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "1"]]);
  await client.run([["SET", "s1", "refused"]]);
  assert.equal(server.keyspace.size, 0);
  assert.deepEqual([...told.touches], []);
  assert.deepEqual(units.untold, []);
  assert.ok(units.units > 5);
});
