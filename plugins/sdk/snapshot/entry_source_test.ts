// The two sources of entries: what the loop learns of their progress, whoever leaves entries out or forgets them.
import assert from "node:assert/strict";
import { RECORD_COMPLETE, RECORD_ENTRY } from "../../../core/persistence/snapshot/background_iterator.ts";
import { ArenaDataset } from "../../../core/persistence/rdb/arena_dataset.ts";
import { Arena } from "../../../core/memory/arena.ts";
import { SharedRing } from "../../../core/memory/shared_ring.ts";
import { ControlBlock } from "../control_block.ts";
import { IteratorSource } from "./iterator_source.ts";
import { TableSource } from "./table_source.ts";

function iteratorOf(entries: number) {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  const slot = arena.openReader();
  const ring = SharedRing.create(4096);
  for (let index = 0; index < entries; index++) {
    ring.tryPushWords(index % 3, 100 + index, RECORD_ENTRY, arena.nextTicket());
    arena.retire(arena.allocate(64));
  }
  const control = new ControlBlock();
  let cancelled = false;
  return {
    arena,
    ring,
    control,
    cancel: () => cancelled = true,
    source: new IteratorSource(ring.handle, slot.handle, () => cancelled, control),
  };
}

Deno.test("entries that are passed over count as processed, and their tickets as passed", () => {
  const { arena, ring, control, source } = iteratorOf(10);
  ring.tryPushWords(0, 0, RECORD_COMPLETE, 0);
  ring.publish();
  assert.ok(source.next());
  assert.deepEqual([source.database, source.ref, control.processed], [0, 100, 0]);
  while (source.next()) { /* nobody releases */ }
  assert.equal(control.processed, 10);
  assert.equal(arena.reclaim(), 9, "what was retired after the last entry is kept until the reader closes");
});

Deno.test("an entry that is released twice counts once", () => {
  const { ring, control, source } = iteratorOf(2);
  ring.publish();
  source.next();
  source.release();
  source.release();
  source.next();
  assert.equal(control.processed, 1);
});

Deno.test("a source that waits for entries ends when the save is cancelled or the ring stopped", () => {
  const cancelled = iteratorOf(0);
  cancelled.cancel();
  assert.throws(() => cancelled.source.next(), { code: "SAVE_CANCELLED" });
  const stopped = iteratorOf(0);
  stopped.ring.stop();
  assert.throws(() => stopped.source.next(), /stopped handing over entries/);
});

Deno.test("a walk of the tables counts what it is done with", () => {
  const dataset = new ArenaDataset();
  for (let key = 0; key < 50; key++) dataset.string(`key:${key}`, "value", undefined, key % 5);
  const control = new ControlBlock();
  const source = new TableSource(dataset.reader, () => {}, control);
  let count = 0;
  while (source.next()) {
    assert.equal(control.processed, count++);
    if (count % 2 === 0) source.release();
  }
  assert.equal(count, 50);
  assert.equal(control.processed, 50);
});
