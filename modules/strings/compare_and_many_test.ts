// DELIFEQ and MSETEX: replies, events, conditions, expiry, words, nothing half-done.
import assert from "node:assert/strict";
import { extractKeys } from "../../core/commands/key_extraction.ts";
import { Arguments } from "../../core/protocol/arguments.ts";
import { hashCommands } from "../hashes/commands.ts";
import { expireCommands } from "../keys/expire_commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { stringCommands } from "./commands.ts";

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NOW = 1_700_000_000_000;

function newRig(arenaBytes?: number): CommandRig {
  const rig = new CommandRig([...stringCommands, ...hashCommands, ...expireCommands], { arenaBytes });
  rig.keyspace.clock.update = () => rig.keyspace.clock.ms = NOW;
  return rig;
}

Deno.test("DELIFEQ deletes a key that holds this very string", () => {
  const rig = newRig();
  rig.raw("HSET", "h", "a", "1");
  rig.raw("SET", "k", "value");
  rig.raw("SET", "number", "12");
  rig.takeEvents();
  const { dirty } = rig.keyspace;
  assert.equal(rig.raw("DELIFEQ", "none", "value"), ":0\r\n");
  assert.equal(rig.raw("DELIFEQ", "k", "Value"), ":0\r\n");
  assert.equal(rig.raw("DELIFEQ", "k", "value "), ":0\r\n");
  assert.equal(rig.raw("DELIFEQ", "k", ""), ":0\r\n");
  assert.equal(rig.raw("DELIFEQ", "h", "value"), WRONG_TYPE);
  assert.deepEqual([rig.takeEvents(), rig.keyspace.dirty - dirty], [[], 0]);
  assert.equal(rig.raw("DELIFEQ", "k", "value"), ":1\r\n");
  assert.equal(rig.raw("DELIFEQ", "number", "12"), ":1\r\n");
  assert.deepEqual(rig.takeEvents(), ["generic del k", "generic del number"]);
  assert.equal(rig.keyspace.dirty - dirty, 2);
  assert.equal(rig.raw("GET", "k"), "$-1\r\n");
  assert.equal(rig.raw("DELIFEQ", "k"), "-ERR wrong number of arguments for 'delifeq' command\r\n");
});

Deno.test("MSETEX sets all keys or none, on condition and with one expiry", () => {
  const rig = newRig();
  assert.equal(rig.raw("MSETEX", "2", "a", "1", "b", "2"), ":1\r\n");
  assert.equal(rig.raw("MGET", "a", "b"), "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  assert.equal(rig.raw("MSETEX", "2", "c", "3", "a", "3", "NX"), ":0\r\n");
  assert.equal(rig.raw("MSETEX", "2", "a", "3", "c", "3", "xx"), ":0\r\n");
  assert.equal(rig.raw("GET", "c"), "$-1\r\n");
  rig.takeEvents();
  assert.equal(rig.raw("MSETEX", "2", "a", "3", "b", "4", "XX", "EX", "10"), ":1\r\n");
  assert.deepEqual(rig.takeEvents(), [
    "string set a",
    "generic expire a",
    "string set b",
    "generic expire b",
  ]);
  assert.equal(rig.raw("PTTL", "b"), ":10000\r\n");
  assert.equal(rig.raw("MSETEX", "2", "a", "5", "c", "5", "KEEPTTL"), ":1\r\n");
  assert.equal(rig.raw("PTTL", "a") + rig.raw("PTTL", "c"), ":10000\r\n:-1\r\n");
  assert.equal(rig.raw("MSETEX", "1", "a", "6", "PXAT", `${NOW + 5}`), ":1\r\n");
  assert.equal(rig.raw("PTTL", "a"), ":5\r\n");
  assert.equal(rig.raw("MSETEX", "1", "a", "7"), ":1\r\n");
  assert.equal(rig.raw("PTTL", "a"), ":-1\r\n");
  rig.takeEvents();
  assert.equal(rig.raw("MSETEX", "2", "a", "8", "none", "8", "EXAT", "1"), ":1\r\n");
  assert.deepEqual(rig.takeEvents(), ["generic del a"]);
  // The same key twice: the last value stays.
  assert.equal(rig.raw("MSETEX", "2", "n", "1", "n", "2", "NX"), ":1\r\n");
  assert.equal(rig.raw("GET", "n"), "$1\r\n2\r\n");
});

Deno.test("MSETEX's errors", () => {
  const rig = newRig();
  const expect = (words: string, reply: string) => assert.equal(rig.raw(...words.split(" ")), reply, words);
  const arity = "-ERR wrong number of arguments for 'msetex' command\r\n";
  const syntax = "-ERR syntax error\r\n";
  expect("MSETEX 1 a", arity);
  expect("MSETEX 2 a 1 b", arity);
  expect("MSETEX 9007199254740993 a 1", arity);
  expect("MSETEX 0 a 1", "-ERR invalid numkeys value\r\n");
  expect("MSETEX -1 a 1", "-ERR invalid numkeys value\r\n");
  expect("MSETEX x a 1", "-ERR value is not an integer or out of range\r\n");
  expect("MSETEX 1 a 1 b 2", syntax);
  expect("MSETEX 1 a 1 NX XX", syntax);
  expect("MSETEX 1 a 1 EX", syntax);
  expect("MSETEX 1 a 1 EX 10 KEEPTTL", syntax);
  expect("MSETEX 1 a 1 GET", syntax);
  expect("MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command\r\n");
  expect("MSETEX 1 a 1 EX x", "-ERR value is not an integer or out of range\r\n");
  expect("GET a", "$-1\r\n");
});

Deno.test("MSETEX's keys are every second word", () => {
  const spec = stringCommands.find(({ name }) => name === "msetex")!;
  const args = Arguments.of("MSETEX", "2", "a", "1", "b", "2", "EX", "10");
  assert.deepEqual(extractKeys(spec, args)?.map(({ index }) => index), [2, 4]);
});

Deno.test("a full arena leaves all keys as they were", () => {
  const rig = newRig(4 * 1024 * 1024);
  rig.raw("MSETEX", "2", "a", "1", "b", "2");
  const { used } = rig.keyspace.arena.stats;
  const large = "x".repeat(2 * 1024 * 1024);
  assert.throws(() => rig.raw("MSETEX", "3", "a", "new", "b", large, "c", large, "EX", "5"), {
    code: "ARENA_FULL",
  });
  assert.equal(rig.keyspace.arena.stats.used, used);
  assert.equal(rig.raw("MGET", "a", "b", "c"), "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
  assert.equal(rig.raw("PTTL", "a"), ":-1\r\n");
});
