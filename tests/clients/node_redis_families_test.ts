// Each family of commands as a program uses it through npm redis (node-redis), in both protocol versions: replies as the
// library hands them out, blocking commands, transactions, scan iterators.
import assert from "node:assert/strict";
import { createClient, WatchError } from "redis";
import { eventually } from "../harness/mod.ts";
import { startServer } from "./start_server.ts";

for (const protocol of [2, 3] as const) {
  Deno.test(`node-redis RESP${protocol}: families of commands`, async (context) => {
    await using server = await startServer();
    const open = async () => {
      const opened = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP: protocol });
      opened.on("error", () => {});
      await opened.connect();
      return opened;
    };
    const client = await open();
    const other = await open();
    const test = (name: string, body: () => Promise<void>) =>
      context.step(name, async () => {
        await client.flushAll();
        await body();
      });
    const otherBlocks = () =>
      eventually(async () => /blocked_clients:1\b/.test(await client.info("clients")), {
        what: "a client blocks",
      });

    try {
      await test("lists", async () => {
        assert.equal(await client.rPush("l", ["a", "b", "c", "b"]), 4);
        assert.equal(await client.lPush("l", "z"), 5);
        assert.deepEqual(await client.lRange("l", 0, -1), ["z", "a", "b", "c", "b"]);
        assert.equal(await client.lInsert("l", "BEFORE", "a", "y"), 6);
        assert.equal(await client.lSet("l", 1, "x"), "OK");
        assert.equal(await client.lIndex("l", 1), "x");
        assert.deepEqual(await client.lPosCount("l", "b", 0), [3, 5]);
        assert.equal(await client.lRem("l", 0, "b"), 2);
        assert.equal(await client.lTrim("l", 1, -1), "OK");
        assert.equal(await client.lMove("l", "m", "LEFT", "RIGHT"), "x");
        assert.deepEqual(await client.lPopCount("l", 2), ["a", "c"]);
        assert.equal(await client.rPop("l"), null);
        assert.deepEqual(await client.lmPop(["l", "m"], "LEFT"), ["m", ["x"]]);
      });

      await test("blocking pops, of lists and sorted sets", async () => {
        const popped = other.blPop(["q1", "q2"], 10);
        await otherBlocks();
        await client.rPush("q2", ["job", "next"]);
        assert.deepEqual({ ...await popped }, { key: "q2", element: "job" });
        const moved = other.blMove("q1", "done", "LEFT", "RIGHT", 10);
        await otherBlocks();
        await client.rPush("q1", "work");
        assert.equal(await moved, "work");
        assert.equal(await other.brPop("q1", 0.01), null);
        const lowest = other.bzPopMin("z", 10);
        await otherBlocks();
        await client.zAdd("z", [{ score: 2, value: "b" }, { score: 1.5, value: "a" }]);
        assert.deepEqual({ ...await lowest }, { key: "z", value: "a", score: 1.5 });
        assert.equal(await other.blmPop(0.01, "q1", "LEFT"), null);
      });

      await test("sets", async () => {
        assert.equal(await client.sAdd("s", ["a", "b", "c", "a"]), 3);
        assert.equal(await client.sAdd("t", ["b", "c", "d"]), 3);
        assert.deepEqual([...await client.sInter(["s", "t"])].sort(), ["b", "c"]);
        assert.equal(await client.sDiffStore("only", ["s", "t"]), 1);
        assert.deepEqual([...await client.sMembers("only")], ["a"]);
        assert.deepEqual((await client.smIsMember("s", ["a", "d"])).map(Number), [1, 0]);
        assert.equal(await client.sInterCard(["s", "t"], 1), 1);
        assert.equal(Number(await client.sMove("s", "t", "a")), 1);
        assert.equal((await client.sRandMemberCount("t", -10)).length, 10);
        assert.equal([...await client.sPopCount("t", 10)].length, 4);
      });

      await test("sorted sets", async () => {
        const members = [{ score: 1, value: "one" }, { score: 2, value: "two" }, {
          score: 3,
          value: "three",
        }];
        assert.equal(await client.zAdd("z", members), 3);
        assert.equal(
          await client.zAdd("z", [{ score: 5, value: "three" }], { comparison: "GT", CH: true }),
          1,
        );
        assert.deepEqual(
          (await client.zRangeWithScores("z", 0, -1)).map(({ value, score }) => [value, score]),
          [
            ["one", 1],
            ["two", 2],
            ["three", 5],
          ],
        );
        assert.deepEqual(await client.zRangeByScore("z", "(1", "+inf", { LIMIT: { offset: 0, count: 1 } }), [
          "two",
        ]);
        assert.equal(await client.zIncrBy("z", 0.5, "one"), 1.5);
        assert.equal(await client.zRank("z", "three"), 2);
        assert.deepEqual(await client.zmScore("z", ["one", "none"]), [1.5, null]);
        await client.zAdd("w", { score: 10, value: "two" });
        assert.equal(await client.zUnionStore("u", [{ key: "z", weight: 1 }, { key: "w", weight: 2 }]), 3);
        assert.equal(await client.zScore("u", "two"), 22);
        assert.deepEqual({ ...await client.zPopMax("u") }, { value: "two", score: 22 });
        assert.deepEqual(await client.zDiff(["z", "w"]), ["one", "three"]);
        assert.equal(await client.zAdd("inf", { score: Infinity, value: "far" }), 1);
        assert.equal(await client.zScore("inf", "far"), Infinity);
      });

      await test("streams and consumer groups", async () => {
        assert.equal(await client.xAdd("x", "1-1", { kind: "spoon" }), "1-1");
        assert.equal(await client.xAdd("x", "1-2", { kind: "fork" }), "1-2");
        assert.deepEqual(
          (await client.xRange("x", "-", "+"))!.map(({ id, message }) => [id, { ...message }]),
          [
            ["1-1", { kind: "spoon" }],
            ["1-2", { kind: "fork" }],
          ],
        );
        assert.equal(await client.xGroupCreate("x", "g", "0"), "OK");
        const read = await client.xReadGroup("g", "alice", { key: "x", id: ">" }, { COUNT: 1 });
        assert.deepEqual(JSON.parse(JSON.stringify(read)), [
          { name: "x", messages: [{ id: "1-1", message: { kind: "spoon" } }] },
        ]);
        const pending = await client.xPending("x", "g");
        assert.deepEqual([pending.pending, pending.firstId, pending.lastId], [1, "1-1", "1-1"]);
        const claimed = await client.xClaim("x", "g", "bob", 0, "1-1");
        assert.deepEqual(claimed.map((entry) => entry?.id), ["1-1"]);
        assert.equal(await client.xAck("x", "g", "1-1"), 1);
        const info = await client.xInfoStream("x");
        assert.deepEqual([info.length, info.groups], [2, 1]);
        const waited = other.xRead({ key: "x", id: "$" }, { BLOCK: 10_000 });
        await otherBlocks();
        await client.xAdd("x", "2-1", { kind: "spork" });
        assert.deepEqual(JSON.parse(JSON.stringify(await waited)), [
          { name: "x", messages: [{ id: "2-1", message: { kind: "spork" } }] },
        ]);
        assert.equal(await other.xRead({ key: "x", id: "$" }, { BLOCK: 1 }), null);
        assert.equal(await client.xTrim("x", "MAXLEN", 1), 2);
        assert.equal(await client.xLen("x"), 1);
      });

      await test("bitmaps, HyperLogLog and geo", async () => {
        assert.equal(await client.setBit("bits", 7, 1), 0);
        assert.equal(await client.getBit("bits", 7), 1);
        assert.equal(await client.bitCount("bits"), 1);
        assert.equal(await client.bitPos("bits", 1), 7);
        assert.equal(await client.bitOp("NOT", "not", "bits"), 1);
        await client.pfAdd("hll", Array.from({ length: 100 }, (_, i) => `e${i}`));
        const estimate = await client.pfCount("hll");
        assert.ok(estimate >= 97 && estimate <= 103, `${estimate}`);
        await client.geoAdd("sicily", [
          { longitude: 13.361389, latitude: 38.115556, member: "Palermo" },
          { longitude: 15.087269, latitude: 37.502669, member: "Catania" },
        ]);
        assert.equal(await client.geoDist("sicily", "Palermo", "Catania", "km"), 166.2742);
        assert.deepEqual(await client.geoHash("sicily", "Palermo"), ["sqc8b49rny0"]);
        const from = { longitude: 15, latitude: 37 };
        const near = await client.geoSearch("sicily", from, { radius: 200, unit: "km" }, { SORT: "ASC" });
        assert.deepEqual(near, ["Catania", "Palermo"]);
      });

      await test("fields that expire", async () => {
        await client.hSet("user", { name: "n", token: "t", code: "c" });
        assert.deepEqual(await client.hExpire("user", ["token", "none"], 60), [1, -2]);
        assert.deepEqual(await client.hTTL("user", ["name", "token", "none"]), [-1, 60, -2]);
        assert.deepEqual(await client.hPersist("user", ["token", "name"]), [1, -1]);
        assert.equal(
          await client.hSetEx("user", { code: "d" }, { expiration: { type: "EX", value: 60 } }),
          1,
        );
        const values = await client.hGetEx("user", ["code", "none"], { expiration: "PERSIST" });
        assert.deepEqual(values, ["d", null]);
        assert.deepEqual(await client.hGetDel("user", ["code", "none"]), ["d", null]);
        assert.deepEqual(await client.hpExpire("user", ["token"], 20), [1]);
        await eventually(async () => await client.hLen("user") === 1, { what: "the field expires" });
        assert.deepEqual({ ...await client.hGetAll("user") }, { name: "n" });
      });

      await test("SORT, OBJECT, COPY and expiry", async () => {
        await client.rPush("ids", ["3", "1", "2"]);
        await client.mSet({ w1: "30", w2: "20", w3: "10", n1: "a", n2: "b", n3: "c" });
        assert.deepEqual(await client.sort("ids"), ["1", "2", "3"]);
        assert.deepEqual(await client.sort("ids", { BY: "w*", GET: "n*" }), ["c", "b", "a"]);
        assert.equal(await client.objectEncoding("w1"), "int");
        assert.equal(await client.copy("ids", "copy"), 1);
        assert.equal(await client.type("copy"), "list");
        assert.equal(await client.pExpire("copy", 20), 1);
        await eventually(async () => await client.exists("copy") === 0, { what: "the key expires" });
      });

      await test("transactions", async () => {
        assert.deepEqual(await client.multi().set("a", "1").incr("a").get("a").exec(), ["OK", 2, "2"]);
        await other.watch("a");
        await client.set("a", "changed");
        await assert.rejects(other.multi().set("a", "lost").exec(), WatchError);
        await other.watch("a");
        assert.deepEqual(await other.multi().get("a").exec(), ["changed"]);
        await assert.rejects(client.multi().addCommand(["SET", "a"]).exec());
        assert.deepEqual(
          await client.multi().hSet("h", "f", "v").hGetAll("h").exec().then((replies) => replies.length),
          2,
        );
      });

      await test("scan iterators see every element once or more", async () => {
        const names = Array.from({ length: 700 }, (_, i) => `m${i}`);
        await client.sAdd("set", names);
        await client.zAdd("zset", names.map((value, score) => ({ value, score })));
        await client.hSet("hash", Object.fromEntries(names.map((name) => [name, "v"])));
        const seen = async <T>(batches: AsyncIterable<T | T[]>, nameOf: (item: T) => string) => {
          const found = new Set<string>();
          for await (const batch of batches) {
            for (const item of Array.isArray(batch) ? batch : [batch]) found.add(nameOf(item));
          }
          return [...found].sort();
        };
        const wanted = names.toSorted();
        assert.deepEqual(await seen(client.sScanIterator("set", { COUNT: 40 }), String), wanted);
        assert.deepEqual(
          await seen(client.zScanIterator("zset", { COUNT: 40 }), ({ value }) => String(value)),
          wanted,
        );
        assert.deepEqual(
          await seen(client.hScanIterator("hash", { COUNT: 40 }), ({ field }) => String(field)),
          wanted,
        );
        assert.deepEqual(await seen(client.scanIterator({ TYPE: "hash" }), String), ["hash"]);
      });
    } finally {
      client.destroy();
      other.destroy();
    }
  });
}
