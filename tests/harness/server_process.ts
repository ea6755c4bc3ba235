// One server process under test: its temporary directory, port, log, readiness and end. spork_server.ts and
// redis_server.ts say which program to start; tests use those.
import { type ConnectOptions, RespClient } from "./resp_client.ts";
import { eventually, type EventuallyOptions, pause } from "./eventually.ts";

const READY_MILLISECONDS_MAX = 30_000;
const STOP_MILLISECONDS_MAX = 15_000;

export interface ServerOptions {
  /** `--option value` words behind the harness's own (port, bind, dir, save). */
  args?: string[];
  /** Text of a configuration file that the server reads; written to `file` in the data directory. */
  config?: { file: string; text: string };
  /** Data directory. Default: a new temporary one, removed by `stop`. */
  dir?: string;
  /** Default: a free one. */
  port?: number;
  env?: Record<string, string>;
  /** Run this executable instead of the source (Spork only). Default: what SPORK_EXECUTABLE says. */
  executable?: string;
  /** How it ends when it goes out of scope. Default: `stop`. */
  endsBy?: "stop" | "kill";
  /** How long a start (with its load) may take. Default 30 s. */
  readyMilliseconds?: number;
}

/** How a program ended that ran to its end. */
export interface RunResult {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

export interface Launch {
  program: string;
  args: string[];
  cwd?: string;
}

export class ServerProcess implements AsyncDisposable {
  #log = "";
  #hasExited = false;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  readonly #ownsDirectory: boolean;
  readonly #endsBy: "stop" | "kill";
  /** Resolves when the process has ended, with everything it wrote already in `log`. */
  readonly exited: Promise<Deno.CommandStatus>;

  protected constructor(
    readonly name: string,
    readonly port: number,
    readonly dir: string,
    launch: Launch,
    options: ServerOptions,
  ) {
    this.#ownsDirectory = options.dir === undefined;
    this.#endsBy = options.endsBy ?? "stop";
    this.#process = new Deno.Command(launch.program, {
      args: launch.args,
      cwd: launch.cwd,
      env: options.env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([this.#collect(this.#process.stdout), this.#collect(this.#process.stderr)]);
    this.exited = this.#process.status.then(async (status) => {
      this.#hasExited = true;
      await this.#reading;
      return status;
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Standard output and error so far, in the order of their arrival. */
  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return !this.#hasExited;
  }

  connect(options: ConnectOptions = {}): Promise<RespClient> {
    return RespClient.connect({ port: this.port, ...options });
  }

  /** The fields of INFO (of the sections, default all) as text. */
  async info(...sections: string[]): Promise<Record<string, string>> {
    await using client = await this.connect();
    return parseInfo(
      await client.call("INFO", ...(sections.length > 0 ? sections : ["everything"])) as string,
    );
  }

  /** Waits for a line of the log that matches, and returns it. */
  waitForLog(pattern: RegExp, options: EventuallyOptions = {}): Promise<string> {
    return eventually(() => this.#log.split("\n").find((line) => pattern.test(line)), {
      what: `a log line of ${this.name} that matches ${pattern}; log:\n${tail(this.#log)}`,
      ...options,
    });
  }

  /** Waits until the server answers PING with PONG (so until it has loaded its data). */
  async untilReady(withinMilliseconds = READY_MILLISECONDS_MAX): Promise<void> {
    const giveUpAt = performance.now() + withinMilliseconds;
    let last: unknown = "no answer";
    while (performance.now() < giveUpAt) {
      if (this.#hasExited) {
        const { code, signal } = await this.exited;
        throw new Error(
          `${this.name} ended during its start (code ${code}, signal ${signal}); log:\n${this.#log}`,
        );
      }
      try {
        await using client = await this.connect({ replyMilliseconds: withinMilliseconds });
        const [reply] = await client.rawPipeline([["PING"]]);
        if (reply === "+PONG\r\n" || reply.startsWith("-NOAUTH")) return;
        last = reply;
      } catch (error) {
        last = error;
      }
      await pause(10);
    }
    throw new Error(
      `${this.name} is not ready after ${withinMilliseconds} ms (${last}); log:\n${tail(this.#log)}`,
    );
  }

  signal(signal: Deno.Signal): void {
    if (!this.#hasExited) this.#process.kill(signal);
  }

  /** Clean shutdown by SIGTERM (by SIGKILL when that takes too long); removes a directory that the harness made. */
  async stop(): Promise<Deno.CommandStatus> {
    const status = await this.terminate();
    await this.removeDirectory();
    return status;
  }

  /** Clean shutdown by SIGTERM; the directory stays, for a start on the same data. */
  async terminate(): Promise<Deno.CommandStatus> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MILLISECONDS_MAX);
    const status = await this.exited;
    clearTimeout(timer);
    return status;
  }

  /** kill -9; the directory stays, for a start on the same data. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  async removeDirectory(): Promise<void> {
    if (!this.#ownsDirectory) return;
    try {
      await Deno.remove(this.dir, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#endsBy === "kill") await this.kill();
    await this.stop();
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#log += decoder.decode(chunk, { stream: true });
  }
}

/** `INFO` text as fields; section headings are left out. */
export function parseInfo(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return fields;
}

/** Runs a program to its end with `input` on its standard input. */
export async function runToEnd(
  launch: Launch,
  options: { input?: string; env?: Record<string, string>; withinMilliseconds?: number } = {},
): Promise<RunResult> {
  const process = new Deno.Command(launch.program, {
    args: launch.args,
    cwd: launch.cwd,
    env: options.env,
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const within = options.withinMilliseconds ?? READY_MILLISECONDS_MAX;
  const timer = setTimeout(() => process.kill("SIGKILL"), within);
  if (options.input !== undefined) {
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.input)).then(() => writer.close(), () => {});
  }
  const output = await process.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return {
    code: output.code,
    signal: output.signal,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

function tail(text: string): string {
  return text.length > 4000 ? `...${text.slice(-4000)}` : text;
}
