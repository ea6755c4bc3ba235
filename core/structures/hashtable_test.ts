import assert from "node:assert/strict";
import fc from "fast-check";
import { Arena } from "../memory/arena.ts";
import { FieldTable } from "./field_table.ts";
import { hashBytes, setHashSeed } from "./hash.ts";
import { bucketOf, fingerprintOf, ROOT_BUCKETS, ROOT_DEPTH_MAX, ROOT_MASK } from "./hashtable_layout.ts";

const MiB = 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const keys = Array.from({ length: 100_000 }, (_, n) => encoder.encode(`k:${n}` + "x".repeat((n * 7) % 23)));

function newTable(bytes = 64 * MiB): { arena: Arena; table: FieldTable } {
  const arena = Arena.create({ bytes });
  return { arena, table: new FieldTable(arena) };
}

function set(table: FieldTable, key: number, value: string): boolean {
  const bytes = encoder.encode(value);
  return table.set(keys[key], 0, keys[key].length, bytes, 0, bytes.length);
}

function get(table: FieldTable, arena: Arena, key: number): string | undefined {
  const ref = table.find(keys[key], 0, keys[key].length);
  return ref === 0 ? undefined : valueOf(table, arena, ref);
}

function valueOf(table: FieldTable, arena: Arena, ref: number): string {
  const address = table.valueAddress(ref);
  return decoder.decode(arena.u8.slice(address, address + table.valueLength(ref)));
}

function keyOf(table: FieldTable, arena: Arena, ref: number): Uint8Array {
  const address = table.fieldAddress(ref);
  return arena.u8.slice(address, address + table.fieldLength(ref));
}

function numberOf(table: FieldTable, arena: Arena, ref: number): number {
  return parseInt(decoder.decode(keyOf(table, arena, ref)).slice(2));
}

function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every element is where its hash says, with its fingerprint; the root's counters say what is there. */
function verify(table: FieldTable, arena: Arena): void {
  const i32 = arena.i32;
  const word = table.root * 4;
  const buckets = i32[word + ROOT_BUCKETS];
  let elements = 0;
  let chained = 0;
  let deepest = 0;
  for (let index = 0; index < buckets; index++) {
    const segment = i32[i32[word] * 4 + (index >>> 10)];
    let bucket = segment === 0 ? 0 : segment + (index & 1023) * 4;
    assert.equal(bucket % 4, 0, "buckets are aligned to 64 bytes");
    let length = 0;
    for (; bucket !== 0; bucket = i32[bucket * 4 + 15]) {
      if (++length > 1) chained++;
      for (let slot = 0; slot < 12; slot++) {
        const ref = i32[bucket * 4 + 3 + slot];
        const print = arena.u8[bucket * 16 + slot];
        if (ref === 0) {
          assert.equal(print, 0);
          continue;
        }
        elements++;
        deepest = Math.max(deepest, (length - 1) * 12 + slot + 1);
        const key = keyOf(table, arena, ref);
        const hash = hashBytes(key, 0, key.length);
        assert.equal(hash, table.hashOfElement(ref));
        assert.equal(print, fingerprintOf(hash));
        assert.equal(bucketOf(hash, buckets, i32[word + ROOT_MASK]), index);
      }
    }
  }
  const stats = table.stats();
  assert.equal(stats.elements, elements);
  assert.equal(stats.chainedBuckets, chained);
  const depthMax = i32[word + ROOT_DEPTH_MAX];
  assert.ok(depthMax >= deepest, `an element is in slot ${deepest} of its chain, ${depthMax} was recorded`);
  assert.equal(stats.chainLengthMax, Math.ceil(depthMax / 12));
  assert.equal(stats.elementsPerBucket.reduce((sum, count, n) => sum + count * n, 0), elements);
}

