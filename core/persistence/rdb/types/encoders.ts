// Which class encodes which value type: one line a type. Strings are encoded by ValueEncoder itself.
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from "../../../keyspace/entry_layout.ts";
import type { Ref } from "../../../memory/arena_layout.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import type { ChunkWriter } from "../chunk_writer.ts";
import { HashEncoder } from "./hash_encoder.ts";
import { ListEncoder } from "./list_encoder.ts";
import { SetEncoder } from "./set_encoder.ts";
import { StreamEncoder } from "./stream_encoder.ts";
import { ZsetEncoder } from "./zset_encoder.ts";

/**
 * Encodes the values of one type. Runs on the loop and in the workers of snapshot plugins, so it reads through the
 * ArenaReader only, and calls `writer.pollCancelled` now and then inside a long value. Allocates nothing per value.
 */
export interface TypeEncoder {
  /** The RDB type of a value in a stream of this RDB version (10, 11 or 80). `meta` is the entry's meta word. */
  rdbType(encoding: number, meta: number, version: number): number;
  /** Writes what follows type and key. `rdbType` is what the method above told. */
  encode(value: Ref, rdbType: number, encoding: number): void;
}

export type TypeEncoderClass = new (reader: ArenaReader, writer: ChunkWriter) => TypeEncoder;

/** By value type (TYPE_*). */
export const encoders: (TypeEncoderClass | undefined)[] = [];
encoders[TYPE_HASH] = HashEncoder;
encoders[TYPE_LIST] = ListEncoder;
encoders[TYPE_SET] = SetEncoder;
encoders[TYPE_STREAM] = StreamEncoder;
encoders[TYPE_ZSET] = ZsetEncoder;
