// Runs Debian's redis-benchmark as the load generator and reads what it says.

export interface Load {
  port: number;
  /** A built-in test: set, get, incr, mset, hset. */
  test?: string;
  /** A command instead: `__rand_int__` in it is a random number of twelve digits below `keys`. */
  words?: string[];
  requests: number;
  clients: number;
  pipeline: number;
  valueBytes?: number;
  /** Random keys are taken from this many. */
  keys: number;
}

/** What one run came to. */
export interface LoadReport {
  /** Requests per second. */
  rate: number;
  /** Milliseconds: 99 of 100 answers took no longer. */
  p99: number;
}

/** Requests per second. */
export async function redisBenchmark(load: Load): Promise<number> {
  return (await redisBenchmarkReport(load)).rate;
}

export async function redisBenchmarkReport(load: Load): Promise<LoadReport> {
  const args = Object.entries({
    p: load.port,
    t: load.test,
    n: load.requests,
    c: load.clients,
    P: load.pipeline,
    d: load.valueBytes,
    r: load.keys,
  }).filter(([, value]) => value !== undefined).flatMap(([letter, value]) => [`-${letter}`, `${value}`]);
  args.push("--csv", ...(load.words ?? []));
  const { code, stdout, stderr } = await new Deno.Command("redis-benchmark", { args }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`redis-benchmark ${args.join(" ")} failed: ${decoder.decode(stderr)}`);
  return parseCsv(decoder.decode(stdout));
}

/** Two columns of the one test in redis-benchmark's `--csv` output. */
export function parseCsv(text: string): LoadReport {
  const [header, row] = text.trim().split("\n").map((line) => line.replaceAll('"', "").split(","));
  const column = (name: string) => Number(row?.[header.indexOf(name)]);
  const [rate, p99] = [column("rps"), column("p99_latency_ms")];
  if (!(rate > 0 && p99 > 0)) throw new Error(`redis-benchmark printed no result: ${text}`);
  return { rate, p99 };
}
