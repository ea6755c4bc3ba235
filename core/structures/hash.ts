// The hash of every table: HalfSipHash-1-3 with a random 64-bit key, so that nobody outside can choose keys that
// collide. Hot: called once a command on client bytes and once an element while a table grows; int32 only, no allocation.
// A 16-byte key takes 14 ns from bytes and 12 ns from words (hash_bench.ts); murmur3, which anybody can flood, takes 8.
// Only the event loop's thread hashes; tables in the arena carry no seed because nobody else looks keys up.

/** The reference's initial state; the key is mixed into it once, when the seed is set. */
const INITIAL_2 = 0x6c796765;
const INITIAL_3 = 0x74656462;
/** Mixed into the state before the last rounds of the 32-bit variant. */
const FINAL = 0xff;

let seed0 = 0;
let seed1 = 0;
let initial2 = 0;
let initial3 = 0;

const randomKey = crypto.getRandomValues(new Int32Array(2));
setHashSeed(randomKey[0], randomKey[1]);

/** Sets the 64-bit key as two words. Only before the first table is filled: tables do not rehash for it. */
export function setHashSeed(key0: number, key1: number): void {
  seed0 = key0 | 0;
  seed1 = key1 | 0;
  initial2 = INITIAL_2 ^ seed0;
  initial3 = INITIAL_3 ^ seed1;
}

/** Hash of bytes `start` to `end` as a signed 32-bit number. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const wholeEnd = start + (length & ~3);
  let v0 = seed0;
  let v1 = seed1;
  let v2 = initial2;
  let v3 = initial3;
  for (let at = start; at < wholeEnd; at += 4) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  let last = length << 24;
  switch (length & 3) {
    case 3:
      last |= bytes[wholeEnd + 2] << 16;
    // falls through
    case 2:
      last |= bytes[wholeEnd + 1] << 8;
    // falls through
    case 1:
      last |= bytes[wholeEnd];
  }
  return finish(v0, v1, v2, v3, last);
}

/**
 * The same hash of `length` bytes that begin at word `word` of little-endian `words`; bytes after the end
 * may hold anything. For keys inside the arena, which begin at a word.
 */
export function hashWords(words: Int32Array, word: number, length: number): number {
  const whole = length >>> 2;
  let v0 = seed0;
  let v1 = seed1;
  let v2 = initial2;
  let v3 = initial3;
  for (let index = 0; index < whole; index++) {
    const value = words[word + index];
    v3 ^= value;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= value;
  }
  let last = length << 24;
  const rest = length & 3;
  if (rest !== 0) last |= words[word + whole] & ((1 << (rest * 8)) - 1);
  return finish(v0, v1, v2, v3, last);
}

// The last block and the three last rounds. Small enough that V8 inlines it into both callers.
function finish(s0: number, s1: number, s2: number, s3: number, last: number): number {
  let v0 = s0;
  let v1 = s1;
  let v2 = s2;
  let v3 = s3 ^ last;
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 0) {
      v0 ^= last;
      v2 ^= FINAL;
    }
  }
  return v1 ^ v3;
}
