import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../memory/arena.ts";
import { FieldTable } from "./field_table.ts";

const MiB = 1024 * 1024;

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function textAt(arena: Arena, address: number, length: number): string {
  return latin1(arena.u8.slice(address, address + length));
}

function contents(arena: Arena, table: FieldTable): Map<string, string> {
  const map = new Map<string, string>();
  table.forEach((ref) =>
    map.set(
      textAt(arena, table.fieldAddress(ref), table.fieldLength(ref)),
      textAt(arena, table.valueAddress(ref), table.valueLength(ref)),
    )
  );
  return map;
}

Deno.test("fields and values of any bytes and lengths, growing and shrinking", () => {
  const arena = Arena.create({ bytes: 64 * MiB });
  const table = new FieldTable(arena);
  const start = arena.stats.used;
  const operation = fc.record({
    field: fc.uint8Array({ maxLength: 6 }),
    value: fc.uint8Array({ maxLength: 40 }),
    repeat: fc.constantFrom(1, 1, 1, 30),
    remove: fc.nat(3),
  });
  fc.assert(fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
    const model = new Map<string, string>();
    table.create();
    for (const { field, value, repeat, remove } of operations) {
      const name = latin1(field);
      if (remove === 0) {
        assert.equal(table.delete(field, 0, field.length), model.delete(name));
        continue;
      }
      const long = new Uint8Array(value.length * repeat).map((_, n) => value[n % value.length]);
      assert.equal(table.set(field, 0, field.length, long, 0, long.length), !model.has(name));
      model.set(name, latin1(long));
    }
    assert.deepEqual(contents(arena, table), model);
    table.destroyWithFields();
    assert.equal(arena.stats.used, start);
  }));
});

Deno.test("a value that fits is written in place, one that is much smaller or larger moves", () => {
  const arena = Arena.create({ bytes: 64 * MiB });
  const table = new FieldTable(arena);
  table.create();
  const bytes = new Uint8Array(1000).fill(120);
  table.set(bytes, 0, 4, bytes, 0, 100);
  const first = table.find(bytes, 0, 4);
  assert.equal(table.setFoundValue(bytes, 0, 90), first);
  assert.equal(table.valueLength(first), 90);
  const larger = table.setFoundValue(bytes, 0, 900);
  assert.notEqual(larger, first);
  assert.equal(table.find(bytes, 0, 4), larger);
  const smaller = table.setFoundValue(bytes, 0, 3);
  assert.notEqual(smaller, larger);
  assert.equal(table.find(bytes, 0, 4), smaller);
  assert.equal(textAt(arena, table.valueAddress(smaller), table.valueLength(smaller)), "xxx");
});

Deno.test("a full arena leaves field and value as they were", () => {
  const arena = Arena.create({ bytes: 1 * MiB });
  const table = new FieldTable(arena);
  table.create();
  const bytes = new Uint8Array(2 * MiB).fill(97);
  table.set(bytes, 0, 5, bytes, 0, 10);
  const used = arena.stats.used;
  assert.throws(() => table.set(bytes, 0, 5, bytes, 0, 2 * MiB), { code: "ARENA_FULL" });
  assert.throws(() => table.set(bytes, 0, 6, bytes, 0, 2 * MiB), { code: "ARENA_FULL" });
  assert.equal(arena.stats.used, used);
  assert.equal(table.size, 1);
  assert.equal(table.valueLength(table.find(bytes, 0, 5)), 10);
});

// Reserving address space is free; nothing below the table is ever touched.
const high = Arena.create({ bytes: 18 * 1024 * MiB });
const below = 17 * 1024 * MiB;

Deno.test({
  name: "a table beyond 16 GiB, where addresses and word indexes no longer fit in 32 bits",
  ignore: high.stats.total <= below,
  fn() {
    const filler = high.allocate(below);
    const table = new FieldTable(high);
    table.create();
    assert.ok(table.root * 4 > 2 ** 32);
    const field = new Uint8Array(12);
    const view = new DataView(field.buffer);
    for (let n = 0; n < 40_000; n++) {
      view.setUint32(3, n * 2654435761);
      table.set(field, 0, 12, field, 0, n % 12);
    }
    let seen = 0;
    for (let cursor = table.scan(0, () => seen++); cursor !== 0;) cursor = table.scan(cursor, () => seen++);
    assert.ok(seen >= 40_000);
    for (let n = 0; n < 40_000; n++) {
      view.setUint32(3, n * 2654435761);
      const ref = table.find(field, 0, 12);
      assert.equal(table.valueLength(ref), n % 12);
      if (n % 2 === 0) table.delete(field, 0, 12);
    }
    assert.equal(table.size, 20_000);
    table.destroyWithFields();
    high.free(filler);
    assert.equal(high.stats.used, 0);
  },
});
