// The block that tells a reader where each database's tables are: arena root slot 0 points to it.
// Word 0: number of databases; then two words each: root of the key table, root of the expiry table.
import type { Arena, Ref } from "../memory/arena.ts";
import type { ArenaReader } from "../memory/arena_reader.ts";

/** Arena root slot that holds the directory's reference. */
const ROOT_DATABASE_DIRECTORY = 0;

/** Allocates an empty directory for `count` databases and hooks it to the arena's root. */
export function createDirectory(arena: Arena, count: number): void {
  const ref = arena.allocate(4 + count * 8);
  arena.setU32(ref * 4, count);
  for (let i = 0; i < count * 2; i++) arena.setU32(ref * 4 + 1 + i, 0);
  arena.setRoot(ROOT_DATABASE_DIRECTORY, ref);
}

/** Records the table roots of database `index`. */
export function setDirectoryEntry(arena: Arena, index: number, keysRoot: Ref, expiresRoot: Ref): void {
  const word = arena.root(ROOT_DATABASE_DIRECTORY) * 4 + 1 + index * 2;
  arena.setU32(word, keysRoot);
  arena.setU32(word + 1, expiresRoot);
}

export function directoryCount(reader: ArenaReader): number {
  return reader.u32(reader.root(ROOT_DATABASE_DIRECTORY) * 4);
}

/** Root of the key table of database `index`, as the reader's view has it. */
export function directoryKeysRoot(reader: ArenaReader, index: number): Ref {
  return reader.u32(reader.root(ROOT_DATABASE_DIRECTORY) * 4 + 1 + index * 2);
}
