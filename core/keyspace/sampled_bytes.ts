// What the elements of a hash table take, from a sample of them: for MEMORY USAGE.
import type { Ref } from "../memory/arena.ts";
import type { HashTable } from "../structures/hashtable.ts";

/** Bytes of all elements, taken from `samples` of them picked at random; all are measured where `samples` is 0. */
export function sampledBytes(table: HashTable, samples: number, bytesOf: (element: Ref) => number): number {
  let sum = 0;
  const { size } = table;
  if (samples === 0 || samples >= size) {
    table.forEach((element) => sum += bytesOf(element));
    return sum;
  }
  for (let sample = 0; sample < samples; sample++) sum += bytesOf(table.random());
  return Math.round(sum / samples * size);
}
