// The full check of a stream's block from outside (RDB files, RESTORE payloads) that must be passed before anything else
// walks it: counts, flags, ids, the number of elements of each entry. Called by persistence.
import { Int64Words } from "./int64_words.ts";
import { listpackProblem } from "./listpack_bytes.ts";
import { LISTPACK_END, LISTPACK_HEADER_BYTES, nextElement, readInteger } from "./listpack_format.ts";
import { StreamId } from "./stream_id.ts";
import { ENTRY_DELETED, ENTRY_SAME_FIELDS } from "./stream_layout.ts";

const COUNT_MAX = 2 ** 30;
const FLAGS_MAX = ENTRY_DELETED | ENTRY_SAME_FIELDS;

export class StreamBlockCheck {
  /** Entries that are not deleted, and the ids of the first and last entry, deleted or not: of the last block checked. */
  entries = 0;
  readonly firstId = new StreamId();
  readonly lastId = new StreamId();
  readonly #value = new Int64Words();
  readonly #id = new StreamId();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** What keeps bytes `start` to `end` from being a block with this master id, in words; "" where nothing does. */
  problem(master: StreamId, bytes: Uint8Array, start: number, end: number): string {
    const problem = listpackProblem(bytes, start, end);
    if (problem !== "") return problem;
    this.#bytes = bytes;
    this.#at = start + LISTPACK_HEADER_BYTES;
    const entries = this.#count();
    const deleted = this.#count();
    const fields = this.#count();
    if (entries < 0 || deleted < 0 || fields < 0 || !this.#skip(fields) || this.#count() !== 0) {
      return "a stream's block has a broken master entry";
    }
    let deletedSeen = 0;
    for (let entry = 0; entry < entries + deleted; entry++) {
      const flags = this.#entry(master, fields);
      if (flags < 0) return `entry ${entry} of a stream's block is broken`;
      if ((flags & ENTRY_DELETED) !== 0) deletedSeen++;
      if (entry === 0) this.firstId.copy(this.#id);
      else if (this.#id.compare(this.lastId) <= 0) return "the entries of a stream's block are not in order";
      this.lastId.copy(this.#id);
    }
    if (bytes[this.#at] !== LISTPACK_END) return "a stream's block has more than its entries";
    if (deletedSeen !== deleted) return "a stream's block has another number of deleted entries than it says";
    if (entries + deleted === 0) return "a stream's block has no entries";
    if (this.firstId.compare(master) < 0) return "an entry of a stream's block is below the block's id";
    this.entries = entries;
    return "";
  }

  /** Passes an entry; returns its flags, or -1. Its id goes to `#id`. */
  #entry(master: StreamId, masterFields: number): number {
    const flags = this.#bytes[this.#at];
    if (flags > FLAGS_MAX || !this.#integer()) return -1;
    const id = this.#id;
    if (!this.#integer()) return -1;
    const ms = this.#value;
    id.msLow = (master.msLow + ms.low) | 0;
    id.msHigh = (master.msHigh + ms.high + carryOf(master.msLow, ms.low)) | 0;
    if (!this.#integer()) return -1;
    const seq = this.#value;
    id.seqLow = (master.seqLow + seq.low) | 0;
    id.seqHigh = (master.seqHigh + seq.high + carryOf(master.seqLow, seq.low)) | 0;
    let elements = 3 + masterFields;
    if ((flags & ENTRY_SAME_FIELDS) !== 0) {
      if (!this.#skip(masterFields)) return -1;
    } else {
      const fields = this.#count();
      if (fields < 0 || !this.#skip(fields * 2)) return -1;
      elements = 4 + fields * 2;
    }
    return this.#count() === elements ? flags : -1;
  }

  /** Passes an integer that counts something; -1 where it is none. */
  #count(): number {
    if (!this.#integer()) return -1;
    const value = this.#value.toNumber();
    return value >= 0 && value <= COUNT_MAX ? value : -1;
  }

  /** Passes an integer into `#value`; false where there is none. */
  #integer(): boolean {
    const first = this.#bytes[this.#at];
    if (first >= 0x80 && (first < 0xc0 || first >= 0xe0) && (first < 0xf1 || first > 0xf4)) return false;
    readInteger(this.#bytes, this.#at, this.#value);
    this.#at = nextElement(this.#bytes, this.#at);
    return true;
  }

  /** Passes so many elements; false where there are fewer. */
  #skip(count: number): boolean {
    for (let left = count; left > 0; left--) {
      if (this.#bytes[this.#at] === LISTPACK_END) return false;
      this.#at = nextElement(this.#bytes, this.#at);
    }
    return true;
  }
}

function carryOf(a: number, b: number): number {
  return (a >>> 0) + (b >>> 0) >= 2 ** 32 ? 1 : 0;
}
