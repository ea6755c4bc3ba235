// The hash commands on the rig: exact replies and error words, events, encodings, conversions, fairness, the scan
// guarantee, no leak, nothing half-applied.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK } from "../../core/keyspace/entry_layout.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { hashCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NULL = "$-1\r\n";
const OK = "+OK\r\n";

function newRig(config: Record<string, unknown> = {}): CommandRig {
  return new CommandRig([...hashCommands, ...stringCommands], { config });
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

/** A hash of this many fields f0, f1... with values v0, v1...; one with a long value is a table. */
function fill(rig: CommandRig, key: string, fields: number): void {
  for (let index = 0; index < fields; index++) rig.raw("HSET", key, `f${index}`, `v${index}`);
}

/** Runs a test on a hash in either encoding. */
function inBothEncodings(name: string, test: (rig: CommandRig, encoding: number) => void): void {
  Deno.test(`${name}, listpack`, () => test(newRig(), ENCODING_LISTPACK));
  Deno.test(`${name}, hashtable`, () => test(newRig({ hashMaxListpackEntries: 0 }), ENCODING_HASHTABLE));
}

inBothEncodings("set, get, replace, delete", (rig, encoding) => {
  assert.equal(rig.raw("HSET", "h", "a", "1", "b", "two", "a", "3"), ":2\r\n");
  assert.equal(encodingOf(rig, "h"), encoding);
  assert.equal(rig.raw("HGET", "h", "a"), bulk("3"));
  assert.equal(rig.raw("HGET", "h", "none"), NULL);
  assert.equal(rig.raw("HGET", "none", "a"), NULL);
  assert.equal(rig.raw("HMGET", "h", "b", "none", "a"), `*3\r\n${bulk("two")}${NULL}${bulk("3")}`);
  assert.equal(rig.raw("HMGET", "none", "b", "a"), `*2\r\n${NULL}${NULL}`);
  assert.equal(rig.raw("HSET", "h", "b", "x".repeat(60)), ":0\r\n");
  assert.equal(rig.raw("HGET", "h", "b"), bulk("x".repeat(60)));
  assert.equal(rig.raw("HSETNX", "h", "b", "y"), ":0\r\n");
  assert.equal(rig.raw("HSETNX", "h", "c", "y"), ":1\r\n");
  assert.equal(rig.raw("HSETNX", "n", "c", "y"), ":1\r\n");
  assert.equal(rig.raw("HMSET", "h", "d", ""), OK);
  assert.equal(rig.raw("HLEN", "h"), ":4\r\n");
  assert.equal(rig.raw("HLEN", "none"), ":0\r\n");
  assert.equal(rig.raw("HSTRLEN", "h", "b"), ":60\r\n");
  assert.equal(rig.raw("HSTRLEN", "h", "a"), ":1\r\n");
  assert.equal(rig.raw("HSTRLEN", "h", "none"), ":0\r\n");
  assert.equal(rig.raw("HEXISTS", "h", "d"), ":1\r\n");
  assert.equal(rig.raw("HEXISTS", "h", "none"), ":0\r\n");
  assert.equal(rig.raw("HDEL", "h", "none", "a", "a", "b"), ":2\r\n");
  assert.equal(rig.raw("HGET", "h", "a"), NULL);
  assert.equal(rig.raw("HDEL", "none", "a"), ":0\r\n");
  assert.deepEqual(items(rig.raw("HKEYS", "h")).sort(), ["c", "d"]);
  assert.deepEqual(items(rig.raw("HVALS", "h")).sort(), ["", "y"]);
  assert.equal(encodingOf(rig, "h"), encoding);
});

inBothEncodings("values that look like integers come back as they were written", (rig) => {
  const values = [
    "0",
    "-0",
    "00",
    "127",
    "128",
    "-4096",
    "32767",
    "32768",
    "-8388609",
    "2147483648",
    "1e3",
    " 1",
  ];
  values.push("9223372036854775807", "-9223372036854775808", "9223372036854775808", "9007199254740993", "");
  for (const value of values) {
    rig.raw("HSET", "h", value, value);
    assert.equal(rig.raw("HGET", "h", value), bulk(value));
    assert.equal(rig.raw("HSTRLEN", "h", value), `:${value.length}\r\n`);
  }
  assert.deepEqual(items(rig.raw("HKEYS", "h")).sort(), values.toSorted());
});

inBothEncodings("events and dirty counts", (rig) => {
  rig.raw("HSET", "h", "a", "1", "b", "2");
  assert.equal(rig.keyspace.dirty, 2);
  rig.raw("HSETNX", "h", "a", "1");
  rig.raw("HDEL", "h", "none");
  rig.raw("HINCRBY", "h", "a", "1");
  rig.raw("HINCRBYFLOAT", "h", "a", "1");
  assert.equal(rig.keyspace.dirty, 4);
  rig.raw("HDEL", "h", "b", "a", "c");
  assert.equal(rig.keyspace.dirty, 6);
  assert.deepEqual(rig.takeEvents(), [
    "hash hset h",
    "hash hincrby h",
    "hash hincrbyfloat h",
    "hash hdel h",
    "generic del h",
  ]);
  assert.equal(find(rig, "h"), 0);
});

Deno.test("HGETALL, HKEYS and HVALS in RESP2 and RESP3", () => {
  const rig = newRig();
  rig.raw("HSET", "h", "a", "1", "b", "2");
  const pairs = `${bulk("a")}${bulk("1")}${bulk("b")}${bulk("2")}`;
  assert.equal(rig.raw("HGETALL", "h"), `*4\r\n${pairs}`);
  assert.equal(rig.raw("HGETALL", "none"), "*0\r\n");
  rig.protocol = 3;
  assert.equal(rig.raw("HGETALL", "h"), `%2\r\n${pairs}`);
  assert.equal(rig.raw("HGETALL", "none"), "%0\r\n");
  assert.equal(rig.raw("HKEYS", "h"), `*2\r\n${bulk("a")}${bulk("b")}`);
  assert.equal(rig.raw("HVALS", "none"), "*0\r\n");
  assert.equal(rig.raw("HGET", "h", "none"), "_\r\n");
});

Deno.test("a listpack becomes a hashtable by number of fields and by length, and never goes back", () => {
  const rig = newRig();
  fill(rig, "many", 128);
  assert.equal(encodingOf(rig, "many"), ENCODING_LISTPACK);
  rig.raw("HSET", "many", "f0", "again");
  assert.equal(encodingOf(rig, "many"), ENCODING_LISTPACK);
  rig.raw("HSET", "many", "one more", "x");
  assert.equal(encodingOf(rig, "many"), ENCODING_HASHTABLE);
  assert.equal(rig.raw("HLEN", "many"), ":129\r\n");
  assert.equal(rig.raw("HGET", "many", "f77"), bulk("v77"));
  for (let index = 0; index < 128; index++) rig.raw("HDEL", "many", `f${index}`);
  assert.equal(encodingOf(rig, "many"), ENCODING_HASHTABLE);

  for (const [field, value] of [["f", "x".repeat(65)], ["x".repeat(65), "v"]]) {
    rig.raw("HSET", "long", "a", "1", "b", "x".repeat(64));
    assert.equal(encodingOf(rig, "long"), ENCODING_LISTPACK);
    rig.raw("HSET", "long", field, value);
    assert.equal(encodingOf(rig, "long"), ENCODING_HASHTABLE);
    assert.equal(rig.raw("HGET", "long", field), bulk(value));
    assert.equal(rig.raw("HGET", "long", "a"), bulk("1"));
    rig.raw("HDEL", "long", "a", "b", field);
  }
  const sameField = Array.from({ length: 129 }, (_, index) => ["f", `${index}`]).flat();
  assert.equal(rig.raw("HSET", "new", ...sameField), ":1\r\n");
  assert.equal(encodingOf(rig, "new"), ENCODING_HASHTABLE);
});

inBothEncodings("HINCRBY to the ends of 64 bits, and its errors", (rig) => {
  assert.equal(rig.raw("HINCRBY", "h", "f", "5"), ":5\r\n");
  assert.equal(rig.raw("HINCRBY", "h", "f", "9223372036854775802"), ":9223372036854775807\r\n");
  assert.equal(rig.raw("HINCRBY", "h", "f", "1"), "-ERR increment or decrement would overflow\r\n");
  assert.equal(rig.raw("HGET", "h", "f"), bulk("9223372036854775807"));
  assert.equal(rig.raw("HINCRBY", "h", "f", "-9223372036854775808"), ":-1\r\n");
  assert.equal(
    rig.raw("HINCRBY", "h", "f", "-9223372036854775808"),
    "-ERR increment or decrement would overflow\r\n",
  );
  assert.equal(rig.raw("HINCRBY", "h", "f", "x"), NOT_INTEGER);
  for (const value of ["1.5", " 1", "1 ", "", "text"]) {
    rig.raw("HSET", "h", "t", value);
    assert.equal(rig.raw("HINCRBY", "h", "t", "1"), "-ERR hash value is not an integer\r\n");
    assert.equal(rig.raw("HGET", "h", "t"), bulk(value));
  }
  assert.equal(rig.raw("HINCRBY", "none", "f", "x"), NOT_INTEGER);
  assert.equal(find(rig, "none"), 0);
});

inBothEncodings("HINCRBYFLOAT and its errors", (rig) => {
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "f", "10.50"), bulk("10.5"));
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "f", "0.1"), bulk("10.6"));
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "f", "-5"), bulk("5.6"));
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "f", "x"), "-ERR value is not a valid float\r\n");
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "f", "nan"), "-ERR value is not a valid float\r\n");
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "f", "-inf"), "-ERR value is NaN or Infinity\r\n");
  rig.raw("HSET", "h", "t", "text", "i", "inf");
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "t", "1"), "-ERR hash value is not a float\r\n");
  assert.equal(rig.raw("HINCRBYFLOAT", "h", "i", "1"), "-ERR increment would produce NaN or Infinity\r\n");
  assert.equal(rig.raw("HMGET", "h", "f", "t", "i"), `*3\r\n${bulk("5.6")}${bulk("text")}${bulk("inf")}`);
});

