// Puts a new list, set or sorted set under a key: what the STORE forms and SORT do with what they have made. Called by the
// values' `putAt`.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import { type EntryStore, NO_EXPIRE } from "./entry_store.ts";

/**
 * Puts a collection under a key, in the place of what is there; it does not expire. `entries` are the keyspace's. The
 * structure becomes the database's when this returns its entry. Throws ARENA_FULL with nothing changed.
 */
export function putCollection(
  db: Database,
  entries: EntryStore,
  key: Uint8Array,
  start: number,
  end: number,
  type: number,
  encoding: number,
  value: Ref,
): Ref {
  const ref = entries.createCollection(key, start, end, type, encoding, value, NO_EXPIRE);
  try {
    db.putEntry(ref);
  } catch (error) {
    entries.freeEntryBlock(ref);
    throw error;
  }
  return ref;
}
