// Throws damaged dumps at RESTORE and at the loader, for so many seconds, in a process of its own so that its owner sees
// a hang or a crash: `deno run -P=tools tests/faults/damaged_dumps.ts --seed N --seconds S [--payloads FILE]`. FILE has
// payloads of another server, one a line in hex. Prints "cases N" now and then; the first failure with its seed, and ends.
import assert from "node:assert/strict";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { valueDigest } from "../../core/keyspace/digest.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { LiveReader } from "../../core/memory/arena_reader.ts";
import { encoderOptions, rdbHeader } from "../../core/persistence/rdb/arena_dataset.ts";
import { MemoryByteSource } from "../../core/persistence/rdb/byte_source.ts";
import { VERSION_VALKEY } from "../../core/persistence/rdb/format.ts";
import { RdbEncoder } from "../../core/persistence/rdb/encoder.ts";
import { KeyspaceSink } from "../../core/persistence/rdb/keyspace_sink.ts";
import { loadRdb } from "../../core/persistence/rdb/load.ts";
import { RdbError } from "../../core/persistence/rdb/rdb_error.ts";
import { concatBytes } from "../../core/bytes/concat.ts";
import { GENERIC, READS, WRITES } from "../values/exercises.ts";
import { FullRig } from "../values/full_rig.ts";
import { Random } from "../values/random.ts";
import { SAMPLES, type ValueType, type Word } from "../values/samples.ts";
import { damaged, damagedPayload } from "./damage.ts";
import { checkReply } from "./reply_check.ts";

const MB = 1024 * 1024;
const ARENA_BYTES = 256 * MB;
/** What a value may take in memory for each byte of its payload: compression makes 88 bytes of one at most, and an
 *  element of two bytes becomes a node of a table. */
const BYTES_PER_PAYLOAD_BYTE_MAX = 88 * 64;
const BYTES_BESIDE_MAX = 256 * 1024;
const RSS_GROWTH_MAX = 1024 * MB;
/** Payloads up to this size are preferred: more cases in the same time. */
const SMALL_BYTES = 1500;
const BAD_FORMAT = "-ERR Bad data format\r\n";
const BAD_FOOTER = "-ERR DUMP payload version or checksum are wrong\r\n";
const KEYS = ["k", "k2", "k:copy"];

/** Variants of the configuration that dumps are made with and restored under. */
const CONFIGS: readonly [string, string][][] = [
  [["rdbcompression", "no"]],
  [["rdbcompression", "yes"]],
  [["rdbcompression", "no"], ["rdb-version", "10"]],
  [["rdbcompression", "no"], ["rdb-version", "11"]],
];

function configure(rig: FullRig, options: [string, string][]): void {
  const names = new Set(options.map(([name]) => name));
  const version: [string, string][] = names.has("rdb-version") ? [] : [["rdb-version", "80"]];
  assert.equal(rig.config.set([...version, ...options], { local: true, loading: false }), null);
}

/** The commands that make a sample, all of which have to succeed. */
function make(rig: FullRig, commands: Word[][]): void {
  for (const words of commands) {
    const reply = rig.run(words);
    if (reply.startsWith("-")) throw new Error(`${words.join(" ").slice(0, 80)}: ${reply}`);
  }
}

function ownPayloads(rig: FullRig, random: Random): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (const sample of SAMPLES) {
    for (const options of CONFIGS) {
      configure(rig, options);
      make(rig, sample.make("k", random));
      payloads.push(rig.dump("k"));
      rig.run(["DEL", "k"]);
    }
  }
  configure(rig, []);
  return payloads;
}

function wholeFile(
  rig: FullRig,
  random: Random,
  options: { version: number; compress: boolean },
): Uint8Array {
  for (const [at, sample] of SAMPLES.entries()) {
    if (sample.isNew && options.version < VERSION_VALKEY) continue;
    make(rig, sample.make(`key ${at}`, random));
    if (random.oneIn(3)) rig.run(["PEXPIRE", `key ${at}`, 10_000_000]);
  }
  const chunks: Uint8Array[] = [];
  const encoder = new RdbEncoder(new LiveReader(rig.keyspace.arena), {
    push: (chunk) => void chunks.push(chunk.slice()),
  }, { ...encoderOptions, ...options });
  encoder.header(rdbHeader);
  const database = rig.keyspace.databases[0];
  encoder.database(0, database.size, database.expires.size);
  database.keys.forEach((ref) => encoder.entry(ref, 0));
  encoder.end();
  removeAll(rig);
  return concatBytes(chunks);
}

function removeAll(rig: FullRig): void {
  for (const database of rig.keyspace.databases) {
    const refs: number[] = [];
    database.keys.forEach((ref) => void refs.push(ref));
    for (const ref of refs) database.removeEntry(ref);
  }
}

/** Runs a command that may fail for want of memory, and checks that its reply is well formed. */
function attempt(rig: FullRig, words: Word[], done: Word[][]): string {
  done.push(words);
  let reply: string;
  try {
    reply = rig.run(words);
  } catch (error) {
    if (error === ARENA_FULL) return "";
    throw error;
  }
  checkReply(reply);
  return reply;
}

function typeOfKey(rig: FullRig, key: string): ValueType | null {
  const type = rig.run(["TYPE", key]).slice(1, -2);
  return type in READS ? type as ValueType : null;
}

function exercise(rig: FullRig, key: string, random: Random, done: Word[][]): void {
  for (let step = 0; step < 7; step++) {
    const type = typeOfKey(rig, key);
    if (type === null) return;
    const kinds = random.oneIn(6) ? GENERIC : random.oneIn(2) ? READS[type] : WRITES[type];
    attempt(rig, random.pick(kinds)(key, random), done);
  }
}

