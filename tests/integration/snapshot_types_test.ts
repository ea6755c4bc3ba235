// Background saves while commands of every family work on what is being saved: blocked clients, transactions, GEORADIUS
// with STORE, large values. The file holds what there was when the save began. Names as in Valkey's suite.
import assert from "node:assert/strict";
import { eventually, SporkServer } from "../harness/mod.ts";
import { changeCommands, datasetCommands, fillDatabases, fingerprint } from "./dataset.ts";
import { fullSpeed, persistence, reloadFile, saveEnds, slowSave, TYPES } from "./saves.ts";

/** Databases that the datasets below are spread over. */
const DATABASES = 5;

function start(): Promise<SporkServer> {
  return SporkServer.start({ args: ["--enable-debug-command", "yes", "--databases", "16"] });
}

for (const type of TYPES) {
  Deno.test(`blocking commands during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.pipeline(datasetCommands(20));
    const before = await fingerprint(client, 1);
    // Waiting since before the cut: what they will take is pushed after it.
    await using first = await server.connect();
    await using second = await server.connect();
    const popped = first.call("BLPOP", "end of the cascade", 0);
    const moved = second.call("BRPOPLPUSH", "new list", "end of the cascade", 0);
    await eventually(async () => (await server.info("clients")).blocked_clients === "2", {
      what: "two blocked clients",
    });
    await slowSave(client, type, 1000);
    await client.call("LPUSH", "new list", "element");
    assert.deepEqual(await popped, ["end of the cascade", "element"]);
    assert.equal(await moved, "element");
    // And on keys that are being saved.
    assert.deepEqual(await client.call("BLPOP", "list_before_1", 0), ["list_before_1", "L1"]);
    assert.equal(await client.call("BLMOVE", "list_before_2", "list_before_3", "LEFT", "RIGHT", 0), "L1");
    assert.equal(await client.call("BRPOPLPUSH", "list_before_4", "list_large_before_0", 0), "R2");
    assert.deepEqual(
      await client.call("BLMPOP", 0, 1, "list_large_before_5", "LEFT", "COUNT", 300).then((reply) =>
        (reply as unknown[])[0]
      ),
      "list_large_before_5",
    );
    assert.deepEqual(await client.call("BZPOPMIN", "zset_before_1", 0), ["zset_before_1", "Z1", "1"]);
    const popping = first.call("BZPOPMAX", "zset_before_2", 0);
    await popping;
    const reading = first.call(
      "XREADGROUP",
      "GROUP",
      "group",
      "c",
      "BLOCK",
      0,
      "STREAMS",
      "stream_before_1",
      ">",
    );
    assert.notEqual(await reading, null);
    const next = second.call("BLPOP", "list_before_1", 0);
    const third = await next;
    assert.deepEqual(third, ["list_before_1", "L2"]);
    assert.equal((await persistence(client)).rdb_bgsave_in_progress, "1", "the save ran meanwhile");
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`transactions during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await fillDatabases(client, DATABASES, 5);
    const before = await fingerprint(client, DATABASES);
    await slowSave(client, type, 1000);
    for (let database = 0; database < 3; database++) {
      const replies = await client.pipeline([
        ["SELECT", database],
        ["MULTI"],
        ["INCR", "int_before_1"],
        ["HSET", "table_before_1", "field_7", "after"],
        ["SELECT", database + 1],
        ["LPUSH", "list_before_1", "after"],
        ["DEL", "zset_table_before_2"],
        ["SPOP", "set_table_before_3", 50],
        ["XADD", "stream_before_4", "*", "after", "1"],
        ["SELECT", database],
        ["EXEC"],
      ]);
      const results = replies.at(-1) as unknown[];
      assert.equal(results.length, 8);
      // The list may have got one from the transaction before, which came to this database too.
      assert.ok(!results.some((reply) => reply instanceof Error));
    }
    assert.equal((await persistence(client)).rdb_bgsave_in_progress, "1", "the save ran meanwhile");
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, DATABASES), before);
    assert.equal(await client.call("MULTI"), "OK");
    assert.equal(await client.call("INCR", "int_before_1"), "QUEUED");
    assert.deepEqual(await client.call("EXEC"), [44]);
  });

  Deno.test(`store key deletion by georadius during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("DEBUG", "POPULATE", 300);
    const cities = [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"];
    await client.call("GEOADD", "two", ...cities);
    await client.call("GEOADD", "three", ...cities, 12.496366, 41.902782, "Rome");
    await client.call("GEOADD", "source", ...cities);
    const before = await fingerprint(client, 1);
    await slowSave(client, type, 2000);
    const nowhere = ["GEORADIUS", "source", 0, 0, 1, "km"];
    assert.equal(await client.call(...nowhere as [string], "STORE", "two"), 0);
    assert.equal(await client.call(...nowhere as [string], "STOREDIST", "three"), 0);
    assert.equal(await client.call("EXISTS", "two", "three"), 0);
    assert.equal((await persistence(client)).rdb_bgsave_in_progress, "1", "the save ran meanwhile");
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await client.call("ZCARD", "two"), 2);
    assert.equal(await client.call("ZCARD", "three"), 3);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`comprehensive modifications during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.pipeline(datasetCommands(60));
    const before = await fingerprint(client, 1);
    await slowSave(client, type, 400);
    const changes = changeCommands(60);
    let rounds = 0;
    while ((await persistence(client)).rdb_bgsave_in_progress === "1" && rounds < 6) {
      const replies = await client.pipeline(changes);
      // From the second round on some keys are of another type or gone: those changes are refused.
      const refused = replies.filter((reply) =>
        reply instanceof Error && !/^(WRONGTYPE|ERR)/.test(reply.message)
      );
      assert.deepEqual(refused, []);
      rounds++;
    }
    assert.ok(rounds >= 1, "the save ran while the changes were made");
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`writes to a large list, set, sorted set and stream during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    const elements = 30_000;
    for (let at = 0; at < elements; at += 2000) {
      const each = (words: (k: number) => (string | number)[]) =>
        Array.from({ length: 2000 }, (_, k) => words(at + k)).flat();
      await client.pipeline([
        ["RPUSH", "list", ...each((k) => [`element ${k}`])],
        ["SADD", "set", ...each((k) => [`member ${k}`])],
        ["ZADD", "zset", ...each((k) => [k / 7, `member ${k}`])],
        ...Array.from({ length: 400 }, (_, k) => ["XADD", "stream", `${at + k + 1}-1`, "f", `value ${k}`]),
      ]);
    }
    await client.call("XGROUP", "CREATE", "stream", "group", 0);
    const before = await fingerprint(client, 1);
    assert.equal(await client.call("BGSAVE", type), `Background saving (${type}) started`);
    let rounds = 0;
    do {
      const commands: (string | number)[][] = [];
      for (let k = 0; k < 30; k++) {
        const n = (rounds++ * 7919) % elements;
        commands.push(
          ["LPUSH", "list", "after"],
          ["RPOP", "list"],
          ["LSET", "list", n % 20_000, "after"],
          ["SREM", "set", `member ${n}`],
          ["SADD", "set", `after ${n}`],
          ["ZADD", "zset", n / 3, `member ${n}`, 1, `after ${n}`],
          ["ZPOPMIN", "zset"],
          ["XADD", "stream", "*", "f", "after"],
          ["XDEL", "stream", `${n + 1}-1`],
          ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", 5, "STREAMS", "stream", ">"],
        );
      }
      const replies = await client.pipeline(commands);
      assert.ok(!replies.some((reply) => reply instanceof Error));
    } while ((await persistence(client)).rdb_bgsave_in_progress === "1");
    assert.equal((await persistence(client)).rdb_last_bgsave_status, "ok");
    assert.notEqual(await client.call("XLEN", "stream"), elements / 5);
    await reloadFile(client);
    assert.equal(await fingerprint(client, 1), before);
  });
}