inBothEncodings("HRANDFIELD's forms", (rig) => {
  rig.raw("HSET", "h", "a", "1", "b", "2", "c", "3");
  assert.match(rig.raw("HRANDFIELD", "h"), /^\$1\r\n[abc]\r\n$/);
  assert.equal(rig.raw("HRANDFIELD", "none"), NULL);
  assert.equal(rig.raw("HRANDFIELD", "none", "3"), "*0\r\n");
  assert.equal(rig.raw("HRANDFIELD", "h", "0"), "*0\r\n");
  for (const count of ["1", "2", "3", "4", "9223372036854775807"]) {
    const fields = items(rig.raw("HRANDFIELD", "h", count));
    assert.equal(fields.length, Math.min(3, Number(count)));
    assert.equal(new Set(fields).size, fields.length);
  }
  const many = items(rig.raw("HRANDFIELD", "h", "-50"));
  assert.equal(many.length, 50);
  assert.deepEqual([...new Set(many)].sort(), ["a", "b", "c"]);
  const values: Record<string, string> = { a: "1", b: "2", c: "3" };
  for (const count of ["2", "3", "-10"]) {
    const flat = items(rig.raw("HRANDFIELD", "h", count, "withvalues"));
    assert.equal(flat.length, Math.abs(Number(count)) * 2);
    for (let index = 0; index < flat.length; index += 2) assert.equal(flat[index + 1], values[flat[index]]);
  }
  rig.protocol = 3;
  assert.match(
    rig.raw("HRANDFIELD", "h", "-2", "withvalues"),
    /^\*2\r\n(\*2\r\n\$1\r\n.\r\n\$1\r\n.\r\n){2}$/,
  );
});

