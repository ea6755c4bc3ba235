// The append-only log: readers beside writers that wait for a slow disk, writers alone, what everysec costs, and loading.
// Every contender gets the same disk: the slow ones by the interposed library of the tests.
import type { ServerProcess } from "../../tests/harness/mod.ts";
import { slowDisk } from "../../tests/faults/fault_disk.ts";
import { alternate, type ContenderKind, contenderKinds } from "../contender.ts";
import { fill } from "../load/fill.ts";
import { type Load, type LoadReport, redisBenchmarkReport } from "../load/redis_benchmark.ts";
import { WaitingLoad } from "../load/waiting_load.ts";
import { type Measurement, REFERENCE, Samples, type Target } from "../measurement.ts";
import type { BenchOptions } from "../options.ts";
import type { Scenario } from "../scenario.ts";

const KEYS = 100_000;
const VALUE_BYTES = 64;
const READERS = 50;
const WRITERS = 8;
/** Commands of the log that is loaded: about 130 MB. */
const LOADED_COMMANDS = 1_200_000;

const INLINE = "spork aof-inline";
const LOG_OFF = "spork without a log";

/** Rewrites would begin every few seconds at these rates: they are another cost, and not the one that is asked for. */
const LOG_ON = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--appendfsync"];
const ALWAYS = [...LOG_ON, "always"];
const EVERYSEC = [...LOG_ON, "everysec"];

type Kind = Omit<Measurement, "samples" | "measuredAt">;

export const durability: Scenario = {
  ids: [
    ...["redis", "inline", "off"].flatMap((group) => [2, 10].map((ms) => `durability/${group}/get/${ms}ms`)),
    "durability/redis/get-p99",
    "durability/redis/set/2ms",
    "durability/redis/set/0ms",
    "durability/redis/everysec",
    "durability/off/everysec",
    "durability/redis/load",
  ],
  async run(options, wanted, log) {
    const samples = new Samples();
    const reads = ["redis/get", "inline/get", "off/get"];
    for (const ms of [2, 10]) {
      if (reads.some((part) => wanted(`durability/${part}/${ms}ms`))) {
        await readers(ms, options, samples, log);
      }
    }
    for (const ms of [2, 0]) {
      if (wanted(`durability/redis/set/${ms}ms`)) await writers(ms, options, samples, log);
    }
    if (wanted("durability/off/everysec")) await everysec(options, samples, log);
    if (wanted("durability/redis/load")) await loads(options, samples, log);
    return samples.finish().filter(({ id }) => wanted(id));
  },
};

/** A server with its settings. */
interface Contestant {
  name: string;
  kind: ContenderKind;
  args: string[];
}

interface Running {
  name: string;
  server: ServerProcess;
}

function contestants(options: BenchOptions, args: string[]): Contestant[] {
  return contenderKinds(options).map((kind) => ({ name: kind.name, kind, args }));
}

/** Starts them, all with the same disk, gives them the same keys, and ends them behind `run`. */
async function withServers(
  list: Contestant[],
  syncMs: number,
  run: (servers: Running[]) => Promise<void>,
): Promise<void> {
  const env = syncMs === 0 ? {} : slowDisk({ syncMs });
  const running: Running[] = [];
  try {
    for (const { name, kind, args } of list) running.push({ name, server: await kind.start({ args, env }) });
    for (const { server } of running) {
      await fill(server.port, { words: ["SET", "key:#", "<value>"], valueBytes: VALUE_BYTES }, KEYS);
    }
    await run(running);
  } finally {
    for (const { server } of running) await server.kill().then(() => server.removeDirectory());
  }
}

