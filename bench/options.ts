// Command line of `deno task bench`.
import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Parts of measurement ids; empty = everything. */
  only: string[];
  repeats: number;
  /** What stands beside redis-server: Spork, or a second redis-server to see the noise of the machine. */
  candidate: "spork" | "redis-server";
  /** Length of one throughput run. */
  seconds: number;
  /** Divides every number of keys, for a quick look. */
  scale: number;
  /** Whether results go into bench/results and docs; a partial run only prints unless it says `--save`. */
  save: boolean;
  help: boolean;
}

export const USAGE = `deno task bench [options]
  --only PART[,PART]    run only measurements whose id contains a PART: set, get, incr, mset, hset, throughput, types,
                        range, P32, 64B, memory, save, load, start, stall, durability ...
  --repeats N           alternating repeats (default 5)
  --seconds S           length of one throughput run (default 2.5)
  --scale N             divide the numbers of keys by N for a quick look (default 1)
  --candidate NAME      spork (default) or redis-server, to see how much two equal servers differ
  --save                store the results of a partial run too (a full run always stores)
SPORK_EXECUTABLE=dist/spork measures that executable instead of the source.`;

export function parseOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args: args[0] === "--" ? args.slice(1) : args,
    options: {
      only: { type: "string", default: "" },
      repeats: { type: "string", default: "5" },
      seconds: { type: "string", default: "2.5" },
      scale: { type: "string", default: "1" },
      candidate: { type: "string", default: "spork" },
      save: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const only = values.only.split(",").map((part) => part.trim()).filter(Boolean);
  if (values.candidate !== "spork" && values.candidate !== "redis-server") {
    throw new Error(`--candidate is spork or redis-server, not ${values.candidate}`);
  }
  const scale = positive("--scale", values.scale);
  const isReal = scale === 1 && values.candidate === "spork";
  if (values.save && !isReal) {
    throw new Error("--save stores full sizes of Spork only: not with --scale or --candidate");
  }
  return {
    only,
    repeats: Math.ceil(positive("--repeats", values.repeats)),
    candidate: values.candidate,
    seconds: positive("--seconds", values.seconds),
    scale,
    save: values.save || (only.length === 0 && isReal),
    help: values.help,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} takes a number above 0, not ${text}`);
  return value;
}
