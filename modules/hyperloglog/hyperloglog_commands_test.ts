// The HyperLogLog commands on the rig: events, caching, error words, growth from sparse to dense, how good counts are.
// Replies and bytes are compared with redis-server in tests/interop.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { setCommands } from "../sets/commands.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { hyperLogLogCommands } from "./commands.ts";

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const INVALID = "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n";
const CORRUPT = "-INVALIDOBJ Corrupted HLL object detected\r\n";
const OK = "+OK\r\n";

function newRig(): CommandRig {
  return new CommandRig([...hyperLogLogCommands, ...stringCommands, ...setCommands]);
}

function elements(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `element ${from + index}`);
}

function countOf(rig: CommandRig, ...keys: string[]): number {
  const reply = rig.raw("PFCOUNT", ...keys);
  assert.match(reply, /^:\d+\r\n$/);
  return Number(reply.slice(1));
}

/** The bytes of a string. */
function contentOf(rig: CommandRig, key: string): Uint8Array {
  const reply = rig.raw("GET", key);
  return latin1Bytes(reply.slice(reply.indexOf("\r\n") + 2, -2));
}

Deno.test("events, dirty counts, and the cached count", () => {
  const rig = newRig();
  assert.equal(rig.raw("PFADD", "h"), ":1\r\n");
  assert.equal(rig.raw("PFADD", "h"), ":0\r\n");
  assert.equal(rig.raw("PFADD", "h", "a", "b", "a"), ":1\r\n");
  assert.equal(rig.raw("PFADD", "h", "b"), ":0\r\n");
  assert.equal(rig.keyspace.dirty, 3);
  assert.equal(contentOf(rig, "h")[15] & 0x80, 0x80);
  assert.equal(countOf(rig, "h"), 2);
  assert.equal(rig.keyspace.dirty, 4);
  assert.deepEqual([...contentOf(rig, "h").subarray(8, 16)], [2, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(countOf(rig, "h"), 2);
  assert.equal(rig.keyspace.dirty, 4);
  assert.equal(rig.raw("PFMERGE", "m", "h", "none"), OK);
  assert.equal(countOf(rig, "h", "m", "none"), 2);
  assert.equal(countOf(rig, "none"), 0);
  assert.equal(rig.raw("PFMERGE", "empty", "none"), OK);
  assert.equal(countOf(rig, "empty"), 0);
  assert.deepEqual(rig.takeEvents(), [
    "string pfadd h",
    "string pfadd h",
    "string pfadd m",
    "string pfadd empty",
  ]);
});

Deno.test("counts are near the truth, sparse and dense, alone and merged", () => {
  const rig = newRig();
  for (const size of [1, 10, 100, 500, 2000, 20_000]) {
    for (let from = 0; from < size; from += 1000) {
      rig.raw("PFADD", `a${size}`, ...elements(from, Math.min(from + 1000, size)));
    }
    assert.equal(rig.raw("PFDEBUG", "ENCODING", `a${size}`), size <= 500 ? "+sparse\r\n" : "+dense\r\n");
    const error = Math.abs(countOf(rig, `a${size}`) - size) / size;
    // Five standard errors; the elements are always the same, so this does not depend on chance.
    assert.ok(error < 0.041, `${size}: off by ${error}`);
  }
  rig.raw("PFADD", "b", ...elements(1500, 2500));
  const union = countOf(rig, "a2000", "b");
  assert.ok(Math.abs(union - 2500) < 100, `${union}`);
  assert.equal(rig.raw("PFMERGE", "m", "a2000", "b"), OK);
  assert.equal(countOf(rig, "m"), union);
});

Deno.test("the same elements in any order and any portions make the same registers", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3000), { minLength: 1, maxLength: 400, size: "max" }),
      fc.nat(30),
      (numbers, portion) => {
        const rig = newRig();
        const words = numbers.map((number) => `${number}`);
        rig.raw("PFADD", "a", ...words);
        const other = words.toReversed();
        for (let from = 0; from < other.length; from += portion + 1) {
          rig.raw("PFADD", "b", ...other.slice(from, from + portion + 1));
        }
        rig.raw("PFADD", "dense", "x");
        rig.raw("PFDEBUG", "TODENSE", "dense");
        rig.raw("PFADD", "dense", ...words);
        rig.raw("PFADD", "a", "x");
        rig.raw("PFADD", "b", "x");
        const count = countOf(rig, "a");
        assert.equal(countOf(rig, "b"), count);
        assert.equal(countOf(rig, "dense"), count);
        const registers = rig.raw("PFDEBUG", "GETREG", "a");
        assert.equal(rig.raw("PFDEBUG", "GETREG", "b"), registers);
        assert.equal(rig.raw("PFDEBUG", "GETREG", "dense"), registers);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("what is no HyperLogLog is refused", () => {
  const rig = newRig();
  rig.raw("SADD", "set", "1");
  rig.raw("PFADD", "good", "1");
  const commands = (key: string) => [
    ["PFADD", key, "1"],
    ["PFCOUNT", key],
    ["PFCOUNT", "good", key],
    ["PFMERGE", "good", key],
    ["PFMERGE", key, "good"],
    ["PFDEBUG", "GETREG", key],
  ];
  for (const words of commands("set")) assert.equal(rig.raw(...words), WRONG_TYPE, words.join(" "));
  for (const text of ["", "text", "123", "HYLL", `HYLL\x02${"\0".repeat(20)}`, `HYLL${"\0".repeat(20)}`]) {
    rig.raw("SET", "bad", text);
    for (const words of commands("bad")) assert.equal(rig.raw(...words), INVALID, words.join(" "));
    assert.equal(rig.raw("GET", "bad"), `$${text.length}\r\n${text}\r\n`);
  }
  assert.equal(rig.raw("PFDEBUG", "GETREG", "none"), "-ERR The specified key does not exist\r\n");
  assert.equal(rig.raw("PFDEBUG", "Nothing", "good"), "-ERR Unknown PFDEBUG subcommand 'Nothing'\r\n");
  rig.raw("PFDEBUG", "TODENSE", "good");
  assert.equal(rig.raw("PFDEBUG", "DECODE", "good"), "-ERR HLL encoding is not sparse\r\n");
});

Deno.test("a sparse one whose runs are too few or too many is refused and stays as it is", () => {
  for (const tail of ["", "\x7f\xfe", "\x7f\xff\x00", "\x7f\xff\x7f\xff", "\xff"]) {
    const rig = newRig();
    const broken = `HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80${tail}`;
    rig.raw("SET", "bad", latin1Bytes(broken));
    rig.raw("PFADD", "good", "1");
    rig.takeEvents();
    assert.equal(rig.raw("PFCOUNT", "bad"), CORRUPT);
    assert.equal(rig.raw("PFCOUNT", "good", "bad"), CORRUPT);
    assert.equal(rig.raw("PFMERGE", "good", "bad"), CORRUPT);
    assert.equal(rig.raw("PFDEBUG", "GETREG", "bad"), CORRUPT);
    assert.deepEqual(contentOf(rig, "bad"), latin1Bytes(broken));
    assert.deepEqual(rig.takeEvents(), []);
  }
});

Deno.test("PFDEBUG shows runs, PFSELFTEST finds nothing wrong", () => {
  const rig = newRig();
  rig.raw("PFADD", "h", "a", "b", "c");
  // What redis-server 7.0.15 says.
  const runs = "Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603";
  assert.equal(rig.raw("PFDEBUG", "DECODE", "h"), `$${runs.length}\r\n${runs}\r\n`);
  assert.equal(rig.raw("PFDEBUG", "TODENSE", "h"), ":1\r\n");
  assert.equal(rig.raw("PFDEBUG", "TODENSE", "h"), ":0\r\n");
  assert.equal(contentOf(rig, "h").length, 12304);
  assert.equal(rig.raw("PFSELFTEST"), OK);
});