/** GET by 50 clients beside SET by 8 that wait for the disk. Without a log the writers are held to the same rate. */
async function readers(
  ms: number,
  options: BenchOptions,
  samples: Samples,
  log: (line: string) => void,
): Promise<void> {
  const [redis, spork] = contestants(options, ALWAYS);
  const inline = { ...spork, name: INLINE, args: [...ALWAYS, "--aof-strategy", "aof-inline"] };
  const off = { ...spork, name: LOG_OFF, args: [] };
  const rate = readKind(ms, "requests/s");
  await withServers([redis, inline, spork, off], ms, async (servers) => {
    let writesPerSecond = 1000 * WRITERS / ms;
    for (let round = 0; round < options.repeats; round++) {
      for (const { name, server } of alternate(servers, round)) {
        const { port } = server;
        const perSecond = name === LOG_OFF ? writesPerSecond : undefined;
        const load = new WaitingLoad({
          port,
          clients: WRITERS,
          keys: KEYS,
          valueBytes: VALUE_BYTES,
          perSecond,
        });
        const report = await readFor(port, options.seconds);
        const writes = await load.stop();
        if (name === spork.name) writesPerSecond = writes;
        log(`GET beside SET, ${ms} ms, ${name}: ${report.rate} GET/s, p99 ${report.p99} ms, ${writes} SET/s`);
        if (name === redis.name || name === spork.name) {
          samples.add(rate("redis", REFERENCE, ms === 2 ? 5 : 15), name, report.rate);
          samples.add(p99Kind(ms), name, report.p99);
          samples.add(besideKind(ms), name, writes);
        }
        if (name === INLINE || name === spork.name) {
          samples.add(rate("inline", INLINE, ms === 2 ? 5 : 15), name, report.rate);
        }
        if (name === LOG_OFF || name === spork.name) {
          samples.add(rate("off", LOG_OFF, 0.85), name, report.rate);
        }
      }
    }
  });
}

function readFor(port: number, seconds: number): Promise<LoadReport> {
  return loadFor({ port, test: "get", clients: READERS, pipeline: 1, keys: KEYS, requests: 5_000 }, seconds);
}

/** As many requests as take about so long, found by a run of `trial.requests` before. */
async function loadFor(trial: Load, seconds: number): Promise<LoadReport> {
  const { rate } = await redisBenchmarkReport(trial);
  return await redisBenchmarkReport({ ...trial, requests: Math.ceil(rate * seconds) });
}

async function writers(
  ms: number,
  options: BenchOptions,
  samples: Samples,
  log: (line: string) => void,
): Promise<void> {
  await withServers(contestants(options, ALWAYS), ms, async (servers) => {
    const load = { test: "set", clients: READERS, pipeline: 1, valueBytes: VALUE_BYTES, keys: KEYS };
    for (let round = 0; round < options.repeats; round++) {
      for (const { name, server } of alternate(servers, round)) {
        const { port } = server;
        const { rate, p99 } = await loadFor({ ...load, port, requests: 5_000 }, options.seconds);
        log(`SET, ${ms} ms, ${name}: ${rate} SET/s, p99 ${p99} ms`);
        samples.add(writeKind(ms), name, rate);
      }
    }
  });
}

/** SET at pipeline 16 with a log that is synced every second, and without one; redis-server beside them. */
async function everysec(options: BenchOptions, samples: Samples, log: (line: string) => void): Promise<void> {
  const [redis, spork] = contestants(options, EVERYSEC);
  const redisOff = { ...redis, name: `${REFERENCE} without a log`, args: [] };
  const off = { ...spork, name: LOG_OFF, args: [] };
  await withServers([redis, redisOff, spork, off], 0, async (servers) => {
    const load = { test: "set", clients: READERS, pipeline: 16, valueBytes: VALUE_BYTES, keys: KEYS };
    for (let round = 0; round < options.repeats; round++) {
      for (const { name, server } of alternate(servers, round)) {
        const { port } = server;
        const { rate } = await loadFor({ ...load, port, requests: 200_000 }, options.seconds);
        log(`SET at pipeline 16, ${name}: ${rate} SET/s`);
        if (name === spork.name || name === LOG_OFF) {
          samples.add(everysecKind("off", LOG_OFF, 0.9), name, rate);
        }
        if (name === spork.name || name === redis.name) samples.add(everysecKind("redis"), name, rate);
      }
    }
  });
}

