// A private copy of the suite and of the program, made for one run: two runs never meet in one folder, and what is edited
// meanwhile does not change what a run judges. Puts wrappers where the suite expects the programs of Redis.
import { projectDirectory, sporkLaunch } from "../harness/mod.ts";
import { patchSuite } from "./suite_patches.ts";

/** The folders and files that a server needs to run. */
const PROGRAM_PARTS = ["core", "modules", "plugins", "main.ts", "deno.json", "deno.lock"];

const ABANDON_ATTEMPTS_MAX = 5;

/** Whose server the suite is to judge: ours, or Debian's redis-server for a look at what the peer itself passes. */
export type Peer = "spork" | "redis";

export class Workspace implements AsyncDisposable {
  private constructor(readonly folder: string, readonly peer: Peer) {}

  static async create(suite: string, peer: Peer): Promise<Workspace> {
    const folder = await Deno.makeTempDir({ prefix: "spork-conformance-" });
    const workspace = new Workspace(folder, peer);
    try {
      await copy([suite + "/."], folder);
      patchSuite(folder);
      Deno.mkdirSync(`${folder}/src`);
      if (peer === "spork") {
        Deno.mkdirSync(workspace.program);
        await copy(PROGRAM_PARTS.map((part) => projectDirectory + part), workspace.program);
      }
      workspace.#writeWrappers();
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
    return workspace;
  }

  /** Where the copy of the program is. */
  get program(): string {
    return `${this.folder}/spork`;
  }

  /** Shell words that run the judged server. */
  get serverWords(): string[] {
    if (this.peer === "redis") return ["redis-server"];
    const { program, args } = sporkLaunch([]);
    if (Deno.env.get("SPORK_EXECUTABLE")) return [program];
    const words = args.map((word) => word === "main.ts" ? `${this.program}/main.ts` : word);
    // `deno run` takes its configuration from the folder it is started in, which is the suite's.
    return [program, words[0], "--config", `${this.program}/deno.json`, ...words.slice(1)];
  }

  #writeWrappers(): void {
    const server = this.serverWords.map(quoted).join(" ");
    const checks = this.peer === "spork";
    this.#wrapper("redis-server", `exec ${server} "$@"`);
    this.#wrapper("redis-check-rdb", checks ? `exec ${server} check rdb "$@"` : 'exec redis-check-rdb "$@"');
    this.#wrapper("redis-check-aof", checks ? `exec ${server} check aof "$@"` : 'exec redis-check-aof "$@"');
    this.#wrapper("redis-sentinel", checks ? `exec ${server} "$@" --sentinel` : 'exec redis-sentinel "$@"');
    for (const name of ["redis-cli", "redis-benchmark"]) this.#wrapper(name, `exec ${name} "$@"`);
  }

  #wrapper(name: string, line: string): void {
    const path = `${this.folder}/src/${name}`;
    // `exec`, because the suite knows its servers by their process id.
    Deno.writeTextFileSync(path, `#!/bin/sh\n${line}\n`);
    Deno.chmodSync(path, 0o755);
  }

  /** Ends what a unit left running: processes whose working directory is in this workspace. */
  async killLeftovers(): Promise<void> {
    // By the shell: the process table is closed to Deno without all permissions.
    const script =
      'for p in /proc/[0-9]*; do case "$(readlink "$p/cwd")" in "$1"|"$1"/*) kill -9 "${p#/proc/}";; esac; done';
    await new Deno.Command("sh", {
      args: ["-c", script, "sh", this.folder],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
  }

  /** Ends and removes everything while a run is still busy here. */
  async abandon(): Promise<void> {
    for (let attempt = 0; attempt < ABANDON_ATTEMPTS_MAX; attempt++) {
      try {
        await this[Symbol.asyncDispose]();
        return;
      } catch {
        // The run has written a file meanwhile.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killLeftovers();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function copy(sources: string[], target: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", { args: ["-a", ...sources, target] }).output();
  if (!success) throw new Error(`copying to ${target} failed: ${new TextDecoder().decode(stderr)}`);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
