// What clients feel of a background save: 5M keys, 20k writes a second, a client that probes every millisecond, while
// redis-server forks and while Spork saves with each strategy. Also how long the save takes and what it costs in memory.
import { eventually, parseInfo, type RespClient, type ServerProcess } from "../../tests/harness/mod.ts";
import { alternate, contenderKinds, residentBytes } from "../contender.ts";
import { BackgroundLoad, probesBetween } from "../load/background_load.ts";
import { fill } from "../load/fill.ts";
import { Samples, type Target } from "../measurement.ts";
import { largest, quantile } from "../statistics.ts";
import type { Scenario } from "../scenario.ts";

const KEYS = 5_000_000;
const VALUE_BYTES = 64;
const WRITES_PER_SECOND = 20_000;
const QUIET_MILLISECONDS = 2_000;
const SAVE_MILLISECONDS_MAX = 120_000;
const RSS_MILLISECONDS = 10;

interface Variant {
  /** Column of the table. */
  name: string;
  server: ServerProcess;
  command: string[];
  datasetBytes: number;
  hasTicker: boolean;
}

interface SaveResult {
  quietP999: number;
  quietMax: number;
  probeP999: number;
  probeMax: number;
  tickerMax: number | undefined;
  seconds: number;
  extraBytes: number;
  writesPerSecond: number;
}

export const stall: Scenario = {
  ids: ["stall/"],
  async run(options, _wanted, log) {
    const samples = new Samples();
    const keys = Math.ceil(KEYS / options.scale);
    const servers: ServerProcess[] = [];
    try {
      const variants: Variant[] = [];
      for (const kind of contenderKinds(options)) {
        const server = await kind.start();
        servers.push(server);
        const emptyBytes = residentBytes(server);
        await fill(server.port, { words: ["SET", "key:#", "<value>"], valueBytes: VALUE_BYTES }, keys);
        const datasetBytes = residentBytes(server) - emptyBytes;
        const hasTicker = kind.name === "spork";
        const commands = hasTicker ? [["BGSAVE", "FORK"], ["BGSAVE", "THREAD"]] : [["BGSAVE"]];
        for (const command of commands) {
          const name = hasTicker ? `${kind.name} ${command.join(" ")}` : kind.name;
          variants.push({ name, server, command, datasetBytes, hasTicker });
        }
      }
      for (let round = 0; round < options.repeats; round++) {
        for (const variant of alternate(variants, round)) {
          const result = await measure(variant, keys);
          record(samples, variant, result);
          log(
            `stall ${variant.name}: probe p99.9 ${result.probeP999.toFixed(1)} ms, max ${
              result.probeMax.toFixed(1)
            } ms` +
              ` (quiet ${result.quietP999.toFixed(1)}, ${result.quietMax.toFixed(1)}), ticker ${
                result.tickerMax?.toFixed(1) ?? "-"
              } ms, save ${result.seconds.toFixed(1)} s, extra ${
                (result.extraBytes / 2 ** 20).toFixed(0)
              } MiB, ` +
              `${Math.round(result.writesPerSecond)} writes/s`,
          );
        }
      }
    } finally {
      for (const server of servers) await server.kill().then(() => server.removeDirectory());
    }
    return samples.finish();
  },
};

async function measure(variant: Variant, keys: number): Promise<SaveResult> {
  const { server, command, hasTicker } = variant;
  await using client = await server.connect();
  const load = new BackgroundLoad({
    port: server.port,
    keys,
    valueBytes: VALUE_BYTES,
    writesPerSecond: WRITES_PER_SECOND,
  });
  const quietFrom = epochNow();
  await sleep(QUIET_MILLISECONDS);
  if (hasTicker) {
    await client.call("CONFIG", "SET", "latency-monitor-threshold", "1");
    await client.call("CONFIG", "RESETSTAT");
  }
  const before = residentBytes(server);
  let peak = before;
  const sampling = setInterval(() => peak = Math.max(peak, residentBytes(server)), RSS_MILLISECONDS);
  const saveFrom = epochNow();
  let persistence: Record<string, string>;
  let seconds: number;
  try {
    await client.call(...command);
    persistence = await untilSaved(client);
    seconds = (epochNow() - saveFrom) / 1000;
  } finally {
    clearInterval(sampling);
  }
  const saveTo = epochNow();
  const tickerMax = hasTicker ? Number((await info(client, "stats")).eventloop_stall_max_ms) : undefined;
  if (hasTicker) await client.call("CONFIG", "SET", "latency-monitor-threshold", "0");
  const { probes, writesPerSecond } = await load.stop();
  const quiet = probesBetween(probes, quietFrom + QUIET_MILLISECONDS / 4, saveFrom);
  const during = probesBetween(probes, saveFrom, saveTo);
  return {
    quietP999: quantile(quiet, 0.999),
    quietMax: largest(quiet),
    probeP999: quantile(during, 0.999),
    probeMax: largest(during),
    tickerMax,
    seconds,
    // A forked child's copied pages are not in the parent's RSS; redis-server reports them itself.
    extraBytes: hasTicker ? peak - before : peak - before + Number(persistence.rdb_last_cow_size),
    writesPerSecond,
  };
}

/** Waits for the end of the save; its INFO persistence fields. Throws when it failed. */
async function untilSaved(client: RespClient): Promise<Record<string, string>> {
  const fields = await eventually(async () => {
    const now = await info(client, "persistence");
    return now.rdb_bgsave_in_progress === "0" && now;
  }, { what: "the end of the save", withinMilliseconds: SAVE_MILLISECONDS_MAX, everyMilliseconds: 100 });
  if (fields.rdb_last_bgsave_status !== "ok") throw new Error("the background save failed");
  return fields;
}

function record(samples: Samples, variant: Variant, result: SaveResult): void {
  const add = (id: string, title: string, unit: string, sample: number, targets?: Record<string, Target>) =>
    samples.add(
      { id: `stall/${id}`, title, unit, better: "lower", ...(targets && { targets }) },
      variant.name,
      sample,
    );
  const absolute = (fork: number | undefined, thread: number) => ({
    ...(fork !== undefined && { "spork BGSAVE FORK": { kind: "absolute" as const, bound: fork } }),
    "spork BGSAVE THREAD": { kind: "absolute" as const, bound: thread },
  });
  if (result.tickerMax !== undefined) {
    add(
      "ticker_max",
      "longest gap of the server's 1 ms ticker during the save",
      "ms",
      result.tickerMax,
      absolute(20, 10),
    );
  }
  add("probe_max", "slowest answer to the probing client during the save", "ms", result.probeMax);
  add("probe_p999", "p99.9 of the probing client during the save", "ms", result.probeP999);
  add("quiet_max", "slowest answer to the probing client without a save", "ms", result.quietMax);
  add("quiet_p999", "p99.9 of the probing client without a save", "ms", result.quietP999);
  add("save_seconds", "background save under 20k writes/s", "s", result.seconds);
  const percent = result.extraBytes / variant.datasetBytes * 100;
  add("extra_memory", "extra memory during the save, of the dataset", "%", percent, absolute(undefined, 5));
}

async function info(client: RespClient, section: string): Promise<Record<string, string>> {
  return parseInfo(await client.call("INFO", section) as string);
}

function epochNow(): number {
  return performance.timeOrigin + performance.now();
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
