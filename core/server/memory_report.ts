// Memory in numbers, for INFO memory, MEMORY STATS and the maxmemory check.
import { memoryUsage } from "node:process";
import type { ArenaStats } from "../memory/arena.ts";
import type { Server } from "./server.ts";

export interface MemoryReport {
  /** Arena blocks and client buffers: what `maxmemory` limits. The runtime's own heap is told apart. */
  used: number;
  resident: number;
  peak: number;
  /** Seconds since 1970 of the peak. */
  peakSeconds: number;
  /** Of `used`, everything but keys and values: what was there at the start, tables, client buffers. */
  overhead: number;
  startup: number;
  dataset: number;
  clients: number;
  tables: number;
  heapUsed: number;
  heapTotal: number;
  systemTotal: number;
  arena: ArenaStats;
}

export function memoryOf(server: Server): MemoryReport {
  const arena = server.keyspace.arena.stats;
  const usage = memoryUsage();
  const clients = server.clients.memoryBytes();
  let tables = 0;
  for (const database of server.keyspace.databases) {
    tables += database.keys.overheadBytes + database.expires.overheadBytes;
  }
  const used = arena.used + clients;
  server.notePeak(used);
  const overhead = Math.min(used, server.startupMemory + tables + clients);
  return {
    used,
    resident: usage.rss,
    peak: server.stats.peakMemory,
    peakSeconds: Math.floor(server.stats.peakMemoryAt / 1000),
    overhead,
    startup: server.startupMemory,
    dataset: used - overhead,
    clients,
    tables,
    heapUsed: usage.heapUsed,
    heapTotal: usage.heapTotal,
    systemTotal: Deno.systemMemoryInfo().total,
    arena,
  };
}
