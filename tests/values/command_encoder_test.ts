// A dataset of every type and encoding as commands (the base of a log without RDB preamble): run by a fresh server, they
// make the same dataset, and they are what Valkey writes.
import assert from "node:assert/strict";
import { latin1Text } from "../../core/bytes/ascii.ts";
import { concatBytes } from "../../core/bytes/concat.ts";
import { LiveReader } from "../../core/memory/arena_reader.ts";
import {
  CommandEncoder,
  type CommandEncoderOptions,
} from "../../core/persistence/aof/commands/command_encoder.ts";
import { parseCommands } from "../interop/fed_server.ts";
import { FullRig } from "./full_rig.ts";
import { Random } from "./random.ts";
import { SAMPLES, type Word } from "./samples.ts";

const MB = 1024 * 1024;
const ROUNDS = 12;
const KEYS = 12;
const DATABASES = [0, 1];
const DAY_MS = 86_400_000;

/** Limits that make other encodings and other nodes of the same values. */
const LIMITS: [string, string][][] = [
  [],
  [["list-max-listpack-size", "4"], ["list-compress-depth", "1"], ["stream-node-max-entries", "5"]],
  [["hash-max-listpack-entries", "0"], ["zset-max-listpack-entries", "0"], ["set-max-intset-entries", "0"]],
  [["list-max-listpack-size", "-5"], ["list-compress-depth", "1"], ["set-max-listpack-entries", "100000"]],
];

function rigWith(config: [string, string][]): FullRig {
  return new FullRig({ arenaBytes: 48 * MB, config });
}

function commandsOf(rig: FullRig, more: CommandEncoderOptions = {}): Uint8Array {
  const chunks: Uint8Array[] = [];
  const sink = { push: (chunk: Uint8Array) => chunks.push(chunk.slice()) };
  const encoder = new CommandEncoder(new LiveReader(rig.keyspace.arena), sink, more);
  let count = 0;
  for (const { id, keys } of rig.keyspace.databases) {
    keys.forEach((ref) => {
      encoder.entry(ref, id);
      count++;
    });
  }
  encoder.end();
  const bytes = concatBytes(chunks);
  assert.equal(encoder.keys, count);
  assert.equal(encoder.totalBytes, bytes.length);
  return bytes;
}

function parsed(bytes: Uint8Array): string[][] {
  return parseCommands(latin1Text(bytes, 0, bytes.length));
}

function run(rig: FullRig, commands: Word[][]): void {
  for (const words of commands) {
    const reply = rig.run(words);
    assert.ok(!reply.startsWith("-"), `${words.join(" ").slice(0, 200)}: ${reply}`);
  }
}

function selectAll(rig: FullRig, visit: (database: number) => void): void {
  for (const database of DATABASES) {
    run(rig, [["SELECT", database]]);
    visit(database);
  }
}

/** What a dataset is: its digest, and of each key when it expires, with its fields, and groups of streams. */
function described(rig: FullRig): Record<string, unknown> {
  const found: Record<string, unknown> = { digest: rig.run(["DEBUG", "DIGEST"]) };
  selectAll(rig, (database) => {
    const size = Number(rig.run(["DBSIZE"]).slice(1, -2));
    found[`${database} size`] = size;
    for (let at = 0; at < KEYS; at++) {
      const key = `k${at}`;
      const type = rig.run(["TYPE", key]).slice(1, -2);
      found[`${database} ${key}`] = [
        type,
        rig.run(["PEXPIRETIME", key]),
        rig.run(["DEBUG", "DIGEST-VALUE", key]),
        type === "hash" ? rig.run(["HPEXPIRETIME", key, "FIELDS", 4, "f1", "f2", "f3", "f50"]) : "",
        type === "stream" ? rig.run(["XPENDING", key, "group"]) : "",
        // Without the shape of the tree and what a log does not tell.
        type === "stream"
          ? rig.run(["XINFO", "STREAM", key]).replace(/radix-tree-(keys|nodes)\r\n:\d+/g, "")
          : "",
      ];
    }
  });
  return found;
}

