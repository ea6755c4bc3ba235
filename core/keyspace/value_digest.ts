// The digest of one value, as DEBUG DIGEST builds it: SHA-1 results combined in order or by exclusive or. Not node:crypto:
// its hash objects hold memory outside the heap, and millions of them in one turn stall in collections.
import { latin1Bytes } from "../bytes/ascii.ts";
import { SHA1_BYTES, sha1Into } from "../bytes/sha1.ts";

const hash = new Uint8Array(SHA1_BYTES);

export class ValueDigest {
  /** 20 bytes, zeros at first. */
  readonly bytes: Uint8Array = new Uint8Array(SHA1_BYTES);

  /** A digest of its own for an element of a collection without order; give it to `add` when it is complete. */
  element(): ValueDigest {
    return new ValueDigest();
  }

  /** Combines so that the order of calls does not matter. */
  exclusiveOr(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    sha1Into(hash, bytes, start, end);
    for (let i = 0; i < SHA1_BYTES; i++) this.bytes[i] ^= hash[i];
  }

  /** Combines so that the order of calls does matter. */
  mix(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.exclusiveOr(bytes, start, end);
    sha1Into(this.bytes, this.bytes);
  }

  /** As `mix`, for a latin1 text. */
  mixText(text: string): void {
    this.mix(latin1Bytes(text));
  }

  /** Adds an element's digest; the order does not matter. */
  add(element: ValueDigest): void {
    this.exclusiveOr(element.bytes);
  }

  /** 40 hex characters. */
  toString(): string {
    let text = "";
    for (const byte of this.bytes) text += byte.toString(16).padStart(2, "0");
    return text;
  }
}
