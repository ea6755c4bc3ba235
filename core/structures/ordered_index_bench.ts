// Micro-benchmark of the ordered index: 1,000 operations an iteration on an index of a million members.
//   deno bench --allow-read core/structures/ordered_index_bench.ts
import { Arena } from "../memory/arena.ts";
import { OrderedIndex } from "./ordered_index.ts";

const ELEMENTS = 1_000_000;
const OPERATIONS = 1000;
const MEMBER_BYTES = 16;

const arena = Arena.create({ bytes: 512 * 1024 * 1024 });
const index = new OrderedIndex(arena);
const members = new Uint8Array(ELEMENTS * MEMBER_BYTES);
const scores = new Float64Array(ELEMENTS);
let from = 0;
let state = 1;

const encoder = new TextEncoder();
for (let n = 0; n < ELEMENTS; n++) {
  members.set(encoder.encode(`member${String((n * 7919) % ELEMENTS).padStart(10, "0")}`), n * MEMBER_BYTES);
  scores[n] = random();
}
index.create();
for (let n = 0; n < ELEMENTS; n++) insert(n, scores[n]);

function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state >>> 0;
}

function insert(member: number, score: number): void {
  const start = member * MEMBER_BYTES;
  if (index.find(members, start, start + MEMBER_BYTES) === 0) {
    index.insertAfterFind(members, start, start + MEMBER_BYTES, score);
  }
}

function nextSlice(): number {
  from = (from + OPERATIONS) % ELEMENTS;
  return from;
}

function find(member: number): number {
  const start = member * MEMBER_BYTES;
  return index.find(members, start, start + MEMBER_BYTES);
}

Deno.bench("score of a member", () => {
  let sum = 0;
  for (let n = nextSlice(), end = n + OPERATIONS; n < end; n++) sum += index.scoreOf(find(n % ELEMENTS));
  return void sum;
});

Deno.bench("rank of a member", () => {
  let sum = 0;
  for (let n = nextSlice(), end = n + OPERATIONS; n < end; n++) sum += index.rankOf(find(n % ELEMENTS));
  return void sum;
});

Deno.bench("another score", () => {
  for (let n = nextSlice(), end = n + OPERATIONS; n < end; n++) index.setScore(find(n % ELEMENTS), random());
});

Deno.bench("count below a score", () => {
  let sum = 0;
  for (let n = 0; n < OPERATIONS; n++) sum += index.tree.countBelowScore(random());
  return void sum;
});

Deno.bench("walk from a rank", () => {
  index.tree.seek(Math.floor(random() / 2 ** 32 * (ELEMENTS - OPERATIONS)));
  let sum = 0;
  for (let n = 0; n < OPERATIONS; n++) {
    sum += index.tree.score;
    index.tree.forward();
  }
  return void sum;
});

Deno.bench("remove at random and add", () => {
  for (let n = nextSlice(), end = n + OPERATIONS; n < end; n++) index.remove(find(n % ELEMENTS));
  for (let n = from, end = n + OPERATIONS; n < end; n++) insert(n % ELEMENTS, random());
});

const popped = new Uint8Array(OPERATIONS * MEMBER_BYTES);
Deno.bench("take the lowest and add", () => {
  for (let n = 0; n < OPERATIONS; n++) {
    index.tree.seek(0);
    arena.copyOut(index.memberAddress(index.tree.element), MEMBER_BYTES, popped, n * MEMBER_BYTES);
    index.removeSought();
  }
  for (let start = 0; start < popped.length; start += MEMBER_BYTES) {
    index.find(popped, start, start + MEMBER_BYTES);
    index.insertAfterFind(popped, start, start + MEMBER_BYTES, random());
  }
});