Deno.test("HRANDFIELD's errors", () => {
  const rig = newRig();
  rig.raw("HSET", "h", "a", "1");
  const range = "must between -9223372036854775807 and 9223372036854775807";
  assert.equal(rig.raw("HRANDFIELD", "h", "x"), NOT_INTEGER);
  assert.equal(
    rig.raw("HRANDFIELD", "h", "-9223372036854775808"),
    `-ERR value is out of range, value ${range}\r\n`,
  );
  assert.equal(rig.raw("HRANDFIELD", "h", "1", "values"), SYNTAX);
  assert.equal(rig.raw("HRANDFIELD", "h", "1", "withvalues", "more"), SYNTAX);
  assert.equal(
    rig.raw("HRANDFIELD", "h", "4611686018427387904", "withvalues"),
    "-ERR value is out of range\r\n",
  );
  assert.equal(rig.raw("HRANDFIELD", "h", "-9223372036854775807"), "-ERR value is out of range\r\n");
});

inBothEncodings("HRANDFIELD is fair", (rig) => {
  const fields = 40;
  fill(rig, "h", fields);
  // Chi-square with 39 degrees of freedom stays below 90 in all but about one of 100,000 runs.
  for (const count of ["-4000", "5", "20"]) {
    const seen = new Map<string, number>();
    let total = 0;
    while (total < 4000) {
      for (const field of items(rig.raw("HRANDFIELD", "h", count))) {
        seen.set(field, (seen.get(field) ?? 0) + 1);
        total++;
      }
    }
    const expected = total / fields;
    let chiSquare = 0;
    for (let index = 0; index < fields; index++) {
      chiSquare += ((seen.get(`f${index}`) ?? 0) - expected) ** 2 / expected;
    }
    assert.ok(chiSquare < 90, `count ${count}: chi-square ${chiSquare}`);
  }
});

