// The table of cached keys against a model, and how fairly it chooses.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TrackingTable } from "./tracking_table.ts";

type Step = { key: string; client: number } | { take: string } | "drop" | "clear";

const keys = fc.constantFrom("a", "b", "", "\xff\0", "long key", "f");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ key: keys, client: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ take: keys }) },
  { weight: 2, arbitrary: fc.constant("drop" as const) },
  { weight: 1, arbitrary: fc.constant("clear" as const) },
);

Deno.test("keys and clients are those of a map of sets, whatever is added, taken and dropped", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new TrackingTable();
      const model = new Map<string, Set<number>>();
      const take = (key: string) => {
        const expected = [...model.get(key) ?? []].sort((a, b) => a - b);
        model.delete(key);
        assert.deepEqual(table.take(key), expected);
      };
      for (const each of steps) {
        if (each === "clear") {
          table.clear();
          model.clear();
        } else if (each === "drop") {
          if (model.size === 0) continue;
          const key = table.randomKey();
          assert.ok(model.has(key));
          take(key);
        } else if ("take" in each) take(each.take);
        else {
          table.add(each.key, each.client);
          const clients = model.get(each.key) ?? new Set();
          model.set(each.key, clients.add(each.client));
        }
        assert.equal(table.keyCount, model.size);
        assert.equal(table.itemCount, [...model.values()].reduce((sum, clients) => sum + clients.size, 0));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("every key is chosen in its turn", () => {
  const table = new TrackingTable();
  for (let i = 0; i < 10; i++) table.add(`key${i}`, 1);
  table.take("key3");
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) seen.add(table.randomKey());
  assert.equal(seen.size, 9);
});
