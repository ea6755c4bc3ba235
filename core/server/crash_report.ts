// What the log says when something is wrong in the server itself: the error with its stack, INFO and the clients, between
// two lines that tools and people search for. Ends the process where going on makes no sense.
import { errorText } from "../log/error_text.ts";
import process from "node:process";
import type { Server } from "./server.ts";

const REPORT_INTERVAL_MS = 60_000;

/** What went wrong: an error of ours, or a signal. */
export interface Crash {
  readonly reason: string;
  readonly stack?: string;
  /** The client that was served, described as CLIENT INFO does. */
  readonly client?: string;
}

export class CrashReporter {
  #lastReportAt = -Infinity;
  #ending = false;

  constructor(private readonly server: Server) {}

  /** Reports an error that the server survives; many in a row are reported in short. */
  survived(crash: Crash): void {
    const now = performance.now();
    if (now - this.#lastReportAt < REPORT_INTERVAL_MS) {
      this.server.log.warning(`${crash.reason}${crash.stack === undefined ? "" : `: ${crash.stack}`}`);
      return;
    }
    this.#lastReportAt = now;
    this.#write(crash);
  }

  /** Reports, and ends the process as `use-exit-on-panic` says. */
  fatal(crash: Crash): never {
    if (!this.#ending) {
      this.#ending = true;
      this.#write(crash);
    }
    if (this.server.config.values.useExitOnPanic) Deno.exit(1);
    process.abort();
  }

  #write(crash: Crash): void {
    const { server } = this;
    const { log, config } = server;
    if (!config.values.crashLogEnabled) {
      log.warning(crash.reason);
      return;
    }
    for (const line of reportLines(crash, server.version, () => infoOf(server), () => clientsOf(server))) {
      log.warning(line);
    }
  }
}

/** The report's lines. Exported for its tests. */
export function reportLines(
  crash: Crash,
  version: string,
  info: () => string,
  clients: () => string,
): string[] {
  const lines = ["=== SPORK BUG REPORT START: Cut & paste starting from here ==="];
  lines.push(`Spork ${version} ${crash.reason}`);
  lines.push("------ STACK TRACE ------", ...(crash.stack ?? "none").split("\n"));
  lines.push("------ INFO OUTPUT ------", ...section(info));
  lines.push("------ CLIENT LIST OUTPUT ------", ...section(clients));
  if (crash.client !== undefined) lines.push("------ CURRENT CLIENT INFO ------", crash.client);
  lines.push("=== SPORK BUG REPORT END. Please tell us what happened and attach these lines. ===");
  return lines;
}

/** A report must not fail for the reason that it reports. */
function section(make: () => string): string[] {
  try {
    return make().split(/\r?\n/).filter((line) => line !== "");
  } catch (error) {
    return [`(not available: ${errorText(error)})`];
  }
}

function infoOf(server: Server): string {
  return server.info(["everything"]);
}

function clientsOf(server: Server): string {
  if (server.config.values.hideUserDataFromLog) return "*redacted*";
  return [...server.clients.all()].map((client) => client.describe()).join("\n");
}
