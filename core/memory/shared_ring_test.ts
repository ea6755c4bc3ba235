// Rings: by a model on one thread, and against a real worker in both directions.
import assert from "node:assert/strict";
import fc from "fast-check";
import { RING_EMPTY, SharedRing } from "./shared_ring.ts";
import type { RingTestJob } from "./shared_ring_test_worker.ts";

/** Bytes that tell records apart. */
function record(length: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = mark * 31 + i * 7;
  return bytes;
}

/** A ring whose positions are about to wrap around 2^31 or 2^32. */
function ringAt(capacity: number, position: number): SharedRing {
  const { handle } = SharedRing.create(capacity);
  const control = new Int32Array(handle.control);
  control[0] = control[16] = position;
  return SharedRing.attach(handle);
}

const ringSteps = fc.array(
  fc.record({
    kind: fc.constantFrom(...["push", "push", "words", "words", "pop", "pop", "many", "publish"] as const),
    length: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 252 })),
  }),
  { maxLength: 400, size: "max" },
);

Deno.test("ring: any mix of records comes out as it went in, wrapping data and positions", () => {
  fc.assert(
    fc.property(ringSteps, fc.constantFrom(0, 0x7ffffff0, -16, 12345 * 4), (steps, position) => {
      const producer = ringAt(256, position);
      const consumer = SharedRing.attach(producer.handle);
      const queued: (Uint8Array | number[])[] = [];
      let published = 0;
      let used = 0;
      const target = new Uint8Array(300);
      const words = new Uint32Array(4);
      const size = (item: Uint8Array | number[]) =>
        4 + (item instanceof Uint8Array ? (item.length + 3) & -4 : 16);
      const takeFirst = () => {
        published--;
        const item = queued.shift()!;
        used -= size(item);
        return item;
      };
      steps.forEach(({ kind, length }, step) => {
        if (kind === "push" || kind === "words") {
          const item = kind === "push"
            ? record(length === 16 ? 17 : length, step)
            : [step, length, 0xffffffff, 7];
          const done = item instanceof Uint8Array
            ? producer.tryPush(item, 0, item.length)
            : producer.tryPushWords(item[0], item[1], item[2], item[3]);
          if (done) {
            queued.push(item);
            used += size(item);
            assert.ok(used <= 256 + 32, "more than the ring holds");
          } else {
            // The consumer holds back less than an eighth of the ring.
            assert.ok(used + size(item) > 256 - 32, `refused ${size(item)} bytes with ${used} used`);
            published = queued.length;
          }
        } else if (kind === "publish") {
          producer.publish();
          published = queued.length;
        } else if (published === 0) {
          assert.equal(consumer.nextLength(), RING_EMPTY);
          assert.equal(consumer.tryPop(target), RING_EMPTY);
          assert.equal(consumer.tryPopWords(words), false);
          assert.equal(consumer.tryPopMany(target), 0);
        } else if (kind === "pop") {
          const item = takeFirst();
          if (item instanceof Uint8Array) {
            assert.equal(consumer.nextLength(), item.length);
            assert.throws(() => consumer.tryPopWords(words), /not four words/);
            assert.equal(consumer.tryPop(target), item.length);
            assert.deepEqual(target.subarray(0, item.length), item);
          } else {
            assert.equal(consumer.tryPopWords(words), true);
            assert.deepEqual([...words], item);
          }
        } else {
          const bytes = consumer.tryPopMany(target);
          let at = 0;
          while (at < bytes || (published > 0 && queued[0].length === 0)) {
            const item = takeFirst();
            const expected = item instanceof Uint8Array
              ? item
              : new Uint8Array(Uint32Array.from(item).buffer);
            assert.deepEqual(target.subarray(at, at + expected.length), expected);
            at += expected.length;
          }
          assert.equal(at, bytes);
        }
      });
    }),
    { numRuns: 600 },
  );
});

Deno.test("ring: sizes", () => {
  assert.equal(SharedRing.create(1).capacity, 256);
  assert.equal(SharedRing.create(4097).capacity, 8192);
  assert.throws(() => SharedRing.create(2 ** 31), /at most 1073741824 bytes/);
  const ring = SharedRing.create(256);
  assert.throws(
    () => ring.tryPush(new Uint8Array(300), 0, 253),
    /253 bytes does not fit this ring: at most 252/,
  );
  assert.equal(ring.tryPush(new Uint8Array(300), 0, 252), true);
  assert.equal(ring.tryPush(new Uint8Array(0), 0, 0), false);
  assert.equal(ring.queuedBytes, 256);
  assert.throws(() => ring.tryPop(new Uint8Array(100)), /252 bytes, the target has room for 100/);
  assert.throws(() => ring.tryPopMany(new Uint8Array(100)), /252 bytes, the target has room for 100/);
  assert.equal(ring.tryPop(new Uint8Array(252)), 252);
  assert.equal(ring.queuedBytes, 0);
});

Deno.test("ring: nothing is seen before publish, and one publish shows all", () => {
  const producer = SharedRing.create(1024);
  const consumer = SharedRing.attach(producer.handle);
  const words = new Uint32Array(4);
  for (let i = 0; i < 10; i++) producer.tryPushWords(i, 0, 0, 0);
  assert.equal(consumer.tryPopWords(words), false);
  assert.equal(producer.queuedBytes, 0);
  producer.publish();
  for (let i = 0; i < 10; i++) {
    assert.equal(consumer.tryPopWords(words), true);
    assert.equal(words[0], i);
  }
  assert.equal(consumer.tryPopWords(words), false);
});

