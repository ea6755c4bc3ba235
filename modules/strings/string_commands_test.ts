// The string commands on the rig: exact replies and error words, events, encodings, nothing half-applied.
import assert from "node:assert/strict";
import { ENCODING_EMBSTR, ENCODING_INT, ENCODING_RAW } from "../../core/keyspace/entry_layout.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { stringCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NULL = "$-1\r\n";
const OK = "+OK\r\n";

function newRig(config: Record<string, unknown> = {}): CommandRig {
  return new CommandRig(stringCommands, { config });
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function encodingOf(rig: CommandRig, key: string): number {
  return rig.keyspace.entries.encoding(find(rig, key));
}

function expireAt(rig: CommandRig, key: string): number {
  return rig.keyspace.entries.expireAt(find(rig, key));
}

function find(rig: CommandRig, key: string): number {
  const bytes = new TextEncoder().encode(key);
  return rig.keyspace.databases[0].peek(bytes, 0, bytes.length);
}

/** A key that holds a hash with one field. */
function putHash(rig: CommandRig, key: string): void {
  const bytes = new TextEncoder().encode(key);
  const root = rig.keyspace.fields.create();
  rig.keyspace.fields.set(bytes, 0, bytes.length, bytes, 0, bytes.length);
  rig.keyspace.databases[0].addCollection(bytes, 0, bytes.length, 4, 4, root, -1);
}

Deno.test("SET, GET and the conditions", () => {
  const rig = newRig();
  assert.equal(rig.raw("SET", "k", "v"), OK);
  assert.equal(rig.raw("GET", "k"), bulk("v"));
  assert.equal(rig.raw("GET", "none"), NULL);
  assert.equal(rig.raw("SET", "k", "w", "NX"), NULL);
  assert.equal(rig.raw("SET", "k", "w", "xx"), OK);
  assert.equal(rig.raw("SET", "none", "w", "XX"), NULL);
  assert.equal(rig.raw("SET", "k", "x", "IFEQ", "nothing"), NULL);
  assert.equal(rig.raw("SET", "k", "x", "ifeq", "w"), OK);
  assert.equal(rig.raw("SET", "none", "x", "IFEQ", ""), NULL);
  assert.equal(rig.raw("SETNX", "k", "y"), ":0\r\n");
  assert.equal(rig.raw("SETNX", "n", "y"), ":1\r\n");
  assert.equal(rig.raw("GET", "k"), bulk("x"));
  assert.deepEqual(rig.takeEvents(), ["string set k", "string set k", "string set k", "string set n"]);
});

Deno.test("SET with GET gives the old string whether it sets or not", () => {
  const rig = newRig();
  assert.equal(rig.raw("SET", "k", "1", "GET"), NULL);
  assert.equal(rig.raw("SET", "k", "2", "GET", "GET"), bulk("1"));
  assert.equal(rig.raw("SET", "k", "3", "NX", "GET"), bulk("2"));
  assert.equal(rig.raw("SET", "k", "3", "GET", "XX"), bulk("2"));
  assert.equal(rig.raw("SET", "k", "4", "GET", "IFEQ", "0"), bulk("3"));
  assert.equal(rig.raw("SET", "k", "4", "GET", "IFEQ", "3"), bulk("3"));
  assert.equal(rig.raw("SET", "n", "4", "XX", "GET"), NULL);
  assert.equal(rig.raw("GETSET", "k", "5"), bulk("4"));
  assert.equal(rig.raw("GETSET", "n", "5"), NULL);
  assert.equal(rig.raw("GET", "n"), bulk("5"));
});

Deno.test("SET's options: which go together, and the syntax error", () => {
  const rig = newRig();
  const refused = [
    ["NX", "XX"],
    ["XX", "NX"],
    ["NX", "IFEQ", "a"],
    ["IFEQ", "a", "XX"],
    ["IFEQ", "a", "IFEQ", "a"],
    ["IFEQ"],
    ["EX"],
    ["EX", "10", "PX", "10"],
    ["PX", "10", "KEEPTTL"],
    ["KEEPTTL", "EXAT", "10"],
    ["PXAT", "10", "EXAT", "10"],
    ["PERSIST"],
    ["nonsense"],
    ["NX", "GET", "EX"],
    [""],
  ];
  for (const options of refused) {
    assert.equal(rig.raw("SET", "k", "v", ...options), SYNTAX, options.join(" "));
  }
  assert.equal(rig.raw("GET", "k"), NULL);
  const accepted = [["NX", "NX"], ["XX", "XX"], ["KEEPTTL", "KEEPTTL"], ["EX", "10", "EX", "20"]];
  for (const options of accepted) {
    assert.notEqual(rig.raw("SET", "k", "v", ...options), SYNTAX, options.join(" "));
  }
  assert.equal(rig.keyspace.entries.expireAt(find(rig, "k")), rig.keyspace.clock.ms + 20_000);
});

Deno.test("expiries of SET, SETEX, PSETEX and GETEX", () => {
  const rig = newRig();
  const clock = rig.keyspace.clock;
  rig.raw("SET", "k", "v", "EX", "100");
  assert.equal(expireAt(rig, "k"), clock.ms + 100_000);
  rig.raw("SET", "k", "w", "KEEPTTL");
  assert.ok(expireAt(rig, "k") > clock.ms + 90_000);
  rig.raw("SET", "k", "w");
  assert.equal(expireAt(rig, "k"), -1);
  rig.raw("SET", "k", "w", "PXAT", "33177117420000");
  assert.equal(expireAt(rig, "k"), 33177117420000);
  rig.raw("SET", "k", "w", "EXAT", "33177117420");
  assert.equal(expireAt(rig, "k"), 33177117420000);
  rig.raw("SETEX", "k", "5", "w");
  assert.equal(expireAt(rig, "k"), clock.ms + 5000);
  rig.raw("PSETEX", "k", "5000", "w");
  assert.equal(expireAt(rig, "k"), clock.ms + 5000);
  rig.takeEvents();
  assert.equal(rig.raw("GETEX", "k"), bulk("w"));
  assert.deepEqual(rig.takeEvents(), []);
  assert.equal(rig.raw("GETEX", "k", "PERSIST"), bulk("w"));
  assert.equal(expireAt(rig, "k"), -1);
  assert.equal(rig.raw("GETEX", "k", "PERSIST"), bulk("w"));
  assert.equal(rig.raw("GETEX", "k", "PX", "7000"), bulk("w"));
  assert.equal(expireAt(rig, "k"), clock.ms + 7000);
  assert.equal(rig.raw("GETEX", "none", "EX", "10"), NULL);
  assert.equal(rig.raw("GETEX", "k", "EXAT", "1"), bulk("w"));
  assert.equal(rig.raw("GET", "k"), NULL);
  assert.deepEqual(rig.takeEvents(), ["generic persist k", "generic expire k", "generic del k"]);
  assert.equal(rig.raw("GETEX", "k", "KEEPTTL"), SYNTAX);
  assert.equal(rig.raw("GETEX", "k", "EX", "1", "PERSIST"), SYNTAX);
  assert.equal(rig.raw("GETEX", "k", "PERSIST", "EX", "1"), SYNTAX);
});

Deno.test("a time in the past deletes the key and still says OK", () => {
  const rig = newRig();
  rig.raw("SET", "k", "v");
  rig.takeEvents();
  assert.equal(rig.raw("SET", "k", "w", "PXAT", "1"), OK);
  assert.equal(rig.raw("SET", "k", "w", "EXAT", "1"), OK);
  assert.equal(rig.raw("GET", "k"), NULL);
  assert.deepEqual(rig.takeEvents(), ["generic del k"]);
});

Deno.test("events of a SET with expiry", () => {
  const rig = newRig();
  rig.raw("SET", "k", "v", "EX", "10");
  assert.deepEqual(rig.takeEvents(), ["string set k", "generic expire k"]);
  assert.equal(rig.keyspace.dirty, 1);
});

Deno.test("expire times that are none", () => {
  const rig = newRig();
  const cases: [string[], string][] = [
    [["SET", "k", "v", "EX", "0"], "set"],
    [["SET", "k", "v", "PX", "-1"], "set"],
    [["SET", "k", "v", "EX", "9223372036854775807"], "set"],
    [["SET", "k", "v", "EX", "9223372036854775"], "set"],
    [["SET", "k", "v", "PX", "9223372036854770000"], "set"],
    [["SET", "k", "v", "EXAT", "0"], "set"],
    [["SETEX", "k", "-10", "v"], "setex"],
    [["SETEX", "k", "9223372036854776", "v"], "setex"],
    [["PSETEX", "k", "0", "v"], "psetex"],
    [["GETEX", "k", "PXAT", "-5"], "getex"],
  ];
  for (const [command, name] of cases) {
    const expected = `-ERR invalid expire time in '${name}' command\r\n`;
    assert.equal(rig.raw(...command), expected, command.join(" "));
  }
  for (const text of ["x", "1.5", "", "9223372036854775808", " 1"]) {
    assert.equal(rig.raw("SET", "k", "v", "EX", text), NOT_INTEGER);
    assert.equal(rig.raw("SETEX", "k", text, "v"), NOT_INTEGER);
  }
  assert.equal(rig.raw("GET", "k"), NULL);
  assert.deepEqual(rig.takeEvents(), []);
});

Deno.test("MSET, MGET, MSETNX", () => {
  const rig = newRig();
  assert.equal(rig.raw("MSET", "a", "1", "b", "2", "a", "3"), OK);
  assert.equal(rig.keyspace.dirty, 3);
  putHash(rig, "h");
  assert.equal(rig.raw("MGET", "a", "none", "h", "b"), `*4\r\n${bulk("3")}${NULL}${NULL}${bulk("2")}`);
  assert.equal(rig.raw("MSETNX", "c", "1", "a", "1"), ":0\r\n");
  assert.equal(rig.raw("GET", "c"), NULL);
  assert.equal(rig.raw("MSETNX", "c", "1", "d", "1", "c", "2"), ":1\r\n");
  assert.equal(rig.raw("GET", "c"), bulk("2"));
  assert.equal(rig.raw("MSET", "a", "1", "b"), "-ERR wrong number of arguments for 'mset' command\r\n");
  assert.equal(
    rig.raw("MSETNX", "a", "1", "b", "2", "c"),
    "-ERR wrong number of arguments for 'msetnx' command\r\n",
  );
});

Deno.test("counters to the ends of 64 bits", () => {
  const rig = newRig();
  const overflow = "-ERR increment or decrement would overflow\r\n";
  assert.equal(rig.raw("INCR", "k"), ":1\r\n");
  assert.equal(rig.raw("DECRBY", "k", "3"), ":-2\r\n");
  assert.equal(rig.raw("INCRBY", "k", "9007199254740993"), ":9007199254740991\r\n");
  assert.equal(rig.raw("INCR", "k"), ":9007199254740992\r\n");
  assert.equal(rig.raw("INCR", "k"), ":9007199254740993\r\n");
  assert.equal(rig.raw("DECR", "k"), ":9007199254740992\r\n");
  assert.equal(rig.raw("INCRBY", "k", "9214364837600034815"), ":9223372036854775807\r\n");
  assert.equal(rig.raw("INCR", "k"), overflow);
  assert.equal(rig.raw("GET", "k"), bulk("9223372036854775807"));
  assert.equal(rig.raw("SET", "k", "-9223372036854775808"), OK);
  assert.equal(rig.raw("DECR", "k"), overflow);
  assert.equal(rig.raw("INCRBY", "k", "-1"), overflow);
  assert.equal(rig.raw("DECRBY", "k", "-9223372036854775808"), "-ERR decrement would overflow\r\n");
  assert.equal(rig.raw("DECRBY", "k", "-9223372036854775807"), ":-1\r\n");
  assert.equal(encodingOf(rig, "k"), ENCODING_INT);
  assert.ok(rig.takeEvents().every((event) => event === "string incrby k" || event === "string set k"));
});

Deno.test("counters refuse what is no integer and leave it alone", () => {
  const rig = newRig();
  for (const text of ["", "1.5", " 1", "1 ", "0x1", "9223372036854775808", "+1", "01", "\0"]) {
    rig.raw("SET", "k", text);
    assert.equal(rig.raw("INCR", "k"), NOT_INTEGER);
    assert.equal(rig.raw("DECRBY", "k", "1"), NOT_INTEGER);
    assert.equal(rig.raw("GET", "k"), bulk(text));
    assert.equal(rig.raw("INCRBY", "none", text), NOT_INTEGER);
  }
  assert.equal(rig.raw("GET", "none"), NULL);
});

Deno.test("INCRBYFLOAT: sums, errors, encoding, expiry kept", () => {
  const rig = newRig();
  assert.equal(rig.raw("SET", "k", "10.50", "EX", "100"), OK);
  assert.equal(rig.raw("INCRBYFLOAT", "k", "0.1"), bulk("10.6"));
  assert.ok(expireAt(rig, "k") > 0);
  assert.equal(rig.raw("INCRBYFLOAT", "n", "3.0e3"), bulk("3000"));
  assert.equal(encodingOf(rig, "n"), ENCODING_EMBSTR);
  assert.equal(rig.raw("INCR", "n"), ":3001\r\n");
  assert.equal(encodingOf(rig, "n"), ENCODING_INT);
  assert.equal(rig.raw("INCRBYFLOAT", "n", "x"), "-ERR value is not a valid float\r\n");
  assert.equal(rig.raw("INCRBYFLOAT", "n", "inf"), "-ERR increment would produce NaN or Infinity\r\n");
  rig.raw("SET", "t", "text");
  assert.equal(rig.raw("INCRBYFLOAT", "t", "1"), "-ERR value is not a valid float\r\n");
  assert.equal(rig.raw("GET", "n"), bulk("3001"));
  assert.equal(rig.takeEvents().filter((event) => event.startsWith("string incrbyfloat")).length, 2);
});

Deno.test("APPEND, SETRANGE and encodings", () => {
  const rig = newRig();
  assert.equal(rig.raw("APPEND", "k", "12"), ":2\r\n");
  assert.equal(encodingOf(rig, "k"), ENCODING_INT);
  assert.equal(rig.raw("APPEND", "k", "34"), ":4\r\n");
  assert.equal(encodingOf(rig, "k"), ENCODING_RAW);
  assert.equal(rig.raw("INCR", "k"), ":1235\r\n");
  assert.equal(rig.raw("SETRANGE", "k", "6", "z"), ":7\r\n");
  assert.equal(rig.raw("GET", "k"), bulk("1235\0\0z"));
  assert.equal(rig.raw("SETRANGE", "k", "1", "ab"), ":7\r\n");
  assert.equal(rig.raw("GET", "k"), bulk("1ab5\0\0z"));
  assert.equal(rig.raw("SETRANGE", "n", "3", "x"), ":4\r\n");
  assert.equal(rig.raw("GET", "n"), bulk("\0\0\0x"));
  assert.equal(encodingOf(rig, "n"), ENCODING_RAW);
  assert.equal(rig.raw("SETRANGE", "none", "3", ""), ":0\r\n");
  assert.equal(rig.raw("SETRANGE", "k", "300", ""), ":7\r\n");
  assert.equal(rig.raw("SETRANGE", "k", "-1", "x"), "-ERR offset is out of range\r\n");
  assert.equal(rig.raw("SETRANGE", "k", "x", "x"), NOT_INTEGER);
  rig.raw("SET", "s", "a".repeat(44));
  assert.equal(encodingOf(rig, "s"), ENCODING_EMBSTR);
  rig.raw("SET", "s", "a".repeat(45));
  assert.equal(encodingOf(rig, "s"), ENCODING_RAW);
  rig.raw("SET", "e", "1");
  assert.equal(rig.raw("APPEND", "e", ""), ":1\r\n");
  assert.equal(encodingOf(rig, "e"), ENCODING_RAW);
});

Deno.test("a long string grows piece by piece and keeps every byte", () => {
  const rig = newRig();
  const piece = "0123456789abcdef".repeat(200);
  for (let count = 1; count <= 30; count++) {
    assert.equal(rig.raw("APPEND", "k", piece), `:${piece.length * count}\r\n`);
  }
  assert.equal(rig.raw("GET", "k"), bulk(piece.repeat(30)));
  assert.equal(rig.raw("STRLEN", "k"), `:${piece.length * 30}\r\n`);
  assert.equal(rig.raw("GETDEL", "k"), bulk(piece.repeat(30)));
});

Deno.test("no string grows beyond proto-max-bulk-len", () => {
  const rig = newRig({ protoMaxBulkLen: 100 });
  const tooLong = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  rig.raw("SET", "k", "x".repeat(90));
  assert.equal(rig.raw("APPEND", "k", "y".repeat(11)), tooLong);
  assert.equal(rig.raw("SETRANGE", "k", "95", "abcdef"), tooLong);
  assert.equal(rig.raw("SETRANGE", "n", "9223372036854775807", "a"), tooLong);
  assert.equal(rig.raw("GET", "k"), bulk("x".repeat(90)));
  assert.equal(rig.raw("GET", "n"), NULL);
  assert.equal(rig.raw("APPEND", "k", "y".repeat(10)), ":100\r\n");
});

Deno.test("GETRANGE and SUBSTR", () => {
  const rig = newRig();
  rig.raw("SET", "k", "Hello World");
  const cases: [string, string, string][] = [
    ["0", "3", "Hell"],
    ["0", "-1", "Hello World"],
    ["-4", "-1", "orld"],
    ["5", "3", ""],
    ["-1", "-4", ""],
    ["-5000", "4", "Hello"],
    ["0", "5000", "Hello World"],
    ["11", "20", ""],
    ["-9223372036854775808", "9223372036854775807", "Hello World"],
    ["0", "-100", "H"],
    ["1", "-100", ""],
  ];
  for (const [start, end, expected] of cases) {
    assert.equal(rig.raw("GETRANGE", "k", start, end), bulk(expected), `${start} ${end}`);
    assert.equal(rig.raw("SUBSTR", "k", start, end), bulk(expected));
  }
  assert.equal(rig.raw("GETRANGE", "none", "0", "-1"), bulk(""));
  assert.equal(rig.raw("GETRANGE", "k", "a", "0"), NOT_INTEGER);
  assert.equal(rig.raw("GETRANGE", "k", "0", "a"), NOT_INTEGER);
});

Deno.test("LCS in all its forms", () => {
  const rig = newRig();
  rig.raw("MSET", "a", "ohmytext", "b", "mynewtext");
  assert.equal(rig.raw("LCS", "a", "b"), bulk("mytext"));
  assert.equal(rig.raw("LCS", "a", "b", "LEN"), ":6\r\n");
  assert.equal(rig.raw("LCS", "a", "none"), bulk(""));
  const last = "*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n";
  const first = "*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n";
  const head = `*4\r\n${bulk("matches")}`;
  const tail = `${bulk("len")}:6\r\n`;
  assert.equal(rig.raw("LCS", "a", "b", "IDX"), `${head}*2\r\n${last}${first}${tail}`);
  assert.equal(rig.raw("LCS", "a", "b", "IDX", "MINMATCHLEN", "4"), `${head}*1\r\n${last}${tail}`);
  const withLength = last.replace("*2", "*3") + ":4\r\n";
  const options = ["idx", "minmatchlen", "4", "withmatchlen"];
  assert.equal(rig.raw("LCS", "a", "b", ...options), `${head}*1\r\n${withLength}${tail}`);
  assert.equal(rig.raw("LCS", "a", "b", "IDX", "MINMATCHLEN", "-4"), `${head}*2\r\n${last}${first}${tail}`);
  rig.protocol = 3;
  assert.equal(rig.raw("LCS", "a", "none", "IDX"), `%2\r\n${bulk("matches")}*0\r\n${bulk("len")}:0\r\n`);
});

Deno.test("LCS's errors", () => {
  const rig = newRig({ protoMaxBulkLen: 4 * 11 * 11 - 1 });
  rig.raw("MSET", "a", "0123456789", "b", "0123456789");
  putHash(rig, "h");
  assert.equal(rig.raw("LCS", "a", "h"), "-ERR The specified keys must contain string values\r\n");
  assert.equal(rig.raw("LCS", "a", "b", "wrong"), SYNTAX);
  assert.equal(rig.raw("LCS", "a", "b", "MINMATCHLEN"), SYNTAX);
  assert.equal(rig.raw("LCS", "a", "b", "MINMATCHLEN", "x"), NOT_INTEGER);
  assert.equal(
    rig.raw("LCS", "a", "b", "LEN", "IDX"),
    "-ERR If you want both the length and indexes, please just use IDX.\r\n",
  );
  assert.equal(
    rig.raw("LCS", "a", "b"),
    "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n",
  );
});

Deno.test("every command refuses a key of another type and leaves it alone", () => {
  const rig = newRig();
  putHash(rig, "h");
  const commands = [
    ["GET", "h"],
    ["GETDEL", "h"],
    ["GETEX", "h"],
    ["GETEX", "h", "PERSIST"],
    ["GETSET", "h", "v"],
    ["SET", "h", "v", "GET"],
    ["SET", "h", "v", "IFEQ", "v"],
    ["SET", "h", "v", "EXAT", "1", "GET"],
    ["STRLEN", "h"],
    ["APPEND", "h", "v"],
    ["SETRANGE", "h", "0", "v"],
    ["SETRANGE", "h", "0", ""],
    ["GETRANGE", "h", "0", "0"],
    ["SUBSTR", "h", "0", "0"],
    ["INCR", "h"],
    ["INCRBY", "h", "9223372036854775807"],
    ["DECRBY", "h", "9223372036854775807"],
    ["INCRBYFLOAT", "h", "1"],
  ];
  for (const command of commands) assert.equal(rig.raw(...command), WRONG_TYPE, command.join(" "));
  assert.deepEqual(rig.takeEvents(), []);
  assert.equal(rig.raw("SET", "h", "v"), OK);
  assert.equal(rig.raw("GET", "h"), bulk("v"));
});

Deno.test("when the arena is full, commands throw before they reply and the old value stays", () => {
  const rig = new CommandRig(stringCommands, { arenaBytes: 1024 * 1024 });
  const big = "x".repeat(700_000);
  assert.equal(rig.raw("SET", "k", big), OK);
  rig.raw("SET", "small", "1");
  const used = rig.keyspace.arena.usedBytes;
  const commands = [
    ["SET", "k2", big],
    ["SET", "k", big + "y", "GET"],
    ["GETSET", "small", big],
    ["APPEND", "small", big],
    ["SETRANGE", "none", "600000", "x"],
    ["SETRANGE", "small", "600000", "x"],
    ["MSETNX", "k3", big],
  ];
  for (const command of commands) {
    assert.throws(() => rig.raw(...command), /full/i, command[0]);
    assert.equal(rig.lastReply, "", command[0]);
  }
  assert.equal(rig.keyspace.arena.usedBytes, used);
  assert.equal(rig.raw("GET", "small"), bulk("1"));
  assert.equal(rig.raw("GET", "none"), NULL);
  assert.equal(rig.raw("STRLEN", "k"), ":700000\r\n");
});

Deno.test("overwriting a key whose time has come tells first that it expired", () => {
  const rig = newRig();
  rig.raw("SET", "k", "v", "PX", "1");
  rig.takeEvents();
  rig.keyspace.clock.ms += 10;
  rig.keyspace.clock.update = () => rig.keyspace.clock.ms;
  assert.equal(rig.raw("SET", "k", "w"), OK);
  assert.deepEqual(rig.takeEvents(), ["expired expired k", "string set k"]);
  assert.equal(rig.keyspace.stats.expired, 1);
  assert.equal(rig.raw("GET", "k"), bulk("w"));
});
