// Worker of shared_ring_test.ts: the other end of its rings.
/// <reference lib="webworker" />
import { RING_EMPTY, type RingHandle, SharedRing } from "./shared_ring.ts";

export interface RingTestJob {
  readonly task: "echo" | "sum" | "chunks" | "block-in-pop" | "block-in-push" | "time-outs";
  readonly input: RingHandle;
  readonly output: RingHandle;
}

/** Longer than any step of a test takes: it ends by a record or stop, or the test fails. */
const LONG_MS = 20_000;

self.onmessage = (event: MessageEvent<RingTestJob>) => {
  const input = SharedRing.attach(event.data.input);
  const output = SharedRing.attach(event.data.output);
  self.postMessage(tasks[event.data.task](input, output));
};

const tasks: Record<RingTestJob["task"], (input: SharedRing, output: SharedRing) => string> = {
  echo(input, output) {
    const bytes = new Uint8Array(4096);
    for (let count = 0;; count++) {
      const length = input.pop(bytes, LONG_MS);
      if (length === RING_EMPTY) return `echoed ${count}`;
      const result = output.push(bytes, 0, length, LONG_MS);
      if (result !== "ok") return result;
    }
  },
  sum(input) {
    const words = new Uint32Array(4);
    let sum = 0;
    let count = 0;
    while (input.popWords(words, LONG_MS)) {
      sum += words[0];
      count += words[1];
    }
    return `sum ${sum} of ${count}`;
  },
  chunks(input, output) {
    const bytes = new Uint8Array(4096);
    let passed = 0;
    while (input.waitForRecord(LONG_MS)) {
      const length = input.tryPopMany(bytes);
      passed += output.pushChunks(bytes, 0, length, LONG_MS);
    }
    return `passed ${passed}`;
  },
  "block-in-pop"(input) {
    return `pop ${input.pop(new Uint8Array(256), LONG_MS)} ${input.stopped ? "stopped" : "running"}`;
  },
  "block-in-push"(_input, output) {
    const bytes = new Uint8Array(200);
    output.push(bytes, 0, 200, LONG_MS);
    return `push ${output.push(bytes, 0, 200, LONG_MS)}`;
  },
  "time-outs"(input, output) {
    const bytes = new Uint8Array(200);
    output.push(bytes, 0, 200, 0);
    return `pop ${input.pop(bytes, 10)} push ${output.push(bytes, 0, 200, 10)}`;
  },
};

self.postMessage("ready");
