// MEMORY: where the bytes are.
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { type CommandSpec, keyAt } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { memoryUsage } from "../../core/keyspace/memory_usage.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../../core/protocol/errors.ts";

const SAMPLES_DEFAULT = 5;
const MEGABYTE = 1024 * 1024;

function usage(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let samples = SAMPLES_DEFAULT;
  for (let i = 3; i < args.count; i++) {
    if (!args.is(i, "samples") || i + 1 >= args.count) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    samples = parseSafeInteger(args.buffer, args.starts[i + 1], args.ends[i + 1]);
    if (Number.isNaN(samples)) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
    if (samples < 0) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    i++;
  }
  const ref = client.db.peek(args.buffer, args.starts[2], args.ends[2]);
  if (ref === 0) reply.null();
  else reply.integer(memoryUsage(server.keyspace, client.db, ref, samples));
}

function stats(client: CommandClient, _args: Arguments): void {
  const { reply, server } = client;
  const memory = server.memory();
  const { arena } = memory;
  const keys = server.keyspace.size;
  const perKey = keys === 0 ? 0 : Math.floor((memory.used - memory.startup) / keys);
  const used = server.keyspace.databases.filter((each) => each.size > 0);
  const fields: [string, number, "integer" | "double"][] = [
    ["peak.allocated", memory.peak, "integer"],
    ["total.allocated", memory.used, "integer"],
    ["startup.allocated", memory.startup, "integer"],
    ["replication.backlog", 0, "integer"],
    ["clients.slaves", 0, "integer"],
    ["clients.normal", memory.clients, "integer"],
    ["cluster.links", 0, "integer"],
    ["aof.buffer", 0, "integer"],
    ["lua.caches", 0, "integer"],
    ["functions.caches", 0, "integer"],
  ];
  const after: [string, number, "integer" | "double"][] = [
    ["overhead.total", memory.overhead, "integer"],
    ["keys.count", keys, "integer"],
    ["keys.bytes-per-key", perKey, "integer"],
    ["dataset.bytes", memory.dataset, "integer"],
    ["dataset.percentage", percentage(memory.dataset, memory.used - memory.startup), "double"],
    ["peak.percentage", percentage(memory.used, memory.peak), "double"],
    ["allocator.allocated", arena.used, "integer"],
    ["allocator.active", arena.touched, "integer"],
    ["allocator.resident", arena.touched, "integer"],
    ["allocator-fragmentation.ratio", arena.fragmentation, "double"],
    ["allocator-fragmentation.bytes", Math.max(0, arena.touched - arena.used), "integer"],
    ["allocator-rss.ratio", 1, "double"],
    ["allocator-rss.bytes", 0, "integer"],
    ["rss-overhead.ratio", memory.resident / Math.max(1, arena.touched), "double"],
    ["rss-overhead.bytes", memory.resident - arena.touched, "integer"],
    ["arena.total", arena.total, "integer"],
    ["arena.retired", arena.retired, "integer"],
    ["arena.shadow", arena.shadow, "integer"],
    ["heap.used", memory.heapUsed, "integer"],
    ["rss", memory.resident, "integer"],
    ["fragmentation", memory.resident / Math.max(1, memory.used), "double"],
    ["fragmentation.bytes", memory.resident - memory.used, "integer"],
  ];
  reply.map(fields.length + used.length + after.length);
  const write = ([name, value, type]: [string, number, "integer" | "double"]): void => {
    reply.bulkText(name);
    if (type === "integer") reply.integer(value);
    else reply.double(value);
  };
  fields.forEach(write);
  for (const database of used) {
    reply.bulkText(`db.${database.id}`);
    reply.map(2);
    reply.bulkText("overhead.hashtable.main");
    reply.integer(database.keys.overheadBytes);
    reply.bulkText("overhead.hashtable.expires");
    reply.integer(database.expires.overheadBytes);
  }
  after.forEach(write);
}

function percentage(part: number, whole: number): number {
  return whole <= 0 ? 0 : part * 100 / whole;
}

