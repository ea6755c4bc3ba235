// Reads and checks a ziplist, the packed form before listpacks (RDB versions up to 9): u32 bytes, u32 offset of the
// last element, u16 count (65535 = unknown), elements, 0xff. An element begins with the length of the one before.
import { PackedReader } from "./packed_reader.ts";

const HEADER_BYTES = 10;
const COUNT_UNKNOWN = 0xffff;
const TERMINATOR = 0xff;
const PREVIOUS_IS_LONG = 0xfe;

export class ZiplistReader extends PackedReader {
  #start = 0;
  #count = 0;
  #passed = 0;
  #previousBytes = 0;
  #lastStart = 0;

  override open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.problem = "";
    this.#passed = 0;
    this.#previousBytes = 0;
    this.#start = start;
    this.at = start + HEADER_BYTES;
    this.#lastStart = this.at;
    this.end = end - 1;
    const size = end - start;
    if (size < HEADER_BYTES + 1) {
      this.problem = `a ziplist of ${size} bytes is too short`;
    } else if (this.unsigned32(start) !== size) {
      this.problem = `a ziplist says it has ${this.unsigned32(start)} bytes but has ${size}`;
    } else if (bytes[this.end] !== TERMINATOR) {
      this.problem = "a ziplist does not end in its terminator";
    } else {
      this.#count = this.unsigned16(start + 8);
    }
  }

  override next(): boolean {
    if (this.problem !== "") return false;
    const bytes = this.bytes;
    const start = this.at;
    if (start === this.end) return this.#finish();

    let at = start;
    let previous = bytes[at++];
    if (previous === PREVIOUS_IS_LONG) {
      if (at + 4 > this.end) return this.stop("a ziplist element reaches beyond the end");
      previous = this.unsigned32(at);
      at += 4;
    }
    if (previous !== this.#previousBytes) {
      return this.stop(`a ziplist element follows ${this.#previousBytes} bytes but says ${previous}`);
    }
    if (at >= this.end) return this.stop("a ziplist element reaches beyond the end");

    const first = bytes[at];
    let data = at + 1;
    let size = 0;
    const kind = first & 0xc0;
    if (kind === 0x00) {
      size = first & 0x3f;
    } else if (kind === 0x40) {
      data = at + 2;
      if (data > this.end) return this.stop("a ziplist element reaches beyond the end");
      size = ((first & 0x3f) << 8) | bytes[at + 1];
    } else if (kind === 0x80) {
      data = at + 5;
      if (data > this.end) return this.stop("a ziplist element reaches beyond the end");
      size = ((bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) | bytes[at + 4]) >>> 0;
    } else {
      size = integerBytes(first);
      if (size < 0) return this.stop(`a ziplist element has the encoding 0x${first.toString(16)}`);
    }
    const after = data + size;
    if (after > this.end) return this.stop("a ziplist element reaches beyond the end");

    if (kind !== 0xc0) this.setSpan(data, after);
    else if (size === 0) this.setInteger((first & 0x0f) - 1);
    else if (size === 8) this.setInteger64(data);
    else if (size === 1) this.setInteger((bytes[data] << 24) >> 24);
    else this.setInteger(this.signed(data, size));
    this.#previousBytes = after - start;
    this.#lastStart = start;
    this.at = after;
    this.#passed++;
    return true;
  }

  #finish(): false {
    if (this.#count !== COUNT_UNKNOWN && this.#count !== this.#passed) {
      return this.stop(`a ziplist says it has ${this.#count} elements but has ${this.#passed}`);
    }
    if (this.unsigned32(this.#start + 4) !== this.#lastStart - this.#start) {
      return this.stop("a ziplist does not know where its last element begins");
    }
    return false;
  }
}

/** Data bytes of an integer encoding, -1 where it is none. */
function integerBytes(encoding: number): number {
  switch (encoding) {
    case 0xc0:
      return 2;
    case 0xd0:
      return 4;
    case 0xe0:
      return 8;
    case 0xf0:
      return 3;
    case 0xfe:
      return 1;
  }
  return encoding >= 0xf1 && encoding <= 0xfd ? 0 : -1;
}
