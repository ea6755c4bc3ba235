// Which encoding name a string value has: int, embstr or raw. Called once a SET, so it looks at bytes only.
import { ENCODING_EMBSTR, ENCODING_INT, ENCODING_RAW } from "./entry_layout.ts";

const EMBSTR_BYTES_MAX = 44;
const INT64_DIGITS_MAX = 19;
const INT64_MAX = new TextEncoder().encode("9223372036854775807");

/** The encoding `OBJECT ENCODING` tells for a freshly set value. */
export function encodingOfString(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= INT64_DIGITS_MAX + 1 && isCanonicalInt64(bytes, start, end)) return ENCODING_INT;
  return length <= EMBSTR_BYTES_MAX ? ENCODING_EMBSTR : ENCODING_RAW;
}

/** True where the bytes are the decimal form that the int64 itself would print as: no plus, no zeros in front, no "-0". */
function isCanonicalInt64(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (at === end) return false;
  const negative = bytes[at] === 45;
  if (negative) at++;
  const digits = end - at;
  if (digits < 1 || digits > INT64_DIGITS_MAX) return false;
  const first = bytes[at];
  if (first === 48) return digits === 1 && !negative;
  for (let i = at; i < end; i++) {
    const c = bytes[i];
    if (c < 48 || c > 57) return false;
  }
  if (digits < INT64_DIGITS_MAX) return true;
  for (let i = 0; i < INT64_DIGITS_MAX; i++) {
    const c = bytes[at + i];
    const limit = INT64_MAX[i] + (negative && i === INT64_DIGITS_MAX - 1 ? 1 : 0);
    if (c !== limit) return c < limit;
  }
  return true;
}
