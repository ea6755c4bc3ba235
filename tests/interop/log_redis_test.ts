// Append-only logs between Spork and a real redis-server 7.0, both ways: after random commands of every family, with
// transactions, several databases and rewrites in between, the other server loads the same dataset.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { concatBytes } from "../../core/bytes/concat.ts";
import {
  eventually,
  hasRedisServer,
  RedisServer,
  type RespClient,
  type ServerOptions,
  SporkServer,
} from "../harness/mod.ts";
import { rewriteLog } from "../integration/saves.ts";
import { Random } from "../values/random.ts";
import { SAMPLES } from "../values/samples.ts";
import type { Command } from "./compare_replies.ts";
import { bitmapCommand } from "./random_bitmap_commands.ts";
import { geoCommand } from "./random_geo_commands.ts";
import { hashCommand } from "./random_hash_commands.ts";
import { listCommand } from "./random_list_commands.ts";
import { setCommand } from "./random_set_commands.ts";
import { streamCommands } from "./random_stream_commands.ts";
import { stringCommand } from "./random_string_commands.ts";
import { zsetCommand } from "./random_zset_commands.ts";
import { testSeed } from "../harness/test_seed.ts";

const ignore = !hasRedisServer;
const ROUNDS = 4;
const COMMANDS_PER_ROUND = 300;
const DATABASES = [0, 3, 9];
/** What expires sooner than this might be gone when the other server has loaded it. */
const SOON_MS = 3_600_000;
const LOG = "appendonly.aof";
const SHARED = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--enable-debug-command", "yes"];
const SPORK = [...SHARED, "--rdb-version", "10", "--arena-size", "64mb"];

const one = (arbitrary: fc.Arbitrary<Command>) => arbitrary.map((command) => [command]);
const families = [
  stringCommand,
  bitmapCommand,
  hashCommand,
  listCommand,
  setCommand,
  zsetCommand,
  geoCommand,
].map(one);
const step: fc.Arbitrary<Command[]> = fc.oneof(
  { weight: 30, arbitrary: fc.oneof(...families, streamCommands) },
  { weight: 2, arbitrary: fc.constantFrom(...DATABASES).map((database) => [["SELECT", `${database}`]]) },
  {
    weight: 3,
    arbitrary: fc.array(fc.oneof(...families), { minLength: 1, maxLength: 6 })
      .map((lists) => [["MULTI"], ...lists.flat(), ["EXEC"]]),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Command[]>(
      [["FLUSHDB"]],
      [["SWAPDB", "0", "3"]],
      [["MOVE", "a", "9"]],
      [["COPY", "b", "a", "DB", "3", "REPLACE"]],
      [["PEXPIRE", "a", "1"]],
      [["RENAME", "a", "c"]],
    ),
  },
);

/** One family has keys that another has with another type: these commands fail alike, and free the key for others. */
const CLEARING: Command[] = [["DEL", "a"], ["DEL", "b"], ["DEL", "c"], ["UNLINK", "d"]];

function script(seed: number): Command[][] {
  return fc.sample(fc.array(step, { minLength: COMMANDS_PER_ROUND, maxLength: COMMANDS_PER_ROUND }), {
    numRuns: ROUNDS,
    seed,
  }).map((steps) =>
    steps.flatMap((commands, index) => {
      return index % 20 === 0 ? [...commands, CLEARING[index / 20 % CLEARING.length]] : commands;
    })
  );
}

/** A value of every type and encoding, as one part of the log or the other has it. */
async function addSamples(client: RespClient, prefix: string, seed: number): Promise<void> {
  const random = new Random(seed);
  const commands = SAMPLES.filter(({ isNew }) => !isNew)
    .flatMap((sample) => sample.make(`${prefix} ${sample.name}`, random));
  await client.pipeline(commands.map((words) => words.map((word) => latin1Bytes(`${word}`))));
}

/** Runs the script with a rewrite in the middle; nothing is left that expires soon. */
async function play(client: RespClient, seed: number): Promise<void> {
  for (const [round, commands] of script(seed).entries()) {
    await client.rawPipeline(commands);
    await client.raw("DISCARD");
    await addSamples(client, `round ${round}`, seed + round);
    if (round === ROUNDS / 2 - 1) await rewriteLog(client);
  }
  for (const database of DATABASES) {
    await client.call("SELECT", database);
    for (const key of await client.call("KEYS", "*") as string[]) {
      const left = Number(await client.call("PTTL", key));
      if (left >= 0 && left < SOON_MS) await client.call("PERSIST", key);
    }
    // What has expired is hidden at once, and gone a little later.
    await eventually(async () => {
      const keys = await client.call("KEYS", "*") as string[];
      return await client.call("DBSIZE") === keys.length;
    }, { what: "expired keys to go" });
  }
}

interface Told {
  /** Entries that are pending and deleted: a base of commands has no word for them. */
  deletedPending: boolean;
}

/**
 * Without what is in no log: the shape of the tree, a consumer's times; and without a group's lag, which 7.0 estimates
 * where later versions say that it is not known.
 */
function streamText(reply: unknown, { deletedPending }: Told): string {
  const text = JSON.stringify(reply, (key, value) => {
    const isGroup = !deletedPending && Array.isArray(value) && value.includes("pel-count");
    return isGroup && key !== "" ? value.slice(0, value.indexOf("pel-count")) : value;
  });
  return text.replace(/"radix-tree-(keys|nodes)",\d+,/g, "").replace(/"(seen|active)-time",-?\d+,/g, "")
    .replace(/,"lag",(null|\d+)/g, "");
}

