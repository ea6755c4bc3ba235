// A pattern of SORT's BY and GET: the name of a key with a place for the element in it, perhaps with a field of the hash
// there ("weight_*", "object_*->field"), or "#" for the element itself.
import type { Database } from "../../core/keyspace/database.ts";
import { TYPE_HASH, TYPE_STRING } from "../../core/keyspace/entry_layout.ts";
import { HashValue } from "../../core/keyspace/hash_value.ts";
import type { Keyspace } from "../../core/keyspace/keyspace.ts";

const STAR = 0x2a;
const HASH_SIGN = 0x23;
const DASH = 0x2d;
const GREATER = 0x3e;

const hash = new HashValue();

export class ElementPattern {
  /** What `find` found: valid until the next lookup of a key. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Whether an element has a place in the name; without one, nothing is ever found. */
  readonly hasPlace: boolean;
  readonly #isElement: boolean;
  readonly #star: number;
  /** Where the key's name ends. */
  readonly #nameEnd: number;
  /** Where the field begins, 0 = none. */
  readonly #fieldStart: number;
  #key: Uint8Array = new Uint8Array(64);

  constructor(private readonly pattern: Uint8Array) {
    this.#isElement = pattern.length === 1 && pattern[0] === HASH_SIGN;
    this.#star = pattern.indexOf(STAR);
    this.hasPlace = this.#star >= 0;
    const arrow = this.hasPlace ? arrowAfter(pattern, this.#star + 1) : -1;
    const hasField = arrow >= 0 && arrow + 2 < pattern.length;
    this.#nameEnd = hasField ? arrow : pattern.length;
    this.#fieldStart = hasField ? arrow + 2 : 0;
  }

  /** Finds the value that the pattern names for an element; false where there is none. */
  find(keyspace: Keyspace, db: Database, element: Uint8Array, start: number, end: number): boolean {
    if (this.#isElement) {
      this.#setText(element, start, end);
      return true;
    }
    if (!this.hasPlace) return false;
    const ref = db.lookupRead(this.#key, 0, this.#makeKey(element, start, end));
    if (ref === 0) return false;
    const { entries } = keyspace;
    const type = entries.type(ref);
    if (this.#fieldStart === 0) {
      if (type !== TYPE_STRING) return false;
      const address = entries.stringAddress(ref);
      this.#setText(keyspace.arena.u8, address, address + entries.stringLength(ref));
      return true;
    }
    if (type !== TYPE_HASH) return false;
    hash.open(keyspace, ref);
    if (!hash.find(this.pattern, this.#fieldStart, this.pattern.length)) return false;
    hash.readValue();
    this.#setText(hash.bytes, hash.start, hash.end);
    return true;
  }

  /** Makes the key's name for an element; returns its length. */
  #makeKey(element: Uint8Array, start: number, end: number): number {
    const behind = this.#nameEnd - this.#star - 1;
    const length = this.#star + (end - start) + behind;
    if (this.#key.length < length) this.#key = new Uint8Array(2 * length);
    const key = this.#key;
    key.set(this.pattern.subarray(0, this.#star));
    key.set(element.subarray(start, end), this.#star);
    key.set(this.pattern.subarray(this.#star + 1, this.#nameEnd), length - behind);
    return length;
  }

  #setText(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }
}

/** Index of the first "->" from an index on, -1 where there is none. */
function arrowAfter(pattern: Uint8Array, from: number): number {
  for (let at = from; at + 1 < pattern.length; at++) {
    if (pattern[at] === DASH && pattern[at + 1] === GREATER) return at;
  }
  return -1;
}
