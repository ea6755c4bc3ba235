// The set commands on the rig: encodings and conversions, events, error words, fairness, the scan guarantee, no leak,
// nothing half-applied. What replies look like is compared with redis-server in tests/interop.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK } from "../../core/keyspace/entry_layout.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { setCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NULL = "$-1\r\n";

function newRig(config: Record<string, unknown> = {}, arenaBytes?: number): CommandRig {
  return new CommandRig([...setCommands, ...stringCommands], { config, arenaBytes });
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function find(rig: CommandRig, key: string): number {
  const bytes = new TextEncoder().encode(key);
  return rig.keyspace.databases[0].peek(bytes, 0, bytes.length);
}

function encodingOf(rig: CommandRig, key: string): number {
  return rig.keyspace.entries.encoding(find(rig, key));
}

/** The bulk strings of a flat array reply. */
function items(reply: string): string[] {
  return [...reply.matchAll(/\$(\d+)\r\n(.*?)\r\n/gs)].map((match) => match[2]);
}

function membersOf(rig: CommandRig, key: string): string[] {
  return items(rig.raw("SMEMBERS", key)).sort();
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${from + index}`);
}

const NAMES: Record<string, number> = {
  intset: ENCODING_INTSET,
  listpack: ENCODING_LISTPACK,
  hashtable: ENCODING_HASHTABLE,
};

/** Runs a test on sets of numbers in each encoding. */
function inAllEncodings(name: string, test: (rig: CommandRig, encoding: number) => void): void {
  Deno.test(`${name}, intset`, () => test(newRig(), ENCODING_INTSET));
  Deno.test(`${name}, listpack`, () => test(newRig({ setMaxIntsetEntries: 0 }), ENCODING_LISTPACK));
  const config = { setMaxIntsetEntries: 0, setMaxListpackEntries: 0 };
  Deno.test(`${name}, hashtable`, () => test(newRig(config), ENCODING_HASHTABLE));
}

inAllEncodings("add, look, remove", (rig, encoding) => {
  assert.equal(rig.raw("SADD", "s", "1", "2", "3", "2"), ":3\r\n");
  assert.equal(encodingOf(rig, "s"), encoding);
  assert.equal(rig.raw("SADD", "s", "3", "70000"), ":1\r\n");
  assert.equal(rig.raw("SCARD", "s"), ":4\r\n");
  assert.equal(rig.raw("SISMEMBER", "s", "70000"), ":1\r\n");
  assert.equal(rig.raw("SMISMEMBER", "s", "1", "x", "3"), "*3\r\n:1\r\n:0\r\n:1\r\n");
  assert.equal(rig.raw("SMISMEMBER", "none", "1", "x"), "*2\r\n:0\r\n:0\r\n");
  assert.equal(rig.raw("SREM", "s", "2", "2", "9", "70000"), ":2\r\n");
  assert.deepEqual(membersOf(rig, "s"), ["1", "3"]);
  assert.equal(encodingOf(rig, "s"), encoding);
  assert.equal(rig.raw("SREM", "s", "1", "3"), ":2\r\n");
  assert.equal(find(rig, "s"), 0);
  assert.equal(rig.raw("SREM", "s", "1"), ":0\r\n");
});

Deno.test("an intset becomes a listpack or a hashtable, a listpack a hashtable, and none goes back", () => {
  const cases: [encoding: string, given: string[], then: string[], becomes: string][] = [
    ["intset", numbers(512), [], "intset"],
    ["intset", numbers(512), ["512"], "hashtable"],
    ["hashtable", numbers(513), [], "hashtable"],
    ["intset", numbers(127), ["x"], "listpack"],
    ["intset", numbers(128), ["x"], "hashtable"],
    ["intset", ["1"], ["x".repeat(64)], "listpack"],
    ["intset", ["1"], ["x".repeat(65)], "hashtable"],
    ["intset", ["1"], ["9223372036854775807", "-9223372036854775808"], "intset"],
    ["intset", ["1"], ["9223372036854775808"], "listpack"],
    ["intset", ["1"], ["01"], "listpack"],
    ["listpack", ["x", ...numbers(127)], [], "listpack"],
    ["listpack", ["x", ...numbers(127)], ["127"], "hashtable"],
    ["hashtable", ["x", ...numbers(128)], [], "hashtable"],
    ["listpack", ["x"], ["y".repeat(65)], "hashtable"],
    ["hashtable", ["y".repeat(65), "x"], [], "hashtable"],
  ];
  for (const [encoding, given, then, becomes] of cases) {
    const rig = newRig();
    rig.raw("SADD", "s", ...given);
    assert.equal(encodingOf(rig, "s"), NAMES[encoding], given.slice(0, 2).join());
    if (then.length > 0) rig.raw("SADD", "s", ...then);
    assert.equal(encodingOf(rig, "s"), NAMES[becomes], `${given.length} and ${then}`);
    assert.deepEqual(membersOf(rig, "s"), [...given, ...then].sort());
    rig.raw("SREM", "s", ...then, ...given.slice(1));
    assert.equal(encodingOf(rig, "s"), NAMES[becomes]);
  }
});

Deno.test("what STORE makes has the encoding that its members need", () => {
  const rig = newRig();
  rig.raw("SADD", "words", "x", ...numbers(200));
  rig.raw("SADD", "numbers", ...numbers(300, 100));
  assert.equal(rig.raw("SINTERSTORE", "d", "words", "numbers"), ":100\r\n");
  assert.equal(encodingOf(rig, "d"), ENCODING_INTSET);
  assert.equal(rig.raw("SDIFFSTORE", "d", "words", "numbers"), ":101\r\n");
  assert.equal(encodingOf(rig, "d"), ENCODING_LISTPACK);
  assert.equal(rig.raw("SUNIONSTORE", "d", "words", "numbers"), ":401\r\n");
  assert.equal(encodingOf(rig, "d"), ENCODING_HASHTABLE);
});

inAllEncodings("both ways to subtract, and sets that are named twice", (rig) => {
  rig.raw("SADD", "a", ...numbers(20));
  rig.raw("SADD", "b", ...numbers(5));
  rig.raw("SADD", "big", ...numbers(100, 10));
  assert.deepEqual(items(rig.raw("SDIFF", "a", "b")).sort(), numbers(15, 5).sort());
  assert.deepEqual(items(rig.raw("SDIFF", "b", "big")).sort(), numbers(5).sort());
  assert.deepEqual(items(rig.raw("SDIFF", "a", "b", "big", "none")).sort(), numbers(5, 5).sort());
  assert.deepEqual(items(rig.raw("SDIFF", "big", "a", "b")).sort(), numbers(90, 20).sort());
  assert.equal(rig.raw("SDIFF", "none", "a"), "*0\r\n");
  assert.equal(rig.raw("SDIFF", "a", "b", "a"), "*0\r\n");
  assert.deepEqual(items(rig.raw("SUNION", "a", "a", "b")).sort(), numbers(20).sort());
  assert.deepEqual(items(rig.raw("SINTER", "a", "a", "big")).sort(), numbers(10, 10).sort());
  assert.equal(rig.raw("SUNIONSTORE", "a", "a", "b"), ":20\r\n");
  assert.equal(rig.raw("SDIFFSTORE", "a", "a", "b"), ":15\r\n");
  assert.equal(rig.raw("SINTERSTORE", "a", "a", "big"), ":10\r\n");
  assert.deepEqual(membersOf(rig, "a"), numbers(10, 10).sort());
  assert.equal(rig.raw("SINTERCARD", "2", "a", "big"), ":10\r\n");
  assert.equal(rig.raw("SINTERCARD", "2", "a", "big", "LIMIT", "3"), ":3\r\n");
});

Deno.test("STORE puts the result in the place of anything, and takes the key away where there is none", () => {
  const rig = newRig();
  rig.raw("SADD", "a", "1", "2");
  rig.raw("SET", "d", "text", "EX", "100");
  rig.takeEvents();
  assert.equal(rig.raw("SUNIONSTORE", "d", "a"), ":2\r\n");
  assert.equal(rig.keyspace.entries.expireAt(find(rig, "d")), -1);
  assert.equal(rig.raw("SINTERSTORE", "d", "a", "none"), ":0\r\n");
  assert.equal(rig.raw("SINTERSTORE", "d", "a", "none"), ":0\r\n");
  rig.raw("SET", "s", "text");
  assert.equal(rig.raw("SUNIONSTORE", "a", "a", "s"), WRONG_TYPE);
  assert.equal(rig.raw("SDIFFSTORE", "a", "none", "s"), WRONG_TYPE);
  assert.equal(rig.raw("SINTERSTORE", "a", "none", "s"), WRONG_TYPE);
  assert.deepEqual(membersOf(rig, "a"), ["1", "2"]);
  assert.deepEqual(rig.takeEvents(), ["set sunionstore d", "generic del d", "string set s"]);
});

inAllEncodings("events and dirty counts", (rig) => {
  rig.raw("SADD", "s", "1", "2", "3", "4");
  rig.raw("SADD", "s", "1");
  rig.raw("SREM", "s", "1", "9");
  rig.raw("SREM", "s", "9");
  assert.equal(rig.keyspace.dirty, 5);
  rig.raw("SMOVE", "s", "t", "2");
  rig.raw("SMOVE", "s", "t", "9");
  rig.raw("SADD", "s", "2");
  rig.raw("SMOVE", "s", "t", "2");
  assert.equal(rig.keyspace.dirty, 9);
  rig.raw("SMOVE", "t", "s", "2");
  rig.raw("SPOP", "s");
  rig.raw("SPOP", "s", "0");
  rig.raw("SPOP", "s", "5");
  assert.equal(rig.keyspace.dirty, 14);
  assert.deepEqual(rig.takeEvents(), [
    "set sadd s",
    "set srem s",
    "set srem s",
    "set sadd t",
    "set sadd s",
    "set srem s",
    "set srem t",
    "generic del t",
    "set sadd s",
    "set spop s",
    "set spop s",
    "generic del s",
  ]);
});

inAllEncodings("SPOP takes what it gives", (rig) => {
  for (const count of ["", "1", "7", "30", "31", "1000"]) {
    rig.raw("SADD", "s", ...numbers(31));
    const taken = items(rig.raw("SPOP", "s", ...(count === "" ? [] : [count])));
    assert.equal(taken.length, Math.min(31, Number(count || 1)));
    assert.deepEqual([...taken, ...membersOf(rig, "s")].sort(), numbers(31).sort());
    rig.raw("SPOP", "s", "1000");
    assert.equal(find(rig, "s"), 0);
  }
  assert.equal(rig.raw("SPOP", "none"), NULL);
  assert.equal(rig.raw("SPOP", "none", "3"), "*0\r\n");
  rig.protocol = 3;
  rig.raw("SADD", "s", "5");
  assert.equal(rig.raw("SPOP", "none", "3"), "~0\r\n");
  assert.equal(rig.raw("SPOP", "s", "3"), `~1\r\n${bulk("5")}`);
});

inAllEncodings("SRANDMEMBER's forms", (rig) => {
  rig.raw("SADD", "s", "1", "2", "3");
  assert.match(rig.raw("SRANDMEMBER", "s"), /^\$1\r\n[123]\r\n$/);
  assert.equal(rig.raw("SRANDMEMBER", "none"), NULL);
  assert.equal(rig.raw("SRANDMEMBER", "none", "3"), "*0\r\n");
  assert.equal(rig.raw("SRANDMEMBER", "s", "0"), "*0\r\n");
  for (const count of ["1", "2", "3", "9223372036854775807"]) {
    const found = items(rig.raw("SRANDMEMBER", "s", count));
    assert.equal(new Set(found).size, Math.min(3, Number(count)));
  }
  const many = items(rig.raw("SRANDMEMBER", "s", "-60"));
  assert.equal(many.length, 60);
  assert.deepEqual([...new Set(many)].sort(), ["1", "2", "3"]);
});

Deno.test("counts that are refused", () => {
  const rig = newRig();
  rig.raw("SADD", "s", "1");
  const range = "must between -9223372036854775807 and 9223372036854775807";
  const positive = "-ERR value is out of range, must be positive\r\n";
  assert.equal(rig.raw("SPOP", "s", "-1"), positive);
  assert.equal(rig.raw("SPOP", "s", "x"), positive);
  assert.equal(rig.raw("SPOP", "s", "1", "2"), SYNTAX);
  assert.equal(rig.raw("SRANDMEMBER", "s", "x"), NOT_INTEGER);
  assert.equal(
    rig.raw("SRANDMEMBER", "s", "-9223372036854775808"),
    `-ERR value is out of range, value ${range}\r\n`,
  );
  assert.equal(rig.raw("SRANDMEMBER", "s", "-9223372036854775807"), "-ERR value is out of range\r\n");
  assert.equal(rig.raw("SRANDMEMBER", "s", "1", "2"), SYNTAX);
  const numkeys = "-ERR numkeys should be greater than 0\r\n";
  for (const count of ["0", "-1", "x"]) assert.equal(rig.raw("SINTERCARD", count, "s"), numkeys);
  const tooMany = "-ERR Number of keys can't be greater than number of args\r\n";
  assert.equal(rig.raw("SINTERCARD", "2", "s"), tooMany);
  const limit = "-ERR LIMIT can't be negative\r\n";
  for (const value of ["-1", "x"]) assert.equal(rig.raw("SINTERCARD", "1", "s", "LIMIT", value), limit);
  assert.equal(rig.raw("SINTERCARD", "1", "s", "LIMIT"), SYNTAX);
  assert.equal(rig.raw("SINTERCARD", "1", "s", "t"), SYNTAX);
  assert.deepEqual(membersOf(rig, "s"), ["1"]);
});

/** How far counts are from equal, in units that a table of chi-square has. */
function chiSquare(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

inAllEncodings("every member has the same chance", (rig) => {
  const size = 40;
  const all = numbers(size, 100);
  const counted = (found: () => string[], times: number): number[] => {
    const seen = new Map<string, number>();
    for (let time = 0; time < times; time++) {
      for (const member of found()) seen.set(member, (seen.get(member) ?? 0) + 1);
    }
    return all.map((member) => seen.get(member) ?? 0);
  };
  rig.raw("SADD", "s", ...all);
  // 39 degrees of freedom: 110 is passed once in ten million runs.
  assert.ok(chiSquare(counted(() => items(rig.raw("SRANDMEMBER", "s")), 4000)) < 110);
  for (const count of ["-50", "10", "30"]) {
    assert.ok(chiSquare(counted(() => items(rig.raw("SRANDMEMBER", "s", count)), 200)) < 110, count);
  }
  for (const count of [[], ["7"], ["33"]]) {
    const popped = counted(() => {
      const found = items(rig.raw("SPOP", "s", ...count));
      rig.raw("SADD", "s", ...found);
      return found;
    }, 600);
    assert.ok(chiSquare(popped) < 110, `SPOP ${count}`);
  }
});

Deno.test("SPOP empties a large table, fairly to the end", () => {
  const rig = newRig({}, 256 * 1024 * 1024);
  const size = 60_000;
  for (let from = 0; from < size; from += 1000) rig.raw("SADD", "s", ...numbers(1000, from));
  // The members that are left when a hundredth is left: each tenth of the numbers has as many.
  while (Number(rig.raw("SCARD", "s").slice(1)) > size / 100) rig.raw("SPOP", "s");
  const tenths = new Array(10).fill(0);
  for (const member of membersOf(rig, "s")) tenths[Math.floor(Number(member) / (size / 10))]++;
  assert.ok(chiSquare(tenths) < 45, tenths.join());
  rig.raw("SPOP", "s", `${size}`);
  assert.equal(find(rig, "s"), 0);
});

Deno.test("SSCAN of a table returns what stays from beginning to end, while it grows and shrinks", () => {
  const counts = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 130, max: 600 }), counts, fc.array(fc.nat(2)), (size, count, steps) => {
      const rig = newRig({ setMaxIntsetEntries: 0 });
      rig.raw("SADD", "s", ...numbers(size));
      const seen = new Set<string>();
      let cursor = "0";
      let step = 0;
      let extra = 0;
      let left = size;
      do {
        const [next, ...found] = items(rig.raw("SSCAN", "s", cursor, "COUNT", `${count}`));
        cursor = next;
        for (const member of found) seen.add(member);
        for (let index = 0; index < 40; index++) {
          const action = steps.length === 0 ? 0 : steps[step++ % steps.length];
          if (action === 1) rig.raw("SADD", "s", `extra${extra++}`);
          if (action === 2 && left > 100) rig.raw("SREM", "s", `${--left}`);
        }
      } while (cursor !== "0");
      for (let index = 0; index < left; index++) assert.ok(seen.has(`${index}`), `${index}`);
    }),
    { numRuns: 40 },
  );
});

Deno.test("SSCAN's options and errors", () => {
  const rig = newRig();
  rig.raw("SADD", "s", "foo", "bar", "fob");
  const head = `*2\r\n${bulk("0")}`;
  assert.equal(rig.raw("SSCAN", "s", "0"), `${head}*3\r\n${["foo", "bar", "fob"].map(bulk).join("")}`);
  assert.equal(rig.raw("SSCAN", "s", "0", "MATCH", "fo?"), `${head}*2\r\n${bulk("foo")}${bulk("fob")}`);
  assert.equal(rig.raw("SSCAN", "none", "0", "nonsense"), `${head}*0\r\n`);
  assert.equal(rig.raw("SSCAN", "s", "x"), "-ERR invalid cursor\r\n");
  for (const options of [["COUNT"], ["COUNT", "0"], ["MATCH"], ["NOVALUES"]]) {
    assert.equal(rig.raw("SSCAN", "s", "0", ...options), SYNTAX, options.join(" "));
  }
  assert.equal(rig.raw("SSCAN", "s", "0", "COUNT", "x"), NOT_INTEGER);
});

Deno.test("every command refuses a string and leaves it alone", () => {
  const rig = newRig();
  rig.raw("SET", "s", "v");
  rig.raw("SADD", "set", "1");
  rig.takeEvents();
  const commands = ["SCARD", "SMEMBERS", "SPOP", "SRANDMEMBER", "SINTER", "SUNION", "SDIFF"]
    .map((name) => [name, "s"]);
  for (const name of ["SADD", "SREM", "SISMEMBER", "SMISMEMBER", "SPOP", "SRANDMEMBER", "SSCAN"]) {
    commands.push([name, "s", "1"]);
  }
  commands.push(["SMOVE", "s", "set", "1"], ["SMOVE", "set", "s", "1"], ["SMOVE", "set", "s", "9"]);
  commands.push(["SINTER", "none", "s"], ["SINTERCARD", "2", "set", "s"]);
  for (const command of commands) assert.equal(rig.raw(...command), WRONG_TYPE, command.join(" "));
  assert.equal(rig.raw("SMOVE", "none", "s", "1"), ":0\r\n");
  assert.deepEqual(rig.takeEvents(), []);
});

Deno.test("sets that come and go leave no memory behind, whatever their members", () => {
  const rig = newRig({ setMaxIntsetEntries: 10, setMaxListpackEntries: 14, setMaxListpackValue: 20 });
  rig.raw("SADD", "stays", "1");
  const used = rig.keyspace.arena.usedBytes;
  const member = fc.oneof(
    fc.integer({ min: -9, max: 9 }).map(String),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
    fc.string({ maxLength: 25 }),
  );
  const step = fc.oneof(
    fc.tuple(fc.constant("SADD"), member, member),
    fc.tuple(fc.constant("SADD"), member, member),
    fc.tuple(fc.constant("SREM"), member, member),
    fc.tuple(fc.constant("SPOP"), fc.constantFrom("1", "2")),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const model = new Set<string>();
      for (const [name, ...rest] of steps) {
        const reply = rig.raw(name, "s", ...rest);
        if (name === "SADD") rest.forEach((each) => model.add(each));
        else if (name === "SREM") rest.forEach((each) => model.delete(each));
        else for (const each of items(reply)) assert.ok(model.delete(each));
        assert.equal(rig.raw("SCARD", "s"), `:${model.size}\r\n`);
      }
      assert.deepEqual(membersOf(rig, "s"), [...model].sort());
      rig.raw("SPOP", "s", "1000");
      assert.equal(rig.keyspace.arena.usedBytes, used);
    }),
    { numRuns: 300 },
  );
});
