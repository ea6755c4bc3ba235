// Active expiry: what is due goes without being looked at, what is not stays, and it holds still where it must.
import assert from "node:assert/strict";
import { ArenaDataset } from "../persistence/rdb/arena_dataset.ts";
import { ActiveExpire } from "./active_expire.ts";
import type { SnapshotCut } from "./hooks.ts";

const NOW = 1_700_000_000_000;
const OPTIONS = { effort: 10, hz: 1 };

/** Keys in three databases: every second is due a second from now, the others in a day. */
function rig(keys: number) {
  const dataset = new ArenaDataset(32 * 1024 * 1024);
  const { keyspace } = dataset;
  keyspace.clock.ms = NOW;
  for (let key = 0; key < keys; key++) {
    dataset.string(`key:${key}`, "value", key % 2 === 0 ? NOW + 1000 : NOW + 86_400_000, key % 3);
  }
  const expire = new ActiveExpire(keyspace);
  const cycles = (count: number) => {
    for (let cycle = 0; cycle < count; cycle++) expire.slowCycle(OPTIONS);
  };
  return { keyspace, expire, cycles };
}

Deno.test("keys that are due go, with their events and counters; the others stay", () => {
  const { keyspace, cycles } = rig(6000);
  const events: string[] = [];
  keyspace.listener = {
    keyChanged: (database, eventClass, event) => void events.push(`${database} ${eventClass} ${event}`),
  };
  cycles(5);
  assert.equal(keyspace.size, 6000, "nothing is due yet");
  keyspace.clock.ms = NOW + 1000;
  cycles(5);
  assert.equal(keyspace.size, 6000, "not in the very millisecond");
  keyspace.clock.ms = NOW + 1001;
  cycles(200);
  const gone = 6000 - keyspace.size;
  // A cycle may leave a few stale keys behind, but takes nothing that is not due.
  assert.ok(gone > 2400 && gone <= 3000, `${gone} of 3000`);
  assert.equal(keyspace.stats.expired, gone);
  assert.equal(events.length, gone);
  assert.ok(new Set(events).has("2 expired expired"));
});

Deno.test("nothing expires while loading, during a pause, or while a snapshot is behind", () => {
  const { keyspace, cycles } = rig(300);
  keyspace.clock.ms = NOW + 2000;
  keyspace.honoursExpiry = false;
  cycles(3);
  keyspace.honoursExpiry = true;
  keyspace.deletesExpired = false;
  cycles(3);
  keyspace.deletesExpired = true;
  const cut = { congested: true, claim: () => false };
  keyspace.cut = cut satisfies SnapshotCut;
  cycles(3);
  assert.equal(keyspace.size, 300);
  cut.congested = false;
  cycles(3);
  assert.ok(keyspace.size < 300);
});

Deno.test("the short cycle runs only while many keys are stale", () => {
  const { keyspace, expire } = rig(3000);
  keyspace.clock.ms = NOW + 2000;
  expire.fastCycle(OPTIONS);
  assert.equal(keyspace.size, 3000, "nobody knows of stale keys yet");
  expire.stalePercent = 50;
  expire.fastCycle(OPTIONS);
  assert.ok(keyspace.size < 3000);
  expire.resetStats();
  assert.deepEqual([expire.stalePercent, expire.timeLimitReached, expire.totalMs], [0, 0, 0]);
});
