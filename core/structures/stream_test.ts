import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../bytes/ascii.ts";
import { Arena, ARENA_FULL, type Ref } from "../memory/arena.ts";
import { IdTree } from "./id_tree.ts";
import { Stream, type StreamLimits } from "./stream.ts";
import { StreamBlockCheck } from "./stream_check.ts";
import { StreamCopier } from "./stream_copy.ts";
import { StreamCursor } from "./stream_cursor.ts";
import { StreamId } from "./stream_id.ts";
import { STREAM_BLOCKS } from "./stream_layout.ts";

const RUNS = 1000;
const OPERATIONS = 200;
const MIN = new StreamId();
const MAX = new StreamId().setMax();

interface Entry {
  ms: number;
  seq: number;
  texts: string[];
}

function idOf(ms: number, seq: number): StreamId {
  const id = new StreamId().setMs(ms);
  id.seqHigh = Math.floor(seq / 2 ** 32) | 0;
  id.seqLow = seq | 0;
  return id;
}

function append(stream: Stream, limits: StreamLimits, id: StreamId, texts: string[]): void {
  const buffer = latin1Bytes(texts.join(""));
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const text of texts) {
    starts.push(at);
    ends.push(at += text.length);
  }
  stream.append(limits, id, buffer, starts, ends, 0, texts.length / 2);
}

function read(cursor: StreamCursor): Entry[] {
  const found: Entry[] = [];
  while (cursor.next()) {
    const texts: string[] = [];
    for (let pair = 0; pair < cursor.pairs; pair++) {
      cursor.nextPair();
      for (const element of [cursor.field, cursor.value]) {
        texts.push(latin1Text(element.bytes, element.start, element.end));
      }
    }
    const [ms, seq] = cursor.id.toString().split("-").map(Number);
    found.push({ ms, seq, texts });
  }
  return found;
}

/** Every block passes the check that blocks from outside must pass. */
function checkBlocks(arena: Arena, root: Ref): void {
  const tree = new IdTree(arena).attach(root * 4 + STREAM_BLOCKS);
  const check = new StreamBlockCheck();
  const master = new StreamId();
  let length = 0;
  let bytes = 0;
  for (let more = tree.seekFirst(); more; more = tree.next()) {
    tree.readId(master);
    const size = arena.u32[tree.value * 4];
    const copy = new Uint8Array(size);
    arena.copyOut(tree.value * 16, size, copy, 0);
    assert.equal(check.problem(master, copy, 0, size), "");
    length += check.entries;
    bytes += size;
  }
  const stream = new Stream(arena).attach(root);
  assert.equal(stream.length, length);
  assert.equal(stream.listpackBytes, bytes);
}

const fieldSets = fc.constantFrom<string[][]>(
  ["f", "v"],
  ["f", "12345"],
  ["f", "-9223372036854775808"],
  ["f", "x".repeat(70)],
  ["temperature", "21", "place", "here"],
  ["temperature", "22.5", "place", ""],
  ["1", "2"],
  ["007", "7", "", "empty"],
  ["long field ".repeat(10), "long value ".repeat(500)],
);
const operation = fc.record({
  kind: fc.constantFrom(
    "add",
    "add",
    "add",
    "burst",
    "delete",
    "delete",
    "length",
    "about",
    "below",
    "range",
    "copy",
  ),
  texts: fieldSets,
  step: fc.constantFrom(0, 1, 1, 200, 5000, 2 ** 33),
  n: fc.nat(),
  m: fc.nat(),
});
const limitSets = fc.constantFrom(
  { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 },
  { streamNodeMaxBytes: 0, streamNodeMaxEntries: 3 },
  { streamNodeMaxBytes: 200, streamNodeMaxEntries: 0 },
  { streamNodeMaxBytes: 0, streamNodeMaxEntries: 0 },
);

