// What PFSELFTEST tries: that registers keep what they are given, and that estimates are as good as the theory says, sparse
// and dense. Takes some hundredths of a second.
import { HLL_CHANGED, HyperLogLog } from "./hyperloglog.ts";
import { countElements } from "./hyperloglog_count.ts";
import { denseRegister, HLL_REGISTERS } from "./hyperloglog_format.ts";

/** Rounds of filling all registers with random values. */
const ROUNDS = 4;
const REGISTER_MAX = 63;
/** Elements that are added, with a look at the estimate at each power of ten. */
const ELEMENTS = 100_000;
const SPARSE_BYTES_MAX = 3000;
/** The error that an estimate may have: five standard errors, and a little for small numbers. */
const RELATIVE_ERROR_MAX = 5 * 1.04 / Math.sqrt(HLL_REGISTERS);
const SMALL_ERROR_MAX = 2;

/** What is wrong, in words; "" where nothing is. */
export function hyperLogLogProblem(): string {
  return registerProblem() || estimateProblem();
}

function registerProblem(): string {
  const hyperLogLog = new HyperLogLog();
  for (let round = 0; round < ROUNDS; round++) {
    hyperLogLog.clear();
    hyperLogLog.makeDense();
    const expected = new Uint8Array(HLL_REGISTERS);
    for (let index = 0; index < HLL_REGISTERS; index++) {
      expected[index] = Math.floor(Math.random() * (REGISTER_MAX + 1));
      hyperLogLog.raise(index, expected[index], 0);
    }
    for (let index = 0; index < HLL_REGISTERS; index++) {
      const found = denseRegister(hyperLogLog.bytes, 0, index);
      if (found !== expected[index]) {
        return `Register ${index} should be ${expected[index]} but is ${found}`;
      }
    }
  }
  return "";
}

function estimateProblem(): string {
  const sparse = new HyperLogLog();
  const dense = new HyperLogLog();
  sparse.clear();
  dense.clear();
  dense.makeDense();
  const element = new Uint8Array(8);
  const view = new DataView(element.buffer);
  view.setUint32(4, Math.floor(Math.random() * 2 ** 32));
  let checkpoint = 1;
  for (let added = 1; added <= ELEMENTS; added++) {
    view.setUint32(0, added);
    dense.hash(element, 0, element.length);
    const isNew = dense.raise(dense.index, dense.value, 0) === HLL_CHANGED;
    if ((sparse.raise(dense.index, dense.value, SPARSE_BYTES_MAX) === HLL_CHANGED) !== isNew) {
      return `dense and sparse disagree after ${added} elements`;
    }
    if (added !== checkpoint) continue;
    checkpoint *= 10;
    const estimate = countElements(dense.bytes, 0, dense.length);
    if (countElements(sparse.bytes, 0, sparse.length) !== estimate) {
      return `dense and sparse counts disagree after ${added} elements`;
    }
    const error = Math.abs(estimate - added);
    if (error > added * RELATIVE_ERROR_MAX + SMALL_ERROR_MAX) {
      return `Too big error. card:${added} abserr:${error}`;
    }
  }
  return "";
}
