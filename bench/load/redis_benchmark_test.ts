import assert from "node:assert/strict";
import { parseCsv } from "./redis_benchmark.ts";

Deno.test("the rate and the 99th percentile are read from redis-benchmark's CSV", () => {
  const header = '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p99_latency_ms"';
  const report = parseCsv(`${header}\n"MSET (10 keys)","103552.79","9.139","1.336","1.5","9.871"\n`);
  assert.deepEqual(report, { rate: 103552.79, p99: 9.871 });
  assert.throws(() => parseCsv(`${header}\n`), /no result/);
  assert.throws(() => parseCsv("Could not connect"), /no result/);
});
