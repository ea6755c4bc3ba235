// Loads an RDB stream into a LoadSink: all at once, or in slices that leave the event loop alive in between (the
// server answers -LOADING meanwhile). Called at start, by DEBUG RELOAD, by full sync and for an AOF's RDB part.
import type { ByteSource } from "./byte_source.ts";
import {
  type ChecksumState,
  DECODE_DONE,
  DECODE_NEEDS_INPUT,
  RdbDecoder,
  type RdbDecoderOptions,
} from "./decoder.ts";
import type { LoadSink } from "./load_sink.ts";

export interface RdbLoadReport {
  version: number;
  checksum: ChecksumState;
  /** Keys handed to the sink. */
  keysLoaded: number;
  keysWithExpiry: number;
  /** Keys dropped because their time had passed. */
  keysExpired: number;
  emptyKeysSkipped: number;
  /** Keys of types that were stepped over, with `unsupported: "skip"`. */
  keysUnsupported: number;
  /** Length of the RDB part of the input. */
  bytes: number;
  /** Bytes that were read from the source beyond the RDB part. */
  leftover: Uint8Array;
}

export interface SlicedLoadOptions extends Omit<RdbDecoderOptions, "totalBytes"> {
  /** Longest time to decode without a pause. */
  sliceMilliseconds: number;
  /** Called between slices with the bytes taken so far; lets the event loop turn before its promise resolves. */
  pause: (bytesRead: number) => Promise<void>;
  /** Polled between slices: true ends the load with its reason. */
  signal?: AbortSignal;
}

/** Loads without pauses from a source that answers at once. Throws RdbError, and what the sink throws. */
export function loadRdb(
  source: ByteSource,
  sink: LoadSink,
  options: Omit<RdbDecoderOptions, "totalBytes">,
): RdbLoadReport {
  const decoder = new RdbDecoder(sink, { ...options, totalBytes: source.totalBytes });
  while (decoder.run(Infinity) !== DECODE_DONE) {
    const count = source.read(decoder.space());
    if (typeof count !== "number") throw new TypeError("loadRdb needs a source that reads at once");
    take(decoder, count);
  }
  return reportOf(decoder);
}

/** Loads in slices. Throws RdbError, what the sink and the source throw, and the signal's reason. */
export async function loadRdbInSlices(
  source: ByteSource,
  sink: LoadSink,
  options: SlicedLoadOptions,
): Promise<RdbLoadReport> {
  const decoder = new RdbDecoder(sink, { ...options, totalBytes: source.totalBytes });
  let deadline = performance.now() + options.sliceMilliseconds;
  try {
    for (;;) {
      const state = decoder.run(deadline);
      if (state === DECODE_DONE) return reportOf(decoder);
      if (state === DECODE_NEEDS_INPUT) {
        const count = source.read(decoder.space());
        take(decoder, typeof count === "number" ? count : await count);
      }
      if (performance.now() >= deadline) {
        await options.pause(decoder.offset);
        deadline = performance.now() + options.sliceMilliseconds;
      }
      options.signal?.throwIfAborted();
    }
  } finally {
    decoder.abort();
  }
}

function take(decoder: RdbDecoder, count: number): void {
  if (count === 0) decoder.endInput();
  else decoder.commit(count);
}

function reportOf(decoder: RdbDecoder): RdbLoadReport {
  const values = decoder.values;
  return {
    version: decoder.version,
    checksum: decoder.checksum,
    keysLoaded: values.keysLoaded,
    keysWithExpiry: values.keysWithExpiry,
    keysExpired: values.keysExpired,
    emptyKeysSkipped: values.emptyKeysSkipped,
    keysUnsupported: values.keysUnsupported,
    bytes: decoder.offset,
    leftover: decoder.leftover(),
  };
}
