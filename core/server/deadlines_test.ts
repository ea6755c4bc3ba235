// Deadlines against a sorted list: what is due comes in order, whatever was taken out before; the timer fires for the earliest.
import assert from "node:assert/strict";
import fc from "fast-check";
import { eventually } from "../../tests/harness/eventually.ts";
import { Deadlines, type Timed } from "./deadlines.ts";

class Item implements Timed {
  heapIndex = -1;
  constructor(readonly deadline: number) {}
}

/** So far ahead that no timer fires during a test. */
const FAR = Date.now() + 1e10;

Deno.test("what is due is taken in the order of the deadlines", () => {
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ until: fc.nat(1000) }) },
  );
  fc.assert(fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
    const deadlines = new Deadlines<Item>(() => {});
    let model: Item[] = [];
    try {
      for (const each of operations) {
        if ("add" in each) {
          const item = new Item(FAR + each.add);
          deadlines.add(item);
          model.push(item);
        } else if ("remove" in each) {
          const item = model[each.remove];
          if (item === undefined) continue;
          deadlines.remove(item);
          // Twice does no harm.
          deadlines.remove(item);
          model = model.filter((other) => other !== item);
        } else {
          const now = FAR + each.until;
          const due = model.filter(({ deadline }) => deadline <= now).map(({ deadline }) => deadline);
          const taken: number[] = [];
          for (let item = deadlines.takeDue(now); item !== null; item = deadlines.takeDue(now)) {
            taken.push(item.deadline);
          }
          assert.deepEqual(taken, due.sort((a, b) => a - b));
          model = model.filter(({ deadline }) => deadline > now);
        }
        assert.equal(deadlines.size, model.length);
      }
    } finally {
      deadlines.stop();
    }
  }));
});

Deno.test("the timer is set for the earliest, also where an earlier one comes later", async () => {
  const taken: number[] = [];
  const deadlines: Deadlines<Item> = new Deadlines(() => {
    const now = Date.now();
    for (let item = deadlines.takeDue(now); item !== null; item = deadlines.takeDue(now)) {
      taken.push(item.deadline);
    }
  });
  const now = Date.now();
  for (const wait of [60_000, 30, 5, 10]) deadlines.add(new Item(now + wait));
  await eventually(() => taken.length === 3);
  assert.deepEqual(taken.map((deadline) => deadline - now), [5, 10, 30]);
  assert.equal(deadlines.size, 1);
  deadlines.stop();
});
