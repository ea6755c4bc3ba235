// Bytes that a key takes: its entry, its value, its share of the tables. MEMORY USAGE prints it.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import { FLAG_EXPIRE, FLAG_EXTERNAL, TYPE_STRING } from "./entry_layout.ts";
import type { Keyspace } from "./keyspace.ts";

/** Bytes of `ref` and its value; of a table the mean of `samples` elements is taken for all (0 = measure all). */
export function memoryUsage(keyspace: Keyspace, database: Database, ref: Ref, samples: number): number {
  const { arena, entries, kinds } = keyspace;
  const meta = entries.meta(ref);
  let bytes = arena.sizeOf(ref) + share(database.keys.overheadBytes, database.keys.size);
  if ((meta & FLAG_EXPIRE) !== 0) bytes += share(database.expires.overheadBytes, database.expires.size);
  const type = entries.type(ref);
  if (type !== TYPE_STRING) {
    return bytes + kinds[type].memoryUsage(entries.valueRef(ref), entries.encoding(ref), samples);
  }
  return (meta & FLAG_EXTERNAL) === 0 ? bytes : bytes + arena.sizeOf(entries.valueRef(ref));
}

function share(bytes: number, elements: number): number {
  return elements === 0 ? 0 : Math.round(bytes / elements);
}
