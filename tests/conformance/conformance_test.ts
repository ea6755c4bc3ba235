// The harness's own parts: reading the suite's output, comparing with what is expected, options, the page.
import assert from "node:assert/strict";
import { type Books, readBooks, remarkOn } from "./books.ts";
import { addPasses, judge, withRetry } from "./judgement.ts";
import { parseOptions, UsageError } from "./options.ts";
import { withTables } from "./page.ts";
import { patchSuite } from "./suite_patches.ts";
import { SuiteOutput, type TestResult } from "./suite_output.ts";
import { CI_UNITS, UNITS, UNITS_LEFT_OUT } from "./units.ts";

function read(text: string): SuiteOutput {
  const output = new SuiteOutput();
  for (const line of text.split("\n")) output.line(line);
  output.end();
  return output;
}

Deno.test("results of passed tests carry their name and time", () => {
  const output = read(
    "[ready]: 4711\nTesting unit/quit\n[testing]: QUIT returns OK\n[ok]: QUIT returns OK (3 ms)\n" +
      "[ok]: a (b) name: with [brackets] (12 ms)\n[1/1 done]: unit/quit (0 seconds)\n",
  );
  assert.deepEqual(output.results, [
    { name: "QUIT returns OK", status: "ok", ms: 3 },
    { name: "a (b) name: with [brackets]", status: "ok", ms: 12 },
  ]);
  assert.equal(output.finished, true);
  assert.deepEqual(output.aborts, []);
});

Deno.test("an error goes on until the next result, and colours are no part of it", () => {
  const output = read(
    "[\x1b[0;31;49merr\x1b[0m]: LPOS basics in tests/unit/type/list.tcl\nExpected 'a'\nto be equal to 'b'\n" +
      "[testing]: next\n[ok]: next (0 ms)\n",
  );
  assert.deepEqual(output.results, [
    { name: "LPOS basics", status: "err", detail: "Expected 'a'\nto be equal to 'b'" },
    { name: "next", status: "ok", ms: 0 },
  ]);
});

Deno.test("tests of the same name are told apart by their number", () => {
  const output = read("[ok]: same (1 ms)\n[skip]: same\n[ok]: same (1 ms)\n[ok]: other (1 ms)");
  assert.deepEqual(output.results.map((result) => result.name), ["same", "same (2)", "same (3)", "other"]);
});

Deno.test("what the suite's tags leave out is ignored, with the reason where it names a test", () => {
  const output = read(
    "[ignore]: needs much: large memory flag not provided\n[ignore]: Tag: slow denied\n" +
      "[ignore]: SAVE: now: Not supported on external server",
  );
  assert.deepEqual(output.results, [
    { name: "needs much", status: "ignore", detail: "large memory flag not provided" },
    { name: "SAVE: now", status: "ignore", detail: "Not supported on external server" },
  ]);
});

Deno.test("a hang names the test that was running", () => {
  const output = read(
    "[testing]: one\n[ok]: one (1 ms)\n[testing]: two\n[TIMEOUT]: clients state report follows.\n" +
      "sock55f => (IN PROGRESS) two\nKilling still running Redis server 12\n",
  );
  assert.equal(output.finished, false);
  assert.deepEqual(output.aborts.map(({ kind, test }) => ({ kind, test })), [{ kind: "hang", test: "two" }]);
});

Deno.test("exceptions, errors outside of tests and servers that don't start are told apart", () => {
  const output = read(
    "[testing]: one\n[exception]: Executing test client: boom.\nboom\n    while executing\n" +
      "[err]: outside of tests: I/O error\n    trace\n[err]: Can't start the Redis server\nCONFIGURATION:port 1\n",
  );
  assert.deepEqual(output.aborts.map((abort) => abort.kind), ["exception", "outside", "start"]);
  assert.equal(output.aborts[0].test, "one");
  assert.match(output.aborts[2].detail, /CONFIGURATION:port 1$/);
  assert.deepEqual(output.results, []);
});

Deno.test("a unit ended from outside hangs in the test that was running", () => {
  const output = read("[testing]: slow");
  output.timeLimit(9);
  assert.deepEqual(output.aborts, [{ test: "slow", kind: "hang", detail: "the unit took more than 9 s" }]);
});

const UNIT = "unit/type/list";

function books(): Books {
  return {
    suite: { native: { [UNIT]: ["a", "b", "c", "lua x"] }, external: {} },
    expected: { native: { [UNIT]: ["b"] }, external: {} },
    notApplicable: [{ unit: UNIT, tests: ["/^lua "], reason: "no scripts" }],
    knownFailures: [{ unit: UNIT, tests: ["c"], reason: "a | reason" }],
  };
}

function results(passed: string[], failed: string[] = []): TestResult[] {
  return [
    ...passed.map((name) => ({ name, status: "ok" as const })),
    ...failed.map((name) => ({ name, status: "err" as const, detail: "no" })),
  ];
}

