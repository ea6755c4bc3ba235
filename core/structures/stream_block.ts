// The listpacks that hold the entries of a stream, laid out as in Valkey's memory and RDB files. First a master entry:
// entries, deleted entries, number of fields, the fields, 0. Then each entry: flags, difference of milliseconds and of
// sequence to the block's master id, then (unless it has the master entry's fields) their number and fields and values
// by turns, or else values alone, and last how many elements it has. Called by stream.ts and stream_cursor.ts. Hot.
import type { Arena, BufferHolder, Ref } from "../memory/arena.ts";
import { Int64Words } from "./int64_words.ts";
import { Listpack } from "./listpack.ts";
import {
  LISTPACK_COUNT_UNKNOWN,
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  ListpackEncoder,
  nextElement,
  readInteger,
} from "./listpack_format.ts";
import type { StreamId } from "./stream_id.ts";
import { ENTRY_DELETED, ENTRY_SAME_FIELDS } from "./stream_layout.ts";

/** Elements of an entry beside fields, values and their number: flags, two differences, the number of elements. */
const FIXED_ELEMENTS = 4;
/** Room that the count of entries may need to grow. */
const COUNT_ROOM_BYTES = 8;
/** Blocks double up to this size; beyond it they grow by an eighth. */
const DOUBLING_BYTES_MAX = 4096;
const SCRATCH_BYTES = 4096;
/** Scratch memory above this is given back after the entry that needed it. */
const SCRATCH_BYTES_KEPT = 1024 * 1024;
/** Encoding and length bytes of an element, at most. */
const ELEMENT_OVERHEAD_BYTES_MAX = 10;

const words = new Int64Words();

/** The value of the integer element at `at`, which is one of a kind that is small. */
export function smallInteger(u8: Uint8Array, at: number): number {
  const first = u8[at];
  if (first < 0x80) return first;
  readInteger(u8, at, words);
  return words.toNumber();
}

export class StreamBlock implements BufferHolder {
  readonly #listpack: Listpack;
  readonly #encoder = new ListpackEncoder();
  readonly #field = new ListpackElement();
  #scratch = new Uint8Array(SCRATCH_BYTES);
  #length = 0;
  #elements = 0;

  constructor(private readonly arena: Arena) {
    this.#listpack = new Listpack(arena);
    arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.#field.release();
  }

  /** Bytes of the block's listpack. */
  bytes(block: Ref): number {
    return this.arena.u32[block * 4];
  }

  /** Entries that are not deleted. */
  entries(block: Ref): number {
    return smallInteger(this.arena.u8, block * 16 + LISTPACK_HEADER_BYTES);
  }

  /** Entries that are marked as deleted. */
  deleted(block: Ref): number {
    const u8 = this.arena.u8;
    return smallInteger(u8, nextElement(u8, block * 16 + LISTPACK_HEADER_BYTES));
  }

