// Requests per second of the commands of each value type at pipeline 16, driven by redis-benchmark with its own commands:
// 50 clients, random elements among 1M. Every run begins with an empty server, or with what the command takes away.
import type { ServerProcess } from "../../tests/harness/mod.ts";
import { alternate, contenderKinds, cpuMicros } from "../contender.ts";
import { fill } from "../load/fill.ts";
import { redisBenchmark } from "../load/redis_benchmark.ts";
import { Samples } from "../measurement.ts";
import type { Scenario } from "../scenario.ts";

const ELEMENTS = 1_000_000;
const CLIENTS = 50;
const PIPELINE = 16;
const TRIAL_REQUESTS = 100_000;
/** A list that LRANGE reads the beginning of. */
const LIST_ELEMENTS = 100_000;
const RANDOM = "__rand_int__";

interface Cell {
  name: string;
  words: string[];
  /** Made before each run: as many as there are requests, or so many. */
  before?: { words: string[]; count?: number };
  /** Replies of many elements are slower: the trial takes fewer requests. */
  weight?: number;
}

const CELLS: Cell[] = [
  { name: "LPUSH", words: ["LPUSH", "mylist", "xxx"] },
  { name: "RPUSH", words: ["RPUSH", "mylist", "xxx"] },
  { name: "LPOP", words: ["LPOP", "mylist"], before: { words: ["RPUSH", "mylist", "xxx"] } },
  { name: "SADD", words: ["SADD", "myset", `element:${RANDOM}`] },
  { name: "HSET", words: ["HSET", "myhash", `element:${RANDOM}`, "xxx"] },
  { name: "SPOP", words: ["SPOP", "myset"], before: { words: ["SADD", "myset", "element:#"] } },
  { name: "ZADD", words: ["ZADD", "myzset", RANDOM, `element:${RANDOM}`] },
  { name: "ZPOPMIN", words: ["ZPOPMIN", "myzset"], before: { words: ["ZADD", "myzset", "0", "element:#"] } },
  {
    name: "LRANGE_100",
    words: ["LRANGE", "mylist", "0", "99"],
    before: { words: ["RPUSH", "mylist", "xxx"], count: LIST_ELEMENTS },
    weight: 10,
  },
  {
    name: "LRANGE_600",
    words: ["LRANGE", "mylist", "0", "599"],
    before: { words: ["RPUSH", "mylist", "xxx"], count: LIST_ELEMENTS },
    weight: 50,
  },
  { name: "XADD", words: ["XADD", "mystream", "*", "field", "xxx"] },
];

/** Of all but XADD together. */
const GEOMETRIC_MEAN_MIN = 1.3;
const RATIO_MIN = 1.0;

export const types: Scenario = {
  ids: CELLS.map(idOf),
  async run(options, wanted, log) {
    const samples = new Samples();
    const contenders: { name: string; server: ServerProcess }[] = [];
    try {
      for (const kind of contenderKinds(options)) {
        contenders.push({ name: kind.name, server: await kind.start() });
      }
      for (const cell of CELLS.filter((each) => wanted(idOf(each)))) {
        let slowest = Infinity;
        for (const { server } of contenders) {
          const trial = Math.ceil(TRIAL_REQUESTS / (cell.weight ?? 1));
          slowest = Math.min(slowest, (await measure(server, cell, trial, options.scale)).rate);
        }
        const requests = Math.ceil(slowest * options.seconds / 1000) * 1000;
        for (let round = 0; round < options.repeats; round++) {
          for (const { name, server } of alternate(contenders, round)) {
            const { rate, cpu } = await measure(server, cell, requests, options.scale);
            samples.add(
              {
                id: idOf(cell),
                title: `${cell.name}, pipeline ${PIPELINE}`,
                unit: "requests/s",
                better: "higher",
                targets: { spork: { kind: "ratio", bound: RATIO_MIN } },
                ...(cell.name === "XADD" ? {} : { meanTarget: GEOMETRIC_MEAN_MIN }),
              },
              name,
              rate,
            );
            samples.add(
              {
                id: idOf(cell).replace("types/", "cpu/"),
                title: `${cell.name}, pipeline ${PIPELINE}`,
                unit: "us of server CPU/request",
                better: "lower",
              },
              name,
              cpu,
            );
            log(`${idOf(cell)} ${name}: ${Math.round(rate)} requests/s, ${cpu.toFixed(2)} us CPU`);
          }
        }
      }
    } finally {
      for (const { server } of contenders) await server.kill().then(() => server.removeDirectory());
    }
    return samples.finish();
  },
};

function idOf(cell: Cell): string {
  return `types/${cell.name.toLowerCase()}/P${PIPELINE}`;
}

async function measure(server: ServerProcess, cell: Cell, requests: number, scale: number) {
  {
    await using client = await server.connect();
    await client.call("FLUSHALL", "SYNC");
  }
  if (cell.before !== undefined) {
    await fill(server.port, { words: cell.before.words, valueBytes: 0 }, cell.before.count ?? requests);
  }
  const cpuBefore = cpuMicros(server);
  const rate = await redisBenchmark({
    port: server.port,
    words: cell.words,
    requests,
    clients: CLIENTS,
    pipeline: PIPELINE,
    keys: Math.ceil(ELEMENTS / scale),
  });
  return { rate, cpu: (cpuMicros(server) - cpuBefore) / requests };
}
