// The decoder's view of its input: a window of bytes that is filled from outside and read by primitives that either
// take a whole item or report that more input is needed. Keeps absolute offsets, the checksum and all length checks,
// so that no length that is read here is believed before the bytes behind it are known to exist.
import { formatInteger, INT64_TEXT_BYTES_MAX } from "../../bytes/integer.ts";
import { Crc64 } from "./crc64.ts";
import { LENGTH_32, LENGTH_64, STRING_INT16, STRING_INT32, STRING_INT8, STRING_LZF } from "./format.ts";
import { lzfDecompress } from "../../bytes/lzf.ts";
import { RdbError, type RdbErrorCode } from "./rdb_error.ts";
import type { StringSlot } from "./string_slot.ts";

/** Window at rest. Checksum and copies go in steps of this size, which keeps each below a millisecond. */
const WINDOW_BYTES = 256 * 1024;
/** Least room offered for one read. */
const READ_BYTES_MIN = 32 * 1024;
/** Longest string that is accepted, compressed or not. */
const STRING_BYTES_MAX = 0x7fffffff;
/** Three compressed bytes make at most 264: a string that claims more is corrupt, whatever follows. */
const LZF_RATIO_MAX = 88;
/** Cap of hints where the input's size is not known. */
const HINT_MAX = 1 << 22;

const NO_BYTES = new Uint8Array(0);

/** The latest time that a double can hold below the limit of signed 64-bit integers. */
const MILLISECONDS_MAX = 2 ** 63 - 1024;

export interface RdbReaderOptions {
  /** Bytes of the whole input where known (a file, a payload); lengths beyond it are refused at once. */
  totalBytes?: number;
  /** Whether `checksum` is kept. */
  checksummed: boolean;
}

export class RdbReader {
  bytes: Uint8Array = NO_BYTES;
  /** Index of the next byte to read, and of the end of what the window holds. */
  position = 0;
  end = 0;
  /** What `readLength` found: the length or, where `encoding` is not -1, the number of a special string encoding. */
  length = 0;
  encoding = -1;
  /** What is being read, for the message about a truncated input. */
  doing = "the header";

  readonly totalBytes: number;
  readonly #checksummed: boolean;
  readonly #crc = new Crc64();
  #crcPosition = 0;
  /** Absolute offset of the window's first byte. */
  #base = 0;
  /** Start of the item being read: what lies before it is done with. */
  #mark = 0;
  /** Bytes from the mark that are needed before another try can succeed. */
  #wanted = 0;
  #ended = false;

  constructor(options: RdbReaderOptions) {
    this.totalBytes = options.totalBytes ?? Infinity;
    this.#checksummed = options.checksummed;
  }

  /** A reader over bytes that are all there; offsets count from `start`. */
  static over(bytes: Uint8Array, start: number, end: number): RdbReader {
    const reader = new RdbReader({ totalBytes: end - start, checksummed: false });
    reader.bytes = bytes;
    reader.position = start;
    reader.end = end;
    reader.#mark = start;
    reader.#base = -start;
    reader.#ended = true;
    return reader;
  }

  /** Absolute offset of the next byte. */
  get offset(): number {
    return this.#base + this.position;
  }

  /** Bytes that may still follow, Infinity where the input's size is not known. */
  get remaining(): number {
    return this.#ended ? this.end - this.position : this.totalBytes - this.offset;
  }

  /** How many items of at least `bytes` bytes may still follow: the cap for hints about sizes. */
  mostThatFit(bytes: number): number {
    const remaining = this.remaining;
    return remaining === Infinity ? HINT_MAX : Math.floor(remaining / bytes);
  }

  /** Begins an item: `rewind` comes back here, and what came before may be dropped. */
  mark(): void {
    this.#mark = this.position;
  }

  /** Absolute offset where the item being read begins. */
  get itemOffset(): number {
    return this.#base + this.#mark;
  }

  rewind(): void {
    this.position = this.#mark;
  }

  /** Room for more input; invalidates every span of the window. Fill some of it, then `commit`. */
  space(): Uint8Array {
    this.#dropConsumed();
    const held = this.end;
    let size = this.bytes.length;
    if (this.#wanted > size && this.totalBytes !== Infinity) {
      size = this.#wanted; // was checked against the total
    } else if (size - held < READ_BYTES_MIN) {
      size = Math.max(WINDOW_BYTES, size * 2); // grows only as input really arrives
    } else if (size > WINDOW_BYTES && this.#wanted <= WINDOW_BYTES && held <= WINDOW_BYTES / 2) {
      size = WINDOW_BYTES;
    }
    this.#wanted = 0;
    if (size !== this.bytes.length) {
      const moved = new Uint8Array(size);
      moved.set(this.bytes.subarray(0, held));
      this.bytes = moved;
    }
    return this.bytes.subarray(held);
  }

  /** Takes over `count` bytes that were written into `space()`. */
  commit(count: number): void {
    this.end += count;
  }

  /** No more input will come. */
  endInput(): void {
    this.#ended = true;
  }

  #dropConsumed(): void {
    this.#updateChecksum(this.#mark);
    const held = this.end - this.#mark;
    if (this.#mark > 0) this.bytes.copyWithin(0, this.#mark, this.end);
    this.#base += this.#mark;
    this.position -= this.#mark;
    this.#crcPosition = 0;
    this.#mark = 0;
    this.end = held;
  }

  #updateChecksum(to: number): void {
    if (this.#checksummed) this.#crc.update(this.bytes, this.#crcPosition, to);
    this.#crcPosition = to;
  }

