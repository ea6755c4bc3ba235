// The running server's configuration: every option's value as a plain property, CONFIG GET and SET over them, and the
// hooks that apply changes. One object for the life of the process; load_config.ts fills it, everybody reads `values`.
import { systemErrorText } from "../../log/error_text.ts";
import { matchGlobIgnoringCase } from "../../bytes/glob.ts";
import { noPluginSettings, type PluginSettings } from "../../plugins/plugin_settings.ts";
import type { Origin } from "./config_error.ts";
import { type ConfigHost, denoHost } from "./config_host.ts";
import { checkTogether } from "./option_rules.ts";
import { BadValue, isRefused, type Occasion } from "./option.ts";
import { findOption, type NamedOption, namedOptions } from "./option_lookup.ts";
import { type ConfigValues, optionByName, type OptionName, optionNames, valueKey } from "./option_table.ts";
import { rewriteConfigFile, type RewriteOptions } from "./rewrite.ts";

/** Applies a change. A returned text refuses it: all options of the CONFIG SET go back to what they were. */
export type ChangeHook = (values: ConfigValues) => string | void;

/** Who sets, for the options that are not for everybody or not for every moment. */
export interface SetContext {
  /** The client is on this machine. */
  readonly local: boolean;
  /** A dataset is being loaded. */
  readonly loading: boolean;
}

const encoder = new TextEncoder();
const NO_HOOK = "the server can't change it while it runs; set it in the configuration and restart";

/** One line `rename-command`. */
export interface CommandRename {
  readonly from: string;
  readonly to: string;
  readonly origin: Origin;
}

export class Config {
  readonly values: ConfigValues;
  /** What the operator says about plugins. `plugins.chosen` repeats snapshot-strategy and aof-strategy. */
  plugins: PluginSettings = noPluginSettings();
  /** `rename-command`: names in lower case; an empty new one takes the command away. */
  readonly renames: CommandRename[] = [];
  /** Absolute path of the configuration file, or empty. */
  file = "";
  readonly host: ConfigHost;
  readonly #hooks = new Map<OptionName, ChangeHook[]>();

  /** With every option at its default. */
  constructor(host: ConfigHost = denoHost) {
    this.host = host;
    const values: Record<string, unknown> = {};
    for (const name of optionNames) values[valueKey(name)] = optionByName(name).default;
    values.dir = host.currentDirectory();
    this.values = values as ConfigValues;
  }

  /** Has `apply` called once after every CONFIG SET that changes any of `names`. Not called for the values at start. */
  onChange(names: OptionName | readonly OptionName[], apply: ChangeHook): void {
    for (const name of typeof names === "string" ? [names] : names) {
      const hooks = this.#hooks.get(name);
      if (hooks === undefined) this.#hooks.set(name, [apply]);
      else hooks.push(apply);
    }
  }

  /** Names and values as CONFIG GET prints them: of full names in any case, and of glob patterns. */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found: [string, string][] = [];
    const seen = new Set<string>();
    for (const pattern of patterns) {
      if (!/[[*?]/.test(pattern)) {
        const named = findOption(pattern);
        if (named === undefined || seen.has(named.given)) continue;
        seen.add(named.given);
        // The name comes back as the client wrote it.
        found.push([pattern, this.textOf(named)]);
        continue;
      }
      const bytes = encoder.encode(pattern);
      for (const named of namedOptions) {
        if (named.hidden || seen.has(named.given)) continue;
        const name = encoder.encode(named.given);
        if (!matchGlobIgnoringCase(bytes, 0, bytes.length, name, 0, name.length)) continue;
        seen.add(named.given);
        found.push([named.given, this.textOf(named)]);
      }
    }
    return found;
  }

  /** Whether the value of this name is a secret. */
  isSecret(name: string): boolean {
    return findOption(name)?.option.sensitive === true;
  }

  /** One option's value as CONFIG GET prints it. */
  textOf(named: NamedOption): string {
    const text = named.option.format(this.values[valueKey(named.name)]);
    return named.view === undefined ? text : named.view.read(text);
  }

