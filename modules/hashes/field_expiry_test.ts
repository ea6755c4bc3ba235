// The commands about field expiry on the rig: events, dirty counts, error words, encodings, room, memory.
import assert from "node:assert/strict";
import { ActiveExpire } from "../../core/keyspace/active_expire.ts";
import { datasetDigest } from "../../core/keyspace/digest.ts";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK } from "../../core/keyspace/entry_layout.ts";
import { memoryUsage } from "../../core/keyspace/memory_usage.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig, type RigOptions } from "../test_support/command_rig.ts";
import { hashCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NUMFIELDS = "-ERR numfields should be greater than 0 and match the provided number of fields\r\n";
const NOW = 1_700_000_000_000;

function newRig(options: RigOptions = {}): CommandRig {
  const rig = new CommandRig([...hashCommands, ...stringCommands], options);
  const { clock } = rig.keyspace;
  let now = NOW;
  clock.update = () => clock.ms = now;
  later = (milliseconds) => {
    now += milliseconds;
    clock.update();
  };
  later(0);
  return rig;
}

/** Moves the clock of the rig that was made last. */
let later: (milliseconds: number) => void;

function integers(...numbers: number[]): string {
  return `*${numbers.length}\r\n${numbers.map((number) => `:${number}\r\n`).join("")}`;
}

function find(rig: CommandRig, key: string): number {
  const bytes = new TextEncoder().encode(key);
  return rig.keyspace.databases[0].peek(bytes, 0, bytes.length);
}

/** Runs a command; returns its events, and how much dirtier the dataset is. */
function effects(rig: CommandRig, ...words: string[]): [string, number] {
  rig.takeEvents();
  const { dirty } = rig.keyspace;
  rig.raw(...words);
  return [rig.takeEvents().join(", "), rig.keyspace.dirty - dirty];
}

Deno.test("events and dirty counts", () => {
  const rig = newRig();
  rig.raw("HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4");
  const expect = (words: string, events: string, dirty: number) =>
    assert.deepEqual(effects(rig, ...words.split(" ")), [events, dirty], words);
  expect("HEXPIRE h 10 FIELDS 3 a b none", "hash hexpire h", 2);
  expect("HEXPIRE h 10 NX FIELDS 2 a b", "", 0);
  expect("HEXPIRE none 10 FIELDS 1 a", "", 0);
  expect("HPERSIST h FIELDS 2 a c", "hash hpersist h", 1);
  expect("HPERSIST h FIELDS 1 a", "", 0);
  expect("HSETEX h EX 10 FIELDS 2 a 1 e 5", "hash hset h, hash hexpire h", 2);
  expect("HSETEX h FIELDS 1 a 1", "hash hset h", 1);
  expect("HSETEX h FNX EX 10 FIELDS 1 a 1", "", 0);
  expect("HGETEX h FIELDS 1 a", "", 0);
  expect("HGETEX h EX 10 FIELDS 2 a none", "hash hexpire h", 1);
  expect("HGETEX h PERSIST FIELDS 2 a c", "hash hpersist h", 1);
  expect("HGETDEL h FIELDS 2 a none", "hash hdel h", 1);
  expect("HEXPIREAT h 1 FIELDS 2 b c", "hash hexpired h", 2);
  expect("HGETEX h EXAT 1 FIELDS 1 e", "hash hexpired h", 1);
  expect(
    "HSETEX h EXAT 1 FIELDS 2 d 1 f 1",
    "hash hset h, hash hexpire h, hash hexpired h, generic del h",
    1,
  );
  expect("HSETEX h EXAT 1 FIELDS 1 d 1", "hash hset h, hash hexpire h, hash hexpired h, generic del h", 0);
  rig.raw("HSET", "h", "a", "1");
  expect("HGETDEL h FIELDS 1 a", "hash hdel h, generic del h", 1);
  rig.raw("HSET", "h", "a", "1");
  expect("HPEXPIRE h 0 FIELDS 1 a", "hash hexpired h, generic del h", 1);
  assert.equal(find(rig, "h"), 0);
  assert.equal(rig.keyspace.databases[0].fieldExpires.size, 0);
});

Deno.test("an expired field that is set again has expired first", () => {
  const rig = newRig();
  rig.raw("HSETEX", "h", "PX", "5", "FIELDS", "4", "a", "1", "b", "2", "c", "3", "d", "4");
  rig.raw("HSET", "h", "stays", "1");
  later(6);
  assert.equal(rig.raw("HLEN", "h"), ":5\r\n");
  assert.equal(rig.raw("HDEL", "h", "a"), ":0\r\n");
  assert.deepEqual(effects(rig, "HSET", "h", "a", "7"), ["hash hexpired h, hash hset h", 1]);
  assert.deepEqual(effects(rig, "HINCRBY", "h", "b", "7"), ["hash hexpired h, hash hincrby h", 1]);
  assert.deepEqual(effects(rig, "HINCRBYFLOAT", "h", "c", "7"), ["hash hexpired h, hash hincrbyfloat h", 1]);
  assert.deepEqual(effects(rig, "HSETNX", "h", "d", "7"), ["hash hexpired h, hash hset h", 1]);
  assert.equal(rig.raw("HMGET", "h", "a", "b", "c", "d"), "*4\r\n" + "$1\r\n7\r\n".repeat(4));
  assert.equal(rig.raw("HTTL", "h", "FIELDS", "4", "a", "b", "c", "d"), integers(-1, -1, -1, -1));
  assert.equal(rig.keyspace.stats.expiredFields, 4);
  assert.equal(rig.keyspace.databases[0].fieldExpires.size, 0);
});

Deno.test("active expiry deletes what is due, tells so, and the hash goes with its last field", () => {
  const rig = newRig();
  const { keyspace } = rig;
  const active = new ActiveExpire(keyspace);
  const cycle = () => active.slowCycle({ effort: 1, hz: 10 });
  rig.raw("HSETEX", "h", "PX", "5", "FIELDS", "2", "a", "1", "b", "2");
  rig.raw("HSETEX", "h", "PX", "50", "FIELDS", "1", "c", "3");
  rig.takeEvents();
  cycle();
  later(6);
  keyspace.deletesExpired = false;
  cycle();
  assert.deepEqual(rig.takeEvents(), []);
  assert.equal(rig.raw("HEXISTS", "h", "a"), ":0\r\n");
  keyspace.deletesExpired = true;
  cycle();
  assert.deepEqual(rig.takeEvents(), ["hash hexpired h"]);
  assert.equal(rig.raw("HLEN", "h"), ":1\r\n");
  later(50);
  cycle();
  assert.deepEqual(rig.takeEvents(), ["hash hexpired h", "generic del h"]);
  assert.equal(find(rig, "h"), 0);
  assert.equal(keyspace.stats.expiredFields, 3);
});

Deno.test("a hash with very many expired fields goes in slices, while others get their turn", () => {
  const rig = newRig();
  const { keyspace } = rig;
  const fields = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => [`field ${from + index}`, "value"]).flat();
  for (let from = 0; from < 40_000; from += 1000) {
    rig.raw("HSETEX", "big", "PX", "5", "FIELDS", "1000", ...fields(from, 1000));
  }
  for (let key = 0; key < 50; key++) rig.raw("HSETEX", `small ${key}`, "PX", "5", "FIELDS", "1", "a", "1");
  later(6);
  const active = new ActiveExpire(keyspace);
  let cycles = 0;
  let longest = 0;
  for (; keyspace.databases[0].size > 0; cycles++) {
    const before = keyspace.stats.expiredFields;
    // A fast cycle may last about a millisecond.
    active.fastCycle({ effort: 1, hz: 10 });
    if (keyspace.stats.expiredFields === before) active.slowCycle({ effort: 1, hz: 500 });
    longest = Math.max(longest, keyspace.stats.expiredFields - before);
    assert.ok(cycles < 100_000);
  }
  assert.equal(keyspace.stats.expiredFields, 40_050);
  assert.ok(cycles > 1 && longest < 40_000, `${cycles} cycles, ${longest} fields in one`);
});

