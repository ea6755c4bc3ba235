// A dump of every type that is loaded in pieces, with pauses anywhere: the same dataset as loaded at once; and loads that
// are given up or break off anywhere leave whole keys, and no memory that belongs to none.
import assert from "node:assert/strict";
import { concatBytes } from "../../core/bytes/concat.ts";
import { datasetDigest } from "../../core/keyspace/digest.ts";
import { LiveReader } from "../../core/memory/arena_reader.ts";
import { encoderOptions, rdbHeader } from "../../core/persistence/rdb/arena_dataset.ts";
import { type ByteSource, MemoryByteSource } from "../../core/persistence/rdb/byte_source.ts";
import { RdbEncoder } from "../../core/persistence/rdb/encoder.ts";
import { KeyspaceSink } from "../../core/persistence/rdb/keyspace_sink.ts";
import { loadRdb, loadRdbInSlices } from "../../core/persistence/rdb/load.ts";
import { RdbError } from "../../core/persistence/rdb/rdb_error.ts";
import { FullRig } from "./full_rig.ts";
import { Random } from "./random.ts";
import { SAMPLES } from "./samples.ts";

const ARENA_BYTES = 64 * 1024 * 1024;
const ROUNDS = 12;
const decoding = {
  databases: 2,
  checksum: "verify",
  versionCheck: "strict",
  unsupported: "refuse",
} as const;

/** Hands out its bytes in pieces of random size, its total unknown or known. */
class PieceSource implements ByteSource {
  readonly totalBytes: number | undefined;
  #at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly random: Random,
    private readonly most: number,
  ) {
    this.totalBytes = random.oneIn(2) ? bytes.length : undefined;
  }

  read(target: Uint8Array): number {
    const count = Math.min(1 + this.random.below(this.most), target.length, this.bytes.length - this.#at);
    target.set(this.bytes.subarray(this.#at, this.#at + count));
    this.#at += count;
    return count;
  }
}

function fileOf(version: number, random: Random): Uint8Array<ArrayBuffer> {
  const rig = new FullRig({ arenaBytes: ARENA_BYTES });
  for (const [at, sample] of SAMPLES.entries()) {
    if (sample.isNew && version < 80) continue;
    for (const words of sample.make(`key ${at}`, random)) rig.run(words);
  }
  const chunks: Uint8Array[] = [];
  const sink = { push: (chunk: Uint8Array) => void chunks.push(chunk.slice()) };
  const encoder = new RdbEncoder(new LiveReader(rig.keyspace.arena), sink, { ...encoderOptions, version });
  encoder.header(rdbHeader);
  const [database] = rig.keyspace.databases;
  encoder.database(0, database.size, database.expires.size);
  database.keys.forEach((ref) => encoder.entry(ref, 0));
  encoder.end();
  return concatBytes(chunks);
}

function sinkOf(rig: FullRig): KeyspaceSink {
  return new KeyspaceSink(rig.keyspace, rig.config.values, { existing: "refuse" });
}

function expectNoLeak(rig: FullRig, empty: number, what: string): void {
  const refs: number[] = [];
  const [database] = rig.keyspace.databases;
  database.keys.forEach((ref) => void refs.push(ref));
  for (const ref of refs) database.removeEntry(ref);
  assert.equal(rig.usedBytes(), empty, what);
}

for (const version of [80, 11, 10]) {
  Deno.test(`RDB version ${version} in pieces, with pauses, broken off and given up`, async () => {
    const seed = Date.now() % 1_000_000;
    const random = new Random(seed);
    const file = fileOf(version, random);
    const whole = new FullRig({ arenaBytes: ARENA_BYTES });
    loadRdb(new MemoryByteSource(file), sinkOf(whole), decoding);
    const expected = datasetDigest(whole.keyspace);
    const rig = new FullRig({ arenaBytes: ARENA_BYTES });
    const empty = rig.usedBytes();
    for (let round = 0; round < ROUNDS; round++) {
      const most = random.pick([1, 7, 100, 5000, 100_000]);
      const source = new PieceSource(file, random, most);
      await loadRdbInSlices(source, sinkOf(rig), {
        ...decoding,
        sliceMilliseconds: 0,
        pause: () => Promise.resolve(),
      });
      assert.equal(datasetDigest(rig.keyspace), expected, `seed ${seed}`);
      expectNoLeak(rig, empty, `a whole load, seed ${seed}`);

      const cut = file.slice(0, random.below(file.length));
      const broken = loadRdbInSlices(new PieceSource(cut, random, most), sinkOf(rig), {
        ...decoding,
        sliceMilliseconds: 0,
        pause: () => Promise.resolve(),
      });
      await assert.rejects(broken, RdbError);
      expectNoLeak(rig, empty, `a load that breaks off, seed ${seed}`);

      const controller = new AbortController();
      let pauses = random.below(200);
      const givenUp = loadRdbInSlices(new PieceSource(file, random, 300), sinkOf(rig), {
        ...decoding,
        sliceMilliseconds: 0,
        pause: () => Promise.resolve(pauses-- === 0 ? controller.abort(new Error("enough")) : undefined),
        signal: controller.signal,
      });
      await assert.rejects(givenUp, /enough/);
      expectNoLeak(rig, empty, `a load that is given up, seed ${seed}`);
    }
    rig.keyspace.arena.verify();
  });
}
