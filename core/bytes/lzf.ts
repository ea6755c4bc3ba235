// LZF, the compression of RDB strings, compatible with liblzf in both directions.
// Called by the RDB encoder and decoder for each string, by lists and by the LZF codec: typed arrays, output bounded by the
// caller, no allocation per call. The decoder trusts nothing: it never reads or writes outside the given spans.

/** Farthest back a reference may point, in bytes. */
const DISTANCE_MAX = 1 << 13;
/** Longest run one reference can copy, and longest literal run. */
const REFERENCE_BYTES_MAX = 264;
const LITERAL_BYTES_MAX = 32;

const HASH_BITS = 13;
/** Positions in the hash table grow from call to call, so that it is cleared only when they would overflow. */
const POSITION_MAX = 0x3fffffff;

/** Holds the hash table that calls share; one per thread is enough. */
export class LzfCompressor {
  readonly #table = new Int32Array(1 << HASH_BITS);
  #base = 1;

  /**
   * Compresses `source[start, end)` into `target[targetStart, targetEnd)` and returns the compressed length,
   * or 0 where it does not fit. A target shorter than the source therefore means "only if it shrinks".
   */
  compress(
    source: Uint8Array,
    start: number,
    end: number,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
  ): number {
    const length = end - start;
    if (length > POSITION_MAX) return 0;
    if (this.#base > POSITION_MAX - length) {
      this.#table.fill(0);
      this.#base = 1;
    }
    const table = this.#table;
    const base = this.#base;
    // A table entry e stands for the source index e - shift; entries of earlier calls fall below start.
    const shift = base - start;
    this.#base = base + length;

    let at = start;
    let literalStart = start;
    let out = targetStart + 1; // leaves room for the control byte of the first literal run
    const matchEnd = end - 3;
    while (at < matchEnd) {
      const first = source[at] | (source[at + 1] << 8) | (source[at + 2] << 16);
      const slot = (Math.imul(first, 0x9e3779b1) >>> (32 - HASH_BITS)) & ((1 << HASH_BITS) - 1);
      const candidate = table[slot] - shift;
      table[slot] = at + shift;
      const distance = at - candidate - 1;
      if (
        candidate < start || distance >= DISTANCE_MAX || source[candidate] !== source[at] ||
        source[candidate + 1] !== source[at + 1] || source[candidate + 2] !== source[at + 2]
      ) {
        if (out >= targetEnd) return 0;
        target[out++] = source[at++];
        if (at - literalStart === LITERAL_BYTES_MAX) {
          target[out - LITERAL_BYTES_MAX - 1] = LITERAL_BYTES_MAX - 1;
          literalStart = at;
          out++;
        }
        continue;
      }

      const limit = end - at < REFERENCE_BYTES_MAX ? end - at : REFERENCE_BYTES_MAX;
      let matched = 3;
      while (matched < limit && source[candidate + matched] === source[at + matched]) matched++;

      // Close the literal run, or take back its unused control byte.
      const literals = at - literalStart;
      if (literals === 0) out--;
      else target[out - literals - 1] = literals - 1;
      // A reference takes at most three bytes, and the next run needs its control byte.
      if (out + 4 > targetEnd) return 0;
      const code = matched - 2;
      if (code < 7) {
        target[out++] = (code << 5) | (distance >>> 8);
      } else {
        target[out++] = (7 << 5) | (distance >>> 8);
        target[out++] = code - 7;
      }
      target[out++] = distance & 0xff;
      out++;

      const next = at + matched;
      // Remember the last two starts inside the match: enough to find what follows repeated runs.
      for (let k = next - 2; k < next && k < matchEnd; k++) {
        const word = source[k] | (source[k + 1] << 8) | (source[k + 2] << 16);
        table[(Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)) & ((1 << HASH_BITS) - 1)] = k + shift;
      }
      at = next;
      literalStart = next;
    }

    while (at < end) {
      if (out >= targetEnd) return 0;
      target[out++] = source[at++];
      if (at - literalStart === LITERAL_BYTES_MAX) {
        target[out - LITERAL_BYTES_MAX - 1] = LITERAL_BYTES_MAX - 1;
        literalStart = at;
        out++;
      }
    }
    const literals = at - literalStart;
    if (literals === 0) out--;
    else target[out - literals - 1] = literals - 1;
    return out - targetStart;
  }
}

/**
 * Decompresses `source[start, end)` to exactly fill `target[targetStart, targetEnd)`.
 * Returns false where the input is malformed or does not make exactly that many bytes; the target's span may then
 * hold anything, everything outside it is untouched.
 */
export function lzfDecompress(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
): boolean {
  if (start < 0 || end > source.length || targetStart < 0 || targetEnd > target.length) return false;
  let at = start;
  let out = targetStart;
  while (at < end) {
    const control = source[at++];
    if (control < LITERAL_BYTES_MAX) {
      const length = control + 1;
      if (at + length > end || out + length > targetEnd) return false;
      for (let k = 0; k < length; k++) target[out + k] = source[at + k];
      at += length;
      out += length;
      continue;
    }
    let length = control >>> 5;
    if (length === 7) {
      if (at >= end) return false;
      length += source[at++];
    }
    length += 2;
    if (at >= end) return false;
    let from = out - (((control & 0x1f) << 8) | source[at++]) - 1;
    if (from < targetStart || out + length > targetEnd) return false;
    const stop = out + length;
    while (out < stop) target[out++] = target[from++];
  }
  return out === targetEnd;
}
