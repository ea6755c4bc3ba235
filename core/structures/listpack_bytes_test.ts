import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../memory/arena.ts";
import { Listpack } from "./listpack.ts";
import {
  hashListpackProblem,
  ListpackCursor,
  listpackLength,
  listpackProblem,
  setListpackProblem,
  sortedSetListpackProblem,
} from "./listpack_bytes.ts";
import { previousElement } from "./listpack_format.ts";

// What redis-server 7.0.15 holds after HSET with these arguments (from DUMP, with compression off).
const HASH = [
  ...[
    "f",
    "v",
    "0",
    "127",
    "128",
    "-1",
    "-4096",
    "4095",
    "4096",
    "-4097",
    "32767",
    "-32769",
    "8388607",
    "-8388609",
  ],
  ...["2147483647", "-2147483649", "9223372036854775807", "-9223372036854775808", "01", ""],
  ...["y".repeat(70), "9223372036854775808"],
];
const HASH_HEX =
  "c1000000160081660281760200017f01c08002dfff02d00002cfff02f1001003f1ffef03f1ff7f03f2ff7fff04f2ffff7f04" +
  "f3ffff7fff05f3ffffff7f05f4ffffff7fffffffff09f4ffffffffffffff7f09f4000000000000008009823031038001e046" +
  "79".repeat(70) + "48933932323333373230333638353437373538303814ff";

const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
const listpacks = new Listpack(arena);

function listpackOf(elements: string[]): Uint8Array {
  let ref = listpacks.create();
  for (const text of elements) {
    const bytes = new TextEncoder().encode(text);
    ref = listpacks.append(ref, bytes, 0, bytes.length);
  }
  const bytes = arena.u8.slice(ref * 16, ref * 16 + listpacks.bytes(ref));
  listpacks.free(ref);
  return bytes;
}

function elementsOf(bytes: Uint8Array, start: number): string[] {
  const cursor = new ListpackCursor().open(bytes, start);
  const texts: string[] = [];
  while (cursor.next()) {
    texts.push(
      new TextDecoder().decode(cursor.element.bytes.slice(cursor.element.start, cursor.element.end)),
    );
  }
  return texts;
}

/** Bytes with other bytes around them, so that a check that looks beyond its span sees rubbish. */
function placed(bytes: Uint8Array): { all: Uint8Array; start: number; end: number } {
  const all = new Uint8Array(bytes.length + 30).fill(0xff);
  all.set(bytes, 10);
  return { all, start: 10, end: 10 + bytes.length };
}

function problemOf(bytes: Uint8Array): string {
  const { all, start, end } = placed(bytes);
  return listpackProblem(all, start, end);
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at < 0 ? bytes.length + at : at] = value;
  return copy;
}

Deno.test("a listpack has the bytes that the reference gives it, and reads them", () => {
  const bytes = listpackOf(HASH);
  assert.equal(bytes.toHex(), HASH_HEX);
  const { all, start, end } = placed(Uint8Array.fromHex(HASH_HEX));
  assert.equal(hashListpackProblem(all, start, end), "");
  assert.deepEqual(elementsOf(all, start), HASH);
  assert.equal(listpackLength(all, start), HASH.length);
});

