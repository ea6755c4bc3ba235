// `deno task conformance`: runs units of Redis 7.0.15's own Tcl test suite against Spork, compares with what is expected
// and says what changed. Exit status 0: nothing that passed before fails now.
import { projectDirectory } from "../harness/mod.ts";
import { patternsOf, readBooks, type TestNames, writeTestNames } from "./books.ts";
import { addPasses, judge, type Judgement, withRetry } from "./judgement.ts";
import { parseOptions, type RunOptions, USAGE, UsageError } from "./options.ts";
import { withTables } from "./page.ts";
import { requirePrograms, suiteFolder, SuiteUnavailable } from "./suite_source.ts";
import type { TestResult } from "./suite_output.ts";
import { type Mode, runUnit, type UnitResult } from "./unit_run.ts";
import { Workspace } from "./workspace.ts";

const PAGE = `${projectDirectory}docs/conformance.md`;

async function main(words: string[]): Promise<number> {
  let options: RunOptions;
  try {
    options = parseOptions(words);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (options.page) {
    writePage();
    return 0;
  }
  let suite: string;
  try {
    await requirePrograms(["tclsh", "redis-cli", "redis-benchmark", "timeout"]);
    suite = await suiteFolder((line) => console.log(line));
  } catch (error) {
    if (!(error instanceof SuiteUnavailable)) throw error;
    console.error(`The conformance suite can't run: ${error.message}`);
    console.log("conformance: 0 passed, 1 failed");
    return 1;
  }
  await using workspace = await Workspace.create(suite, options.peer);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      workspace.abandon().finally(() => Deno.exit(130));
    });
  }
  const run = new Run(workspace, options);
  for (const mode of options.modes) {
    for (const unit of options.units) await run.unit(mode, unit);
  }
  return run.finish();
}

/** One run over units: prints as it goes, keeps everything for the summary and the files. */
class Run {
  readonly books = readBooks();
  readonly judgements: Judgement[] = [];
  readonly records: (UnitResult & { mode: Mode })[] = [];
  readonly #flaky: string[] = [];

  constructor(private readonly workspace: Workspace, private readonly options: RunOptions) {}

  async unit(mode: Mode, unit: string): Promise<void> {
    const first = await this.#run(mode, unit);
    this.records.push({ ...first, mode });
    if (this.options.peer === "redis") return this.#print(mode, first, null);
    const onlyRun = this.options.only.length > 0;
    let judgement = judge(this.books, mode, unit, first.tests, { onlyRun });
    if (judgement.regressed.length > 0 && !onlyRun) {
      console.log(`  ${judgement.regressed.length} expected tests failed; running ${unit} again`);
      const second = await this.#run(mode, unit);
      const retried = withRetry(judgement, judge(this.books, mode, unit, second.tests));
      judgement = retried.judgement;
      this.#flaky.push(...retried.flaky.map((test) => `${unit}: ${test}`));
    }
    this.judgements.push(judgement);
    this.#print(mode, first, judgement);
  }

  #run(mode: Mode, unit: string): Promise<UnitResult> {
    const { options } = this;
    const leftOut = options.all || options.peer === "redis"
      ? []
      : patternsOf(this.books.notApplicable, mode, unit);
    return runUnit(this.workspace, unit, {
      mode,
      skip: leftOut,
      only: options.only,
      secondsMax: options.unitSeconds,
      hangSeconds: options.hangSeconds,
      words: options.suiteWords,
      onResult: (result) => this.#progress(result),
    });
  }

  #progress(result: TestResult): void {
    if (result.status === "err") console.log(`  err ${result.name}\n${indented(result.detail ?? "")}`);
    else if (this.options.verbose) console.log(`  ${result.status} ${result.name} ${result.ms ?? ""}`);
  }

  #print(mode: Mode, result: UnitResult, judgement: Judgement | null): void {
    for (const abort of result.aborts) {
      // Of a start that failed, the end says why: the configuration comes before it.
      const detail = abort.kind === "start" ? abort.detail.replace(/^[^]*\nERROR:/, "") : abort.detail;
      console.log(`  ${abort.kind} at "${abort.test}"\n${indented(detail)}`);
    }
    const ok = result.tests.filter((test) => test.status === "ok").length;
    const ends = result.finished ? "" : ", did not finish";
    if (judgement === null) {
      const err = result.tests.filter((test) => test.status === "err").length;
      console.log(`${unit(mode, result)}: ${ok} ok, ${err} failed (${result.seconds} s${ends})`);
      return;
    }
    const { passed, failed, notApplicable } = judgement;
    console.log(
      `${unit(mode, result)}: ${passed.length} passed, ${failed.length} failed, ` +
        `${notApplicable.length} not applicable (${result.seconds} s${ends})`,
    );
    const names = new Set(result.tests.filter((test) => test.status === "err").map((test) => test.name));
    const missing = failed.filter((test) => !names.has(test));
    if (missing.length > 0) console.log(indented(`not run: ${missing.join("; ")}`));
  }

  finish(): number {
    const { options, books } = this;
    if (options.save !== "") Deno.writeTextFileSync(options.save, JSON.stringify(this.records, null, 1));
    if (options.peer === "redis") {
      if (options.update) writeTestNames("suite", this.#suiteNames());
      return 0;
    }
    const count = (pick: (judgement: Judgement) => string[]) =>
      this.judgements.reduce((sum, judgement) => sum + pick(judgement).length, 0);
    const regressions = this.judgements.flatMap((each) =>
      each.regressed.map((test) => `${each.mode} ${each.unit}: ${test}`)
    );
    list("passed in the second run only", this.#flaky);
    list("pass though they are said not to apply", this.judgements.flatMap((each) => each.surprising));
    const gained = this.judgements.flatMap((each) => each.gained.map((test) => `${each.unit}: ${test}`));
    list(options.update ? "now expected" : "pass and are not expected yet (--update adds them)", gained);
    list("REGRESSED", regressions);
    if (options.update) {
      writeTestNames("expected", addPasses(books, this.judgements));
      writePage();
    }
    const known = count((each) => each.failed) - regressions.length;
    console.log(
      `${known} known failures, ${count((each) => each.notApplicable)} not applicable\n` +
        `conformance: ${count((each) => each.passed)} passed, ${regressions.length} failed`,
    );
    return regressions.length === 0 ? 0 : 1;
  }

  /** What redis-server passed, unit by unit. */
  #suiteNames(): TestNames {
    const names: TestNames = {
      native: { ...this.books.suite.native },
      external: { ...this.books.suite.external },
    };
    for (const { mode, unit, tests } of this.records) {
      names[mode][unit] = tests.filter((test) => test.status === "ok").map((test) => test.name);
    }
    return names;
  }
}

function writePage(): void {
  Deno.writeTextFileSync(PAGE, withTables(Deno.readTextFileSync(PAGE), readBooks()));
}

function unit(mode: Mode, result: UnitResult): string {
  return mode === "native" ? result.unit : `${result.unit} (external)`;
}

function list(title: string, items: readonly string[]): void {
  if (items.length > 0) console.log(`${title}:\n${items.map((item) => `  ${item}`).join("\n")}`);
}

function indented(text: string): string {
  return text.split("\n").slice(0, 12).map((line) => `      ${line}`).join("\n");
}

Deno.exit(await main(Deno.args));
