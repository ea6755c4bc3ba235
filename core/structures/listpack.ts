// Listpacks in the arena: small hashes, and later small lists, sets and sorted sets. A block holds the listpack's very
// bytes, as an RDB file has them. One instance serves all listpacks of an arena; a listpack is a reference, an element
// a position (byte offset in the listpack, 0 = none), both only until the next change. A change that needs another block
// returns its reference and retires the old one. Called by the modules of collections. Hot: reading allocates nothing.
import { type Arena, ArenaFullError, type BufferHolder, type Ref } from "../memory/arena.ts";
import {
  LISTPACK_BYTES_MAX,
  LISTPACK_COUNT_UNKNOWN,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_END,
  LISTPACK_HEADER_BYTES,
  ListpackElement,
  ListpackEncoder,
  ListpackNeedle,
  nextElement,
  previousElement,
} from "./listpack_format.ts";

/** A block is exchanged for a smaller one when less than this share of it is used. */
const BLOCK_USED_MIN = 1 / 2;

export class Listpack implements BufferHolder {
  /** What `read` has read. */
  readonly element = new ListpackElement();
  /** Position of the element that the last change wrote, or of the one after those that it deleted; 0 = the end. */
  position = 0;
  readonly #encoder = new ListpackEncoder();
  readonly #secondEncoder = new ListpackEncoder();
  readonly #needle = new ListpackNeedle();

  constructor(private readonly arena: Arena) {
    arena.addHolder(this);
  }

  releaseBuffer(): void {
    this.element.release();
    this.#needle.release();
  }

  /** An empty listpack in a block with room for `capacityBytes` in all. Throws ARENA_FULL, as all changes do. */
  create(capacityBytes: number = LISTPACK_EMPTY_BYTES): Ref {
    const ref = this.arena.allocate(Math.max(capacityBytes, LISTPACK_EMPTY_BYTES));
    this.#writeHeader(ref, LISTPACK_EMPTY_BYTES, 0);
    this.arena.setU8(ref * 16 + LISTPACK_HEADER_BYTES, LISTPACK_END);
    return ref;
  }

  /** A listpack with bytes that are known to be valid (`listpackProblem`). */
  createFrom(bytes: Uint8Array, start: number, end: number): Ref {
    const ref = this.arena.allocate(end - start);
    this.arena.copyIn(ref * 16, bytes, start, end);
    return ref;
  }

  /** A second listpack with the same elements. */
  copyOf(ref: Ref): Ref {
    const bytes = this.bytes(ref);
    const copy = this.arena.allocate(bytes);
    this.arena.copyWithin(copy * 16, ref * 16, bytes);
    return copy;
  }

  /** Moves the listpack to a smaller block where there is one that holds it; returns its reference. */
  fit(ref: Ref): Ref {
    const bytes = this.bytes(ref);
    const target = this.#smallerBlock(ref, bytes);
    if (target === ref) return ref;
    this.arena.copyWithin(target * 16, ref * 16, bytes);
    this.arena.retire(ref);
    return target;
  }

  free(ref: Ref): void {
    this.arena.retire(ref);
  }

  /** Bytes of the listpack. */
  bytes(ref: Ref): number {
    return this.arena.u32[ref * 4];
  }

  /** Number of elements. Walks where there are more than 65,534. */
  length(ref: Ref): number {
    const recorded = this.#recordedLength(ref);
    if (recorded !== LISTPACK_COUNT_UNKNOWN) return recorded;
    let count = 0;
    for (let position = this.first(ref); position !== 0; position = this.next(ref, position)) count++;
    return count;
  }

  /** Whether the listpack may grow by so many bytes (encoding included). */
  isSafeToAdd(ref: Ref, bytes: number): boolean {
    return this.bytes(ref) + bytes <= LISTPACK_BYTES_MAX;
  }

  /** Bytes that an element with this text would add. */
  elementBytes(bytes: Uint8Array, start: number, end: number): number {
    this.#encoder.prepare(bytes, start, end);
    return this.#encoder.total;
  }

  /** Position of the first element, 0 where there is none. */
  first(ref: Ref): number {
    return this.#elementOrNone(ref * 16, LISTPACK_HEADER_BYTES);
  }

  /** Position of the last element. */
  last(ref: Ref): number {
    return this.previous(ref, this.bytes(ref) - 1);
  }

  next(ref: Ref, position: number): number {
    const base = ref * 16;
    return this.#elementOrNone(base, nextElement(this.arena.u8, base + position) - base);
  }

  previous(ref: Ref, position: number): number {
    if (position === LISTPACK_HEADER_BYTES) return 0;
    return previousElement(this.arena.u8, ref * 16 + position) - ref * 16;
  }

