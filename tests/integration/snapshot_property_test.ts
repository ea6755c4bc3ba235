// Random commands against a running save, for each strategy: what the file holds afterwards is the dataset at the cut,
// key by key, whatever was done meanwhile. The model is the server itself at the moment before BGSAVE.
import assert from "node:assert/strict";
import fc from "fast-check";
import { eventually, type RespClient, SporkServer } from "../harness/mod.ts";
import { Random } from "../values/random.ts";
import { WRITES } from "../values/exercises.ts";
import type { ValueType } from "../values/samples.ts";
import { fingerprint } from "./dataset.ts";

const DATABASES = 3;
const RUNS = 30;
const KEYS = 40;

type Words = (string | number)[];

const database = fc.integer({ min: 0, max: DATABASES - 1 });
const key = fc.integer({ min: 0, max: KEYS }).map((n) => `key:${n}`);
const field = fc.integer({ min: 0, max: 300 }).map((n) => `field:${n}`);
const value = fc.oneof(
  { weight: 3, arbitrary: fc.integer().map(String) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 200 }).map((n) => "v".repeat(n)) },
  { weight: 1, arbitrary: fc.integer({ min: 4000, max: 200_000 }).map((n) => "large".repeat(n / 5)) },
);

function words(...parts: (fc.Arbitrary<string | number> | string | number)[]): fc.Arbitrary<Words> {
  return fc.tuple(...parts.map((part) => typeof part === "object" ? part : fc.constant(part)));
}

const manyFields = fc.tuple(key, fc.integer({ min: 1, max: 400 })).map(([name, count]): Words => {
  const pairs: Words = [];
  for (let i = 0; i < count; i++) pairs.push(`field:${i}`, `value ${i} of ${count}`);
  return ["HSET", name, ...pairs];
});

/** A change of a list, set, sorted set, hash or stream that has the type in its name, small or large. */
const typed = fc.tuple(
  fc.constantFrom(...Object.keys(WRITES) as ValueType[]),
  fc.integer({ min: 0, max: KEYS / 4 }),
  fc.nat(),
).map(([type, n, seed]): Words => {
  const random = new Random(seed);
  const name = `${type}:${n}`;
  return random.oneIn(4) ? filled(type, name, random) : random.pick(WRITES[type])(name, random);
});

/** Makes a value large: a table, or more than 64 KiB. */
function filled(type: ValueType, name: string, random: Random): Words {
  const words = (each: (index: number) => Words) => Array.from({ length: 300 }, (_, k) => each(k)).flat();
  switch (type) {
    case "list":
      return ["RPUSH", name, ...words((k) => [`${random.text(250)}${k}`])];
    case "set":
      return ["SADD", name, ...words((k) => [`member ${k}`])];
    case "zset":
      return ["ZADD", name, ...words((k) => [random.below(100), `member ${k}`])];
    case "hash":
      return ["HSET", name, ...words((k) => [`field ${k}`, k])];
    case "stream":
      return ["XADD", name, "*", ...words((k) => [`field ${k}`, random.text(250)])];
    case "string":
      return ["SET", name, random.text(100_000)];
  }
}

