// Counting and finding bits in long byte strings, a word at a time. Bit 0 is the highest bit of a byte. Called by the
// bitmap commands on arena bytes. Both views are of the same memory, little endian; offsets may exceed 2^32.

/** Words that one round of the counting network takes. */
const ROUND_WORDS = 8;

/** Set bits among bytes `start` to `end`. */
export function countBits(u8: Uint8Array, i32: Int32Array, start: number, end: number): number {
  const wordsFrom = Math.ceil(start / 4);
  const wordsTo = Math.floor(end / 4);
  if (wordsFrom >= wordsTo) return countByBytes(u8, start, end);
  let count = countByBytes(u8, start, wordsFrom * 4) + countByBytes(u8, wordsTo * 4, end);
  // Eight words through half and full adders: one population count of `eights` stands for eight of them.
  let word = wordsFrom;
  let ones = 0;
  let twos = 0;
  let fours = 0;
  let eightsCount = 0;
  for (; word + ROUND_WORDS <= wordsTo; word += ROUND_WORDS) {
    const a = i32[word];
    const b = i32[word + 1];
    const c = i32[word + 2];
    const d = i32[word + 3];
    const e = i32[word + 4];
    const f = i32[word + 5];
    const g = i32[word + 6];
    const h = i32[word + 7];
    const onesA = ones ^ a ^ b;
    const twosA = (ones & a) | ((ones ^ a) & b);
    const onesB = onesA ^ c ^ d;
    const twosB = (onesA & c) | ((onesA ^ c) & d);
    const twosAB = twos ^ twosA ^ twosB;
    const foursA = (twos & twosA) | ((twos ^ twosA) & twosB);
    const onesC = onesB ^ e ^ f;
    const twosC = (onesB & e) | ((onesB ^ e) & f);
    ones = onesC ^ g ^ h;
    const twosD = (onesC & g) | ((onesC ^ g) & h);
    const foursB = (twosAB & twosC) | ((twosAB ^ twosC) & twosD);
    twos = twosAB ^ twosC ^ twosD;
    eightsCount += populationCount((fours & foursA) | ((fours ^ foursA) & foursB));
    fours = fours ^ foursA ^ foursB;
  }
  count += 8 * eightsCount + 4 * populationCount(fours) + 2 * populationCount(twos) + populationCount(ones);
  for (; word < wordsTo; word++) count += populationCount(i32[word]);
  return count;
}

/** Set bits of a 32-bit word. */
export function populationCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * Number of the first bit with this value among bits `from` to `to` (not included) of the string at byte `start`, counted from
 * the string's first bit; -1 where there is none.
 */
export function findBit(
  u8: Uint8Array,
  i32: Int32Array,
  start: number,
  from: number,
  to: number,
  value: 0 | 1,
): number {
  // A byte and a word without the bit.
  const without = value === 1 ? 0 : 0xff;
  const wordWithout = value === 1 ? 0 : -1;
  let bit = from;
  while (bit < to) {
    const at = start + Math.floor(bit / 8);
    if (bit % 8 === 0) {
      if (at % 4 === 0 && to - bit >= 32) {
        let word = at / 4;
        const end = word + Math.floor((to - bit) / 32);
        while (word < end && i32[word] === wordWithout) word++;
        if (word * 4 !== at) {
          bit += (word * 4 - at) * 8;
          continue;
        }
      }
      if (u8[at] === without) {
        bit += 8;
        continue;
      }
    }
    if (((u8[at] >>> (7 - bit % 8)) & 1) === value) return bit;
    bit++;
  }
  return -1;
}

function countByBytes(u8: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) count += populationCount(u8[at]);
  return count;
}
