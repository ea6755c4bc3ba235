// Freeing a hash table with its elements slice by slice: for values that are tables, and for whole databases.
import type { Ref } from "../memory/arena.ts";
import type { HashTable } from "../structures/hashtable.ts";

/** Work between two looks at the clock: buckets whose elements are freed, or segments of a table without elements. */
const BUCKETS_PER_SLICE = 16;
const SEGMENTS_PER_SLICE = 8;

/** Phases of a table that is being freed: its elements go first, then the table itself. */
const PHASE_ELEMENTS = 0;
export const PHASE_TABLE = 1;

/** How far the freeing is: both 0 at first. PHASE_TABLE where the elements belong to somebody else. */
export interface TableProgress {
  cursor: number;
  phase: number;
}

/** One slice of work on the table with this root; true when it is gone. `freeElement` may attach the table elsewhere. */
export function freeTableSlice(
  table: HashTable,
  root: Ref,
  progress: TableProgress,
  freeElement: (ref: Ref) => void,
): boolean {
  if (progress.phase !== PHASE_ELEMENTS) return !table.attach(root).destroyStep(SEGMENTS_PER_SLICE);
  for (let bucket = 0; bucket < BUCKETS_PER_SLICE; bucket++) {
    progress.cursor = table.attach(root).scan(progress.cursor, freeElement);
    if (progress.cursor !== 0) continue;
    progress.phase = PHASE_TABLE;
    break;
  }
  return false;
}
