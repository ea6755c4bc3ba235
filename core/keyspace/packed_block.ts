// Values that are one block: listpacks and intsets.
import type { Arena, Ref } from "../memory/arena.ts";

/** A copy of the block, spare room and all. Throws ARENA_FULL. */
export function copyBlock(arena: Arena, block: Ref): Ref {
  const bytes = arena.sizeOf(block);
  const copy = arena.allocate(bytes);
  arena.copyWithin(copy * 16, block * 16, bytes);
  return copy;
}
