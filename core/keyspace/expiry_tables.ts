// The tables of a database beside that of all its keys: entries that expire, and hashes some of whose fields do. Flags of
// an entry say which of them it is in. Called by the database and by loading.
import type { Ref } from "../memory/arena.ts";
import { FLAG_EXPIRE, FLAG_FIELD_EXPIRY } from "./entry_layout.ts";
import type { EntryTable } from "./entry_table.ts";

export interface ExpiryTables {
  readonly expires: EntryTable;
  readonly fieldExpires: EntryTable;
}

/** Adds an entry to the tables that these flags stand for. Throws ARENA_FULL with it in none of them. */
export function indexEntry(tables: ExpiryTables, ref: Ref, flags: number): void {
  if ((flags & FLAG_EXPIRE) !== 0) tables.expires.insert(ref);
  if ((flags & FLAG_FIELD_EXPIRY) === 0) return;
  try {
    tables.fieldExpires.insert(ref);
  } catch (error) {
    unindexEntry(tables, ref, flags & FLAG_EXPIRE);
    throw error;
  }
}

/** `to` takes the place of `from`, which has the same key, in the tables that these flags stand for. */
export function reindexEntry(tables: ExpiryTables, from: Ref, to: Ref, flags: number): void {
  if ((flags & FLAG_EXPIRE) !== 0) tables.expires.replaceRef(from, to);
  if ((flags & FLAG_FIELD_EXPIRY) !== 0) tables.fieldExpires.replaceRef(from, to);
}

/** Takes an entry out of the tables that these flags stand for. */
export function unindexEntry(tables: ExpiryTables, ref: Ref, flags: number): void {
  if ((flags & FLAG_EXPIRE) !== 0) tables.expires.removeRef(ref);
  if ((flags & FLAG_FIELD_EXPIRY) !== 0) tables.fieldExpires.removeRef(ref);
}
