// Runs one unit of the suite to its end. A test that hangs or tears the suite down is noted and left out of a second
// pass, so that it does not hide the tests behind it.
import { RedisServer, type ServerProcess, SporkServer } from "../harness/mod.ts";
import { type Abort, SuiteOutput, type TestResult } from "./suite_output.ts";
import type { Workspace } from "./workspace.ts";

export type Mode = "native" | "external";

export interface UnitOptions {
  readonly mode: Mode;
  /** Names (or /patterns) of tests to leave out. */
  readonly skip: readonly string[];
  /** Only these names (or /patterns), if any. */
  readonly only?: readonly string[];
  /** A unit that takes longer is ended. */
  readonly secondsMax: number;
  /** A test that shows no progress for so long hangs. */
  readonly hangSeconds: number;
  /** More words for test_helper.tcl. */
  readonly words?: readonly string[];
  readonly onResult?: (result: TestResult) => void;
}

export interface UnitResult {
  readonly unit: string;
  readonly tests: TestResult[];
  readonly aborts: Abort[];
  /** The suite came to the unit's end, possibly without tests that aborted it. */
  readonly finished: boolean;
  readonly seconds: number;
}

const PASSES_MAX = 4;
/** Where the suite's ports begin: below the ports that the system gives to clients. */
const PORT_BASE_MIN = 20_100;
const PORT_BASE_MAX = 31_000;
const PORTS_OF_A_RUN = 400;
const KILL_SECONDS = 10;

export async function runUnit(workspace: Workspace, unit: string, options: UnitOptions): Promise<UnitResult> {
  const start = performance.now();
  const tests = new Map<string, TestResult>();
  const aborts: Abort[] = [];
  const skip = [...options.skip];
  let finished = false;
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const spent = (performance.now() - start) / 1000;
    const output = await runPass(workspace, unit, { ...options, skip }, options.secondsMax - spent);
    for (const result of output.results) {
      // What an earlier pass saw of a test that this pass left out stays.
      if (result.status !== "skip" || !tests.has(result.name)) tests.set(result.name, result);
    }
    aborts.push(...output.aborts);
    finished = output.finished;
    const stopped = output.aborts.find((abort) => abort.kind === "hang" || abort.kind === "exception");
    if (finished || stopped === undefined || stopped.test === "" || skip.includes(stopped.test)) break;
    const detail = stopped.kind === "hang" ? "hangs" : stopped.detail;
    tests.set(stopped.test, { name: stopped.test, status: "err", detail });
    skip.push(stopped.test);
  }
  return {
    unit,
    tests: [...tests.values()],
    aborts,
    finished,
    seconds: Math.round((performance.now() - start) / 100) / 10,
  };
}

async function runPass(
  workspace: Workspace,
  unit: string,
  options: UnitOptions,
  secondsMax: number,
): Promise<SuiteOutput> {
  const output = new SuiteOutput(options.onResult);
  const skipFile = `${workspace.folder}/skip.txt`;
  Deno.writeTextFileSync(skipFile, options.skip.join("\n"));
  const words = ["tests/test_helper.tcl", "--single", unit, "--clients", "1", "--durable", "--dont-clean"];
  words.push("--timeout", `${options.hangSeconds}`, "--skipfile", skipFile, ...(options.words ?? []));
  for (const name of options.only ?? []) words.push("--only", name);
  const base = PORT_BASE_MIN + Math.floor(Math.random() * (PORT_BASE_MAX - PORT_BASE_MIN));
  words.push("--baseport", `${base}`, "--portcount", `${PORTS_OF_A_RUN}`);
  await using server = options.mode === "external" ? await externalServer(workspace) : null;
  if (server !== null) words.push("--host", "127.0.0.1", "--port", `${server.port}`);
  // `timeout` puts the suite and all its servers into a process group, which it can end as a whole.
  const child = new Deno.Command("timeout", {
    args: [`--kill-after=${KILL_SECONDS}`, `${Math.max(1, Math.ceil(secondsMax))}`, "tclsh", ...words],
    cwd: workspace.folder,
    env: { TERM: "dumb" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  for await (const line of lines(child.stdout)) output.line(line);
  output.end();
  const { code } = await child.status;
  // What `timeout` ends with.
  if (code === 124 || code === 137) output.timeLimit(secondsMax);
  await workspace.killLeftovers();
  return output;
}

/** The server of the suite's external mode: one for the whole unit, configured as the suite's own servers are. */
function externalServer(workspace: Workspace): Promise<ServerProcess> {
  const args = ["--notify-keyspace-events", "KEA", "--latency-monitor-threshold", "1"];
  args.push("--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes");
  args.push("--enable-protected-configs", "yes", "--enable-module-command", "yes");
  if (workspace.peer === "redis") return RedisServer.start({ args });
  // The copy of the program, as in native mode.
  return SporkServer.start({ args, executable: `${workspace.folder}/src/redis-server` });
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  // Names of tests may hold any bytes.
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest !== "") yield rest;
}
