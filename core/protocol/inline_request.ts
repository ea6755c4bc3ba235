// An inline command's line, cut into arguments with the quotes and escapes that telnet users and scripts rely on. Called by
// the request parser.
import { isSpaceByte, toLowerByte } from "../bytes/ascii.ts";
import type { Arguments } from "./arguments.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;

/**
 * Splits an inline command into arguments: quotes "..." with escapes \n \r \t \b \a \xHH, quotes '...' with \'. Decodes in
 * place: an argument is never longer than its text. False when quotes are unbalanced or not followed by a space.
 */
export function splitLine(bytes: Uint8Array, start: number, end: number, args: Arguments): boolean {
  let at = start;
  for (;;) {
    while (at < end && isSpaceByte(bytes[at])) at++;
    if (at >= end) return true;
    const from = at;
    let write = at;
    let quote = 0;
    for (;;) {
      if (at >= end) {
        if (quote !== 0) return false;
        break;
      }
      const byte = bytes[at];
      if (quote !== 0) {
        if (byte === quote) {
          at++;
          if (at < end && !isSpaceByte(bytes[at])) return false;
          break;
        }
        if (byte === BACKSLASH && at + 1 < end) {
          if (quote === SINGLE_QUOTE) {
            if (bytes[at + 1] === SINGLE_QUOTE) at++;
            bytes[write++] = bytes[at++];
          } else if (isHexadecimalEscape(bytes, at, end)) {
            bytes[write++] = hexadecimal(bytes[at + 2]) * 16 + hexadecimal(bytes[at + 3]);
            at += 4;
          } else {
            bytes[write++] = unescape(bytes[at + 1]);
            at += 2;
          }
          continue;
        }
      } else if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
        quote = byte;
        at++;
        continue;
      } else if (byte === SPACE || byte === CR || byte === TAB) {
        break;
      }
      bytes[write++] = byte;
      at++;
    }
    args.add(from, write);
  }
}

function isHexadecimalEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 3 < end && bytes[at + 1] === LOWER_X && hexadecimal(bytes[at + 2]) >= 0 &&
    hexadecimal(bytes[at + 3]) >= 0;
}

/** The value of a hexadecimal digit, or -1. */
function hexadecimal(byte: number): number {
  if (byte >= ZERO && byte <= ZERO + 9) return byte - ZERO;
  const lower = toLowerByte(byte);
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function unescape(byte: number): number {
  switch (byte) {
    case 0x6e:
      return LF;
    case 0x72:
      return CR;
    case 0x74:
      return TAB;
    case 0x62:
      return 0x08;
    case 0x61:
      return 0x07;
    default:
      return byte;
  }
}
