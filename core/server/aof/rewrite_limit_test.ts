import assert from "node:assert/strict";
import { RewriteLimit } from "./rewrite_limit.ts";

const MINUTE = 60_000;

Deno.test("after three failures rewrites wait 1, 2, 4 ... 60 minutes; a success or a reset ends that", () => {
  const told: number[] = [];
  const limit = new RewriteLimit((minutes) => told.push(minutes));
  let now = 1_000_000;
  for (limit.failures = 0; limit.failures < 3; limit.failures++) assert.equal(limit.holds(now), false);
  for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
    assert.equal(limit.holds(now), true);
    assert.equal(told.at(-1), minutes);
    assert.equal(limit.holds(now + minutes * MINUTE - 1), true);
    now += minutes * MINUTE;
    assert.equal(limit.holds(now), false, "one may be tried");
    limit.failures++;
  }
  assert.equal(told.length, 8, "each wait is told once");
  limit.failures = 0;
  assert.equal(limit.holds(now), false);
  limit.failures = 3;
  limit.holds(now);
  assert.equal(told.at(-1), 1, "it begins anew");
});

Deno.test("where clients wait for it: after three failures each two seconds", () => {
  const limit = new RewriteLimit(() => {});
  limit.failures = 2;
  assert.equal(limit.holdsBriefly(0), false);
  limit.failures = 3;
  for (const start of [1000, 5000]) {
    assert.equal(limit.holdsBriefly(start), true);
    assert.equal(limit.holdsBriefly(start + 1999), true);
    assert.equal(limit.holdsBriefly(start + 2000), false);
    limit.failures++;
  }
});
