// The errors of the plugin host: one coded error type for manifests, settings, permissions, phases and jobs.
// A message names the plugin or the file and line, what was found, what is accepted and what to do.

export type PluginErrorCode =
  /** No plugin.yaml where one was expected. */
  | "PLUGIN_MANIFEST_MISSING"
  /** plugin.yaml is not YAML, or not a mapping. */
  | "PLUGIN_MANIFEST_SYNTAX"
  /** A field is missing or unknown. */
  | "PLUGIN_MANIFEST_FIELD"
  /** A field's value is not one of those accepted. */
  | "PLUGIN_MANIFEST_VALUE"
  /** The plugin's `api` range does not contain this host's version. */
  | "PLUGIN_API_MISMATCH"
  /** A plugin's setting in the server's configuration is malformed. */
  | "PLUGIN_SETTING"
  | "PLUGIN_UNKNOWN"
  | "PLUGIN_DUPLICATE"
  /** A plugin was chosen for what it is not. */
  | "PLUGIN_WRONG_KIND"
  /** A plugin was chosen for what needs a promise that its manifest does not declare. */
  | "PLUGIN_PROMISE_MISSING"
  | "PLUGIN_OPTION_UNKNOWN"
  | "PLUGIN_OPTION_VALUE"
  /** `${name}` in a permission names no known config value. */
  | "PLUGIN_VARIABLE_UNKNOWN"
  /** The manifest asks for what the configuration does not grant. */
  | "PLUGIN_PERMISSION_NOT_GRANTED"
  /** Granted, but the program itself was started or compiled without it. */
  | "PLUGIN_PERMISSION_NOT_COMPILED"
  /** The plugin's code imports what a plugin may not import. */
  | "PLUGIN_IMPORT_REFUSED"
  /** The trusted tier was asked for a plugin that is not part of the executable. */
  | "PLUGIN_TRUST_REFUSED"
  /** The plugin's code does not load, or does not export what its kind must have. */
  | "PLUGIN_LOAD_FAILED"
  /** A lifecycle phase threw. */
  | "PLUGIN_PHASE_FAILED"
  | "PLUGIN_PHASE_TIMEOUT"
  /** The worker ended by itself: an uncaught error, an unhandled rejection, or an exit. */
  | "PLUGIN_CRASHED"
  /** The plugin is not running. */
  | "PLUGIN_NOT_RUNNING"
  /** A job threw inside the plugin. */
  | "PLUGIN_JOB_FAILED"
  | "PLUGIN_JOB_CANCELLED";

export interface PluginErrorDetails {
  plugin?: string;
  file?: string;
  /** 1-based. */
  line?: number;
  cause?: unknown;
}

export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly plugin: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(readonly code: PluginErrorCode, text: string, details: PluginErrorDetails = {}) {
    const place = details.file === undefined
      ? ""
      : details.line === undefined
      ? `${details.file}: `
      : `${details.file}:${details.line}: `;
    super(`${code}: ${place}${text}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.plugin = details.plugin;
    this.file = details.file;
    this.line = details.line;
  }
}

/** What was thrown, in one line. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) {
    return thrown.name === "Error" ? thrown.message : `${thrown.name}: ${thrown.message}`;
  }
  return String(thrown);
}