Deno.test("errors", () => {
  const rig = newRig();
  rig.raw("HSET", "h", "a", "1");
  rig.raw("SET", "s", "1");
  const expect = (words: string, reply: string) => assert.equal(rig.raw(...words.split(" ")), reply, words);
  const arity = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;
  const time = (name: string) => `-ERR invalid expire time in '${name}' command\r\n`;
  expect("HEXPIRE h 10", arity("hexpire"));
  expect("HEXPIRE h 10 FIELDS 0", arity("hexpire"));
  expect("HTTL h FIELDS 1", arity("httl"));
  expect("HEXPIRE h 10 FIELDS 2 a", NUMFIELDS);
  expect("HEXPIRE h 10 FIELDS 0 a", NUMFIELDS);
  expect("HEXPIRE h 10 FIELDS -1 a", NUMFIELDS);
  expect("HEXPIRE h 10 NX NX FIELDS", NUMFIELDS);
  expect("HEXPIRE h 10 FIELDS x a", NOT_INTEGER);
  expect("HEXPIRE h x FIELDS 1 a", NOT_INTEGER);
  expect("HEXPIRE h -5 FIELDS 1 a", time("hexpire"));
  expect("HEXPIREAT h 9223372036854775807 FIELDS 1 a", time("hexpireat"));
  expect("HPEXPIRE h 9223372036854775807 FIELDS 1 a", time("hpexpire"));
  expect("HEXPIRE h 10 YY FIELDS 1 a", "-ERR Unsupported option YY\r\n");
  expect(
    "HEXPIRE h 10 NX XX FIELDS 1 a",
    "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n",
  );
  expect("HEXPIRE h 10 GT LT FIELDS 1 a", "-ERR GT and LT options at the same time are not compatible\r\n");
  expect("HEXPIRE s 10 FIELDS 1 a", WRONG_TYPE);
  expect("HPERSIST s FIELDS 1 a", WRONG_TYPE);
  expect("HPERSIST h FIELDS 2 a", NUMFIELDS);
  expect("HTTL s FIELDS 1 a", WRONG_TYPE);
  expect("HTTL h FIELDS 2 a", SYNTAX);
  expect("HTTL h FIELDS x a", NOT_INTEGER);
  expect("HSETEX h EX FIELDS 1 a b", SYNTAX);
  expect("HSETEX h EX 10 PX 10 FIELDS 1 a b", SYNTAX);
  expect("HSETEX h EX 10 KEEPTTL FIELDS 1 a b", SYNTAX);
  expect("HSETEX h FNX FXX FIELDS 1 a b", SYNTAX);
  expect("HSETEX h NX XX FIELDS 1 a b", SYNTAX);
  expect("HSETEX h PERSIST FIELDS 1 a b", SYNTAX);
  expect("HSETEX h KEEPTTL KEEPTTL KEEPTTL FIELDS", NUMFIELDS);
  expect("HSETEX h EX 10 FIELDS 2 a b", NUMFIELDS);
  expect("HSETEX h EX 10 FIELDS 1 a b c", NUMFIELDS);
  expect("HSETEX h EX -1 FIELDS 1 a b", time("hsetex"));
  expect("HSETEX h EX abc FIELDS 1 a b", NOT_INTEGER);
  expect("HSETEX s EX 10 FIELDS 1 a b", WRONG_TYPE);
  expect("HGETEX h EX 5 PX 6 FIELDS 1 a", SYNTAX);
  expect("HGETEX h KEEPTTL FIELDS 1 a", SYNTAX);
  expect("HGETEX h PERSIST PERSIST FIELDS", NUMFIELDS);
  expect("HGETEX h EX 5 1 a b", NUMFIELDS);
  expect("HGETEX h EX -10 FIELDS 1 a", time("hgetex"));
  expect("HGETEX s FIELDS 1 a", WRONG_TYPE);
  expect("HGETDEL h FIELDS 2 a", NUMFIELDS);
  expect("HGETDEL s FIELDS 1 a", WRONG_TYPE);
  expect("HGETALL h", "*2\r\n$1\r\na\r\n$1\r\n1\r\n");
  assert.equal(rig.keyspace.databases[0].fieldExpires.size, 0);
});

