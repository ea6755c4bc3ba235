// One stream through a codec plugin in its own worker: bytes come from one ring, go through a stage, and leave by
// another. The other ends of the rings may be on the server's loop or in other workers.
import { RING_EMPTY, type RingHandle, SharedRing } from "../../../core/memory/shared_ring.ts";
import type { ControlBlock } from "../control_block.ts";
import type { CodecPlugin } from "../types.ts";

/** What the host posts for a stream. */
export interface CodecJobInput {
  /** From 1 upwards, never reused while the plugin runs. Given by CodecStreams. */
  id: number;
  direction: "encode" | "decode";
  /** Chunks as records; an empty record is the end of the stream. */
  input: RingHandle;
  /** The same. */
  output: RingHandle;
}

export interface CodecReport {
  bytesIn: number;
  bytesOut: number;
}

/** Milliseconds between two looks at the cancel flag while waiting for the other side of a ring. */
const WAIT_MS = 20;
const BUFFER_BYTES = 16 * 1024;
const NO_BYTES = new Uint8Array(0);

/** The host gave the stream up, or stopped one of its rings. */
export class StreamCancelledError extends Error {
  readonly code = "STREAM_CANCELLED";
  override readonly name = "StreamCancelledError";

  constructor() {
    super("the stream was cancelled");
  }
}

/** Runs until the end of the stream. Throws what the codec throws, and StreamCancelledError. */
export function runCodecJob(plugin: CodecPlugin, input: CodecJobInput, control: ControlBlock): CodecReport {
  const source = SharedRing.attach(input.input);
  const target = new CancellableOutput(
    SharedRing.attach(input.output),
    () => control.isJobCancelled(input.id),
  );
  const stage = input.direction === "encode" ? plugin.encoder!() : plugin.decoder!();
  const emit = (bytes: Uint8Array): void => {
    target.push(bytes);
    control.bytesDone = target.bytes;
  };
  const chunk = new Uint8Array(source.recordBytesMax);
  let bytesIn = 0;
  while (true) {
    // What the stage emitted goes on at the latest when there is nothing else to do.
    if (source.nextLength() === RING_EMPTY) target.flush();
    const length = source.pop(chunk, WAIT_MS);
    if (length === 0) break;
    if (length === RING_EMPTY) {
      if (control.isJobCancelled(input.id) || source.stopped) throw new StreamCancelledError();
      continue;
    }
    bytesIn += length;
    stage.push(chunk.subarray(0, length), emit);
    control.processed++;
  }
  stage.end(emit);
  target.end();
  return { bytesIn, bytesOut: target.bytes };
}

/** Collects what a stage emits, in pieces of any size, into records worth sending. */
class CancellableOutput {
  bytes = 0;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private filled = 0;

  constructor(private readonly ring: SharedRing, private readonly cancelled: () => boolean) {}

  push(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.filled + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length > BUFFER_BYTES) {
      this.send(bytes, bytes.length);
      return;
    }
    this.buffer.set(bytes, this.filled);
    this.filled += bytes.length;
  }

  flush(): void {
    this.send(this.buffer, this.filled);
    this.filled = 0;
  }

  /** Says that the stream is over. */
  end(): void {
    this.flush();
    while (this.ring.push(NO_BYTES, 0, 0, WAIT_MS) !== "ok") this.expectWanted();
  }

  private send(bytes: Uint8Array, end: number): void {
    let at = 0;
    while (at < end) {
      at += this.ring.pushChunks(bytes, at, end, WAIT_MS);
      if (at < end) this.expectWanted();
    }
  }

  private expectWanted(): void {
    if (this.cancelled() || this.ring.stopped) throw new StreamCancelledError();
  }
}
