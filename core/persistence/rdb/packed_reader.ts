// What the readers of the packed collections of old RDB versions (ziplist, zipmap) have in common. They check every
// byte that they pass, since the bytes come from outside.
import { formatInt64, formatInteger, INT64_TEXT_BYTES_MAX } from "../../bytes/integer.ts";

/**
 * Walks the elements of `bytes[start, end)`: `open`, then `next` until it returns false, then `problem` tells whether
 * the whole was well formed ("" if so). The current element is `valueBytes[valueStart, valueEnd)`, integers as text.
 */
export abstract class PackedReader {
  problem = "";
  valueBytes: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  protected bytes: Uint8Array = EMPTY;
  protected at = 0;
  protected end = 0;
  readonly #text = new Uint8Array(INT64_TEXT_BYTES_MAX);

  abstract open(bytes: Uint8Array, start: number, end: number): void;
  abstract next(): boolean;

  /** Counts the elements; -1 where the bytes are not well formed. */
  countElements(bytes: Uint8Array, start: number, end: number): number {
    this.open(bytes, start, end);
    let count = 0;
    while (this.next()) count++;
    return this.problem === "" ? count : -1;
  }

  protected stop(problem: string): false {
    this.problem = problem;
    return false;
  }

  protected setSpan(start: number, end: number): void {
    this.valueBytes = this.bytes;
    this.valueStart = start;
    this.valueEnd = end;
  }

  protected setInteger(value: number): void {
    this.valueBytes = this.#text;
    this.valueStart = 0;
    this.valueEnd = formatInteger(this.#text, 0, value);
  }

  /** The signed little-endian integer of 2, 3 or 4 bytes. */
  protected signed(at: number, size: number): number {
    let value = 0;
    for (let k = size - 1; k >= 0; k--) value = (value << 8) | this.bytes[at + k];
    const shift = 32 - size * 8;
    return (value << shift) >> shift;
  }

  protected unsigned32(at: number): number {
    const bytes = this.bytes;
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }

  protected unsigned16(at: number): number {
    return this.bytes[at] | (this.bytes[at + 1] << 8);
  }

  protected setInteger64(at: number): void {
    const high = this.signed(at + 4, 4);
    const low = this.unsigned32(at);
    this.valueBytes = this.#text;
    this.valueStart = 0;
    this.valueEnd = formatInt64(this.#text, 0, (BigInt(high) << 32n) | BigInt(low));
  }
}

const EMPTY = new Uint8Array(0);