Deno.test("HSCAN's options and errors", () => {
  const rig = newRig();
  rig.raw("HSET", "h", "foo", "1", "bar", "2", "fob", "3");
  const head = `*2\r\n${bulk("0")}`;
  const all = ["foo", "1", "bar", "2", "fob", "3"].map(bulk).join("");
  assert.equal(rig.raw("HSCAN", "h", "0"), `${head}*6\r\n${all}`);
  assert.equal(rig.raw("HSCAN", "h", "0", "count", "1"), `${head}*6\r\n${all}`);
  assert.equal(
    rig.raw("HSCAN", "h", "0", "MATCH", "fo?"),
    `${head}*4\r\n${["foo", "1", "fob", "3"].map(bulk).join("")}`,
  );
  assert.equal(
    rig.raw("HSCAN", "h", "0", "NOVALUES"),
    `${head}*3\r\n${["foo", "bar", "fob"].map(bulk).join("")}`,
  );
  assert.equal(rig.raw("HSCAN", "none", "0", "nonsense"), `${head}*0\r\n`);
  assert.equal(rig.raw("HSCAN", "h", "x"), "-ERR invalid cursor\r\n");
  for (const options of [["COUNT"], ["COUNT", "0"], ["MATCH"], ["TYPE", "hash"], ["nonsense"]]) {
    assert.equal(rig.raw("HSCAN", "h", "0", ...options), SYNTAX, options.join(" "));
  }
  assert.equal(rig.raw("HSCAN", "h", "0", "COUNT", "x"), NOT_INTEGER);
});

Deno.test("HSCAN of a table returns what stays from beginning to end, while it grows and shrinks", () => {
  const counts = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 130, max: 600 }), counts, fc.array(fc.nat(2)), (fields, count, steps) => {
      const rig = newRig();
      fill(rig, "h", fields);
      const seen = new Set<string>();
      let cursor = "0";
      let step = 0;
      let extra = 0;
      let removed = fields;
      do {
        const [next, ...found] = items(rig.raw("HSCAN", "h", cursor, "COUNT", `${count}`, "NOVALUES"));
        cursor = next;
        for (const field of found) seen.add(field);
        for (let index = 0; index < 40; index++) {
          const action = steps.length === 0 ? 0 : steps[step++ % steps.length];
          if (action === 1) rig.raw("HSET", "h", `extra${extra++}`, "x");
          if (action === 2 && removed > 100) rig.raw("HDEL", "h", `f${--removed}`);
        }
      } while (cursor !== "0");
      for (let index = 0; index < removed; index++) assert.ok(seen.has(`f${index}`), `f${index}`);
    }),
    { numRuns: 40 },
  );
});