function doctor(client: CommandClient, _args: Arguments): void {
  const memory = client.server.memory();
  const findings: string[] = [];
  if (memory.used < 5 * MEGABYTE) {
    findings.push("The server holds almost no data: there is nothing to diagnose yet.");
  } else {
    if (memory.peak > memory.used * 1.5) {
      findings.push(
        "Peak: the server once used more than 1.5 times what it uses now. Memory that was touched stays with the " +
          "process and is used again as the dataset grows.",
      );
    }
    if (memory.arena.fragmentation > 1.4) {
      findings.push(
        "Fragmentation: much of the arena lies in free blocks between used ones. Deleting many keys of one size " +
          "and writing others of another size does that; FLUSHALL or a restart gives the memory back.",
      );
    }
    if (memory.arena.total > 0 && memory.arena.used > memory.arena.total * 0.9) {
      findings.push("Room: more than 90 % of the arena is in use. Start with a larger arena-size.");
    }
    const clients = client.server.clients.count;
    if (clients > 0 && memory.clients / clients > 200 * 1024) {
      findings.push(
        "Clients: their buffers take more than 200 KiB each on average. CLIENT LIST tells whose.",
      );
    }
  }
  const text = findings.length === 0
    ? "No memory problem found."
    : findings.map((each) => `* ${each}`).join("\n");
  client.reply.verbatim("txt", `${text}\n`);
}

function mallocStats(client: CommandClient, _args: Arguments): void {
  const { arena } = client.server.memory();
  const lines = Object.entries(arena).map(([name, value]) => `${name}: ${value}`);
  client.reply.verbatim("txt", `Arena (bytes):\n${lines.join("\n")}\n`);
}

function purge(client: CommandClient, _args: Arguments): void {
  const { keyspace } = client.server;
  while (keyspace.arena.reclaim() > 0);
  client.reply.ok();
}

const shared = { categories: [] as CommandSpec["categories"], keySpecs: [], since: "4.0.0", group: "server" };

export const memoryCommands: CommandSpec[] = [
  {
    ...shared,
    name: "memory",
    arity: -2,
    flags: [],
    complexity: "Depends on the subcommand.",
    summary: "Tells what takes memory.",
    helpSince: "4.0.0",
    subcommands: [
      {
        ...shared,
        name: "doctor",
        arity: 2,
        flags: [],
        complexity: "O(1)",
        summary: "Explains memory problems in words.",
        tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        help: ["DOCTOR", "    Return memory problems reports."],
        handler: doctor,
      },
      {
        ...shared,
        name: "malloc-stats",
        arity: 2,
        flags: [],
        complexity: "O(1)",
        summary: "Returns the allocator's numbers.",
        tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        help: ["MALLOC-STATS", "    Return internal statistics report from the memory allocator."],
        handler: mallocStats,
      },
      {
        ...shared,
        name: "purge",
        arity: 2,
        flags: [],
        complexity: "O(N) for N blocks that wait to be freed.",
        summary: "Frees what can be freed now.",
        tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
        help: ["PURGE", "    Attempt to purge dirty pages for reclamation by the allocator."],
        handler: purge,
      },
      {
        ...shared,
        name: "stats",
        arity: 2,
        flags: [],
        complexity: "O(1)",
        summary: "Tells in numbers what takes memory.",
        tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        help: ["STATS", "    Return information about the memory usage of the server."],
        handler: stats,
      },
      {
        ...shared,
        name: "usage",
        arity: -3,
        flags: ["readonly"],
        keySpecs: [keyAt(2, "RO")],
        complexity: "O(N) for N sampled elements.",
        summary: "Estimates how many bytes a key takes.",
        arguments: [
          { name: "key", type: "key", keySpecIndex: 0 },
          { name: "count", type: "integer", token: "SAMPLES", optional: true },
        ],
        help: [
          "USAGE <key> [SAMPLES <count>]",
          "    Return memory in bytes used by <key> and its value. Nested values are",
          "    sampled up to <count> times (default: 5, 0 means sample all).",
        ],
        handler: usage,
      },
    ],
  },
];
