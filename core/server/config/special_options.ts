// Options with a grammar of their own: save points, output buffer limits, addresses, the working directory, event
// classes and lists. The option table uses them; `values` holds what parse returns.
import { BadValue, type Option, type OptionFacts } from "./option.ts";
import { memoryText, parseMemory } from "./option_kinds.ts";
import { quote } from "../../bytes/quoted_words.ts";

/** Save when `seconds` passed and at least `changes` keys changed. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** A client is closed over `hardBytes`, or over `softBytes` for `softSeconds` without a break. 0 = no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit;
  readonly replica: OutputBufferLimit;
  readonly pubsub: OutputBufferLimit;
}

/** Where a replica finds its primary. */
export interface PrimaryAddress {
  readonly host: string;
  readonly port: number;
}

const BIND_ADDRESSES_MAX = 16;
const CLASSES = ["normal", "replica", "pubsub"] as const;
/** CONFIG GET keeps the word of old clients. */
const CLASS_WORDS = { normal: "normal", replica: "slave", pubsub: "pubsub" } as const;
/** All classes but `m` (key misses) and `n` (new keys), which `A` does not mean. */
const EVENTS_OF_A = "g$lshzxetd";
const EVENTS_BESIDE_A = "KEmn";

export function savePoints(
  facts: OptionFacts & { default: readonly SavePoint[] },
): Option<readonly SavePoint[]> {
  const format = (value: readonly SavePoint[]) => value.map((p) => `${p.seconds} ${p.changes}`).join(" ");
  return {
    ...facts,
    multiple: true,
    accepts: 'pairs of seconds and changes ("3600 1 300 100"), or "" for no periodic saves',
    parse(words, occasion, previous) {
      if (isNothing(words)) return [];
      const points: SavePoint[] = [];
      for (let i = 0; i < words.length; i += 2) {
        const seconds = parseLoose(words[i]);
        const changes = i + 1 < words.length ? parseLoose(words[i + 1]) : undefined;
        if (seconds === undefined || seconds < 1 || changes === undefined || changes < 0) {
          return new BadValue("Invalid save parameters");
        }
        points.push({ seconds, changes });
      }
      return occasion === "later line" ? [...previous, ...points] : points;
    },
    format,
    // Always written: without a line the defaults would come back. A line each, as people write them.
    rewrite(value) {
      if (value.length === 0) return [{ text: '""', force: true }];
      return value.map((point) => ({ text: format([point]), force: true }));
    },
  };
}

