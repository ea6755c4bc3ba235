// The order-independent digest of a dataset that DEBUG DIGEST prints, equal to that of a Redis or Valkey server with
// the same data: SHA-1 over keys, types, values and the presence of an expiry, combined by exclusive or.
import type { Ref } from "../memory/arena.ts";
import { FLAG_EXPIRE, TYPE_STRING } from "./entry_layout.ts";
import type { Keyspace } from "./keyspace.ts";
import { ValueDigest } from "./value_digest.ts";

const EXPIRE_MARK = new TextEncoder().encode("!!expire!!");

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Adds what an entry holds (not its key) to `digest`. */
function mixValue(keyspace: Keyspace, ref: Ref, digest: ValueDigest): void {
  const { arena, entries, kinds } = keyspace;
  const type = entries.type(ref);
  digest.mix(bigEndian(type));
  if (type === TYPE_STRING) {
    const address = entries.stringAddress(ref);
    digest.mix(arena.u8, address, address + entries.stringLength(ref));
  } else {
    kinds[type].digest(entries.valueRef(ref), entries.encoding(ref), digest);
  }
  if ((entries.meta(ref) & FLAG_EXPIRE) !== 0) digest.exclusiveOr(EXPIRE_MARK);
}

/** Digest of one value, as 40 hex characters; `ref` 0 gives zeros. */
export function valueDigest(keyspace: Keyspace, ref: Ref): string {
  const digest = new ValueDigest();
  if (ref !== 0) mixValue(keyspace, ref, digest);
  return digest.toString();
}

/** Digest of all databases, as 40 hex characters; zeros where there is no key. */
export function datasetDigest(keyspace: Keyspace): string {
  const total = new ValueDigest();
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    total.mix(bigEndian(database.id));
    database.keys.forEach((ref) => {
      const digest = total.element();
      digest.mix(keyspace.entries.keyBytes(ref));
      mixValue(keyspace, ref, digest);
      total.add(digest);
    });
  }
  return total.toString();
}
