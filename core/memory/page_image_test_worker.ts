// Worker of page_image_test.ts: compares what it reads through an ImageReader with a copy made at the cut.
/// <reference lib="webworker" />
import { PAGE_BYTES } from "./arena_layout.ts";
import { ImageReader } from "./arena_reader.ts";
import type { ArenaHandle } from "./page_shadow.ts";

/** Control words: 0 round begun, 1 bytes of its cut, 2 round read, 3 page being read. */
export interface ReadJob {
  readonly arena: ArenaHandle;
  readonly cut: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly rounds: number;
}

/** Passes over the whole arena that are compared in a round. */
const PASSES = 2;
const PART_BYTES = 5000;

self.postMessage("ready");
self.onmessage = (event: MessageEvent<ReadJob>) => {
  const result = compare(event.data);
  // After a difference the test must not wait for the rounds that are left.
  Atomics.store(new Int32Array(event.data.control), 2, event.data.rounds);
  self.postMessage(result);
};

function compare(job: ReadJob): string {
  const reader = ImageReader.from(job.arena);
  const cut = new Uint8Array(job.cut);
  const cutWords = new Uint32Array(job.cut);
  const control = new Int32Array(job.control);
  const part = new Uint8Array(PART_BYTES);
  for (let round = 1; round <= job.rounds; round++) {
    while (Atomics.load(control, 0) < round) {
      if (Atomics.wait(control, 0, round - 1, 20_000) === "timed-out") return `round ${round} did not begin`;
    }
    const bytes = Atomics.load(control, 1);
    for (let pass = 0; pass < PASSES; pass++) {
      // The header's words and the padding below are stored to as well.
      for (let at = 16; at < bytes; at += PART_BYTES) {
        const length = Math.min(PART_BYTES, bytes - at);
        Atomics.store(control, 3, Math.floor(at / PAGE_BYTES));
        reader.copyOut(at, length, part, 0);
        for (let i = 0; i < length; i++) {
          if (part[i] !== cut[at + i]) {
            return `round ${round} pass ${pass}: byte ${at + i} differs from the cut`;
          }
        }
        const word = at >>> 2;
        if (reader.u32(word) !== cutWords[word]) return `round ${round} pass ${pass}: word ${word} differs`;
      }
    }
    Atomics.store(control, 2, round);
  }
  return "equal";
}
