// The option words of HSETEX and HGETEX, up to the word FIELDS. Parsed into one reused object.
import type { Arguments } from "../../core/protocol/arguments.ts";

export const OPTION_NX = 1 << 0;
export const OPTION_XX = 1 << 1;
export const OPTION_FNX = 1 << 2;
export const OPTION_FXX = 1 << 3;
export const OPTION_EX = 1 << 4;
export const OPTION_PX = 1 << 5;
export const OPTION_EXAT = 1 << 6;
export const OPTION_PXAT = 1 << 7;
export const OPTION_KEEPTTL = 1 << 8;
export const OPTION_PERSIST = 1 << 9;

/** The options that carry a time. */
export const OPTIONS_EXPIRE = OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT;
const OPTIONS_KEY = OPTION_NX | OPTION_XX;
const OPTIONS_FIELD = OPTION_FNX | OPTION_FXX;
const OPTIONS_TTL = OPTIONS_EXPIRE | OPTION_KEEPTTL | OPTION_PERSIST;

const WORDS: Record<string, number> = {
  nx: OPTION_NX,
  xx: OPTION_XX,
  fnx: OPTION_FNX,
  fxx: OPTION_FXX,
  ex: OPTION_EX,
  px: OPTION_PX,
  exat: OPTION_EXAT,
  pxat: OPTION_PXAT,
  keepttl: OPTION_KEEPTTL,
  persist: OPTION_PERSIST,
};

/** Options of the last parsed command; valid until the next parse. */
export const parsed = {
  /** OPTION_ bits. */
  options: 0,
  /** Index of the argument with the time, where one of OPTIONS_EXPIRE is set. */
  expireIndex: 0,
};

/** Parses the options of HSETEX in arguments 2 to `end`; false on a syntax error. */
export function parseSetOptions(args: Arguments, end: number): boolean {
  return parse(args, end, OPTIONS_KEY | OPTIONS_FIELD | OPTIONS_EXPIRE | OPTION_KEEPTTL);
}

/** Parses the options of HGETEX likewise. */
export function parseGetOptions(args: Arguments, end: number): boolean {
  return parse(args, end, OPTIONS_EXPIRE | OPTION_PERSIST);
}

/** Milliseconds in the unit of the parsed time. */
export function parsedUnitMilliseconds(): number {
  return (parsed.options & (OPTION_EX | OPTION_EXAT)) !== 0 ? 1000 : 1;
}

/** Whether the parsed time counts from now. */
export function isParsedTimeRelative(): boolean {
  return (parsed.options & (OPTION_EX | OPTION_PX)) !== 0;
}

function parse(args: Arguments, end: number, allowed: number): boolean {
  parsed.options = 0;
  for (let index = 2; index < end; index++) {
    const option = optionAt(args, index) & allowed;
    if (option === 0 || conflicts(option, parsed.options)) return false;
    if ((option & OPTIONS_EXPIRE) !== 0) {
      if (++index === end) return false;
      parsed.expireIndex = index;
    }
    parsed.options |= option;
  }
  return true;
}

/** At most one word of a kind; repeating the same word is allowed. */
function conflicts(option: number, earlier: number): boolean {
  const others = earlier & ~option;
  if ((option & OPTIONS_KEY) !== 0) return (others & OPTIONS_KEY) !== 0;
  if ((option & OPTIONS_FIELD) !== 0) return (others & OPTIONS_FIELD) !== 0;
  return (others & OPTIONS_TTL) !== 0;
}

function optionAt(args: Arguments, index: number): number {
  for (const word in WORDS) {
    if (args.is(index, word)) return WORDS[word];
  }
  return 0;
}
