import assert from "node:assert/strict";
import { parseCsv } from "./redis_benchmark.ts";

Deno.test("the rate is read from redis-benchmark's CSV", () => {
  const header = '"test","rps","avg_latency_ms","min_latency_ms"';
  assert.equal(parseCsv(`${header}\n"MSET (10 keys)","103552.79","9.139","1.336"\n`), 103552.79);
  assert.throws(() => parseCsv(`${header}\n`), /no result/);
  assert.throws(() => parseCsv("Could not connect"), /no result/);
});
