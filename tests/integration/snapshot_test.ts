// Background saves through the eyes of a client: grammar, replies, INFO, cancel, failure, and above all that the file
// holds what there was when the save began, whatever is done meanwhile. The names follow the tests of Valkey's suite.
import assert from "node:assert/strict";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";
import { changeCommands, datasetCommands, fillDatabases, fingerprint } from "./dataset.ts";
import { fullSpeed, persistence, reloadFile, saveEnds, slowSave, temporaryFiles, TYPES } from "./saves.ts";

/** Databases that the datasets below are spread over. */
const DATABASES = 5;

function start(...args: string[]): Promise<SporkServer> {
  return SporkServer.start({
    args: ["--enable-debug-command", "yes", "--databases", "16", ...args],
  });
}

async function change(client: RespClient, count: number): Promise<void> {
  for (let database = 0; database < DATABASES; database++) {
    await client.call("SELECT", database);
    const replies = await client.pipeline(changeCommands(count));
    assert.ok(
      !replies.some((reply) => reply instanceof Error),
      String(replies.find((r) => r instanceof Error)),
    );
  }
  await client.call("SELECT", 0);
}

for (const type of TYPES) {
  Deno.test(`bgsave ${type} resets the change counter`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("FLUSHALL");
    await client.call("SAVE");
    await client.call("SET", "x", 10);
    assert.equal((await persistence(client)).rdb_changes_since_last_save, "1");
    await client.call("BGSAVE", type);
    const fields = await saveEnds(client);
    assert.equal(fields.rdb_changes_since_last_save, "0");
    assert.equal(fields.rdb_last_bgsave_type, type);
    await client.call("DEBUG", "RELOAD", "NOSAVE");
    assert.equal(await client.call("GET", "x"), "10");
  });

  Deno.test(`bgsave ${type} metrics are correct after success`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("SET", "x", 1);
    const before = await persistence(client);
    await client.call("BGSAVE", type);
    const after = await saveEnds(client);
    assert.equal(Number(after.rdb_saves), Number(before.rdb_saves) + 1);
    assert.equal(after.rdb_last_bgsave_status, "ok");
    assert.ok(Number(after.rdb_last_bgsave_time_sec) >= 0 && Number(after.rdb_last_bgsave_time_sec) < 3600);
    assert.equal(after.rdb_current_bgsave_time_sec, "-1");
    assert.equal(after.rdb_current_bgsave_type, "none");
    assert.equal(after.current_save_keys_total, "0");
    assert.equal(after.current_save_keys_processed, "0");
    assert.equal(after.current_fork_perc, "0.00");
  });

  Deno.test(`bgsave ${type} metrics are correct after failure`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("SET", "x", 1);
    await Deno.mkdir(`${server.dir}/dump.rdb/in-the-way`, { recursive: true });
    await client.call("BGSAVE", type);
    const after = await saveEnds(client);
    assert.equal(after.rdb_last_bgsave_status, "err");
    assert.equal(after.rdb_current_bgsave_time_sec, "-1");
    assert.equal(after.current_save_keys_total, "0");
    assert.equal(after.rdb_changes_since_last_save, "1");
    assert.deepEqual(temporaryFiles(server.dir), []);
  });

  Deno.test(`bgsave cancel aborts ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("DEBUG", "POPULATE", 1000);
    await client.call("SAVE");
    const statusBefore = (await persistence(client)).rdb_last_bgsave_status;
    await slowSave(client, type, 10_000);
    assert.equal((await persistence(client)).rdb_current_bgsave_type, type);
    assert.equal(await client.call("BGSAVE", "CANCEL"), "Background saving cancelled");
    const after = await saveEnds(client);
    assert.equal(after.rdb_last_bgsave_status, statusBefore);
    assert.equal(
      await client.error("BGSAVE", "CANCEL"),
      "ERR Background saving is currently not in progress or scheduled",
    );
    assert.equal(
      await client.error("BGSAVE", "CANCEL", "SCHEDULE"),
      "ERR Cancel cannot be combined with other options",
    );
    assert.deepEqual(temporaryFiles(server.dir), []);
    await client.call("SET", "still", "writable");
  });

  for (const other of TYPES) {
    Deno.test(`${type} bgsave blocks ${other} bgsave`, async () => {
      await using server = await start();
      await using client = await server.connect();
      await client.call("DEBUG", "POPULATE", 1000);
      await slowSave(client, type, 10_000);
      assert.equal(await client.error("BGSAVE", other), "ERR Background save already in progress");
      assert.equal(
        await client.error("BGSAVE", "SCHEDULE", other),
        "ERR Background save already in progress",
      );
      assert.equal(await client.error("SAVE"), "ERR Background save already in progress");
      await client.call("BGSAVE", "CANCEL");
      await saveEnds(client);
    });
  }

  Deno.test(`FLUSHALL aborts bgsave ${type}`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("DEBUG", "POPULATE", 5000);
    await client.call("SET", "x", 1);
    await slowSave(client, type, 1000);
    assert.equal((await persistence(client)).rdb_current_bgsave_type, type);
    assert.equal(await client.error("FLUSHALL", "bad_arg"), "ERR syntax error");
    assert.equal((await persistence(client)).rdb_bgsave_in_progress, "1");
    assert.equal(await client.call("FLUSHALL"), "OK");
    const fields = await saveEnds(client);
    assert.ok(Number(fields.rdb_changes_since_last_save) > 999);
    assert.equal(await client.call("SET", "x", 2), "OK");
  });

  Deno.test(`FLUSHDB during ${type} save leaves the server writable`, async () => {
    await using server = await start("--save", "10000 100000");
    await using client = await server.connect();
    await fillDatabases(client, DATABASES, 20);
    await slowSave(client, type, 1000);
    await client.call("SELECT", 3);
    assert.equal(await client.call("FLUSHDB"), "OK");
    await fullSpeed(client);
    const fields = await saveEnds(client);
    assert.equal(fields.rdb_last_bgsave_status, "ok");
    assert.equal(await client.call("SET", "x", 2), "OK");
  });

  Deno.test(`failed bgsave ${type} prevents writes`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("CONFIG", "SET", "save", "10000 100000");
    await client.call("SET", "x", "before");
    const obstacle = `${server.dir}/dump.rdb`;
    await Deno.mkdir(`${obstacle}/in-the-way`, { recursive: true });
    await client.call("BGSAVE", type);
    await saveEnds(client);
    assert.match(await client.error("SET", "x", "after"), /^MISCONF /);
    assert.equal(await client.call("GET", "x"), "before");
    await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
    await client.call("SET", "x", "allowed");
    await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
    assert.match(await client.error("DEL", "x"), /^MISCONF /);
    await Deno.remove(obstacle, { recursive: true });
    await client.call("BGSAVE", type);
    await saveEnds(client);
    assert.equal(await client.call("SET", "x", "after"), "OK");
  });

  Deno.test(`${type} snapshot contains expired keys from when save started`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0);
    await client.call("DEBUG", "POPULATE", 200);
    await client.call("SET", "k1", "first", "PX", 300);
    await client.call("SET", "k2", "second", "PX", 300);
    await slowSave(client, type, 5000);
    await eventually(async () => await client.call("PTTL", "k2") === -2, { what: "the expiry of k2" });
    await client.call("SET", "k1", "again");
    assert.equal(await client.call("GET", "k2"), null);
    await fullSpeed(client);
    await saveEnds(client);
    const file = await Deno.readFile(`${server.dir}/dump.rdb`);
    const text = new TextDecoder("latin1").decode(file);
    assert.ok(text.includes("\x02k1\x05first"), "k1 as it was");
    assert.ok(text.includes("\x02k2\x06second"), "k2 as it was");
    assert.ok(!text.includes("again"));
  });

  Deno.test(`multiple databases modifications during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await fillDatabases(client, DATABASES, 20);
    const before = await fingerprint(client, DATABASES);
    await slowSave(client, type, 500);
    await change(client, 20);
    assert.notEqual(await fingerprint(client, DATABASES), before);
    assert.equal((await persistence(client)).rdb_bgsave_in_progress, "1", "the save ran meanwhile");
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, DATABASES), before);
  });

  Deno.test(`modify new keys during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.pipeline(datasetCommands(20));
    const before = await fingerprint(client, 1);
    await slowSave(client, type, 1000);
    for (let round = 0; round < 5; round++) {
      await client.pipeline(datasetCommands(20, `new${round}`));
      await client.pipeline(changeCommands(20, `new${round}`));
    }
    await fullSpeed(client);
    await saveEnds(client);
    await reloadFile(client);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`SWAPDB during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await fillDatabases(client, DATABASES, 10);
    const before = await fingerprint(client, DATABASES);
    await slowSave(client, type, 2000);
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 110; round++) {
      for (let swap = 0; swap < 5; swap++) {
        await client.call("SWAPDB", random(DATABASES), random(DATABASES));
      }
      await client.call("SELECT", random(DATABASES));
      await client.call("SET", "before_1", `round ${round}`);
      await client.call("HSET", "table_before_2", "field_9", `round ${round}`);
    }
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, DATABASES), before);
  });

  Deno.test(`delete all keys after SWAPDB during ${type} save; deleting keys during it`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await fillDatabases(client, DATABASES, 10);
    const before = await fingerprint(client, DATABASES);
    await slowSave(client, type, 1000);
    await client.call("SWAPDB", 0, 4);
    await client.call("SWAPDB", 1, 2);
    for (let database = 0; database < DATABASES; database++) {
      await client.call("SELECT", database);
      const keys = await client.call("KEYS", "*") as string[];
      await client.call(database % 2 === 0 ? "DEL" : "UNLINK", ...keys);
      assert.equal(await client.call("DBSIZE"), 0);
    }
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, DATABASES), before);
  });

  Deno.test(`TTL expiration during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    const keys: string[] = [];
    for (let i = 0; i < 100; i++) {
      keys.push(`key_${i}`);
      await client.call("SET", `key_${i}`, `value_${i}`, "PX", 4000 + i * 10);
    }
    await slowSave(client, type, 2000);
    await client.call("SET", "key_0", "changed", "PX", 1);
    await fullSpeed(client);
    await saveEnds(client);
    await reloadFile(client);
    assert.equal(await client.call("GET", "key_0"), "value_0");
    assert.equal(await client.call("DBSIZE"), 100);
    await eventually(async () => await client.call("EXISTS", ...keys) === 0, {
      what: "all keys to expire",
      withinMilliseconds: 15_000,
    });
  });

  Deno.test(`evictions during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    for (let i = 0; i < 2000; i++) await client.call("SET", `key_${i}`, "v".repeat(1000));
    const before = await fingerprint(client, 1);
    await slowSave(client, type, 300);
    const used = Number((await server.info("memory")).arena_used);
    await client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await client.call("CONFIG", "SET", "maxmemory", Math.floor(used * 3 / 4));
    for (let i = 0; i < 200; i++) await client.call("SET", `new_${i}`, "n".repeat(1000));
    await eventually(async () => Number((await server.info("stats")).evicted_keys) > 100, {
      what: "evictions",
    });
    await client.call("CONFIG", "SET", "maxmemory", 0);
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`renames onto existing keys during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    for (let i = 0; i < 1200; i++) await client.call("SET", `key_${i}`, `value_${i}`);
    const before = await fingerprint(client, 1);
    await slowSave(client, type, 200);
    for (let i = 0; i < 600; i++) await client.call("RENAME", `key_${i}`, `key_${i + 600}`);
    await fullSpeed(client);
    assert.equal((await saveEnds(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await client.call("DBSIZE"), 1200);
    assert.equal(await fingerprint(client, 1), before);
  });

  Deno.test(`writes to a hash of a million fields during ${type} save`, async () => {
    await using server = await start();
    await using client = await server.connect();
    const fields = 1_000_000;
    for (let at = 0; at < fields; at += 10_000) {
      const words: (string | number)[] = [];
      for (let i = at; i < at + 10_000; i++) words.push(`field:${i}`, i);
      await client.call("HSET", "huge", ...words);
    }
    assert.equal(await client.call("BGSAVE", type), `Background saving (${type}) started`);
    const changed: number[] = [];
    do {
      const commands: (string | number)[][] = [];
      for (let i = 0; i < 100; i++) {
        const field = (changed.length * 7919) % fields;
        changed.push(field);
        if (i % 3 === 0) commands.push(["HDEL", "huge", `field:${field}`]);
        else commands.push(["HSET", "huge", `field:${field}`, "changed while saving", `new:${field}`, 1]);
      }
      await client.pipeline(commands);
    } while ((await persistence(client)).rdb_bgsave_in_progress === "1");
    assert.ok(changed.length > 100, "the hash was written while the save ran");
    assert.equal((await persistence(client)).rdb_last_bgsave_status, "ok");
    await reloadFile(client);
    assert.equal(await client.call("HLEN", "huge"), fields);
    for (let at = 0; at < changed.length; at += 1000) {
      const part = changed.slice(at, at + 1000);
      const values = await client.call("HMGET", "huge", ...part.map((field) => `field:${field}`));
      assert.deepEqual(values, part.map(String));
    }
  });

  Deno.test(`EXPIRES after a reload (${type} snapshot)`, async () => {
    await using server = await start();
    await using client = await server.connect();
    await client.call("SET", "x", 10);
    await client.call("EXPIRE", "x", 1000);
    await client.call("BGSAVE", type);
    await saveEnds(client);
    await reloadFile(client);
    const ttl = await client.call("TTL", "x") as number;
    assert.ok(ttl > 900 && ttl <= 1000);
  });
}

Deno.test("bgsave: defaults, options and what CONFIG SET changes", async () => {
  await using server = await start();
  await using client = await server.connect();
  const idle = await persistence(client);
  assert.equal(idle.rdb_last_bgsave_type, "none");
  assert.equal(idle.rdb_current_bgsave_type, "none");
  assert.equal(idle.threadsave_estimated_seconds_remaining, "-1");
  assert.equal(idle.threadsave_current_item_seconds, "-1");
  assert.equal(idle.threadsave_current_queue_length, "0");
  assert.equal(await client.call("BGSAVE"), "Background saving (thread) started");
  await saveEnds(client);
  await client.call("CONFIG", "SET", "threadsave-enabled-for-backup", "no");
  assert.equal(await client.call("BGSAVE"), "Background saving (fork) started");
  await saveEnds(client);
  assert.equal(
    await client.call("BGSAVE", "SCHEDULE", "FORK", "THREAD"),
    "Background saving (thread) started",
  );
  await saveEnds(client);
  assert.equal(await client.error("BGSAVE", "SOON"), "ERR syntax error");
});

Deno.test("BGSAVE THREAD needs forkless-options-supported", async () => {
  await using server = await start("--forkless-options-supported", "no");
  await using client = await server.connect();
  assert.match(await client.error("BGSAVE", "THREAD"), /forkless-options-supported/);
  assert.equal(await client.call("BGSAVE"), "Background saving (fork) started");
  await saveEnds(client);
});

Deno.test("threadsave progress: counters grow, the time left is told", async () => {
  await using server = await start();
  await using client = await server.connect();
  await client.call("DEBUG", "POPULATE", 100);
  await slowSave(client, "thread", 100_000);
  const first = await eventually(async () => {
    const fields = await persistence(client);
    return Number(fields.threadsave_dbentries_processed) >= 1 && fields;
  });
  assert.ok(Number(first.threadsave_queue_length_target) > 0);
  const remaining = Number(first.threadsave_estimated_seconds_remaining);
  assert.ok(remaining >= 1 && remaining <= 60, `${remaining} seconds for 100 keys of 0.1 s`);
  const later = await eventually(async () => {
    const fields = await persistence(client);
    return Number(fields.threadsave_dbentries_processed) > Number(first.threadsave_dbentries_processed) &&
      fields;
  });
  assert.ok(Number(later.threadsave_dbentries_queued) >= Number(first.threadsave_dbentries_queued));
  await client.call("BGSAVE", "CANCEL");
  await saveEnds(client);
});

Deno.test("save points start a save by themselves", async () => {
  await using server = await start();
  await using client = await server.connect();
  await client.call("CONFIG", "SET", "save", "1 5");
  await client.pipeline(Array.from({ length: 10 }, (_, i) => ["SET", `k${i}`, i]));
  await server.waitForLog(/5 changes in 1 seconds\. Saving\.\.\./);
  await server.waitForLog(/Background saving terminated with success/);
  assert.equal((await persistence(client)).rdb_changes_since_last_save, "0");
});
