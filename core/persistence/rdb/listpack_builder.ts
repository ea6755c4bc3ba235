// Builds a listpack in plain memory, element by element: for small hashes that an RDB stream holds field by field.
// The forms chosen are the ones that Valkey's own listpack code chooses, so that lookups by encoded bytes work.
import { isInt64, parseInt64, parseSafeInteger } from "../../bytes/integer.ts";

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const TERMINATOR = 0xff;
/** Encoding, data of a number and length for reading backwards take no more. */
const OVERHEAD_BYTES_MAX = 16;
const INT64_TEXT_BYTES_MAX = 20;
/** Memory above this size is given back by the next `begin`. */
const BYTES_KEPT = 1024 * 1024;

export class ListpackBuilder {
  /** `finish` leaves the listpack at the start of this. */
  bytes: Uint8Array = new Uint8Array(8192);
  #end = HEADER_BYTES;
  #count = 0;

  /** Bytes that `finish` would return now. */
  get size(): number {
    return this.#end + 1;
  }

  begin(): void {
    if (this.bytes.length > BYTES_KEPT) this.bytes = new Uint8Array(8192);
    this.#end = HEADER_BYTES;
    this.#count = 0;
  }

  append(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#grow(this.#end + length + OVERHEAD_BYTES_MAX);
    const from = this.#end;
    this.#encode(source, start, end);
    this.#appendBackLength(this.#end - from);
    this.#count++;
  }

  /** Completes header and end; returns the length of the listpack. */
  finish(): number {
    const bytes = this.bytes;
    bytes[this.#end] = TERMINATOR;
    const size = this.#end + 1;
    const count = Math.min(this.#count, COUNT_UNKNOWN);
    for (let k = 0; k < 4; k++) bytes[k] = size >>> (k * 8);
    bytes[4] = count;
    bytes[5] = count >>> 8;
    return size;
  }

  #grow(needed: number): void {
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.#end));
    this.bytes = grown;
  }

  #encode(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > 0 && length <= INT64_TEXT_BYTES_MAX) {
      const value = parseSafeInteger(source, start, end);
      if (value === value) return this.#integer(value);
      if (isInt64(source, start, end)) return this.#integer64(parseInt64(source, start, end)!);
    }
    if (length < 64) {
      this.#byte(0x80 | length);
    } else if (length < 4096) {
      this.#byte(0xe0 | (length >>> 8));
      this.#byte(length);
    } else {
      this.#byte(0xf0);
      this.#little(length, 4);
    }
    this.bytes.set(source.subarray(start, end), this.#end);
    this.#end += length;
  }

  #integer(value: number): void {
    if (value >= 0 && value <= 127) {
      this.#byte(value);
    } else if (value >= -4096 && value <= 4095) {
      this.#byte(0xc0 | ((value >> 8) & 0x1f));
      this.#byte(value);
    } else if (value >= -32768 && value <= 32767) {
      this.#byte(0xf1);
      this.#little(value, 2);
    } else if (value >= -8388608 && value <= 8388607) {
      this.#byte(0xf2);
      this.#little(value, 3);
    } else if (value === (value | 0)) {
      this.#byte(0xf3);
      this.#little(value, 4);
    } else {
      this.#integer64(BigInt(value));
    }
  }

  #integer64(value: bigint): void {
    this.#byte(0xf4);
    this.#little(Number(BigInt.asIntN(32, value)), 4);
    this.#little(Number(BigInt.asIntN(32, value >> 32n)), 4);
  }

  #byte(value: number): void {
    this.bytes[this.#end++] = value;
  }

  #little(value: number, bytes: number): void {
    for (let k = 0; k < bytes; k++) this.#byte(value >>> (k * 8));
  }

  /** Seven bits a byte, the highest first; all but the first have the high bit set. */
  #appendBackLength(size: number): void {
    let bytes = 1;
    if (size > 127) bytes = size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;
    for (let k = bytes - 1; k >= 0; k--) {
      const bits = Math.floor(size / 2 ** (7 * k)) & 0x7f;
      this.#byte(k === bytes - 1 ? bits : bits | 0x80);
    }
  }
}
