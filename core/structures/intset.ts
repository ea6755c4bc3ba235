// Intsets in the arena: sorted sets of 64-bit integers in a block that holds, as an RDB file has it, u32 bytes per integer
// (2, 4 or 8), u32 count, the integers little endian. One instance serves all intsets of an arena. A value comes and goes
// as Int64Words, so that nothing is allocated. Changes return the block's reference, which may be a new one.
// Called by core/keyspace/set_value.ts. Hot: find and add are called by SADD and SISMEMBER.
import { type Arena, ArenaFullError, type Ref } from "../memory/arena.ts";
import type { Int64Words } from "./int64_words.ts";

export const INTSET_HEADER_BYTES = 8;
/** Most members, whatever is configured: a block of 8 GiB would be beyond what RDB can hold. */
export const INTSET_MEMBERS_MAX = 2 ** 26;

/** Bytes that one member may take. */
const WIDTH_16 = 2;
const WIDTH_32 = 4;
const WIDTH_64 = 8;

/** An intset beyond this many bytes grows with a quarter of its size in reserve. */
const EXACT_BYTES_MAX = 512;
/** A block is exchanged for a smaller one when less than this share of it is used. */
const BLOCK_USED_MIN = 1 / 2;

export class Intset {
  /** Where the last `find` found the value, or where it belongs; after a change, where the value is. */
  index = 0;
  /** Whether the last `add` or `remove` changed anything. */
  changed = false;

  constructor(private readonly arena: Arena) {}

  /** An empty intset of the narrowest width. Throws ARENA_FULL, as all changes do. */
  create(): Ref {
    const ref = this.arena.allocate(INTSET_HEADER_BYTES);
    this.arena.setU32(ref * 4, WIDTH_16);
    this.arena.setU32(ref * 4 + 1, 0);
    return ref;
  }

  /** An intset with bytes that are known to be valid (`intsetProblem`). */
  createFrom(bytes: Uint8Array, start: number, end: number): Ref {
    const ref = this.arena.allocate(end - start);
    this.arena.copyIn(ref * 16, bytes, start, end);
    return ref;
  }

  /** A second intset with the same members. */
  copyOf(ref: Ref): Ref {
    const bytes = this.bytes(ref);
    const copy = this.arena.allocate(bytes);
    this.arena.copyWithin(copy * 16, ref * 16, bytes);
    return copy;
  }

  free(ref: Ref): void {
    this.arena.retire(ref);
  }

  /** Number of members. */
  size(ref: Ref): number {
    return this.arena.i32[ref * 4 + 1];
  }

  /** Bytes per member: 2, 4 or 8. */
  width(ref: Ref): number {
    return this.arena.i32[ref * 4];
  }

  /** Bytes of the intset. */
  bytes(ref: Ref): number {
    return INTSET_HEADER_BYTES + this.width(ref) * this.size(ref);
  }

  /** Reads member `index`, counted from the smallest. */
  read(ref: Ref, index: number, target: Int64Words): void {
    const { i32 } = this.arena;
    const width = i32[ref * 4];
    if (width === WIDTH_64) {
      target.low = i32[ref * 4 + 2 + index * 2];
      target.high = i32[ref * 4 + 3 + index * 2];
      return;
    }
    const low = width === WIDTH_32 ? i32[ref * 4 + 2 + index] : this.#short(ref, index);
    target.low = low;
    target.high = low >> 31;
  }

  /** Whether the value is a member; `index` tells where. */
  find(ref: Ref, value: Int64Words): boolean {
    const width = this.width(ref);
    if (widthOf(value) > width) {
      this.index = value.high < 0 ? 0 : this.size(ref);
      return false;
    }
    return width === WIDTH_64 ? this.#findLong(ref, value.high, value.low) : this.#findWord(ref, value.low);
  }

  /** Adds a value where it is absent; `changed` tells whether it was. */
  add(ref: Ref, value: Int64Words): Ref {
    const wanted = widthOf(value);
    if (wanted > this.width(ref)) return this.#widenAndAdd(ref, value, wanted);
    this.changed = !this.find(ref, value);
    if (!this.changed) return ref;
    const { arena, index } = this;
    const width = this.width(ref);
    const size = this.size(ref);
    const at = INTSET_HEADER_BYTES + index * width;
    const used = INTSET_HEADER_BYTES + size * width;
    const target = this.#grown(ref, used + width);
    if (target !== ref) arena.copyWithin(target * 16, ref * 16, at);
    if (used > at) arena.copyWithin(target * 16 + at + width, ref * 16 + at, used - at);
    arena.setU32(target * 4 + 1, size + 1);
    this.#write(target, index, width, value.high, value.low);
    if (target !== ref) arena.retire(ref);
    return target;
  }

  /** Removes a value where it is a member; `changed` tells whether it was. */
  remove(ref: Ref, value: Int64Words): Ref {
    this.changed = this.find(ref, value);
    return this.changed ? this.removeAt(ref, this.index) : ref;
  }

  /** Removes member `index`. */
  removeAt(ref: Ref, index: number): Ref {
    const { arena } = this;
    const width = this.width(ref);
    const size = this.size(ref);
    const at = INTSET_HEADER_BYTES + index * width;
    const after = INTSET_HEADER_BYTES + size * width - at - width;
    const target = this.#shrunk(ref, INTSET_HEADER_BYTES + (size - 1) * width);
    if (target !== ref) arena.copyWithin(target * 16, ref * 16, at);
    if (after > 0) arena.copyWithin(target * 16 + at, ref * 16 + at + width, after);
    arena.setU32(target * 4 + 1, size - 1);
    if (target !== ref) arena.retire(ref);
    return target;
  }

