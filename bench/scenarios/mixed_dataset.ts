// A dataset of about 1 GB of all types, most of it small values: time of SAVE, and of a start that loads the file.
import type { Argument, RespClient, ServerProcess } from "../../tests/harness/mod.ts";
import { Random } from "../../tests/values/random.ts";
import { alternate, type ContenderKind, contenderKinds } from "../contender.ts";
import { type Measurement, Samples } from "../measurement.ts";
import type { BenchOptions } from "../options.ts";
import type { Scenario } from "../scenario.ts";

/** Groups of 100 keys; a group takes about 36 KB in redis-server. */
const GROUPS = 30_000;
/** A large value of each type comes in every so many groups. */
const GROUPS_PER_LARGE = 250;
const LARGE_ELEMENTS = 10_000;
const ELEMENTS_PER_COMMAND = 500;
const SLOW_MILLISECONDS = 300_000;

type Words = Argument[];

export const mixedDataset: Scenario = {
  ids: ["save/mixed", "load/mixed"],
  async run(options, wanted, log) {
    const samples = new Samples();
    for (let round = 0; round < options.repeats; round++) {
      for (const kind of alternate(contenderKinds(options), round)) {
        const { saveSeconds, loadSeconds, bytes } = await measure(kind, options);
        samples.add(timeKind("save"), kind.name, saveSeconds);
        samples.add(timeKind("load"), kind.name, loadSeconds);
        log(
          `mixed dataset ${kind.name}: file of ${(bytes / 1e6).toFixed(0)} MB, ` +
            `SAVE ${saveSeconds.toFixed(2)} s, load ${loadSeconds.toFixed(2)} s`,
        );
      }
    }
    return samples.finish().filter((measurement) => wanted(measurement.id));
  },
};

async function measure(kind: ContenderKind, options: BenchOptions) {
  const dir = await Deno.makeTempDir({ prefix: "spork-bench-" });
  const servers: ServerProcess[] = [];
  try {
    const first = await kind.start({ dir });
    servers.push(first);
    await using client = await first.connect({ replyMilliseconds: SLOW_MILLISECONDS });
    await fillMixed(client, Math.ceil(GROUPS / options.scale));
    const keys = await client.call("DBSIZE");
    const saveStart = performance.now();
    await client.call("SAVE");
    const saveSeconds = (performance.now() - saveStart) / 1000;
    const bytes = Deno.statSync(`${dir}/dump.rdb`).size;
    await first.kill();

    const loadStart = performance.now();
    const second = await kind.start({ dir, readyMilliseconds: SLOW_MILLISECONDS });
    servers.push(second);
    const loadSeconds = (performance.now() - loadStart) / 1000;
    await using reader = await second.connect();
    const loaded = await reader.call("DBSIZE");
    if (loaded !== keys) throw new Error(`${kind.name} loaded ${loaded} of ${keys} keys`);
    return { saveSeconds, loadSeconds, bytes };
  } finally {
    for (const server of servers) await server.kill();
    await Deno.remove(dir, { recursive: true });
  }
}

/** Fills a server with so many groups, the same for every server. */
export async function fillMixed(client: RespClient, groups: number): Promise<void> {
  const random = new Random(1);
  for (let group = 0; group < groups; group++) {
    const commands = groupCommands(group, random);
    for (const reply of await client.pipeline(commands)) if (reply instanceof Error) throw reply;
  }
}

function groupCommands(group: number, random: Random): Words[] {
  const commands: Words[] = [];
  for (let index = 0; index < 100; index++) commands.push(smallValue(`key:${group}:${index}`, index, random));
  if (group % GROUPS_PER_LARGE === 0) commands.push(...largeValues(group, random));
  return commands;
}

function range(count: number, words: (index: number) => Words): Words {
  return Array.from({ length: count }, (_, index) => words(index)).flat();
}

function smallValue(key: string, index: number, random: Random): Words {
  if (index < 45) return ["SET", key, random.text(20 + random.below(200))];
  if (index < 55) return ["SET", key, random.below(1_000_000)];
  if (index < 70) return ["HSET", key, ...range(10, (k) => [`field:${k}`, random.text(k * 3)])];
  if (index < 80) return ["RPUSH", key, ...range(20, (k) => [k % 3 === 0 ? k : random.text(30)])];
  if (index < 85) return ["SADD", key, ...range(30, () => [random.below(1_000_000)])];
  if (index < 90) return ["SADD", key, ...range(20, (k) => [`${random.text(12)}${k}`])];
  if (index < 98) {
    return ["ZADD", key, ...range(20, (k) => [random.below(100_000) / 8, `${random.text(12)}${k}`])];
  }
  return ["XADD", key, "1-1", ...range(4, (k) => [`field:${k}`, random.text(20)])];
}

function largeValues(group: number, random: Random): Words[] {
  const commands: Words[] = [];
  for (let at = 0; at < LARGE_ELEMENTS; at += ELEMENTS_PER_COMMAND) {
    const each = (words: (index: number) => Words) => range(ELEMENTS_PER_COMMAND, (k) => words(at + k));
    commands.push(
      ["RPUSH", `list:${group}`, ...each(() => [random.text(40)])],
      ["SADD", `set:${group}`, ...each((k) => [`${random.text(20)}${k}`])],
      ["ZADD", `zset:${group}`, ...each((k) => [random.below(1e9) / 7, `${random.text(20)}${k}`])],
      ["HSET", `hash:${group}`, ...each((k) => [`field:${k}`, random.text(30)])],
    );
  }
  for (let entry = 1; entry <= LARGE_ELEMENTS / 10; entry++) {
    commands.push([
      "XADD",
      `stream:${group}`,
      `${entry}-1`,
      "sensor",
      random.below(1000),
      "text",
      random.text(40),
    ]);
  }
  return commands;
}

function timeKind(what: "save" | "load"): Omit<Measurement, "samples" | "measuredAt"> {
  return {
    id: `${what}/mixed`,
    title: what === "save"
      ? "SAVE of 1 GB of all types"
      : "start with a dump of 1 GB of all types to first PONG",
    unit: "s",
    better: "lower",
    // Half the throughput is twice the time.
    targets: { spork: { kind: "ratio", bound: 2.0 } },
  };
}
