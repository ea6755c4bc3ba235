// A server in this process that loads append-only logs from a directory of its own, and what it logs and holds then. What
// the tests of loading share.
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { datasetDigest } from "../../core/keyspace/digest.ts";
import { checkAof } from "../../core/persistence/aof/check.ts";
import { LogDirectory } from "../../core/server/aof/log_directory.ts";
import { loadConfig } from "../../core/server/config/load_config.ts";
import { Server } from "../../core/server/server.ts";
import { StartError } from "../../core/server/start_error.ts";
import { allCommands } from "../../modules/modules.ts";

export const INCR = "appendonly.aof.1.incr.aof";
export const MANIFEST = "appendonly.aof.manifest";

/** A command as a log has it, one character a byte. */
export function logged(...words: (string | number)[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${`${word}`.length}\r\n${word}\r\n`).join("")}`;
}

export class LogWorld implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "spork-log-" });
  readonly server: Server;
  /** What the server has logged since `load` began. */
  lines: string[] = [];

  constructor(args: string[] = []) {
    const log = (line: string) => void this.lines.push(line);
    const words = ["--appendonly", "yes", "--save", "", "--arena-size", "32mb", ...args];
    this.server = new Server(
      loadConfig(words),
      { debug: log, verbose: log, notice: log, warning: log } as unknown as Server["log"],
      allCommands,
    );
  }

  write(name: string, content: string | Uint8Array): void {
    const bytes = typeof content === "string" ? latin1Bytes(content) : content;
    Deno.writeFileSync(`${this.directory}/${name}`, bytes);
  }

  /** A log of one increment. */
  writeIncr(content: string | Uint8Array): void {
    this.write(INCR, content);
    this.write(MANIFEST, `file ${INCR} seq 1 type i\n`);
  }

  size(name = INCR): number {
    return Deno.statSync(`${this.directory}/${name}`).size;
  }

  /** Empties the server and has it load the directory as at its start; "" or the message with which it refuses to start. */
  async load(): Promise<string> {
    const { server } = this;
    server.keyspace.flushAll();
    this.lines = [];
    server.aof.directory = new LogDirectory({
      parent: this.directory,
      name: ".",
      logName: "appendonly.aof",
      log: server.log,
    });
    server.aof.directory.read();
    try {
      await server.loader.loadAtStart();
      return "";
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return error.message;
    }
  }

  get digest(): string {
    return datasetDigest(this.server.keyspace);
  }

  /** What `spork check aof` says of the log: its exit code, and up to where the last file is sound. */
  check(): { code: number; soundBytes: number } {
    let soundBytes = 0;
    const code = checkAof([`${this.directory}/${MANIFEST}`], {
      print: (line) => soundBytes = Number(/ok_up_to=(\d+)/.exec(line)?.[1] ?? soundBytes),
      ask: () => "n",
    });
    return { code, soundBytes };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}