  /** Removes the members whose numbers are in `indexes`, ascending, all at once. */
  removeMany(ref: Ref, indexes: ArrayLike<number>, count: number): Ref {
    const { arena } = this;
    const width = this.width(ref);
    const size = this.size(ref);
    const base = ref * 16 + INTSET_HEADER_BYTES;
    let write = 0;
    let read = 0;
    for (let next = 0; next <= count; next++) {
      const until = next < count ? indexes[next] : size;
      if (write !== read && until > read) {
        arena.copyWithin(base + write * width, base + read * width, (until - read) * width);
      }
      write += until - read;
      read = until + 1;
    }
    arena.setU32(ref * 4 + 1, write);
    return this.fit(ref);
  }

  /** Moves the intset to a smaller block where most of its own is unused; returns its reference. */
  fit(ref: Ref): Ref {
    const bytes = this.bytes(ref);
    const target = this.#shrunk(ref, bytes);
    if (target === ref) return ref;
    this.arena.copyWithin(target * 16, ref * 16, bytes);
    this.arena.retire(ref);
    return target;
  }

  // The new value is beyond all others, on one side or the other: that is why it needs more bytes.
  #widenAndAdd(ref: Ref, value: Int64Words, width: number): Ref {
    const { arena } = this;
    const size = this.size(ref);
    const target = arena.allocate(withReserve(INTSET_HEADER_BYTES + (size + 1) * width));
    const shift = value.high < 0 ? 1 : 0;
    arena.setU32(target * 4, width);
    arena.setU32(target * 4 + 1, size + 1);
    const { i32 } = arena;
    const isShort = i32[ref * 4] === WIDTH_16;
    for (let index = 0; index < size; index++) {
      const low = isShort ? this.#short(ref, index) : i32[ref * 4 + 2 + index];
      this.#write(target, index + shift, width, low >> 31, low);
    }
    this.index = shift === 1 ? 0 : size;
    this.#write(target, this.index, width, value.high, value.low);
    this.changed = true;
    arena.retire(ref);
    return target;
  }

  #write(ref: Ref, index: number, width: number, high: number, low: number): void {
    const { arena } = this;
    if (width === WIDTH_16) {
      const at = ref * 16 + INTSET_HEADER_BYTES + index * 2;
      arena.setU8(at, low & 0xff);
      arena.setU8(at + 1, (low >> 8) & 0xff);
    } else if (width === WIDTH_32) {
      arena.setU32(ref * 4 + 2 + index, low);
    } else {
      arena.setU32(ref * 4 + 2 + index * 2, low);
      arena.setU32(ref * 4 + 3 + index * 2, high);
    }
  }

  #short(ref: Ref, index: number): number {
    const { u8 } = this.arena;
    const at = ref * 16 + INTSET_HEADER_BYTES + index * 2;
    return ((u8[at] << 16) | (u8[at + 1] << 24)) >> 16;
  }

  #findWord(ref: Ref, value: number): boolean {
    const { i32 } = this.arena;
    const isShort = i32[ref * 4] === WIDTH_16;
    let least = 0;
    let most = i32[ref * 4 + 1];
    // Values that come in ascending order are the usual case, and need one comparison.
    if (most > 0) {
      const last = isShort ? this.#short(ref, most - 1) : i32[ref * 4 + 1 + most];
      if (value > last) least = most;
    }
    while (least < most) {
      const middle = (least + most) >>> 1;
      const found = isShort ? this.#short(ref, middle) : i32[ref * 4 + 2 + middle];
      if (found === value) {
        this.index = middle;
        return true;
      }
      if (found < value) least = middle + 1;
      else most = middle;
    }
    this.index = least;
    return false;
  }

  #findLong(ref: Ref, high: number, low: number): boolean {
    const { i32 } = this.arena;
    let least = 0;
    let most = i32[ref * 4 + 1];
    while (least < most) {
      const middle = (least + most) >>> 1;
      const foundLow = i32[ref * 4 + 2 + middle * 2];
      const foundHigh = i32[ref * 4 + 3 + middle * 2];
      if (foundLow === low && foundHigh === high) {
        this.index = middle;
        return true;
      }
      if (foundHigh < high || (foundHigh === high && foundLow >>> 0 < low >>> 0)) least = middle + 1;
      else most = middle;
    }
    this.index = least;
    return false;
  }

  /** The same block where it has room for so many bytes, or another one. */
  #grown(ref: Ref, bytes: number): Ref {
    return bytes <= this.arena.sizeOf(ref) ? ref : this.arena.allocate(withReserve(bytes));
  }

  /** Another block for so many bytes where this one would be mostly unused, or the same. */
  #shrunk(ref: Ref, bytes: number): Ref {
    const { arena } = this;
    if (bytes >= arena.sizeOf(ref) * BLOCK_USED_MIN) return ref;
    try {
      const smaller = arena.allocate(bytes);
      if (arena.sizeOf(smaller) < arena.sizeOf(ref)) return smaller;
      arena.free(smaller);
    } catch (error) {
      // A full arena is no reason not to remove.
      if (!(error instanceof ArenaFullError)) throw error;
    }
    return ref;
  }
}

/** Bytes that a value needs. */
function widthOf(value: Int64Words): number {
  const { low } = value;
  if (value.high !== low >> 31) return WIDTH_64;
  return low << 16 >> 16 === low ? WIDTH_16 : WIDTH_32;
}

function withReserve(bytes: number): number {
  return bytes <= EXACT_BYTES_MAX ? bytes : bytes + (bytes >>> 2);
}
