// The stream of changes on its way into a sink plugin: what the host puts into the ring, and the loop in the plugin's
// worker that takes it out and calls the plugin. Made by core/plugins/sink_feed.ts, run by the plugin's runner.
import { RING_EMPTY, type RingHandle, SharedRing } from "../../../core/memory/shared_ring.ts";
import type { ControlBlock } from "../control_block.ts";
import type { SinkPlugin } from "../types.ts";

/** What the host posts. */
export interface SinkJobInput {
  /** From 1 upwards, never reused while the plugin runs. */
  id: number;
  /** A header as a record each; that of bytes is followed by a record with them. */
  ring: RingHandle;
  /** One double: how far the plugin has received the stream, gaps included. Written here. */
  position: SharedArrayBuffer;
}

export interface SinkReport {
  bytes: number;
}

/** A header is three doubles: one of these, an offset of the stream, the offset behind what is told. */
export const SINK_BYTES = 0;
export const SINK_GAP = 1;
export const SINK_END = 2;
export const SINK_HEADER_DOUBLES = 3;

/** Milliseconds between two looks at the stop flag. */
const WAIT_MS = 500;
/** So long the plugin may be called in a row before the worker looks for the host's messages. */
const RUN_MS = 10;

/** The host gave the stream up. */
export class SinkCancelledError extends Error {
  readonly code = "STREAM_CANCELLED";
  override readonly name = "SinkCancelledError";

  constructor() {
    super("the stream was cancelled");
  }
}

/** Runs until the host ends the stream. Throws what the plugin throws, and SinkCancelledError. */
export async function runSinkJob(
  plugin: SinkPlugin,
  input: SinkJobInput,
  control: ControlBlock,
): Promise<SinkReport> {
  const ring = SharedRing.attach(input.ring);
  const position = new Float64Array(input.position);
  const header = new Float64Array(SINK_HEADER_DOUBLES);
  const headerBytes = new Uint8Array(header.buffer);
  const buffer = new Uint8Array(ring.recordBytesMax);
  let bytes = 0;
  let busySince = performance.now();

  const next = async (target: Uint8Array): Promise<number> => {
    let length = ring.tryPop(target);
    while (length === RING_EMPTY) {
      if (control.isJobCancelled(input.id) || ring.stopped) throw new SinkCancelledError();
      await ring.waitForRecordAsync(WAIT_MS);
      busySince = performance.now();
      length = ring.tryPop(target);
    }
    return length;
  };

  for (;;) {
    await next(headerBytes);
    const [kind, from, to] = header;
    if (kind === SINK_END) return { bytes };
    if (kind === SINK_GAP) await plugin.gap?.(from, to);
    else {
      const length = await next(buffer);
      control.itemStartedAt = Date.now();
      await plugin.receive(buffer.subarray(0, length), from);
      control.itemStartedAt = 0;
      bytes += length;
      control.bytesDone = bytes;
      control.processed++;
    }
    position[0] = to;
    if (performance.now() - busySince > RUN_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      busySince = performance.now();
      if (control.isJobCancelled(input.id)) throw new SinkCancelledError();
    }
  }
}
