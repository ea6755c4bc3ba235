import assert from "node:assert/strict";
import fc from "fast-check";
import { pickDistinct, pickRepeatedly, type RandomSource } from "./random_picks.ts";

/** A value whose elements are at the places 1000, 1001, ... */
class Places implements RandomSource {
  constructor(readonly size: number, readonly isPacked: boolean, readonly hasExpired?: boolean) {}

  randomPlace(): number {
    return 1000 + Math.floor(Math.random() * this.size);
  }

  places(): Int32Array {
    return Int32Array.from({ length: this.size }, (_, index) => 1000 + index);
  }
}

const source = fc.record({
  size: fc.integer({ min: 1, max: 60 }),
  isPacked: fc.boolean(),
  hasExpired: fc.option(fc.boolean(), { nil: undefined }),
}).map(({ size, isPacked, hasExpired }) => new Places(size, isPacked, hasExpired));

function isPlaceOf(value: Places, place: number): boolean {
  return Number.isInteger(place) && place >= 1000 && place < 1000 + value.size;
}

Deno.test("distinct picks are as many as asked for, of the value, and differ", () => {
  fc.assert(fc.property(source, fc.nat(), (value, seed) => {
    const count = seed % value.size;
    const picks: number[] = [];
    pickDistinct(value, count, (place) => picks.push(place));
    assert.equal(picks.length, count);
    assert.equal(new Set(picks).size, count);
    assert.ok(picks.every((place) => isPlaceOf(value, place)));
  }));
});

Deno.test("repeated picks are as many as asked for, of the value, however few it has", () => {
  fc.assert(fc.property(source, fc.integer({ min: 0, max: 200 }), (value, count) => {
    const picks: number[] = [];
    pickRepeatedly(value, count, (place) => picks.push(place));
    assert.equal(picks.length, count);
    assert.ok(picks.every((place) => isPlaceOf(value, place)));
  }));
});

for (
  const [way, value, count] of [
    ["one block", new Places(10, true), 4],
    ["a shuffled table", new Places(10, false), 4],
    ["a table of which few are wanted", new Places(10, false), 2],
  ] as const
) {
  Deno.test(`every element has the same chance: ${way}`, () => {
    const rounds = 20_000;
    const picked = new Map<number, number>();
    for (let round = 0; round < rounds; round++) {
      pickDistinct(value, count, (place) => picked.set(place, (picked.get(place) ?? 0) + 1));
    }
    // Eight standard deviations: once in 10^14 by chance.
    const share = count / value.size;
    const allowed = 8 * Math.sqrt(rounds * share * (1 - share));
    assert.equal(picked.size, value.size);
    for (const [place, times] of picked) {
      assert.ok(Math.abs(times - rounds * share) < allowed, `place ${place}: ${times} of ${rounds}`);
    }
  });
}
