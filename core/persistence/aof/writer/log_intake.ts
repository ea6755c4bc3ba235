// The loop's end of the way to the log: appends to the ring, and keeps in memory of the loop what the ring has no room
// for, so that nothing waits and nothing is dropped. Both writers have one. Hot path: append, publish.
import type { LogRing } from "./log_ring.ts";

const SPILL_BYTES_MIN = 64 * 1024;

/** One piece that the ring had no room for. `bytes` is a path where it opens a file, `offset` its size then. */
interface SpilledPiece {
  opens: boolean;
  bytes: Uint8Array;
  length: number;
  offset: number;
}

const textEncoder = new TextEncoder();

export class LogIntake {
  /** Bytes ever appended. */
  appendedBytes = 0;
  /** The stream's position behind what was appended last. */
  offset: number;
  #spilled: SpilledPiece[] = [];
  /** The first piece that is still to go to the ring. */
  #first = 0;

  constructor(private readonly ring: LogRing, offset: number) {
    this.offset = offset;
  }

  append(bytes: Uint8Array, offset: number): void {
    this.appendedBytes += bytes.length;
    this.offset = offset;
    if (this.hasSpilled) return this.#spill(bytes, 0, offset);
    const { pieceBytesMax } = this.ring;
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + pieceBytesMax);
      if (!this.ring.tryAppend(bytes, start, end, offset - (bytes.length - end))) {
        return this.#spill(bytes, start, offset);
      }
      start = end;
    }
  }

  open(path: string, size: number): void {
    const bytes = textEncoder.encode(path);
    if (!this.hasSpilled && this.ring.tryOpen(bytes, size)) return;
    this.#spilled.push({ opens: true, bytes, length: bytes.length, offset: size });
  }

  /** Lets the other side see what was appended. */
  publish(): void {
    if (this.hasSpilled) this.#refill();
    this.ring.publish();
  }

  get hasSpilled(): boolean {
    return this.#first < this.#spilled.length;
  }

  // Pieces are filled up to the longest that the ring takes at once.
  #spill(bytes: Uint8Array, start: number, offset: number): void {
    const { pieceBytesMax } = this.ring;
    while (start < bytes.length) {
      let piece = this.#spilled.at(-1);
      if (piece === undefined || piece.opens || piece.length === pieceBytesMax || !this.hasSpilled) {
        const size = Math.min(pieceBytesMax, Math.max(SPILL_BYTES_MIN, bytes.length - start));
        piece = { opens: false, bytes: new Uint8Array(size), length: 0, offset: 0 };
        this.#spilled.push(piece);
      }
      const wanted = Math.min(pieceBytesMax, piece.length + bytes.length - start);
      if (wanted > piece.bytes.length) {
        const grown = new Uint8Array(Math.min(pieceBytesMax, Math.max(wanted, piece.bytes.length * 2)));
        grown.set(piece.bytes.subarray(0, piece.length));
        piece.bytes = grown;
      }
      const end = start + wanted - piece.length;
      piece.bytes.set(bytes.subarray(start, end), piece.length);
      piece.length = wanted;
      piece.offset = offset - (bytes.length - end);
      start = end;
    }
  }

  #refill(): void {
    for (; this.hasSpilled; this.#first++) {
      const { opens, bytes, length, offset } = this.#spilled[this.#first];
      const isTaken = opens
        ? this.ring.tryOpen(bytes.subarray(0, length), offset)
        : this.ring.tryAppend(bytes, 0, length, offset);
      if (!isTaken) break;
    }
    if (!this.hasSpilled) {
      this.#spilled = [];
      this.#first = 0;
    } else if (this.#first > 64) {
      this.#spilled.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
