// Speed of RDB encoding and loading beside redis-server's SAVE and start, in the same run: 1M string keys of 64 bytes.
// deno run -P=tools bench/rdb.ts [keys] [rounds]   Prints a table; needs redis-server in PATH for the comparison.
import { latin1Bytes } from "../core/bytes/ascii.ts";
import { ArenaDataset } from "../core/persistence/rdb/arena_dataset.ts";
import { FileByteSource } from "../core/persistence/rdb/byte_source.ts";
import { KeyspaceSink } from "../core/persistence/rdb/keyspace_sink.ts";
import { loadRdb } from "../core/persistence/rdb/load.ts";
import { SaveFile } from "../core/persistence/rdb/save_file.ts";
import { hasRedisServer, RedisServer } from "../tests/harness/mod.ts";
import { LOAD_LIMITS_DEFAULT } from "../core/persistence/rdb/types/load_limits.ts";

const KEYS = Number(Deno.args[0] ?? 1_000_000);
const ROUNDS = Number(Deno.args[1] ?? 5);
const VALUE_BYTES = 64;
const ARENA_BYTES = 1024 * 1024 * 1024;

type Values = "random" | "repeated";

function fill(dataset: ArenaDataset, values: Values): void {
  const database = dataset.keyspace.databases[0];
  const value = latin1Bytes("x".repeat(VALUE_BYTES));
  let state = 1;
  for (let k = 0; k < KEYS; k++) {
    const key = latin1Bytes(`key:${`${k}`.padStart(12, "0")}`);
    if (values === "random") {
      for (let i = 0; i < VALUE_BYTES; i++) value[i] = (state = Math.imul(state, 1103515245) + 12345) >>> 24;
    }
    database.setString(key, 0, key.length, value, 0, value.length, -1);
  }
}

function save(dataset: ArenaDataset, directory: string, compress: boolean): number {
  const start = performance.now();
  const file = new SaveFile({ directory, tempName: "temp-1.rdb", incrementalSync: false });
  dataset.encodeTo(file, { version: 10, compress });
  file.commit("dump.rdb");
  return performance.now() - start;
}

function encodeOnly(dataset: ArenaDataset, compress: boolean): number {
  const start = performance.now();
  dataset.encodeTo({ push: () => {} }, { version: 10, compress });
  return performance.now() - start;
}

function load(path: string): number {
  const dataset = new ArenaDataset(ARENA_BYTES);
  using file = Deno.openSync(path, { read: true });
  const start = performance.now();
  const report = loadRdb(
    new FileByteSource(file),
    new KeyspaceSink(dataset.keyspace, LOAD_LIMITS_DEFAULT, { existing: "refuse" }),
    { databases: 16, checksum: "verify", versionCheck: "strict", unsupported: "refuse" },
  );
  const milliseconds = performance.now() - start;
  if (report.keysLoaded !== KEYS) throw new Error(`${report.keysLoaded} keys were loaded`);
  return milliseconds;
}

/** Milliseconds of a redis-server's SAVE, and of its load as its log tells it. */
async function redis(directory: string, compress: boolean): Promise<{ save: number; load: number }> {
  await using server = await RedisServer.start({
    dir: directory,
    args: ["--rdbcompression", compress ? "yes" : "no", "--rdb-save-incremental-fsync", "no"],
  });
  const line = await server.waitForLog(/DB loaded from disk: ([\d.]+) seconds/);
  await using client = await server.connect();
  const start = performance.now();
  await client.call("SAVE");
  const save = performance.now() - start;
  return { save, load: Number(/([\d.]+) seconds/.exec(line)![1]) * 1000 };
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

const directory = await Deno.makeTempDir();
try {
  for (const values of ["random", "repeated"] as const) {
    for (const compress of [true, false]) {
      const dataset = new ArenaDataset(ARENA_BYTES);
      fill(dataset, values);
      const times = { encode: [], save: [], load: [], redisSave: [], redisLoad: [] } as Record<
        string,
        number[]
      >;
      for (let round = 0; round < ROUNDS; round++) {
        times.encode.push(encodeOnly(dataset, compress));
        times.save.push(save(dataset, directory, compress));
        times.load.push(load(`${directory}/dump.rdb`));
        if (hasRedisServer) {
          const theirs = await redis(directory, compress);
          times.redisSave.push(theirs.save);
          times.redisLoad.push(theirs.load);
        }
      }
      save(dataset, directory, compress);
      const bytes = Deno.statSync(`${directory}/dump.rdb`).size;
      console.log(
        `\n${KEYS} keys, ${VALUE_BYTES} B ${values} values, compression ${compress}, ${
          (bytes / 1e6).toFixed(1)
        } MB`,
      );
      for (const [name, each] of Object.entries(times)) {
        if (each.length === 0) continue;
        const ms = median(each);
        const rate = `${(bytes / 1e3 / ms).toFixed(0)} MB/s, ${(KEYS / ms).toFixed(0)}k keys/s`;
        console.log(`${name.padEnd(10)} ${ms.toFixed(0).padStart(6)} ms   ${rate}`);
      }
      if (hasRedisServer) {
        const save = median(times.redisSave) / median(times.save);
        const load = median(times.redisLoad) / median(times.load);
        console.log(`ratio to redis-server: save ${save.toFixed(2)}x, load ${load.toFixed(2)}x`);
      }
    }
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
