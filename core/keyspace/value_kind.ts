// What the keyspace must be able to do with a value without knowing its commands: copy it for a snapshot or COPY, free it
// now or slice by slice, tell its size, digest it. One implementation a value type ({hash,list,set,...}_kind.ts).
import type { Ref } from "../memory/arena.ts";
import type { ValueDigest } from "./value_digest.ts";

/** A value that is being freed in the background. */
export interface FreeTask {
  readonly value: Ref;
  readonly encoding: number;
  /** Where the kind is: its own to use, both 0 at first. */
  cursor: number;
  phase: number;
}

/** `value` is what an entry refers to and `encoding` the entry's. */
export interface ValueKind {
  /** A deep copy. Throws ARENA_FULL with nothing left behind. */
  copy(value: Ref, encoding: number): Ref;
  /** Frees every block; blocks that a snapshot may still be reading are retired. */
  free(value: Ref, encoding: number): void;
  /** True where `copy` would take too long for one turn: a page image protects such a value from a snapshot's writers. */
  isLarge(value: Ref, encoding: number): boolean;
  /** Blocks to free, roughly. */
  freeEffort(value: Ref, encoding: number): number;
  /** Frees a bounded part; true when nothing is left, root included. Nobody else uses the value any more. */
  freeSlice(task: FreeTask): boolean;
  /** Bytes, roughly, in constant time. */
  sizeEstimate(value: Ref, encoding: number): number;
  /** Bytes; of many elements the mean of `samples` is taken for all (0 = measure all). */
  memoryUsage(value: Ref, encoding: number, samples: number): number;
  /** Adds what the value holds, as Redis' DEBUG DIGEST does for the type. */
  digest(value: Ref, encoding: number, digest: ValueDigest): void;
}

/** A value of more bytes than this is protected by a page image instead of being cloned. */
export const CLONE_BYTES_MAX = 64 * 1024;