  /**
   * CONFIG SET: all pairs or none. Returns the wire error (without the dash), or null when everything was set and
   * applied.
   */
  set(pairs: readonly (readonly [name: string, value: string])[], context: SetContext): string | null {
    const named: NamedOption[] = [];
    for (const [name] of pairs) {
      const option = findOption(name);
      const refusal = this.#maySet(option, name, named, context);
      if (refusal !== null) return refusal;
      named.push(option!);
    }
    const before = new Map<OptionName, unknown>();
    const hooks = new Map<ChangeHook, NamedOption>();
    for (let i = 0; i < named.length; i++) {
      const { name, option } = named[i];
      const previous = this.values[valueKey(name)];
      before.set(name, previous);
      const bad = this.assign(named[i], wordsOf(named[i], pairs[i][1]), "set");
      if (bad !== null) return this.#rollBack(before, [], named[i].given, bad.reason);
      const changed = option.format(previous) !== option.format(this.values[valueKey(name)]);
      if (!changed && !option.volatile) continue;
      const own = this.#hooks.get(name) ?? [];
      if (changed && option.needsHook && own.length === 0) {
        return this.#rollBack(before, [], named[i].given, NO_HOOK);
      }
      for (const hook of own) if (!hooks.has(hook)) hooks.set(hook, named[i]);
    }
    const conflict = checkTogether(this.values, new Set(named.map((option) => option.given)));
    if (conflict !== null) return this.#rollBack(before, [], conflict.option, conflict.reason);
    const applied: ChangeHook[] = [];
    for (const [hook, option] of hooks) {
      applied.push(hook);
      const reason = hook(this.values);
      if (reason !== undefined) return this.#rollBack(before, applied, option.given, reason);
    }
    return null;
  }

  /** Parses and stores one option's value. Nothing is stored when it is bad. Loader and `set` only. */
  assign(named: NamedOption, words: readonly string[], occasion: Occasion): BadValue | null {
    const { option, name, view } = named;
    const key = valueKey(name);
    const previous = this.values[key];
    let given = words;
    if (view !== undefined) {
      const written = view.write(words[0], option.format(previous));
      if (written instanceof BadValue) return written;
      given = [written];
    }
    const value = option.parse(given, occasion, previous);
    if (value instanceof BadValue) return value;
    // A file may say one thing and the command line another: the loader looks at refusals when all is read.
    if (occasion === "set" && isRefused(option, value)) return new BadValue(option.refuse!.because);
    return this.#store(name, value);
  }

  /**
   * CONFIG REWRITE: brings the configuration file up to date. Returns the wire error (without the dash), or null.
   */
  rewrite(options: RewriteOptions = {}): string | null {
    if (this.file === "") return "ERR The server is running without a config file";
    try {
      rewriteConfigFile(this.file, this, options);
      return null;
    } catch (error) {
      return `ERR Rewriting config file: ${systemErrorText(error)}`;
    }
  }

  #maySet(
    named: NamedOption | undefined,
    name: string,
    before: readonly NamedOption[],
    context: SetContext,
  ): string | null {
    if (named === undefined) return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
    const { option } = named;
    if (option.immutable) return failed(name, "can't set immutable config");
    if (option.protected && !this.allows("enableProtectedConfigs", context.local)) {
      return failed(name, "can't set protected config");
    }
    if (option.denyLoading && context.loading) return "LOADING Valkey is loading the dataset in memory";
    if (before.some((other) => other.name === named.name)) return failed(name, "duplicate parameter");
    return null;
  }

  /** Whether an option of the kind "no, yes, local" lets a client through. */
  allows(key: "enableProtectedConfigs" | "enableDebugCommand", local: boolean): boolean {
    const allowed = this.values[key];
    return allowed === "yes" || (allowed === "local" && local);
  }

  #rollBack(
    before: ReadonlyMap<OptionName, unknown>,
    applied: readonly ChangeHook[],
    given: string,
    reason: string,
  ): string {
    const lost: string[] = [];
    for (const [name, value] of before) {
      const bad = this.#store(name, value);
      if (bad !== null) lost.push(`${name} could not be put back: ${bad.reason}`);
    }
    for (const hook of applied) {
      const again = hook(this.values);
      if (again !== undefined) lost.push(`could not be undone: ${again}`);
    }
    return failed(given, lost.length === 0 ? reason : `${reason} (${lost.join("; ")})`);
  }

  #store(name: OptionName, value: unknown): BadValue | null {
    let stored = value;
    if (name === "dir") {
      try {
        stored = this.host.changeDirectory(value as string);
      } catch (error) {
        return new BadValue(systemErrorText(error));
      }
    }
    (this.values as Record<string, unknown>)[valueKey(name)] = stored;
    return null;
  }
}

/** CONFIG SET's value as words. It splits at single spaces, without quotes. */
function wordsOf(named: NamedOption, value: string): string[] {
  if (!named.option.multiple) return [value];
  return value === "" ? [] : value.split(" ");
}

function failed(given: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${given}') - ${reason}`;
}
