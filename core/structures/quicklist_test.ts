// Quicklists against an array: random operations over all fills and compression depths, with plain and compressed nodes;
// no leak, nothing half-done in a full arena, and what a worker's reader sees.
import assert from "node:assert/strict";
import fc from "fast-check";
import { lzfDecompress } from "../bytes/lzf.ts";
import { Arena, ArenaFullError } from "../memory/arena.ts";
import { LiveReader } from "../memory/arena_reader.ts";
import { LISTPACK_HEADER_BYTES } from "./listpack_format.ts";
import { ListpackCursor, listpackProblem } from "./listpack_bytes.ts";
import { QuickList, setPackedThreshold } from "./quicklist.ts";
import { frameListpack } from "./quicklist_nodes.ts";
import { QuickListReader } from "./quicklist_reader.ts";

const MiB = 1024 * 1024;

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}

/** The texts of a listpack, which is checked first. */
function textsOf(listpack: Uint8Array): string[] {
  assert.equal(listpackProblem(listpack, 0, listpack.length), "");
  const texts: string[] = [];
  const cursor = new ListpackCursor().open(listpack, 0);
  while (cursor.next()) texts.push(textOf(cursor.element.bytes, cursor.element.start, cursor.element.end));
  return texts;
}

/** What a worker sees, node by node; the books of the root are compared with it. */
function readNodes(list: QuickList, arena: Arena): string[] {
  const reader = new QuickListReader(new LiveReader(arena)).open(list.root);
  const all: string[] = [];
  let nodes = 0;
  while (reader.nextNode()) {
    nodes++;
    const size = reader.isPacked ? reader.bytes + 7 : reader.bytes;
    const content = new Uint8Array(size);
    if (reader.compressedBytes > 0) {
      const end = reader.address + reader.compressedBytes;
      assert.ok(lzfDecompress(arena.u8, reader.address, end, content, 0, size));
    } else {
      const at = reader.isPacked ? LISTPACK_HEADER_BYTES : 0;
      arena.copyOut(reader.address, reader.bytes, content, at);
      if (reader.isPacked) frameListpack(content, reader.bytes, reader.count);
    }
    const texts = reader.isPacked ? textsOf(content) : [textOf(content, 0, size)];
    assert.equal(texts.length, reader.count);
    assert.ok(texts.length > 0, "no node is empty");
    all.push(...texts);
  }
  assert.equal(nodes, list.nodeCount);
  assert.equal(all.length, reader.length);
  return all;
}

function forwards(list: QuickList): string[] {
  const texts: string[] = [];
  for (let more = list.seek(0); more; more = list.next()) {
    list.read();
    texts.push(textOf(list.bytes, list.start, list.end));
  }
  return texts;
}

function backwards(list: QuickList): string[] {
  const texts: string[] = [];
  for (let more = list.seek(-1); more; more = list.previous()) {
    list.read();
    texts.push(textOf(list.bytes, list.start, list.end));
  }
  return texts;
}

/** Which nodes are compressed, as a text: "..cc..". */
function compression(list: QuickList, arena: Arena): string {
  const reader = new QuickListReader(new LiveReader(arena)).open(list.root);
  let text = "";
  while (reader.nextNode()) text += reader.compressedBytes > 0 ? "c" : ".";
  return text;
}

type Operation = [name: string, index: number, text: string];

