// Micro-benchmarks of the ring: on one thread (cost of the functions) and into a worker (throughput, wake-up).
// Run: deno bench core/memory/shared_ring_bench.ts
import { SharedRing } from "./shared_ring.ts";
import type { RingTestJob } from "./shared_ring_test_worker.ts";

const RECORDS = 10_000;
const ring = SharedRing.create(1024 * 1024);
const words = new Uint32Array(4);
const target = new Uint8Array(65536);
const payload = new Uint8Array(65536).fill(7);

Deno.bench({ name: "10k x four words in and out, publish per 64, one thread", group: "one thread" }, () => {
  for (let i = 0; i < RECORDS; i += 64) {
    for (let k = 0; k < 64; k++) ring.tryPushWords(i, k, 0, 0);
    ring.publish();
    while (ring.tryPopWords(words));
  }
});

for (const bytes of [16, 64, 1024, 16384]) {
  Deno.bench(
    { name: `10k x ${bytes} bytes in and out, publish each, one thread`, group: "one thread" },
    () => {
      for (let i = 0; i < RECORDS; i++) {
        ring.tryPush(payload, 0, bytes);
        ring.publish();
        ring.tryPop(target);
      }
    },
  );
}

const worker = new Worker(new URL("./shared_ring_test_worker.ts", import.meta.url), { type: "module" });
const input = SharedRing.create(1024 * 1024);
const output = SharedRing.create(1024 * 1024);
await new Promise((resolve) => worker.onmessage = resolve);
worker.postMessage({ task: "echo", input: input.handle, output: output.handle } satisfies RingTestJob);
// A wait alone does not keep the process alive.
setInterval(() => {}, 1000);

Deno.bench({ name: "one record to a worker and back (wake-up both ways)", group: "worker" }, async () => {
  await input.pushAsync(payload, 0, 16);
  await output.popAsync(target);
});

for (const bytes of [64, 1024, 4096]) {
  Deno.bench({ name: `10k x ${bytes} bytes to a worker and back`, group: "worker" }, async () => {
    let sent = 0;
    for (let got = 0; got < RECORDS;) {
      while (sent < RECORDS && input.tryPush(payload, 0, bytes)) sent++;
      input.publish();
      await output.waitForRecordAsync();
      while (output.tryPop(target) >= 0) got++;
    }
  });
}
