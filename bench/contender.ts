// One server under measurement, Spork or redis-server, with what the kernel says about its process. Scenarios start
// contenders; the order of alternating runs is made here too.
import { RedisServer, type ServerOptions, type ServerProcess, SporkServer } from "../tests/harness/mod.ts";
import type { BenchOptions } from "./options.ts";
import { REFERENCE } from "./measurement.ts";

/** The kernel counts CPU time in ticks of 10 ms on every Linux that Deno and Debian's redis-server run on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const READY_MILLISECONDS_MAX = 180_000;

export interface ContenderKind {
  name: string;
  start(options?: ServerOptions): Promise<ServerProcess>;
}

/** redis-server and the candidate. */
export function contenderKinds(options: BenchOptions): ContenderKind[] {
  const settings = (more: ServerOptions = {}) => ({ readyMilliseconds: READY_MILLISECONDS_MAX, ...more });
  const redis: ContenderKind = { name: REFERENCE, start: (more) => RedisServer.start(settings(more)) };
  const candidate: ContenderKind = options.candidate === "spork"
    ? { name: "spork", start: (more) => SporkServer.start(settings(more)) }
    : { name: "redis-server (second)", start: redis.start };
  return [redis, candidate];
}

/** The items in this order for even rounds and in reverse for odd ones, so that drift of the machine evens out. */
export function alternate<T>(items: T[], round: number): T[] {
  return round % 2 === 0 ? items : items.toReversed();
}

/** User and system CPU time of the process with all its threads, in microseconds. */
export function cpuMicros(server: ServerProcess): number {
  const stat = Deno.readTextFileSync(`/proc/${server.pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * (1e6 / TICKS_PER_SECOND);
}

/** Resident memory in bytes. */
export function residentBytes(server: ServerProcess): number {
  return Number(Deno.readTextFileSync(`/proc/${server.pid}/statm`).split(" ")[1]) * PAGE_BYTES;
}
