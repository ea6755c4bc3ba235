// Requests per second and server CPU per request, driven by redis-benchmark: 50 clients, 1M random keys that all exist.
// Both servers stay up; the runs alternate.
import type { ServerProcess } from "../../tests/harness/mod.ts";
import { alternate, contenderKinds, cpuMicros } from "../contender.ts";
import { fill } from "../load/fill.ts";
import { type Load, redisBenchmark } from "../load/redis_benchmark.ts";
import { type Measurement, Samples, type Target } from "../measurement.ts";
import type { Scenario } from "../scenario.ts";

const KEYS = 1_000_000;
const CLIENTS = 50;
const KEYS_PER_MSET = 10;

interface Cell {
  id: string;
  test: string;
  valueBytes: number;
  pipeline: number;
}

export const throughput: Scenario = {
  ids: cells().map((cell) => cell.id),
  async run(options, wanted, log) {
    const samples = new Samples();
    const keys = Math.ceil(KEYS / options.scale);
    for (const valueBytes of [64, 1024]) {
      const selected = cells().filter((cell) => cell.valueBytes === valueBytes && wanted(cell.id));
      if (selected.length === 0) continue;
      const contenders = [];
      try {
        for (const kind of contenderKinds(options)) {
          contenders.push({ name: kind.name, server: await kind.start() });
        }
        for (const { server } of contenders) await fillFor(server, selected, valueBytes, keys);
        for (const cell of selected) {
          const load = { ...cell, clients: CLIENTS, keys };
          const requests = await requestsFor(load, contenders.map(({ server }) => server), options.seconds);
          for (let round = 0; round < options.repeats; round++) {
            for (const { name, server } of alternate(contenders, round)) {
              const cpuBefore = cpuMicros(server);
              const rate = await redisBenchmark({ ...load, port: server.port, requests });
              const cpu = (cpuMicros(server) - cpuBefore) / requests;
              samples.add(rateKind(cell), name, rate);
              samples.add(cpuKind(cell), name, cpu);
              log(`${cell.id} ${name}: ${Math.round(rate)} requests/s, ${cpu.toFixed(2)} us CPU`);
            }
          }
        }
      } finally {
        for (const { server } of contenders) await server.kill().then(() => server.removeDirectory());
      }
    }
    return samples.finish();
  },
};

function cells(): Cell[] {
  const found: Cell[] = [];
  for (const valueBytes of [64, 1024]) {
    for (const test of ["set", "get", "incr", "mset", "hset"]) {
      if (test === "incr" && valueBytes !== 64) continue; // counters have no value size
      for (const pipeline of [1, 32]) {
        found.push({
          id: `throughput/${test}/${sizeName(valueBytes)}/P${pipeline}`,
          test,
          valueBytes,
          pipeline,
        });
      }
    }
  }
  return found;
}

/** All keys exist before the first run: overwrites and hits, no growth in between. */
async function fillFor(
  server: ServerProcess,
  selected: Cell[],
  valueBytes: number,
  keys: number,
): Promise<void> {
  const uses = (test: string) => selected.some((cell) => cell.test === test);
  await fill(server.port, { words: ["SET", "key:#", "<value>"], valueBytes }, keys);
  if (uses("incr")) await fill(server.port, { words: ["INCR", "counter:#"], valueBytes: 0 }, keys);
  if (uses("hset")) {
    await fill(server.port, { words: ["HSET", "myhash", "element:#", "<value>"], valueBytes }, keys);
  }
}

/** How many requests make the slower contender busy for `seconds`; the trial run warms both up. */
async function requestsFor(load: Omit<Load, "port" | "requests">, servers: ServerProcess[], seconds: number) {
  const trial = (load.pipeline > 1 ? 300_000 : 40_000) / (load.test === "mset" ? KEYS_PER_MSET / 2 : 1);
  let slowest = Infinity;
  for (const { port } of servers) {
    slowest = Math.min(slowest, await redisBenchmark({ ...load, port, requests: trial }));
  }
  return Math.ceil(slowest * seconds / 1000) * 1000;
}

function rateKind(cell: Cell): Omit<Measurement, "samples" | "measuredAt"> {
  const target = throughputTarget(cell);
  return {
    id: cell.id,
    title: title(cell),
    unit: "requests/s",
    better: "higher",
    ...(target && { targets: { spork: target } }),
  };
}

function cpuKind(cell: Cell): Omit<Measurement, "samples" | "measuredAt"> {
  return {
    id: cell.id.replace("throughput/", "cpu/"),
    title: title(cell),
    unit: "us of server CPU/request",
    better: "lower",
  };
}

function throughputTarget(cell: Cell): Target | undefined {
  if (cell.test === "hset") return cell.pipeline === 32 ? { kind: "ratio", bound: 1.2 } : undefined;
  if (cell.test !== "set" && cell.test !== "get") return undefined;
  return { kind: "ratio", bound: cell.pipeline === 32 ? 1.3 : 0.9 };
}

function title(cell: Cell): string {
  const what = cell.test === "mset" ? `MSET of ${KEYS_PER_MSET}` : cell.test.toUpperCase();
  const size = cell.test === "incr" ? "" : `, ${sizeName(cell.valueBytes)}`;
  return `${what}${size}, pipeline ${cell.pipeline}`;
}

function sizeName(bytes: number): string {
  return bytes < 1024 ? `${bytes}B` : `${bytes / 1024}KiB`;
}
