// The log's directory as the server finds it at start. What is wrong with the manifest is logged in Valkey's words.
import { ManifestError } from "../../persistence/aof/manifest.ts";
import type { Logger } from "../../log/logger.ts";
import { StartError } from "../start_error.ts";
import { type LogDirectory, textOf } from "./log_directory.ts";

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
    else log.warning(`Fatal error: can't open the AOF manifest in ${directory.path}: ${textOf(error)}`);
    throw new StartError(
      "START_LOG_REFUSED",
      `The append-only log in ${directory.path} cannot be used; the lines before say why (START_LOG_REFUSED)`,
      { cause: error },
    );
  }
}
