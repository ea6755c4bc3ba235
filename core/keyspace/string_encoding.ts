// Which encoding name a string value has: int, embstr or raw. Called once a SET, so it looks at bytes only.
import { isInt64 } from "../bytes/integer.ts";
import { ENCODING_EMBSTR, ENCODING_INT, ENCODING_RAW } from "./entry_layout.ts";

const EMBSTR_BYTES_MAX = 44;
const INT64_TEXT_BYTES_MAX = 20;

/** The encoding `OBJECT ENCODING` tells for a freshly set value. */
export function encodingOfString(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= INT64_TEXT_BYTES_MAX && isInt64(bytes, start, end)) return ENCODING_INT;
  return length <= EMBSTR_BYTES_MAX ? ENCODING_EMBSTR : ENCODING_RAW;
}