Deno.test("stream: behaves as a list of entries", () => {
  const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
  const empty = arena.usedBytes;
  const copier = new StreamCopier(arena);
  const cursor = new StreamCursor(arena);
  fc.assert(
    fc.property(
      limitSets,
      fc.array(operation, { maxLength: OPERATIONS, size: "max" }),
      (limits, operations) => {
        const stream = new Stream(arena);
        let root = stream.create();
        let model: Entry[] = [];
        let added = 0;
        let ms = 1;
        let seq = 0;
        const add = (texts: string[], step: number) => {
          if (step === 0 || step > 5000) seq += step || 1;
          else {
            ms += step;
            seq = 0;
          }
          append(stream, limits, idOf(ms, seq), texts);
          model.push({ ms, seq, texts });
          added++;
        };
        for (const { kind, texts, step, n, m } of operations) {
          const pick = model[n % Math.max(model.length, 1)];
          if (kind === "add") add(texts, step);
          else if (kind === "burst") { for (let k = 0; k < 30; k++) add(["k", `${k * n}`], 1); }
          else if (kind === "delete" && pick !== undefined) {
            assert.ok(stream.delete(idOf(pick.ms, pick.seq)));
            assert.ok(!stream.delete(idOf(pick.ms, pick.seq)));
            model = model.filter((entry) => entry !== pick);
            stream.refreshFirstId();
          } else if (kind === "length") {
            const most = n % (model.length + 2);
            const gone = Math.max(0, model.length - most);
            assert.equal(stream.trimToLength(most, "exactly", 0), gone);
            model = model.slice(gone);
          } else if (kind === "about") {
            const gone = stream.trimToLength(n % (model.length + 2), "about", m % 50);
            assert.ok(m % 50 === 0 || gone <= m % 50);
            model = model.slice(gone);
          } else if (kind === "below" && pick !== undefined) {
            const gone = model.indexOf(pick);
            assert.equal(stream.trimBelow(idOf(pick.ms, pick.seq), "exactly", 0), gone);
            model = model.slice(gone);
          } else if (kind === "range" && pick !== undefined) {
            const other = model[m % model.length];
            const from = model.slice(model.indexOf(pick));
            const range = from.slice(0, Math.max(0, from.indexOf(other) + 1));
            const [start, end] = [idOf(pick.ms, pick.seq), idOf(other.ms, other.seq)];
            assert.deepEqual(read(cursor.openForward(root, start, end)), range);
            assert.deepEqual(read(cursor.openBackward(root, start, end)), range.reverse());
            assert.ok(stream.has(start));
          } else if (kind === "copy") {
            const copy = copier.copy(root);
            copier.free(root);
            root = copy;
            stream.attach(root);
          }
          assert.equal(stream.length, model.length);
        }
        checkBlocks(arena, root);
        assert.equal(stream.entriesAdded, added);
        assert.deepEqual(read(cursor.openForward(root, MIN, MAX)), model);
        const first = stream.readFirstId(new StreamId()).toString();
        assert.equal(first, model.length === 0 ? "0-0" : `${model[0].ms}-${model[0].seq}`);
        if (added > 0) assert.equal(stream.readLastId(new StreamId()).toString(), `${ms}-${seq}`);
        copier.free(root);
        assert.equal(arena.usedBytes, empty);
      },
    ),
    { numRuns: RUNS },
  );
  arena.verify();
});

Deno.test("stream: a block of thousands of entries, deleted one by one, keeps its counts right", () => {
  const arena = Arena.create({ bytes: 16 * 1024 * 1024 });
  const limits = { streamNodeMaxBytes: 0, streamNodeMaxEntries: 0 };
  const stream = new Stream(arena);
  const root = stream.create();
  const count = 9000;
  for (let n = 1; n <= count; n++) append(stream, limits, idOf(n, 0), ["f", `${n}`]);
  assert.equal(stream.blocks, 1);
  checkBlocks(arena, root);
  for (let n = 1; n < count; n += 2) assert.ok(stream.delete(idOf(n, 0)));
  assert.equal(stream.length, count / 2);
  checkBlocks(arena, root);
  assert.equal(stream.trimToLength(10, "exactly", 0), count / 2 - 10);
  checkBlocks(arena, root);
  const left = read(new StreamCursor(arena).openForward(root, MIN, MAX)).map((entry) => entry.ms);
  assert.deepEqual(left, Array.from({ length: 10 }, (_, k) => count - 18 + 2 * k));
});

Deno.test("stream: trimming by id drops a block whose last entries were deleted before", () => {
  const arena = Arena.create({ bytes: 2 * 1024 * 1024 });
  const limits = { streamNodeMaxBytes: 0, streamNodeMaxEntries: 0 };
  const stream = new Stream(arena);
  stream.create();
  for (let n = 1; n <= 4; n++) append(stream, limits, idOf(n, 0), ["f", "v"]);
  stream.delete(idOf(4, 0));
  assert.equal(stream.trimBelow(idOf(4, 0), "exactly", 0), 3);
  assert.equal(stream.length, 0);
  assert.equal(stream.blocks, 0);
});

Deno.test("stream: a full arena leaves it as it was", () => {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  const limits = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
  const stream = new Stream(arena);
  const root = stream.create();
  let count = 0;
  assert.throws(() => {
    for (;; count++) append(stream, limits, idOf(count + 1, 0), ["f", `value ${count}`]);
  }, (error) => error === ARENA_FULL);
  assert.equal(stream.length, count);
  assert.equal(stream.entriesAdded, count);
  assert.equal(stream.readLastId(new StreamId()).toString(), `${count}-0`);
  checkBlocks(arena, root);
  const used = arena.usedBytes;
  assert.throws(() => new StreamCopier(arena).copy(root), (error) => error === ARENA_FULL);
  assert.equal(arena.usedBytes, used);
  arena.verify();
});

Deno.test("stream: ids at the ends of what there is", () => {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  const limits = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
  const stream = new Stream(arena);
  const root = stream.create();
  const ids = [
    new StreamId().set(0, 0, 0, 1),
    new StreamId().set(0, 0, -1, -1),
    new StreamId().set(0, 1, 0, 0),
    new StreamId().set(0, -1, -1, -1),
    new StreamId().set(1, 0, 0, 0),
    new StreamId().set(-1, -1, -1, -2),
    new StreamId().setMax(),
  ];
  for (const id of ids) append(stream, limits, id, ["f", "v"]);
  for (const id of ids) assert.ok(stream.has(id), id.toString());
  const cursor = new StreamCursor(arena).openForward(root, MIN, MAX);
  for (const id of ids) {
    assert.ok(cursor.next());
    assert.equal(cursor.id.toString(), id.toString());
  }
  cursor.openBackward(root, MIN, MAX);
  for (const id of ids.toReversed()) {
    assert.ok(cursor.next());
    assert.equal(cursor.id.toString(), id.toString());
  }
  checkBlocks(arena, root);
});
