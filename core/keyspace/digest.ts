// The order-independent digest of a dataset that DEBUG DIGEST prints, equal to that of a Redis or Valkey server with
// the same data: SHA-1 over keys, types, values and the presence of an expiry, combined by exclusive or. Not
// node:crypto: its hash objects hold memory outside the heap, and millions of them in one turn stall in collections.
import { sha1 } from "@noble/hashes/legacy.js";
import type { Ref } from "../memory/arena.ts";
import { FLAG_EXPIRE, TYPE_STRING } from "./entry_layout.ts";
import { HashValue } from "./hash_value.ts";
import type { Keyspace } from "./keyspace.ts";

const DIGEST_BYTES = 20;
const EXPIRE_MARK = new TextEncoder().encode("!!expire!!");

const hash = new HashValue();

type Digest = Uint8Array;

/** Combines so that the order of calls does not matter. */
function exclusiveOr(digest: Digest, bytes: Uint8Array): void {
  const hash = sha1(bytes);
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i] ^= hash[i];
}

/** Combines so that the order of calls does matter. */
function mix(digest: Digest, bytes: Uint8Array): void {
  exclusiveOr(digest, bytes);
  digest.set(sha1(digest));
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Adds what an entry holds (not its key) to `digest`. */
function mixValue(keyspace: Keyspace, ref: Ref, digest: Digest): void {
  const { arena, entries } = keyspace;
  const type = entries.type(ref);
  mix(digest, bigEndian(type));
  if (type === TYPE_STRING) {
    const address = entries.stringAddress(ref);
    mix(digest, arena.u8.slice(address, address + entries.stringLength(ref)));
  } else {
    hash.open(keyspace, ref);
    hash.forEach(() => {
      const element = new Uint8Array(DIGEST_BYTES);
      hash.readField();
      mix(element, hash.bytes.subarray(hash.start, hash.end));
      hash.readValue();
      mix(element, hash.bytes.subarray(hash.start, hash.end));
      exclusiveOr(digest, element);
    });
  }
  if ((entries.meta(ref) & FLAG_EXPIRE) !== 0) exclusiveOr(digest, EXPIRE_MARK);
}

/** Digest of one value, as 40 hex characters; `ref` 0 gives zeros. */
export function valueDigest(keyspace: Keyspace, ref: Ref): string {
  const digest = new Uint8Array(DIGEST_BYTES);
  if (ref !== 0) mixValue(keyspace, ref, digest);
  return hex(digest);
}

/** Digest of all databases, as 40 hex characters; zeros where there is no key. */
export function datasetDigest(keyspace: Keyspace): string {
  const total = new Uint8Array(DIGEST_BYTES);
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    mix(total, bigEndian(database.id));
    database.keys.forEach((ref) => {
      const digest = new Uint8Array(DIGEST_BYTES);
      mix(digest, keyspace.entries.keyBytes(ref));
      mixValue(keyspace, ref, digest);
      exclusiveOr(total, digest);
    });
  }
  return hex(total);
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
