// Makes the server's log from the configuration and keeps it in step with CONFIG SET. Called once at start.
import { ServerLog } from "../../log/logger.ts";
import type { Config } from "./config.ts";

export function makeServerLog(config: Config, pid: number): ServerLog {
  const { values } = config;
  const log = new ServerLog(
    {
      level: values.loglevel,
      file: values.logfile,
      format: values.logFormat,
      timestampFormat: values.logTimestampFormat,
    },
    pid,
  );
  config.onChange(["loglevel", "log-format", "log-timestamp-format"], (now) => {
    log.options.level = now.loglevel;
    log.options.format = now.logFormat;
    log.options.timestampFormat = now.logTimestampFormat;
  });
  return log;
}
