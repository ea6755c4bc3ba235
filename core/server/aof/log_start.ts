// The log's directory as the server finds it at start. What is wrong with the manifest is logged in Valkey's words.
import { errorText } from "../../log/error_text.ts";
import { type AofFileEntry, ManifestError } from "../../persistence/aof/manifest.ts";
import type { Logger } from "../../log/logger.ts";
import { StartError } from "../start_error.ts";
import { LogDirectory, type LogDirectoryFiles } from "./log_directory.ts";
import type { LogHost } from "./log_host.ts";

/** Where the configuration has it. `files`: of tests. */
export function directoryOf({ config: { values }, log }: LogHost, files?: LogDirectoryFiles): LogDirectory {
  return new LogDirectory({
    parent: values.dir,
    name: values.appenddirname,
    logName: values.appendfilename,
    log,
    files,
  });
}

/** Throws StartError. `isOn`: a single log file from before there were manifests is taken up. */
export function readManifestAtStart(
  directory: LogDirectory,
  log: Pick<Logger, "warning">,
  isOn: boolean,
): void {
  try {
    directory.read();
    if (!isOn) return;
    directory.adoptSingleFile();
    directory.sweep();
  } catch (error) {
    if (error instanceof ManifestError) { for (const line of error.report()) log.warning(line); }
    else log.warning(`Fatal error: can't open the AOF manifest in ${directory.path}: ${errorText(error)}`);
    throw new StartError(
      "START_LOG_REFUSED",
      `The append-only log in ${directory.path} cannot be used; the lines before say why (START_LOG_REFUSED)`,
      { cause: error },
    );
  }
}

/** The increment that is gone on with; the first files where there are none. Throws where they cannot be made. */
export function lastIncrAtStart(directory: LogDirectory, host: LogHost): AofFileEntry {
  const { log, saves, config: { values } } = host;
  const last = directory.manifest.incrs.at(-1);
  if (last !== undefined) {
    log.notice(`Opening AOF incr file ${last.name} on server start`);
    return last;
  }
  directory.ensure();
  const manifest = directory.manifest.copy();
  if (manifest.base === null) {
    const isRdb = values.aofUseRdbPreamble;
    const { name } = manifest.nextBase(values.appendfilename, isRdb ? "rdb" : "aof");
    if (isRdb) saves.writeEmptyBase(directory.path, name);
    else directory.files.createEmpty(directory.pathOf(name));
    log.notice(`Creating AOF base file ${name} on server start`);
  }
  const first = directory.addIncr(manifest);
  log.notice(`Creating AOF incr file ${first.name} on server start`);
  return first;
}
