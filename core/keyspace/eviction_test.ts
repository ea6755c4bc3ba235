// Eviction: each policy takes the keys that it should, tells so, and stops when there is room or nothing left.
import assert from "node:assert/strict";
import { latin1Bytes } from "../bytes/ascii.ts";
import { ArenaDataset } from "../persistence/rdb/arena_dataset.ts";
import { WORD_ACCESS } from "./entry_layout.ts";
import { Eviction, type EvictionPolicy } from "./eviction.ts";

const NOW = 1_700_000_000_000;
const KEYS = 100;

/** Keys 0 to 99, the first the least worth keeping by any measure; every second one has an expiry. */
function rig(policy: EvictionPolicy) {
  const dataset = new ArenaDataset(16 * 1024 * 1024);
  const { keyspace, arena } = dataset;
  keyspace.clock.ms = NOW;
  keyspace.clock.lruSeconds = 10_000;
  const [db] = keyspace.databases;
  for (let key = 0; key < KEYS; key++) {
    dataset.string(`key:${key}`, "value", key % 2 === 0 ? NOW + 1000 + key : undefined);
    const name = latin1Bytes(`key:${key}`);
    const word = policy.endsWith("lfu") ? (Math.floor(NOW / 60_000) & 0xffff) << 8 | key : 1000 + key;
    arena.setU32(db.keys.find(name, 0, name.length) * 4 + WORD_ACCESS, word);
  }
  let wanted = 0;
  const eviction = new Eviction(keyspace, () => wanted - keyspace.stats.evicted);
  eviction.policy = policy;
  eviction.samples = 64;
  eviction.tenacity = 100;
  const left = () => {
    const numbers: number[] = [];
    db.keys.forEach((ref) => {
      numbers.push(Number(new TextDecoder().decode(keyspace.entries.keyBytes(ref)).slice(4)));
    });
    return numbers.sort((a, b) => a - b);
  };
  return { keyspace, eviction, left, want: (count: number) => wanted = count };
}

for (
  const policy of ["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"] as const
) {
  Deno.test(`${policy} takes the keys that are least worth keeping`, () => {
    const { eviction, left, want, keyspace } = rig(policy);
    want(20);
    assert.equal(eviction.run(), "enough");
    assert.equal(keyspace.stats.evicted, 20);
    const gone = Array.from({ length: KEYS }, (_, key) => key).filter((key) => !left().includes(key));
    if (policy.startsWith("volatile")) assert.ok(gone.every((key) => key % 2 === 0), `${gone}`);
    // Sampling is no sorting, but it never takes the best.
    const mean = gone.reduce((sum, key) => sum + key, 0) / gone.length;
    assert.ok(mean < 45, `${gone}`);
    assert.ok(Math.max(...gone) < 90, `${gone}`);
  });
}

for (const policy of ["allkeys-random", "volatile-random"] as const) {
  Deno.test(`${policy} takes any key${policy.startsWith("volatile") ? " with an expiry" : ""}`, () => {
    const { eviction, left, want } = rig(policy);
    want(30);
    assert.equal(eviction.run(), "enough");
    assert.equal(left().length, 70);
    if (policy === "volatile-random") assert.equal(left().filter((key) => key % 2 === 1).length, 50);
  });
}

Deno.test("noeviction takes nothing; volatile policies end when no key with an expiry is left", () => {
  const none = rig("noeviction");
  assert.equal(none.eviction.run(), "enough", "there is room");
  none.want(1);
  assert.equal(none.eviction.run(), "full");
  assert.equal(none.left().length, KEYS);
  const volatile = rig("volatile-ttl");
  volatile.want(80);
  assert.equal(volatile.eviction.run(), "full");
  assert.equal(volatile.left().length, 50);
});

Deno.test("listeners are told which key was evicted; a call ends after its time", () => {
  const { eviction, want, keyspace } = rig("allkeys-lru");
  const events: string[] = [];
  keyspace.listener = {
    keyChanged: (_database, eventClass, event, key, start, end) => {
      events.push(`${eventClass} ${event} ${new TextDecoder().decode(key.slice(start, end))}`);
    },
  };
  want(1);
  eviction.run();
  assert.match(events.join(), /^evicted evicted key:\d+$/);
  eviction.tenacity = 0;
  want(90);
  assert.equal(eviction.run(), "more", "no time at all is still one batch of 16");
  assert.equal(keyspace.stats.evicted, 17);
});
