import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, ArenaFullError } from "../memory/arena.ts";
import { LiveReader } from "../memory/arena_reader.ts";
import { setHashSeed } from "./hash.ts";
import { INNER_BYTES, LEAF_BYTES } from "./ordered_index_layout.ts";
import { OrderedIndex } from "./ordered_index.ts";
import { OrderedIndexReader } from "./ordered_index_reader.ts";

const MiB = 1024 * 1024;
const encoder = new TextEncoder();
const members = Array.from({ length: 4096 }, (_, n) => encoder.encode("m".repeat(n % 3) + (n * 7919) % 4096));

interface Pair {
  member: Uint8Array;
  score: number;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < a.length && index < b.length; index++) {
    if (a[index] !== b[index]) return a[index] - b[index];
  }
  return a.length - b.length;
}

/** Members with scores in order: what an index is compared with. */
class Model {
  readonly scores = new Map<number, number>();
  #sorted: Pair[] | null = null;

  set(number: number, score: number): void {
    // -0 and 0 are the same score.
    if (this.scores.get(number) === score) return;
    this.scores.set(number, score);
    this.#sorted = null;
  }

  delete(number: number): void {
    this.scores.delete(number);
    this.#sorted = null;
  }

  get sorted(): Pair[] {
    return this.#sorted ??= [...this.scores].map(([number, score]) => ({ member: members[number], score }))
      .sort((a, b) => a.score < b.score ? -1 : a.score > b.score ? 1 : compareBytes(a.member, b.member));
  }
}

function newIndex(bytes = 64 * MiB): { arena: Arena; index: OrderedIndex } {
  const arena = Arena.create({ bytes });
  return { arena, index: new OrderedIndex(arena) };
}

function find(index: OrderedIndex, number: number): number {
  return index.find(members[number], 0, members[number].length);
}

function set(index: OrderedIndex, number: number, score: number): void {
  const ref = find(index, number);
  if (ref === 0) index.insertAfterFind(members[number], 0, members[number].length, score);
  else index.setScore(ref, score);
}

function memberOf(arena: Arena, index: OrderedIndex, ref: number): Uint8Array {
  const address = index.memberAddress(ref);
  return arena.u8.slice(address, address + index.memberLength(ref));
}

function contents(arena: Arena, index: OrderedIndex): Pair[] {
  const pairs: Pair[] = [];
  if (index.size === 0) return pairs;
  index.tree.seek(0);
  do {
    pairs.push({ member: memberOf(arena, index, index.tree.element), score: index.tree.score });
  } while (index.tree.forward());
  return pairs;
}

function expectModel(arena: Arena, index: OrderedIndex, model: Model): void {
  index.verify();
  assert.deepEqual(contents(arena, index), model.sorted);
}

const scoreOf = [
  (n: number) => n,
  (n: number) => -n,
  () => 0,
  (n: number) => n % 5,
  (n: number) => [Infinity, -Infinity, -0, 0, 1e-300, 5e-324, 1.5, 2 ** 53][n & 7],
  (n: number) => (Math.imul(n, 2654435761) >>> 0) / 1000,
];