/** Start with a log of commands, to the first PONG. */
async function loads(options: BenchOptions, samples: Samples, log: (line: string) => void): Promise<void> {
  for (let round = 0; round < options.repeats; round++) {
    for (const { name, kind, args } of alternate(contestants(options, EVERYSEC), round)) {
      const dir = await Deno.makeTempDir({ prefix: "spork-bench-" });
      try {
        const seconds = await loadSeconds(kind, args, dir, Math.ceil(LOADED_COMMANDS / options.scale));
        log(`load, ${name}: ${seconds.toFixed(2)} s`);
        samples.add(loadKind(), name, seconds);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    }
  }
}

async function loadSeconds(
  kind: ContenderKind,
  args: string[],
  dir: string,
  commands: number,
): Promise<number> {
  const each = Math.ceil(commands / 3);
  const first = await kind.start({ dir, args });
  const { port } = first;
  try {
    await fill(port, { words: ["SET", "key:#", "<value>"], valueBytes: VALUE_BYTES }, each);
    await fill(port, { words: ["HSET", "hash", "field:#", "<value>"], valueBytes: VALUE_BYTES }, each);
    await fill(port, { words: ["RPUSH", "list", "<value>", "#"], valueBytes: VALUE_BYTES }, each);
    await using client = await first.connect();
    await client.call("SHUTDOWN").catch(() => {});
    await first.exited;
  } finally {
    await first.kill();
  }
  const startedAt = performance.now();
  const second = await kind.start({ dir, args });
  try {
    const seconds = (performance.now() - startedAt) / 1000;
    await using client = await second.connect();
    const loaded = await client.call("DBSIZE");
    if (loaded !== each + 2) throw new Error(`${kind.name} loaded ${loaded} of ${each + 2} keys`);
    return seconds;
  } finally {
    await second.kill();
  }
}

// What is measured.

function readKind(ms: number, unit: string) {
  return (group: string, reference: string, bound: number): Kind => ({
    id: `durability/${group}/get/${ms}ms`,
    title: `GET, ${READERS} clients, beside SET by ${WRITERS}, always, fsync ${ms} ms`,
    unit,
    better: "higher",
    reference,
    targets: { spork: { kind: "ratio", bound } },
  });
}

function p99Kind(ms: number): Kind {
  return {
    id: `durability/redis/get-p99/${ms}ms`,
    title: `the same, p99 of GET, fsync ${ms} ms`,
    unit: "ms",
    better: "lower",
    ...(ms === 2 && { targets: { spork: { kind: "ratio", bound: 0.3 } as Target } }),
  };
}

function besideKind(ms: number): Kind {
  return {
    id: `durability/redis/get-beside/${ms}ms`,
    title: `the same, the SETs beside, fsync ${ms} ms`,
    unit: "requests/s",
    better: "higher",
  };
}

function writeKind(ms: number): Kind {
  return {
    id: `durability/redis/set/${ms}ms`,
    title: `SET, ${READERS} clients, always, ${ms === 0 ? "this disk" : `fsync ${ms} ms`}`,
    unit: "requests/s",
    better: "higher",
    targets: { spork: { kind: "ratio", bound: ms === 0 ? 0.9 : 1 } },
  };
}

function everysecKind(group: "off" | "redis", reference?: string, bound?: number): Kind {
  return {
    id: `durability/${group}/everysec`,
    title: `SET, ${READERS} clients, pipeline 16, everysec`,
    unit: "requests/s",
    better: "higher",
    ...(reference !== undefined && { reference }),
    ...(bound !== undefined && { targets: { spork: { kind: "ratio", bound } as Target } }),
  };
}

function loadKind(): Kind {
  return {
    id: "durability/redis/load",
    title: "start with a log of 1.2M commands (SET, HSET, RPUSH)",
    unit: "s",
    better: "lower",
    // Half the throughput is twice the time.
    targets: { spork: { kind: "ratio", bound: 2 } },
  };
}