  /** The checksum of everything before `position`. */
  checksum(): Crc64 {
    this.#updateChecksum(this.position);
    return this.#crc;
  }

  /** True where `count` more bytes are here. False: more input is needed. Throws RDB_TRUNCATED where none can come. */
  ready(count: number): boolean {
    const needed = this.position + count;
    if (needed <= this.end) return true;
    if (this.#ended || this.#base + needed > this.totalBytes) {
      const at = this.#ended ? this.#base + this.end : this.totalBytes;
      const missing = this.#base + needed - at;
      throw new RdbError(
        "RDB_TRUNCATED",
        at,
        `the input ends while reading ${this.doing}: at least ${missing} more bytes should follow`,
      );
    }
    this.#wanted = needed - this.#mark;
    return false;
  }

  /** The error to throw about the item at `offset`. */
  error(code: RdbErrorCode, reason: string, offset = this.offset): RdbError {
    return new RdbError(code, offset, reason);
  }

  /** Reads a length (or the number of a string encoding) into `length` and `encoding`. */
  readLength(): boolean {
    if (!this.ready(1)) return false;
    const bytes = this.bytes;
    const at = this.position;
    const first = bytes[at];
    this.encoding = -1;
    if (first < 0x40) {
      this.length = first;
      this.position = at + 1;
      return true;
    }
    if (first < 0x80) {
      if (!this.ready(2)) return false;
      this.length = ((first & 0x3f) << 8) | bytes[at + 1];
      this.position = at + 2;
      return true;
    }
    if (first >= 0xc0) {
      this.encoding = first & 0x3f;
      this.position = at + 1;
      return true;
    }
    if (first === LENGTH_32) {
      if (!this.ready(5)) return false;
      this.length = bigEndian32(bytes, at + 1);
      this.position = at + 5;
      return true;
    }
    if (first !== LENGTH_64) {
      throw this.error("RDB_BAD_LENGTH", `0x${first.toString(16)} does not begin any known form of a length`);
    }
    if (!this.ready(9)) return false;
    this.length = bigEndian32(bytes, at + 1) * 0x100000000 + bigEndian32(bytes, at + 5);
    this.position = at + 9;
    return true;
  }

  /** Takes a signed 64-bit integer, least significant byte first, that is `ready`; rounded beyond 2^53. */
  milliseconds(): number {
    const { bytes, position: at } = this;
    const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    const high = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
    this.position = at + 8;
    // As a double the latest of them would be 2^63, which has no place in a file.
    return Math.min(high * 0x100000000 + (low >>> 0), MILLISECONDS_MAX);
  }

  /** Reads a length that must not be a string encoding. */
  readPlainLength(): boolean {
    const at = this.offset;
    if (!this.readLength()) return false;
    if (this.encoding >= 0) {
      throw this.error("RDB_BAD_LENGTH", "a length was expected, not an encoded string", at);
    }
    return true;
  }

  /** Reads a string in any encoding into `slot`. */
  readString(slot: StringSlot): boolean {
    if (!this.readLength()) return false;
    if (this.encoding >= 0) return this.#readEncoded(slot);
    const length = this.length;
    if (length > STRING_BYTES_MAX) this.#failTooLong(length);
    if (!this.ready(length)) return false;
    slot.setSpan(this.bytes, this.position, this.position + length);
    this.position += length;
    return true;
  }

  #failTooLong(length: number): never {
    throw this.error("RDB_BAD_LENGTH", `a string of ${length} bytes is longer than ${STRING_BYTES_MAX}`);
  }

  #readEncoded(slot: StringSlot): boolean {
    const bytes = this.bytes;
    const at = this.position;
    switch (this.encoding) {
      case STRING_INT8:
        if (!this.ready(1)) return false;
        setNumber(slot, (bytes[at] << 24) >> 24);
        this.position = at + 1;
        return true;
      case STRING_INT16:
        if (!this.ready(2)) return false;
        setNumber(slot, ((bytes[at] | (bytes[at + 1] << 8)) << 16) >> 16);
        this.position = at + 2;
        return true;
      case STRING_INT32:
        if (!this.ready(4)) return false;
        setNumber(slot, bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
        this.position = at + 4;
        return true;
      case STRING_LZF:
        return this.#readCompressed(slot);
    }
    throw this.error("RDB_BAD_STRING", `${this.encoding} is not a known string encoding`, this.offset - 1);
  }

  #readCompressed(slot: StringSlot): boolean {
    const start = this.offset - 1;
    if (!this.readPlainLength()) return false;
    const packed = this.length;
    if (!this.readPlainLength()) return false;
    const length = this.length;
    if (packed > STRING_BYTES_MAX || length > STRING_BYTES_MAX) this.#failTooLong(Math.max(packed, length));
    if (!this.ready(packed)) return false;
    if (length > packed * LZF_RATIO_MAX) {
      throw this.error(
        "RDB_BAD_STRING",
        `${packed} compressed bytes cannot make a string of ${length} bytes`,
        start,
      );
    }
    const target = slot.setScratch(length);
    if (!lzfDecompress(this.bytes, this.position, this.position + packed, target, 0, length)) {
      throw this.error("RDB_BAD_STRING", "a compressed string does not decompress", start);
    }
    this.position += packed;
    return true;
  }
}

function bigEndian32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function setNumber(slot: StringSlot, value: number): void {
  const scratch = slot.setScratch(INT64_TEXT_BYTES_MAX);
  slot.end = formatInteger(scratch, 0, value);
}
