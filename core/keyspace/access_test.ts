import assert from "node:assert/strict";
import { lfuDecayed, lfuInitial, lfuMinutes, lfuTouched, lruIdleSeconds } from "./access.ts";

const MINUTE = 60_000;
const NOW = 1_700_000_000_000;
const OPTIONS = { logFactor: 10, decayMinutes: 1 };

Deno.test("idle seconds go across the wrap of the 24-bit clock", () => {
  assert.equal(lruIdleSeconds(100, 130), 30);
  assert.equal(lruIdleSeconds(0xfffff0, 0x10), 0x20);
});

Deno.test("a counter loses one for every decay time, never below 0, across the wrap of the minutes", () => {
  const word = lfuInitial(NOW);
  assert.equal(lfuDecayed(word, NOW, OPTIONS), 5);
  assert.equal(lfuDecayed(word, NOW + 2 * MINUTE, OPTIONS), 3);
  assert.equal(lfuDecayed(word, NOW + 100 * MINUTE, OPTIONS), 0);
  assert.equal(lfuDecayed(word, NOW + 5 * MINUTE, { logFactor: 10, decayMinutes: 2 }), 3);
  assert.equal(lfuDecayed(word, NOW + 100 * MINUTE, { logFactor: 10, decayMinutes: 0 }), 5);
  const wraps = Math.ceil(NOW / (0x10000 * MINUTE)) * 0x10000 * MINUTE;
  assert.equal(lfuMinutes(wraps), 0);
  assert.equal(lfuDecayed(lfuInitial(wraps - MINUTE), wraps + MINUTE, OPTIONS), 3);
});

Deno.test("an access counts for sure while the counter is low, seldom when it is high, and never beyond 255", () => {
  assert.equal(lfuTouched(lfuInitial(NOW), NOW, OPTIONS) & 0xff, 6);
  assert.equal(lfuTouched(lfuInitial(NOW) | 0xff, NOW, OPTIONS) & 0xff, 255);
  let word = lfuInitial(NOW);
  for (let access = 0; access < 1000; access++) word = lfuTouched(word, NOW, OPTIONS);
  const counter = word & 0xff;
  assert.ok(counter > 8 && counter < 60, `${counter} after 1000 accesses`);
  assert.equal(lfuTouched(word, NOW + 3 * MINUTE, OPTIONS) >>> 8, lfuMinutes(NOW + 3 * MINUTE));
});
