import assert from "node:assert/strict";
import { Arguments } from "../protocol/arguments.ts";
import { type CommandSpec, type KeySpec, manyKeys, oneKey } from "./command.ts";
import { extractKeys, legacyRange } from "./key_extraction.ts";

function spec(keySpecs: KeySpec[], keyFlags?: CommandSpec["keyFlags"]): CommandSpec {
  return {
    name: "test",
    arity: -1,
    flags: [],
    categories: [],
    keySpecs,
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "A test.",
    keyFlags,
  };
}

function keysOf(keySpecs: KeySpec[], ...words: string[]): string[] | null {
  const args = Arguments.of(...words);
  return extractKeys(spec(keySpecs), args)?.map(({ index }) => args.latin1(index)) ?? null;
}

Deno.test("ranges: one key, all to the end, every second, all but the last", () => {
  assert.deepEqual(keysOf(oneKey("RO"), "GET", "a"), ["a"]);
  assert.deepEqual(keysOf(oneKey("RO"), "GET"), [], "the arity says that a key is missing");
  assert.deepEqual(keysOf(manyKeys(1, "RM"), "DEL", "a", "b", "c"), ["a", "b", "c"]);
  assert.deepEqual(keysOf(manyKeys(2, "OW"), "MSET", "a", "1", "b", "2"), ["a", "b"]);
  const butLast: KeySpec[] = [{
    flags: ["RW"],
    begin: { index: 1 },
    find: { lastKey: -2, step: 1, limit: 0 },
  }];
  assert.deepEqual(keysOf(butLast, "BLPOP", "a", "b", "10"), ["a", "b"]);
  const half: KeySpec[] = [{
    flags: ["RO"],
    begin: { keyword: "STREAMS", startFrom: 1 },
    find: { lastKey: -1, step: 1, limit: 2 },
  }];
  assert.deepEqual(keysOf(half, "XREAD", "COUNT", "5", "streams", "a", "b", "1", "2"), ["a", "b"]);
  assert.deepEqual(keysOf(half, "XREAD", "COUNT", "5"), []);
});

Deno.test("counted keys: as many as the number says, none where it says nonsense", () => {
  const counted: KeySpec[] = [{
    flags: ["RO"],
    begin: { index: 1 },
    find: { keyNumIndex: 0, firstKey: 1, step: 1 },
  }];
  assert.deepEqual(keysOf(counted, "SINTERCARD", "2", "a", "b", "LIMIT", "1"), ["a", "b"]);
  assert.deepEqual(keysOf(counted, "SINTERCARD", "0"), []);
  assert.equal(keysOf(counted, "SINTERCARD", "3", "a", "b"), null);
  assert.equal(keysOf(counted, "SINTERCARD", "-1", "a"), null);
  assert.equal(keysOf(counted, "SINTERCARD", "x", "a"), null);
});

Deno.test("arguments that only look like keys, and flags that depend on the call", () => {
  assert.deepEqual(keysOf([{ ...oneKey("not_key")[0] }], "PUBLISH", "channel"), []);
  const set = spec(
    oneKey("RW", "variable_flags"),
    (args) => args.count > 3 ? ["RW", "access"] : ["OW", "update"],
  );
  assert.deepEqual(extractKeys(set, Arguments.of("SET", "a", "1")), [{ index: 1, flags: ["OW", "update"] }]);
  assert.deepEqual(extractKeys(set, Arguments.of("SET", "a", "1", "GET")), [{
    index: 1,
    flags: ["RW", "access"],
  }]);
});

Deno.test("the classic first, last and step", () => {
  assert.deepEqual(legacyRange(spec(oneKey("RO"))), { first: 1, last: 1, step: 1 });
  assert.deepEqual(legacyRange(spec(manyKeys(2, "OW"))), { first: 1, last: -1, step: 2 });
  assert.deepEqual(legacyRange(spec([])), { first: 0, last: 0, step: 0 });
  const two = [oneKey("RW")[0], { ...oneKey("OW")[0], begin: { index: 2 } }];
  assert.deepEqual(legacyRange(spec(two)), { first: 1, last: 2, step: 1 });
});
