// Starts Spork for tests, with the very flags of `deno task start`, or the executable that SPORK_EXECUTABLE names (so that
// the same tests run against what compile.sh built).
import { freePort } from "./free_port.ts";
import {
  type Launch,
  type RunResult,
  runToEnd,
  type ServerOptions,
  ServerProcess,
} from "./server_process.ts";

/** Root of the repository, with a slash at its end. */
export const projectDirectory: string = decodeURIComponent(new URL("../../", import.meta.url).pathname);

export class SporkServer extends ServerProcess {
  /**
   * A fresh empty server on a free loopback port without save points, ready for commands:
   * `await using server = await SporkServer.start({ args: ["--databases", "4"] })`.
   */
  static async start(options: ServerOptions = {}): Promise<SporkServer> {
    const server = await SporkServer.spawn(options);
    try {
      await server.untilReady(options.readyMilliseconds);
    } catch (error) {
      await server.kill();
      await server.removeDirectory();
      throw error;
    }
    return server;
  }

  /** Like `start`, without waiting: for tests of loading and of starts that fail. */
  static async spawn(options: ServerOptions = {}): Promise<SporkServer> {
    const port = options.port ?? freePort();
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "spork-test-" });
    const words = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
    if (options.config) {
      const path = `${dir}/${options.config.file}`;
      await Deno.writeTextFile(path, options.config.text);
      words.unshift(path);
    }
    const launch = sporkLaunch([...words, ...(options.args ?? [])], options.executable);
    return new SporkServer("spork", port, dir, launch, options);
  }

  /** Runs the program with exactly these arguments to its end: `--version`, `check rdb FILE`, bad configuration. */
  static run(
    args: string[],
    options: { input?: string; env?: Record<string, string>; withinMilliseconds?: number } = {},
  ): Promise<RunResult> {
    return runToEnd(sporkLaunch(args), options);
  }
}

/** The program and arguments that run Spork with `args`. */
export function sporkLaunch(args: string[], executable = Deno.env.get("SPORK_EXECUTABLE")): Launch {
  if (executable) return { program: executable, args };
  return { program: Deno.execPath(), args: [...startTaskWords(), ...args], cwd: projectDirectory };
}

/** The words of the `start` task behind `deno`: one place says with which flags the server runs. */
function startTaskWords(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${projectDirectory}deno.json`));
  const task: string = typeof tasks.start === "string" ? tasks.start : tasks.start.command;
  const words = task.split(/\s+/);
  if (words[0] !== "deno" || /["'$&|;]/.test(task)) {
    throw new Error(`the start task must be one plain deno command: ${task}`);
  }
  return words.slice(1);
}
