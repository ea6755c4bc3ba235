// deno bench core/structures/hashtable_bench.ts
// One million elements (16-byte keys, 8-byte values) in random order; 10,000 operations an iteration: divide by
// 10,000. "Alone" means that each key is known only when the one before has been found, as between commands.
import { Arena } from "../memory/arena.ts";
import { FieldTable } from "./field_table.ts";
import { Prefetch } from "./prefetch.ts";

const ELEMENTS = 1_000_000;
const OPERATIONS = 10_000;
const KEY_BYTES = 16;
const BATCH = 32;

const arena = Arena.create({ bytes: 1024 * 1024 * 1024 });
const table = new FieldTable(arena);
const prefetch = new Prefetch(arena);
const value = new TextEncoder().encode("12345678");
const keys = new Uint8Array(ELEMENTS * KEY_BYTES);
const absent = new Uint8Array(ELEMENTS * KEY_BYTES);
// Elements lie in memory in the order of `inserted`; the lookups are in another.
const inserted = new Uint8Array(ELEMENTS * KEY_BYTES);
const inOrder = Uint32Array.from({ length: ELEMENTS }, (_, n) => n);
const shuffled = shuffle(inOrder.slice());
fill(inserted, "key:", inOrder);
fill(keys, "key:", shuffled);
fill(absent, "abs:", shuffled);

let from = 0;

Deno.bench("insert 1M into an empty table (divide by 1M)", { n: 3, warmup: 1 }, () => {
  if (table.root !== 0) table.destroyWithFields();
  table.create();
  for (let at = 0; at < inserted.length; at += KEY_BYTES) {
    table.set(inserted, at, at + KEY_BYTES, value, 0, 8);
  }
});

Deno.bench("get", () => {
  const start = nextSlice();
  let sum = 0;
  for (let at = start; at < start + OPERATIONS * KEY_BYTES; at += KEY_BYTES) {
    sum ^= table.find(keys, at, at + KEY_BYTES);
  }
  return void sum;
});

Deno.bench("get, absent", () => {
  const start = nextSlice();
  let sum = 0;
  for (let at = start; at < start + OPERATIONS * KEY_BYTES; at += KEY_BYTES) {
    sum ^= table.find(absent, at, at + KEY_BYTES);
  }
  return void sum;
});

Deno.bench("get, alone", () => {
  const start = nextSlice();
  let zero = 0;
  for (let at = start; at < start + OPERATIONS * KEY_BYTES; at += KEY_BYTES) {
    zero = table.valueLength(table.find(keys, at + zero, at + KEY_BYTES)) - value.length;
  }
  return void zero;
});

Deno.bench("get, alone, after prefetching 32", () => {
  const start = nextSlice();
  let zero = 0;
  for (let at = start; at < start + OPERATIONS * KEY_BYTES; at += KEY_BYTES) {
    if ((at - start) % (BATCH * KEY_BYTES) === 0) prefetchFrom(at);
    zero = table.valueLength(table.find(keys, at + zero, at + KEY_BYTES)) - value.length;
  }
  return void zero;
});

Deno.bench("set, in place", () => {
  const start = nextSlice();
  for (let at = start; at < start + OPERATIONS * KEY_BYTES; at += KEY_BYTES) {
    table.set(keys, at, at + KEY_BYTES, value, 0, 8);
  }
});

Deno.bench("delete and set", () => {
  const start = nextSlice();
  for (let at = start; at < start + OPERATIONS * KEY_BYTES; at += KEY_BYTES) {
    table.delete(keys, at, at + KEY_BYTES);
    table.set(keys, at, at + KEY_BYTES, value, 0, 8);
  }
});

let cursor = 0;
let seen = 0;
const count = () => void seen++;
Deno.bench("scan", () => {
  for (seen = 0; seen < OPERATIONS;) cursor = table.scan(cursor, count);
});

Deno.bench("random", () => {
  let sum = 0;
  for (let pick = 0; pick < OPERATIONS; pick++) sum ^= table.random();
  return void sum;
});

function nextSlice(): number {
  from = (from + OPERATIONS * KEY_BYTES) % keys.length;
  return from;
}

function prefetchFrom(start: number): void {
  const end = Math.min(start + BATCH * KEY_BYTES, keys.length);
  for (let at = start; at < end; at += KEY_BYTES) prefetch.add(table.root, keys, at, at + KEY_BYTES);
  prefetch.run();
}

function fill(target: Uint8Array, prefix: string, numbers: Uint32Array): void {
  const encoder = new TextEncoder();
  for (let n = 0; n < ELEMENTS; n++) {
    target.set(encoder.encode(prefix + String(numbers[n]).padStart(12, "0")), n * KEY_BYTES);
  }
}

function shuffle(numbers: Uint32Array): Uint32Array {
  let state = 1;
  for (let n = numbers.length - 1; n > 0; n--) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const other = Math.floor((state >>> 0) / 2 ** 32 * (n + 1));
    const number = numbers[n];
    numbers[n] = numbers[other];
    numbers[other] = number;
  }
  return numbers;
}
