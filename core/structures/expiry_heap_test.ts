import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../memory/arena.ts";
import { FIELD_STAYS, FieldTable } from "./field_table.ts";

const MiB = 1024 * 1024;
const arena = Arena.create({ bytes: 256 * MiB });
const encoder = new TextEncoder();

type Model = Map<string, { value: string; at: number }>;

function contents(table: FieldTable): Model {
  const model: Model = new Map();
  const text = (address: number, length: number) =>
    new TextDecoder("latin1").decode(arena.u8.slice(address, address + length));
  table.forEach((ref) =>
    model.set(text(table.fieldAddress(ref), table.fieldLength(ref)), {
      value: text(table.valueAddress(ref), table.valueLength(ref)),
      at: table.expireAt(ref),
    })
  );
  return model;
}

function expiring(model: Model): number[] {
  return [...model.values()].map(({ at }) => at).filter((at) => at !== FIELD_STAYS).sort((a, b) => a - b);
}

/** Takes everything out of a copy of the table in the order of expiry. */
function drained(root: number): number[] {
  const table = new FieldTable(arena);
  table.copyOf(root);
  const times: number[] = [];
  while (table.first !== 0) {
    times.push(table.expireAt(table.first));
    table.removeFirst();
  }
  assert.equal(table.expiring, 0);
  table.destroyWithFields();
  return times;
}

/** Sets value and time of a field as a hash command would. */
function setExpiring(table: FieldTable, field: Uint8Array, value: Uint8Array, at: number): void {
  if (table.find(field, 0, field.length) !== 0) table.setFound(value, 0, value.length, at);
  else if (at === FIELD_STAYS) table.set(field, 0, field.length, value, 0, value.length);
  else table.addExpiring(field, 0, field.length, value, 0, value.length, at);
}

const time = fc.oneof(fc.constant(FIELD_STAYS), fc.nat(40), fc.nat(2 ** 40));
const operation = fc.record({
  field: fc.nat(30),
  bytes: fc.oneof(fc.nat(30), fc.nat(400)),
  at: time,
  what: fc.constantFrom("set", "set", "expiring", "expiring", "expiring", "time", "time", "delete", "first"),
});

Deno.test("fields with and without expiry, changed in any order, are what a model says, and the first is the first", () => {
  const table = new FieldTable(arena);
  const used = arena.stats.used;
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400, size: "max" }), (operations) => {
      const model: Model = new Map();
      table.create();
      for (const { field: number, bytes, at, what } of operations) {
        const name = `field ${number}`.repeat(1 + number % 3);
        const field = encoder.encode(name);
        const text = "x".repeat(bytes);
        const value = encoder.encode(text);
        if (what === "set") {
          assert.equal(table.set(field, 0, field.length, value, 0, value.length), !model.has(name));
          model.set(name, { value: text, at: FIELD_STAYS });
        } else if (what === "expiring") {
          setExpiring(table, field, value, at);
          model.set(name, { value: text, at });
        } else if (what === "time") {
          assert.equal(table.find(field, 0, field.length) !== 0, model.has(name));
          if (!model.has(name)) continue;
          table.setFoundExpiry(at);
          model.get(name)!.at = at;
        } else if (what === "delete") {
          assert.equal(table.delete(field, 0, field.length), model.delete(name));
        } else if (table.first !== 0) {
          const at = table.expireAt(table.first);
          const gone = new TextDecoder().decode(
            arena.u8.slice(
              table.fieldAddress(table.first),
              table.fieldAddress(table.first) + table.fieldLength(table.first),
            ),
          );
          assert.equal(at, expiring(model)[0]);
          assert.equal(model.get(gone)!.at, at);
          table.removeFirst();
          model.delete(gone);
        }
        assert.equal(table.expiring, expiring(model).length);
        assert.equal(table.first === 0 ? undefined : table.expireAt(table.first), expiring(model)[0]);
      }
      assert.deepEqual(contents(table), model);
      assert.deepEqual(drained(table.root), expiring(model));
      table.destroyWithFields();
      assert.equal(arena.stats.used, used);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("tens of thousands of expiring fields leave in order, and their memory comes back as they go", () => {
  const table = new FieldTable(arena);
  const used = arena.stats.used;
  table.create();
  const COUNT = 40_000;
  let state = 1;
  for (let n = 0; n < COUNT; n++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 1;
    const field = encoder.encode(`${n}`);
    table.find(field, 0, field.length);
    table.addExpiring(field, 0, field.length, field, 0, field.length, state);
  }
  const full = table.expiryBytes;
  assert.ok(full >= COUNT * 4 && full < COUNT * 4 * 1.1 + 16384, `${full} bytes`);
  let previous = -1;
  for (let n = 0; n < COUNT; n++) {
    const at = table.expireAt(table.first);
    assert.ok(at >= previous);
    previous = at;
    table.removeFirst();
    if (n === COUNT >> 1) assert.ok(table.expiryBytes < full * 0.6);
  }
  assert.equal(table.expiryBytes, 0);
  table.destroyWithFields();
  assert.equal(arena.stats.used, used);
});

Deno.test("a full arena leaves fields, values and times as they were", () => {
  const small = Arena.create({ bytes: 1 * MiB });
  const table = new FieldTable(small);
  table.create();
  const bytes = new Uint8Array(2 * MiB).fill(97);
  table.find(bytes, 0, 5);
  table.addExpiring(bytes, 0, 5, bytes, 0, 10, 1000);
  table.set(bytes, 0, 6, bytes, 0, 10);
  const { used } = small.stats;
  const unchanged = () => {
    assert.equal(small.stats.used, used);
    assert.equal(table.size, 2);
    assert.equal(table.expiring, 1);
    assert.equal(table.expireAt(table.find(bytes, 0, 5)), 1000);
    assert.equal(table.valueLength(table.find(bytes, 0, 5)), 10);
    assert.equal(table.expireAt(table.find(bytes, 0, 6)), FIELD_STAYS);
  };
  table.find(bytes, 0, 5);
  assert.throws(() => table.setFound(bytes, 0, 2 * MiB, 2000), { code: "ARENA_FULL" });
  unchanged();
  table.find(bytes, 0, 7);
  assert.throws(() => table.addExpiring(bytes, 0, 7, bytes, 0, 2 * MiB, 2000), { code: "ARENA_FULL" });
  unchanged();
  // Every block that can still be had, from large to small, so that not even a few bytes are left.
  for (let size = 512 * 1024; size >= 16; size -= size > 1024 ? size / 2 : 16) {
    try {
      while (true) small.allocate(size);
    } catch { /* full for this size */ }
  }
  const { used: full } = small.stats;
  table.find(bytes, 0, 6);
  assert.throws(() => table.setFoundExpiry(5), { code: "ARENA_FULL" });
  assert.throws(() => table.copyOf(table.root), { code: "ARENA_FULL" });
  assert.equal(small.stats.used, full);
});