const command: fc.Arbitrary<Words> = fc.oneof(
  { weight: 40, arbitrary: typed },
  { weight: 2, arbitrary: fc.tuple(typed, key).map(([[, name], other]): Words => ["RENAME", name, other]) },
  {
    weight: 2,
    arbitrary: fc.tuple(typed, key).map(([[, name], other]): Words => ["COPY", name, other, "REPLACE"]),
  },
  { weight: 2, arbitrary: typed.map(([, name]): Words => ["UNLINK", name]) },
  { weight: 8, arbitrary: words("SET", key, value) },
  { weight: 2, arbitrary: words("SET", key, value, "PX", fc.integer({ min: 100_000, max: 200_000 })) },
  { weight: 1, arbitrary: words("SET", key, value, "PX", fc.integer({ min: 1, max: 5 })) },
  { weight: 3, arbitrary: words("APPEND", key, value) },
  { weight: 2, arbitrary: words("SETRANGE", key, fc.integer({ min: 0, max: 5000 }), "patch") },
  { weight: 2, arbitrary: words("INCR", key) },
  { weight: 6, arbitrary: words("HSET", key, field, value) },
  { weight: 3, arbitrary: manyFields },
  { weight: 3, arbitrary: words("HDEL", key, field) },
  { weight: 2, arbitrary: words("HINCRBY", key, field, fc.integer({ min: -5, max: 5 })) },
  { weight: 3, arbitrary: words("DEL", key) },
  { weight: 2, arbitrary: words("UNLINK", key) },
  { weight: 2, arbitrary: words("EXPIRE", key, fc.integer({ min: 100, max: 1000 })) },
  { weight: 1, arbitrary: words("PERSIST", key) },
  { weight: 2, arbitrary: words("RENAME", key, key) },
  { weight: 2, arbitrary: words("COPY", key, key, "DB", database, "REPLACE") },
  { weight: 2, arbitrary: words("MOVE", key, database) },
  { weight: 1, arbitrary: words("SWAPDB", database, database) },
  { weight: 4, arbitrary: words("SELECT", database) },
  { weight: 2, arbitrary: words("GET", key) },
  { weight: 1, arbitrary: words("HGETALL", key) },
);

async function run(client: RespClient, commands: Words[]): Promise<void> {
  for (let at = 0; at < commands.length; at += 10) await client.pipeline(commands.slice(at, at + 10));
  await client.call("SELECT", 0);
}

async function saveEnds(client: RespClient): Promise<string> {
  return await eventually(async () => {
    const text = await client.call("INFO", "persistence") as string;
    if (!text.includes("rdb_bgsave_in_progress:0")) return "";
    return /rdb_last_bgsave_status:(\w+)/.exec(text)![1];
  }, { what: "the end of the save", withinMilliseconds: 30_000 });
}

for (const type of ["thread", "fork"]) {
  Deno.test(`random commands during a ${type} save leave the file as the dataset was at the cut`, async () => {
    await using server = await SporkServer.start({ args: ["--enable-debug-command", "yes"] });
    await using client = await server.connect();
    await client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0);
    let changedMeanwhile = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 50, maxLength: 200, size: "max" }),
        fc.array(command, { minLength: 50, maxLength: 300, size: "max" }),
        fc.integer({ min: 0, max: 500 }),
        async (before, during, delay) => {
          await client.call("FLUSHALL");
          await run(client, before);
          await dropShortLived(client);
          const expected = await fingerprint(client, DATABASES);
          await client.call("CONFIG", "SET", "rdb-key-save-delay", delay);
          await client.call("BGSAVE", type);
          await run(client, during);
          if (await fingerprint(client, DATABASES) !== expected) changedMeanwhile++;
          await client.call("CONFIG", "SET", "rdb-key-save-delay", 0);
          assert.equal(await saveEnds(client), "ok");
          assert.equal(await client.call("DEBUG", "RELOAD", "NOSAVE"), "OK");
          assert.equal(await fingerprint(client, DATABASES), expected);
        },
      ),
      { numRuns: RUNS },
    );
    assert.ok(changedMeanwhile > RUNS / 2);
  });
}

/** What lives for milliseconds only would be in the file or not, and come back from it or not, by chance. */
async function dropShortLived(client: RespClient): Promise<void> {
  const keys = Array.from({ length: KEYS + 1 }, (_, n) => `key:${n}`);
  for (let id = 0; id < DATABASES; id++) {
    await client.call("SELECT", id);
    const left = await client.pipeline(keys.map((name) => ["PTTL", name]));
    const short = keys.filter((_, index) => (left[index] as number) >= 0 && (left[index] as number) < 50_000);
    if (short.length > 0) await client.call("DEL", ...short);
  }
  await client.call("SELECT", 0);
}
