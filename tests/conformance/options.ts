// The words of `deno task conformance`.
import { CI_UNITS, UNITS } from "./units.ts";
import type { Mode } from "./unit_run.ts";
import type { Peer } from "./workspace.ts";

export const USAGE = `deno task conformance [options]
  --unit NAME,...         units to run (unit/type/list, or just type/list); default: all of tests/conformance/units.ts
  --mode native|external|both   native (default): the suite starts our servers; external: it talks to one that runs
  --only NAME             run only this test, or those that match /pattern; may be repeated
  --ci                    the quick units that CI judges
  --all                   run tests that are said not to apply, too
  --update                add new passes to expected.json, write docs/conformance.md
  --page                  only write docs/conformance.md
  --save FILE             write all results as JSON
  --verbose               print every test
  --unit-seconds N        end a unit after so long (default 900)
  --hang-seconds N        a test without progress for so long hangs (default 60)
  --peer redis            judge Debian's redis-server instead; with --update, write down which tests the suite has
  --suite-words "WORDS"   more words for the suite, such as "--accurate" or "--tags -slow"`;

export interface RunOptions {
  readonly units: readonly string[];
  readonly modes: readonly Mode[];
  readonly only: readonly string[];
  readonly peer: Peer;
  readonly all: boolean;
  readonly update: boolean;
  readonly page: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
  /** A path, or empty. */
  readonly save: string;
  readonly unitSeconds: number;
  readonly hangSeconds: number;
  readonly suiteWords: readonly string[];
}

export class UsageError extends Error {
  override name = "UsageError";
}

export function parseOptions(words: readonly string[]): RunOptions {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const takesValue = ["unit", "mode", "only", "save", "unit-seconds", "hang-seconds", "peer", "suite-words"];
  const takesNone = ["ci", "all", "update", "page", "verbose", "help"];
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, "");
    if (takesNone.includes(name) && words[i].startsWith("--")) flags.add(name);
    else if (!takesValue.includes(name) || !words[i].startsWith("--")) {
      throw new UsageError(`unknown option ${words[i]}`);
    } else if (i + 1 === words.length) throw new UsageError(`${words[i]} needs a value`);
    else values.set(name, [...(values.get(name) ?? []), words[++i]]);
  }
  const last = (name: string) => values.get(name)?.at(-1);
  return {
    units: units(values.get("unit"), flags.has("ci")),
    modes: modes(last("mode") ?? "native"),
    only: values.get("only") ?? [],
    peer: peer(last("peer") ?? "spork"),
    all: flags.has("all"),
    update: flags.has("update"),
    page: flags.has("page"),
    verbose: flags.has("verbose"),
    help: flags.has("help"),
    save: last("save") ?? "",
    unitSeconds: seconds(last("unit-seconds") ?? "900"),
    hangSeconds: seconds(last("hang-seconds") ?? "60"),
    suiteWords: last("suite-words")?.split(/\s+/) ?? [],
  };
}

function units(given: string[] | undefined, ci: boolean): readonly string[] {
  if (given === undefined) return ci ? CI_UNITS : UNITS;
  return given.flatMap((text) => text.split(",")).map((name) => {
    return /^(unit|integration)\//.test(name) ? name : `unit/${name}`;
  });
}

function modes(word: string): readonly Mode[] {
  if (word === "both") return ["native", "external"];
  if (word === "native" || word === "external") return [word];
  throw new UsageError(`--mode ${word}: native, external or both`);
}

function peer(word: string): Peer {
  if (word === "spork" || word === "redis") return word;
  throw new UsageError(`--peer ${word}: spork or redis`);
}

function seconds(word: string): number {
  const value = Number(word);
  if (!(value > 0)) throw new UsageError(`${word} is no number of seconds`);
  return value;
}
