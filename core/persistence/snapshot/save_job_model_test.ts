// Saves against a model, on one thread: a played worker reads entries a piece at a time, and between any two pieces
// anything may change. Every entry of the cut comes exactly once, with its bytes as they were at the cut; and when the
// save has ended, saved or not, nothing is left of it.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Ref } from "../../memory/arena.ts";
import { SPAN_BYTES } from "../../memory/arena_layout.ts";
import { beginPlayed, KINDS, type PlayedWorker, toTheEnd } from "./played_worker.ts";
import type { SaveJob } from "./save_job.ts";
import { change, ModelledDataset } from "./snapshot_model.ts";

const MB = 1024 * 1024;

/** A moment of a save: something changes, the worker reads, or the loop goes on with the view. */
const moment = fc.oneof(
  { weight: 6, arbitrary: change },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("work" as const), pieces: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("step" as const) }) },
);
type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never;

const before = fc.array(change, { minLength: 20, maxLength: 120, size: "max" });
const during = fc.array(moment, { minLength: 10, maxLength: 250, size: "max" });

function live(dataset: ModelledDataset, job: SaveJob, worker: PlayedWorker, moments: Moment[]): void {
  for (const each of moments) {
    if (each.kind === "work") worker.work(each.pieces);
    else if (each.kind === "step") job.step();
    else dataset.apply(each);
  }
}

/** Nothing is left of the save; and nothing of the keys once they go. */
function expectNothingLeft(dataset: ModelledDataset): void {
  const { keyspace } = dataset;
  dataset.check();
  assert.equal(keyspace.cut, null);
  assert.equal(keyspace.imageActive, false);
  assert.equal(keyspace.freezeAccess, false);
  while (keyspace.arena.reclaim() > 0);
  assert.equal(keyspace.arena.retiredBytes, 0);
  dataset.removeEverything();
  assert.equal(keyspace.arena.retiredBytes, 0, "no reader is open");
  assert.equal(dataset.usedBytes, dataset.usedBytesWhenEmpty);
  keyspace.arena.verify();
}

for (const kind of KINDS) {
  Deno.test(`${kind}: every entry of the cut comes once, as it was, and nothing is left`, async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(before, during, async (before, during) => {
        const dataset = new ModelledDataset(32 * MB);
        for (const each of before) dataset.apply(each);
        const cut = dataset.entriesNow();
        const { job, worker } = beginPlayed(dataset.keyspace, kind);
        live(dataset, job, worker, during);
        toTheEnd(job, worker);
        assert.deepEqual(worker.delivered, cut);
        worker.finish();
        assert.deepEqual(await job.done, { result: "saved", keys: cut.size, bytes: 1 });
        expectNothingLeft(dataset);
        if (during.some((each) => each.kind === "set")) changed++;
      }),
      { numRuns: 80 },
    );
    assert.ok(changed > 40);
  });

  Deno.test(`${kind}: in an arena that is nearly full, changes are refused whole and the save is as it should be`, async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(before, during, async (before, during) => {
        const dataset = new ModelledDataset(4 * MB);
        for (const each of before) dataset.apply(each);
        const { arena } = dataset.keyspace;
        const ballast: Ref[] = [];
        while (arena.hasRun(SPAN_BYTES)) ballast.push(arena.allocate(SPAN_BYTES));
        const cut = dataset.entriesNow();
        const refusedBefore = dataset.refused;
        const { job, worker } = beginPlayed(dataset.keyspace, kind);
        live(dataset, job, worker, during);
        toTheEnd(job, worker);
        assert.deepEqual(worker.delivered, cut);
        worker.finish();
        assert.equal((await job.done).result, "saved");
        refused += dataset.refused - refusedBefore;
        for (const block of ballast) arena.free(block);
        expectNothingLeft(dataset);
      }),
      { numRuns: 60 },
    );
    assert.ok(refused > 50, `${refused} changes met a full arena`);
  });

  Deno.test(`${kind}: a cancelled save leaves nothing, and changes go on before it has ended`, async () => {
    await fc.assert(
      fc.asyncProperty(before, during, during, async (before, during, after) => {
        const dataset = new ModelledDataset(32 * MB);
        for (const each of before) dataset.apply(each);
        const { job, worker } = beginPlayed(dataset.keyspace, kind);
        live(dataset, job, worker, during);
        job.cancel();
        job.cancel();
        assert.equal(dataset.keyspace.cut, null);
        assert.equal(job.congested, false);
        for (const each of after) if (each.kind !== "work" && each.kind !== "step") dataset.apply(each);
        assert.deepEqual(await job.done, { result: "cancelled" });
        job.cancel();
        expectNothingLeft(dataset);
      }),
      { numRuns: 30 },
    );
  });
}
