// What an option is: data. The table (option_table.ts) is made of these; Config, the loader, CONFIG REWRITE and the
// generated page of the manual read the same objects.

/**
 * Whether an option does something: "live" is used by the server; "none" is accepted for compatibility and ignored,
 * because ignoring it is harmless; "later" belongs to a feature that Spork does not have yet.
 */
export type Effect = "live" | "none" | "later";

/** Values that would be harmful to accept without doing what they ask. Delete the refusal when the feature lands. */
export interface Refusal {
  /** The only accepted values, as CONFIG GET prints them. */
  readonly accepts: readonly string[];
  /** Why every other value is refused, and what to do instead. */
  readonly because: string;
}

/** When a value is parsed. Repeated lines of a file may add to each other; CONFIG SET always replaces. */
export type Occasion = "first line" | "later line" | "set";

/** The reason why a value is not acceptable, in the words that CONFIG SET's error carries. */
export class BadValue {
  constructor(readonly reason: string) {}
}

/** One line of a rewritten file: what follows the option's name. Without force it only replaces a line that exists. */
export interface RewriteLine {
  readonly text: string;
  readonly force: boolean;
}

export interface OptionFacts {
  /** Other names of the option, from earlier releases of Valkey and Redis. */
  readonly aliases?: readonly string[];
  readonly effect: Effect;
  readonly refuse?: Refusal;
  /** Fixed once the server runs: CONFIG SET refuses it. */
  readonly immutable?: true;
  /** Not matched by the patterns of CONFIG GET, only by its full name; not in the manual's main table. */
  readonly hidden?: true;
  /** A secret: never in logs or errors. */
  readonly sensitive?: true;
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: true;
  /** CONFIG SET is refused while a dataset loads. */
  readonly denyLoading?: true;
  /** Setting it again to the same value calls the change hooks too (files that may have changed on disk). */
  readonly volatile?: true;
  /** Has no effect without a change hook: where nobody registered one, CONFIG SET refuses the option. */
  readonly needsHook?: true;
  /** One line for the manual. */
  readonly doc: string;
}

export interface Option<T> extends OptionFacts {
  readonly default: T;
  /** Takes several words (a line's rest, or one text that is split at spaces). */
  readonly multiple: boolean;
  /** What a value may be, for the manual and for error messages. */
  readonly accepts: string;
  /** Never called with other than one word unless `multiple`. */
  parse(words: readonly string[], occasion: Occasion, previous: T): T | BadValue;
  /** The value as CONFIG GET prints it. */
  format(value: T): string;
  /** What CONFIG REWRITE writes; an empty list removes the option's lines. */
  rewrite(value: T): RewriteLine[];
}

/** Yes or no of an option's flags, the one way to ask. */
export function isRefused<T>(option: Option<T>, value: T): boolean {
  return option.refuse !== undefined && !option.refuse.accepts.includes(option.format(value));
}