  /** A new block with one entry, whose id is the master id. Throws ARENA_FULL. */
  create(
    buffer: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    first: number,
    pairs: number,
  ): Ref {
    this.#length = LISTPACK_HEADER_BYTES;
    this.#elements = 0;
    this.#number(1);
    this.#number(0);
    this.#number(pairs);
    for (let pair = 0, index = first; pair < pairs; pair++, index += 2) {
      this.#text(buffer, starts[index], ends[index]);
    }
    this.#number(0);
    this.#number(ENTRY_SAME_FIELDS);
    this.#number(0);
    this.#number(0);
    this.#pairs(ENTRY_SAME_FIELDS, buffer, starts, ends, first, pairs);
    const bytes = this.#length + 1;
    const block = this.arena.allocate(bytes);
    this.#end();
    this.arena.copyIn(block * 16 + LISTPACK_HEADER_BYTES, this.#scratch, LISTPACK_HEADER_BYTES, bytes);
    this.arena.setU32(block * 4, bytes);
    this.#setElements(block, this.#elements);
    this.#dropScratch();
    return block;
  }

  /** Adds an entry at the end. Returns the block, which may be another one. Throws ARENA_FULL with the block as it was. */
  append(
    block: Ref,
    master: StreamId,
    id: StreamId,
    buffer: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    first: number,
    pairs: number,
  ): Ref {
    const flags = this.#hasFields(block, buffer, starts, ends, first, pairs) ? ENTRY_SAME_FIELDS : 0;
    this.#length = 0;
    this.#elements = 0;
    this.#number(flags);
    this.#difference(id.msHigh, id.msLow, master.msHigh, master.msLow);
    this.#difference(id.seqHigh, id.seqLow, master.seqHigh, master.seqLow);
    this.#pairs(flags, buffer, starts, ends, first, pairs);
    const had = this.bytes(block);
    const total = had + this.#length;
    const target = this.#withRoom(block, had, total + COUNT_ROOM_BYTES);
    const { arena } = this;
    this.#end();
    arena.copyIn(target * 16 + had - 1, this.#scratch, 0, this.#length + 1);
    arena.setU32(target * 4, total);
    const recorded = this.#recorded(target);
    if (recorded !== LISTPACK_COUNT_UNKNOWN) {
      this.#setElements(target, Math.min(recorded + this.#elements, LISTPACK_COUNT_UNKNOWN));
    }
    this.#dropScratch();
    return this.#setEntries(target, this.entries(target) + 1);
  }

  /** Counts so many entries more as deleted. Returns the block. Throws ARENA_FULL with the block as it was. */
  countDeleted(block: Ref, more: number): Ref {
    const entries = this.entries(block);
    const u8 = this.arena.u8;
    const at = nextElement(u8, block * 16 + LISTPACK_HEADER_BYTES) - block * 16;
    const deleted = this.deleted(block) + more;
    let result = block;
    if (deleted < 0x80 && u8[block * 16 + at] < 0x80) this.arena.setU8(block * 16 + at, deleted);
    else result = this.#listpack.replaceNumber(block, at, deleted);
    return this.#setEntries(result, entries - more);
  }

  /** Marks the entry at this place as deleted; `countDeleted` does the rest. Flags are one byte. */
  markDeleted(block: Ref, entry: number): void {
    const at = block * 16 + entry;
    this.arena.setU8(at, this.arena.u8[at] | ENTRY_DELETED);
  }

  /** Moves the block to one without spare room where that helps. Returns it. */
  fit(block: Ref): Ref {
    return this.#listpack.fit(block);
  }

  #setEntries(block: Ref, entries: number): Ref {
    const at = block * 16 + LISTPACK_HEADER_BYTES;
    if (entries < 0x80 && this.arena.u8[at] < 0x80) {
      this.arena.setU8(at, entries);
      return block;
    }
    return this.#listpack.replaceNumber(block, LISTPACK_HEADER_BYTES, entries);
  }

  /** The block, or a copy of it with room for so many bytes in its place. */
  #withRoom(block: Ref, bytes: number, needed: number): Ref {
    const { arena } = this;
    if (needed <= arena.sizeOf(block)) return block;
    const wanted = needed <= DOUBLING_BYTES_MAX / 2
      ? needed * 2
      : Math.max(DOUBLING_BYTES_MAX, needed + Math.floor(needed / 8));
    const target = arena.allocate(wanted);
    arena.copyWithin(target * 16, block * 16, bytes);
    arena.retire(block);
    return target;
  }