Deno.test("every command refuses a string and leaves it alone", () => {
  const rig = newRig();
  rig.raw("SET", "s", "v");
  rig.takeEvents();
  const commands = [
    ["HSET", "s", "f", "v"],
    ["HMSET", "s", "f", "v"],
    ["HSETNX", "s", "f", "v"],
    ["HGET", "s", "f"],
    ["HMGET", "s", "f"],
    ["HGETALL", "s"],
    ["HKEYS", "s"],
    ["HVALS", "s"],
    ["HLEN", "s"],
    ["HDEL", "s", "f"],
    ["HEXISTS", "s", "f"],
    ["HINCRBY", "s", "f", "1"],
    ["HINCRBYFLOAT", "s", "f", "1"],
    ["HSTRLEN", "s", "f"],
    ["HRANDFIELD", "s"],
    ["HRANDFIELD", "s", "1"],
    ["HSCAN", "s", "0"],
  ];
  for (const command of commands) assert.equal(rig.raw(...command), WRONG_TYPE, command.join(" "));
  assert.deepEqual(rig.takeEvents(), []);
  assert.equal(rig.raw("HSET", "s", "f"), "-ERR wrong number of arguments for 'hset' command\r\n");
  assert.equal(rig.raw("HSET", "h", "f", "v", "g"), "-ERR wrong number of arguments for 'hset' command\r\n");
  assert.equal(
    rig.raw("HMSET", "h", "f", "v", "g"),
    "-ERR wrong number of arguments for 'hmset' command\r\n",
  );
  assert.equal(find(rig, "h"), 0);
});

Deno.test("hashes that come and go leave no memory behind", () => {
  const rig = newRig({ hashMaxListpackEntries: 16, hashMaxListpackValue: 30 });
  rig.raw("HSET", "stays", "f", "v");
  const used = rig.keyspace.arena.usedBytes;
  const field = fc.nat(30).map((n) => `f${n}`);
  const step = fc.oneof(
    fc.tuple(fc.constant("HSET"), field, fc.string({ maxLength: 40 })),
    fc.tuple(fc.constant("HDEL"), field),
    fc.tuple(fc.constant("HINCRBY"), field, fc.constant("3")),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      for (const [name, ...rest] of steps) rig.raw(name, "h", ...rest);
      const fields = items(rig.raw("HKEYS", "h"));
      for (const name of fields) assert.equal(rig.raw("HDEL", "h", name), ":1\r\n");
      assert.equal(find(rig, "h"), 0);
      assert.equal(rig.keyspace.arena.usedBytes, used);
    }),
    { numRuns: 200 },
  );
});

Deno.test("when the arena is full, a hash keeps its fields and a new one leaves nothing", () => {
  const rig = new CommandRig([...hashCommands, ...stringCommands], { arenaBytes: 1024 * 1024 });
  rig.raw("HSET", "h", "a", "1", "b", "2");
  rig.raw("HSET", "big", "long field".repeat(10), "2");
  rig.raw("SET", "filler", "x".repeat(500_000));
  const used = rig.keyspace.arena.usedBytes;
  const big = "y".repeat(500_000);
  const commands = [
    ["HSET", "h", "c", big],
    ["HSET", "h", "a", big],
    ["HSETNX", "h", "c", big],
    ["HSET", "big", "c", big],
    ["HSET", "new", "a", "1", "c", big],
    ["HSET", "new", "c", big],
    ["HSETNX", "new", "c", big],
  ];
  for (const command of commands) {
    assert.throws(() => rig.raw(...command), /full/i, command.slice(0, 3).join(" "));
    assert.equal(rig.lastReply, "");
  }
  assert.equal(rig.raw("HMGET", "h", "a", "b", "c"), `*3\r\n${bulk("1")}${bulk("2")}${NULL}`);
  assert.equal(rig.raw("HLEN", "big"), ":1\r\n");
  assert.equal(find(rig, "new"), 0);
  rig.raw("HDEL", "h", "a", "b");
  assert.ok(rig.keyspace.arena.usedBytes <= used + 1024);
});
