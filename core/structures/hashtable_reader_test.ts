import assert from "node:assert/strict";
import { Arena } from "../memory/arena.ts";
import { ImageReader, LiveReader } from "../memory/arena_reader.ts";
import { SetTable } from "./set_table.ts";
import { BUCKET_BYTES, BUCKET_CHAIN, ROOT_DIRECTORY } from "./hashtable_layout.ts";
import { HashTableReader } from "./hashtable_reader.ts";

const encoder = new TextEncoder();

function add(table: SetTable, from: number, to: number): void {
  for (let key = from; key < to; key++) {
    const bytes = encoder.encode(`member:${key}`);
    table.add(bytes, 0, bytes.length);
  }
}

function elements(table: SetTable): number[] {
  const refs: number[] = [];
  table.forEach((ref) => refs.push(ref));
  return refs;
}

function walk(reader: HashTableReader, root: number): number[] {
  const refs: number[] = [];
  reader.open(root).forEach((ref) => refs.push(ref));
  return refs;
}

Deno.test("a reader walks the same elements as the table, at every stage of growing and shrinking", () => {
  const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
  const table = new SetTable(arena);
  const reader = new HashTableReader(new LiveReader(arena));
  table.create();
  assert.deepEqual(walk(reader, table.root), []);
  for (let size = 0; size < 3000; size += 37) {
    add(table, size, size + 37);
    assert.deepEqual(walk(reader, table.root), elements(table));
    assert.equal(reader.size, table.size);
  }
  table.expand(30_000);
  while (table.rehashStep(211)) assert.deepEqual(walk(reader, table.root), elements(table));
  table.shrinkIfNeeded();
  while (table.rehashStep(211)) assert.deepEqual(walk(reader, table.root), elements(table));
});

Deno.test("a reader passes segments that do not exist", () => {
  const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
  const table = new SetTable(arena);
  table.create(1_000_000);
  add(table, 0, 3);
  assert.equal(walk(new HashTableReader(new LiveReader(arena)), table.root).length, 3);
});

Deno.test("the image of a table stays as it was while the table goes on", () => {
  const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
  const table = new SetTable(arena);
  const slot = arena.openReader();
  const reader = new HashTableReader(ImageReader.from(arena.readerHandle()));
  table.create();
  add(table, 0, 1500);
  table.expand(20_000);
  table.rehashStep(70);
  assert.ok(table.isRehashing);
  const before = elements(table);
  const image = arena.beginImage({ shadowBytesMax: 64 * 1024 * 1024 });
  add(table, 1500, 9000);
  for (let key = 0; key < 800; key++) {
    const bytes = encoder.encode(`member:${key}`);
    assert.ok(table.delete(bytes, 0, bytes.length));
  }
  assert.deepEqual(walk(reader, table.root), before);
  assert.equal(reader.size, 1500);
  image.end();
  assert.deepEqual(walk(reader, table.root), elements(table));
  slot.close();
});

Deno.test("a walk over memory that is no table any more can be ended", () => {
  const arena = Arena.create({ bytes: 64 * 1024 * 1024 });
  const table = new SetTable(arena);
  table.create(200_000);
  let polls = 0;
  const reader = new HashTableReader(new LiveReader(arena), () => polls++);
  add(table, 0, 1);
  assert.equal(walk(reader, table.root).length, 1);
  assert.ok(polls > 10, "an empty table is polled too");

  // A bucket whose chain leads back to itself, as bytes of other values may say.
  const bucket = arena.i32[arena.i32[table.root * 4 + ROOT_DIRECTORY] * 4];
  arena.fill(bucket * 16, BUCKET_BYTES, 0);
  arena.setU32(bucket * 4 + BUCKET_CHAIN, bucket);
  const endless = new HashTableReader(new LiveReader(arena), () => {
    throw new Error("cancelled");
  });
  assert.throws(() => walk(endless, table.root), /cancelled/);
});
