// Glob patterns over bytes: `*`, `?`, `[a-z]`, `[^x]` and `\x`, with the matcher's rules that clients of KEYS, SCAN,
// PSUBSCRIBE, CONFIG GET and ACL rules know. Allocates nothing. The corner cases (an open `[`, a reversed
// range, bytes above 127 compared as signed) are part of the contract: the interop test holds them to a real server.
import { toLowerByte } from "./ascii.ts";

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/** A pattern that nests deeper (more stars than this that all still hope) matches nothing. */
const NESTING_MAX = 1000;

/**
 * Set when the rest of a pattern after some `*` was tried at every later position of the text and failed. Then no
 * earlier `*` can win by eating more, so all of them give up: matching stays polynomial.
 */
let skipLongerMatches = false;

/** Whether the whole text matches the whole pattern. An empty text matches only an empty pattern. */
export function matchGlob(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
): boolean {
  skipLongerMatches = false;
  return match(pattern, patternStart, patternEnd, text, textStart, textEnd, 0, 0);
}

/** As `matchGlob`, ignoring ASCII case (except of an escaped character inside brackets, which is exact). */
export function matchGlobIgnoringCase(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
): boolean {
  skipLongerMatches = false;
  return match(pattern, patternStart, patternEnd, text, textStart, textEnd, 1, 0);
}

/** Whether the pattern is exactly `*`, which callers may answer without matching. */
export function isMatchAll(pattern: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && pattern[start] === STAR;
}

function match(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
  fold: number,
  nesting: number,
): boolean {
  if (nesting > NESTING_MAX) return false;
  let p = patternStart;
  let t = textStart;
  while (p < patternEnd && t < textEnd) {
    const symbol = pattern[p];
    if (symbol === STAR) {
      while (p + 1 < patternEnd && pattern[p + 1] === STAR) p++;
      if (p + 1 === patternEnd) return true;
      for (; t < textEnd; t++) {
        if (match(pattern, p + 1, patternEnd, text, t, textEnd, fold, nesting + 1)) return true;
        if (skipLongerMatches) return false;
      }
      skipLongerMatches = true;
      return false;
    }
    if (symbol === OPEN) {
      p = matchSet(pattern, p + 1, patternEnd, text[t], fold);
      if (p < 0) return false;
    } else if (symbol === QUESTION) {
      p++;
    } else {
      if (symbol === BACKSLASH && p + 1 < patternEnd) p++;
      const wanted = pattern[p];
      const found = text[t];
      if (wanted !== found && (fold === 0 || toLowerByte(wanted) !== toLowerByte(found))) return false;
      p++;
    }
    t++;
    if (t === textEnd) {
      while (p < patternEnd && pattern[p] === STAR) p++;
      break;
    }
  }
  return p === patternEnd && t === textEnd;
}

/**
 * Tests one byte against a bracket set whose first byte after `[` is at `start`.
 * Returns the offset behind the set, or -1 when the byte is not in it. A set without `]` ends with the pattern.
 */
function matchSet(pattern: Uint8Array, start: number, end: number, found: number, fold: number): number {
  let p = start;
  let negated = false;
  if (p < end && pattern[p] === CARET) {
    negated = true;
    p++;
  }
  let matched = false;
  while (p < end && pattern[p] !== CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      p++;
      if (pattern[p] === found) matched = true;
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      if (isInRange(pattern[p], pattern[p + 2], found, fold)) matched = true;
      p += 2;
    } else if (pattern[p] === found || (fold !== 0 && toLowerByte(pattern[p]) === toLowerByte(found))) {
      matched = true;
    }
    p++;
  }
  if (matched === negated) return -1;
  return p < end ? p + 1 : end;
}

/** Ranges compare signed bytes and are put in order before their case is folded. */
function isInRange(from: number, to: number, found: number, fold: number): boolean {
  let low = signed(from);
  let high = signed(to);
  let value = signed(found);
  if (low > high) {
    const swap = low;
    low = high;
    high = swap;
  }
  if (fold !== 0) {
    low = toLowerByte(low);
    high = toLowerByte(high);
    value = toLowerByte(value);
  }
  return value >= low && value <= high;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
