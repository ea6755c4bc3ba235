// Where reply bytes go: one growable chunk that the reply writer stores into directly. The base class keeps all in
// memory (scripts, tests, internal commands); core/net's OutputBuffer seals chunks for the socket; DiscardSink
// forgets (CLIENT REPLY OFF and SKIP).

const FIRST_CHUNK_BYTES = 1024;
const NO_BYTES = new Uint8Array(0);

export class OutputSink {
  /** The chunk being filled. Writers store at `length` after `reserve()`, then advance `length`. */
  bytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** Bytes used in the chunk. */
  length = 0;
  /** Open beginArray() marks. While there is one, the chunk's content keeps its offsets and must not be sealed. */
  openMarks = 0;

  /** Makes room for `count` more bytes in the chunk. May replace `bytes`. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(count);
  }

  /** Called when the chunk has no room for `count` more bytes. */
  protected grow(count: number): void {
    this.growInPlace(count);
  }

  /** Replaces the chunk by one at least twice as large with the same content at the same offsets. */
  protected growInPlace(count: number): void {
    let capacity = this.bytes.length === 0 ? FIRST_CHUNK_BYTES : this.bytes.length * 2;
    const wanted = this.length + count;
    if (capacity < wanted) capacity = wanted;
    const grown = new Uint8Array(capacity);
    grown.set(this.length === this.bytes.length ? this.bytes : this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Forgets the content of the chunk. */
  clear(): void {
    this.length = 0;
    this.openMarks = 0;
  }

  /** A copy of what the chunk holds. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = this.bytes.slice(0, this.length);
    this.clear();
    return copy;
  }
}

/** The discarding sink gives back memory beyond this when the reply that needed it is over. */
const KEPT_DISCARD_BYTES_MAX = 64 * 1024;

/** Accepts everything and keeps nothing beyond one reply. */
export class DiscardSink extends OutputSink {
  override reserve(count: number): void {
    // Below 0: a writer was muted between a mark and its end.
    if (this.openMarks <= 0) {
      this.openMarks = 0;
      this.length = 0;
      if (this.bytes.length > KEPT_DISCARD_BYTES_MAX) this.bytes = NO_BYTES;
    }
    if (this.length + count > this.bytes.length) this.grow(count);
  }
}
