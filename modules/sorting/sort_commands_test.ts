// SORT on the rig: events and dirty counts, what STORE makes and removes, keys that its arguments name. The replies are
// compared with a real server by tests/interop.
import assert from "node:assert/strict";
import { extractKeys } from "../../core/commands/key_extraction.ts";
import { ENCODING_LISTPACK, ENCODING_QUICKLIST } from "../../core/keyspace/entry_layout.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { hashCommands } from "../hashes/commands.ts";
import { listCommands } from "../lists/commands.ts";
import { setCommands } from "../sets/commands.ts";
import { sortedSetCommands } from "../sorted_sets/commands.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { sortCommands } from "./sort_commands.ts";

const families = [sortCommands, listCommands, setCommands, sortedSetCommands, hashCommands, stringCommands];

function newRig(config: Record<string, unknown> = {}): CommandRig {
  return new CommandRig(families.flat(), { config });
}

/** The bulk strings of a flat array reply; nulls as "-". */
function items(reply: string): string[] {
  return [...reply.matchAll(/\$(-1)|\$\d+\r\n(.*?)\r\n/gs)].map((match) =>
    match[1] === undefined ? match[2] : "-"
  );
}

function encodingOf(rig: CommandRig, key: string): number {
  const bytes = new TextEncoder().encode(key);
  return rig.keyspace.entries.encoding(rig.keyspace.databases[0].peek(bytes, 0, bytes.length));
}

Deno.test("numbers, texts, weights, what they get", () => {
  const rig = newRig();
  rig.raw("RPUSH", "l", "3", "10", "2", "1");
  assert.deepEqual(items(rig.raw("SORT", "l")), ["1", "2", "3", "10"]);
  assert.deepEqual(items(rig.raw("SORT", "l", "DESC", "ALPHA")), ["3", "2", "10", "1"]);
  assert.deepEqual(items(rig.raw("SORT_RO", "l", "LIMIT", "1", "2")), ["2", "3"]);
  rig.raw("MSET", "w1", "9", "w2", "8", "w3", "7");
  rig.raw("HSET", "h3", "name", "three");
  assert.deepEqual(items(rig.raw("SORT", "l", "BY", "w*", "GET", "#", "GET", "h*->name")), [
    ...["10", "-", "3", "three", "2", "-", "1", "-"],
  ]);
  rig.raw("RPUSH", "l", "x");
  assert.equal(rig.raw("SORT", "l"), "-ERR One or more scores can't be converted into double\r\n");
  assert.equal(rig.raw("SORT_RO", "l", "STORE", "to"), "-ERR syntax error\r\n");
  assert.equal(
    rig.raw("SORT", "w1"),
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  );
  assert.equal(rig.raw("SORT", "none"), "*0\r\n");
});

Deno.test("the order of a sorted set and of a list stays where nothing is to be sorted", () => {
  const rig = newRig();
  rig.raw("ZADD", "z", "3", "c", "1", "a", "2", "b");
  rig.raw("RPUSH", "l", "c", "a", "b");
  assert.deepEqual(items(rig.raw("SORT", "z", "BY", "nosort")), ["a", "b", "c"]);
  assert.deepEqual(items(rig.raw("SORT", "z", "BY", "nosort", "DESC", "LIMIT", "0", "2")), ["c", "b"]);
  assert.deepEqual(items(rig.raw("SORT", "l", "BY", "nosort", "LIMIT", "1", "9")), ["a", "b"]);
  rig.raw("SADD", "s", "b", "a", "c");
  rig.raw("SORT", "s", "BY", "nosort", "STORE", "to");
  assert.deepEqual(
    items(rig.raw("LRANGE", "to", "0", "-1")),
    ["a", "b", "c"],
    "a set that is stored is sorted",
  );
});

Deno.test("what STORE stores, removes and tells", () => {
  const rig = newRig({ listMaxListpackSize: 3 });
  rig.raw("RPUSH", "l", "2", "1", "3");
  rig.raw("SET", "to", "a string");
  rig.takeEvents();
  rig.keyspace.dirty = 0;
  assert.equal(rig.raw("SORT", "l", "STORE", "to"), ":3\r\n");
  assert.equal(encodingOf(rig, "to"), ENCODING_LISTPACK);
  assert.equal(rig.keyspace.dirty, 3);
  assert.equal(rig.raw("SORT", "l", "GET", "#", "GET", "none*", "STORE", "to"), ":6\r\n");
  assert.equal(encodingOf(rig, "to"), ENCODING_QUICKLIST);
  assert.deepEqual(items(rig.raw("LRANGE", "to", "0", "-1")), ["1", "", "2", "", "3", ""]);
  assert.equal(rig.raw("SORT", "l", "STORE", "l"), ":3\r\n");
  assert.deepEqual(items(rig.raw("LRANGE", "l", "0", "-1")), ["1", "2", "3"]);
  rig.keyspace.dirty = 0;
  assert.equal(rig.raw("SORT", "none", "STORE", "to"), ":0\r\n");
  assert.equal(rig.raw("SORT", "none", "STORE", "to"), ":0\r\n");
  assert.equal(rig.keyspace.dirty, 1);
  assert.deepEqual(rig.takeEvents(), [
    "list sortstore to",
    "list sortstore to",
    "list sortstore l",
    "generic del to",
  ]);
});

Deno.test("the keys among the arguments are the source and the last destination", () => {
  const keys = (...words: string[]) =>
    extractKeys(sortCommands[0], Arguments.of("sort", ...words))!.map(({ index }) => index);
  assert.deepEqual(keys("a"), [1]);
  assert.deepEqual(keys("a", "LIMIT", "0", "1", "STORE", "b"), [1, 6]);
  assert.deepEqual(keys("a", "GET", "store", "store", "b", "STORE", "c"), [1, 7]);
  assert.deepEqual(keys("a", "STORE"), [1]);
});
