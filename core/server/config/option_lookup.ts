// Finds options by any of their names: the table's, aliases, and views (another option's setting in other words).
import { INT_MAX } from "./option_kinds.ts";
import { optionByName, type OptionName, optionNames, type OptionView, optionViews } from "./option_table.ts";
import type { Option } from "./option.ts";

/** One name that CONFIG knows. */
export interface NamedOption {
  /** As CONFIG GET prints it. */
  readonly given: string;
  /** The table's name of the option behind it. */
  readonly name: OptionName;
  readonly option: Option<unknown>;
  readonly view?: OptionView;
  readonly hidden: boolean;
}

const byName = new Map<string, NamedOption>();

/** All names, each option's followed by its aliases, views last. */
export const namedOptions: readonly NamedOption[] = collect();

/** The option of a name in any case, or undefined. */
export function findOption(name: string): NamedOption | undefined {
  return byName.get(name.toLowerCase());
}

/** The known word that is nearest to a misspelled one, if any is near enough to be meant. */
export function nearestName(word: string, words: Iterable<string>): string | undefined {
  const lower = word.toLowerCase();
  // A third of the letters may be wrong; a short word may have one wrong.
  let best = Math.max(1, Math.floor(lower.length / 3)) + 1;
  let nearest: string | undefined;
  for (const candidate of words) {
    const distance = editDistance(lower, candidate, best);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

/** Names that are worth suggesting. */
export function suggestedNames(): string[] {
  return namedOptions.filter((named) => !named.hidden).map((named) => named.given);
}

function collect(): NamedOption[] {
  const all: NamedOption[] = [];
  for (const name of optionNames) {
    const option = optionByName(name);
    const hidden = option.hidden === true;
    all.push({ given: name, name, option, hidden });
    for (const alias of option.aliases ?? []) all.push({ given: alias, name, option, hidden });
  }
  for (const [given, view] of Object.entries(optionViews)) {
    all.push({ given, name: view.of, option: optionByName(view.of), view, hidden: view.hidden === true });
  }
  for (const named of all) {
    if (byName.has(named.given)) throw new Error(`two options are called ${named.given}`);
    byName.set(named.given, named);
  }
  return all;
}

/** Insertions, deletions, replacements and swaps of neighbours; INT_MAX where it must be `limit` or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return INT_MAX;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2] + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}
