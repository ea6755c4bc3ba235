// A look at the pipelined commands that wait in a client's input buffer: where the first argument behind each command's
// name is, which for nearly all commands is a key. It only guesses, in order to fetch memory ahead; the parser proper
// decides everything. Hot and free of allocation.

/** Commands looked at in one go. */
export const WAITING_KEYS_MAX = 32;

const CR = 0x0d;
const DOLLAR = 0x24;
const STAR = 0x2a;
const ZERO = 0x30;

/** Spans of keys, filled by `find`. */
export class WaitingKeys {
  readonly starts = new Int32Array(WAITING_KEYS_MAX);
  readonly ends = new Int32Array(WAITING_KEYS_MAX);
  /** Where the number that was read last ends, behind its CRLF. */
  #after = 0;

  /** Looks through `bytes[at, length)` from the start of a command; returns how many keys were found. */
  find(bytes: Uint8Array, at: number, length: number): number {
    let count = 0;
    while (count < WAITING_KEYS_MAX && at < length && bytes[at] === STAR) {
      const words = this.#number(bytes, at + 1, length);
      if (words < 0) break;
      at = this.#after;
      for (let index = 0; index < words; index++) {
        if (at >= length || bytes[at] !== DOLLAR) return count;
        const size = this.#number(bytes, at + 1, length);
        if (size < 0) return count;
        const start = this.#after;
        at = start + size + 2;
        if (index !== 1) continue;
        if (start + size > length) return count;
        this.starts[count] = start;
        this.ends[count] = start + size;
        count++;
      }
    }
    return count;
  }

  /** The digits at `at` up to CRLF as a number, or -1; sets where the line ends. */
  #number(bytes: Uint8Array, at: number, length: number): number {
    let value = 0;
    while (at < length) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (value > 0x3fffffff) return -1;
      at++;
    }
    if (at + 1 >= length || bytes[at] !== CR) return -1;
    this.#after = at + 2;
    return value;
  }
}
