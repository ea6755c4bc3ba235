// Compares what a unit's run showed with what is expected. Pure: main.ts prints and decides the exit status.
import { type Books, remarkOn, type TestNames } from "./books.ts";
import type { TestResult } from "./suite_output.ts";
import type { Mode } from "./unit_run.ts";

export interface Judgement {
  readonly unit: string;
  readonly mode: Mode;
  readonly passed: string[];
  /** Tests that apply and did not pass (or did not run). */
  readonly failed: string[];
  readonly notApplicable: string[];
  /** Expected, and not passed. */
  readonly regressed: string[];
  /** Passed, and not expected. */
  readonly gained: string[];
  /** Passed, though the books say that they don't apply. */
  readonly surprising: string[];
}

/** Judges all tests of the unit; with `onlyRun`, just those that the run did not leave out. */
export function judge(
  books: Books,
  mode: Mode,
  unit: string,
  results: readonly TestResult[],
  options: { onlyRun?: boolean } = {},
): Judgement {
  const status = new Map(results.map((result) => [result.name, result.status]));
  const expected = new Set(books.expected[mode]?.[unit] ?? []);
  // A unit of which the books know nothing yet is judged by what ran.
  const all = books.suite[mode]?.[unit] ?? results.filter(ran).map((result) => result.name);
  const judgement: Judgement = {
    unit,
    mode,
    passed: [],
    failed: [],
    notApplicable: [],
    regressed: [],
    gained: [],
    surprising: [],
  };
  for (const test of all) {
    const found = status.get(test);
    if (options.onlyRun && (found === undefined || found === "skip")) continue;
    const passed = found === "ok";
    if (remarkOn(books.notApplicable, mode, unit, test) !== undefined) {
      judgement.notApplicable.push(test);
      if (passed) judgement.surprising.push(test);
      continue;
    }
    if (passed) {
      judgement.passed.push(test);
      if (!expected.has(test)) judgement.gained.push(test);
    } else {
      judgement.failed.push(test);
      if (expected.has(test)) judgement.regressed.push(test);
    }
  }
  return judgement;
}

/** What a retry says about a unit in which expected tests failed: those that fail twice have regressed. */
export function withRetry(first: Judgement, second: Judgement): { judgement: Judgement; flaky: string[] } {
  const flaky = first.regressed.filter((test) => !second.regressed.includes(test));
  const passed = [...first.passed, ...flaky];
  return {
    judgement: {
      ...first,
      passed,
      failed: first.failed.filter((test) => !flaky.includes(test)),
      regressed: first.regressed.filter((test) => !flaky.includes(test)),
    },
    flaky,
  };
}

/** The expected names with new passes added, in the suite's order. Removes only what no longer is a test that applies. */
export function addPasses(books: Books, judgements: readonly Judgement[]): TestNames {
  const names: TestNames = { native: { ...books.expected.native }, external: { ...books.expected.external } };
  for (const { mode, unit, passed } of judgements) {
    const wanted = new Set([...(names[mode][unit] ?? []), ...passed]);
    const order = books.suite[mode]?.[unit] ?? [...wanted];
    names[mode][unit] = order.filter((test) =>
      wanted.has(test) && remarkOn(books.notApplicable, mode, unit, test) === undefined
    );
  }
  return names;
}

/** Whether the test ran to a result of its own. */
function ran(result: TestResult): boolean {
  return result.status === "ok" || result.status === "err";
}
