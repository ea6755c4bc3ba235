// What redis-benchmark has no words for: consumer groups (each entry read and acknowledged, pipeline 16) and windows of ten
// members anywhere in a sorted set of 1M, by rank and by score.
import type { ServerProcess } from "../../tests/harness/mod.ts";
import { alternate, contenderKinds } from "../contender.ts";
import { commandText, exactReplies } from "../load/exact_replies.ts";
import { fill } from "../load/fill.ts";
import { type Measurement, Samples } from "../measurement.ts";
import type { Scenario } from "../scenario.ts";

const PIPELINE = 16;
const STREAMS = 10;
const ENTRIES_PER_STREAM = 40_000;
const MEMBERS = 1_000_000;
const WINDOW = 10;
const RANGE_CLIENTS = 20;
const RANGE_BATCHES = 1500;
const DIGITS = 12;

type Kind = Omit<Measurement, "samples" | "measuredAt">;

const KINDS: Kind[] = [
  kind("types/xreadgroup+xack/P16", "XREADGROUP of one entry and its XACK, pipeline 16", 1.0),
  kind("range/rank", `ZRANGE of ${WINDOW} by rank in 1M members, pipeline 16`, 0.8),
  kind("range/score", `ZRANGE of ${WINDOW} BYSCORE in 1M members, pipeline 16`, 0.8),
];

export const ranges: Scenario = {
  ids: KINDS.map(({ id }) => id),
  async run(options, wanted, log) {
    const samples = new Samples();
    const contenders: { name: string; server: ServerProcess }[] = [];
    const members = Math.ceil(MEMBERS / options.scale);
    try {
      for (const each of contenderKinds(options)) {
        contenders.push({ name: each.name, server: await each.start() });
      }
      for (const each of KINDS.filter(({ id }) => wanted(id))) {
        const isStream = each === KINDS[0];
        if (!isStream) { for (const { server } of contenders) await fillMembers(server, members); }
        // The first round warms up.
        for (let round = -1; round < options.repeats; round++) {
          for (const { name, server } of alternate(contenders, Math.abs(round))) {
            const rate = isStream
              ? await groups(server, options.scale)
              : await windows(server, members, each === KINDS[1] ? "rank" : "score");
            if (round < 0) continue;
            samples.add(each, name, rate);
            log(`${each.id} ${name}: ${Math.round(rate)} requests/s`);
          }
        }
      }
    } finally {
      for (const { server } of contenders) await server.kill().then(() => server.removeDirectory());
    }
    return samples.finish();
  },
};

function kind(id: string, title: string, bound: number): Kind {
  const targets = { spork: { kind: "ratio" as const, bound } };
  return { id, title, unit: "requests/s", better: "higher", targets };
}

/** Reads and acknowledges every entry of some streams, one connection each; XREADGROUP and XACK both count as requests. */
async function groups(server: ServerProcess, scale: number): Promise<number> {
  const entries = Math.ceil(ENTRIES_PER_STREAM / scale / PIPELINE) * PIPELINE;
  {
    await using client = await server.connect();
    await client.call("FLUSHALL", "SYNC");
  }
  for (let stream = 0; stream < STREAMS; stream++) {
    // A one before the twelve digits of the number: all ids have the same length, and none begins with a zero.
    await fill(
      server.port,
      { words: ["XADD", `s${stream}`, `1#-1`, "field", "xxx"], valueBytes: 0 },
      entries,
      2,
    );
    await using client = await server.connect();
    await client.call("XGROUP", "CREATE", `s${stream}`, "g", "0");
  }
  const encoder = new TextEncoder();
  const next = new Array<number>(STREAMS).fill(0);
  const replyBytes = (PIPELINE / 2) * (readReply("s0", `1${"0".repeat(DIGITS)}-1`).length + ":1\r\n".length);
  const seconds = await exactReplies({
    port: server.port,
    connections: STREAMS,
    batches: entries / (PIPELINE / 2),
    replyBytes,
    batch: (connection) => {
      let text = "";
      for (let pair = 0; pair < PIPELINE / 2; pair++) {
        const id = `1${`${next[connection]++}`.padStart(DIGITS, "0")}-1`;
        const stream = `s${connection}`;
        text += commandText("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", stream, ">");
        text += commandText("XACK", stream, "g", id);
      }
      return encoder.encode(text);
    },
  });
  return STREAMS * entries * 2 / seconds;
}

function readReply(stream: string, id: string): string {
  return `*1\r\n*2\r\n$${stream.length}\r\n${stream}\r\n*1\r\n*2\r\n$${id.length}\r\n${id}\r\n` +
    "*2\r\n$5\r\nfield\r\n$3\r\nxxx\r\n";
}

async function fillMembers(server: ServerProcess, members: number): Promise<void> {
  {
    await using client = await server.connect();
    if (await client.call("ZCARD", "z") === members) return;
    await client.call("FLUSHALL", "SYNC");
  }
  // The score is the member's number: both are the same digits.
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  try {
    const encoder = new TextEncoder();
    const buffer = new Uint8Array(1 << 16);
    const perCommand = 100;
    for (let sent = 0; sent < members;) {
      const words = ["ZADD", "z"];
      for (let index = 0; index < perCommand && sent < members; index++, sent++) {
        words.push(`${sent}`, memberText(sent));
      }
      const bytes = encoder.encode(commandText(...words));
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
      await connection.read(buffer);
    }
  } finally {
    connection.close();
  }
}

function memberText(number: number): string {
  return `m:${`${number}`.padStart(DIGITS, "0")}`;
}

async function windows(server: ServerProcess, members: number, by: "rank" | "score"): Promise<number> {
  const encoder = new TextEncoder();
  const one = `$${memberText(0).length}\r\n${memberText(0)}\r\n`.length;
  const replyBytes = PIPELINE * (`*${WINDOW}\r\n`.length + WINDOW * one);
  const seconds = await exactReplies({
    port: server.port,
    connections: RANGE_CLIENTS,
    batches: RANGE_BATCHES,
    replyBytes,
    batch: () => {
      let text = "";
      for (let index = 0; index < PIPELINE; index++) {
        const first = Math.floor(Math.random() * (members - WINDOW));
        text += commandText(
          "ZRANGE",
          "z",
          `${first}`,
          `${first + WINDOW - 1}`,
          ...(by === "rank" ? [] : ["BYSCORE"]),
        );
      }
      return encoder.encode(text);
    },
  });
  return RANGE_CLIENTS * RANGE_BATCHES * PIPELINE / seconds;
}
