// The text of INFO: sections in Valkey's order, fields under Valkey's names, values as they are. What Spork has no
// counterpart of is left out rather than invented; docs/operations.md lists the fields that are its own.
import type { Server } from "../server.ts";
import { writeCommandStats, writeErrorStats, writeLatencyStats } from "./command_sections.ts";
import { Lines } from "./lines.ts";
import { writeMemory } from "./memory_section.ts";
import { writeDebug, writePersistence } from "./persistence_section.ts";
import {
  writeClients,
  writeCluster,
  writeCpu,
  writeKeyspace,
  writePlugins,
  writeReplication,
  writeServer,
} from "./server_sections.ts";
import { writeStats } from "./stats_section.ts";

interface Section {
  name: string;
  title: string;
  /** Part of a plain INFO. */
  inDefault: boolean;
  write: (server: Server, out: Lines) => void;
}

/** The sections named (lower case; "default", "all" and "everything" stand for several), in their fixed order. */
export function infoText(server: Server, names: readonly string[]): string {
  const everything = names.includes("everything") || names.includes("all");
  const standard = names.includes("default");
  const lines = new Lines();
  for (const section of SECTIONS) {
    const wanted = names.includes(section.name) || (everything && section.name !== "debug") ||
      (standard && section.inDefault);
    if (!wanted) continue;
    lines.title(section.title);
    section.write(server, lines);
  }
  return lines.toString();
}

const SECTIONS: Section[] = [
  { name: "server", title: "Server", inDefault: true, write: writeServer },
  { name: "clients", title: "Clients", inDefault: true, write: writeClients },
  { name: "memory", title: "Memory", inDefault: true, write: writeMemory },
  { name: "persistence", title: "Persistence", inDefault: true, write: writePersistence },
  { name: "stats", title: "Stats", inDefault: true, write: writeStats },
  { name: "replication", title: "Replication", inDefault: true, write: writeReplication },
  { name: "cpu", title: "CPU", inDefault: true, write: writeCpu },
  { name: "modules", title: "Modules", inDefault: true, write: writePlugins },
  { name: "commandstats", title: "Commandstats", inDefault: false, write: writeCommandStats },
  { name: "errorstats", title: "Errorstats", inDefault: true, write: writeErrorStats },
  { name: "latencystats", title: "Latencystats", inDefault: false, write: writeLatencyStats },
  { name: "cluster", title: "Cluster", inDefault: true, write: writeCluster },
  { name: "keyspace", title: "Keyspace", inDefault: true, write: writeKeyspace },
  { name: "debug", title: "Debug", inDefault: false, write: writeDebug },
];