Deno.test("HSETEX on condition of the key: NX where it is absent, XX where it is there", () => {
  const rig = newRig();
  assert.equal(rig.raw("HSETEX", "h", "XX", "FIELDS", "1", "a", "1"), ":0\r\n");
  assert.equal(find(rig, "h"), 0);
  assert.equal(rig.raw("HSETEX", "h", "NX", "EX", "10", "FIELDS", "1", "a", "1"), ":1\r\n");
  assert.equal(rig.raw("HSETEX", "h", "nx", "FIELDS", "1", "a", "2"), ":0\r\n");
  assert.equal(rig.raw("HSETEX", "h", "XX", "FXX", "FIELDS", "1", "a", "2"), ":1\r\n");
  assert.equal(rig.raw("HGET", "h", "a"), "$1\r\n2\r\n");
});

Deno.test("the first expiry makes a table of the listpack; refused ones do not", () => {
  const rig = newRig();
  const encoding = () => rig.keyspace.entries.encoding(find(rig, "h"));
  rig.raw("HSET", "h", "a", "1", "b", "2");
  rig.raw("HEXPIRE", "h", "10", "XX", "FIELDS", "1", "a");
  rig.raw("HEXPIRE", "h", "10", "GT", "FIELDS", "1", "a");
  rig.raw("HEXPIRE", "h", "10", "FIELDS", "1", "none");
  rig.raw("HGETEX", "h", "EX", "10", "FIELDS", "1", "none");
  rig.raw("HSETEX", "h", "FIELDS", "1", "a", "1");
  rig.raw("HSETEX", "h", "KEEPTTL", "FIELDS", "1", "a", "1");
  rig.raw("HPEXPIRE", "h", "0", "FIELDS", "1", "b");
  assert.equal(encoding(), ENCODING_LISTPACK);
  assert.equal(rig.raw("HEXPIRE", "h", "10", "FIELDS", "1", "a"), integers(1));
  assert.equal(encoding(), ENCODING_HASHTABLE);
});

