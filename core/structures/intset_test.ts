import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../memory/arena.ts";
import { Int64Words } from "./int64_words.ts";
import { Intset } from "./intset.ts";

const MiB = 1024 * 1024;

function wordsOf(value: bigint): Int64Words {
  const words = new Int64Words();
  words.high = Number(BigInt.asIntN(32, value >> 32n));
  words.low = Number(BigInt.asIntN(32, value));
  return words;
}

function valueOf(words: Int64Words): bigint {
  return (BigInt(words.high) << 32n) | BigInt(words.low >>> 0);
}

/** The bytes that an RDB file has for these members. */
function encoded(members: bigint[], width: number): Uint8Array {
  const bytes = new Uint8Array(8 + members.length * width);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width, true);
  view.setUint32(4, members.length, true);
  members.forEach((member, index) => {
    const at = 8 + index * width;
    if (width === 2) view.setInt16(at, Number(member), true);
    else if (width === 4) view.setInt32(at, Number(member), true);
    else view.setBigInt64(at, member, true);
  });
  return bytes;
}

function widthFor(value: bigint): number {
  if (BigInt.asIntN(16, value) === value) return 2;
  return BigInt.asIntN(32, value) === value ? 4 : 8;
}

const value = fc.oneof(
  fc.bigInt(-20n, 20n),
  fc.bigInt(-40000n, 40000n),
  fc.bigInt(-(2n ** 33n), 2n ** 33n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(
    32767n,
    32768n,
    -32768n,
    -32769n,
    2n ** 31n - 1n,
    2n ** 31n,
    -(2n ** 31n),
    -(2n ** 31n) - 1n,
  ),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, 2n ** 32n - 1n, -(2n ** 32n)),
);
const operation = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), value }),
  fc.record({ kind: fc.constant("add" as const), value }),
  fc.record({ kind: fc.constant("remove" as const), value }),
  fc.record({ kind: fc.constant("removeAt" as const), value: fc.bigInt(0n, 1000n) }),
);

Deno.test("random changes against a model, byte for byte, without a leak", () => {
  const arena = Arena.create({ bytes: 16 * MiB });
  const intsets = new Intset(arena);
  const before = arena.stats.used;
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 200, size: "max" }), (operations) => {
      const model = new Set<bigint>();
      let width = 2;
      let ref = intsets.create();
      for (const { kind, value } of operations) {
        const words = wordsOf(value);
        if (kind === "add") {
          width = Math.max(width, widthFor(value));
          ref = intsets.add(ref, words);
          assert.equal(intsets.changed, !model.has(value));
          model.add(value);
        } else if (kind === "remove") {
          ref = intsets.remove(ref, words);
          assert.equal(intsets.changed, model.delete(value));
        } else if (model.size > 0) {
          const sorted = ascending(model);
          const index = Number(value) % sorted.length;
          ref = intsets.removeAt(ref, index);
          model.delete(sorted[index]);
        }
        assert.equal(intsets.find(ref, words), model.has(value));
        assert.equal(intsets.size(ref), model.size);
      }
      const sorted = ascending(model);
      const expected = encoded(sorted, width);
      assert.equal(intsets.bytes(ref), expected.length);
      assert.deepEqual(arena.u8.slice(ref * 16, ref * 16 + expected.length), expected);
      sorted.forEach((member, index) => {
        const words = new Int64Words();
        intsets.read(ref, index, words);
        assert.equal(valueOf(words), member);
        assert.ok(intsets.find(ref, words));
        assert.equal(intsets.index, index);
      });
      intsets.free(ref);
      assert.equal(arena.stats.used, before);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("many members go at once", () => {
  const arena = Arena.create({ bytes: 16 * MiB });
  const intsets = new Intset(arena);
  fc.assert(
    fc.property(
      fc.uniqueArray(value, { maxLength: 60 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      (all, goes) => {
        let ref = intsets.create();
        for (const each of all) ref = intsets.add(ref, wordsOf(each));
        const width = intsets.width(ref);
        const sorted = ascending(new Set(all));
        const indexes = sorted.map((_, index) => index).filter((index) => goes[index]);
        ref = intsets.removeMany(ref, indexes, indexes.length);
        const expected = encoded(sorted.filter((_, index) => !goes[index]), width);
        assert.deepEqual(arena.u8.slice(ref * 16, ref * 16 + intsets.bytes(ref)), expected);
        intsets.free(ref);
      },
    ),
  );
});

Deno.test("growing takes few copies, and what is empty takes little", () => {
  const arena = Arena.create({ bytes: 64 * MiB });
  const intsets = new Intset(arena);
  const before = arena.stats.used;
  let ref = intsets.create();
  let moves = 0;
  const words = new Int64Words();
  for (let number = 0; number < 100_000; number++) {
    words.setNumber(number * 3);
    const next = intsets.add(ref, words);
    if (next !== ref) moves++;
    ref = next;
  }
  assert.ok(moves < 300, `${moves} moves`);
  const copy = intsets.copyOf(ref);
  assert.equal(intsets.size(copy), 100_000);
  intsets.free(copy);
  while (intsets.size(ref) > 10) ref = intsets.removeAt(ref, intsets.size(ref) - 1);
  assert.ok(arena.sizeOf(ref) < 256);
  intsets.free(ref);
  assert.equal(arena.stats.used, before);
});

function ascending(model: Set<bigint>): bigint[] {
  return [...model].sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
}
