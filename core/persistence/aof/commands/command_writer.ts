// Writes commands as the append-only log has them: arrays of bulk strings, collected in the chunks of a ChunkWriter.
// Knows the key of the entry in hand and splits its elements into commands of at most 64. Called by the encoders of the
// types. Hot: nothing is allocated per command or element, but for the text of very large and very small scores.
import { latin1Bytes } from "../../../bytes/ascii.ts";
import { DOUBLE_17_TEXT_BYTES_MAX, formatDouble17 } from "../../../bytes/double_17_digits.ts";
import { formatInteger, integerTextBytes } from "../../../bytes/integer.ts";
import type { ArenaReader } from "../../../memory/arena_reader.ts";
import { STREAM_ID_TEXT_BYTES_MAX, type StreamId } from "../../../structures/stream_id.ts";
import { type ByteSink, CHUNK_BYTES, ChunkWriter } from "../../rdb/chunk_writer.ts";

/** Elements of one RPUSH, SADD, ZADD or HMSET at most, as Valkey writes them. */
const ITEMS_PER_COMMAND = 64;
/** A sign, the digits of a length and the line end: before an array or a bulk string. */
const HEAD_BYTES_MAX = 20;
const LINE_END_BYTES = 2;
/** Bulk strings up to this size are written in one piece. */
const WHOLE_BYTES_MAX = CHUNK_BYTES - HEAD_BYTES_MAX - LINE_END_BYTES;
/** Shorter ones are copied by a loop. */
const LOOP_BYTES_MAX = 64;

const ARRAY = 0x2a;
const BULK = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;

/** A word that is written often: it stands in the log as it is here. */
export function bulkOf(word: string): Uint8Array {
  return latin1Bytes(`$${word.length}\r\n${word}\r\n`);
}

export interface CommandWriterOptions {
  /** Polled within large values; true makes the call throw a SaveCancelledError. */
  cancelled?: () => boolean;
}

export class CommandWriter {
  readonly #chunks: ChunkWriter;
  readonly #text = new Uint8Array(Math.max(STREAM_ID_TEXT_BYTES_MAX, DOUBLE_17_TEXT_BYTES_MAX));
  #keyAddress = 0;
  #keyLength = 0;
  #name: Uint8Array = new Uint8Array(0);
  #wordsPerItem = 1;
  #itemsLeft = 0;
  #itemsInCommand = 0;

  constructor(private readonly reader: ArenaReader, sink: ByteSink, options: CommandWriterOptions) {
    this.#chunks = new ChunkWriter(sink, {
      compress: false,
      checksum: false,
      cancelled: options.cancelled,
    });
  }

  /** Bytes of the stream so far. */
  get totalBytes(): number {
    return this.#chunks.totalBytes;
  }

  flush(): void {
    this.#chunks.flush();
  }

  /** Throws a SaveCancelledError where the owner of the save says so. */
  pollCancelled(): void {
    this.#chunks.pollCancelled();
  }

  /** From here on `key` writes the key of `length` bytes at this arena address. */
  setKey(address: number, length: number): void {
    this.#keyAddress = address;
    this.#keyLength = length;
  }

  /** Begins a command of so many words, its name among them; `name` as `bulkOf` made it. */
  begin(words: number, name: Uint8Array): void {
    this.#head(ARRAY, words);
    this.word(name);
  }

  /** A word as `bulkOf` made it. */
  word(bulk: Uint8Array): void {
    this.plain(bulk);
  }

  /** Bytes as they are, fewer than a chunk has. */
  plain(source: Uint8Array): void {
    const chunks = this.#chunks;
    const { length } = source;
    chunks.room(length);
    const { bytes, position } = chunks;
    for (let at = 0; at < length; at++) bytes[position + at] = source[at];
    chunks.position = position + length;
  }

  key(): void {
    this.arenaBulk(this.#keyAddress, this.#keyLength);
  }

  /** A word of `length` bytes at an arena address. */
  arenaBulk(address: number, length: number): void {
    const chunks = this.#chunks;
    this.#head(BULK, length, Math.min(length, WHOLE_BYTES_MAX) + LINE_END_BYTES);
    if (length <= WHOLE_BYTES_MAX) {
      this.reader.copyOut(address, length, chunks.bytes, chunks.position);
      chunks.position += length;
    } else {
      chunks.arenaBytes(this.reader, address, length);
      chunks.room(LINE_END_BYTES);
    }
    this.#lineEnd();
  }

  /** A word of the bytes `source[start, end)`. */
  bulk(source: Uint8Array, start: number, end: number): void {
    const chunks = this.#chunks;
    const length = end - start;
    this.#head(BULK, length, Math.min(length, WHOLE_BYTES_MAX) + LINE_END_BYTES);
    if (length <= LOOP_BYTES_MAX) {
      const { bytes, position } = chunks;
      for (let at = 0; at < length; at++) bytes[position + at] = source[start + at];
      chunks.position = position + length;
    } else {
      chunks.raw(source, start, end);
      chunks.room(LINE_END_BYTES);
    }
    this.#lineEnd();
  }

  /** A whole number of at most 53 bits. */
  integer(value: number): void {
    const chunks = this.#chunks;
    const length = integerTextBytes(value);
    this.#head(BULK, length, length + LINE_END_BYTES);
    chunks.position = formatInteger(chunks.bytes, chunks.position, value);
    this.#lineEnd();
  }

  /** A score with 17 digits, as C's %.17g. */
  double(value: number): void {
    if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) this.integer(value);
    else this.bulk(this.#text, 0, formatDouble17(this.#text, 0, value));
  }

  streamId(id: StreamId): void {
    this.bulk(this.#text, 0, id.format(this.#text, 0));
  }

  /** So many items follow, in commands `name key item...`: call `nextItem` before each, then write its words. */
  items(name: Uint8Array, count: number, wordsPerItem: number): void {
    this.#name = name;
    this.#wordsPerItem = wordsPerItem;
    this.#itemsLeft = count;
    this.#itemsInCommand = 0;
  }

  nextItem(): void {
    if (this.#itemsInCommand === 0) {
      const count = Math.min(this.#itemsLeft, ITEMS_PER_COMMAND);
      this.#itemsLeft -= count;
      this.#itemsInCommand = count;
      this.pollCancelled();
      this.begin(2 + count * this.#wordsPerItem, this.#name);
      this.key();
    }
    this.#itemsInCommand--;
  }

  /** Sign, number and line end; `more` bytes after them will fit too. */
  #head(sign: number, value: number, more = 0): void {
    const chunks = this.#chunks;
    chunks.room(HEAD_BYTES_MAX + more);
    const { bytes } = chunks;
    let at = chunks.position;
    bytes[at++] = sign;
    if (value < 10) bytes[at++] = ZERO + value;
    else at = formatInteger(bytes, at, value);
    bytes[at++] = CR;
    bytes[at++] = LF;
    chunks.position = at;
  }

  #lineEnd(): void {
    const chunks = this.#chunks;
    const { bytes, position } = chunks;
    bytes[position] = CR;
    bytes[position + 1] = LF;
    chunks.position = position + LINE_END_BYTES;
  }
}