Deno.test("each kind of damage is named", () => {
  const good = listpackOf(["f", "v"]);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /0 bytes is too short/],
    [good.subarray(0, 6), /6 bytes is too short/],
    [changed(good, 0, 12), /of 13 bytes says that it has 12/],
    [changed(good, 3, 1), /says that it has 16777229/],
    [changed(good, 4, 3), /of 2 elements says that it has 3/],
    [changed(good, -1, 0), /end byte/],
    [changed(good, 6, 0xf5), /element 0 begins with 0xf5/],
    [changed(good, 6, 0xff), /element 0 begins with 0xff/],
    [changed(good, 6, 0xbf), /element 0 reaches beyond/],
    [changed(good, 9, 0xf0), /element 1 reaches beyond/],
    [changed(listpackOf(["f", "7"]), 9, 0xf0), /element 1 reaches beyond/],
    [changed(listpackOf(["f", "7"]), 9, 0xe0), /element 1 reaches beyond/],
    [changed(good, 9, 0xe0), /element 1 reaches beyond/],
    [changed(good, 9, 0x80), /element 1 has another length/],
    [changed(good, 8, 3), /element 0 has another length/],
    [changed(good, 8, 0x82), /element 0 has a broken length/],
  ];
  for (const [bytes, wanted] of cases) assert.match(problemOf(bytes), wanted);
  assert.equal(problemOf(good), "");
  assert.equal(problemOf(changed(changed(good, 4, 0xff), 5, 0xff)), "", "an unknown count is no damage");
});

Deno.test("whatever passes the check can be walked in both directions, and nothing makes the check fail", () => {
  const base = listpackOf([
    "field",
    "1",
    "x".repeat(80),
    "-70000",
    "",
    "123456789012",
    "last",
    "y".repeat(200),
  ]);
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 3 }),
      fc.nat(3),
      (changes, cut) => {
        const bytes = base.slice(0, base.length - cut);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const { all, start, end } = placed(bytes);
        if (listpackProblem(all, start, end) !== "") return;
        accepted++;
        const count = elementsOf(all, start).length;
        assert.equal(listpackLength(all, start), count);
        let backwards = 0;
        let at = end - 1;
        for (; at > start + 6; backwards++) at = previousElement(all, at);
        assert.equal(at, start + 6);
        assert.equal(backwards, count);
      },
    ),
    { numRuns: 20_000 },
  );
  assert.ok(accepted > 100, `${accepted} were accepted`);
});

Deno.test("a hash has whole pairs and no field twice, however the field is written", () => {
  const problem = (elements: string[]) => {
    const { all, start, end } = placed(listpackOf(elements));
    return hashListpackProblem(all, start, end);
  };
  assert.equal(problem(["a", "same", "b", "same"]), "");
  assert.equal(problem([]), "");
  assert.match(problem(["a", "1", "b"]), /last field has no value/);
  assert.match(problem(["a", "1", "b", "2", "a", "3"]), /same field twice/);
  assert.match(problem(["1", "1", "2", "2", "1", "3"]), /same field twice/);
  const many = Array.from({ length: 5000 }, (_, n) => [`field ${n}`, "v"]).flat();
  assert.equal(problem(many), "");
  assert.match(problem([...many, "field 77", "w"]), /same field twice/);
  assert.equal(problem(["a", "b"]), "", "a small one after a large one");
  assert.equal(problem(["a", "b"]), "", "and the same again");
  // "1" as text, which nobody writes, beside the integer 1.
  const twice = Uint8Array.from([16, 0, 0, 0, 4, 0, 1, 1, 5, 1, 0x81, 0x31, 2, 5, 1, 0xff]);
  assert.equal(problemOf(twice), "");
  assert.match(hashListpackProblem(twice, 0, twice.length), /same field twice/);
});

Deno.test("a set has members and none twice", () => {
  const problem = (elements: string[]) => {
    const { all, start, end } = placed(listpackOf(elements));
    return setListpackProblem(all, start, end);
  };
  assert.equal(problem(["a", "b", "3"]), "");
  assert.equal(problem([]), "");
  assert.match(problem(["a", "b", "a"]), /same member twice/);
  assert.match(problem(["3", "b", "3"]), /same member twice/);
});

Deno.test("a sorted set has whole pairs and no member twice", () => {
  const problem = (elements: string[]) => {
    const { all, start, end } = placed(listpackOf(elements));
    return sortedSetListpackProblem(all, start, end);
  };
  assert.equal(problem(["a", "1", "b", "1"]), "");
  assert.match(problem(["a", "1", "b"]), /last member has no value/);
  assert.match(problem(["a", "1", "a", "2"]), /same member twice/);
});
