import assert from "node:assert/strict";
import { largest, median, quantile } from "./statistics.ts";

Deno.test("medians and quantiles", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([7], 0.999), 7);
  assert.equal(quantile([1, 2], 1), 2);
  assert.ok(Number.isNaN(median([])));
  assert.equal(largest([2, 9, 4]), 9);
});