  /** Whether the fields are those of the master entry. */
  #hasFields(
    block: Ref,
    buffer: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    first: number,
    pairs: number,
  ): boolean {
    const u8 = this.arena.u8;
    let at = nextElement(u8, nextElement(u8, block * 16 + LISTPACK_HEADER_BYTES));
    if (smallInteger(u8, at) !== pairs) return false;
    at = nextElement(u8, at);
    for (let pair = 0, index = first; pair < pairs; pair++, index += 2) {
      const start = starts[index];
      const length = ends[index] - start;
      if (u8[at] === (0x80 | length) && length < 64) {
        for (let byte = 0; byte < length; byte++) {
          if (u8[at + 1 + byte] !== buffer[start + byte]) return false;
        }
        at += length + 2;
      } else {
        if (!this.#isText(at, buffer, start, length)) return false;
        at = nextElement(u8, at);
      }
    }
    return true;
  }

  #isText(at: number, buffer: Uint8Array, start: number, length: number): boolean {
    const field = this.#field;
    field.read(this.arena.u8, at);
    if (field.end - field.start !== length) return false;
    for (let byte = 0; byte < length; byte++) {
      if (field.bytes[field.start + byte] !== buffer[start + byte]) return false;
    }
    return true;
  }

  /** Fields and values of an entry, and the number of its elements. */
  #pairs(
    flags: number,
    buffer: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    first: number,
    pairs: number,
  ): void {
    let elements = FIXED_ELEMENTS - 1 + pairs;
    if (flags === 0) {
      this.#number(pairs);
      elements += pairs + 1;
    }
    for (let pair = 0, index = first; pair < pairs; pair++, index += 2) {
      if (flags === 0) this.#text(buffer, starts[index], ends[index]);
      this.#text(buffer, starts[index + 1], ends[index + 1]);
    }
    this.#number(elements);
  }

  #difference(high: number, low: number, masterHigh: number, masterLow: number): void {
    const difference = (low >>> 0) - (masterLow >>> 0);
    const top = (high - masterHigh - (difference < 0 ? 1 : 0)) | 0;
    if (top === 0 && difference >= 0 && difference < 0x80) this.#number(difference);
    else {
      this.#encoder.prepareWords(top, difference | 0);
      this.#writePrepared(this.#scratch, 0);
    }
  }

  #number(value: number): void {
    if (value < 0x80) {
      this.#reserve(2);
      this.#scratch[this.#length] = value;
      this.#scratch[this.#length + 1] = 1;
      this.#length += 2;
      this.#elements++;
    } else {
      this.#encoder.prepareNumber(value);
      this.#writePrepared(this.#scratch, 0);
    }
  }

  #text(buffer: Uint8Array, start: number, end: number): void {
    this.#encoder.prepare(buffer, start, end);
    this.#writePrepared(buffer, start);
  }

  #writePrepared(buffer: Uint8Array, start: number): void {
    const { head, headBytes, dataBytes, tail, tailBytes, total } = this.#encoder;
    this.#reserve(total);
    const scratch = this.#scratch;
    let at = this.#length;
    for (let byte = 0; byte < headBytes; byte++) scratch[at++] = head[byte];
    if (dataBytes > 64) scratch.set(buffer.subarray(start, start + dataBytes), at);
    else for (let byte = 0; byte < dataBytes; byte++) scratch[at + byte] = buffer[start + byte];
    at += dataBytes;
    for (let byte = 0; byte < tailBytes; byte++) scratch[at++] = tail[byte];
    this.#length = at;
    this.#elements++;
  }

  #end(): void {
    this.#reserve(1);
    this.#scratch[this.#length] = LISTPACK_END;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes + ELEMENT_OVERHEAD_BYTES_MAX;
    if (needed <= this.#scratch.length) return;
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#scratch.length * 2, 2 ** 30)));
    grown.set(this.#scratch.subarray(0, this.#length));
    this.#scratch = grown;
  }

  #dropScratch(): void {
    if (this.#scratch.length > SCRATCH_BYTES_KEPT) this.#scratch = new Uint8Array(SCRATCH_BYTES);
  }

  #recorded(block: Ref): number {
    const u8 = this.arena.u8;
    return u8[block * 16 + 4] | (u8[block * 16 + 5] << 8);
  }

  #setElements(block: Ref, elements: number): void {
    const recorded = Math.min(elements, LISTPACK_COUNT_UNKNOWN);
    this.arena.setU8(block * 16 + 4, recorded & 0xff);
    this.arena.setU8(block * 16 + 5, recorded >> 8);
  }
}
