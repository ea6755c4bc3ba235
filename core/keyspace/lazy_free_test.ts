// Freeing in the background: all of it comes back, in slices, and the counters tell how far it is.
import assert from "node:assert/strict";
import { latin1Bytes } from "../bytes/ascii.ts";
import { ArenaDataset } from "../persistence/rdb/arena_dataset.ts";

/** Bytes in use apart from the tables of databases, which keep their buckets. */
function usedOutsideTables({ keyspace, arena }: ArenaDataset): number {
  let tables = 0;
  for (const { keys, expires } of keyspace.databases) tables += keys.overheadBytes + expires.overheadBytes;
  return arena.usedBytes - tables;
}

function withTable(fields: number): { dataset: ArenaDataset; used: number } {
  const dataset = new ArenaDataset(64 * 1024 * 1024);
  const used = usedOutsideTables(dataset);
  const table: Record<string, string> = {};
  for (let field = 0; field < fields; field++) table[`field:${field}`] = "value".repeat(4);
  dataset.hashTable("table", table);
  return { dataset, used };
}

function remove({ keyspace }: ArenaDataset): void {
  const key = latin1Bytes("table");
  const [db] = keyspace.databases;
  db.unlinkEntry(db.peek(key, 0, key.length));
}

Deno.test("a large value is freed a slice at a time, a small one at once", () => {
  const small = withTable(10);
  remove(small.dataset);
  assert.equal(small.dataset.keyspace.lazyFree.idle, true);
  assert.equal(usedOutsideTables(small.dataset), small.used);

  const large = withTable(50_000);
  const { lazyFree } = large.dataset.keyspace;
  remove(large.dataset);
  assert.equal(lazyFree.pending, 1);
  const before = large.dataset.arena.usedBytes;
  assert.equal(lazyFree.run(0), false, "one step, and there is more");
  assert.ok(large.dataset.arena.usedBytes < before);
  assert.ok(large.dataset.arena.usedBytes > large.used + (before - large.used) / 2);
  while (!lazyFree.run(1000));
  assert.deepEqual([lazyFree.pending, lazyFree.freed, lazyFree.idle], [0, 1, true]);
  assert.equal(usedOutsideTables(large.dataset), large.used);
  large.dataset.arena.verify();
});

Deno.test("a whole database goes in the background, while new keys come", () => {
  const dataset = new ArenaDataset(64 * 1024 * 1024);
  const { keyspace, arena } = dataset;
  dataset.string("stays", "in another database", undefined, 1);
  const used = usedOutsideTables(dataset);
  for (let key = 0; key < 5000; key++) {
    dataset.string(`key:${key}`, "value", key % 2 === 0 ? 4e12 : undefined);
  }
  assert.equal(keyspace.flushDatabase(keyspace.databases[0], { inBackground: true }), 5000);
  assert.equal(keyspace.databases[0].size, 0);
  assert.equal(keyspace.lazyFree.pending, 5000);
  keyspace.lazyFree.run(0);
  dataset.string("new", "value");
  while (!keyspace.lazyFree.run(1000));
  assert.deepEqual([keyspace.lazyFree.pending, keyspace.lazyFree.freed], [0, 5000]);
  assert.deepEqual(keyspace.databases.slice(0, 2).map(({ size }) => size), [1, 1]);
  const key = latin1Bytes("new");
  assert.ok(keyspace.databases[0].remove(key, 0, key.length));
  assert.equal(usedOutsideTables(dataset), used);
  arena.verify();
});

Deno.test("what waits to be freed is forgotten with the arena that held it", () => {
  const { dataset } = withTable(50_000);
  remove(dataset);
  dataset.keyspace.lazyFree.run(0);
  dataset.keyspace.flushAll();
  assert.deepEqual([dataset.keyspace.lazyFree.pending, dataset.keyspace.lazyFree.idle], [0, true]);
  assert.equal(dataset.keyspace.lazyFree.run(1000), true);
});
