// A client's reply bytes on their way to the socket, addressed by absolute positions since the connection began.
// The reply writer stores into the open chunk; chunks that are full are sealed into a queue. Core/net's Client
// takes spans from the front and reports what was written. Bytes below `end` never change and never move while a
// write is in flight: appending goes behind them, and a chunk that must grow is copied, not reused.
import { OutputSink } from "../protocol/output_sink.ts";

/** Chunks grow by doubling up to this size, then they are sealed and the next one is begun. */
export const CHUNK_BYTES = 64 * 1024;
const FIRST_CHUNK_BYTES = 1024;
const NO_BYTES = new Uint8Array(0);

interface SealedChunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Absolute position of the chunk's first byte. */
  readonly base: number;
  /** Used bytes. */
  readonly length: number;
}

export class OutputBuffer extends OutputSink {
  /** Absolute position up to which the socket has taken the bytes. */
  sent = 0;
  /**
   * Absolute position; bytes at or behind it are not given to the socket. Infinity = no limit. It takes nothing
   * back: set it to the position of a reply in the turn that writes the reply, then move it forward.
   */
  limit = Infinity;
  /** Largest size of the open chunk since `resetPeak()` (`rbp` of CLIENT LIST). */
  chunkPeak = 0;
  /** Sealed chunks are thrown away: the client is to be closed, and a long command still writes. */
  dropsSealed = false;
  /** Called when a chunk was sealed: the place to check client-output-buffer-limit inside a long command. */
  onSealed: (() => void) | null = null;
  /** Bytes below it were held once: that they are many is not the peer's doing. */
  #releasedEnd = 0;
  #base = 0;
  #sealed: SealedChunk[] = [];
  #sealedBytes = 0;
  /** The chunk that was sent last, kept for the next one. */
  #spare: Uint8Array<ArrayBuffer> = NO_BYTES;

  /** Absolute position of the next byte: all bytes ever appended. */
  get end(): number {
    return this.#base + this.length;
  }

  /** Bytes appended and not yet taken by the socket. */
  get pendingBytes(): number {
    return this.#base + this.length - this.sent;
  }

  /** Bytes that may be written now. */
  get sendableBytes(): number {
    const end = this.#base + this.length;
    return (this.limit < end ? this.limit : end) - this.sent;
  }

  /** Those of them that were never held back by `limit`: what tells that the peer does not read. */
  get unreadBytes(): number {
    const { sendableBytes } = this;
    return this.#releasedEnd > this.sent
      ? Math.max(0, sendableBytes - (this.#releasedEnd - this.sent))
      : sendableBytes;
  }

  /** Moves `limit` forward. */
  release(limit: number): void {
    this.limit = limit;
    this.#releasedEnd = Math.min(limit, this.end);
  }

  /** Bytes that wait behind `limit`. */
  get heldBytes(): number {
    const end = this.#base + this.length;
    return this.limit < end ? end - this.limit : 0;
  }

  /** Memory held for this buffer, bytes. */
  get memoryBytes(): number {
    return this.bytes.length + this.#sealedBytes + this.#spare.length;
  }

  /** Memory of the sealed chunks (`omem`), bytes: what client-output-buffer-limit measures beside the open chunk. */
  get sealedBytes(): number {
    return this.#sealedBytes;
  }

  /** Bytes that wait in the open chunk (`obl`). */
  get openPendingBytes(): number {
    return this.sent > this.#base ? this.#base + this.length - this.sent : this.length;
  }

  /** Number of sealed chunks (`oll`). */
  get sealedCount(): number {
    return this.#sealed.length;
  }

  /**
   * A view of the next bytes to write: at most one chunk's, none beyond `limit`. Null when there is nothing. The
   * view stays valid while replies are appended; report the outcome with `advance` before asking again.
   */
  next(): Uint8Array<ArrayBuffer> | null {
    let bytes = this.bytes;
    let base = this.#base;
    let end = base + this.length;
    if (this.#sealed.length > 0) {
      const first = this.#sealed[0];
      bytes = first.bytes;
      base = first.base;
      end = base + first.length;
    }
    if (this.limit < end) end = this.limit;
    if (end <= this.sent) return null;
    return bytes.subarray(this.sent - base, end - base);
  }

  /** The socket took `count` bytes of the view `next()` gave. */
  advance(count: number): void {
    this.sent += count;
    while (this.#sealed.length > 0 && this.sent >= this.#sealed[0].base + this.#sealed[0].length) {
      const done = this.#sealed.shift()!.bytes;
      this.#sealedBytes -= done.length;
      if (done.length === CHUNK_BYTES) this.#spare = done;
    }
    if (this.length > 0 && this.sent === this.#base + this.length && this.openMarks === 0) {
      this.#base += this.length;
      this.length = 0;
      if (this.bytes.length > CHUNK_BYTES) this.bytes = NO_BYTES;
    }
  }

  /** Ends the open chunk: what is appended next begins another. Nothing inside of a reply. */
  seal(): void {
    if (this.length > 0 && this.openMarks === 0) this.#seal();
  }

  /** Gives back the open chunk's memory beyond what the last while needed. Call it from cron on idle clients. */
  shrink(): void {
    this.#spare = NO_BYTES;
    if (this.length !== 0 || this.openMarks !== 0) return;
    if (this.bytes.length > FIRST_CHUNK_BYTES) this.bytes = NO_BYTES;
  }

  resetPeak(): void {
    this.chunkPeak = this.bytes.length;
  }

  /** Drops everything that was not sent: the connection is gone. */
  discardAll(): void {
    this.#base += this.length;
    this.length = 0;
    this.openMarks = 0;
    this.sent = this.#base;
    this.#sealed = [];
    this.#sealedBytes = 0;
    this.#spare = NO_BYTES;
    this.bytes = NO_BYTES;
  }

  /** Absolute positions go on over a clear(): what was not sent is dropped. */
  override clear(): void {
    this.discardAll();
  }

  protected override grow(count: number): void {
    if (this.openMarks > 0 || this.length + count <= CHUNK_BYTES) {
      this.growInPlace(count);
    } else {
      if (this.length > 0) this.#seal();
      this.bytes = this.#chunkFor(count);
    }
    if (this.bytes.length > this.chunkPeak) this.chunkPeak = this.bytes.length;
  }

  #chunkFor(count: number): Uint8Array<ArrayBuffer> {
    if (count > CHUNK_BYTES) return new Uint8Array(count);
    const spare = this.#spare;
    if (spare.length === 0) return new Uint8Array(CHUNK_BYTES);
    this.#spare = NO_BYTES;
    return spare;
  }

  #seal(): void {
    if (!this.dropsSealed) {
      this.#sealed.push({ bytes: this.bytes, base: this.#base, length: this.length });
      this.#sealedBytes += this.bytes.length;
      this.#base += this.length;
    }
    this.length = 0;
    this.bytes = NO_BYTES;
    if (this.onSealed !== null) this.onSealed();
  }
}
