// LATENCY: what held the event loop, and how long commands take.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { RegisteredCommand } from "../../core/commands/server_services.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { sparkline } from "./sparkline.ts";

function latest(client: CommandClient, _args: Arguments): void {
  const { reply, server } = client;
  const events = [...server.latency.events()];
  reply.array(events.length);
  for (const [name, event] of events) {
    const last = event.samples[event.samples.length - 1];
    reply.array(4);
    reply.bulkText(name);
    reply.integer(last.time);
    reply.integer(last.latency);
    reply.integer(event.max);
  }
}

function history(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const samples = server.latency.get(args.latin1(2))?.samples ?? [];
  reply.array(samples.length);
  for (const sample of samples) {
    reply.array(2);
    reply.integer(sample.time);
    reply.integer(sample.latency);
  }
}

function reset(client: CommandClient, args: Arguments): void {
  const names: string[] = [];
  for (let i = 2; i < args.count; i++) names.push(args.latin1(i));
  client.reply.integer(client.server.latency.reset(names));
}

function graph(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  const name = args.latin1(2);
  const event = server.latency.get(name);
  if (event === undefined) {
    reply.error(`ERR No samples available for event '${name}'`);
    return;
  }
  const values = event.samples.map((sample) => sample.latency);
  const now = Math.floor(server.keyspace.clock.ms / 1000);
  const labels = event.samples.map((sample) => age(now - sample.time));
  const high = Math.max(...values);
  const low = Math.min(...values);
  const head = `${name} - high ${high} ms, low ${low} ms (all time high ${event.max} ms)\n`;
  reply.verbatim("txt", `${head}${"-".repeat(80)}\n${sparkline(values, labels)}`);
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

function histogram(client: CommandClient, args: Arguments): void {
  const { reply, server } = client;
  let chosen: RegisteredCommand[] = [];
  if (args.count === 2) chosen = [...server.commands.everything()];
  else {
    for (let i = 2; i < args.count; i++) {
      const found = server.commands.byName(args.latin1(i));
      if (found === null) continue;
      if (found.subcommands !== null && !args.latin1(i).includes("|")) {
        chosen.push(found, ...found.subcommands.all());
      } else chosen.push(found);
    }
  }
  const ran = chosen.filter((each) => each.histogram.total > 0);
  reply.map(ran.length);
  for (const each of ran) {
    const buckets = each.histogram.cumulative();
    reply.bulkText(each.fullName);
    reply.map(2);
    reply.bulkText("calls");
    reply.integer(each.histogram.total);
    reply.bulkText("histogram_usec");
    reply.map(buckets.length);
    for (const [micros, calls] of buckets) {
      reply.integer(micros);
      reply.integer(calls);
    }
  }
}

function doctor(client: CommandClient, _args: Arguments): void {
  const { latency } = client.server;
  client.reply.verbatim("txt", diagnosis([...latency.events()], latency.threshold));
}

const ADVICE: Record<string, string> = {
  "command": "Slow commands ran: SLOWLOG GET names them. Work on big values in smaller pieces.",
  "fast-command":
    "Commands that should be fast were not: the machine was busy or the process was held by the system.",
  "eventloop": "The event loop was held as a whole: compare the times with those of the other events.",
  "expire-cycle": "Many keys expire at the same time: spread their expiries, or lower active-expire-effort.",
  "eviction-cycle": "Eviction takes long: give the server more memory or lower maxmemory-eviction-tenacity.",
  "snapshot-feed": "Feeding a snapshot held the loop: look for very large buckets or a slow disk.",
  "snapshot-begin": "Starting a snapshot held the loop.",
};

function diagnosis(
  events: [string, { samples: { time: number; latency: number }[]; max: number }][],
  threshold: number,
): string {
  if (threshold === 0) {
    return "Latency monitoring is off. Turn it on with: CONFIG SET latency-monitor-threshold <milliseconds>.\n";
  }
  if (events.length === 0) {
    return `No event took ${threshold} ms or more since monitoring began. Nothing to worry about.\n`;
  }
  let text = `Latency events of ${threshold} ms or more:\n\n`;
  events.forEach(([name, event], index) => {
    const values = event.samples.map((sample) => sample.latency);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length;
    text +=
      `${index + 1}. ${name}: ${values.length} spikes (average ${Math.round(mean)} ms, mean deviation ` +
      `${Math.round(deviation)} ms). Worst event of all: ${event.max} ms.\n`;
    const advice = ADVICE[name];
    if (advice !== undefined) text += `   ${advice}\n`;
  });
  return text;
}

const shared = {
  flags: ["admin", "noscript", "loading", "stale"] as CommandSpec["flags"],
  categories: [] as CommandSpec["categories"],
  keySpecs: [],
  group: "server",
  since: "2.8.13",
};

export const latencyCommands: CommandSpec[] = [
  {
    name: "latency",
    arity: -2,
    flags: [],
    categories: [],
    keySpecs: [],
    since: "2.8.13",
    group: "server",
    complexity: "Depends on the subcommand.",
    summary: "Tells what took long.",
    helpSince: "2.8.13",
    subcommands: [
      {
        ...shared,
        name: "doctor",
        arity: 2,
        complexity: "O(1)",
        summary: "Explains the latency events in words.",
        tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        help: ["DOCTOR", "    Return a human readable latency analysis report."],
        handler: doctor,
      },
      {
        ...shared,
        name: "graph",
        arity: 3,
        complexity: "O(1)",
        summary: "Draws the latency of an event.",
        tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        arguments: [{ name: "event", type: "string" }],
        help: ["GRAPH <event>", "    Return an ASCII latency graph for the <event> class."],
        handler: graph,
      },
      {
        ...shared,
        name: "histogram",
        arity: -2,
        since: "7.0.0",
        complexity: "O(N) for N commands.",
        summary: "Returns the latency distribution of commands.",
        tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        arguments: [{ name: "command", type: "string", optional: true, multiple: true }],
        help: [
          "HISTOGRAM [COMMAND ...]",
          "    Return a cumulative distribution of latencies in the format of a histogram",
          "    for the specified command names; for all commands without a name.",
        ],
        handler: histogram,
      },
      {
        ...shared,
        name: "history",
        arity: 3,
        complexity: "O(1)",
        summary: "Returns the samples of an event.",
        tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        arguments: [{ name: "event", type: "string" }],
        help: ["HISTORY <event>", "    Return time-latency samples for the <event> class."],
        handler: history,
      },
      {
        ...shared,
        name: "latest",
        arity: 2,
        complexity: "O(1)",
        summary: "Returns the latest sample of every event.",
        tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        help: ["LATEST", "    Return the latest latency samples for all events."],
        handler: latest,
      },
      {
        ...shared,
        name: "reset",
        arity: -2,
        complexity: "O(1)",
        summary: "Forgets the samples of some events or all.",
        tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
        arguments: [{ name: "event", type: "string", optional: true, multiple: true }],
        help: [
          "RESET [<event> ...]",
          "    Reset latency data of one or more <event> classes.",
          "    (default: reset all data for all event classes)",
        ],
        handler: reset,
      },
    ],
  },
];
