// Micro-benchmarks of the RDB format: checksum, LZF, encoding through both readers, decoding with and without sink.
// Run: deno bench core/persistence/rdb/   (beside redis-server: bench/rdb.ts)
import { ImageReader } from "../../memory/arena_reader.ts";
import { ArenaDataset, encoderOptions, rdbHeader } from "./arena_dataset.ts";
import { MemoryByteSource } from "./byte_source.ts";
import { Crc64 } from "./crc64.ts";
import { RdbEncoder } from "./encoder.ts";
import { KeyspaceSink } from "./keyspace_sink.ts";
import { loadRdb } from "./load.ts";
import { LzfCompressor, lzfDecompress } from "../../bytes/lzf.ts";
import { LOAD_LIMITS_DEFAULT } from "./types/load_limits.ts";

const KEYS = 100_000;
const noise = new Uint8Array(256 * 1024);
for (let i = 0, state = 1; i < noise.length; i++) {
  noise[i] = (state = Math.imul(state, 1103515245) + 12345) >>> 24;
}
const text = new TextEncoder().encode(
  "a value as people write them, with words that come again and again. ".repeat(4000),
);
const packed = new Uint8Array(text.length);
const unpacked = new Uint8Array(text.length);
const compressor = new LzfCompressor();
const packedLength = compressor.compress(text, 0, text.length, packed, 0, packed.length);

Deno.bench({ name: "CRC-64 of 256 KiB", group: "checksum" }, () => {
  new Crc64().update(noise, 0, noise.length);
});

Deno.bench({ name: "LZF, 1000 x 64 B that do not shrink", group: "LZF" }, () => {
  for (let k = 0; k < 1000; k++) compressor.compress(noise, k * 64, k * 64 + 64, packed, 0, 60);
});
Deno.bench({ name: "LZF, 272 KB of text", group: "LZF" }, () => {
  compressor.compress(text, 0, text.length, packed, 0, packed.length);
});
Deno.bench({ name: "LZF back, 272 KB of text", group: "LZF" }, () => {
  lzfDecompress(packed, 0, packedLength, unpacked, 0, unpacked.length);
});

const dataset = new ArenaDataset(256 * 1024 * 1024);
for (let k = 0; k < KEYS; k++) {
  const at = (k * 64) % (noise.length - 64);
  const key = new TextEncoder().encode(`key:${`${k}`.padStart(12, "0")}`);
  dataset.keyspace.databases[0].setString(key, 0, key.length, noise, at, at + 64, -1);
}
const refs = dataset.refs();
dataset.arena.openReader();
const imageReader = ImageReader.from(dataset.arena.readerHandle());
const file = dataset.encode();

function encode(reader: typeof dataset.reader | ImageReader, compress: boolean): void {
  const encoder = new RdbEncoder(reader, { push: () => {} }, { ...encoderOptions, compress });
  encoder.header(rdbHeader);
  for (let k = 0; k < refs.length; k++) encoder.entry(refs[k][0], 0);
  encoder.end();
}

Deno.bench({ name: "encode 100k x 64 B, live", group: "encode" }, () => encode(dataset.reader, false));
Deno.bench({ name: "encode 100k x 64 B, image", group: "encode" }, () => encode(imageReader, false));
Deno.bench({ name: "encode 100k x 64 B, live, trying to compress", group: "encode" }, () => {
  encode(dataset.reader, true);
});

/** Hashes of 8 fields, half of them numbers: as listpacks, and field by field as large hashes come. */
const packedHashes = new ArenaDataset(256 * 1024 * 1024);
const tableHashes = new ArenaDataset(256 * 1024 * 1024);
for (let k = 0; k < KEYS; k++) {
  const elements = [];
  for (let field = 0; field < 8; field++) {
    elements.push(`field:${field}`, field % 2 ? `${k * field}` : `value ${k}`);
  }
  packedHashes.hashListpack(`key:${k}`, elements);
  const fields: Record<string, string> = {};
  for (let at = 0; at < elements.length; at += 2) fields[elements[at]] = elements[at + 1];
  tableHashes.hashTable(`key:${k}`, fields);
}
const packedFile = packedHashes.encode({ compress: false });
const tableFile = tableHashes.encode({ compress: false });
/** What is loaded into; no reader holds back what a load replaces. */
const target = new ArenaDataset(256 * 1024 * 1024);

function load(bytes: Uint8Array<ArrayBuffer>): void {
  const sink = new KeyspaceSink(target.keyspace, LOAD_LIMITS_DEFAULT, { existing: "replace" });
  loadRdb(new MemoryByteSource(bytes), sink, {
    databases: 16,
    checksum: "verify",
    versionCheck: "strict",
    unsupported: "refuse",
  });
}

Deno.bench({ name: "load 100k x 64 B into the keyspace", group: "decode" }, () => load(file));
Deno.bench({ name: "load 100k hashes of 8 fields, listpacks", group: "decode" }, () => {
  load(packedFile);
});
Deno.bench({ name: "load 100k hashes of 8 fields, field by field", group: "decode" }, () => {
  load(tableFile);
});
