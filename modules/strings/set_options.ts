// The option words of SET and GETEX. Parsed into one reused object, so that a SET with options allocates nothing either.
import type { Arguments } from "../../core/protocol/arguments.ts";

export const OPTION_NX = 1 << 0;
export const OPTION_XX = 1 << 1;
export const OPTION_IFEQ = 1 << 2;
export const OPTION_GET = 1 << 3;
export const OPTION_EX = 1 << 4;
export const OPTION_PX = 1 << 5;
export const OPTION_EXAT = 1 << 6;
export const OPTION_PXAT = 1 << 7;
export const OPTION_KEEPTTL = 1 << 8;
export const OPTION_PERSIST = 1 << 9;

/** The options that carry a time. */
export const OPTIONS_EXPIRE = OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT;
const OPTIONS_CONDITION = OPTION_NX | OPTION_XX | OPTION_IFEQ;
const OPTIONS_TTL = OPTIONS_EXPIRE | OPTION_KEEPTTL | OPTION_PERSIST;

/** Options of the last parsed command; valid until the next parse. */
export const parsed = {
  /** OPTION_ bits. */
  options: 0,
  /** Index of the argument with the time, where one of OPTIONS_EXPIRE is set. */
  expireIndex: 0,
  /** Index of the argument to compare with, where OPTION_IFEQ is set. */
  compareIndex: 0,
};

/** Parses the options of SET from argument 3 on; false on a syntax error. */
export function parseSetOptions(args: Arguments): boolean {
  return parse(args, 3, OPTIONS_CONDITION | OPTION_GET | OPTION_KEEPTTL | OPTIONS_EXPIRE);
}

/** Parses the options of MSETEX from argument `from` on; false on a syntax error. */
export function parseManyOptions(args: Arguments, from: number): boolean {
  return parse(args, from, OPTION_NX | OPTION_XX | OPTION_KEEPTTL | OPTIONS_EXPIRE);
}

/** Parses the options of GETEX from argument 2 on; false on a syntax error. */
export function parseGetOptions(args: Arguments): boolean {
  return parse(args, 2, OPTIONS_EXPIRE | OPTION_PERSIST);
}

/** Milliseconds in the unit of the parsed time. */
export function parsedUnitMilliseconds(): number {
  return (parsed.options & (OPTION_EX | OPTION_EXAT)) !== 0 ? 1000 : 1;
}

function parse(args: Arguments, from: number, allowed: number): boolean {
  parsed.options = 0;
  for (let index = from; index < args.count; index++) {
    const option = optionAt(args, index) & allowed;
    if (option === 0 || conflicts(option, parsed.options)) return false;
    if ((option & (OPTIONS_EXPIRE | OPTION_IFEQ)) !== 0) {
      if (++index === args.count) return false;
      if (option === OPTION_IFEQ) parsed.compareIndex = index;
      else parsed.expireIndex = index;
    }
    parsed.options |= option;
  }
  return true;
}

/** At most one condition and one word about the time; repeating the same word is allowed, but not of IFEQ. */
function conflicts(option: number, earlier: number): boolean {
  if (option === OPTION_IFEQ) return (earlier & OPTIONS_CONDITION) !== 0;
  if ((option & OPTIONS_CONDITION) !== 0) return (earlier & OPTIONS_CONDITION & ~option) !== 0;
  if ((option & OPTIONS_TTL) !== 0) return (earlier & OPTIONS_TTL & ~option) !== 0;
  return false;
}

function optionAt(args: Arguments, index: number): number {
  switch (args.length(index)) {
    case 2:
      if (args.is(index, "ex")) return OPTION_EX;
      if (args.is(index, "px")) return OPTION_PX;
      if (args.is(index, "nx")) return OPTION_NX;
      return args.is(index, "xx") ? OPTION_XX : 0;
    case 3:
      return args.is(index, "get") ? OPTION_GET : 0;
    case 4:
      if (args.is(index, "exat")) return OPTION_EXAT;
      if (args.is(index, "pxat")) return OPTION_PXAT;
      return args.is(index, "ifeq") ? OPTION_IFEQ : 0;
    case 7:
      if (args.is(index, "keepttl")) return OPTION_KEEPTTL;
      return args.is(index, "persist") ? OPTION_PERSIST : 0;
    default:
      return 0;
  }
}
