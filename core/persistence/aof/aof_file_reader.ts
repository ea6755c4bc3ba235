// Reads an append-only file that may begin with an RDB part (a base, or a single file of old): detects it, hands the
// bytes to an RDB decoder until its end and the rest to an AofReader. Push-driven like both; the loader owns it.
import { DECODE_DONE, DECODE_TIME_UP, type RdbDecoder } from "../rdb/decoder.ts";
import { AOF_NEEDS_INPUT, AofReader } from "./aof_reader.ts";

/** `next` stopped because its time was up; call it again. */
export const AOF_TIME_UP = 4;
/** `next` came to the end of the RDB part: what it held is loaded. */
export const AOF_PREAMBLE_DONE = 5;

const MAGICS = ["REDIS", "VALKEY"];
/** Signature and version: no RDB file is shorter, nor any file that holds a command of more than a byte. */
const DETECT_BYTES = 9;

export interface AofFileReaderOptions {
  /** Bytes of the whole file, where known. */
  totalBytes?: number;
  /** Makes the decoder where the file begins with an RDB part. It does the loading itself, through its sink. */
  preamble: () => RdbDecoder;
}

/** Whether a file that begins with these bytes (nine are enough) begins with an RDB part. */
export function beginsWithRdb(bytes: Uint8Array): boolean {
  return bytes.length >= DETECT_BYTES - 1 && MAGICS.some((magic) => {
    for (let at = 0; at < magic.length; at++) if (bytes[at] !== magic.charCodeAt(at)) return false;
    return true;
  });
}

export class AofFileReader {
  /** What reads the commands: its `args`, `timestamp`, `offset`. Another one once an RDB part has ended. */
  commands: AofReader;

  readonly #options: AofFileReaderOptions;
  #decoder: RdbDecoder | null = null;
  #isDetected = false;
  #ended = false;

  constructor(options: AofFileReaderOptions) {
    this.#options = options;
    this.commands = new AofReader({ totalBytes: options.totalBytes });
  }

  /** Absolute offset behind what was read. */
  get offset(): number {
    return this.#decoder?.offset ?? this.commands.offset;
  }

  /** Room for input, to be filled from its start and then committed. */
  space(): Uint8Array {
    return this.#decoder?.space() ?? this.commands.space();
  }

  commit(count: number): void {
    if (this.#decoder !== null) this.#decoder.commit(count);
    else this.commands.commit(count);
  }

  /** Says that what was committed is all. */
  endInput(): void {
    this.#ended = true;
    if (this.#decoder !== null) this.#decoder.endInput();
    else this.commands.endInput();
  }

  /**
   * Reads on; returns one of the AOF_ numbers. `deadline` (on `performance.now`) bounds the decoding of an RDB part; a
   * command never takes long. Throws AofError, RdbError and what the decoder's sink throws.
   */
  next(deadline: number): number {
    if (!this.#isDetected) {
      const held = this.commands.held();
      if (held.length < DETECT_BYTES && !this.#ended) return AOF_NEEDS_INPUT;
      this.#isDetected = true;
      if (beginsWithRdb(held)) this.#beginDecoding(held);
    }
    const decoder = this.#decoder;
    if (decoder === null) return this.commands.next();
    const state = decoder.run(deadline);
    if (state === DECODE_TIME_UP) return AOF_TIME_UP;
    if (state !== DECODE_DONE) return AOF_NEEDS_INPUT;
    const { totalBytes } = this.#options;
    this.commands = new AofReader({ offset: decoder.offset, totalBytes });
    this.commands.feed(decoder.leftover());
    if (this.#ended) this.commands.endInput();
    this.#decoder = null;
    return AOF_PREAMBLE_DONE;
  }

  /** Gives up: a value that is half loaded is taken back. */
  abort(): void {
    this.#decoder?.abort();
  }

  #beginDecoding(held: Uint8Array): void {
    const decoder = this.#options.preamble();
    for (let at = 0; at < held.length;) {
      const space = decoder.space();
      const count = Math.min(space.length, held.length - at);
      space.set(held.subarray(at, at + count));
      decoder.commit(count);
      at += count;
    }
    if (this.#ended) decoder.endInput();
    this.#decoder = decoder;
  }
}
