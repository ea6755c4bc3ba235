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

/** Requests per second. */
export async function redisBenchmark(load: Load): Promise<number> {
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

/** The rps column of the one test in redis-benchmark's `--csv` output. */
export function parseCsv(text: string): number {
  const [header, row] = text.trim().split("\n").map((line) => line.split('","'));
  const column = header?.indexOf("rps") ?? -1;
  const value = Number(row?.[column]);
  if (!(value > 0)) throw new Error(`redis-benchmark printed no result: ${text}`);
  return value;
}
