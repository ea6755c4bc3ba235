// The command line: `spork [config] [--option value ...]` runs the server, `spork check rdb|aof FILE` examines a dump or log,
// `spork plugin new|check ...` helps plugin authors.
import { checkAof, type CheckTerminal } from "./core/persistence/aof/check.ts";
import { checkRdbFile } from "./core/persistence/rdb/check.ts";
import { ListenError } from "./core/net/listener.ts";
import { PluginError } from "./core/plugins/plugin_error.ts";
import { ConfigError } from "./core/server/config/config_error.ts";
import { loadConfig } from "./core/server/config/load_config.ts";
import { makeServerLog } from "./core/server/config/server_log.ts";
import type { Crash } from "./core/server/crash_report.ts";
import { Server } from "./core/server/server.ts";
import { StartError } from "./core/server/start_error.ts";
import { VERSION } from "./core/server/version.ts";
import { allCommands } from "./modules/modules.ts";

const USAGE = `Usage: spork [/path/to/valkey.conf | /path/to/spork.yaml] [--option value ...] [-]
       spork check rdb FILE
       spork check aof [--fix | --truncate-to-timestamp SECONDS] FILE
       spork plugin new KIND NAME
       spork plugin check DIR
       spork --version
       spork --help

Examples:
       spork (run the server with the defaults)
       spork spork.yaml
       spork --port 7777 --dir /var/lib/spork
       spork /etc/valkey/valkey.conf --loglevel verbose
       echo 'maxmemory 128mb' | spork -
`;

const terminal: CheckTerminal = {
  print: (line) => console.log(line),
  ask(question) {
    Deno.stdout.writeSync(new TextEncoder().encode(question));
    const answer = new Uint8Array(16);
    return new TextDecoder().decode(answer.subarray(0, Deno.stdin.readSync(answer) ?? 0));
  },
};

/** Runs what the words ask for; the exit status, or nothing while a server runs. */
async function main(words: readonly string[]): Promise<number | undefined> {
  const [first, second] = words;
  if (first === "--version" || first === "-v") {
    console.log(`Spork server v=${VERSION} malloc=arena bits=64 deno=${Deno.version.deno}`);
    return 0;
  }
  if (first === "--help" || first === "-h") {
    console.log(USAGE);
    return 0;
  }
  if (first === "check") {
    if (second === "aof") return checkAof(words.slice(2), terminal);
    if (second === "rdb" && words.length === 3) return checkRdbFile(words[2], (line) => console.log(line));
    console.error(USAGE);
    return 1;
  }
  if (first === "plugin") {
    // Loaded only here: the conformance suites are no part of a running server.
    const { runPluginCommand } = await import("./core/plugins/author_kit.ts");
    return await runPluginCommand(words.slice(1), (line) => console.log(line));
  }
  return await runServer(words);
}

async function runServer(words: readonly string[]): Promise<number | undefined> {
  let config;
  try {
    config = loadConfig(words);
  } catch (error) {
    if (error instanceof ConfigError) console.error(error.report(VERSION));
    else if (error instanceof PluginError) console.error(error.message);
    else throw error;
    return 1;
  }
  const log = makeServerLog(config, Deno.pid);
  let server: Server | undefined;
  try {
    server = new Server(config, log, allCommands);
    const { shutdown, crashes } = server;
    // A terminal that is closed does not end the server.
    Deno.addSignalListener("SIGHUP", () => {});
    Deno.addSignalListener("SIGTERM", () => shutdown.signal("SIGTERM"));
    Deno.addSignalListener("SIGINT", () => shutdown.signal("SIGINT"));
    Deno.addSignalListener("SIGABRT", () => crashes.fatal({ reason: "crashed by signal: 6, SIGABRT" }));
    addEventListener("error", (event) => crashes.fatal(crashOf(event.error)));
    addEventListener("unhandledrejection", (event) => crashes.fatal(crashOf(event.reason)));
    log.role = "M";
    await server.start();
    return undefined;
  } catch (error) {
    for (const line of startFailure(error).split("\n")) log.warning(line);
    await server?.stop();
    return 1;
  }
}

function crashOf(error: unknown): Crash {
  if (!(error instanceof Error)) return { reason: `crashed by an error: ${error}` };
  return { reason: `crashed by an error: ${error.message}`, stack: error.stack };
}

function startFailure(error: unknown): string {
  if (error instanceof StartError) {
    return `Fatal error loading the DB, check server logs. Exiting.\n${error.message}`;
  }
  if (error instanceof ConfigError) return error.report(VERSION);
  if (error instanceof PluginError) return `Fatal error in a plugin. Exiting. ${error.message}`;
  if (error instanceof ListenError) return error.message;
  return `Fatal error at start. Exiting. ${error instanceof Error ? error.stack : error}`;
}

if (import.meta.main) {
  const status = await main(Deno.args);
  if (status !== undefined) Deno.exit(status);
}
