// deno bench core/bytes/bit_runs_bench.ts
// Counting and finding bits in 1 MiB.
import { countBits, findBit } from "./bit_runs.ts";

const BYTES = 1024 * 1024;
const u8 = new Uint8Array(BYTES);
const i32 = new Int32Array(u8.buffer);
const zeros = new Uint8Array(BYTES);
const zeroWords = new Int32Array(zeros.buffer);
for (let at = 0; at < BYTES; at++) u8[at] = at * 167;

Deno.bench("count the bits of 1 MiB", () => {
  countBits(u8, i32, 1, BYTES - 1);
});

Deno.bench("find no bit in 1 MiB of zeros", () => {
  findBit(zeros, zeroWords, 0, 0, BYTES * 8, 1);
});
