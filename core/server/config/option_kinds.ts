// The ordinary kinds of options: yes/no, numbers with a range, memory sizes, enumerations, texts. The option table calls
// these; formats and error words are those of Valkey's CONFIG commands.
import { BadValue, type Option, type OptionFacts, type RewriteLine } from "./option.ts";
import { quote } from "../../bytes/quoted_words.ts";

export const INT_MAX = 2 ** 31 - 1;
export const INT_MIN = -(2 ** 31);
export const UINT_MAX = 2 ** 32 - 1;
/** 2^63 - 1 and 2^64 - 1: a number cannot hold them, so they become the next power of two and print clamped. */
export const LONG_MAX = 2 ** 63;
export const ULONG_MAX = 2 ** 64;

const INT64_MAX_TEXT = 2n ** 63n - 1n;
const UINT64_MAX_TEXT = 2n ** 64n - 1n;

const MEMORY_UNITS: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

interface Range {
  min: number;
  max: number;
}

export function yesNo(facts: OptionFacts & { default: boolean }): Option<boolean> {
  return {
    ...facts,
    multiple: false,
    accepts: "yes or no",
    parse(words) {
      const word = words[0].toLowerCase();
      if (word === "yes") return true;
      if (word === "no") return false;
      return new BadValue("argument must be 'yes' or 'no'");
    },
    format: yesOrNo,
    rewrite: (value) => [{ text: yesOrNo(value), force: value !== facts.default }],
  };
}

/** `clamp`: values in range but outside the clamp are accepted and moved to its border. */
export function integer(
  facts: OptionFacts & { default: number } & Range & { clamp?: Range },
): Option<number> {
  return {
    ...facts,
    multiple: false,
    accepts: `a whole number, ${rangeWords(facts)}`,
    parse(words) {
      const value = parseWhole(words[0]);
      if (value === undefined) return new BadValue("argument couldn't be parsed into an integer");
      const checked = inRange(value, facts);
      if (typeof checked !== "number" || facts.clamp === undefined) return checked;
      return Math.min(facts.clamp.max, Math.max(facts.clamp.min, checked));
    },
    format: (value) => wholeText(value),
    rewrite: (value) => [{ text: wholeText(value), force: value !== facts.default }],
  };
}

/** One of a few whole numbers. */
export function integerChoice<const N extends number>(
  choices: readonly N[],
  facts: OptionFacts & { default: N },
): Option<N> {
  const names = choices.join(", ");
  return {
    ...facts,
    multiple: false,
    accepts: choices.join(" | "),
    parse(words) {
      for (const choice of choices) if (String(choice) === words[0]) return choice;
      return new BadValue(`argument(s) must be one of the following: ${names}`);
    },
    format: (value) => String(value),
    rewrite: (value) => [{ text: String(value), force: value !== facts.default }],
  };
}

/** Permission bits in octal. */
export function octal(facts: OptionFacts & { default: number } & Range): Option<number> {
  return {
    ...facts,
    multiple: false,
    accepts: `an octal number from ${facts.min.toString(8)} to ${facts.max.toString(8)}`,
    parse(words) {
      if (!/^\s*[+-]?[0-7]{1,20}$/.test(words[0])) {
        return new BadValue("argument couldn't be parsed as an octal number");
      }
      const value = parseInt(words[0], 8);
      if (value >= facts.min && value <= facts.max) return value;
      return new BadValue(
        `argument must be between ${facts.min.toString(8)} and ${facts.max.toString(8)} inclusive`,
      );
    },
    format: (value) => value.toString(8),
    rewrite: (value) => [{ text: value.toString(8), force: value !== facts.default }],
  };
}

/** Bytes, with units: `1k` is 1000, `1kb` is 1024. */
export function memory(facts: OptionFacts & { default: number } & Range): Option<number> {
  return {
    ...facts,
    multiple: false,
    accepts: `bytes, with or without a unit (1k, 1kb, 1m, 1mb, 1g, 1gb), ${rangeWords(facts)}`,
    parse(words) {
      const value = parseMemory(words[0]);
      return value === undefined ? new BadValue("argument must be a memory value") : inRange(value, facts);
    },
    format: (value) => wholeText(value),
    rewrite: (value) => [{ text: memoryText(value), force: value !== facts.default }],
  };
}

/** Bytes as `memory`, or a percentage, which is stored as a negative number (-75 is 75%). */
export function memoryOrPercent(
  facts: OptionFacts & { default: number; percentMax: number; max: number },
): Option<number> {
  const text = (value: number) => value < 0 ? `${-value}%` : undefined;
  return {
    ...facts,
    multiple: false,
    accepts: `bytes, with or without a unit (512mb, 1gb), or 0% to ${facts.percentMax}%`,
    parse(words) {
      const value = parseMemory(words[0]);
      if (value !== undefined) return inRange(value, { min: 0, max: facts.max });
      const percent = words[0].endsWith("%") ? parseWhole(words[0].slice(0, -1)) : undefined;
      if (percent === undefined || percent < 0n) {
        return new BadValue("argument must be a memory or percent value");
      }
      if (percent > BigInt(facts.percentMax)) {
        return new BadValue(`percentage argument must be less or equal to ${facts.percentMax}`);
      }
      return percent === 0n ? 0 : -Number(percent);
    },
    format: (value) => text(value) ?? wholeText(value),
    rewrite: (value) => [{ text: text(value) ?? memoryText(value), force: value !== facts.default }],
  };
}

