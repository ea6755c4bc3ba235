// Memory in numbers, for INFO memory, MEMORY STATS and the maxmemory check.
import { memoryUsage } from "node:process";
import type { Keyspace } from "../keyspace/keyspace.ts";
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

/** Bytes of all databases' tables, without keys and values. */
export function tableBytes(keyspace: Keyspace): number {
  let bytes = 0;
  for (const database of keyspace.databases) {
    bytes += database.keys.overheadBytes + database.expires.overheadBytes;
    bytes += database.fieldExpires.overheadBytes;
  }
  return bytes;
}

export function memoryOf(server: Server): MemoryReport {
  const arena = server.keyspace.arena.stats;
  const usage = memoryUsage();
  const clients = server.clients.memoryBytes();
  const tables = tableBytes(server.keyspace);
  const used = arena.used + clients;
  server.notePeak(used);
  const overhead = Math.min(used, server.startupMemory - server.startupTables + tables + clients);
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
