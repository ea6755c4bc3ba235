// Deletes fields of hashes whose time has come, past the commands but through the mutation hook. Called by active expiry.
import type { Ref } from "../memory/arena.ts";
import type { Database } from "./database.ts";
import { HashValue } from "./hash_value.ts";
import type { Keyspace } from "./keyspace.ts";

export class FieldExpiry {
  readonly #hash = new HashValue();

  constructor(private readonly keyspace: Keyspace) {}

  /** Whether a field of the hash at `ref` is to be deleted. */
  isDue(ref: Ref): boolean {
    const hash = this.#hash;
    hash.open(this.keyspace, ref);
    return hash.hasExpired;
  }

  /**
   * Deletes up to `countMax` fields of the hash at `ref` whose time has come, and the hash with its last field; tells so.
   * Returns how many went.
   */
  reclaim(database: Database, ref: Ref, countMax: number): number {
    if (!this.isDue(ref)) return 0;
    const { keyspace } = this;
    const { arena, entries, stats } = keyspace;
    const hash = this.#hash;
    // The snapshot hook may put a copy of the entry in its place.
    hash.open(keyspace, database.writable(ref));
    const address = entries.keyAddress(hash.ref);
    const length = entries.keyLength(hash.ref);
    keyspace.durability?.touched(database.id, arena.u8, address, address + length);
    const count = keyspace.removals === null
      ? hash.removeExpired(countMax)
      : this.#tell(database, hash, countMax);
    stats.expiredFields += count;
    const isEmpty = hash.size === 0;
    if (hash.expiring === 0) database.unmarkFieldExpiry(hash.ref);
    if (!isEmpty) {
      keyspace.announce(database.id, "hash", "hexpired", arena.u8, address, address + length);
      return count;
    }
    const key = entries.keyBytes(hash.ref);
    database.removeEntry(hash.ref);
    keyspace.announce(database.id, "hash", "hexpired", key, 0, length);
    keyspace.announce(database.id, "generic", "del", key, 0, length);
    return count;
  }

  /** Deletes them and has it repeated wherever this keyspace is. */
  #tell(database: Database, hash: HashValue, countMax: number): number {
    const fields = hash.takeExpired(countMax);
    const { entries, removals } = this.keyspace;
    removals!.fieldsExpired(database.id, entries.keyBytes(hash.ref), fields);
    return fields.length;
  }
}