Deno.test("replies in RESP3 are maps and arrays of what has not expired", () => {
  const rig = newRig();
  rig.raw("HSETEX", "h", "PX", "5", "FIELDS", "1", "a", "1");
  rig.raw("HSET", "h", "b", "2");
  rig.protocol = 3;
  later(6);
  assert.equal(rig.raw("HGETALL", "h"), "%1\r\n$1\r\nb\r\n$1\r\n2\r\n");
  assert.equal(rig.raw("HKEYS", "h"), "*1\r\n$1\r\nb\r\n");
  assert.equal(rig.raw("HVALS", "h"), "*1\r\n$1\r\n2\r\n");
  assert.equal(
    rig.raw("HRANDFIELD", "h", "-2", "WITHVALUES"),
    "*2\r\n" + "*2\r\n$1\r\nb\r\n$1\r\n2\r\n".repeat(2),
  );
  assert.equal(rig.raw("HGETEX", "h", "FIELDS", "2", "a", "b"), "*2\r\n_\r\n$1\r\n2\r\n");
  assert.equal(rig.raw("HSCAN", "h", "0"), "*2\r\n$1\r\n0\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
  later(0);
  rig.raw("HPEXPIRE", "h", "5", "FIELDS", "1", "b");
  later(6);
  assert.equal(rig.raw("HGETALL", "h"), "%0\r\n");
  assert.equal(rig.raw("HRANDFIELD", "h"), "_\r\n");
  assert.equal(rig.raw("HRANDFIELD", "h", "5"), "*0\r\n");
  assert.equal(rig.raw("HRANDFIELD", "h", "-5"), "*0\r\n");
});

Deno.test("the digest tells that a field expires, not when", () => {
  const rig = newRig();
  const digest = (...words: string[]) => {
    rig.keyspace.flushAll();
    rig.raw("HSET", "h", "a", "1", "b", "2");
    if (words.length > 0) rig.raw(...words);
    return datasetDigest(rig.keyspace);
  };
  const plain = digest();
  const expiring = digest("HEXPIRE", "h", "10", "FIELDS", "1", "a");
  assert.notEqual(expiring, plain);
  assert.equal(digest("HEXPIRE", "h", "20", "FIELDS", "1", "a"), expiring);
  assert.notEqual(digest("HEXPIRE", "h", "10", "FIELDS", "1", "b"), expiring);
});

Deno.test("MEMORY USAGE counts what keeping times takes", () => {
  const rig = newRig({ config: { hashMaxListpackEntries: 0 } });
  const usage = () => memoryUsage(rig.keyspace, rig.keyspace.databases[0], find(rig, "h"), 0);
  const fields = Array.from({ length: 500 }, (_, index) => `field ${index}`);
  rig.raw("HSET", "h", ...fields.flatMap((field) => [field, "v"]));
  const { used } = rig.keyspace.arena.stats;
  const before = usage();
  rig.raw("HEXPIRE", "h", "10", "FIELDS", "500", ...fields);
  const grown = rig.keyspace.arena.stats.used - used;
  // The table of hashes with expiring fields counts with its overhead only.
  assert.ok(Math.abs(usage() - before - grown) < 200, `${usage() - before} of ${grown} bytes`);
});

Deno.test("when the arena is full, nothing is half-done: fields, times and replies", () => {
  const rig = newRig({ arenaBytes: 6 * 1024 * 1024 });
  const fields = Array.from({ length: 100 }, (_, index) => `field ${index}`);
  rig.raw("HSET", "packed", ...fields.flatMap((field) => [field, "v"]));
  rig.raw("HSET", "table", "long", "x".repeat(100), ...fields.flatMap((field) => [field, "v"]));
  assert.throws(() => {
    for (let key = 0;; key++) rig.raw("SET", `filler ${key}`, "y".repeat(4000));
  }, { code: "ARENA_FULL" });
  const { stats } = rig.keyspace.arena;
  const { used } = stats;
  const pairs = fields.flatMap((field) => [field, "z".repeat(400)]);
  for (const key of ["packed", "table", "new"]) {
    for (
      const words of [
        ["HEXPIRE", key, "10", "FIELDS", "100", ...fields],
        ["HGETEX", key, "EX", "10", "FIELDS", "100", ...fields],
        ["HSETEX", key, "EX", "10", "FIELDS", "100", ...pairs],
      ]
    ) {
      if (key === "new" && words[0] !== "HSETEX") continue;
      assert.throws(() => rig.raw(...words), { code: "ARENA_FULL" }, `${words[0]} ${key}`);
      assert.equal(rig.lastReply, "");
      assert.equal(stats.used, used);
    }
  }
  for (const key of ["packed", "table"]) {
    assert.equal(rig.raw("HTTL", key, "FIELDS", "2", "field 0", "field 99"), integers(-1, -1));
    assert.equal(rig.raw("HGET", key, "field 50"), "$1\r\nv\r\n");
  }
  assert.equal(find(rig, "new"), 0);
  assert.equal(rig.keyspace.databases[0].fieldExpires.size, 0);
});
