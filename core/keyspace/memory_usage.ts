// Bytes that a key takes: its entry, its value, its share of the tables. MEMORY USAGE prints it.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import { ENCODING_HASHTABLE, FLAG_EXPIRE, FLAG_EXTERNAL, TYPE_STRING } from "./entry_layout.ts";
import type { Keyspace } from "./keyspace.ts";

/** Bytes of `ref` and its value; of a table the mean of `samples` elements is taken for all (0 = measure all). */
export function memoryUsage(keyspace: Keyspace, database: Database, ref: Ref, samples: number): number {
  const { arena, entries, fields } = keyspace;
  const meta = entries.meta(ref);
  let bytes = arena.sizeOf(ref) + share(database.keys.overheadBytes, database.keys.size);
  if ((meta & FLAG_EXPIRE) !== 0) bytes += share(database.expires.overheadBytes, database.expires.size);
  const isString = entries.type(ref) === TYPE_STRING;
  if (isString && (meta & FLAG_EXTERNAL) === 0) return bytes;
  const value = entries.valueRef(ref);
  if (isString || entries.encoding(ref) !== ENCODING_HASHTABLE) return bytes + arena.sizeOf(value);
  fields.attach(value);
  bytes += fields.overheadBytes;
  let measured = 0;
  let sum = 0;
  if (samples === 0 || samples >= fields.size) {
    fields.forEach((field) => {
      sum += arena.sizeOf(field);
      measured++;
    });
  } else {
    for (; measured < samples; measured++) sum += arena.sizeOf(fields.random());
  }
  return measured === 0 ? bytes : bytes + Math.round(sum / measured * fields.size);
}

function share(bytes: number, elements: number): number {
  return elements === 0 ? 0 : Math.round(bytes / elements);
}
