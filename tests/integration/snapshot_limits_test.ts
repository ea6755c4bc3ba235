// Background saves at their limits and at awkward moments: too much shadowed or held, cancelled in every phase, the
// configuration or the whole dataset changed meanwhile, nothing to save, every form of the file.
import assert from "node:assert/strict";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";
import { changeCommands, datasetCommands, fingerprint } from "./dataset.ts";
import {
  expectQuiet,
  fullSpeed,
  persistence,
  quietMemory,
  reloadFile,
  saveEnds,
  slowSave,
  TYPES,
} from "./saves.ts";

const KB = 1024;

function start(...args: string[]): Promise<SporkServer> {
  return SporkServer.start({
    args: [
      "--enable-debug-command",
      "yes",
      "--enable-protected-configs",
      "yes",
      "--databases",
      "40",
      ...args,
    ],
  });
}

async function saved(client: RespClient): Promise<void> {
  assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
}

/** Overwrites all keys of DEBUG POPULATE with values of so many bytes. */
async function overwrite(client: RespClient, keys: number, bytes: number): Promise<void> {
  const value = "y".repeat(bytes);
  const replies = await client.pipeline(
    Array.from({ length: keys }, (_, key) => ["SET", `key:${key}`, value]),
  );
  assert.ok(replies.every((reply) => reply === "OK"), String(replies.find((reply) => reply !== "OK")));
}

Deno.test("a fork save over snapshot-shadow-limit begins again as a threadsave, or fails, as the policy says", async () => {
  await using server = await start("--snapshot-shadow-limit", "256kb");
  await using client = await server.connect();
  await client.call("DEBUG", "POPULATE", 2000, "key", 1000);
  const memory = await quietMemory(client);

  await slowSave(client, "fork", 1000);
  await overwrite(client, 2000, 1000);
  await server.waitForLog(/begins again with the background iterator/);
  const running = await persistence(client);
  assert.equal(running.rdb_current_bgsave_type, "thread");
  assert.equal(running.current_cow_size, "0");
  await client.call("SET", "key:7", "after the second cut");
  await fullSpeed(client);
  const done = await saveEnds(client);
  assert.equal(done.rdb_last_bgsave_status, "ok");
  assert.equal(done.rdb_last_bgsave_type, "thread");
  await expectQuiet(server, client);
  await reloadFile(client);
  assert.equal(await client.call("GET", "key:7"), "y".repeat(1000));

  await client.call("CONFIG", "SET", "snapshot-shadow-policy", "fail");
  await slowSave(client, "fork", 1000);
  await overwrite(client, 2000, 1000);
  await fullSpeed(client);
  assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "err");
  await server.waitForLog(/fork-emulated: save gave up: more pages changed/);
  await expectQuiet(server, client);
  assert.equal(await quietMemory(client), memory);
  assert.ok(Number((await server.info("memory")).arena_shadow) <= 256 * KB);
});

Deno.test("a threadsave whose large value changes beyond snapshot-shadow-limit fails and leaves nothing", async () => {
  await using server = await start("--snapshot-shadow-limit", "256kb");
  await using client = await server.connect();
  const fields: (string | number)[] = [];
  for (let field = 0; field < 20_000; field++) fields.push(`field:${field}`, "x".repeat(50));
  // While the worker rests after the first of them, the other one is still to be saved.
  const keys = ["large", "as large"];
  for (const key of keys) await client.call("HSET", key, ...fields);
  const memory = await quietMemory(client);
  await slowSave(client, "thread", 3_000_000);
  const changed = fields.map((each) => each === "x".repeat(50) ? "y".repeat(50) : each);
  for (const key of keys) await client.call("HSET", key, ...changed);
  await fullSpeed(client);
  assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "err");
  await server.waitForLog(/threadsave gave up: more pages changed/);
  await expectQuiet(server, client);
  assert.equal(await quietMemory(client), memory);
  await client.call("CONFIG", "SET", "snapshot-shadow-limit", "64mb");
  await client.call("BGSAVE", "THREAD");
  await saved(client);
  await reloadFile(client);
  assert.equal(await client.call("HGET", "large", "field:9"), "y".repeat(50));
});

