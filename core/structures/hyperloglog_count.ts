// How many different elements a HyperLogLog has seen: Otmar Ertl's estimator ("New cardinality estimation algorithms for
// HyperLogLog sketches", 2017) over a histogram of register values. Called by PFCOUNT.
import {
  HLL_HASH_BITS,
  HLL_HEADER_BYTES,
  HLL_REGISTERS,
  isSparse,
  opcodeBytes,
  runLength,
  runValue,
} from "./hyperloglog_format.ts";

/** 1 / (2 ln 2). */
const ALPHA = 0.721347520444481703680;
/** Registers hold six bits. */
const histogram = new Int32Array(64);

/** The estimate for the HyperLogLog of `length` bytes at `at`; -1 where its runs do not make up all registers. */
export function countElements(bytes: Uint8Array, at: number, length: number): number {
  histogram.fill(0);
  if (isSparse(bytes, at)) {
    if (!sparseHistogram(bytes, at, length)) return -1;
  } else {
    denseHistogram(bytes, at + HLL_HEADER_BYTES);
  }
  return estimate();
}

/** The estimate for registers that are one byte each. */
export function countRegisters(registers: Uint8Array): number {
  histogram.fill(0);
  for (let index = 0; index < HLL_REGISTERS; index++) histogram[registers[index]]++;
  return estimate();
}

function sparseHistogram(bytes: Uint8Array, at: number, length: number): boolean {
  const end = at + length;
  let registers = 0;
  for (let opcode = at + HLL_HEADER_BYTES; opcode < end; opcode += opcodeBytes(bytes, opcode)) {
    const run = runLength(bytes, opcode, end);
    histogram[runValue(bytes, opcode)] += run;
    registers += run;
  }
  return registers === HLL_REGISTERS;
}

// Four registers are three bytes.
function denseHistogram(bytes: Uint8Array, start: number): void {
  const end = start + HLL_REGISTERS * 6 / 8;
  for (let at = start; at < end; at += 3) {
    const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    histogram[four & 0x3f]++;
    histogram[(four >>> 6) & 0x3f]++;
    histogram[(four >>> 12) & 0x3f]++;
    histogram[four >>> 18]++;
  }
}

function estimate(): number {
  let z = HLL_REGISTERS * tau((HLL_REGISTERS - histogram[HLL_HASH_BITS + 1]) / HLL_REGISTERS);
  for (let value = HLL_HASH_BITS; value >= 1; value--) z = (z + histogram[value]) * 0.5;
  z += HLL_REGISTERS * sigma(histogram[0] / HLL_REGISTERS);
  return Math.round(ALPHA * HLL_REGISTERS * HLL_REGISTERS / z);
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before !== z);
  return z / 3;
}
