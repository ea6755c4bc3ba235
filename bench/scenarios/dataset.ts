// A dataset of string keys with 64-byte values: memory per key, time of SAVE, time of a start that loads the file.
import type { ServerProcess } from "../../tests/harness/mod.ts";
import { alternate, type ContenderKind, contenderKinds, residentBytes } from "../contender.ts";
import { fill } from "../load/fill.ts";
import { type Measurement, Samples, type Target } from "../measurement.ts";
import type { BenchOptions } from "../options.ts";
import type { Scenario } from "../scenario.ts";

const SIZES: [name: string, keys: number][] = [["1M", 1_000_000], ["5M", 5_000_000]];
const VALUE_BYTES = 64;
const SAVE_MILLISECONDS_MAX = 300_000;

export const dataset: Scenario = {
  ids: SIZES.flatMap(([name]) => [`memory/${name}`, `save/${name}`, `load/${name}`]),
  async run(options, wanted, log) {
    const samples = new Samples();
    for (const [name, keys] of SIZES) {
      if (!["memory", "save", "load"].some((part) => wanted(`${part}/${name}`))) continue;
      for (let round = 0; round < options.repeats; round++) {
        for (const kind of alternate(contenderKinds(options), round)) {
          const result = await measure(kind, Math.ceil(keys / options.scale), options);
          samples.add(memoryKind(name), kind.name, result.bytesPerKey);
          samples.add(timeKind("save", name), kind.name, result.saveSeconds);
          samples.add(timeKind("load", name), kind.name, result.loadSeconds);
          log(
            `dataset ${name} ${kind.name}: ${result.bytesPerKey.toFixed(1)} B/key, ` +
              `SAVE ${result.saveSeconds.toFixed(2)} s, load ${result.loadSeconds.toFixed(2)} s`,
          );
        }
      }
    }
    return samples.finish().filter((measurement) => wanted(measurement.id));
  },
};

async function measure(kind: ContenderKind, keys: number, options: BenchOptions) {
  const dir = await Deno.makeTempDir({ prefix: "spork-bench-" });
  const servers: ServerProcess[] = [];
  try {
    const first = await kind.start({ dir });
    servers.push(first);
    const emptyBytes = residentBytes(first);
    await fill(first.port, { words: ["SET", "key:#", "<value>"], valueBytes: VALUE_BYTES }, keys);
    const bytesPerKey = (residentBytes(first) - emptyBytes) / keys;

    await using client = await first.connect({ replyMilliseconds: SAVE_MILLISECONDS_MAX });
    const saveStart = performance.now();
    await client.call("SAVE");
    const saveSeconds = (performance.now() - saveStart) / 1000;
    await first.kill();

    const loadStart = performance.now();
    const second = await kind.start({ dir });
    servers.push(second);
    const loadSeconds = (performance.now() - loadStart) / 1000;
    await using reader = await second.connect();
    const loaded = await reader.call("DBSIZE");
    if (loaded !== keys) {
      throw new Error(`${kind.name} loaded ${loaded} of ${keys} keys (scale ${options.scale})`);
    }
    return { bytesPerKey, saveSeconds, loadSeconds };
  } finally {
    for (const server of servers) await server.kill();
    await Deno.remove(dir, { recursive: true });
  }
}

function memoryKind(name: string): Omit<Measurement, "samples" | "measuredAt"> {
  const target: Target | undefined = name === "1M" ? { kind: "ratio", bound: 1.0 } : undefined;
  return {
    id: `memory/${name}`,
    title: `memory per key, ${name} keys of 64 B (growth of RSS from empty)`,
    unit: "bytes",
    better: "lower",
    ...(target && { targets: { spork: target } }),
  };
}

function timeKind(what: "save" | "load", name: string): Omit<Measurement, "samples" | "measuredAt"> {
  return {
    id: `${what}/${name}`,
    title: what === "save" ? `SAVE of ${name} keys` : `start with a dump of ${name} keys to first PONG`,
    unit: "s",
    better: "lower",
    // Half the throughput is twice the time.
    targets: { spork: { kind: "ratio", bound: 2.0 } },
  };
}