export function outputBufferLimits(
  facts: OptionFacts & { default: OutputBufferLimits },
): Option<OutputBufferLimits> {
  return {
    ...facts,
    multiple: true,
    accepts: "CLASS HARD SOFT SECONDS, class normal, replica or pubsub; may be repeated",
    parse(words, _occasion, previous) {
      const given = isNothing(words) ? [] : words;
      if (given.length % 4 !== 0) {
        return new BadValue("Wrong number of arguments in buffer limit configuration.");
      }
      const limits: { -readonly [K in keyof OutputBufferLimits]: OutputBufferLimit } = { ...previous };
      for (let i = 0; i < given.length; i += 4) {
        const name = clientClass(given[i]);
        if (name === undefined) {
          return new BadValue("Invalid client class specified in buffer limit configuration.");
        }
        const hardBytes = parseMemory(given[i + 1]);
        const softBytes = parseMemory(given[i + 2]);
        const softSeconds = parseLoose(given[i + 3]);
        if (
          hardBytes === undefined || softBytes === undefined || softSeconds === undefined || softSeconds < 0
        ) {
          return new BadValue("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }
        limits[name] = { hardBytes: Number(hardBytes), softBytes: Number(softBytes), softSeconds };
      }
      return limits;
    },
    format: (value) =>
      CLASSES.map((name) => {
        const limit = value[name];
        return `${CLASS_WORDS[name]} ${limit.hardBytes} ${limit.softBytes} ${limit.softSeconds}`;
      }).join(" "),
    rewrite(value) {
      // One class at its default beside another that is not has its line too: then lines always mean the same classes.
      const force = CLASSES.some((name) => limitText(value[name]) !== limitText(facts.default[name]));
      return CLASSES.map((name) => ({ text: `${name} ${limitText(value[name])}`, force }));
    },
  };
}

/** Addresses to listen on; `-` before one means that it may be missing. Empty: no TCP at all. */
export function addresses(facts: OptionFacts & { default: readonly string[] }): Option<readonly string[]> {
  return {
    ...facts,
    multiple: true,
    accepts: `up to ${BIND_ADDRESSES_MAX} addresses, each with or without a leading -, or ""`,
    parse(words) {
      if (words.length > BIND_ADDRESSES_MAX) return new BadValue("Too many bind addresses specified.");
      return isNothing(words) ? [] : [...words];
    },
    format: (value) => value.join(" "),
    rewrite(value) {
      if (value.join(" ") === facts.default.join(" ")) return [];
      return [{ text: value.length === 0 ? '""' : value.join(" "), force: true }];
    },
  };
}

/** Classes of keyspace events, in the order in which CONFIG GET prints them. */
export function keyspaceEvents(facts: OptionFacts): Option<string> {
  return {
    ...facts,
    default: "",
    multiple: false,
    accepts: `any of the letters A${EVENTS_OF_A}${EVENTS_BESIDE_A}, or ""`,
    parse(words) {
      for (const letter of words[0]) {
        if (letter !== "A" && !EVENTS_OF_A.includes(letter) && !EVENTS_BESIDE_A.includes(letter)) {
          return new BadValue("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        }
      }
      return canonicalEvents(words[0]);
    },
    format: (value) => value,
    rewrite: (value) => [{ text: quote(value), force: value !== "" }],
  };
}

/** The working directory. Config changes into it and keeps the absolute path; parse only looks at the text. */
export function directory(facts: OptionFacts): Option<string> {
  return {
    ...facts,
    default: "",
    multiple: false,
    accepts: "a directory that exists",
    parse(words) {
      return words[0] === "" ? new BadValue("dir can't be empty") : words[0];
    },
    format: (value) => value,
    // Always absolute and always written, so that the next start finds the files from anywhere.
    rewrite: (value) => value === "" ? [] : [{ text: quote(value), force: true }],
  };
}

/** Percentiles from 0 to 100. */
export function percentiles(facts: OptionFacts & { default: readonly number[] }): Option<readonly number[]> {
  const format = (value: readonly number[]) => value.map(percentileText).join(" ");
  return {
    ...facts,
    multiple: true,
    accepts: 'numbers from 0 to 100, or ""',
    parse(words) {
      if (isNothing(words)) return [];
      const values: number[] = [];
      for (const word of words) {
        const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : NaN;
        if (!Number.isFinite(value)) {
          return new BadValue("Invalid latency-tracking-info-percentiles parameters");
        }
        if (value < 0 || value > 100) {
          return new BadValue("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
        }
        values.push(value);
      }
      return values;
    },
    format,
    rewrite: (value) => [{ text: value.length === 0 ? '""' : format(value), force: true }],
  };
}

/** Exactly `count` whole numbers. */
export function integerList(
  facts: OptionFacts & { default: readonly number[]; min: number; max: number; outside: string },
): Option<readonly number[]> {
  const count = facts.default.length;
  return {
    ...facts,
    multiple: true,
    accepts: `${count} whole numbers from ${facts.min} to ${facts.max}`,
    parse(words) {
      if (words.length !== count) return new BadValue("wrong number of arguments");
      const values: number[] = [];
      for (const word of words) {
        const value = parseLoose(word);
        if (value === undefined || value < facts.min || value > facts.max) return new BadValue(facts.outside);
        values.push(value);
      }
      return values;
    },
    format: (value) => value.join(" "),
    rewrite: (value) => [{ text: value.join(" "), force: value.join(" ") !== facts.default.join(" ") }],
  };
}

/** `HOST PORT`, or `NO ONE`. */
export function primaryAddress(facts: OptionFacts): Option<PrimaryAddress | null> {
  const format = (value: PrimaryAddress | null) => value === null ? "" : `${value.host} ${value.port}`;
  return {
    ...facts,
    default: null,
    multiple: true,
    accepts: "HOST PORT, or NO ONE",
    parse(words) {
      if (isNothing(words)) return null;
      if (words.length !== 2) return new BadValue("wrong number of arguments");
      if (words[0].toLowerCase() === "no" && words[1].toLowerCase() === "one") return null;
      const port = parseLoose(words[1]);
      if (port === undefined || port < 0 || port > 65535) return new BadValue("Invalid primary port");
      return { host: words[0], port };
    },
    format,
    rewrite: (value) => value === null ? [] : [{ text: format(value), force: true }],
  };
}

function isNothing(words: readonly string[]): boolean {
  return words.length === 0 || (words.length === 1 && words[0] === "");
}

/** As the C library reads a number: leading space, a sign and leading zeros are fine, and nothing at all is 0. */
function parseLoose(word: string): number | undefined {
  return word === "" || /^\s*[+-]?\d{1,15}$/.test(word) ? Number(word) : undefined;
}

function clientClass(word: string): keyof OutputBufferLimits | undefined {
  const lower = word.toLowerCase();
  if (lower === "slave") return "replica";
  for (const name of CLASSES) if (name === lower) return name;
  return undefined;
}

function limitText(limit: OutputBufferLimit): string {
  return `${memoryText(limit.hardBytes)} ${memoryText(limit.softBytes)} ${limit.softSeconds}`;
}

function canonicalEvents(letters: string): string {
  const has = (letter: string) =>
    letters.includes(letter) || (letters.includes("A") && EVENTS_OF_A.includes(letter));
  let classes = "";
  for (const letter of "g$lshzxetdn") if (has(letter)) classes += letter;
  if ([...EVENTS_OF_A].every(has)) classes = letters.includes("n") ? "An" : "A";
  for (const letter of "KEm") if (has(letter)) classes += letter;
  return classes;
}

function percentileText(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}