Deno.test("a judgement tells gains, regressions and what does not apply", () => {
  const judgement = judge(books(), "native", UNIT, results(["a"], ["b"]));
  assert.deepEqual(judgement.passed, ["a"]);
  assert.deepEqual(judgement.gained, ["a"]);
  assert.deepEqual(judgement.regressed, ["b"]);
  // c did not run at all: a unit that aborts hides nothing.
  assert.deepEqual(judgement.failed, ["b", "c"]);
  assert.deepEqual(judgement.notApplicable, ["lua x"]);
});

Deno.test("a test that passes though it is said not to apply is pointed out", () => {
  assert.deepEqual(judge(books(), "native", UNIT, results(["b", "lua x"])).surprising, ["lua x"]);
});

Deno.test("tests that were not asked for are not judged", () => {
  const judgement = judge(books(), "native", UNIT, results(["a"]), { onlyRun: true });
  assert.deepEqual({ failed: judgement.failed, regressed: judgement.regressed }, {
    failed: [],
    regressed: [],
  });
});

Deno.test("a regression is what fails twice", () => {
  const first = judge(books(), "native", UNIT, results(["a"], ["b", "c"]));
  const again = withRetry(first, judge(books(), "native", UNIT, results(["a", "b"])));
  assert.deepEqual(again.flaky, ["b"]);
  assert.deepEqual(again.judgement.regressed, []);
  assert.deepEqual(again.judgement.failed, ["c"]);
  assert.deepEqual(again.judgement.passed.toSorted(), ["a", "b"]);
  assert.deepEqual(withRetry(first, first).judgement.regressed, ["b"]);
});

Deno.test("new passes are added in the suite's order, failures take nothing away", () => {
  const judgement = judge(books(), "native", UNIT, results(["c", "a"], ["b"]));
  assert.deepEqual(addPasses(books(), [judgement]).native[UNIT], ["a", "b", "c"]);
});

Deno.test("the page's tables follow from the books", () => {
  const page = withTables("intro\n<!-- generated from here by `deno task conformance` -->\nold", books());
  assert.ok(page.startsWith("intro\n"));
  assert.doesNotMatch(page, /old/);
  assert.match(page, /\| unit\/type\/list \| 1 \/ 3 \/ 4 \| – \|/);
  assert.match(page, /\| unit\/type\/list \| a \| native \| not looked into yet \|/);
  assert.match(page, /\| unit\/type\/list \| c \| native \| a \\\| reason \|/);
  assert.match(page, /\| unit\/type\/list \| lua x \| no scripts \|/);
  assert.throws(() => withTables("no marker", books()), /has no line/);
});

Deno.test("options are read, and wrong ones are named", () => {
  const options = parseOptions([
    "--unit",
    "type/list,integration/rdb",
    "--mode",
    "both",
    "--only",
    "/X.*",
    "--all",
  ]);
  assert.deepEqual(options.units, ["unit/type/list", "integration/rdb"]);
  assert.deepEqual(options.modes, ["native", "external"]);
  assert.deepEqual(options.only, ["/X.*"]);
  assert.equal(options.all, true);
  assert.deepEqual(parseOptions([]).units, UNITS);
  assert.deepEqual(parseOptions(["--ci"]).units, CI_UNITS);
  for (const words of [["--unti", "x"], ["list"], ["--unit"], ["--mode", "x"], ["--unit-seconds", "x"]]) {
    assert.throws(() => parseOptions(words), UsageError);
  }
});

Deno.test("CI judges units that the whole run has, and none is both run and left out", () => {
  assert.deepEqual(CI_UNITS.filter((unit) => !UNITS.includes(unit)), []);
  assert.deepEqual(Object.keys(UNITS_LEFT_OUT).filter((unit) => UNITS.includes(unit)), []);
});

Deno.test("what is expected is a test of the suite, and applies", () => {
  const books = readBooks();
  const wrong: string[] = [];
  for (const mode of ["native", "external"] as const) {
    for (const [unit, tests] of Object.entries(books.expected[mode])) {
      const all = new Set(books.suite[mode][unit]);
      for (const test of tests) {
        if (!all.has(test)) wrong.push(`${mode} ${unit}: ${test} is no test of the suite`);
        if (remarkOn(books.notApplicable, mode, unit, test)) {
          wrong.push(`${mode} ${unit}: ${test} does not apply`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every remark has a reason and speaks of a unit that is run", () => {
  const { notApplicable, knownFailures } = readBooks();
  for (const { unit, tests, reason } of [...notApplicable, ...knownFailures]) {
    assert.ok(UNITS.includes(unit), unit);
    assert.ok(reason.length > 10 && tests.length > 0, `${unit}: ${reason}`);
  }
});

Deno.test("a suite whose framework is not the expected one is refused, not half changed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spork-patches-test-" });
  try {
    await Deno.mkdir(`${folder}/tests`);
    await Deno.writeTextFile(`${folder}/tests/test_helper.tcl`, "puts nothing\n");
    assert.throws(() => patchSuite(folder), /0 places .* 1 is expected/);
    assert.equal(await Deno.readTextFile(`${folder}/tests/test_helper.tcl`), "puts nothing\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
