// Judges what a server has after a crash: of each writer a first part of its steps, no shorter than the policy allows, the
// global sequence of the same parts, queues and locks as everybody was told.
import assert from "node:assert/strict";
import type { RespClient } from "../harness/mod.ts";
import { LoadedDatabase, type Model } from "./crash_model.ts";
import type { Observations } from "./crash_observers.ts";
import type { Consumers, Racers } from "./crash_rivals.ts";
import { SEQUENCE, SHARED_DATABASE, type Writer } from "./crash_writer.ts";

export interface Crash {
  writers: readonly Writer[];
  seen: Observations;
  consumers: Consumers;
  racers: Racers;
  /** By `performance.now()`. */
  at: number;
  /** Acknowledged changes younger than this may be lost; 0: nothing that was acknowledged or seen, Infinity: all. */
  lossMillisecondsMax: number;
}

export interface Verdict {
  /** Of each writer: the steps that the server has. */
  kept: number[];
  /** Acknowledged steps that are lost, and the age of the oldest. */
  lostSteps: number;
  lostMilliseconds: number;
}

/** Throws an AssertionError that says what is wrong. */
export async function checkAfterCrash(client: RespClient, crash: Crash): Promise<Verdict> {
  const { writers, seen } = crash;
  const nothingLost = crash.lossMillisecondsMax === 0;
  const verdict: Verdict = { kept: [], lostSteps: 0, lostMilliseconds: 0 };
  for (const writer of writers) {
    const loaded = await LoadedDatabase.read(client, writer.database);
    const least = nothingLost ? Math.max(writer.acked, writer.seen) : writer.base;
    const kept = stepsIn(writer, loaded, least);
    assert.ok(kept >= 0, explain(writer, loaded, least));
    verdict.kept.push(kept);
    if (kept >= writer.acked) continue;
    const age = crash.at - writer.steps[kept].ackedAt;
    verdict.lostSteps += writer.acked - kept;
    verdict.lostMilliseconds = Math.max(verdict.lostMilliseconds, age);
    assert.ok(
      age <= crash.lossMillisecondsMax,
      `writer ${writer.id} lost ${
        writer.acked - kept
      } steps that were acknowledged, the oldest ${age} ms before the crash`,
    );
  }
  await client.call("SELECT", SHARED_DATABASE);
  await checkSequence(client, crash, verdict.kept, nothingLost ? seen.sequence : 0);
  await checkQueues(client, crash, verdict.kept, { nothingLost });
  await checkLocks(client, crash, { nothingLost });
  return verdict;
}

/** The largest number of steps, from `least` on, behind which the database is as it was loaded; -1: none. */
function stepsIn(writer: Writer, loaded: LoadedDatabase, least: number): number {
  let kept = -1;
  compareAfter(writer, loaded, least, (steps, different) => {
    if (different.size === 0) kept = steps;
  });
  return kept;
}

/** Calls `visit` with the keys that differ, after each number of steps from `least` on. */
function compareAfter(
  writer: Writer,
  loaded: LoadedDatabase,
  least: number,
  visit: (steps: number, different: Set<string>) => void,
): void {
  const model = writer.modelAt(least);
  const different = new Set<string>();
  const compare = (key: string) => {
    if (loaded.isLike(key, model.describe(key))) different.delete(key);
    else different.add(key);
  };
  for (const key of model.keys()) compare(key);
  for (const key of loaded.values.keys()) compare(key);
  visit(least, different);
  const touched = new Set<string>();
  for (let step = least; step < writer.sent; step++) {
    touched.clear();
    for (const command of writer.steps[step].own) model.run(command, touched);
    for (const key of touched) compare(key);
    visit(step + 1, different);
  }
}