/** What a value is dumped as must be restored as the same value. */
function dumpAgain(rig: FullRig, key: string): void {
  if (typeOfKey(rig, key) === null) return;
  rig.run(["DEL", "k2"]);
  assert.equal(rig.restore("k2", rig.dump(key)), "+OK\r\n", "what DUMP made is refused");
  const database = rig.keyspace.databases[0];
  const digest = (name: string) =>
    valueDigest(rig.keyspace, database.peek(latin1Bytes(name), 0, name.length));
  rig.run(["PERSIST", key]);
  assert.equal(digest("k2"), digest(key), "a value that was dumped and restored is another one");
}

function restoreCase(rig: FullRig, payload: Uint8Array, random: Random, empty: number): "taken" | "refused" {
  const done: Word[][] = [];
  try {
    let reply: string;
    try {
      reply = rig.restore("k", payload);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      reply = "";
    }
    if (reply !== "+OK\r\n") {
      assert.ok(reply === BAD_FORMAT || reply === BAD_FOOTER || reply === "", reply);
      assert.equal(rig.keyspace.size, 0, "a payload that was refused left a key");
      assert.equal(rig.usedBytes(), empty, "a payload that was refused left memory in use");
      return "refused";
    }
    const taken = rig.usedBytes() - empty;
    assert.ok(
      taken <= payload.length * BYTES_PER_PAYLOAD_BYTE_MAX + BYTES_BESIDE_MAX,
      `a payload of ${payload.length} bytes took ${taken}`,
    );
    dumpAgain(rig, "k");
    exercise(rig, "k", random, done);
    for (const key of ["k", "k:copy"]) dumpAgain(rig, key);
    rig.run(["DEL", ...KEYS]);
    assert.equal(rig.keyspace.size, 0);
    assert.equal(rig.usedBytes(), empty, "deleted keys left memory in use");
    return "taken";
  } catch (error) {
    console.log(`payload ${payload.toHex()}`);
    console.log(done.map((words) => words.join(" ")).join("\n"));
    throw error;
  }
}

function loadCase(rig: FullRig, file: Uint8Array, random: Random, empty: number): "taken" | "refused" {
  const sink = new KeyspaceSink(rig.keyspace, rig.config.values, { existing: "refuse" });
  let outcome: "taken" | "refused" = "taken";
  try {
    loadRdb(new MemoryByteSource(file), sink, {
      databases: rig.keyspace.databases.length,
      checksum: "ignore",
      versionCheck: "relaxed",
      unsupported: "refuse",
    });
  } catch (error) {
    if (!(error instanceof RdbError) && error !== ARENA_FULL) throw error;
    outcome = "refused";
  }
  const done: Word[][] = [];
  for (let key = 0; key < SAMPLES.length; key++) exercise(rig, `key ${key}`, random, done);
  removeAll(rig);
  assert.equal(rig.usedBytes(), empty, `a load that was ${outcome} left memory in use`);
  return outcome;
}

function option(name: string, absent: string): string {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? absent : Deno.args[at + 1];
}

function main(): void {
  const firstSeed = Number(option("seed", `${Date.now() % 1_000_000_000}`));
  const seconds = Number(option("seconds", "10"));
  const deadline = performance.now() + seconds * 1000;
  const rig = new FullRig({ arenaBytes: ARENA_BYTES });
  const random = new Random(firstSeed);
  const payloads = ownPayloads(rig, random);
  const foreign = option("payloads", "");
  if (foreign !== "") {
    const lines = Deno.readTextFileSync(foreign).trim().split("\n");
    for (const line of lines) payloads.push(Uint8Array.fromHex(line));
  }
  const files = [
    wholeFile(rig, random, { version: 80, compress: false }),
    wholeFile(rig, random, { version: 11, compress: false }),
    wholeFile(rig, random, { version: 10, compress: true }),
  ];
  for (const payload of payloads) {
    assert.equal(rig.restore("k", payload), "+OK\r\n", payload.toHex());
    rig.run(["DEL", "k"]);
  }
  const small = payloads.filter((payload) => payload.length <= SMALL_BYTES);
  const empty = rig.usedBytes();
  const rss = Deno.memoryUsage().rss;
  const outcomes = { taken: 0, refused: 0, filesTaken: 0, filesRefused: 0 };
  let cases = 0;
  let told = performance.now();
  while (performance.now() < deadline) {
    const seed = firstSeed + cases;
    const chance = new Random(seed);
    try {
      if (cases % 50 === 49) {
        const outcome = loadCase(rig, damaged(chance.pick(files), chance, payloads), chance, empty);
        outcomes[outcome === "taken" ? "filesTaken" : "filesRefused"]++;
      } else {
        const payload = damagedPayload(chance.pick(chance.oneIn(8) ? payloads : small), chance, payloads);
        outcomes[restoreCase(rig, payload, chance, empty)]++;
      }
    } catch (error) {
      console.log(`FAILED at case ${cases} of --seed ${firstSeed}`);
      throw error;
    }
    cases++;
    if (performance.now() - told > 250) {
      told = performance.now();
      console.log(`cases ${cases}`);
      const grown = Deno.memoryUsage().rss - rss;
      assert.ok(grown < RSS_GROWTH_MAX, `memory grew by ${grown} bytes, --seed ${firstSeed}`);
    }
  }
  rig.keyspace.arena.verify();
  console.log(JSON.stringify({ seed: firstSeed, cases, ...outcomes }));
}

main();
