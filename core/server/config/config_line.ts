// One setting as a source gives it, whatever its syntax. Sources make them, the loader applies them in order.
import type { Origin } from "./config_error.ts";

export interface ConfigLine {
  /** The first word. */
  readonly name: string;
  /** What follows it. */
  readonly words: readonly string[];
  /** The body of spork.yaml's `plugins:` section. */
  readonly section?: unknown;
  /** With `section`: the text of the whole file. */
  readonly source?: string;
  readonly origin: Origin;
}
