// The longest common subsequence of two byte strings by dynamic programming, and the ranges where it lies. Plain
// computation for the LCS command; the choices among equally long subsequences are those that clients know.

/** Bytes of the table that `longestCommonSubsequence` fills. */
export function lcsTableBytes(a: Uint8Array, b: Uint8Array): number {
  return (a.length + 1) * (b.length + 1) * Uint32Array.BYTES_PER_ELEMENT;
}

/** One run of equal bytes in both strings; offsets are inclusive. */
export interface CommonRange {
  aStart: number;
  aEnd: number;
  bStart: number;
  bEnd: number;
}

/** The length alone, in two rows of memory. */
export function lcsLength(a: Uint8Array, b: Uint8Array): number {
  let above = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    for (let j = 1; j <= b.length; j++) {
      if (byte === b[j - 1]) row[j] = above[j - 1] + 1;
      else row[j] = above[j] > row[j - 1] ? above[j] : row[j - 1];
    }
    const swap = above;
    above = row;
    row = swap;
  }
  return above[b.length];
}

/**
 * The subsequence itself and its ranges, from the end of the strings to their beginning.
 * Throws RangeError where the table cannot be allocated.
 */
export function longestCommonSubsequence(
  a: Uint8Array,
  b: Uint8Array,
): { sequence: Uint8Array<ArrayBuffer>; ranges: CommonRange[] } {
  const table = fillTable(a, b);
  const width = b.length + 1;
  const sequence = new Uint8Array(table[table.length - 1]);
  const ranges: CommonRange[] = [];
  let range: CommonRange | null = null;
  let at = sequence.length;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    if (a[i - 1] !== b[j - 1]) {
      if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
      else j--;
      continue;
    }
    i--;
    j--;
    sequence[--at] = a[i];
    if (range !== null && range.aStart === i + 1 && range.bStart === j + 1) {
      range.aStart = i;
      range.bStart = j;
    } else {
      range = { aStart: i, aEnd: i, bStart: j, bEnd: j };
      ranges.push(range);
    }
  }
  return { sequence, ranges };
}

function fillTable(a: Uint8Array, b: Uint8Array): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    let at = i * width + 1;
    for (let j = 1; j <= b.length; j++, at++) {
      if (byte === b[j - 1]) table[at] = table[at - width - 1] + 1;
      else table[at] = table[at - width] > table[at - 1] ? table[at - width] : table[at - 1];
    }
  }
  return table;
}