/** The dataset as both servers tell it: digest, sizes, streams with their groups. */
async function fingerprint(client: RespClient, options: Told): Promise<unknown[]> {
  const parts: unknown[] = [await client.call("DEBUG", "DIGEST")];
  for (const database of DATABASES) {
    await client.call("SELECT", database);
    const keys = (await client.call("KEYS", "*") as string[]).sort();
    parts.push(keys);
    for (const key of keys) {
      const value = await client.call("DEBUG", "DIGEST-VALUE", key);
      parts.push([database, key, value, await client.call("PEXPIRETIME", key)]);
      if (await client.call("TYPE", key) !== "stream") continue;
      parts.push(streamText(await client.call("XINFO", "STREAM", key, "FULL", "COUNT", 0), options));
    }
  }
  return parts;
}

type Starter = (options: ServerOptions) => Promise<SporkServer | RedisServer>;
const startSpork: Starter = ({ dir, args = [] }) => SporkServer.start({ dir, args: [...SPORK, ...args] });
const startRedis: Starter = ({ dir, args = [] }) => RedisServer.start({ dir, args: [...SHARED, ...args] });

async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "spork-logs-" });
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Starts the server, has it do something, ends it, and gives what was done back. */
async function during<T>(
  start: Starter,
  options: ServerOptions,
  run: (client: RespClient) => Promise<T>,
): Promise<T> {
  const server = await start(options);
  try {
    await using client = await server.connect({ replyMilliseconds: 30_000 });
    return await run(client);
  } finally {
    await server.stop();
  }
}

async function written(start: Starter, options: ServerOptions, seed: number, told: Told): Promise<unknown[]> {
  return await during(start, options, async (client) => {
    await play(client, seed);
    return await fingerprint(client, told);
  });
}

/** The server loads what is in the directory, and it is as expected. */
async function assertLoads(
  start: Starter,
  dir: string,
  expected: unknown[],
  { seed, told }: { seed: number; told: Told },
): Promise<void> {
  const found = await during(start, { dir }, (client) => fingerprint(client, told));
  assert.deepEqual(found, expected, `seed ${seed}`);
}

/** Makes the log of former times of one that has a base and an increment: one file, beside the directory. */
async function joinFiles(dir: string): Promise<void> {
  const folder = `${dir}/appendonlydir`;
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    !name.endsWith("manifest")
  );
  names.sort(); // base before incr
  const parts = await Promise.all(names.map((name) => Deno.readFile(`${folder}/${name}`)));
  await Deno.writeFile(`${dir}/${LOG}`, concatBytes(parts));
  await Deno.remove(folder, { recursive: true });
}

const WRITERS: Record<string, { args: string[]; isSingle?: boolean }> = {
  "with RDB bases": { args: ["--aof-use-rdb-preamble", "yes"] },
  "with bases of commands": { args: ["--aof-use-rdb-preamble", "no"] },
  "with timestamps": { args: ["--aof-timestamp-enabled", "yes", "--aof-use-rdb-preamble", "no"] },
  "in one file that begins with a dump": { args: ["--aof-use-rdb-preamble", "yes"], isSingle: true },
  "in one file of commands": { args: ["--aof-use-rdb-preamble", "no"], isSingle: true },
};

for (const [name, { args, isSingle = false }] of Object.entries(WRITERS)) {
  Deno.test(
    { name: `Spork loads the log of a redis-server ${name}`, ignore },
    () =>
      inDirectory(async (dir) => {
        const seed = testSeed();
        const told = { deletedPending: !args.includes("no") };
        await during(startRedis, { dir, args }, (client) => play(client, seed));
        // What redis-server itself finds in its log is not always what it had.
        const expected = await during(startRedis, { dir, args }, (client) => fingerprint(client, told));
        if (isSingle) await joinFiles(dir);
        await assertLoads(startSpork, dir, expected, { seed, told });
        // What was taken up is a log of Spork's now.
        await assertLoads(startSpork, dir, expected, { seed, told });
        await assertLoads(startRedis, dir, expected, { seed, told });
      }),
  );
}

for (const strategy of ["aof-offload", "aof-inline"]) {
  for (const preamble of ["yes", "no"]) {
    const name = `a redis-server loads the log of ${strategy}, aof-use-rdb-preamble ${preamble}`;
    Deno.test({ name, ignore }, () =>
      inDirectory(async (dir) => {
        const seed = testSeed();
        const args = ["--aof-strategy", strategy, "--aof-use-rdb-preamble", preamble];
        const told = { deletedPending: preamble === "yes" };
        const expected = await written(startSpork, { dir, args }, seed, told);
        await assertLoads(startSpork, dir, expected, { seed, told });
        await assertLoads(startRedis, dir, expected, { seed, told });
      }));
  }
}

Deno.test(
  { name: "DEBUG LOADAOF gives back what the log has", ignore },
  () =>
    inDirectory(async (dir) => {
      const seed = testSeed();
      await during(startSpork, { dir, args: ["--appendfsync", "always"] }, async (client) => {
        await play(client, seed);
        const told = { deletedPending: true };
        const expected = await fingerprint(client, told);
        assert.equal(await client.call("DEBUG", "LOADAOF"), "OK");
        assert.deepEqual(await fingerprint(client, told), expected, `seed ${seed}`);
        await client.call("SET", "after", "1");
        assert.equal(await client.call("DEBUG", "LOADAOF"), "OK");
        assert.equal(await client.call("GET", "after"), "1");
      });
    }),
);
