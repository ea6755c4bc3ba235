// Memory of collections as the servers tell it (used_memory): 1M hashes of ten fields, and one list, set and sorted set of 1M.
import type { ServerProcess } from "../../tests/harness/mod.ts";
import { alternate, contenderKinds } from "../contender.ts";
import { fill } from "../load/fill.ts";
import { Samples } from "../measurement.ts";
import type { Scenario } from "../scenario.ts";

const COUNT = 1_000_000;
const RATIO_MAX = 1.1;
const FIELDS = Array.from({ length: 10 }, (_, number) => [`field${number}`, `value${number}`]).flat();

interface Cell {
  id: string;
  title: string;
  words: string[];
}

const CELLS: Cell[] = [
  { id: "memory/hashes", title: "1M hashes of 10 fields", words: ["HSET", "key:#", ...FIELDS] },
  { id: "memory/list", title: "a list of 1M elements", words: ["RPUSH", "mylist", "element:#"] },
  { id: "memory/set", title: "a set of 1M members", words: ["SADD", "myset", "element:#"] },
  { id: "memory/zset", title: "a sorted set of 1M members", words: ["ZADD", "myzset", "1", "element:#"] },
];

export const memoryTypes: Scenario = {
  ids: CELLS.map(({ id }) => id),
  async run(options, wanted, log) {
    const samples = new Samples();
    const count = Math.ceil(COUNT / options.scale);
    for (const cell of CELLS.filter(({ id }) => wanted(id))) {
      for (let round = 0; round < options.repeats; round++) {
        for (const kind of alternate(contenderKinds(options), round)) {
          const server = await kind.start();
          try {
            const before = await usedMemory(server);
            await fill(server.port, { words: cell.words, valueBytes: 0 }, count);
            const bytes = (await usedMemory(server) - before) / count;
            samples.add(
              {
                id: cell.id,
                title: `memory per element, ${cell.title} (growth of used_memory)`,
                unit: "bytes",
                better: "lower",
                targets: { spork: { kind: "ratio", bound: RATIO_MAX } },
              },
              kind.name,
              bytes,
            );
            log(`${cell.id} ${kind.name}: ${bytes.toFixed(1)} bytes`);
          } finally {
            await server.kill();
            await server.removeDirectory();
          }
        }
      }
    }
    return samples.finish();
  },
};

async function usedMemory(server: ServerProcess): Promise<number> {
  await using client = await server.connect();
  const info = `${await client.call("INFO", "memory")}`;
  return Number(/^used_memory:(\d+)/m.exec(info)![1]);
}
