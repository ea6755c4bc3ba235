// What a sink must keep, in its own worker: it takes the stream wherever it is cut, goes on behind a gap, and behind its own
// death; it ends when the stream does. What it does with the stream is its own affair. Runs on the host's side.
import { concatBytes } from "../../../core/bytes/concat.ts";
import { type ConformanceCase, expect, SeededBytes } from "./conformance_case.ts";

const STEP_LIMIT_MS = 10_000;

/** One feed of the sink under test. */
export interface SinkSubjectFeed {
  /** How far the plugin has received the stream. */
  readonly receivedOffset: number;
  /** Bytes that it has missed. */
  readonly missedBytes: number;
  /** Gives the plugin bytes of the stream; those that are left out are a gap. */
  give(bytes: Uint8Array, offset: number): void;
  /** Ends the stream; resolves when the plugin has received all. */
  stop(): Promise<void>;
}

/** The sink under test. */
export interface SinkSubject {
  /** Starts the plugin anew and begins a stream at this offset. The one before must have ended. */
  open(offset: number): Promise<SinkSubjectFeed>;
  /** Makes sure that the plugin's worker runs. */
  start(): Promise<void>;
  /** Ends the plugin's worker without a word. */
  kill(): void;
}

export function sinkCases(subject: SinkSubject): ConformanceCase[] {
  return [
    {
      name: "stream: commands of every sort are received, each handed over as a turn would",
      run: () => receiveAll(subject, commandStream(1, 400)),
    },
    {
      name: "stream: it may be cut anywhere",
      async run() {
        const stream = concatBytes(commandStream(2, 60));
        const cuts = new SeededBytes(3);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < stream.length;) {
          const next = Math.min(stream.length, at + 1 + cuts.below(20));
          pieces.push(stream.subarray(at, next));
          at = next;
        }
        await receiveAll(subject, pieces);
      },
    },
    {
      name: "stream: one command of a megabyte is received in pieces",
      run: () => receiveAll(subject, [command("SELECT", "0"), command("SET", "big", "x".repeat(1 << 20))]),
    },
    {
      name: "gap: what the sink has missed is told, and it goes on behind that",
      async run() {
        const feed = await subject.open(0);
        const [begin, rest] = [command("SELECT", "0"), command("SET", "key", "value")];
        feed.give(begin, 0);
        feed.give(rest.subarray(0, 7), begin.length);
        const behind = 10_000;
        feed.give(concatBytes([begin, rest]), behind);
        await received(feed, behind + begin.length + rest.length, behind - begin.length - 7);
        await feed.stop();
      },
    },
    {
      name: "kill: a sink whose worker dies starts again and goes on",
      async run() {
        const before = commandStream(4, 50);
        const feed = await subject.open(0);
        let at = give(feed, before, 0);
        await received(feed, at);
        subject.kill();
        const killedAt = at;
        at = give(feed, commandStream(5, 5), at);
        const missed = at - killedAt;
        await subject.start();
        await received(feed, at, missed);
        at = give(feed, commandStream(6, 50), at);
        await received(feed, at, missed);
        await feed.stop();
      },
    },
    {
      name: "stop: the stream may end before anything has come, and begin anew",
      async run() {
        await (await subject.open(0)).stop();
        await receiveAll(subject, commandStream(7, 10));
      },
    },
  ];
}

/** Streams at other places than 0, since sinks must not rely on that. */
const FIRST_OFFSET = 1_000_000;

async function receiveAll(subject: SinkSubject, pieces: Uint8Array[]): Promise<void> {
  const feed = await subject.open(FIRST_OFFSET);
  const end = give(feed, pieces, FIRST_OFFSET);
  await received(feed, end);
  await feed.stop();
}

function give(feed: SinkSubjectFeed, pieces: Uint8Array[], offset: number): number {
  for (const piece of pieces) {
    feed.give(piece, offset);
    offset += piece.length;
  }
  return offset;
}

/** Waits until the sink is there, having missed no more than it must have. */
async function received(feed: SinkSubjectFeed, offset: number, missed = 0): Promise<void> {
  const end = Date.now() + STEP_LIMIT_MS;
  while (feed.receivedOffset < offset) {
    expectMissed(feed, missed);
    expect(
      Date.now() < end,
      `after ${STEP_LIMIT_MS} ms the sink had received the stream up to ${feed.receivedOffset}, not ${offset}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expectMissed(feed, missed);
}

function expectMissed({ missedBytes }: SinkSubjectFeed, most: number): void {
  expect(missedBytes <= most, `the sink has missed ${missedBytes} bytes, not ${most}: did receive fail?`);
}

/** What `count` turns hand over: commands of several databases, transactions, bytes of every value. */
function commandStream(seed: number, count: number): Uint8Array[] {
  const random = new SeededBytes(seed);
  const turns = [command("SELECT", "0")];
  for (let turn = 0; turn < count; turn++) {
    const key = `key:${random.below(100)}`;
    switch (random.below(6)) {
      case 0:
        turns.push(concatBytes([command("SELECT", `${random.below(16)}`), command("DEL", key)]));
        break;
      case 1:
        turns.push(
          concatBytes([command("MULTI"), command("INCR", key), command("LPUSH", key, ""), command("EXEC")]),
        );
        break;
      case 2:
        turns.push(command("FLUSHALL"));
        break;
      default:
        turns.push(command("SET", key, random.noise(random.below(2000))));
    }
  }
  return turns;
}

function command(...words: (string | Uint8Array)[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts = [encoder.encode(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === "string" ? encoder.encode(word) : word;
    parts.push(encoder.encode(`$${bytes.length}\r\n`), Uint8Array.from(bytes), encoder.encode("\r\n"));
  }
  return concatBytes(parts);
}
