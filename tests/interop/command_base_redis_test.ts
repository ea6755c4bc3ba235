// Bases of a log without RDB preamble beside those of redis-server: the same commands for values of every type and
// encoding, and redis-server loads Spork's.
import assert from "node:assert/strict";
import { latin1Bytes, latin1Text } from "../../core/bytes/ascii.ts";
import { hasRedisServer, RedisServer, type RespClient, SporkServer } from "../harness/mod.ts";
import { rewriteLog } from "../integration/saves.ts";
import { inOrder } from "../values/entry_texts.ts";
import { Random } from "../values/random.ts";
import { SAMPLES, type Word } from "../values/samples.ts";
import { parseCommands } from "./fed_server.ts";
import { testSeed } from "../harness/test_seed.ts";

const ignore = !hasRedisServer;
const FAR_FUTURE_MS = 4_102_444_800_000;
const DATABASES = [0, 5];
const ARGS = [
  ["--enable-debug-command", "yes"],
  ["--appendonly", "yes"],
  ["--appendfsync", "no"],
  ["--aof-use-rdb-preamble", "no"],
  ["--aof-timestamp-enabled", "yes"],
].flat();
/** Limits that make both choose other encodings and nodes. */
const LIMITS: [string, string][][] = [
  [["hash-max-listpack-entries", "128"], ["list-max-listpack-size", "-2"], [
    "stream-node-max-entries",
    "100",
  ]],
  [["list-max-listpack-size", "5"], ["list-compress-depth", "1"], ["stream-node-max-entries", "7"]],
  [["hash-max-listpack-entries", "0"], ["zset-max-listpack-entries", "0"], ["set-max-intset-entries", "0"]],
];

async function fill(clients: RespClient[], seed: number): Promise<void> {
  const random = new Random(seed);
  const both = async (words: Word[]) => {
    const encoded = words.map((word) => latin1Bytes(`${word}`));
    for (const client of clients) {
      const reply = await client.call(...encoded);
      assert.ok(!(reply instanceof Error), `${words.join(" ").slice(0, 100)}: ${reply}`);
    }
  };
  for (const [at, database] of DATABASES.entries()) {
    await both(["SELECT", database]);
    for (const [round, limits] of LIMITS.entries()) {
      for (const [name, value] of limits) await both(["CONFIG", "SET", name, value]);
      for (const sample of SAMPLES) {
        if (sample.isNew) continue;
        const key = `${sample.name}/${round}`;
        for (const words of sample.make(key, random, 1 + at)) await both(words);
        if (random.oneIn(3)) await both(["PEXPIREAT", key, FAR_FUTURE_MS + round]);
      }
    }
  }
}

/** The commands of the base in force by database and key, whatever the order of keys. */
function baseOf(dir: string): Map<string, string[][]> {
  const manifest = Deno.readTextFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`);
  const [, name] = /^file (\S+) seq \d+ type b$/m.exec(manifest)!;
  assert.match(name, /\.base\.aof$/);
  const bytes = Deno.readFileSync(`${dir}/appendonlydir/${name}`);
  const text = latin1Text(bytes, 0, bytes.length);
  const [annotation] = /^#TS:\d{10}\r\n/.exec(text)!;
  const keys = new Map<string, string[][]>();
  let database = "none";
  for (const words of parseCommands(text.slice(annotation.length))) {
    if (words[0] === "SELECT") {
      database = words[1];
      continue;
    }
    // The clocks were not read at the same time.
    if (words[0] === "XCLAIM") words[words.indexOf("TIME") + 1] = "then";
    const key = `${database} ${words[0] === "XGROUP" ? words[2] : words[1]}`;
    keys.set(key, [...keys.get(key) ?? [], words]);
  }
  return new Map([...keys].map(([key, commands]) => [key, inOrder(commands)]));
}

for (const strategy of ["threadsave", "fork-emulated"]) {
  Deno.test(
    { name: `${strategy}: a base of commands is what redis-server writes, and it loads it`, ignore },
    async () => {
      const seed = testSeed();
      const dir = await Deno.makeTempDir({ prefix: "spork-base-" });
      try {
        await using redis = await RedisServer.start({ args: ARGS });
        await using redisClient = await redis.connect();
        const spork = await SporkServer.start({ dir, args: [...ARGS, "--snapshot-strategy", strategy] });
        const sporkClient = await spork.connect();
        await fill([sporkClient, redisClient], seed);
        await rewriteLog(sporkClient);
        await rewriteLog(redisClient);
        const digest = await redisClient.call("DEBUG", "DIGEST");
        assert.equal(await sporkClient.call("DEBUG", "DIGEST"), digest, `seed ${seed}`);
        assert.equal(await sporkClient.call("DEBUG", "LOADAOF"), "OK");
        assert.equal(await sporkClient.call("DEBUG", "DIGEST"), digest, `seed ${seed}`);
        sporkClient.close();
        await spork.kill();

        const found = baseOf(dir);
        const expected = baseOf(redis.dir);
        assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
        for (const [key, commands] of expected) {
          assert.deepEqual(found.get(key), commands, `${key}, seed ${seed}`);
        }

        await using loaded = await RedisServer.start({ dir, args: ARGS });
        await using loadedClient = await loaded.connect();
        assert.equal(await loadedClient.call("DEBUG", "DIGEST"), digest, `seed ${seed}`);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  );
}
