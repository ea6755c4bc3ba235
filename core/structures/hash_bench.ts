// deno bench core/structures/hash_bench.ts
// Ten thousand keys an iteration: divide by 10,000. Murmur3 stands for the fastest hash without flood protection.
import { hashBytes, hashWords } from "./hash.ts";

const KEYS = 10_000;

for (const length of [8, 16, 40]) {
  const words = Int32Array.from({ length: KEYS * length / 4 }, (_, n) => Math.imul(n + 1, 0x9e3779b1));
  const bytes = new Uint8Array(words.buffer);
  const group = `${length}-byte key`;

  Deno.bench(`HalfSipHash-1-3, bytes, ${length}`, { group, baseline: true }, () => {
    let sum = 0;
    for (let at = 0; at < bytes.length; at += length) sum ^= hashBytes(bytes, at, at + length);
    return void sum;
  });

  Deno.bench(`HalfSipHash-1-3, words, ${length}`, { group }, () => {
    let sum = 0;
    for (let at = 0; at < words.length; at += length / 4) sum ^= hashWords(words, at, length);
    return void sum;
  });

  Deno.bench(`murmur3, bytes, ${length}`, { group }, () => {
    let sum = 0;
    for (let at = 0; at < bytes.length; at += length) sum ^= murmur3(bytes, at, at + length);
    return void sum;
  });
}

// For lengths that are whole words.
function murmur3(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at += 4) {
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    word = Math.imul(word, 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash ^= word;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= end - start;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
