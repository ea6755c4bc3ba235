// What SORT and SORT_RO are asked for: reads their options. One object, filled anew by each command.
import type { KeyPosition, Spans } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { equalsWord } from "../../core/bytes/ascii.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ElementPattern } from "./element_pattern.ts";

export interface SortOptions {
  /** What to sort by; null = by the elements themselves. */
  by: ElementPattern | null;
  /** BY has no place for an element in it: nothing is to be sorted. */
  keepsOrder: boolean;
  /** What to reply for each element; empty = the element. */
  gets: ElementPattern[];
  isAlpha: boolean;
  isDescending: boolean;
  offset: number;
  /** Negative = all. */
  count: number;
  /** Index of the argument with the destination's key, 0 = none. */
  store: number;
}

/** The options from argument 2 on; null after the error reply. */
export function parseSortOptions(
  client: CommandClient,
  args: Arguments,
  mode: { mayStore: boolean },
): SortOptions | null {
  const options: SortOptions = {
    by: null,
    keepsOrder: false,
    gets: [],
    isAlpha: false,
    isDescending: false,
    offset: 0,
    count: -1,
    store: 0,
  };
  for (let index = 2; index < args.count; index++) {
    const left = args.count - index - 1;
    if (args.is(index, "asc")) options.isDescending = false;
    else if (args.is(index, "desc")) options.isDescending = true;
    else if (args.is(index, "alpha")) options.isAlpha = true;
    else if (args.is(index, "limit") && left >= 2) {
      options.offset = integerArgument(client, args, index + 1);
      if (options.offset !== options.offset) return null;
      options.count = integerArgument(client, args, index + 2);
      if (options.count !== options.count) return null;
      index += 2;
    } else if (mode.mayStore && args.is(index, "store") && left >= 1) {
      options.store = ++index;
    } else if (args.is(index, "by") && left >= 1) {
      options.by = new ElementPattern(args.bytes(++index));
      options.keepsOrder = !options.by.hasPlace;
    } else if (args.is(index, "get") && left >= 1) {
      options.gets.push(new ElementPattern(args.bytes(++index)));
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** Options that have values, which may be spelled as an option, and how many. */
const VALUES: [string, number][] = [["limit", 2], ["get", 1], ["by", 1]];

/** The destination's key, found without complaints: the last one where there are several. */
export function sortDestination(args: Spans): KeyPosition[] {
  let found = 0;
  for (let index = 2; index < args.count; index++) {
    const isWord = (word: string) => equalsWord(args.buffer, args.starts[index], args.ends[index], word);
    const option = VALUES.find(([word]) => isWord(word));
    if (option !== undefined) index += option[1];
    else if (isWord("store") && index + 1 < args.count) found = ++index;
  }
  return found === 0 ? [] : [{ index: found, flags: ["OW", "update"] }];
}
