import assert from "node:assert/strict";
import fc from "fast-check";
import { LatencyHistogram } from "./latency_histogram.ts";

const SECOND = 1_000_000_000;
const latency = fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(SECOND));
const latencies = fc.array(latency, { minLength: 1, maxLength: 200 });

Deno.test("percentiles are never below the true ones and at most 1/16 above", () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0, max: 100, noNaN: true }), (nanos, percent) => {
      const histogram = new LatencyHistogram();
      for (const each of nanos) histogram.record(each, 1);
      const sorted = nanos.toSorted((a, b) => a - b);
      const wanted = sorted[Math.max(1, Math.ceil(nanos.length * percent / 100)) - 1];
      const told = histogram.percentile(percent);
      assert.ok(told >= wanted && told <= wanted * 17 / 16 + 1, `${told} for ${wanted}`);
    }),
  );
});

Deno.test("cumulative counts grow, double their bound, end at the total and tell the truth", () => {
  fc.assert(
    fc.property(latencies, (nanos) => {
      const histogram = new LatencyHistogram();
      for (const each of nanos) histogram.record(each, 1);
      const counts = histogram.cumulative();
      assert.equal(counts.at(-1)![1], nanos.length);
      let last = 0;
      for (const [micros, calls] of counts) {
        assert.ok(Number.isInteger(Math.log2(micros)), `${micros} is a power of two`);
        assert.ok(calls > last);
        last = calls;
        const below = nanos.filter((each) => each <= micros * 1000).length;
        const surely = nanos.filter((each) => each * 17 / 16 + 1 <= micros * 1000).length;
        assert.ok(calls <= below && calls >= surely, `${calls} calls below ${micros} us`);
      }
    }),
  );
});

Deno.test("several calls at once, latencies beyond a second, reset", () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.percentile(99), 0);
  assert.deepEqual(histogram.cumulative(), []);
  histogram.record(1000, 16);
  histogram.record(100 * SECOND, 1);
  assert.equal(histogram.total, 17);
  assert.ok(histogram.percentile(50) <= 1063);
  assert.ok(histogram.percentile(100) >= SECOND);
  histogram.reset();
  assert.equal(histogram.total, 0);
  assert.equal(histogram.percentile(50), 0);
});
