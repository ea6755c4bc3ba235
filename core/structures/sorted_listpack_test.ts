import assert from "node:assert/strict";
import { Arena } from "../memory/arena.ts";
import { ListpackCursor, sortedSetListpackProblem } from "./listpack_bytes.ts";
import { SortedListpack } from "./sorted_listpack.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The elements as they are stored: integers as bigints, everything else as text. */
function stored(arena: Arena, ref: number): (string | bigint)[] {
  const elements: (string | bigint)[] = [];
  const cursor = new ListpackCursor().open(arena.u8, ref * 16);
  while (cursor.next()) {
    const { bytes, start, end, isInteger } = cursor.element;
    const text = decoder.decode(bytes.slice(start, end));
    elements.push(isInteger ? BigInt(text) : text);
  }
  return elements;
}

Deno.test("scores stand in a listpack as Valkey writes them: whole numbers as integers, others in the fewest digits", () => {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  const packed = new SortedListpack(arena);
  let ref = packed.create(1, 1);
  const add = (text: string, score: number) => {
    const bytes = encoder.encode(text);
    ref = packed.insert(ref, bytes, 0, bytes.length, score);
  };
  const set = (text: string, score: number) => {
    const bytes = encoder.encode(text);
    ref = packed.setScore(ref, packed.find(ref, bytes, 0, bytes.length), bytes, 0, bytes.length, score);
  };
  add("b", 1);
  add("a", 1);
  add("7", 0.1);
  add("zero", -0);
  add("large", 1e17);
  add("larger", 1e19);
  add("half", 2 ** 62);
  add("low", -Infinity);
  add("high", Infinity);
  assert.deepEqual(stored(arena, ref), [
    "low",
    "-inf",
    "zero",
    0n,
    7n,
    "0.1",
    "a",
    1n,
    "b",
    1n,
    "large",
    100000000000000000n,
    "half",
    4611686018427387904n,
    "larger",
    "1e+19",
    "high",
    "inf",
  ]);
  set("high", -5);
  set("a", 1.5);
  set("low", 3e300);
  set("b", 2);
  assert.deepEqual(stored(arena, ref).slice(0, 10), [
    "high",
    -5n,
    "zero",
    0n,
    7n,
    "0.1",
    "a",
    "1.5",
    "b",
    2n,
  ]);
  assert.deepEqual(stored(arena, ref).slice(-2), ["low", "3e+300"]);
  const copy = arena.u8.slice(ref * 16, ref * 16 + arena.u32[ref * 4]);
  assert.equal(sortedSetListpackProblem(copy, 0, copy.length), "");
});

Deno.test("members are walked, counted and taken out by rank", () => {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  const used = arena.stats.used;
  const packed = new SortedListpack(arena);
  let ref = packed.create(1, 1);
  for (let n = 0; n < 20; n++) {
    const bytes = encoder.encode(`m${n}`);
    ref = packed.insert(ref, bytes, 0, bytes.length, (n * 7) % 20);
  }
  assert.equal(packed.size(ref), 20);
  for (let rank = 0; rank < 20; rank++) {
    const place = packed.seek(ref, rank);
    assert.equal(packed.score(ref, place), rank);
    assert.equal(packed.rankOf(ref, place), rank);
    assert.equal(packed.previous(ref, place), rank === 0 ? 0 : packed.seek(ref, rank - 1));
    assert.equal(packed.next(ref, place), rank === 19 ? 0 : packed.seek(ref, rank + 1));
    assert.equal(packed.countBelowScore(ref, rank), rank);
    assert.equal(packed.countToScore(ref, rank), rank + 1);
  }
  ref = packed.remove(ref, packed.seek(ref, 5), 10);
  assert.equal(packed.size(ref), 10);
  assert.equal(packed.score(ref, packed.seek(ref, 5)), 15);
  packed.free(ref);
  assert.equal(arena.stats.used, used);
});