Deno.test("writers wait while a threadsave holds as much as it may, and all of them go on", async () => {
  const keys = 4000;
  const heldMax = 256 * KB;
  await using server = await start("--snapshot-held-bytes-max", `${heldMax}`);
  await using client = await server.connect();
  await client.call("DEBUG", "POPULATE", keys, "key", 1000);
  const before = await fingerprint(client, 1);
  const memory = await quietMemory(client);
  await slowSave(client, "thread", 100);
  const writers = await Promise.all([1, 2, 3, 4].map(() => server.connect()));
  const writing = Promise.all(writers.map((writer, n) => overwrite(writer, keys, 500 + n * 300)));
  let held = 0;
  let waiting = 0;
  do {
    const fields = await persistence(client);
    held = Math.max(held, Number(fields.snapshot_held_bytes));
    waiting = Math.max(waiting, Number(fields.snapshot_blocked_clients));
  } while ((await persistence(client)).rdb_bgsave_in_progress === "1");
  await writing;
  for (const writer of writers) writer.close();
  assert.ok(waiting > 0, "writers waited");
  assert.ok(held > heldMax / 2 && held < heldMax + 8 * KB, `${held} bytes were held`);
  await saved(client);
  await expectQuiet(server, client);
  await reloadFile(client);
  assert.equal(await fingerprint(client, 1), before);
  await expectQuiet(server, client);
  assert.equal(await quietMemory(client), memory);
});

