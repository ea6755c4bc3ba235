// Commands of every type that meet a full arena: each happens as a whole or not at all, nothing is lost or left behind,
// and what there is can still be read, deleted and dumped.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { valueDigest } from "../../core/keyspace/digest.ts";
import { TYPE_STREAM } from "../../core/keyspace/entry_layout.ts";
import { ARENA_FULL, type Ref } from "../../core/memory/arena.ts";
import { SPAN_BYTES } from "../../core/memory/arena_layout.ts";
import { READS, WRITES } from "./exercises.ts";
import { FullRig } from "./full_rig.ts";
import { Random } from "./random.ts";
import { SAMPLES, type ValueType, type Word } from "./samples.ts";
import { testSeed } from "../harness/test_seed.ts";

const ARENA_BYTES = 24 * 1024 * 1024;
const ROUNDS = 12;
const COMMANDS = 150;

/** What the key holds: its digest, and of a stream the groups and pending entries too, which that leaves out. */
function stateOf(rig: FullRig, key: string): string {
  const [database] = rig.keyspace.databases;
  const ref = database.peek(latin1Bytes(key), 0, key.length);
  const isStream = ref !== 0 && rig.keyspace.entries.type(ref) === TYPE_STREAM;
  return `${valueDigest(rig.keyspace, ref)} ${database.size} ${isStream ? rig.dump(key).toHex() : ""}`;
}

/** Runs a command; "full" where the arena was. */
function attempt(rig: FullRig, words: Word[]): string {
  try {
    return rig.run(words);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return "full";
  }
}

/** A write that adds much at once, so that it may fail half-way. */
function growing(type: ValueType, key: string, random: Random): Word[] {
  const words = (each: (index: number) => Word[]) => Array.from({ length: 300 }, (_, k) => each(k)).flat();
  const text = () => random.text(random.below(300));
  switch (type) {
    case "string":
      return ["APPEND", key, random.text(random.below(60_000))];
    case "list":
      return [random.pick(["RPUSH", "LPUSH"]), key, ...words(() => [text()])];
    case "set":
      return ["SADD", key, ...words((k) => [`${text()}${k}`])];
    case "zset":
      return ["ZADD", key, ...words((k) => [k, `${text()}${k}`])];
    case "hash":
      return ["HSET", key, ...words((k) => [`${random.below(500)}`, `${text()}${k}`])];
    case "stream":
      return ["XADD", key, "*", ...words((k) => [`f${k}`, text()])];
  }
}

function round(seed: number): number {
  const random = new Random(seed);
  const rig = new FullRig({ arenaBytes: ARENA_BYTES, config: [["rdb-version", "80"]] });
  const { arena, clock } = rig.keyspace;
  // Time stands still: that a consumer has asked is noted whether it gets something or not.
  clock.update = () => clock.ms;
  const empty = rig.usedBytes();
  for (const sample of SAMPLES) for (const words of sample.make(sample.name, random)) rig.run(words);
  const ballast: Ref[] = [];
  const spansLeft = random.below(4);
  while (arena.hasRun((spansLeft + 1) * SPAN_BYTES)) ballast.push(arena.allocate(SPAN_BYTES));
  let full = 0;
  for (let step = 0; step < COMMANDS; step++) {
    const { name, type } = random.pick(SAMPLES);
    const now = rig.run(["TYPE", name]).slice(1, -2);
    const kind = now in WRITES ? now as ValueType : type;
    const words = random.oneIn(2) ? growing(kind, name, random) : random.pick(WRITES[kind])(name, random);
    const before = stateOf(rig, name);
    if (attempt(rig, words) === "full") {
      full++;
      assert.equal(
        stateOf(rig, name),
        before,
        `${words.slice(0, 4).join(" ").slice(0, 100)} happened in part`,
      );
    }
    if (random.oneIn(10)) attempt(rig, random.pick(READS[kind])(name, random));
  }
  for (const block of ballast) arena.free(block);
  rig.run(["DEL", ...SAMPLES.map(({ name }) => name)]);
  assert.equal(rig.usedBytes(), empty, "memory that belongs to nothing");
  arena.verify();
  return full;
}

Deno.test("commands that meet a full arena happen as a whole or not at all", () => {
  const firstSeed = testSeed();
  let full = 0;
  for (let seed = firstSeed; seed < firstSeed + ROUNDS; seed++) {
    try {
      full += round(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(full > ROUNDS * 3, `${full} commands met a full arena`);
});
