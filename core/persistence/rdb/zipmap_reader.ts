// Reads and checks a zipmap, the packed hash of RDB versions up to 3: count byte (254 and more = unknown), then
// length and bytes of a field, length, spare count, bytes and spare of a value, and so on; 0xff.
import { PackedReader } from "./packed_reader.ts";

const LENGTH_LONG = 254;
const TERMINATOR = 0xff;

export class ZipmapReader extends PackedReader {
  #count = 0;
  #passed = 0;

  override open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.problem = "";
    this.#passed = 0;
    this.at = start + 1;
    this.end = end - 1;
    if (end - start < 2) this.problem = `a zipmap of ${end - start} bytes is too short`;
    else if (bytes[this.end] !== TERMINATOR) this.problem = "a zipmap does not end in its terminator";
    else this.#count = bytes[start];
  }

  /** Elements are field, value, field, value... */
  override next(): boolean {
    if (this.problem !== "") return false;
    const bytes = this.bytes;
    let at = this.at;
    const isValue = (this.#passed & 1) === 1;
    if (at === this.end) {
      if (isValue) return this.stop("a zipmap field has no value");
      if (this.#count < LENGTH_LONG && this.#count * 2 !== this.#passed) {
        return this.stop(`a zipmap says it has ${this.#count} fields but has ${this.#passed / 2}`);
      }
      return false;
    }
    let length = bytes[at++];
    if (length === TERMINATOR) return this.stop("a zipmap ends early");
    if (length === LENGTH_LONG) {
      if (at + 4 > this.end) return this.stop("a zipmap element reaches beyond the end");
      length = this.unsigned32(at);
      if (length < LENGTH_LONG) return this.stop("a zipmap has a short length in its long form");
      at += 4;
    }
    let spare = 0;
    if (isValue) {
      if (at >= this.end) return this.stop("a zipmap element reaches beyond the end");
      spare = bytes[at++];
    }
    if (at + length + spare > this.end) return this.stop("a zipmap element reaches beyond the end");
    this.setSpan(at, at + length);
    this.at = at + length + spare;
    this.#passed++;
    return true;
  }
}
