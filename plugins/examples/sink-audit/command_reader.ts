// Takes commands out of the stream of changes, wherever the stream is cut: RESP arrays of bulk strings.

/** `words` are valid until it returns. */
export type Visit = (offset: number, bytes: number, words: Uint8Array[]) => void;

const CR = 13;
const DIGIT_0 = 48;

export class CommandReader {
  /** What has come of a command that is not complete, and perhaps of more. */
  private buffer = new Uint8Array(64 * 1024);
  private length = 0;
  private at = 0;

  /** Calls `visit` for each command that is complete now. `offset`: of the first of these bytes in the stream. */
  push(bytes: Uint8Array, offset: number, visit: Visit): void {
    const begin = offset - this.length;
    this.append(bytes);
    let done = 0;
    for (let words = this.next(done); words !== null; words = this.next(done)) {
      visit(begin + done, this.at - done, words);
      done = this.at;
    }
    this.buffer.copyWithin(0, done, this.length);
    this.length -= done;
  }

  /** The rest of the command that was begun will not come. */
  reset(): void {
    this.length = 0;
  }

  private append(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(needed * 2);
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length = needed;
  }

  /** The command that begins at `start`, with `at` behind it; null where it is not complete. */
  private next(start: number): Uint8Array[] | null {
    this.at = start;
    const words: Uint8Array[] = [];
    let left = this.number();
    for (; left > 0; left--) {
      const length = this.number();
      const end = this.at + length;
      if (length < 0 || end + 2 > this.length) return null;
      words.push(this.buffer.subarray(this.at, end));
      this.at = end + 2;
    }
    return left < 0 ? null : words;
  }

  /** The number behind a sign, up to the end of its line; -1 where that has not come yet. */
  private number(): number {
    let value = 0;
    for (let at = this.at + 1; at + 1 < this.length; at++) {
      if (this.buffer[at] === CR) {
        this.at = at + 2;
        return value;
      }
      value = value * 10 + this.buffer[at] - DIGIT_0;
    }
    return -1;
  }
}