/** Does an operation on both; the array says what the list must be. */
function apply(list: QuickList, model: string[], [name, at, text]: Operation): void {
  const bytes = latin1(text);
  const index = model.length === 0 ? 0 : at % model.length;
  switch (name) {
    case "pushHead":
      list.pushHead(bytes, 0, bytes.length);
      model.unshift(text);
      return;
    case "pushTail":
      list.pushTail(bytes, 0, bytes.length);
      model.push(text);
      return;
  }
  if (model.length === 0) return;
  switch (name) {
    case "dropHead":
      list.dropHead();
      model.shift();
      break;
    case "dropTail":
      list.dropTail();
      model.pop();
      break;
    case "replace":
      assert.ok(list.seek(index));
      list.replace(bytes, 0, bytes.length);
      model[index] = text;
      list.finish();
      break;
    case "insertBefore":
      assert.ok(list.seek(index - model.length));
      list.insertBefore(bytes, 0, bytes.length);
      model.splice(index, 0, text);
      readsAs(list, text);
      assert.equal(list.next(), true);
      readsAs(list, model[index + 1]);
      list.finish();
      break;
    case "insertAfter":
      assert.ok(list.seek(index));
      list.insertAfter(bytes, 0, bytes.length);
      model.splice(index + 1, 0, text);
      readsAs(list, text);
      assert.equal(list.previous(), true);
      readsAs(list, model[index]);
      list.finish();
      break;
    case "removeAll": {
      const wanted = model[index];
      const needle = latin1(wanted);
      list.prepareNeedle(needle, 0, needle.length);
      for (let more = list.seek(0); more;) more = list.matches() ? list.removeAndNext() : list.next();
      list.finish();
      model.splice(0, model.length, ...model.filter((each) => each !== wanted));
      break;
    }
    case "removeLast": {
      list.prepareNeedle(bytes, 0, bytes.length);
      let left = 2;
      for (let more = list.seek(-1); more && left > 0;) {
        if (!list.matches()) more = list.previous();
        else {
          more = list.removeAndPrevious();
          left--;
        }
      }
      list.finish();
      for (let each = model.length - 1, gone = 0; each >= 0 && gone < 2; each--) {
        if (model[each] === text) {
          model.splice(each, 1);
          gone++;
        }
      }
      break;
    }
    case "removeRange": {
      const count = Math.min(model.length - index, 1 + at % 7);
      list.removeRange(index, count);
      model.splice(index, count);
      break;
    }
    case "seek":
      assert.ok(list.seek(index));
      readsAs(list, model[index]);
      assert.ok(!list.seek(model.length));
      assert.ok(!list.seek(-model.length - 1));
      break;
    default:
      assert.fail(name);
  }
}

function readsAs(list: QuickList, text: string): void {
  list.read();
  assert.equal(textOf(list.bytes, list.start, list.end), text);
}

const text = fc.oneof(
  fc.constantFrom("", "a", "b", "0", "-1", "127", "128", "-4097", "2147483648", "9223372036854775807", "1e3"),
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.nat(12).map((kilobytes) => "repeated ".repeat(kilobytes * 100)),
  fc.string({ maxLength: 80 }).map((value) => value.replace(/[^\0-\xff]/g, "?")),
);
const operation: fc.Arbitrary<Operation> = fc.tuple(
  fc.constantFrom(
    ...["pushHead", "pushTail", "pushHead", "pushTail", "pushHead", "pushTail", "dropHead", "dropTail"],
    ...["replace", "insertBefore", "insertAfter", "insertBefore", "insertAfter", "removeAll", "removeLast"],
    ...["removeRange", "seek"],
  ),
  fc.nat(10_000),
  text,
);
const shape = fc.record({
  fill: fc.constantFrom(-2, -1, -5, -9, 0, 1, 2, 3, 5, 16, 128),
  depth: fc.constantFrom(0, 0, 1, 2, 3),
  threshold: fc.constantFrom(0, 0, 1, 20, 200),
});

Deno.test("random operations do to a quicklist what they do to an array", () => {
  const arena = Arena.create({ bytes: 64 * MiB });
  const list = new QuickList(arena);
  fc.assert(
    fc.property(
      shape,
      fc.array(operation, { minLength: 1, maxLength: 200, size: "max" }),
      ({ fill, depth, threshold }, operations) => {
        setPackedThreshold(threshold);
        const before = arena.usedBytes;
        const root = list.create(fill, depth);
        const model: string[] = [];
        for (const each of operations) {
          apply(list, model, each);
          assert.equal(list.length, model.length);
        }
        assert.deepEqual(forwards(list), model);
        assert.deepEqual(backwards(list), model.toReversed());
        assert.deepEqual(readNodes(list, arena), model);
        const bytes = list.totalBytes;
        assert.equal(bytes, arena.usedBytes - before);
        const copy = list.copyOf(root);
        assert.deepEqual(forwards(list), model);
        assert.equal(list.totalBytes, arena.usedBytes - before - bytes);
        list.attach(copy).destroy();
        list.attach(root).destroy();
        assert.equal(arena.usedBytes, before, "no block is left behind");
      },
    ),
    { numRuns: 500 },
  );
  setPackedThreshold(0);
  arena.verify();
});