function explain(writer: Writer, loaded: LoadedDatabase, least: number): string {
  const range = `steps ${least} to ${writer.sent}`;
  const found = stepsIn(writer, loaded, 0);
  const facts =
    `base ${writer.base}, acknowledged ${writer.acked}, seen ${writer.seen} (by ${writer.seenBy}), sent ${writer.sent}`;
  if (found >= 0) {
    return `writer ${writer.id} has lost what it must not: it is as after step ${found}, and not as after any of ${range}; ${facts}`;
  }
  let best = { steps: -1, keys: [] as string[] };
  compareAfter(writer, loaded, 0, (steps, different) => {
    if (best.steps < 0 || different.size < best.keys.length) best = { steps, keys: [...different] };
  });
  const model: Model = writer.modelAt(best.steps);
  const shown = best.keys.slice(0, 5).map((key) =>
    `${key}: loaded ${loaded.values.get(key)?.text.slice(0, 300)}, expected ${
      model.describe(key)?.text.slice(0, 300)
    }`
  );
  const next = writer.steps[best.steps]?.own.map((command) => command.join(" ").slice(0, 100)).join("; ");
  return `writer ${writer.id} is not as after any of ${range}, nor before; ${facts}. Nearest: step ${best.steps} ` +
    `(the next one is ${next}), ${best.keys.length} keys differ:\n${shown.join("\n")}`;
}

async function checkSequence(
  client: RespClient,
  { writers }: Crash,
  kept: number[],
  least: number,
): Promise<void> {
  const number = Number(await client.call("GET", SEQUENCE));
  let count = 0;
  for (const [at, writer] of writers.entries()) {
    for (const [step, { sequence }] of writer.steps.entries()) {
      if (!sequence) continue;
      if (step < kept[at]) count++;
      if (sequence.number === null) continue;
      assert.equal(
        step < kept[at],
        sequence.number <= number,
        `not a first part of the history: the sequence is at ${number}, step ${step} of writer ${writer.id} had ` +
          `${sequence.number}, and ${kept[at]} of its steps are there`,
      );
    }
  }
  assert.equal(number, count, "transactions of two databases that are there by halves");
  assert.ok(number >= least, `the sequence is at ${number}, and somebody saw ${least}`);
}

async function checkQueues(
  client: RespClient,
  { writers, consumers }: Crash,
  kept: number[],
  { nothingLost }: { nothingLost: boolean },
): Promise<void> {
  let missing = 0;
  for (const [at, writer] of writers.entries()) {
    const put: string[] = [];
    for (const { queued } of writer.steps.slice(0, kept[at])) if (queued) put.push(queued);
    const left = await client.call("LRANGE", writer.queue, 0, -1) as string[];
    assert.deepEqual(
      left,
      put.slice(put.length - left.length),
      `${writer.queue} is no last part of what was put`,
    );
    const queue = consumers.queues.get(writer.queue)!;
    const gone = new Set(put.slice(0, put.length - left.length));
    for (const item of gone) if (!queue.taken.has(item) && !queue.before.has(item)) missing++;
    queue.before = gone;
    if (!nothingLost) continue;
    const again = left.filter((item) => queue.taken.has(item));
    assert.deepEqual(again, [], `${writer.queue} has items again that a consumer was given`);
  }
  if (nothingLost) {
    assert.ok(
      missing <= consumers.pending,
      `${missing} items are gone that nobody was given; only ${consumers.pending} requests had no reply`,
    );
  }
}

async function checkLocks(
  client: RespClient,
  { racers }: Crash,
  { nothingLost }: { nothingLost: boolean },
): Promise<void> {
  const claims = racers.claims;
  if (claims.length === 0) return;
  const locks = [...new Set(claims.map(({ lock }) => lock))];
  const replies = await client.call("MGET", ...locks.map((lock) => `lock:${lock}`)) as (string | null)[];
  const owners = new Map<number, string>();
  for (const [at, lock] of locks.entries()) if (replies[at] !== null) owners.set(lock, replies[at]);
  const lost = racers.lost(owners);
  if (nothingLost) {
    assert.deepEqual(lost, [], "locks that are not whose they were said to be");
    return;
  }
  for (const claim of lost) assert.ok(!owners.has(claim.lock), `lock ${claim.lock} has another owner`);
  const firstLost = Math.min(...lost.map(({ lock }) => lock));
  const later = locks.filter((lock) => lock > firstLost && owners.has(lock));
  assert.deepEqual(later, [], `locks are there behind lock ${firstLost}, which is lost`);
}
