// deno bench core/structures/quicklist_bench.ts
// A list of 100,000 elements of 16 bytes in nodes of 8 KiB: the ends, walks, seeks and changes in the middle; then the same
// walk over compressed nodes.
import { Arena } from "../memory/arena.ts";
import { QuickList } from "./quicklist.ts";

const ELEMENTS = 100_000;
const WALKED = 600;

const encoder = new TextEncoder();
const arena = Arena.create({ bytes: 256 * 1024 * 1024 });
const value = encoder.encode("value of 16 byte");

function filled(fill: number, compressDepth: number): QuickList {
  const list = new QuickList(arena);
  list.create(fill, compressDepth);
  for (let index = 0; index < ELEMENTS; index++) list.pushTail(value, 0, value.length);
  return list;
}

const list = filled(-2, 0);
const compressed = filled(-2, 1);
let at = 0;

Deno.bench("push and drop at the head", { group: "ends" }, () => {
  list.pushHead(value, 0, value.length);
  list.dropHead();
});

Deno.bench("push and drop at the tail", { group: "ends" }, () => {
  list.pushTail(value, 0, value.length);
  list.dropTail();
});

Deno.bench("a queue: push at the head, drop at the tail", { group: "ends" }, () => {
  list.pushHead(value, 0, value.length);
  list.dropTail();
});

Deno.bench("a stack of 2,000: push all, drop all", { group: "ends" }, () => {
  for (let index = 0; index < 2000; index++) list.pushHead(value, 0, value.length);
  for (let index = 0; index < 2000; index++) list.dropHead();
});

Deno.bench(`read ${WALKED} elements from the middle on`, { group: "walk" }, () => walk(list));

Deno.bench(`the same, compressed`, { group: "walk" }, () => walk(compressed));

Deno.bench("seek somewhere", { group: "middle" }, () => {
  list.seek(at = (at + 7919) % ELEMENTS);
});

Deno.bench("replace somewhere", { group: "middle" }, () => {
  list.seek(at = (at + 7919) % ELEMENTS);
  list.replace(value, 0, value.length);
  list.finish();
});

Deno.bench("insert and remove somewhere", { group: "middle" }, () => {
  list.seek(at = (at + 7919) % ELEMENTS);
  list.insertBefore(value, 0, value.length);
  list.removeAndNext();
  list.finish();
});

function walk(walked: QuickList): void {
  walked.seek(ELEMENTS / 2);
  for (let left = WALKED; left > 0; left--) {
    walked.read();
    walked.next();
  }
}