  /** Position of element `index`, counted from 0, or from the end when negative: -1 is the last. 0 where there is none. */
  seek(ref: Ref, index: number): number {
    const recorded = this.#recordedLength(ref);
    let left = index;
    if (recorded !== LISTPACK_COUNT_UNKNOWN) {
      if (left < 0) left += recorded;
      if (left < 0 || left >= recorded) return 0;
      // The nearer end.
      if (left > recorded / 2) left -= recorded;
    }
    if (left < 0) {
      let position = this.last(ref);
      for (; left < -1 && position !== 0; left++) position = this.previous(ref, position);
      return position;
    }
    let position = this.first(ref);
    for (; left > 0 && position !== 0; left--) position = this.next(ref, position);
    return position;
  }

  /** Reads the element at a position into `element`. */
  read(ref: Ref, position: number): ListpackElement {
    this.element.read(this.arena.u8, ref * 16 + position);
    return this.element;
  }

  /** Whether the element at a position has this text. */
  equals(ref: Ref, position: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.#needle.prepare(bytes, start, end);
    return this.#needle.matches(this.arena.u8, ref * 16 + position);
  }

  /**
   * Position of the first element with this text from `position` on, passing `skip` elements after each that is compared
   * (1 to look at the fields of pairs only); 0 where there is none.
   */
  find(ref: Ref, position: number, bytes: Uint8Array, start: number, end: number, skip: number): number {
    if (position === 0) return 0;
    const u8 = this.arena.u8;
    const needle = this.#needle;
    const base = ref * 16;
    needle.prepare(bytes, start, end);
    let at = base + position;
    while (u8[at] !== LISTPACK_END) {
      if (needle.matches(u8, at)) return at - base;
      at = nextElement(u8, at);
      for (let left = skip; left > 0 && u8[at] !== LISTPACK_END; left--) at = nextElement(u8, at);
    }
    return 0;
  }

  // All changes return the listpack's reference, which may be a new one, and set `position`. The text that they take
  // must not lie in the listpack itself.

  append(ref: Ref, bytes: Uint8Array, start: number, end: number): Ref {
    return this.#insert(ref, this.bytes(ref) - 1, bytes, start, end);
  }

  /** Appends two elements, or none where the arena is full. */
  appendPair(
    ref: Ref,
    first: Uint8Array,
    firstStart: number,
    firstEnd: number,
    second: Uint8Array,
    secondStart: number,
    secondEnd: number,
  ): Ref {
    return this.insertPair(ref, 0, first, firstStart, firstEnd, second, secondStart, secondEnd);
  }

  /** Inserts two elements before the one at `before` (0 = at the end), or none where the arena is full. */
  insertPair(
    ref: Ref,
    before: number,
    first: Uint8Array,
    firstStart: number,
    firstEnd: number,
    second: Uint8Array,
    secondStart: number,
    secondEnd: number,
  ): Ref {
    const encoder = this.#encoder;
    const secondEncoder = this.#secondEncoder;
    encoder.prepare(first, firstStart, firstEnd);
    secondEncoder.prepare(second, secondStart, secondEnd);
    const recorded = this.#recordedLength(ref);
    const position = before === 0 ? this.bytes(ref) - 1 : before;
    const result = this.#splice(ref, position, 0, encoder.total + secondEncoder.total);
    this.#writeElement(result * 16 + position, encoder, first, firstStart);
    this.#writeElement(result * 16 + position + encoder.total, secondEncoder, second, secondStart);
    if (recorded !== LISTPACK_COUNT_UNKNOWN) {
      this.#setRecordedLength(result, Math.min(recorded + 2, LISTPACK_COUNT_UNKNOWN));
    }
    this.position = position;
    return result;
  }

  prepend(ref: Ref, bytes: Uint8Array, start: number, end: number): Ref {
    return this.#insert(ref, LISTPACK_HEADER_BYTES, bytes, start, end);
  }

  insertBefore(ref: Ref, position: number, bytes: Uint8Array, start: number, end: number): Ref {
    return this.#insert(ref, position, bytes, start, end);
  }

  insertAfter(ref: Ref, position: number, bytes: Uint8Array, start: number, end: number): Ref {
    return this.#insert(ref, this.#afterElement(ref, position), bytes, start, end);
  }

  replace(ref: Ref, position: number, bytes: Uint8Array, start: number, end: number): Ref {
    this.#encoder.prepare(bytes, start, end);
    return this.#write(ref, position, this.#afterElement(ref, position) - position, bytes, start);
  }

  /** Appends a whole number of at most 53 bits. */
  appendNumber(ref: Ref, value: number): Ref {
    this.#encoder.prepareNumber(value);
    return this.#write(ref, this.bytes(ref) - 1, 0, this.#encoder.head, 0);
  }

  /** Replaces an element by a whole number of at most 53 bits. */
  replaceNumber(ref: Ref, position: number, value: number): Ref {
    this.#encoder.prepareNumber(value);
    return this.#write(ref, position, this.#afterElement(ref, position) - position, this.#encoder.head, 0);
  }

