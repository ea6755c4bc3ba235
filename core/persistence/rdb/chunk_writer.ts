// Collects RDB bytes into chunks: numbers, lengths and strings in their shortest encoding. Owns the checksum and the
// compression memory. Called by the encoders for every item; nothing is allocated per item.
import { parseSafeInteger } from "../../bytes/integer.ts";
import type { ArenaReader } from "../../memory/arena_reader.ts";
import { Crc64 } from "./crc64.ts";
import {
  LENGTH_ENCODED,
  lengthBytes,
  STRING_INT16,
  STRING_INT32,
  STRING_INT8,
  STRING_LZF,
  writeLength,
} from "./format.ts";
import { LzfCompressor } from "../../bytes/lzf.ts";

/** Takes the bytes of a stream in order. */
export interface ByteSink {
  /** The chunk is valid during the call only. */
  push(chunk: Uint8Array): void;
}

/** Compresses a string into `target[targetStart, targetEnd)`: the length, or 0 where it does not fit. */
export interface StringCompressor {
  compress(
    source: Uint8Array,
    start: number,
    end: number,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
  ): number;
}

/** Thrown from within a large value where the owner of the save said that it is cancelled. */
export class SaveCancelledError extends Error {
  readonly code = "SAVE_CANCELLED";
  override readonly name = "SaveCancelledError";

  constructor() {
    super("the save was cancelled");
  }
}

/** Bytes of a full chunk. */
export const CHUNK_BYTES = 256 * 1024;
/** Strings up to this size are encoded inside the chunk. */
const INLINE_BYTES_MAX = 64 * 1024;
/** Strings up to this size are compressed; larger ones are stored as they are, so that memory stays bounded. */
const COMPRESS_BYTES_MAX = 16 * 1024 * 1024;
/** Shorter strings are not worth compressing. */
const COMPRESS_BYTES_MIN = 21;
/** A compressed string must save at least this much. */
const SAVED_BYTES_MIN = 4;
/** Longest decimal form of a 32-bit integer. */
const INT32_TEXT_BYTES_MAX = 11;
/** Scratch memory above this size is given back when the large string is done. */
const SCRATCH_BYTES_KEPT = 1024 * 1024;
const LENGTH_BYTES_MAX = 9;

export interface ChunkWriterOptions {
  /** `rdbcompression`. */
  compress: boolean;
  /** What compresses, in the format of LZF. Absent: the core's own. */
  compressor?: StringCompressor;
  /** `rdbchecksum`. */
  checksum: boolean;
  /** Polled between the chunks of a large string; true makes the call throw a SaveCancelledError. */
  cancelled?: () => boolean;
}

export class ChunkWriter {
  /** The chunk being filled and its end. Fill it only after `room`. */
  readonly bytes = new Uint8Array(CHUNK_BYTES);
  position = 0;
  /** Bytes that have gone to the sink. */
  flushedBytes = 0;

  readonly #crc = new Crc64();
  readonly #compressor: StringCompressor;
  #source = NO_BYTES;
  #packed = NO_BYTES;

  constructor(private readonly sink: ByteSink, private readonly options: ChunkWriterOptions) {
    this.#compressor = options.compressor ?? new LzfCompressor();
  }

  /** Bytes of the stream so far. */
  get totalBytes(): number {
    return this.flushedBytes + this.position;
  }

  /** Makes sure that `count` (at most CHUNK_BYTES) bytes fit at `position`. */
  room(count: number): void {
    if (this.position + count > CHUNK_BYTES) this.flush();
  }

  /** Hands what is there to the sink. */
  flush(): void {
    const end = this.position;
    if (end === 0) return;
    if (this.options.checksum) this.#crc.update(this.bytes, 0, end);
    this.position = 0;
    this.flushedBytes += end;
    this.sink.push(this.bytes.subarray(0, end));
  }