Deno.test("an ordered index behaves like a sorted array under any sequence of operations", () => {
  const { arena, index } = newIndex();
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
      fc.nat(scoreOf.length - 1),
      fc.nat(9),
      fc.integer(),
      (operations, scoring, scale, seed) => {
        setHashSeed(seed, 1);
        const start = arena.stats.used;
        index.create();
        const model = new Model();
        const universe = 8 << scale;
        const score = scoreOf[scoring];
        let next = 0;
        for (const operation of operations) {
          const number = (operation >>> 8) % universe;
          const count = 1 + ((operation >>> 4) & 15) * (scale > 4 ? 8 : 1);
          switch (operation & 15) {
            default:
              set(index, number, score(operation >>> 5));
              model.set(number, score(operation >>> 5));
              break;
            case 5: // a run in order, as a load makes it
              for (let n = 0; n < count; n++, next = (next + 1) % universe) {
                set(index, next, score(next));
                model.set(next, score(next));
              }
              break;
            case 6: { // takes from the front
              for (let n = 0; n < count && index.size > 0; n++) {
                index.tree.seek(0);
                if (operation & 1024) index.remove(index.tree.element);
                else index.removeSought();
                const [least] = model.sorted;
                model.delete([...model.scores.keys()].find((key) => members[key] === least.member)!);
              }
              break;
            }
            case 7: { // takes from anywhere
              const ref = find(index, number);
              assert.equal(ref !== 0, model.scores.has(number));
              if (ref !== 0) index.remove(ref);
              model.delete(number);
              break;
            }
            case 8: {
              for (let n = number; n < number + count; n++) {
                const ref = find(index, n % universe);
                if (ref !== 0) index.remove(ref);
                model.delete(n % universe);
              }
              break;
            }
            case 9: {
              const ref = find(index, number);
              if (ref === 0) break;
              const rank = index.rankOf(ref);
              assert.equal(model.sorted[rank].member, members[number]);
              assert.equal(index.tree.element, ref);
              index.tree.seek(rank);
              assert.equal(index.tree.element, ref);
              assert.equal(index.tree.backward(), rank > 0);
              break;
            }
            case 10: {
              const limit = score(operation >>> 6);
              assert.equal(
                index.tree.countBelowScore(limit),
                model.sorted.filter((p) => p.score < limit).length,
              );
              assert.equal(
                index.tree.countToScore(limit),
                model.sorted.filter((p) => p.score <= limit).length,
              );
              break;
            }
            case 11: {
              if (scoring !== 2) break;
              const text = members[number];
              const below = model.sorted.filter((p) => compareBytes(p.member, text) < 0).length;
              assert.equal(index.tree.countBelowMember(text, 0, text.length), below);
              assert.equal(
                index.tree.countToMember(text, 0, text.length),
                below + (model.scores.has(number) ? 1 : 0),
              );
              break;
            }
          }
          assert.equal(index.size, model.scores.size);
          if (operation % 41 === 0) expectModel(arena, index, model);
        }
        expectModel(arena, index, model);
        index.destroy();
        assert.equal(arena.stats.used, start, "everything was freed");
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("three levels: filled at random, emptied from both ends and the middle", () => {
  const { arena, index } = newIndex();
  const start = arena.stats.used;
  const size = 20_000;
  index.create();
  const member = new Uint8Array(4);
  const number = new DataView(member.buffer);
  for (let n = 0; n < size; n++) {
    number.setUint32(0, n);
    assert.equal(index.find(member, 0, 4), 0);
    index.insertAfterFind(member, 0, 4, (n * 7919) % size);
  }
  index.verify();
  for (let rank = 0; rank < size; rank += 97) {
    index.tree.seek(rank);
    assert.equal(index.tree.score, rank);
    assert.equal(index.rankOf(index.tree.element), rank);
  }
  for (let n = 0; index.size > 0; n++) {
    index.tree.seek([0, index.size - 1, index.size >> 1, (n * 31) % index.size][n & 3]);
    if (n & 4) index.removeSought();
    else index.remove(index.tree.element);
    if (n % 997 === 0) index.verify();
  }
  index.verify();
  index.destroy();
  assert.equal(arena.stats.used, start);
});

Deno.test("elements that come in order, from either end, leave full leaves", () => {
  for (const step of [1, -1]) {
    const { arena, index } = newIndex();
    index.create();
    for (let n = 0; n < 4096; n++) set(index, n, n * step);
    index.verify();
    const nodes = index.overheadBytes - index.members.overheadBytes;
    assert.ok(nodes < 4096 * 13.5, `${nodes} bytes of nodes in ${arena.stats.used}`);
  }
});

Deno.test("a full arena leaves the index as it was, whatever was being done", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1, maxLength: 200, size: "max" }),
      fc.nat(2),
      (operations, scoring) => {
        const { arena, index } = newIndex(MiB);
        index.create();
        const model = new Model();
        for (let n = 0; n < 700; n++) {
          set(index, n, scoreOf[scoring](n * 3));
          model.set(n, scoreOf[scoring](n * 3));
        }
        const filling: number[] = [];
        const fill = (bytes: number) => {
          try {
            while (true) filling.push(arena.allocate(bytes));
          } catch (error) {
            assert.ok(error instanceof ArenaFullError);
          }
        };
        let failed = 0;
        for (const bytes of [65536, 4096, 1024, INNER_BYTES, LEAF_BYTES, 512, 64, 32, 16]) fill(bytes);
        for (const operation of operations) {
          // A little memory, enough for some of the steps.
          for (let n = operation & 3; n > 0 && filling.length > 0; n--) {
            arena.free(filling.splice((operation >>> n) % filling.length, 1)[0]);
          }
          const number = (operation >>> 3) % 1400;
          const score = scoreOf[scoring](operation >>> 4);
          try {
            set(index, number, score);
            model.set(number, score);
          } catch (error) {
            assert.ok(error instanceof ArenaFullError);
            failed++;
          }
        }
        expectModel(arena, index, model);
        const { used } = arena.stats;
        const before = index.root;
        try {
          index.copyOf(before);
          index.destroy();
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
          failed++;
        }
        assert.equal(arena.stats.used, used, "a copy that failed left nothing");
        arena.verify();
        expectModel(arena, index.attach(before), model);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("a copy has the same elements and shares nothing", () => {
  const { arena, index } = newIndex();
  const start = arena.stats.used;
  const model = new Model();
  const original = index.create();
  for (let n = 0; n < 3000; n++) {
    set(index, n, n % 10);
    model.set(n, n % 10);
  }
  const copy = index.copyOf(original);
  expectModel(arena, index, model);
  index.attach(original);
  for (let n = 0; n < 3000; n += 2) set(index, n, -n);
  expectModel(arena, index.attach(copy), model);
  index.destroy();
  index.attach(original).verify();
  index.destroy();
  assert.equal(arena.stats.used, start);
});

Deno.test("a reader walks the elements from the highest to the lowest", () => {
  const { arena, index } = newIndex();
  for (const size of [0, 1, 64, 65, 3000]) {
    index.create();
    const model = new Model();
    for (let n = 0; n < size; n++) {
      set(index, n, n % 7);
      model.set(n, n % 7);
    }
    let polls = 0;
    const reader = new OrderedIndexReader(new LiveReader(arena), () => polls++);
    const pairs: Pair[] = [];
    for (reader.open(index.root); reader.next();) {
      const member = arena.u8.slice(reader.memberAddress, reader.memberAddress + reader.memberLength);
      pairs.push({ member, score: reader.score });
    }
    assert.equal(reader.size, size);
    assert.deepEqual(pairs.reverse(), model.sorted);
    assert.ok(polls >= size / 64);
  }
});
