import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena, ARENA_FULL } from "../memory/arena.ts";
import { LiveReader } from "../memory/arena_reader.ts";
import { IdTree } from "./id_tree.ts";
import { IdTreeReader } from "./id_tree_reader.ts";
import { StreamId } from "./stream_id.ts";

const RUNS = 1000;
const OPERATIONS = 200;

/** A tree with a block of its own for the header. */
function setUp(bytes = 8 * 1024 * 1024) {
  const arena = Arena.create({ bytes });
  const owner = arena.allocate(16);
  for (let word = 0; word < 4; word++) arena.setU32(owner * 4 + word, 0);
  const empty = arena.usedBytes;
  return { arena, tree: new IdTree(arena).attach(owner * 4), header: owner * 4, empty };
}

/** Ids that differ in each of their words. */
function idOf(n: number): StreamId {
  return new StreamId().set(n >>> 18, (n >>> 12) << 31, (n >>> 6) & 63, n << 26);
}

function walk(arena: Arena, header: number): [string, number][] {
  const reader = new IdTreeReader(new LiveReader(arena), () => {}).open(header);
  const found: [string, number][] = [];
  while (reader.next()) found.push([reader.id.toString(), reader.value]);
  assert.equal(reader.size, found.length);
  return found;
}

function backwards(tree: IdTree): [string, number][] {
  const found: [string, number][] = [];
  const id = new StreamId();
  for (let more = tree.seekLast(); more; more = tree.previous()) {
    tree.readId(id);
    found.push([id.toString(), tree.value]);
  }
  return found;
}

/** Number `n` of the model has the place `order(n)` among the ids. */
function order(n: number): bigint {
  const id = idOf(n);
  const words = [id.msHigh, id.msLow, id.seqHigh, id.seqLow];
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
}

const operation = fc.record({
  kind: fc.constantFrom("insert", "insert", "insert", "run", "remove", "remove", "removeRun", "find", "seek"),
  n: fc.nat(1500),
});

Deno.test("id tree: behaves as a sorted map", () => {
  const { arena, tree, header, empty } = setUp();
  const sorted = Array.from({ length: 1700 }, (_, n) => n).sort((a, b) => order(a) < order(b) ? -1 : 1);
  const rank = new Map(sorted.map((n, index) => [n, index]));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: OPERATIONS, size: "max" }), (operations) => {
      tree.attach(header).clear();
      const model = new Map<number, number>();
      const add = (n: number) => {
        assert.equal(tree.insert(idOf(n), n + 1), !model.has(n));
        model.set(n, n + 1);
      };
      const drop = (n: number) => {
        assert.equal(tree.remove(idOf(n)), model.get(n) ?? 0);
        model.delete(n);
      };
      for (const { kind, n } of operations) {
        if (kind === "insert") add(n);
        else if (kind === "run") { for (let k = n; k < n + 40; k++) add(k); }
        else if (kind === "remove") drop(n);
        else if (kind === "removeRun") { for (let k = n; k < n + 60; k++) drop(k); }
        else if (kind === "find") assert.equal(tree.find(idOf(n)), model.get(n) ?? 0);
        else {
          const above = sorted.slice(rank.get(n)!).find((each) => model.has(each));
          assert.equal(tree.seekAtLeast(idOf(n)), above !== undefined);
          if (above !== undefined) assert.equal(tree.value, above + 1);
          const below = sorted.slice(0, rank.get(n)! + 1).findLast((each) => model.has(each));
          assert.equal(tree.seekAtMost(idOf(n)), below !== undefined);
          if (below !== undefined) assert.equal(tree.value, below + 1);
        }
      }
      const expected = sorted.filter((n) => model.has(n)).map((
        n,
      ): [string, number] => [idOf(n).toString(), n + 1]);
      assert.equal(tree.size, model.size);
      assert.deepEqual(walk(arena, header), expected);
      assert.deepEqual(backwards(tree), expected.reverse());
      tree.clear();
      assert.equal(arena.usedBytes, empty);
    }),
    { numRuns: RUNS },
  );
  arena.verify();
});

Deno.test("id tree: hundreds of thousands of ids in order, then from the front away, in little memory", () => {
  const { arena, tree, empty } = setUp(64 * 1024 * 1024);
  const id = new StreamId();
  const count = 200_000;
  for (let n = 1; n <= count; n++) tree.insert(id.set(0, n, 0, 0), n);
  assert.equal(tree.size, count);
  assert.ok((arena.usedBytes - empty) / count < 22, "nodes that were filled in order are full");
  for (let n = 1; n <= count; n += 997) assert.equal(tree.find(id.set(0, n, 0, 0)), n);
  for (let n = 1; n <= count; n++) assert.equal(tree.remove(id.set(0, n, 0, 0)), n);
  assert.equal(arena.usedBytes, empty);
});

Deno.test("id tree: what is thinned out does not keep its nodes", () => {
  const { arena, tree, empty } = setUp(64 * 1024 * 1024);
  const id = new StreamId();
  for (let n = 1; n <= 20_000; n++) tree.insert(id.set(0, n, 0, 0), n);
  for (let n = 1; n <= 20_000; n++) if (n % 20 !== 0) tree.remove(id.set(0, n, 0, 0));
  assert.equal(tree.size, 1000);
  assert.ok((arena.usedBytes - empty) / 1000 < 100);
  for (let n = 20; n <= 20_000; n += 20) assert.equal(tree.find(id.set(0, n, 0, 0)), n);
});

Deno.test("id tree: a full arena leaves it as it was", () => {
  const { arena, tree, header } = setUp(1024 * 1024);
  const id = new StreamId();
  let count = 0;
  const scattered = (n: number) => (n * 7919) % 100_003;
  assert.throws(() => {
    for (;; count++) tree.insert(id.set(0, scattered(count), 0, 0), count + 1);
  }, (error) => error === ARENA_FULL);
  assert.equal(tree.size, count);
  assert.equal(walk(arena, header).length, count);
  for (let n = 0; n < count; n++) assert.equal(tree.find(id.set(0, scattered(n), 0, 0)), n + 1);
  assert.equal(tree.find(id.set(0, scattered(count), 0, 0)), 0);
});

Deno.test("id tree: leaf by leaf until it is empty", () => {
  const { arena, tree, empty } = setUp();
  const id = new StreamId();
  for (let n = 1; n <= 5000; n++) tree.insert(id.set(0, n, 0, 0), n);
  let steps = 0;
  while (tree.freeFirstLeaf()) steps++;
  assert.ok(steps >= 100);
  assert.equal(tree.size, 0);
  assert.equal(arena.usedBytes, empty);
});
