// Where the bytes of a request begin that has come in the plain form: an array of bulk strings with nothing that another
// server would write differently. Such a request is propagated as it is, with one copy. Hot.
import type { Arguments } from "../../protocol/arguments.ts";

const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const ZERO = 0x30;
/** The head of the array and of its first string, at most: `*` or `$`, digits, end of line. */
const HEADS_BYTES_MIN = 8;

/**
 * The position in the arguments' buffer where their request begins; it ends two bytes behind the last argument. -1 where
 * the arguments have come in another way: inline, queued, in buffers of their own, with odd spellings of a length.
 */
export function requestStart(args: Arguments): number {
  const { count, buffer, starts, ends } = args;
  if (starts[0] < HEADS_BYTES_MIN || ends[count - 1] + 2 > buffer.length) return -1;
  let end = ends[count - 1];
  for (let index = count - 1; index >= 0; index--) {
    // Behind each argument, and then in front of it.
    if (buffer[end] !== RETURN || buffer[end + 1] !== NEWLINE) return -1;
    const start = starts[index];
    const head = headStart(buffer, start, ends[index] - start, DOLLAR);
    if (head < 0) return -1;
    if (index === 0) return headStart(buffer, head, count, ASTERISK);
    end = ends[index - 1];
    if (head !== end + 2) return -1;
  }
  return -1;
}

/** Where `sign`, the digits of `value` and an end of line begin that end at `end`; -1 where something else does. */
function headStart(buffer: Uint8Array, end: number, value: number, sign: number): number {
  if (buffer[end - 1] !== NEWLINE || buffer[end - 2] !== RETURN) return -1;
  let at = end - 3;
  let rest = value;
  do {
    const tenth = (rest / 10) | 0;
    if (at <= 0 || buffer[at] !== ZERO + rest - tenth * 10) return -1;
    rest = tenth;
    at--;
  } while (rest > 0);
  return buffer[at] === sign ? at : -1;
}