  delete(ref: Ref, position: number): Ref {
    return this.deleteRange(ref, position, 1);
  }

  /** Deletes `count` elements from a position on, or as many as there are. */
  deleteRange(ref: Ref, position: number, count: number): Ref {
    const u8 = this.arena.u8;
    const base = ref * 16;
    let at = base + position;
    let deleted = 0;
    for (; deleted < count && u8[at] !== LISTPACK_END; deleted++) at = nextElement(u8, at);
    const recorded = this.#recordedLength(ref);
    const result = this.#splice(ref, position, at - base - position, 0);
    if (recorded !== LISTPACK_COUNT_UNKNOWN) this.#setRecordedLength(result, recorded - deleted);
    this.position = this.#elementOrNone(result * 16, position);
    return result;
  }

  #insert(ref: Ref, position: number, bytes: Uint8Array, start: number, end: number): Ref {
    this.#encoder.prepare(bytes, start, end);
    return this.#write(ref, position, 0, bytes, start);
  }

  // Writes the prepared element in the place of `removed` bytes: 0, or those of one element.
  #write(ref: Ref, position: number, removed: number, bytes: Uint8Array, start: number): Ref {
    const encoder = this.#encoder;
    const recorded = this.#recordedLength(ref);
    const result = this.#splice(ref, position, removed, encoder.total);
    this.#writeElement(result * 16 + position, encoder, bytes, start);
    if (removed === 0 && recorded !== LISTPACK_COUNT_UNKNOWN) this.#setRecordedLength(result, recorded + 1);
    this.position = position;
    return result;
  }

  #writeElement(address: number, encoder: ListpackEncoder, bytes: Uint8Array, start: number): void {
    const arena = this.arena;
    const dataAt = address + encoder.headBytes;
    const tailAt = dataAt + encoder.dataBytes;
    arena.copyIn(address, encoder.head, 0, encoder.headBytes);
    arena.copyIn(dataAt, bytes, start, start + encoder.dataBytes);
    if (encoder.tailBytes === 1) arena.setU8(tailAt, encoder.tail[0]);
    else arena.copyIn(tailAt, encoder.tail, 0, encoder.tailBytes);
  }

  // Makes room for `added` bytes in the place of `removed` bytes, in the same block or in another.
  #splice(ref: Ref, position: number, removed: number, added: number): Ref {
    const arena = this.arena;
    const had = this.bytes(ref);
    const total = had - removed + added;
    if (position < LISTPACK_HEADER_BYTES) throw new RangeError(`Position ${position} is none of an element`);
    if (total > LISTPACK_BYTES_MAX) {
      throw new RangeError(
        `A listpack of ${had} bytes cannot grow to ${total}: the limit is ${LISTPACK_BYTES_MAX}`,
      );
    }
    const target = this.#blockFor(ref, total);
    const tail = position + removed;
    if (target !== ref) arena.copyWithin(target * 16, ref * 16, position);
    if (target !== ref || removed !== added) {
      arena.copyWithin(target * 16 + position + added, ref * 16 + tail, had - tail);
    }
    arena.setU32(target * 4, total);
    if (target !== ref) arena.retire(ref);
    return target;
  }

  // What grows keeps a block that is too big: its owner said that more will come.
  #blockFor(ref: Ref, total: number): Ref {
    const room = this.arena.sizeOf(ref);
    if (total > room) return this.arena.allocate(total);
    if (total >= this.bytes(ref) || total >= room * BLOCK_USED_MIN) return ref;
    return this.#smallerBlock(ref, total);
  }

  /** Another block for so many bytes, or the same where none is smaller. */
  #smallerBlock(ref: Ref, bytes: number): Ref {
    try {
      const smaller = this.arena.allocate(bytes);
      if (this.arena.sizeOf(smaller) < this.arena.sizeOf(ref)) return smaller;
      this.arena.free(smaller);
    } catch (error) {
      // A full arena is no reason not to delete.
      if (!(error instanceof ArenaFullError)) throw error;
    }
    return ref;
  }

  #elementOrNone(base: number, position: number): number {
    return this.arena.u8[base + position] === LISTPACK_END ? 0 : position;
  }

  #afterElement(ref: Ref, position: number): number {
    return nextElement(this.arena.u8, ref * 16 + position) - ref * 16;
  }

  #recordedLength(ref: Ref): number {
    return this.arena.u8[ref * 16 + 4] | (this.arena.u8[ref * 16 + 5] << 8);
  }

  #setRecordedLength(ref: Ref, length: number): void {
    this.arena.setU8(ref * 16 + 4, length & 0xff);
    this.arena.setU8(ref * 16 + 5, length >> 8);
  }

  #writeHeader(ref: Ref, bytes: number, length: number): void {
    this.arena.setU32(ref * 4, bytes);
    this.#setRecordedLength(ref, length);
  }
}
