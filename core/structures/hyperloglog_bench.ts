// deno bench core/structures/hyperloglog_bench.ts
// Hashing an element; adding to a sparse HyperLogLog of 500 elements and to a dense one of 100,000; counting each.
import { HyperLogLog } from "./hyperloglog.ts";
import { countElements } from "./hyperloglog_count.ts";

const SPARSE_BYTES_MAX = 3000;
const encoder = new TextEncoder();

function filled(elements: number): HyperLogLog {
  const hyperLogLog = new HyperLogLog();
  hyperLogLog.clear();
  for (let element = 0; element < elements; element++) add(hyperLogLog, element);
  return hyperLogLog;
}

function add(hyperLogLog: HyperLogLog, element: number): void {
  const bytes = encoder.encode(`element:${element}`);
  hyperLogLog.hash(bytes, 0, bytes.length);
  hyperLogLog.raise(hyperLogLog.index, hyperLogLog.value, SPARSE_BYTES_MAX);
}

const element = encoder.encode("element:000000123456");
const sparse = filled(500);
const dense = filled(100_000);
const { bytes, length } = sparse;
const copy = bytes.slice(0, length);
let next = 0;

Deno.bench("hash an element of 20 bytes", () => sparse.hash(element, 0, element.length));

Deno.bench("add one to a sparse one of 500", { group: "add", baseline: true }, () => {
  sparse.load(copy, 0, copy.length);
  add(sparse, 1000 + (next++ & 0xffff));
});

Deno.bench("add one to a dense one", { group: "add" }, () => add(dense, next++));

Deno.bench("count a sparse one of 500", { group: "count", baseline: true }, () => {
  countElements(copy, 0, copy.length);
});

Deno.bench("count a dense one", { group: "count" }, () => {
  countElements(dense.bytes, 0, dense.length);
});
