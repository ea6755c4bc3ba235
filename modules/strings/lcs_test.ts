import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../../core/bytes/ascii.ts";
import { lcsLength, lcsTableBytes, longestCommonSubsequence } from "./lcs.ts";

function find(a: string, b: string) {
  const { sequence, ranges } = longestCommonSubsequence(latin1Bytes(a), latin1Bytes(b));
  return { text: latin1Text(sequence, 0, sequence.length), ranges };
}

Deno.test("the example of the documentation", () => {
  assert.deepEqual(find("ohmytext", "mynewtext"), {
    text: "mytext",
    ranges: [{ aStart: 4, aEnd: 7, bStart: 5, bEnd: 8 }, { aStart: 2, aEnd: 3, bStart: 0, bEnd: 1 }],
  });
});

Deno.test("empty strings have nothing in common", () => {
  assert.deepEqual(find("", ""), { text: "", ranges: [] });
  assert.deepEqual(find("abc", ""), { text: "", ranges: [] });
  assert.equal(lcsLength(new Uint8Array(0), latin1Bytes("abc")), 0);
});

Deno.test("the table has one row and column more than the strings have bytes", () => {
  assert.equal(lcsTableBytes(new Uint8Array(9), new Uint8Array(99)), 10 * 100 * 4);
});

Deno.test("it is common, as long as the plain recursion says, and the ranges spell it backwards", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
  fc.assert(fc.property(text, text, (a, b) => {
    const { text: found, ranges } = find(a, b);
    assert.equal(found.length, recursiveLength(a, b));
    assert.equal(lcsLength(latin1Bytes(a), latin1Bytes(b)), found.length);
    const fromA = ranges.toReversed().map((range) => a.slice(range.aStart, range.aEnd + 1)).join("");
    const fromB = ranges.toReversed().map((range) => b.slice(range.bStart, range.bEnd + 1)).join("");
    assert.equal(fromA, found);
    assert.equal(fromB, found);
    for (let index = 1; index < ranges.length; index++) {
      assert.ok(
        ranges[index].aEnd < ranges[index - 1].aStart && ranges[index].bEnd < ranges[index - 1].bStart,
      );
    }
  }));
});

function recursiveLength(a: string, b: string, known = new Map<string, number>()): number {
  if (a === "" || b === "") return 0;
  const key = `${a.length},${b.length}`;
  let length = known.get(key);
  if (length === undefined) {
    length = a.at(-1) === b.at(-1)
      ? recursiveLength(a.slice(0, -1), b.slice(0, -1), known) + 1
      : Math.max(recursiveLength(a.slice(0, -1), b, known), recursiveLength(a, b.slice(0, -1), known));
    known.set(key, length);
  }
  return length;
}
