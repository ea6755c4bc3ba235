// Stored results: bench/results/latest.json, one file with everything that the report needs. A partial run replaces only
// the measurements it made.
import { REFERENCE } from "./measurement.ts";
import type { Measurement } from "./measurement.ts";
import type { BenchOptions } from "./options.ts";

export const RESULTS_FILE = new URL("./results/latest.json", import.meta.url);

export interface Results {
  machine: { cpu: string; cores: number; memoryGiB: number; kernel: string };
  versions: Record<string, string>;
  /** Numbers of keys were divided by this. */
  scale: number;
  secondsPerThroughputRun: number;
  measurements: Measurement[];
}

export function describeRun(options: BenchOptions, measurements: Measurement[]): Results {
  return {
    machine: {
      cpu: /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown",
      cores: navigator.hardwareConcurrency,
      memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
      kernel: Deno.osRelease(),
    },
    versions: { deno: Deno.version.deno, [REFERENCE]: redisVersion() },
    scale: options.scale,
    secondsPerThroughputRun: options.seconds,
    measurements,
  };
}

/** The new results, with the stored measurements that they do not replace, in the stored order. */
export function merge(stored: Results | undefined, fresh: Results): Results {
  const byId = new Map(stored?.measurements.map((measurement) => [measurement.id, measurement]));
  for (const measurement of fresh.measurements) byId.set(measurement.id, measurement);
  return { ...fresh, measurements: [...byId.values()] };
}

export function readResults(): Results | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(RESULTS_FILE));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

export function writeResults(results: Results): void {
  const rounded = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  Deno.mkdirSync(new URL(".", RESULTS_FILE), { recursive: true });
  Deno.writeTextFileSync(RESULTS_FILE, JSON.stringify(results, rounded, 1) + "\n");
}

function redisVersion(): string {
  const { stdout } = new Deno.Command("redis-server", { args: ["--version"] }).outputSync();
  return /v=(\S+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "unknown";
}