Deno.test("the commands of a dataset make the same dataset", () => {
  const firstSeed = Date.now() % 1_000_000;
  for (let seed = firstSeed; seed < firstSeed + ROUNDS; seed++) {
    const random = new Random(seed);
    const rig = rigWith(LIMITS[seed % LIMITS.length]);
    selectAll(rig, () => {
      for (let key = 0; key < KEYS; key++) {
        for (const words of random.pick(SAMPLES).make(`k${key}`, random, random.oneIn(4) ? 4 : 1)) {
          rig.run(words);
        }
        // XCLAIM, by which a log tells what is pending, passes over entries that are gone: so they go first.
        rig.run(["XAUTOCLAIM", `k${key}`, "group", "alice", DAY_MS, "0-0", "COUNT", 10_000]);
        if (random.oneIn(3)) rig.run(["PEXPIRE", `k${key}`, DAY_MS + random.below(DAY_MS)]);
      }
    });
    const fresh = rigWith(LIMITS[random.below(LIMITS.length)]);
    run(fresh, parsed(commandsOf(rig)));
    assert.deepEqual(described(fresh), described(rig), `seed ${seed}`);
  }
});

/** The commands of what these make. */
function commandsFor(made: Word[][], config: [string, string][] = []): string[] {
  const rig = rigWith(config);
  run(rig, made);
  return parsed(commandsOf(rig)).map((words) => words.join(" "));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

Deno.test("strings, expiry and databases", () => {
  assert.deepEqual(
    commandsFor([["SET", "a", 12], ["PEXPIREAT", "a", 4_102_444_800_000], ["SELECT", 1], [
      "SET",
      "b",
      "text",
    ]]),
    ["SELECT 0", "SET a 12", "PEXPIREAT a 4102444800000", "SELECT 1", "SET b text"],
  );
  assert.deepEqual(commandsFor([]), []);
});

Deno.test("a string larger than a chunk", () => {
  const rig = rigWith([]);
  const random = new Random(7);
  for (const length of [262_119, 262_120, 262_121, 262_122, 262_144, 700_000]) {
    rig.run(["SET", `key of ${length}`, random.binary(length)]);
  }
  rig.run(["RPUSH", "list", random.binary(300_000), "x"]);
  const fresh = rigWith([]);
  run(fresh, parsed(commandsOf(rig)));
  assert.equal(fresh.run(["DEBUG", "DIGEST"]), rig.run(["DEBUG", "DIGEST"]));
});

Deno.test("elements are told 64 at a time", () => {
  const packed: [string, string][] = [["zset-max-listpack-entries", "1000"], [
    "hash-max-listpack-entries",
    "1000",
  ]];
  assert.deepEqual(commandsFor([["RPUSH", "l", ...range(1, 130)]]), [
    "SELECT 0",
    `RPUSH l ${range(1, 64).join(" ")}`,
    `RPUSH l ${range(65, 128).join(" ")}`,
    "RPUSH l 129 130",
  ]);
  assert.deepEqual(commandsFor([["SADD", "s", ...range(-3, 61)]]), [
    "SELECT 0",
    `SADD s ${range(-3, 60).join(" ")}`,
    "SADD s 61",
  ]);
  const pairs = range(1, 65).flatMap((at) => [at, `m${at}`]);
  assert.deepEqual(commandsFor([["ZADD", "z", ...pairs]], packed), [
    "SELECT 0",
    `ZADD z ${pairs.slice(0, 128).join(" ")}`,
    "ZADD z 65 m65",
  ]);
  assert.deepEqual(commandsFor([["HSET", "h", ...pairs]], packed), [
    "SELECT 0",
    `HMSET h ${pairs.slice(0, 128).join(" ")}`,
    "HMSET h 65 m65",
  ]);
});

Deno.test("scores have 17 digits", () => {
  const scores: [score: string, told: string][] = [
    ["-inf", "-inf"],
    ["-1.5", "-1.5"],
    ["-0.125", "-0.125"],
    ["0.1", "0.10000000000000001"],
    ["0.375", "0.375"],
    ["3", "3"],
    ["100.5", "100.5"],
    ["9007199254740993", "9007199254740992"],
    ["3e300", "3.0000000000000002e+300"],
    ["inf", "inf"],
  ];
  const made: Word[][] = [["ZADD", "z", ...scores.flatMap(([score], at) => [score, `m${at}`])]];
  const told = scores.map(([, text], at) => `${text} m${at}`);
  assert.deepEqual(commandsFor(made), ["SELECT 0", `ZADD z ${told.join(" ")}`]);
  const indexed = commandsFor(made, [["zset-max-listpack-entries", "0"]]);
  assert.deepEqual(indexed, ["SELECT 0", `ZADD z ${told.reverse().join(" ")}`]);
});

Deno.test("fields that expire are told one by one, and first", () => {
  const at = 4_102_444_800_000;
  const made: Word[][] = [["HSET", "h", "a", 1, "b", 2, "c", 3], ["HPEXPIREAT", "h", at, "FIELDS", 1, "b"]];
  const [select, first, rest] = commandsFor(made);
  assert.deepEqual([select, first], ["SELECT 0", `HSETEX h PXAT ${at} FIELDS 1 b 2`]);
  assert.deepEqual(rest.split(" ").sort(), ["1", "3", "HMSET", "a", "c", "h"]);
  made[1] = ["HPEXPIREAT", "h", at, "FIELDS", 3, "a", "b", "c"];
  assert.deepEqual(commandsFor(made).map((words) => words.split(" ")[0]), [
    "SELECT",
    "HSETEX",
    "HSETEX",
    "HSETEX",
  ]);
});

Deno.test("streams: entries, ids, groups, consumers, what is pending", () => {
  const told = commandsFor([
    ["XADD", "x", "5-1", "f", "v"],
    ["XADD", "x", "6-18446744073709551615", "g", "w", "h", "u"],
    ["XADD", "x", "7-0", "f", "v"],
    ["XADD", "x", "18446744073709551615-3", "f", "v"],
    ["XDEL", "x", "7-0"],
    ["XGROUP", "CREATE", "x", "g", "0"],
    ["XGROUP", "CREATECONSUMER", "x", "g", "idle"],
    ["XREADGROUP", "GROUP", "g", "bob", "COUNT", 1, "STREAMS", "x", ">"],
  ]);
  assert.deepEqual(
    told.slice(0, -1),
    [
      "SELECT 0",
      "XADD x 5-1 f v",
      "XADD x 6-18446744073709551615 g w h u",
      "XADD x 18446744073709551615-3 f v",
      "XSETID x 18446744073709551615-3 ENTRIESADDED 4 MAXDELETEDID 7-0",
      "XGROUP CREATE x g 5-1 ENTRIESREAD -1",
    ].concat(told.slice(6, -1)),
  );
  assert.equal(told.length, 8);
  const rest = told.slice(6).sort();
  assert.match(rest[0], /^XCLAIM x g bob 0 5-1 TIME \d{13} RETRYCOUNT 1 JUSTID FORCE$/);
  assert.equal(rest[1], "XGROUP CREATECONSUMER x g idle");
  assert.deepEqual(
    commandsFor([["XADD", "x", "5-1", "f", "v"], ["XDEL", "x", "5-1"], ["XGROUP", "CREATE", "x", "g", "0"]]),
    [
      "SELECT 0",
      "XADD x MAXLEN 0 0-1 x y",
      "XSETID x 5-1 ENTRIESADDED 1 MAXDELETEDID 5-1",
      "XGROUP CREATE x g 0-0 ENTRIESREAD -1",
    ],
  );
});

Deno.test("what stands before the entries", () => {
  const chunks: Uint8Array[] = [];
  const { arena } = rigWith([]).keyspace;
  const encoder = new CommandEncoder(
    new LiveReader(arena),
    { push: (chunk) => chunks.push(chunk.slice()) },
    {},
  );
  encoder.timestamp(1_700_000_000);
  encoder.functionLibrary(new TextEncoder().encode("#!lua name=lib\n"));
  encoder.end();
  const bytes = concatBytes(chunks);
  assert.equal(
    latin1Text(bytes, 0, bytes.length),
    "#TS:1700000000\r\n*3\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n$15\r\n#!lua name=lib\n\r\n",
  );
});

Deno.test("a cancelled save ends within a large value", () => {
  for (const sample of SAMPLES) {
    if (!/hashtable|skiplist|several|, quicklist/.test(sample.name)) continue;
    const rig = rigWith([]);
    for (const words of sample.make("key", new Random(1), 4)) rig.run(words);
    assert.throws(() => commandsOf(rig, { cancelled: () => true }), { code: "SAVE_CANCELLED" }, sample.name);
  }
});
