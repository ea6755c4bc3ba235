// The error of a configuration that can't be used. The loader throws it; main prints `report` and ends with status 1.

export type ConfigErrorCode =
  /** A file that can't be read, or an `include` that goes in circles. */
  | "CONFIG_FILE"
  /** A line, YAML text or command line that can't be taken apart. */
  | "CONFIG_SYNTAX"
  | "CONFIG_UNKNOWN_OPTION"
  | "CONFIG_BAD_VALUE"
  /** A value that Spork understands and will not accept, because it could not do what it asks. */
  | "CONFIG_REFUSED";

/** Where a setting stands. */
export interface Origin {
  /** A path, "the standard input" or "the command line". */
  readonly file: string;
  /** 1-based; on the command line the number of the option. */
  readonly line: number;
  /** The line as written, secrets left out. */
  readonly text: string;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /**
   * `reason` says in Valkey's words what is wrong; `advice` says what is accepted and what to do. `option` is the name
   * as written, where an option is concerned.
   */
  constructor(
    readonly code: ConfigErrorCode,
    readonly origin: Origin | undefined,
    readonly reason: string,
    readonly advice: string,
    readonly option?: string,
  ) {
    const place = origin === undefined ? "" : `${origin.file} line ${origin.line}: `;
    super(`${code}: ${place}${reason}${advice === "" ? "" : `; ${advice}`}`);
  }

  /** Several lines for the terminal, in the shape that Valkey's users and tools know. */
  report(version: string): string {
    const lines = ["", `*** FATAL CONFIG FILE ERROR (Spork ${version}) ***`];
    if (this.origin !== undefined) {
      lines.push(`Reading ${this.origin.file}, at line ${this.origin.line}`);
      lines.push(`>>> '${this.origin.text}'`);
    }
    lines.push(this.reason);
    if (this.advice !== "") lines.push(this.advice);
    lines.push(`(${this.code})`, "");
    return lines.join("\n");
  }
}
