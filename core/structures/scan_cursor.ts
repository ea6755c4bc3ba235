// The order in which SCAN visits buckets: that of their numbers with reversed bits. In that order the place of a hash
// does not depend on the number of buckets, so a cursor says which part of all hashes has been visited, at whatever
// size the table was then. Called by hashtable.ts.

/** The cursor after bucket `index` where buckets have the bits of `low` (2^n - 1); 0 after the last. Below 2^32. */
export function nextCursor(index: number, low: number): number {
  const next = (reverseBits(index | ~low) + 1) | 0;
  return reverseBits(next) >>> 0;
}

function reverseBits(value: number): number {
  let bits = value;
  bits = ((bits >>> 1) & 0x55555555) | ((bits & 0x55555555) << 1);
  bits = ((bits >>> 2) & 0x33333333) | ((bits & 0x33333333) << 2);
  bits = ((bits >>> 4) & 0x0f0f0f0f) | ((bits & 0x0f0f0f0f) << 4);
  bits = ((bits >>> 8) & 0x00ff00ff) | ((bits & 0x00ff00ff) << 8);
  return (bits >>> 16) | (bits << 16);
}
