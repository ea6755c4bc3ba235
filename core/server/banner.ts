// What the log says of the instance once its doors are open: the mode, port and process id, with a picture where
// `always-show-logo` or a terminal asks for it. Test suites and scripts find the process id there.
import type { Logger } from "../log/logger.ts";

export interface BannerFacts {
  readonly version: string;
  readonly port: number;
  readonly pid: number;
  readonly showsLogo: boolean;
}

export function logBanner(log: Logger, facts: BannerFacts): void {
  const { version, port, pid } = facts;
  if (!facts.showsLogo) {
    log.notice(`Running mode=standalone, port=${port}.`);
    return;
  }
  const lines = [
    "   | | | |    ",
    "   | | | |    " + `Spork ${version}, Deno ${Deno.version.deno}`,
    "   |     |    " + "Running in standalone mode",
    "    \\   /     " + `Port: ${port}`,
    "     | |      " + `PID: ${pid}`,
    "     | |      ",
  ];
  for (const line of lines) log.notice(line.trimEnd());
}
