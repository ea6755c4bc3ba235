// Reads the entries of a stream's block from a plain array, in order; layout: core/structures/stream_block.ts. Called by
// the encoder of commands, which has no Arena. Hot: nothing is allocated per entry.
import { Int64Words } from "../../../structures/int64_words.ts";
import {
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  nextElement,
  readInteger,
} from "../../../structures/listpack_format.ts";
import { StreamId } from "../../../structures/stream_id.ts";
import { ENTRY_DELETED, ENTRY_SAME_FIELDS } from "../../../structures/stream_layout.ts";

const TWO_32 = 2 ** 32;

/**
 * ```ts
 * entries.open(bytes, master);
 * while (entries.next()) {
 *   for (let pair = 0; pair < entries.pairs; pair++) { entries.nextPair(); use(entries.field, entries.value); }
 * }
 * ```
 */
export class StreamEntries {
  /** Of the current entry. All its pairs must be read before the next one. */
  readonly id = new StreamId();
  pairs = 0;
  /** Of the current pair. */
  readonly field = new ListpackElement();
  readonly value = new ListpackElement();
  readonly #master = new StreamId();
  readonly #difference = new Int64Words();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #masterPairs = 0;
  #masterFields = 0;
  #sameFields = false;
  #fieldAt = 0;
  /** Whether the number of elements behind an entry comes next. */
  #behindEntry = false;

  /** Begins before the first entry of the block whose listpack is at the start of `bytes`. */
  open(bytes: Uint8Array, master: StreamId): void {
    this.#bytes = bytes;
    this.#master.copy(master);
    const counts = nextElement(bytes, LISTPACK_HEADER_BYTES);
    this.#at = nextElement(bytes, counts);
    this.#masterPairs = this.#number();
    this.#masterFields = this.#at;
    for (let pair = 0; pair <= this.#masterPairs; pair++) this.#skip();
    this.#behindEntry = false;
  }

  /** Goes to the next entry that is not deleted; false after the last. */
  next(): boolean {
    const bytes = this.#bytes;
    if (this.#behindEntry) this.#skip();
    this.#behindEntry = true;
    while (bytes[this.#at] !== LISTPACK_END) {
      const flags = this.#number();
      const { id } = this;
      const master = this.#master;
      this.#readDifference();
      id.msHigh = this.#sumHigh(master.msHigh, master.msLow);
      id.msLow = (master.msLow + this.#difference.low) | 0;
      this.#readDifference();
      id.seqHigh = this.#sumHigh(master.seqHigh, master.seqLow);
      id.seqLow = (master.seqLow + this.#difference.low) | 0;
      this.#sameFields = (flags & ENTRY_SAME_FIELDS) !== 0;
      this.pairs = this.#sameFields ? this.#masterPairs : this.#number();
      this.#fieldAt = this.#masterFields;
      if ((flags & ENTRY_DELETED) === 0) return true;
      for (let pair = 0; pair < this.pairs; pair++) this.nextPair();
      this.#skip();
    }
    return false;
  }

  /** Reads the next pair; behind the last one the entry is over. */
  nextPair(): void {
    const bytes = this.#bytes;
    if (this.#sameFields) {
      this.field.read(bytes, this.#fieldAt);
      this.#fieldAt = nextElement(bytes, this.#fieldAt);
    } else {
      this.field.read(bytes, this.#at);
      this.#skip();
    }
    this.value.read(bytes, this.#at);
    this.#skip();
  }

  #skip(): void {
    this.#at = nextElement(this.#bytes, this.#at);
  }

  #number(): number {
    readInteger(this.#bytes, this.#at, this.#difference);
    this.#skip();
    return this.#difference.toNumber();
  }

  #readDifference(): void {
    readInteger(this.#bytes, this.#at, this.#difference);
    this.#skip();
  }

  /** The upper word of the sum of two words and the difference. */
  #sumHigh(high: number, low: number): number {
    const carry = (low >>> 0) + (this.#difference.low >>> 0) >= TWO_32 ? 1 : 0;
    return (high + this.#difference.high + carry) | 0;
  }
}