Deno.test("nodes near the ends stay raw, those between are compressed, whatever comes and goes", () => {
  const arena = Arena.create({ bytes: 16 * MiB });
  const list = new QuickList(arena);
  list.create(1, 2);
  const long = latin1("compressible ".repeat(20));
  const shapes: string[] = [];
  for (let count = 0; count < 7; count++) {
    list.pushTail(long, 0, long.length);
    shapes.push(compression(list, arena));
  }
  assert.deepEqual(shapes, [".", "..", "...", "....", "..c..", "..cc..", "..ccc.."]);
  list.dropHead();
  assert.equal(compression(list, arena), "..cc..");
  list.dropTail();
  assert.equal(compression(list, arena), "..c..");
  list.pushHead(long, 0, long.length);
  list.pushHead(long, 0, long.length);
  assert.equal(compression(list, arena), "..ccc..");
  list.seek(3);
  list.replace(long, 0, long.length - 1);
  assert.equal(compression(list, arena), "..c.c..", "raw while the cursor is there");
  list.finish();
  assert.equal(compression(list, arena), "..ccc..");
  list.removeRange(1, 4);
  assert.equal(compression(list, arena), "...");
  assert.equal(forwards(list).length, 3);
});

Deno.test("reading a compressed list stores nothing in the arena", () => {
  const arena = Arena.create({ bytes: 16 * MiB });
  const list = new QuickList(arena);
  list.create(4, 1);
  for (let count = 0; count < 100; count++) {
    const bytes = latin1(`${count} and what repeats, repeats, repeats, repeats`);
    list.pushTail(bytes, 0, bytes.length);
  }
  assert.match(compression(list, arena), /^\.c+\.$/);
  const before = arena.u8.slice(0, arena.stats.touched);
  assert.equal(forwards(list).length, 100);
  assert.equal(backwards(list).length, 100);
  assert.deepEqual(arena.u8.slice(0, arena.stats.touched), before);
});

Deno.test("a list that is pushed and popped like a queue stays in small blocks", () => {
  const arena = Arena.create({ bytes: 16 * MiB });
  const list = new QuickList(arena);
  list.create(-2, 0);
  const value = latin1("value of a job");
  for (let count = 0; count < 400; count++) list.pushHead(value, 0, value.length);
  for (let count = 0; count < 399; count++) list.dropTail();
  assert.ok(list.totalBytes < 512, `${list.totalBytes} bytes for one element`);
  for (let count = 0; count < 5000; count++) {
    list.pushHead(value, 0, value.length);
    list.dropTail();
  }
  assert.ok(list.totalBytes < 512, `${list.totalBytes} bytes for one element`);
});

Deno.test("a change for which the arena has no room leaves the elements as they were", () => {
  const arena = Arena.create({ bytes: 1 * MiB });
  const list = new QuickList(arena);
  fc.assert(
    fc.property(
      shape,
      fc.array(operation, { minLength: 30, maxLength: 120, size: "max" }),
      fc.nat(60),
      ({ fill, depth }, operations, spare) => {
        const before = arena.usedBytes;
        const root = list.create(fill, depth);
        let model: string[] = [];
        const ballast: number[] = [];
        let refused = 0;
        for (const [index, each] of operations.entries()) {
          if (index === 20) fillUp(arena, ballast, spare);
          const wanted = model.slice();
          try {
            apply(list, wanted, each);
            model = wanted;
          } catch (error) {
            if (!(error instanceof ArenaFullError)) throw error;
            refused++;
            list.attach(root);
            // Removing one by one may have got to some of them.
            if (each[0] === "removeAll" || each[0] === "removeLast") model = forwards(list);
            list.attach(root);
          }
          assert.deepEqual(forwards(list), model, `${each[0]}, ${refused} refused`);
        }
        assert.deepEqual(readNodes(list, arena), model);
        list.attach(root).destroy();
        for (const block of ballast) arena.free(block);
        assert.equal(arena.usedBytes, before);
      },
    ),
    { numRuns: 300 },
  );
});

/** Takes all memory but a little. */
function fillUp(arena: Arena, ballast: number[], spare: number): void {
  try {
    for (let bytes = 16384; bytes >= 16;) {
      try {
        while (true) ballast.push(arena.allocate(bytes));
      } catch (error) {
        if (!(error instanceof ArenaFullError)) throw error;
        bytes >>= 1;
      }
    }
  } finally {
    for (let count = 0; count < spare && ballast.length > 0; count++) arena.free(ballast.pop()!);
  }
}
