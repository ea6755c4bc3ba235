// The files beside this one that say what is expected: which tests the suite has, which of them Spork passes, which do
// not apply and why, and why the others fail. Read by the run and by the page in docs.
import type { Mode } from "./unit_run.ts";

/** Test names by mode and unit, in the suite's order. */
export type TestNames = Record<Mode, Record<string, string[]>>;

/** One line about tests, by name, or by `/pattern` (a regular expression, as the suite's own options take). */
export interface Remark {
  readonly unit: string;
  readonly tests: readonly string[];
  /** Only in this mode; default both. */
  readonly mode?: Mode;
  readonly reason: string;
}

export interface Books {
  /** What redis-server itself runs and passes: all tests there are. */
  readonly suite: TestNames;
  /** What Spork passes: a run in which one of these fails has found a regression. */
  readonly expected: TestNames;
  readonly notApplicable: readonly Remark[];
  /** Why tests that apply fail. */
  readonly knownFailures: readonly Remark[];
}

const FOLDER = new URL("./", import.meta.url);
const FILES = {
  suite: "suite_tests.json",
  expected: "expected.json",
  notApplicable: "not_applicable.json",
  knownFailures: "known_failures.json",
} as const;

export function readBooks(): Books {
  return {
    suite: read(FILES.suite),
    expected: read(FILES.expected),
    notApplicable: read(FILES.notApplicable),
    knownFailures: read(FILES.knownFailures),
  };
}

export function writeTestNames(which: "suite" | "expected", names: TestNames): void {
  Deno.writeTextFileSync(new URL(FILES[which], FOLDER), `${JSON.stringify(names, null, 2)}\n`);
}

/** The remark about a test, if there is one. */
export function remarkOn(
  remarks: readonly Remark[],
  mode: Mode,
  unit: string,
  test: string,
): Remark | undefined {
  return remarks.find((remark) =>
    remark.unit === unit && (remark.mode === undefined || remark.mode === mode) &&
    remark.tests.some((pattern) => matches(pattern, test))
  );
}

/** The names and patterns of a unit's remarks. */
export function patternsOf(remarks: readonly Remark[], mode: Mode, unit: string): string[] {
  return remarks
    .filter((remark) => remark.unit === unit && (remark.mode === undefined || remark.mode === mode))
    .flatMap((remark) => remark.tests);
}

function matches(pattern: string, test: string): boolean {
  return pattern.startsWith("/") ? new RegExp(pattern.slice(1)).test(test) : pattern === test;
}

// deno-lint-ignore no-explicit-any
function read(file: string): any {
  return JSON.parse(Deno.readTextFileSync(new URL(file, FOLDER)));
}
