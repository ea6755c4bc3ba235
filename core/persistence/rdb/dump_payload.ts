// The payload of DUMP and RESTORE: type and value as in an RDB stream, two bytes of RDB version, eight of checksum.
// Called by the key commands, and by MIGRATE later.
import { concatBytes } from "../../bytes/concat.ts";
import type { ArenaReader } from "../../memory/arena_reader.ts";
import type { Ref } from "../../memory/arena_layout.ts";
import { WORD_KEY_LENGTH, WORD_META } from "../../keyspace/entry_layout.ts";
import { ChunkWriter } from "./chunk_writer.ts";
import { Crc64 } from "./crc64.ts";
import {
  CHECKSUM_BYTES,
  isForeignType,
  VERSION_COMMON_MAX,
  VERSION_FOREIGN_MAX,
  VERSION_VALKEY,
} from "./format.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import { Pacer } from "./pacer.ts";
import { RdbError } from "./rdb_error.ts";
import { RdbReader } from "./reader.ts";
import { RECORD_DONE } from "./types/decode_context.ts";
import { ValueDecoder } from "./value_decoder.ts";
import { ValueEncoder } from "./value_encoder.ts";

const VERSION_BYTES = 2;
const FOOTER_BYTES = VERSION_BYTES + CHECKSUM_BYTES;

/** Makes payloads. Keeps its memory (about 300 KiB), so one is enough for a server. */
export class DumpEncoder {
  readonly #options = { compress: true, checksum: true };
  readonly #writer: ChunkWriter;
  readonly #values: ValueEncoder;
  #chunks: Uint8Array[] = [];

  constructor(private readonly reader: ArenaReader) {
    this.#writer = new ChunkWriter({ push: (chunk) => void this.#chunks.push(chunk.slice()) }, this.#options);
    this.#values = new ValueEncoder(reader, this.#writer);
  }

  /** The payload for the value of the entry at `ref`. `compress` is `rdbcompression`. */
  dump(ref: Ref, options: { version: number; compress: boolean }): Uint8Array {
    const { reader } = this;
    const writer = this.#writer;
    this.#options.compress = options.compress;
    const meta = reader.u32(ref * 4 + WORD_META);
    const type = this.#values.rdbType(meta, options.version);
    writer.byte(type);
    this.#values.value(ref, meta, reader.u32(ref * 4 + WORD_KEY_LENGTH), type);
    writer.byte(options.version & 0xff);
    writer.byte(options.version >>> 8);
    writer.endWithChecksum();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks.length === 1 ? chunks[0] : concatBytes(chunks);
  }
}

/**
 * Whether `bytes[start, end)` ends in a version that can be read and in the right checksum. Where not, the reply is
 * "ERR DUMP payload version or checksum are wrong".
 */
export function isDumpPayload(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: { versionCheck: "strict" | "relaxed"; checksum?: "verify" | "ignore" },
): boolean {
  if (end - start < FOOTER_BYTES) return false;
  const version = payloadVersion(bytes, end);
  if (version < 1 || (options.versionCheck === "strict" && !isReadable(version))) return false;
  if (options.checksum === "ignore") return true;
  const checksumAt = end - CHECKSUM_BYTES;
  const crc = new Crc64();
  crc.update(bytes, start, checksumAt);
  return crc.matches(bytes, checksumAt);
}

/** The RDB version that a payload ending at `end` was made with. */
function payloadVersion(bytes: Uint8Array, end: number): number {
  return bytes[end - FOOTER_BYTES] | (bytes[end - FOOTER_BYTES + 1] << 8);
}

function isReadable(version: number): boolean {
  return version <= VERSION_COMMON_MAX || version === VERSION_VALKEY;
}

/**
 * Decodes a payload that `isDumpPayload` accepts into `sink` under the given key: one call of a method that takes a
 * value (or from `begin` to `end`). Throws an RdbError where the value is malformed, empty or of a type that is not
 * supported: the reply is "ERR Bad data format" then, and a value that was begun has been taken back. Also throws what
 * the sink throws; the sink answers false for a key that exists, so delete it before (RESTORE REPLACE).
 */
export function restorePayload(
  payload: Uint8Array,
  start: number,
  end: number,
  key: LoadedKey,
  sink: LoadSink,
): void {
  const reader = RdbReader.over(payload, start, end - FOOTER_BYTES);
  const values = new ValueDecoder(reader, sink, new Pacer(), { unsupported: "refuse" });
  reader.doing = "a value";
  reader.ready(1);
  const type = payload[reader.position++];
  const version = payloadVersion(payload, end);
  if (version > VERSION_COMMON_MAX && version <= VERSION_FOREIGN_MAX && isForeignType(type)) {
    throw reader.error(
      "RDB_UNKNOWN_TYPE",
      `type ${type} may mean something else in RDB version ${version}`,
      0,
    );
  }
  values.key.expireAt = key.expireAt;
  values.key.idleSeconds = key.idleSeconds;
  values.key.frequency = key.frequency;
  if (values.valueOf(type, key.bytes, key.start, key.end) !== RECORD_DONE) finish(values, type, reader);
  if (values.emptyKeysSkipped > 0) throw new RdbError("RDB_BAD_VALUE", 0, "the value has no elements");
}

function finish(values: ValueDecoder, type: number, reader: RdbReader): void {
  // All input is there and no deadline is set, so the steps never have to wait.
  if (values.long(type).next().done !== true) throw reader.error("RDB_TRUNCATED", "the value is incomplete");
}
