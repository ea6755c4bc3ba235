// Reads and checks a listpack: u32 total bytes, u16 element count (65535 = unknown), elements, 0xff. An element is
// encoding, data, and its own length once more, to be read from the right. Used on values of RDB files and payloads.
import { PackedReader } from "./packed_reader.ts";

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const TERMINATOR = 0xff;

export class ListpackReader extends PackedReader {
  #count = 0;
  #passed = 0;

  override open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.problem = "";
    this.#passed = 0;
    this.at = start + HEADER_BYTES;
    this.end = end - 1;
    const size = end - start;
    if (size < HEADER_BYTES + 1) {
      this.problem = `a listpack of ${size} bytes is too short`;
    } else if (this.unsigned32(start) !== size) {
      this.problem = `a listpack says it has ${this.unsigned32(start)} bytes but has ${size}`;
    } else if (bytes[this.end] !== TERMINATOR) {
      this.problem = "a listpack does not end in its terminator";
    } else {
      this.#count = this.unsigned16(start + 4);
    }
  }

  override next(): boolean {
    if (this.problem !== "") return false;
    const bytes = this.bytes;
    const at = this.at;
    if (at === this.end) {
      if (this.#count !== COUNT_UNKNOWN && this.#count !== this.#passed) {
        return this.stop(`a listpack says it has ${this.#count} elements but has ${this.#passed}`);
      }
      return false;
    }
    const first = bytes[at];
    const size = this.#elementBytes(at, first);
    if (size === 0) return this.stop(`a listpack element begins with 0x${first.toString(16)}`);
    const after = at + size + backLengthBytes(size);
    if (after > this.end) return this.stop("a listpack element reaches beyond the end");
    if (!this.#hasBackLength(at + size, after, size)) {
      return this.stop("a listpack element's length and its copy for reading backwards differ");
    }
    this.#setValue(at, first, size);
    this.at = after;
    this.#passed++;
    return true;
  }

  /** Bytes of encoding and data; 0 where the first byte is no encoding. Lengths that are cut off count as too long. */
  #elementBytes(at: number, first: number): number {
    if (first < 0x80) return 1;
    if (first < 0xc0) return 1 + (first & 0x3f);
    if (first < 0xe0) return 2;
    if (first < 0xf0) {
      return at + 1 < this.end ? 2 + (((first & 0x0f) << 8) | this.bytes[at + 1]) : this.end;
    }
    switch (first) {
      case 0xf0:
        return at + 4 < this.end ? 5 + this.unsigned32(at + 1) : this.end;
      case 0xf1:
        return 3;
      case 0xf2:
        return 4;
      case 0xf3:
        return 5;
      case 0xf4:
        return 9;
    }
    return 0;
  }

  #hasBackLength(from: number, to: number, size: number): boolean {
    let rest = size;
    for (let at = to - 1; at > from; at--) {
      if (this.bytes[at] !== (rest % 128 | 0x80)) return false;
      rest = Math.floor(rest / 128);
    }
    return this.bytes[from] === rest;
  }

  #setValue(at: number, first: number, size: number): void {
    if (first < 0x80) return this.setInteger(first);
    if (first < 0xc0) return this.setSpan(at + 1, at + size);
    if (first < 0xe0) {
      const value = ((first & 0x1f) << 8) | this.bytes[at + 1];
      return this.setInteger((value << 19) >> 19);
    }
    if (first < 0xf0) return this.setSpan(at + 2, at + size);
    if (first === 0xf0) return this.setSpan(at + 5, at + size);
    if (first === 0xf4) return this.setInteger64(at + 1);
    this.setInteger(this.signed(at + 1, size - 1));
  }
}

/** Bytes of the backwards length of an element of `size` bytes. The limits are one short of a power, as written. */
function backLengthBytes(size: number): number {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}
