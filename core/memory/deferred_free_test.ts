// Tickets and reader slots by themselves: wrap-around, slots, the worker's end.
import assert from "node:assert/strict";
import { CONTROL_WORDS, DeferredFree, ReaderProgress, READERS_MAX } from "./deferred_free.ts";

class Freed {
  readonly refs: number[] = [];
  free(ref: number): void {
    this.refs.push(ref);
  }
  sizeOf(): number {
    return 16;
  }
}

function make(): { freed: Freed; deferred: DeferredFree } {
  const freed = new Freed();
  return { freed, deferred: new DeferredFree(freed, new SharedArrayBuffer(CONTROL_WORDS * 4)) };
}

Deno.test("deferred free: blocks come back in order, through a ticket that wraps", () => {
  const { freed, deferred } = make();
  deferred.ticket = 0x7ffffff0;
  const reader = deferred.open(() => {});
  const progress = ReaderProgress.attach(reader.handle);
  const tickets: number[] = [];
  for (let ref = 1; ref <= 3000; ref++) {
    deferred.retire(ref);
    if (ref % 100 === 0) tickets.push(deferred.nextTicket());
  }
  assert.ok(deferred.ticket < 0);
  assert.equal(deferred.reclaim(10_000), 0);
  assert.equal(deferred.retiredBytes, 3000 * 16);
  progress.pass(tickets[9]);
  assert.equal(deferred.reclaim(10_000), 1000);
  progress.pass(tickets[25]);
  assert.equal(deferred.reclaim(10_000), 1600);
  progress.pass(tickets[29]);
  assert.equal(deferred.reclaim(10_000), 400);
  assert.deepEqual(freed.refs, Array.from({ length: 3000 }, (_, i) => i + 1));
  assert.equal(deferred.retiredBytes, 0);
});

Deno.test("deferred free: the slowest reader decides, and a closed one no longer counts", () => {
  const { freed, deferred } = make();
  const slow = deferred.open(() => {});
  const fast = deferred.open(() => {});
  deferred.retire(1);
  const first = deferred.nextTicket();
  deferred.retire(2);
  fast.pass(deferred.nextTicket());
  deferred.reclaim(10);
  assert.deepEqual(freed.refs, []);
  slow.pass(first);
  deferred.reclaim(10);
  assert.deepEqual(freed.refs, [1]);
  slow.close();
  deferred.reclaim(10);
  assert.deepEqual(freed.refs, [1, 2]);
});

Deno.test("deferred free: a slot closed twice does not close its next holder", () => {
  const { freed, deferred } = make();
  let closes = 0;
  const old = deferred.open(() => closes++);
  old.close();
  const holder = deferred.open(() => {});
  old.close();
  old.pass(1_000_000);
  assert.equal(closes, 1);
  deferred.retire(1);
  deferred.reclaim(10);
  assert.deepEqual(freed.refs, []);
  holder.close();
});

Deno.test("deferred free: readers are limited", () => {
  const { deferred } = make();
  const slots = Array.from({ length: READERS_MAX }, () => deferred.open(() => {}));
  assert.throws(() => deferred.open(() => {}), /No more than 16/);
  slots[7].close();
  deferred.open(() => {});
});
