// Saves of every type against what there was: a played worker encodes entries with a real encoder, on the same thread,
// and between any two of its reads commands change what is being saved. Every entry of the cut must come exactly once
// and as it was, by both kinds of strategy, and when the save has ended nothing of it is left.
import assert from "node:assert/strict";
import { ARENA_FULL, type Ref } from "../../core/memory/arena.ts";
import { type ArenaReader, LiveReader } from "../../core/memory/arena_reader.ts";
import {
  beginPlayed,
  type EntryReading,
  type Kind,
  KINDS,
  toTheEnd,
} from "../../core/persistence/snapshot/played_worker.ts";
import type { SnapshotFormat } from "../../plugins/sdk/snapshot/snapshot_job.ts";
import { SPAN_BYTES } from "../../core/memory/arena_layout.ts";
import type { SaveJob } from "../../core/persistence/snapshot/save_job.ts";
import { CommandTexts, type EntryTexts, RdbTexts } from "./entry_texts.ts";
import { READS, WRITES } from "./exercises.ts";
import { FullRig } from "./full_rig.ts";
import { Random } from "./random.ts";
import { SAMPLES, type ValueType, type Word } from "./samples.ts";

const MB = 1024 * 1024;
const DATABASES = 2;
const KEYS = 12;
const ROUNDS = 20;
const FORMATS: SnapshotFormat[] = ["rdb", "commands"];
/** One in so many reads of the worker has something happen before it. */
const READS_PER_CHANGE = 6;
/** Changes while one value is being read, at most: the rest goes undisturbed, so that a round ends. */
const CHANGES_PER_VALUE_MAX = 60;

/** Reads through another reader, and has something happen before a read now and then. */
class InterruptedReader implements ArenaReader {
  constructor(private readonly reader: ArenaReader, private readonly between: () => void) {}

  u8(address: number): number {
    this.between();
    return this.reader.u8(address);
  }

  u32(word: number): number {
    this.between();
    return this.reader.u32(word);
  }

  f64(index: number): number {
    this.between();
    return this.reader.f64(index);
  }

  copyOut(address: number, length: number, target: Uint8Array, offset: number): void {
    this.between();
    this.reader.copyOut(address, length, target, offset);
  }

  root(index: number): Ref {
    return this.reader.root(index);
  }
}

/** Many small nodes: values that are copied for a snapshot, but freed in the background. */
const SMALL_PACKED: [string, string][] = [
  ["hash-max-listpack-entries", "16"],
  ["set-max-listpack-entries", "16"],
  ["list-max-listpack-size", "4"],
  ["list-compress-depth", "2"],
  ["stream-node-max-entries", "4"],
];

class Round {
  readonly rig = new FullRig({
    arenaBytes: 48 * MB,
    config: [...SMALL_PACKED, ["rdb-version", "80"]],
  });
  readonly usedWhenEmpty = this.rig.usedBytes();
  readonly done: string[] = [];
  /** Commands that met a full arena. */
  refused = 0;
  private readonly texts: EntryTexts;

  constructor(private readonly random: Random, format: SnapshotFormat) {
    this.texts = format === "rdb" ? new RdbTexts() : new CommandTexts();
    for (let key = 0; key < KEYS; key++) {
      const sample = random.pick(SAMPLES);
      this.use(random.below(DATABASES));
      for (const words of sample.make(`k${key}`, random, random.oneIn(3) ? 5 : 1)) this.run(words);
    }
  }

  private use(database: number): void {
    this.rig.run(["SELECT", database]);
  }

  private run(words: Word[]): string {
    this.done.push(words.join(" ").slice(0, 100));
    try {
      return this.rig.run(words);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      this.refused++;
      return "";
    }
  }

  private restore(key: string, payload: Uint8Array): void {
    try {
      assert.equal(this.rig.raw("RESTORE", key, "0", payload, "REPLACE"), "+OK\r\n");
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      this.refused++;
    }
  }

  /** One command on one of the keys, whatever it is now. */
  change(): void {
    const { random, rig } = this;
    this.use(random.below(DATABASES));
    const key = `k${random.below(KEYS)}`;
    const type = rig.run(["TYPE", key]).slice(1, -2);
    switch (random.below(16)) {
      case 0:
        return void this.run([random.oneIn(2) ? "DEL" : "UNLINK", key]);
      case 1:
        return void this.run(["RENAME", key, `k${random.below(KEYS)}`]);
      case 2:
        return void this.run([
          "COPY",
          key,
          `k${random.below(KEYS)}`,
          "DB",
          random.below(DATABASES),
          "REPLACE",
        ]);
      case 3:
        return void this.run(random.oneIn(3) ? ["SWAPDB", 0, 1] : ["MOVE", key, random.below(DATABASES)]);
      case 4:
        return void this.run(
          random.oneIn(2) ? ["PERSIST", key] : ["PEXPIRE", key, 1 + random.below(100_000)],
        );
      case 6: {
        const payload = rig.dump(`k${random.below(KEYS)}`);
        if (payload.length > 0) this.restore(key, payload);
        return;
      }
      case 5: {
        const commands = random.pick(SAMPLES).make(key, random);
        for (const words of commands.slice(0, 30)) this.run(words);
        return;
      }
    }
    if (type in WRITES) this.run(random.pick(WRITES[type as ValueType])(key, random));
    if (type in READS) this.run(random.pick(READS[type as ValueType])(key, random));
    rig.keyspace.lazyFree.run(100);
  }