Deno.test("hash table behaves like a Map under any sequence of operations", () => {
  const { arena, table } = newTable();
  const start = arena.stats.used;
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
      fc.integer(),
      fc.nat(6),
      (operations, seed, scale) => {
        setHashSeed(seed, 1);
        table.create();
        table.randomSource = seeded(seed);
        const universe = 4 << scale;
        const model = new Map<number, string>();
        let pauses = 0;
        for (const operation of operations) {
          const key = (operation >>> 6) % universe;
          switch (operation & 15) {
            default:
              assert.equal(set(table, key, `v${operation}`), !model.has(key));
              model.set(key, `v${operation}`);
              break;
            case 6:
              assert.equal(get(table, arena, key), model.get(key));
              break;
            case 7:
            case 8:
              assert.equal(table.delete(keys[key], 0, keys[key].length), model.delete(key));
              break;
            case 9: {
              const old = table.find(keys[key], 0, keys[key].length);
              if (old === 0) break;
              const ref = table.createField(keys[key], 0, keys[key].length, encoder.encode("r"), 0, 1);
              if (operation & 16) table.replaceFound(ref);
              else table.replaceRef(old, ref);
              arena.free(old);
              model.set(key, "r");
              break;
            }
            case 10: {
              const ref = table.find(keys[key], 0, keys[key].length);
              if (ref === 0) break;
              if (operation & 16) assert.equal(table.removeFound(), ref);
              else assert.equal(table.removeRef(ref), true);
              assert.equal(table.removeRef(ref), false);
              arena.free(ref);
              model.delete(key);
              break;
            }
            case 11: {
              const ref = table.random();
              if (model.size === 0) assert.equal(ref, 0);
              else assert.ok(model.has(numberOf(table, arena, ref)));
              break;
            }
            case 12: {
              // An element per call may vanish under the visitor's hands.
              const seen = new Set<number>();
              let cursor = 0;
              do {
                cursor = table.scan(cursor, (ref) => {
                  const number = numberOf(table, arena, ref);
                  seen.add(number);
                  if ((operation & 16) !== 0 && number % 3 === 0) {
                    assert.ok(table.removeRef(ref));
                    arena.free(ref);
                    model.delete(number);
                  }
                });
              } while (cursor !== 0);
              for (const number of model.keys()) assert.ok(seen.has(number), `scan missed ${number}`);
              break;
            }
            case 13:
              if (operation & 16) table.rehashStep(1 + (key & 7));
              else table.rehashFor(1);
              break;
            case 14:
              if (operation & 16) table.expand(key * 3);
              else table.shrinkIfNeeded();
              break;
            case 15:
              if (pauses > 0 && (operation & 16) !== 0) {
                table.resumeRehash();
                pauses--;
              } else if (pauses < 2 && (operation & 96) === 0) {
                table.pauseRehash();
                pauses++;
              }
          }
          assert.equal(table.size, model.size);
          if (operation % 37 === 0) verify(table, arena);
        }
        verify(table, arena);
        const all = new Map<number, string>();
        table.forEach((ref) => all.set(numberOf(table, arena, ref), valueOf(table, arena, ref)));
        assert.equal(all.size, model.size);
        for (const [key, value] of model) assert.equal(all.get(key), value);
        table.destroyWithFields();
        assert.equal(arena.stats.used, start, "everything was freed");
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("scan visits every element that stays, whatever happens between its calls", () => {
  const { arena, table } = newTable();
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1, maxLength: 60 }),
      fc.integer(),
      fc.nat(900),
      (operations, seed, stable) => {
        setHashSeed(seed, 2);
        table.create();
        for (let key = 0; key < stable; key++) set(table, key, "");
        // Elements with higher numbers come and go.
        let first = 1000;
        let next = 1000;
        const seen = new Set<number>();
        let cursor = 0;
        let step = 0;
        do {
          cursor = table.scan(cursor, (ref) => seen.add(numberOf(table, arena, ref)));
          assert.ok(Number.isSafeInteger(cursor) && cursor >= 0);
          const operation = step < operations.length ? operations[step++] : 0;
          const count = (operation >>> 3) % 400;
          switch (operation & 7) {
            case 1:
            case 2:
              for (let n = 0; n < count; n++) set(table, next++, "");
              break;
            case 3:
            case 4:
              while (first < next) {
                table.delete(keys[first], 0, keys[first].length);
                first++;
              }
              break;
            case 5:
              table.rehashStep(count);
              break;
            case 6:
              table.expand(count * 20);
              break;
            case 7:
              table.shrinkIfNeeded();
          }
        } while (cursor !== 0);
        for (let key = 0; key < stable; key++) assert.ok(seen.has(key), `element ${key} was missed`);
        table.destroyWithFields();
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a scan of a table at rest visits every element exactly once", () => {
  const { arena, table } = newTable();
  table.create();
  for (let key = 0; key < 5000; key++) set(table, key, "");
  while (table.rehashStep(100));
  const seen: number[] = [];
  let cursor = 0;
  do cursor = table.scan(cursor, (ref) => seen.push(numberOf(table, arena, ref))); while (cursor !== 0);
  assert.equal(seen.length, 5000);
  assert.equal(new Set(seen).size, 5000);
});

Deno.test("a large table grows through its directory and shrinks back to nothing", () => {
  const { arena, table } = newTable();
  const start = arena.stats.used;
  table.create();
  for (let key = 0; key < keys.length; key++) {
    set(table, key, "");
    if (key % 9973 === 0) verify(table, arena);
  }
  verify(table, arena);
  const grown = table.stats();
  assert.ok(grown.buckets >= 10_000 && grown.overheadBytes < keys.length * 16);
  for (let key = 0; key < keys.length; key++) {
    assert.ok(table.delete(keys[key], 0, keys[key].length));
    if (key % 9973 === 0) verify(table, arena);
  }
  while (table.rehashStep(100));
  verify(table, arena);
  assert.equal(table.stats().buckets, 1);
  assert.ok(table.overheadBytes < 300, `${table.overheadBytes} bytes left`);
  table.destroy();
  assert.equal(arena.stats.used, start);
});

Deno.test("expand makes an empty table large at once without touching memory", () => {
  const { arena, table } = newTable();
  const start = arena.stats.used;
  table.create(10_000_000);
  assert.equal(table.isRehashing, false);
  assert.equal(table.stats().buckets, 2 ** 20);
  assert.ok(arena.stats.used - start < 8192);
  set(table, 1, "one");
  assert.equal(get(table, arena, 1), "one");
  assert.equal(table.random(), table.find(keys[1], 0, keys[1].length));
  table.destroyWithFields();
  assert.equal(arena.stats.used, start);
});

Deno.test("random picks every element equally often, chains and half-done resizes included", () => {
  for (const [elements, steps, seed] of [[300, 0, 1], [641, 5, 2], [83, 3, 3], [700, 40, 4]]) {
    const { arena, table } = newTable();
    setHashSeed(seed, seed);
    table.create();
    table.randomSource = seeded(seed);
    // While paused the table only chains; the steps then leave it half-way.
    table.pauseRehash();
    for (let key = 0; key < elements; key++) set(table, key, "");
    table.resumeRehash();
    table.expand(elements);
    table.rehashStep(steps);
    const counts = new Float64Array(elements);
    const draws = elements * 200;
    for (let draw = 0; draw < draws; draw++) counts[numberOf(table, arena, table.random())]++;
    let chiSquare = 0;
    for (const count of counts) chiSquare += (count - 200) ** 2 / 200;
    // With k degrees of freedom, chi-square has mean k and standard deviation sqrt(2k).
    const limit = elements - 1 + 4 * Math.sqrt(2 * (elements - 1));
    assert.ok(
      chiSquare < limit,
      `${elements} elements, seed ${seed}: chi-square ${chiSquare}, limit ${limit}`,
    );
  }
});

Deno.test("a full arena leaves the table as it was", () => {
  const arena = Arena.create({ bytes: 1 * MiB });
  const table = new FieldTable(arena);
  table.create();
  let count = 0;
  try {
    while (true) {
      set(table, count, "v".repeat(30));
      count++;
    }
  } catch (error) {
    assert.equal((error as { code?: string }).code, "ARENA_FULL");
  }
  assert.ok(count > 1000);
  assert.equal(table.size, count);
  verify(table, arena);
  for (let key = 0; key < count; key++) assert.ok(table.delete(keys[key], 0, keys[key].length), `key ${key}`);
  verify(table, arena);
  assert.equal(table.size, 0);
});

Deno.test("a remembered slot survives whatever moves the element", () => {
  const { arena, table } = newTable();
  table.create();
  for (let key = 0; key < 105; key++) set(table, key, "");
  const other = new FieldTable(arena).attach(table.root);
  for (let key = 0; key < 105; key++) {
    const ref = table.find(keys[key], 0, keys[key].length);
    for (let extra = 0; extra < 50; extra++) set(other, 1000 + key * 50 + extra, "");
    const fresh = table.createField(keys[key], 0, keys[key].length, keys[0], 0, 0);
    table.replaceFound(fresh);
    assert.equal(table.find(keys[key], 0, keys[key].length), fresh);
    arena.free(ref);
  }
  verify(table, arena);
  assert.throws(() => new FieldTable(arena).attach(table.root).removeFound(), /not in the hash table/);
});

Deno.test("a copy has the same fields and nothing in common", () => {
  const { arena, table } = newTable();
  const start = arena.stats.used;
  const original = table.create();
  for (let key = 0; key < 500; key++) set(table, key, `value ${key}`);
  const copy = new FieldTable(arena);
  copy.copyOf(original);
  table.destroyWithFields();
  assert.equal(copy.size, 500);
  for (let key = 0; key < 500; key++) assert.equal(get(copy, arena, key), `value ${key}`);
  copy.destroyWithFields();
  assert.equal(arena.stats.used, start);
});

Deno.test("the longest chain stays known when a resize changes its mind half-way", () => {
  const { arena, table } = newTable();
  setHashSeed(1, 2);
  table.create(40);
  assert.equal(table.stats().buckets, 4);
  table.pauseRehash();
  let added = 0;
  for (let key = 0; added < 40; key++) {
    if ((hashBytes(keys[key], 0, keys[key].length) & 7) !== 4) continue;
    set(table, key, "");
    added++;
  }
  table.resumeRehash();
  table.expand(1000);
  table.rehashStep(1);
  assert.equal(table.stats().buckets, 5);
  table.shrinkIfNeeded();
  while (table.rehashStep(1));
  assert.equal(table.stats().buckets, 8);
  verify(table, arena);
});

Deno.test("a large table can be destroyed in steps", () => {
  const { arena, table } = newTable();
  const start = arena.stats.used;
  table.create();
  for (let key = 0; key < keys.length; key++) set(table, key, "");
  table.forEach((ref) => arena.free(ref));
  let steps = 1;
  while (table.destroyStep(2)) steps++;
  assert.equal(table.root, 0);
  assert.equal(steps, 8);
  assert.equal(arena.stats.used, start);
});