Deno.test("ring: waits on one thread end by a record, by time, by stop", async () => {
  // As a server's listeners do: waits alone do not keep the loop going.
  const keepAlive = setInterval(() => {}, 1000);
  const ring = SharedRing.create(256);
  const target = new Uint8Array(256);
  assert.equal(await ring.popAsync(target, 5), RING_EMPTY);
  assert.equal(ring.pop(target, 5), RING_EMPTY);
  const popped = ring.popAsync(target, 20_000);
  ring.tryPush(record(9, 1), 0, 9);
  ring.publish();
  assert.equal(await popped, 9);
  assert.equal(await ring.pushAsync(record(200, 2), 0, 200), "ok");
  assert.equal(await ring.pushAsync(record(200, 3), 0, 200, 5), "timeout");
  assert.equal(ring.push(record(200, 3), 0, 200, 5), "timeout");
  const pushed = ring.pushAsync(record(200, 3), 0, 200, 20_000);
  assert.equal(await ring.popAsync(target), 200);
  assert.equal(await pushed, "ok");
  const refused = ring.pushAsync(record(200, 4), 0, 200);
  ring.stop();
  assert.equal(ring.stopped, true);
  assert.equal(await refused, "stopped");
  assert.equal(ring.push(record(1, 4), 0, 1, 1000), "stopped");
  // What was queued before the stop is not lost.
  assert.equal(await ring.popAsync(target), 200);
  assert.deepEqual(target.subarray(0, 200), record(200, 3));
  assert.equal(await ring.popAsync(target), RING_EMPTY);
  assert.equal(ring.pop(target, 20_000), RING_EMPTY);
  assert.equal(ring.popWords(new Uint32Array(4), 20_000), false);
  clearInterval(keepAlive);
});

interface TestWorker {
  readonly toWorker: SharedRing;
  readonly fromWorker: SharedRing;
  readonly done: Promise<string>;
  end(): void;
}

async function startWorker(task: RingTestJob["task"], ringBytes: number): Promise<TestWorker> {
  const worker = new Worker(new URL("./shared_ring_test_worker.ts", import.meta.url), { type: "module" });
  const next = () =>
    new Promise<string>((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  await next();
  const toWorker = SharedRing.create(ringBytes);
  const fromWorker = SharedRing.create(ringBytes);
  const done = next();
  worker.postMessage({ task, input: toWorker.handle, output: fromWorker.handle } satisfies RingTestJob);
  return { toWorker, fromWorker, done, end: () => worker.terminate() };
}

Deno.test("ring: records of random sizes go to a worker and back, unharmed and in order", async () => {
  const { toWorker, fromWorker, done, end } = await startWorker("echo", 4096);
  const count = 20_000;
  const start = Date.now() >>> 0;
  const lengthOf = (index: number) => {
    const mixed = Math.imul(index + start, 2654435761) >>> 0;
    return mixed % 50 === 0 ? mixed % 4000 : mixed % 100;
  };
  const push = async () => {
    for (let index = 0; index < count; index++) {
      const bytes = record(lengthOf(index), index);
      assert.equal(await toWorker.pushAsync(bytes, 0, bytes.length, 20_000), "ok");
    }
    toWorker.stop();
  };
  const pop = async () => {
    const target = new Uint8Array(4096);
    for (let index = 0; index < count; index++) {
      const length = await fromWorker.popAsync(target, 20_000);
      const expected = record(lengthOf(index), index);
      assert.equal(length, expected.length, `record ${index}, seed ${start}`);
      for (let i = 0; i < length; i++) {
        if (target[i] !== expected[i]) assert.fail(`record ${index} differs at byte ${i}, seed ${start}`);
      }
    }
  };
  await Promise.all([push(), pop()]);
  assert.equal(await done, `echoed ${count}`);
  end();
});

Deno.test("ring: words in batches to a worker, which sums them", async () => {
  const { toWorker, done, end } = await startWorker("sum", 2048);
  let sum = 0;
  for (let index = 0; index < 200_000;) {
    if (toWorker.tryPushWords(index, 1, 0, 0)) {
      sum += index++;
      if (index % 64 === 0) toWorker.publish();
    } else {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  toWorker.publish();
  toWorker.stop();
  assert.equal(await done, `sum ${sum} of 200000`);
  end();
});

Deno.test("ring: a long stream passes a small ring in chunks, both ways", async () => {
  const { toWorker, fromWorker, done, end } = await startWorker("chunks", 1024);
  const stream = record(300_000, 5);
  const seen = new Uint8Array(stream.length);
  const pop = async () => {
    let at = 0;
    while (at < seen.length) {
      assert.equal(await fromWorker.waitForRecordAsync(20_000), true);
      at += fromWorker.tryPopMany(seen.subarray(at));
    }
  };
  const push = async () => {
    assert.equal(await toWorker.pushChunksAsync(stream, 0, stream.length), stream.length);
    toWorker.stop();
  };
  await Promise.all([push(), pop()]);
  assert.deepEqual(seen, stream);
  assert.equal(await done, `passed ${stream.length}`);
  end();
});

Deno.test("ring: a worker that waits in pop or push is woken by stop", async () => {
  const popping = await startWorker("block-in-pop", 256);
  popping.toWorker.stop();
  assert.equal(await popping.done, "pop -1 stopped");
  popping.end();
  const pushing = await startWorker("block-in-push", 256);
  await pushing.fromWorker.waitForRecordAsync(20_000);
  pushing.fromWorker.stop();
  assert.equal(await pushing.done, "push stopped");
  pushing.end();
});

Deno.test("ring: waits in a worker end in time", async () => {
  const { done, end } = await startWorker("time-outs", 256);
  assert.equal(await done, "pop -1 push timeout");
  end();
});
