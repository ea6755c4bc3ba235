// Which RDB version is written: the one that `rdb-version` asks for, or a later one where only that can hold the data
// (docs/decisions/062-field-expiry-needs-rdb-80.md). Called when a save begins and by DUMP.
import { FLAG_FIELD_EXPIRY } from "../../keyspace/entry_layout.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { VERSION_VALKEY } from "./format.ts";

/** For a dump of all databases as they are now. */
export function versionForDataset(keyspace: Keyspace, wanted: number): number {
  for (const database of keyspace.databases) {
    if (database.fieldExpires.size > 0) return Math.max(wanted, VERSION_VALKEY);
  }
  return wanted;
}

/** For the value of an entry with this meta word. */
export function versionForEntry(meta: number, wanted: number): number {
  return (meta & FLAG_FIELD_EXPIRY) === 0 ? wanted : Math.max(wanted, VERSION_VALKEY);
}
