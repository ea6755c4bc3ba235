// Which arguments of a command are keys, by its key specifications. COMMAND GETKEYS, ACL and routing read it.
import { equalsWord } from "../bytes/ascii.ts";
import { parseSafeInteger } from "../bytes/integer.ts";
import type { CommandSpec, KeyPosition, KeySpec, Spans } from "./command.ts";

export type { KeyPosition } from "./command.ts";

/** The key arguments in order; null where the arguments do not fit the specifications. */
export function extractKeys(spec: CommandSpec, args: Spans): KeyPosition[] | null {
  const keys: KeyPosition[] = [];
  for (const keySpec of spec.keySpecs) {
    if (keySpec.flags.includes("not_key")) continue;
    const first = firstIndex(keySpec, args);
    if (first === 0) continue;
    const find = keySpec.find;
    if ("unknown" in find) continue;
    let last: number;
    let step: number;
    let from = first;
    if ("lastKey" in find) {
      step = find.step;
      if (find.lastKey >= 0) last = first + find.lastKey;
      else if (find.limit === 0) last = args.count + find.lastKey;
      else last = first + Math.floor((args.count - first) / find.limit) + find.lastKey;
    } else {
      const countAt = first + find.keyNumIndex;
      if (countAt >= args.count) return null;
      const count = parseSafeInteger(args.buffer, args.starts[countAt], args.ends[countAt]);
      if (!(count >= 0)) return null;
      step = find.step;
      from = first + find.firstKey;
      last = from + (count - 1) * step;
    }
    if (last >= args.count) return null;
    const flags = flagsOf(spec, keySpec, args);
    for (let index = from; index <= last; index += step) keys.push({ index, flags });
  }
  if (spec.unknownKeys !== undefined) keys.push(...spec.unknownKeys(args));
  return keys;
}

function flagsOf(spec: CommandSpec, keySpec: KeySpec, args: Spans): readonly string[] {
  const varies = spec.keyFlags !== undefined && keySpec.flags.includes("variable_flags");
  return varies ? spec.keyFlags!(args) : keySpec.flags;
}

/** Where the keys of this specification begin; 0 where they are absent. */
function firstIndex(keySpec: KeySpec, args: Spans): number {
  const begin = keySpec.begin;
  if ("index" in begin) return begin.index < args.count ? begin.index : 0;
  if ("unknown" in begin) return 0;
  const word = begin.keyword.toLowerCase();
  const forward = begin.startFrom > 0;
  let at = forward ? begin.startFrom : args.count + begin.startFrom;
  for (; forward ? at < args.count - 1 : at > 0; at += forward ? 1 : -1) {
    if (equalsWord(args.buffer, args.starts[at], args.ends[at], word)) return at + 1;
  }
  return 0;
}

/** First key, last key and step as the classic `COMMAND` reply tells them; zeros where there is no such range. */
export function legacyRange(spec: CommandSpec): { first: number; last: number; step: number } {
  let first = 0;
  let last = 0;
  let step = 0;
  for (const { begin, find } of spec.keySpecs) {
    if (!("index" in begin) || !("lastKey" in find)) continue;
    const end = find.lastKey >= 0 ? begin.index + find.lastKey : find.lastKey;
    if (first === 0) {
      first = begin.index;
      last = end;
      step = find.step;
    } else if (step === 1 && find.step === 1 && last >= 0 && begin.index === last + 1) {
      last = end;
    }
  }
  return { first, last, step };
}
