// Reads what the Tcl suite prints while it runs one unit: a line `[ok]: name (12 ms)` a test, errors over several lines,
// the report of a hang. unit_run.ts feeds it line by line.

/** What became of one test. `skip` is what we told the suite to leave out, `ignore` what its own tags left out. */
export type TestStatus = "ok" | "err" | "skip" | "ignore";

export interface TestResult {
  /** The test's name; the second and later tests of the same name in a unit get ` (2)`, ` (3)`. */
  readonly name: string;
  readonly status: TestStatus;
  /** Milliseconds, for tests that passed. */
  readonly ms?: number;
  /** What the suite says about a failed or ignored test. */
  readonly detail?: string;
}

/** Something that ended more than a test. */
export interface Abort {
  /** The test that ran, or the last one that ran before; empty at the beginning of the unit. */
  readonly test: string;
  /** A torn down suite, an error outside of tests, a server that did not start, a hang. */
  readonly kind: "exception" | "outside" | "start" | "hang";
  readonly detail: string;
}

const STATUS_LINE = /^\[(ok|err|skip|ignore|exception|TIMEOUT|ready|testing|\d+\/\d+ done)\]: ?(.*)$/;
/** Lines that the suite prints between results: they end an error's text. */
const OTHER_LINE =
  /^(Testing (unit|integration)\/|Testing solo test|Killing still running|\s+The End$|=== |Waiting for process|Forcing process|Cleanup:|Logged crash report|Logged sanitizer)/;
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[0-9;]*m/g;
const DETAIL_LENGTH_MAX = 4000;

export class SuiteOutput {
  readonly results: TestResult[] = [];
  readonly aborts: Abort[] = [];
  /** The suite said that the unit is done. */
  finished = false;
  readonly #onResult: (result: TestResult) => void;
  readonly #counts = new Map<string, number>();
  /** The test that began last. */
  #running = "";
  /** The error or abort whose text goes on. */
  #open: { status: string; lines: string[] } | null = null;

  constructor(onResult: (result: TestResult) => void = () => {}) {
    this.#onResult = onResult;
  }

  /** One line without its end. */
  line(text: string): void {
    const line = text.replace(COLOUR, "");
    const match = STATUS_LINE.exec(line);
    if (match !== null) {
      this.#close();
      this.#status(match[1], match[2]);
    } else if (OTHER_LINE.test(line)) this.#close();
    else this.#open?.lines.push(line);
  }

  /** The output has ended. */
  end(): void {
    this.#close();
  }

  /** The unit was ended from outside. */
  timeLimit(seconds: number): void {
    const detail = `the unit took more than ${Math.round(seconds)} s`;
    this.aborts.push({ test: this.#running, kind: "hang", detail });
  }

  #status(status: string, data: string): void {
    if (status === "ok") {
      const timed = /^(.*) \((\d+) ms\)$/.exec(data);
      if (timed === null) this.#add({ name: data, status });
      else this.#add({ name: timed[1], status, ms: Number(timed[2]) });
    } else if (status === "skip") this.#add({ name: data, status });
    else if (status === "ignore") this.#ignored(data);
    else if (status === "testing") this.#running = this.#uniqueName(data);
    else if (status === "err" || status === "exception" || status === "TIMEOUT") {
      this.#open = { status, lines: [data] };
    } else if (status.endsWith(" done")) this.finished = true;
  }

  /** `name: reason`, or a reason alone where a whole block is left out. */
  #ignored(data: string): void {
    const match = /^(.*): (Tag: .*|Not supported .*|large memory flag not provided)$/.exec(data);
    if (match !== null) this.#add({ name: match[1], status: "ignore", detail: match[2] });
  }

  #close(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const text = open.lines.join("\n").trim().slice(0, DETAIL_LENGTH_MAX);
    if (open.status === "TIMEOUT") this.aborts.push({ test: this.#running, kind: "hang", detail: text });
    else if (open.status === "exception") {
      this.aborts.push({ test: this.#running, kind: "exception", detail: text });
    } else this.#failed(open.lines[0], text);
  }

  #failed(first: string, text: string): void {
    const named = /^(.*) in tests\/\S+\.tcl$/.exec(first);
    if (named !== null) {
      this.#add({ name: named[1], status: "err", detail: text.slice(first.length).trim() });
    } else {
      const kind = first.startsWith("Can't start the Redis server") ? "start" : "outside";
      this.aborts.push({ test: this.#running, kind, detail: text });
    }
  }

  #add(result: TestResult): void {
    const unique = { ...result, name: this.#uniqueName(result.name) };
    this.#counts.set(result.name, (this.#counts.get(result.name) ?? 0) + 1);
    this.results.push(unique);
    this.#onResult(unique);
  }

  #uniqueName(name: string): string {
    const seen = this.#counts.get(name) ?? 0;
    return seen === 0 ? name : `${name} (${seen + 1})`;
  }
}