  /** Ends the stream with the checksum of everything before, or zeros where it is off, and flushes. */
  endWithChecksum(): void {
    this.room(8);
    if (this.options.checksum) {
      this.#crc.update(this.bytes, 0, this.position);
      this.#crc.writeTo(this.bytes, this.position);
      this.#crc.reset();
    } else {
      this.bytes.fill(0, this.position, this.position + 8);
    }
    this.position += 8;
    const end = this.position;
    this.position = 0;
    this.flushedBytes += end;
    this.sink.push(this.bytes.subarray(0, end));
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.position++] = value;
  }

  length(value: number): void {
    this.room(LENGTH_BYTES_MAX);
    this.position = writeLength(this.bytes, this.position, value);
  }

  /** A whole number as a signed 64-bit integer, least significant byte first. */
  milliseconds(at: number): void {
    this.room(8);
    const { bytes, position } = this;
    const high = Math.floor(at / 0x100000000);
    const low = at - high * 0x100000000;
    for (let k = 0; k < 4; k++) {
      bytes[position + k] = low >>> (k * 8);
      bytes[position + 4 + k] = high >> (k * 8);
    }
    this.position = position + 8;
  }

  /** A text (UTF-8) as a string. Allocates: for the header only. */
  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.string(bytes, 0, bytes.length);
  }

  /** A string of `source[start, end)`; at most INLINE_BYTES_MAX bytes are compressed. */
  string(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > INLINE_BYTES_MAX) {
      this.length(length);
      this.raw(source, start, end);
      return;
    }
    this.room(LENGTH_BYTES_MAX + length);
    const at = this.position;
    const data = at + lengthBytes(length);
    const bytes = this.bytes;
    for (let from = start, to = data; from < end; from++, to++) bytes[to] = source[from];
    this.#encodeInPlace(at, data, length);
  }

  /** A string of `length` bytes at an arena address. */
  arenaString(reader: ArenaReader, address: number, length: number): void {
    if (length > INLINE_BYTES_MAX) {
      this.#largeArenaString(reader, address, length);
      return;
    }
    this.room(LENGTH_BYTES_MAX + length);
    const at = this.position;
    const data = at + lengthBytes(length);
    reader.copyOut(address, length, this.bytes, data);
    this.#encodeInPlace(at, data, length);
  }

  /** Encodes the string that stands at `data` in the chunk, so that its encoded form begins at `at`. */
  #encodeInPlace(at: number, data: number, length: number): void {
    const bytes = this.bytes;
    if (length <= INT32_TEXT_BYTES_MAX && length > 0 && isNumeric(bytes[data])) {
      const value = parseSafeInteger(bytes, data, data + length);
      if (value === (value | 0)) {
        this.position = writeInteger(bytes, at, value);
        return;
      }
    }
    if (length >= COMPRESS_BYTES_MIN && this.options.compress && this.#compressInPlace(at, data, length)) {
      return;
    }
    writeLength(bytes, at, length);
    this.position = data + length;
  }

  #compressInPlace(at: number, data: number, length: number): boolean {
    const packed = this.#packed = atLeast(this.#packed, INLINE_BYTES_MAX);
    const bytes = this.bytes;
    const room = length - SAVED_BYTES_MIN;
    const size = this.#compressor.compress(bytes, data, data + length, packed, 0, room);
    if (size === 0) return false;
    bytes[at] = LENGTH_ENCODED | STRING_LZF;
    let out = writeLength(bytes, at + 1, size);
    out = writeLength(bytes, out, length);
    for (let k = 0; k < size; k++) bytes[out + k] = packed[k];
    this.position = out + size;
    return true;
  }

  #largeArenaString(reader: ArenaReader, address: number, length: number): void {
    if (
      this.options.compress && length <= COMPRESS_BYTES_MAX && this.#compressLarge(reader, address, length)
    ) return;
    this.length(length);
    this.arenaBytes(reader, address, length);
  }

  /** A string of `length` bytes of which the LZF stream of `compressed` bytes is there already, at an arena address. */
  lzfString(reader: ArenaReader, address: number, compressed: number, length: number): void {
    this.byte(LENGTH_ENCODED | STRING_LZF);
    this.length(compressed);
    this.length(length);
    this.arenaBytes(reader, address, compressed);
  }

  /** `length` bytes at an arena address, bare. */
  arenaBytes(reader: ArenaReader, address: number, length: number): void {
    let at = address;
    const end = address + length;
    while (at < end) {
      if (this.position === CHUNK_BYTES) this.flush();
      this.pollCancelled();
      const part = Math.min(end - at, CHUNK_BYTES - this.position);
      reader.copyOut(at, part, this.bytes, this.position);
      this.position += part;
      at += part;
    }
  }

  #compressLarge(reader: ArenaReader, address: number, length: number): boolean {
    this.pollCancelled();
    const source = this.#source = atLeast(this.#source, length);
    const packed = this.#packed = atLeast(this.#packed, length);
    for (let at = 0; at < length; at += CHUNK_BYTES) {
      reader.copyOut(address + at, Math.min(CHUNK_BYTES, length - at), source, at);
    }
    const size = this.#compressor.compress(source, 0, length, packed, 0, length - SAVED_BYTES_MIN);
    if (size > 0) {
      this.byte(LENGTH_ENCODED | STRING_LZF);
      this.length(size);
      this.length(length);
      this.raw(packed, 0, size);
    }
    if (length > SCRATCH_BYTES_KEPT) this.#source = this.#packed = NO_BYTES;
    return size > 0;
  }

  /** The bytes of `source[start, end)`, bare. */
  raw(source: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.position === CHUNK_BYTES) this.flush();
      this.pollCancelled();
      const part = Math.min(end - at, CHUNK_BYTES - this.position);
      this.bytes.set(source.subarray(at, at + part), this.position);
      this.position += part;
      at += part;
    }
  }

  /** Throws a SaveCancelledError where the owner says so. Call now and then within a large value. */
  pollCancelled(): void {
    if (this.options.cancelled !== undefined && this.options.cancelled()) throw new SaveCancelledError();
  }
}

const NO_BYTES = new Uint8Array(0);

function atLeast(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  return bytes.length >= length ? bytes : new Uint8Array(length);
}

function isNumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

/** Writes an integer of at most 32 bits as an encoded string; returns the offset after it. */
function writeInteger(target: Uint8Array, offset: number, value: number): number {
  target[offset + 1] = value;
  if (value === (value << 24) >> 24) {
    target[offset] = LENGTH_ENCODED | STRING_INT8;
    return offset + 2;
  }
  target[offset + 2] = value >> 8;
  if (value === (value << 16) >> 16) {
    target[offset] = LENGTH_ENCODED | STRING_INT16;
    return offset + 3;
  }
  target[offset] = LENGTH_ENCODED | STRING_INT32;
  target[offset + 3] = value >> 16;
  target[offset + 4] = value >> 24;
  return offset + 5;
}