/** `sameAs`: accepted words that mean another one of the names (`relative` is `yes`). */
export function enumeration<const E extends string>(
  names: readonly E[],
  facts: OptionFacts & { default: NoInfer<E>; sameAs?: Readonly<Record<string, E>> },
): Option<E> {
  return {
    ...facts,
    multiple: false,
    accepts: names.join(" | "),
    parse(words) {
      return enumerationMember(names, words[0], facts.sameAs) ?? notOneOf(names);
    },
    format: (value) => value,
    rewrite: (value) => [{ text: value, force: value !== facts.default }],
  };
}

/** Several names at once; the first name is the empty set. `excludes`: pairs that contradict each other. */
export function flagSet<const E extends string>(
  names: readonly E[],
  facts: OptionFacts & { excludes?: { pair: readonly [E, E]; reason: string } },
): Option<readonly E[]> {
  const none = names[0];
  const text = (value: readonly E[]) => value.length === 0 ? none : value.join(" ");
  return {
    ...facts,
    default: [],
    multiple: true,
    accepts: `one or more of ${names.join(" ")}`,
    parse(words) {
      if (words.length === 0) return notOneOf(names);
      const found = new Set<E>();
      for (const word of words) {
        const member = enumerationMember(names, word);
        if (member === undefined) return notOneOf(names);
        if (member !== none) found.add(member);
      }
      const excludes = facts.excludes;
      if (excludes !== undefined && excludes.pair.every((name) => found.has(name))) {
        return new BadValue(excludes.reason);
      }
      return names.filter((name) => found.has(name));
    },
    format: text,
    rewrite: (value) => [{ text: text(value), force: value.length > 0 }],
  };
}

/**
 * `unsetWhenEmpty`: the empty text means "not set", and CONFIG REWRITE then removes the line. `check` returns why a
 * text is not acceptable.
 */
export function text(
  facts: OptionFacts & {
    default: string;
    unsetWhenEmpty?: true;
    accepts?: string;
    check?: (value: string) => string | undefined;
  },
): Option<string> {
  return {
    ...facts,
    multiple: false,
    accepts: facts.accepts ?? "a text",
    parse(words) {
      const reason = facts.check?.(words[0]);
      return reason === undefined ? words[0] : new BadValue(reason);
    },
    format: (value) => value,
    rewrite(value): RewriteLine[] {
      if (facts.unsetWhenEmpty && value === "") return [];
      return [{ text: quote(value), force: value !== facts.default }];
    },
  };
}

/** Bytes of a memory size, or undefined. Beyond 64 bits it is clamped, as the C library does. */
export function parseMemory(word: string): bigint | undefined {
  const match = /^(\d{0,127})(b|kb?|mb?|gb?)?$/i.exec(word);
  if (match === null) return undefined;
  const bytes = BigInt(match[1]) * MEMORY_UNITS[(match[2] ?? "").toLowerCase()];
  return bytes > UINT64_MAX_TEXT ? UINT64_MAX_TEXT : bytes;
}

/** A size in the largest unit that divides it, which `parseMemory` reads back. */
export function memoryText(bytes: number): string {
  for (const [unit, size] of [["gb", 1024 ** 3], ["mb", 1024 ** 2], ["kb", 1024]] as const) {
    if (bytes !== 0 && bytes < Number.MAX_SAFE_INTEGER && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return wholeText(bytes);
}

/** The value of a strictly written 64-bit integer (no plus, no leading zero, no space), or undefined. */
export function parseWhole(word: string): bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(word)) return undefined;
  const value = BigInt(word);
  return value > INT64_MAX_TEXT || value < -INT64_MAX_TEXT - 1n ? undefined : value;
}

/** Digits of a number that stands for a 64-bit integer; beyond 2^53 it may have been rounded. */
function wholeText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const whole = BigInt(value);
  if (value === LONG_MAX) return String(INT64_MAX_TEXT);
  return String(whole > UINT64_MAX_TEXT ? UINT64_MAX_TEXT : whole);
}

function inRange(value: bigint, range: Range): number | BadValue {
  const number = Number(value);
  if (number >= range.min && number <= range.max && (range.max !== LONG_MAX || value <= INT64_MAX_TEXT)) {
    return number;
  }
  return new BadValue(
    `argument must be between ${wholeText(range.min)} and ${wholeText(range.max)} inclusive`,
  );
}

function rangeWords(range: Range): string {
  const open = range.max >= Number.MAX_SAFE_INTEGER;
  return open ? `${wholeText(range.min)} or more` : `${wholeText(range.min)} to ${wholeText(range.max)}`;
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}

function enumerationMember<E extends string>(
  names: readonly E[],
  word: string,
  sameAs: Readonly<Record<string, E>> = {},
): E | undefined {
  const lower = word.toLowerCase();
  for (const name of names) if (name === lower) return name;
  return Object.hasOwn(sameAs, lower) ? sameAs[lower] : undefined;
}

function notOneOf(names: readonly string[]): BadValue {
  return new BadValue(`argument(s) must be one of the following: ${names.join(", ")}`);
}