  /** Every entry as it is now. */
  entriesNow(): Map<string, string> {
    const reader = new LiveReader(this.rig.keyspace.arena);
    const all = new Map<string, string>();
    for (const database of this.rig.keyspace.databases) {
      database.keys.forEach((ref) => {
        const { key, text } = this.texts.of(reader, ref);
        all.set(`${database.id}/${key}`, text);
      });
    }
    return all;
  }

  /** Reads an entry with the encoder; between two reads the loop makes changes. */
  readonly reading: EntryReading = (view, ref) => {
    const { random, texts } = this;
    let left = CHANGES_PER_VALUE_MAX;
    const between = () => {
      if (left === 0 || !random.oneIn(READS_PER_CHANGE)) return;
      left--;
      if (random.oneIn(5)) this.step();
      else this.change();
    };
    return (function* () {
      yield;
      return texts.of(new InterruptedReader(view, between), ref);
    })();
  };

  job: SaveJob | null = null;

  private step(): void {
    this.job?.step();
  }
}

type Course = "to its end" | "in a nearly full arena" | "cancelled";

async function round(kind: Kind, format: SnapshotFormat, course: Course, seed: number): Promise<number> {
  const random = new Random(seed);
  const round = new Round(random, format);
  const { rig } = round;
  const { arena } = rig.keyspace;
  const ballast: Ref[] = [];
  if (course === "in a nearly full arena") {
    while (arena.hasRun(SPAN_BYTES)) ballast.push(arena.allocate(SPAN_BYTES));
  }
  const cut = round.entriesNow();
  const { job, worker } = beginPlayed(rig.keyspace, kind, { format }, round.reading);
  round.job = job;
  for (let moment = 0; moment < 30; moment++) {
    if (random.oneIn(3)) worker.work(1 + random.below(2));
    else if (random.oneIn(4)) job.step();
    else round.change();
  }
  if (course === "cancelled") {
    job.cancel();
    for (let moment = 0; moment < 30; moment++) round.change();
    assert.deepEqual(await job.done, { result: "cancelled" });
  } else {
    toTheEnd(job, worker);
    assert.deepEqual(worker.delivered, cut);
    worker.finish();
    assert.equal((await job.done).result, "saved");
  }
  for (const block of ballast) arena.free(block);
  expectNothingLeft(round);
  return round.refused;
}

/** Nothing is left of the save, and nothing of the keys once they go. */
function expectNothingLeft({ rig, usedWhenEmpty }: Round): void {
  const { keyspace } = rig;
  assert.equal(keyspace.cut, null);
  assert.equal(keyspace.imageActive, false);
  for (const database of keyspace.databases) {
    const refs: Ref[] = [];
    database.keys.forEach((ref) => void refs.push(ref));
    for (const ref of refs) database.removeEntry(ref);
  }
  assert.equal(rig.usedBytes(), usedWhenEmpty, "the save or its changes left memory in use");
  assert.equal(keyspace.arena.retiredBytes, 0);
  keyspace.arena.verify();
}

async function rounds(kind: Kind, format: SnapshotFormat, course: Course): Promise<number> {
  const firstSeed = Date.now() % 1_000_000;
  let refused = 0;
  for (let seed = firstSeed; seed < firstSeed + ROUNDS; seed++) {
    try {
      refused += await round(kind, format, course, seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return refused;
}

for (const [kind, format] of KINDS.flatMap((kind) => FORMATS.map((format) => [kind, format] as const))) {
  Deno.test(`${kind}, ${format}: values of every type are saved as they were while commands change them`, async () => {
    await rounds(kind, format, "to its end");
  });

  Deno.test(`${kind}, ${format}: in a nearly full arena changes are refused whole and the save is as it should be`, async () => {
    const refused = await rounds(kind, format, "in a nearly full arena");
    assert.ok(refused > ROUNDS, `${refused} commands met a full arena`);
  });

  Deno.test(`${kind}, ${format}: a cancelled save of every type leaves nothing`, async () => {
    await rounds(kind, format, "cancelled");
  });
}
