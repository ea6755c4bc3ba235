// Each family of commands as a program uses it through ioredis and iovalkey: replies as the libraries hand them out, blocking
// commands, transactions, scanning streams.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Redis, RedisOptions } from "ioredis";
import { eventually } from "../harness/mod.ts";
import { startServer } from "./start_server.ts";

/** The rows that XRANGE, XREAD and XCLAIM hand out. */
type Entry = [id: string, fields: string[]];

export function runIoredisFamiliesSuite(library: string, create: (options: RedisOptions) => Redis): void {
  Deno.test(`${library}: families of commands`, async (context) => {
    await using server = await startServer();
    const open = () => create({ port: server.port, host: "127.0.0.1" });
    const client = open();
    const other = open();
    const test = (name: string, body: () => Promise<void>) =>
      context.step(name, async () => {
        await client.flushall();
        await body();
      });
    /** When `other` has a command that blocks. */
    const otherBlocks = () =>
      eventually(async () => /blocked_clients:1\b/.test(await client.info("clients")), {
        what: "a client blocks",
      });

    try {
      await test("lists", async () => {
        assert.equal(await client.rpush("l", "a", "b", "c", "b"), 4);
        assert.equal(await client.lpush("l", "z"), 5);
        assert.deepEqual(await client.lrange("l", 0, -1), ["z", "a", "b", "c", "b"]);
        assert.equal(await client.linsert("l", "BEFORE", "a", "y"), 6);
        assert.equal(await client.lindex("l", 1), "y");
        assert.equal(await client.lset("l", 1, "x"), "OK");
        assert.deepEqual(await client.lpos("l", "b", "COUNT", 0), [3, 5]);
        assert.equal(await client.lrem("l", 0, "b"), 2);
        assert.equal(await client.ltrim("l", 1, -1), "OK");
        assert.equal(await client.lmove("l", "m", "LEFT", "RIGHT"), "x");
        assert.deepEqual(await client.lpop("l", 2), ["a", "c"]);
        assert.equal(await client.rpop("l"), null);
        assert.deepEqual(await client.lmpop(2, "l", "m", "LEFT"), ["m", ["x"]]);
        const bytes = Buffer.from([0, 255, 13, 10]);
        await client.rpush("bytes", bytes);
        assert.deepEqual(await client.lrangeBuffer("bytes", 0, 0), [bytes]);
      });

      await test("blocking pops, of lists and sorted sets", async () => {
        const popped = other.blpop("q1", "q2", 10);
        await otherBlocks();
        await client.rpush("q2", "job", "next");
        assert.deepEqual(await popped, ["q2", "job"]);
        const moved = other.blmove("q1", "done", "LEFT", "RIGHT", 10);
        await otherBlocks();
        await client.rpush("q1", "work");
        assert.equal(await moved, "work");
        assert.deepEqual(await client.lrange("done", 0, -1), ["work"]);
        assert.equal(await other.brpop("q1", 0.01), null);
        const lowest = other.bzpopmin("z", 10);
        await otherBlocks();
        await client.zadd("z", 2, "b", 1, "a");
        assert.deepEqual(await lowest, ["z", "a", "1"]);
      });

      await test("sets", async () => {
        assert.equal(await client.sadd("s", "a", "b", "c", "a"), 3);
        assert.equal(await client.sadd("t", "b", "c", "d"), 3);
        assert.deepEqual((await client.sinter("s", "t")).sort(), ["b", "c"]);
        assert.equal(await client.sdiffstore("only", "s", "t"), 1);
        assert.deepEqual(await client.smembers("only"), ["a"]);
        assert.deepEqual(await client.smismember("s", "a", "d"), [1, 0]);
        assert.equal(await client.sintercard(2, "s", "t", "LIMIT", 1), 1);
        assert.equal(await client.smove("s", "t", "a"), 1);
        assert.equal((await client.srandmember("t", -10)).length, 10);
        assert.equal((await client.spop("t", 10)).length, 4);
        assert.equal(await client.exists("t"), 0);
      });

      await test("sorted sets", async () => {
        assert.equal(await client.zadd("z", 1, "one", 2, "two", 3, "three"), 3);
        assert.equal(await client.zadd("z", "GT", "CH", 1, "two", 5, "three"), 1);
        assert.deepEqual(await client.zrange("z", 0, "-1", "WITHSCORES"), [
          "one",
          "1",
          "two",
          "2",
          "three",
          "5",
        ]);
        assert.deepEqual(await client.zrangebyscore("z", "(1", "+inf", "LIMIT", 0, 1), ["two"]);
        assert.deepEqual(await client.zrange("z", "[o", "[p", "BYLEX"), ["one"]);
        assert.equal(await client.zincrby("z", 0.5, "one"), "1.5");
        assert.equal(await client.zrank("z", "three"), 2);
        assert.deepEqual(await client.zmscore("z", "one", "none"), ["1.5", null]);
        await client.zadd("w", 10, "two");
        assert.equal(await client.zunionstore("u", 2, "z", "w", "WEIGHTS", 1, 2), 3);
        assert.equal(await client.zscore("u", "two"), "22");
        assert.deepEqual(await client.zpopmax("u"), ["two", "22"]);
        assert.deepEqual(await client.zdiff(2, "z", "w"), ["one", "three"]);
        assert.equal(await client.zremrangebyrank("z", 0, 0), 1);
      });

      await test("streams and consumer groups", async () => {
        assert.equal(await client.xadd("x", "1-1", "kind", "spoon"), "1-1");
        const second = await client.xadd("x", "MAXLEN", "~", 1000, "*", "kind", "fork") as string;
        assert.deepEqual((await client.xrange("x", "-", "+")).map(([id]) => id), ["1-1", second]);
        assert.deepEqual(await client.xrevrange("x", "+", "-", "COUNT", 1), [[second, ["kind", "fork"]]]);
        assert.equal(await client.xgroup("CREATE", "x", "g", "0"), "OK");
        const [[, entries]] = await client.xreadgroup(
          "GROUP",
          "g",
          "alice",
          "COUNT",
          1,
          "STREAMS",
          "x",
          ">",
        ) as [
          string,
          Entry[],
        ][];
        assert.deepEqual(entries, [["1-1", ["kind", "spoon"]]]);
        const [count, lowest, highest, consumers] = await client.xpending("x", "g") as unknown[];
        assert.deepEqual([count, lowest, highest, consumers], [1, "1-1", "1-1", [["alice", "1"]]]);
        assert.deepEqual(await client.xclaim("x", "g", "bob", 0, "1-1"), [["1-1", ["kind", "spoon"]]]);
        assert.equal(await client.xack("x", "g", "1-1"), 1);
        const [next, claimed] = await client.xautoclaim("x", "g", "bob", 0, "0") as unknown[];
        assert.deepEqual([next, claimed], ["0-0", []]);
        const info = await client.xinfo("STREAM", "x") as unknown[];
        assert.equal(info[info.indexOf("length") + 1], 2);
        const waited = other.xread("BLOCK", 10_000, "STREAMS", "x", "$") as Promise<[string, Entry[]][]>;
        await otherBlocks();
        await client.xadd("x", "9999999999999-1", "kind", "spork");
        assert.deepEqual(await waited, [["x", [["9999999999999-1", ["kind", "spork"]]]]]);
        assert.equal(await other.xread("BLOCK", 1, "STREAMS", "x", "$"), null);
        assert.equal(await client.xdel("x", "1-1"), 1);
        assert.equal(await client.xtrim("x", "MAXLEN", 1), 1);
        assert.equal(await client.xlen("x"), 1);
      });

      await test("bitmaps, HyperLogLog and geo", async () => {
        assert.equal(await client.setbit("bits", 7, 1), 0);
        assert.equal(await client.getbit("bits", 7), 1);
        assert.equal(await client.bitcount("bits"), 1);
        assert.equal(await client.bitpos("bits", 1), 7);
        assert.deepEqual(await client.bitfield("bits", "SET", "u8", 8, 255), [0]);
        assert.equal(await client.bitop("NOT", "not", "bits"), 2);
        assert.equal(await client.pfadd("hll", ...Array.from({ length: 100 }, (_, i) => `e${i}`)), 1);
        const estimate = await client.pfcount("hll");
        assert.ok(estimate >= 97 && estimate <= 103, `${estimate}`);
        assert.equal(await client.pfmerge("all", "hll"), "OK");
        assert.equal(
          await client.geoadd("sicily", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"),
          2,
        );
        assert.equal(await client.geodist("sicily", "Palermo", "Catania", "KM"), "166.2742");
        assert.deepEqual(await client.geohash("sicily", "Palermo"), ["sqc8b49rny0"]);
        const near = await client.geosearch("sicily", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km", "ASC");
        assert.deepEqual(near, ["Catania", "Palermo"]);
      });

      await test("keys that expire", async () => {
        await client.hset("h", { a: "1", b: "2" });
        await client.pexpire("h", 20);
        assert.ok(await client.pttl("h") > 0);
        await eventually(async () => await client.exists("h") === 0, { what: "the key expires" });
        await client.set("k", "v", "PX", 60_000);
        assert.equal(await client.persist("k"), 1);
        assert.equal(await client.ttl("k"), -1);
        assert.equal(await client.expireat("k", 1), 1);
        assert.equal(await client.get("k"), null);
      });

      await test("fields that expire", async () => {
        await client.hset("user", { name: "n", token: "t", code: "c" });
        assert.deepEqual(await client.call("HEXPIRE", "user", 60, "FIELDS", 2, "token", "none"), [1, -2]);
        assert.deepEqual(await client.call("HTTL", "user", "FIELDS", 2, "name", "token"), [-1, 60]);
        assert.deepEqual(await client.call("HPERSIST", "user", "FIELDS", 1, "token"), [1]);
        assert.equal(await client.call("HSETEX", "user", "PX", 20, "FIELDS", 1, "code", "d"), 1);
        assert.deepEqual(await client.call("HGETEX", "user", "EX", 60, "FIELDS", 2, "token", "none"), [
          "t",
          null,
        ]);
        await eventually(async () => await client.hlen("user") === 2, { what: "the field expires" });
        assert.deepEqual(await client.hgetall("user"), { name: "n", token: "t" });
        assert.deepEqual(await client.call("HGETDEL", "user", "FIELDS", 1, "token"), ["t"]);
      });

      await test("SORT, OBJECT, DUMP and RESTORE", async () => {
        await client.rpush("ids", "3", "1", "2");
        await client.mset("w1", "30", "w2", "20", "w3", "10", "n1", "a", "n2", "b", "n3", "c");
        assert.deepEqual(await client.sort("ids"), ["1", "2", "3"]);
        assert.deepEqual(await client.sort("ids", "BY", "w*", "GET", "n*"), ["c", "b", "a"]);
        assert.equal(await client.object("ENCODING", "w1"), "int");
        const dump = await client.dumpBuffer("ids");
        assert.equal(await client.restore("copy", 0, dump), "OK");
        assert.deepEqual(await client.lrange("copy", 0, -1), ["3", "1", "2"]);
        assert.equal(await client.copy("copy", "again"), 1);
        assert.equal(await client.type("again"), "list");
      });

      await test("transactions", async () => {
        const results = await client.multi().set("a", "1").incr("a").lpush("a", "x").exec();
        assert.deepEqual(results!.slice(0, 2), [[null, "OK"], [null, 2]]);
        assert.match(results![2][0]!.message, /^WRONGTYPE/);
        assert.equal(await client.get("a"), "2");
        await other.watch("a");
        await client.set("a", "changed");
        assert.equal(await other.multi().set("a", "lost").exec(), null);
        await other.watch("a");
        assert.deepEqual(await other.multi().get("a").exec(), [[null, "changed"]]);
        await assert.rejects(client.multi().call("SET", "a").exec(), /EXECABORT/);
        assert.equal(await client.multi({ pipeline: false }), "OK");
        assert.equal(await client.set("b", "1"), "QUEUED");
        assert.equal(await client.discard(), "OK");
        assert.equal(await client.exists("b"), 0);
      });

      await test("scanning streams see every element once or more", async () => {
        const names = Array.from({ length: 700 }, (_, i) => `m${i}`);
        await client.sadd("set", ...names);
        await client.zadd("zset", ...names.flatMap((name, i) => [i, name]));
        await client.hset("hash", Object.fromEntries(names.map((name) => [name, "v"])));
        const seen = async (stream: AsyncIterable<string[]>, step: number) => {
          const found = new Set<string>();
          for await (const items of stream) items.forEach((item, i) => i % step === 0 && found.add(item));
          return [...found].sort();
        };
        const wanted = names.toSorted();
        assert.deepEqual(await seen(client.sscanStream("set", { count: 40 }), 1), wanted);
        assert.deepEqual(await seen(client.zscanStream("zset", { count: 40 }), 2), wanted);
        assert.deepEqual(await seen(client.hscanStream("hash", { count: 40 }), 2), wanted);
        assert.deepEqual(await seen(client.scanStream({ type: "zset" }), 1), ["zset"]);
      });

      await test("a blocked client that is unblocked, and one that loses its connection", async () => {
        const id = await other.client("ID");
        const refused = assert.rejects(
          other.blpop("never", 0),
          /UNBLOCKED client unblocked via CLIENT UNBLOCK/,
        );
        await otherBlocks();
        assert.equal(await client.client("UNBLOCK", id, "ERROR"), 1);
        await refused;
        const again = other.blpop("later", 0);
        await otherBlocks();
        assert.equal(await client.client("KILL", "ID", id), 1);
        // The library connects again and asks again.
        await otherBlocks();
        await client.rpush("later", "here");
        assert.deepEqual(await again, ["later", "here"]);
      });
    } finally {
      client.disconnect();
      other.disconnect();
    }
  });
}
