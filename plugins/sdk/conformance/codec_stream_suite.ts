// What a codec must keep as a stage between two rings, in its own worker: data arrives whole, a stream that is stopped
// in the middle or whose worker is killed ends with an error, and the next stream works. Runs on the host's side.
import { concatBytes } from "../../../core/bytes/concat.ts";
import { RING_EMPTY, type RingHandle, SharedRing } from "../../../core/memory/shared_ring.ts";
import { type ConformanceCase, expect, SeededBytes } from "./conformance_case.ts";

const RING_BYTES = 64 * 1024;
const STEP_LIMIT_MS = 10_000;
const NO_BYTES = new Uint8Array(0);

type Direction = "encode" | "decode";

/** The codec under test. */
export interface CodecSubject {
  /** Begins a stream in the plugin's worker. */
  open(
    direction: Direction,
    input: RingHandle,
    output: RingHandle,
  ): { done: Promise<unknown>; cancel(): void };
  /** Makes sure that the plugin's worker runs. */
  start(): Promise<void>;
  /** Ends the plugin's worker without a word. */
  kill(): void;
}

export function codecStreamCases(subject: CodecSubject): ConformanceCase[] {
  const roundTrip = async () => {
    const data = new SeededBytes(30).text(300_000);
    const encoded = await transform(subject, "encode", data);
    const back = await transform(subject, "decode", encoded);
    expect(
      back.length === data.length && back.every((byte, i) => byte === data[i]),
      `${data.length} bytes came back as ${back.length} others`,
    );
  };
  return [
    { name: "worker: a stream goes through from ring to ring and back", run: roundTrip },
    {
      name: "worker: a stream that is stopped in the middle ends, and the next one works",
      async run() {
        for (const how of ["cancel", "input", "output"] as const) {
          const { input, output, stream } = openStream(subject);
          await input.pushAsync(new SeededBytes(31).text(10_000), 0, 10_000, STEP_LIMIT_MS);
          if (how === "cancel") stream.cancel();
          else if (how === "input") input.stop();
          else {
            output.stop();
            await input.pushAsync(NO_BYTES, 0, 0, STEP_LIMIT_MS);
          }
          await expectFailure(stream.done, `stopped by ${how}`);
        }
        await roundTrip();
      },
    },
    {
      name: "worker: a stream whose worker is killed ends with an error, and the next one works",
      async run() {
        await subject.start();
        const { input, stream } = openStream(subject);
        await input.pushAsync(new SeededBytes(32).text(10_000), 0, 10_000, STEP_LIMIT_MS);
        const end = Date.now() + STEP_LIMIT_MS;
        while (input.queuedBytes > 0) {
          expect(Date.now() < end, `after ${STEP_LIMIT_MS} ms the codec had not taken its input`);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        subject.kill();
        await expectFailure(stream.done, "whose worker was killed");
        await roundTrip();
      },
    },
    {
      name: "worker: bad input ends the stream with an error or with other bytes, and the next one works",
      async run() {
        await transform(subject, "decode", new SeededBytes(33).noise(5_000)).catch((error) => {
          expect(error instanceof Error, `the stream ended with ${String(error)}`);
        });
        await roundTrip();
      },
    },
  ];
}

function openStream(subject: CodecSubject, direction: Direction = "encode") {
  const input = SharedRing.create(RING_BYTES);
  const output = SharedRing.create(RING_BYTES);
  return { input, output, stream: subject.open(direction, input.handle, output.handle) };
}

async function transform(
  subject: CodecSubject,
  direction: Direction,
  data: Uint8Array,
): Promise<Uint8Array> {
  const { input, output, stream } = openStream(subject, direction);
  const feed = async () => {
    const pushed = await input.pushChunksAsync(data, 0, data.length, STEP_LIMIT_MS);
    if (pushed === data.length) await input.pushAsync(NO_BYTES, 0, 0, STEP_LIMIT_MS);
  };
  const parts: Uint8Array[] = [];
  const collect = async () => {
    const chunk = new Uint8Array(output.recordBytesMax);
    for (let length = await output.popAsync(chunk); length !== 0; length = await output.popAsync(chunk)) {
      if (length === RING_EMPTY) return;
      parts.push(chunk.slice(0, length));
    }
  };
  const ended = stream.done.catch((error) => {
    input.stop();
    output.stop();
    throw error;
  });
  await Promise.all([ended, feed(), collect()]);
  return concatBytes(parts);
}

async function expectFailure(done: Promise<unknown>, what: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => timer = setTimeout(() => resolve("hung"), STEP_LIMIT_MS));
  const outcome = await Promise.race([done.then(() => "succeeded", () => "failed"), late]);
  clearTimeout(timer);
  expect(outcome === "failed", `a stream ${what} ${outcome}`);
}