for (const type of TYPES) {
  Deno.test(`${type}: CONFIG SET dir and dbfilename during a save are for the next one`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("DEBUG", "POPULATE", 200);
    await Deno.mkdir(`${server.dir}/other`);
    await slowSave(client, type, 2000);
    await eventually(async () => (await persistence(client)).current_save_keys_processed !== "0");
    await client.call("CONFIG", "SET", "dir", `${server.dir}/other`, "dbfilename", "next.rdb");
    await fullSpeed(client);
    await saved(client);
    const names = () => [...Deno.readDirSync(server.dir)].map((entry) => entry.name).sort();
    assert.deepEqual(names(), ["dump.rdb", "other"]);
    await client.call("BGSAVE", type);
    await saved(client);
    assert.deepEqual([...Deno.readDirSync(`${server.dir}/other`)].map((entry) => entry.name), ["next.rdb"]);
    assert.deepEqual(names(), ["dump.rdb", "other"]);
    await reloadFile(client);
    assert.equal(await client.call("DBSIZE"), 200);
  });

  Deno.test(`${type}: whatever comes while the worker starts`, async () => {
    await using server = await start("--save", "1000000 1000000");
    await using client = await server.connect();
    await client.call("DEBUG", "POPULATE", 200);
    let folders = 0;
    // A worker that may write elsewhere has to start anew.
    const otherFolder = async () => {
      const path = `${server.dir}/${++folders}`;
      await Deno.mkdir(path);
      return ["CONFIG", "SET", "dir", path];
    };
    const [, started, cancelled] = await client.pipeline([
      await otherFolder(),
      ["BGSAVE", type],
      ["BGSAVE", "CANCEL"],
    ]);
    assert.deepEqual([started, cancelled], [
      `Background saving (${type}) started`,
      "Background saving cancelled",
    ]);
    await expectQuiet(server, client);

    await client.pipeline([await otherFolder(), ["BGSAVE", type], await otherFolder()]);
    await saved(client);
    await client.pipeline([await otherFolder(), ["BGSAVE", type], ["FLUSHALL"], ["SET", "key:1", "new"]]);
    await expectQuiet(server, client);
    assert.equal(await client.call("GET", "key:1"), "new");
    await client.pipeline([await otherFolder(), ["BGSAVE", type], ["SET", "key:1", "newer"]]);
    await saved(client);
    await expectQuiet(server, client);
    await reloadFile(client);
    assert.equal(await client.call("GET", "key:1"), "new");
    await client.pipeline([["SET", "key:1", "last"], await otherFolder(), ["BGSAVE", type]]);
    await client.call("SHUTDOWN").catch(() => {});
    assert.equal((await server.exited).code, 0);
    await using again = await SporkServer.start({ dir: `${server.dir}/${folders}` });
    await using reader = await again.connect();
    assert.equal(await reader.call("GET", "key:1"), "last");
  });

  Deno.test(`${type}: cancelled at any moment, as often as one likes`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.pipeline(datasetCommands(30));
    await client.call("SAVE");
    const dump = await Deno.readFile(`${server.dir}/dump.rdb`);
    const memory = await quietMemory(client);
    let cancelled = 0;
    for (let round = 0; round < 40; round++) {
      await client.call("CONFIG", "SET", "rdb-key-save-delay", round % 4 === 0 ? 0 : 200);
      await client.call("BGSAVE", type);
      for (let turn = 0; turn < round; turn++) await client.call("SET", "before_1", `value_before_1`);
      const replies = await client.pipeline([["BGSAVE", "CANCEL"], ["BGSAVE", "CANCEL"], ["PING"]]);
      if (replies[0] === "Background saving cancelled") cancelled++;
      await expectQuiet(server, client);
    }
    assert.ok(cancelled > 10, `${cancelled} of 40 met a running save`);
    assert.equal((await Deno.readFile(`${server.dir}/dump.rdb`)).length, dump.length);
    await fullSpeed(client);
    await client.call("BGSAVE", type);
    await saved(client);
    assert.equal(await quietMemory(client), memory);
    const before = await fingerprint(client, 1);
    await reloadFile(client);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`${type}: DEBUG RELOAD, FLUSHDB and FLUSHALL during saves, again and again`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.pipeline(datasetCommands(20));
    await client.call("SAVE");
    const before = await fingerprint(client, 1);
    for (let round = 0; round < 5; round++) {
      await slowSave(client, type, 1000);
      await client.pipeline(changeCommands(20));
      await reloadFile(client);
      assert.equal(await fingerprint(client, 1), before);
      await expectQuiet(server, client);

      await slowSave(client, type, 1000);
      await client.call("FLUSHDB", round % 2 === 0 ? "ASYNC" : "SYNC");
      await client.pipeline(datasetCommands(5, "other"));
      await fullSpeed(client);
      await saved(client);
      await expectQuiet(server, client);
      // A page image outlives the database; what the iterator has yet to hand over does not.
      await reloadFile(client);
      assert.equal(await fingerprint(client, 1), before);

      await slowSave(client, type, 1000);
      await client.call("FLUSHALL");
      await client.pipeline(datasetCommands(5, "other"));
      await fullSpeed(client);
      await expectQuiet(server, client);
      await reloadFile(client);
      assert.equal(await fingerprint(client, 1), before);
    }
  });

  Deno.test(`SHUTDOWN during a ${type} save: the last snapshot has everything, or the old one stays`, async () => {
    const dir = await Deno.makeTempDir({ prefix: "spork-shutdown-" });
    try {
      for (const [word, left] of [["SAVE", "new"], ["NOSAVE", "new"]] as const) {
        const server = await SporkServer.start({ dir });
        await using client = await server.connect();
        await client.call("SET", "key", "old");
        if (word === "SAVE") {
          await client.pipeline(Array.from({ length: 500 }, (_, n) => ["SET", `k${n}`, n]));
        }
        await slowSave(client, type, 5000);
        await client.call("SET", "key", "new");
        await client.call("SHUTDOWN", word).catch(() => {});
        assert.equal((await server.exited).code, 0);
        assert.deepEqual([...Deno.readDirSync(dir)].map((entry) => entry.name), ["dump.rdb"]);
        await using again = await SporkServer.start({ dir });
        await using reader = await again.connect();
        // NOSAVE: what SAVE had left.
        assert.equal(await reader.call("GET", "key"), left);
        assert.equal(await reader.call("DBSIZE"), 501);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  Deno.test(`${type}: nothing to save, and databases without number`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("BGSAVE", type);
    await saved(client);
    await reloadFile(client);
    assert.equal(await client.call("DBSIZE"), 0);
    for (let database = 0; database < 40; database++) {
      await client.pipeline([["SELECT", database], ["SET", "key", database], [
        "HSET",
        "hash",
        "field",
        database,
      ]]);
    }
    const before = await fingerprint(client, 40);
    await slowSave(client, type, 1000);
    for (let database = 0; database < 40; database++) {
      await client.pipeline([
        ["SELECT", database],
        ["INCR", "key"],
        ["HDEL", "hash", "field"],
        ["SWAPDB", database, 39 - database],
      ]);
    }
    await fullSpeed(client);
    await saved(client);
    await reloadFile(client);
    assert.equal(await fingerprint(client, 40), before);
    await expectQuiet(server, client);
  });
}

Deno.test("saves right after each other, of both types, by command and by SAVE", async () => {
  await using server = await start();
  await using client = await server.connect();
  await client.pipeline(datasetCommands(10));
  const memory = await quietMemory(client);
  for (let round = 0; round < 30; round++) {
    const type = TYPES[round % 2];
    await client.call("SET", "before_1", "value_before_1");
    await eventually(async () => {
      const [reply] = await client.pipeline([["BGSAVE", type]]);
      return reply === `Background saving (${type}) started`;
    }, { what: "the save before has ended" });
    if (round % 5 === 0) {
      await eventually(async () => (await client.pipeline([["SAVE"]]))[0] === "OK", { what: "SAVE may run" });
    }
  }
  await saved(client);
  await expectQuiet(server, client);
  // Less: a table may have given chained buckets back.
  assert.ok(await quietMemory(client) <= memory);
  assert.equal(Number((await persistence(client)).rdb_saves), 36);
});

for (const checksum of ["yes", "no"]) {
  Deno.test(`every form of the file, rdbchecksum ${checksum}`, async () => {
    await using server = await start("--rdbchecksum", checksum);
    await using client = await server.connect();
    await client.pipeline(datasetCommands(10));
    let before = await fingerprint(client, 1);
    const sizes: Record<string, number> = {};
    for (const version of ["80", "11", "10"]) {
      if (version === "11") {
        // No older version can tell when a field expires: a file with such a field has version 80 whatever is asked for.
        for (let i = 0; i < 10; i++) await client.call("DEL", `hashttl_before_${i}`);
        before = await fingerprint(client, 1);
      }
      for (const compression of ["yes", "no"]) {
        await client.call("CONFIG", "SET", "rdb-version", version, "rdbcompression", compression);
        for (const method of ["thread", "fork", "SAVE"]) {
          if (method === "SAVE") await client.call("SAVE");
          else {
            await client.call("BGSAVE", method);
            await saved(client);
          }
          const bytes = await Deno.readFile(`${server.dir}/dump.rdb`);
          const magic = new TextDecoder().decode(bytes.subarray(0, 9));
          assert.equal(magic, version === "80" ? "VALKEY080" : `REDIS00${version}`);
          assert.equal(bytes.subarray(-8).every((byte) => byte === 0), checksum === "no");
          sizes[compression] = bytes.length;
          await reloadFile(client);
          assert.equal(await fingerprint(client, 1), before, `${version} ${compression} ${method}`);
        }
      }
    }
    assert.ok(sizes.yes < sizes.no / 2);
  });
}
