// deno bench --no-prompt core/structures/expiry_heap_bench.ts
// A hash of 1M fields, each operation 1000 times: what a time costs beside the field itself, and deleting what has expired.
import { Arena } from "../memory/arena.ts";
import { FIELD_STAYS, FieldTable } from "./field_table.ts";

const FIELDS = 1_000_000;
const STEPS = 1000;
const arena = Arena.create({ bytes: 1024 * 1024 * 1024 });
const encoder = new TextEncoder();
const names = Array.from({ length: FIELDS }, (_, n) => encoder.encode(`field:${n}`));
const value = encoder.encode("value of 16 byte");

let state = 1;
function random(below: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 1;
  return state % below;
}

function filled({ withTimes }: { withTimes: boolean }): FieldTable {
  const table = new FieldTable(arena);
  table.create(FIELDS);
  for (const name of names) {
    table.find(name, 0, name.length);
    if (withTimes) table.addExpiring(name, 0, name.length, value, 0, value.length, random(2 ** 30));
    else table.set(name, 0, name.length, value, 0, value.length);
  }
  return table;
}

const plain = filled({ withTimes: false });
const used = arena.stats.used;
const expiring = filled({ withTimes: true });
const added = (arena.stats.used - used) / FIELDS;
console.log(`${(used / FIELDS).toFixed(1)} bytes a field without times, ${added.toFixed(1)} with`);

Deno.bench("set a field without a time", { group: "set", baseline: true }, () => {
  for (let step = 0; step < STEPS; step++) {
    const name = names[random(FIELDS)];
    plain.set(name, 0, name.length, value, 0, value.length);
  }
});

Deno.bench("set a field with a time like the others'", { group: "set" }, () => {
  for (let step = 0; step < STEPS; step++) {
    const name = names[random(FIELDS)];
    expiring.find(name, 0, name.length);
    expiring.setFound(value, 0, value.length, random(2 ** 30));
  }
});

Deno.bench("set a field with a time after all others", { group: "set" }, () => {
  for (let step = 0; step < STEPS; step++) {
    const name = names[random(FIELDS)];
    expiring.find(name, 0, name.length);
    expiring.setFound(value, 0, value.length, 2 ** 31 + state);
  }
});

Deno.bench("take a time away and give one", { group: "set" }, () => {
  for (let step = 0; step < STEPS; step++) {
    const name = names[random(FIELDS)];
    expiring.find(name, 0, name.length);
    expiring.setFoundExpiry(FIELD_STAYS);
    expiring.setFoundExpiry(random(2 ** 30));
  }
});

Deno.bench("delete the field that expires first and set it again", { group: "expire" }, () => {
  for (let step = 0; step < STEPS; step++) {
    expiring.removeFirst();
    const name = names[random(FIELDS)];
    if (expiring.find(name, 0, name.length) !== 0) continue;
    expiring.addExpiring(name, 0, name.length, value, 0, value.length, random(2 ** 30));
  }
});
