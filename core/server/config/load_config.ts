// Makes the Config of a starting server from its three sources, in the order file, standard input, command line: a later
// setting wins. main.ts calls it; every mistake is a ConfigError that names place, option and what is accepted.
import { systemErrorText } from "../../log/error_text.ts";
import {
  addPluginDirective,
  noPluginSettings,
  PLUGIN_DIRECTIVES,
  type PluginSettings,
  readPluginsSection,
} from "../../plugins/plugin_settings.ts";
import { readCommandLine } from "./command_line.ts";
import { Config } from "./config.ts";
import { ConfigError, type Origin } from "./config_error.ts";
import { type ConfigHost, denoHost } from "./config_host.ts";
import type { ConfigLine } from "./config_line.ts";
import { readConf } from "./conf_source.ts";
import { ignoredDirectives, refusedDirectives, RENAME_COMMAND } from "./directives.ts";
import { expandGlob, hasGlob, resolvePath } from "./include_paths.ts";
import { BadValue, isRefused } from "./option.ts";
import { findOption, type NamedOption, nearestName, suggestedNames } from "./option_lookup.ts";
import { checkTogether } from "./option_rules.ts";
import { optionByName, type OptionName, optionNames, valueKey } from "./option_table.ts";
import { splitWords } from "../../bytes/quoted_words.ts";
import { isYamlPath } from "./rewrite.ts";
import { readYaml } from "./yaml_source.ts";

/** Files inside files inside files ... */
const INCLUDE_DEPTH_MAX = 16;

/** The configuration that `spork WORDS` runs with. Throws ConfigError, or PluginError for what is said about plugins. */
export function loadConfig(words: readonly string[], host: ConfigHost = denoHost): Config {
  const commandLine = readCommandLine(words);
  const loading = new Loading(new Config(host), host);
  if (commandLine.file !== undefined) loading.mainFile(commandLine.file);
  if (commandLine.fromStandardInput) {
    loading.apply(readConf(decode(host.readStandardInput(), "the standard input"), "the standard input"), 0);
  }
  loading.apply(commandLine.lines, 0);
  return loading.finish();
}

class Loading {
  readonly config: Config;
  readonly host: ConfigHost;
  /** Where each option was set last. */
  readonly #origins = new Map<OptionName, { origin: Origin; given: string }>();
  readonly #given = new Set<string>();
  readonly #startDirectory: string;

  constructor(config: Config, host: ConfigHost) {
    this.config = config;
    this.host = host;
    this.#startDirectory = host.currentDirectory();
  }

  mainFile(written: string): void {
    const path = resolvePath(this.host.currentDirectory(), written);
    this.config.file = path;
    this.#readFile(path, 0, undefined);
  }

  apply(lines: readonly ConfigLine[], depth: number): void {
    for (const line of lines) this.#applyLine(line, depth);
  }

  finish(): Config {
    const { config } = this;
    for (const name of optionNames) {
      const option = optionByName(name);
      const value = config.values[valueKey(name)];
      if (!isRefused(option, value)) continue;
      const said = this.#origins.get(name);
      const text = option.sensitive ? "(hidden)" : option.format(value);
      const accepted = option.refuse!.accepts.map((word) => word === "" ? '""' : word).join(", ");
      throw new ConfigError(
        "CONFIG_REFUSED",
        said?.origin,
        `${said?.given ?? name} ${text}: ${option.refuse!.because}`,
        `accepted: ${accepted}`,
        said?.given ?? name,
      );
    }
    const conflict = checkTogether(config.values, this.#given);
    if (conflict !== null) {
      const said = this.#origins.get(findOption(conflict.option)!.name);
      throw new ConfigError("CONFIG_REFUSED", said?.origin, conflict.reason, "", conflict.option);
    }
    this.#checkLogFile();
    return config;
  }

  #applyLine(line: ConfigLine, depth: number): void {
    const name = line.name.toLowerCase();
    const named = findOption(name);
    if (named !== undefined) return this.#setOption(named, line);
    if (line.section !== undefined || name === "plugins") return this.#pluginsSection(line);
    if (Object.hasOwn(PLUGIN_DIRECTIVES, name)) {
      const settings = noPluginSettings();
      addPluginDirective(settings, name, line.words, line.origin);
      return this.#addPlugins(settings, line.origin);
    }
    if (name === "include" && line.words.length === 1) return this.#include(line, depth);
    if (ignoredDirectives.includes(name) && line.words.length === 1) return;
    if (name === RENAME_COMMAND) return this.#rename(line);
    if (Object.hasOwn(refusedDirectives, name)) {
      throw new ConfigError(
        "CONFIG_REFUSED",
        line.origin,
        `${name}: ${refusedDirectives[name]}`,
        "",
        line.name,
      );
    }
    throw unknown(line);
  }

  #rename(line: ConfigLine): void {
    if (line.words.length === 0 || line.words.length % 2 !== 0) throw unknown(line);
    for (let i = 0; i < line.words.length; i += 2) {
      const [from, to] = [line.words[i].toLowerCase(), line.words[i + 1].toLowerCase()];
      this.config.renames.push({ from, to, origin: line.origin });
    }
  }

  #setOption(named: NamedOption, line: ConfigLine): void {
    const { option, given } = named;
    let words = line.words;
    if (!option.multiple && words.length !== 1) {
      throw bad(named, line, new BadValue("wrong number of arguments"));
    }
    // `--save "60 1"` and `save 60 1` are the same.
    if (option.multiple && words.length === 1 && words[0] !== "") {
      const split = splitWords(words[0]);
      if (split === undefined) {
        throw bad(named, line, new BadValue("Unbalanced quotes in configuration line"));
      }
      words = split;
    }
    const occasion = this.#origins.has(named.name) ? "later line" : "first line";
    const problem = this.config.assign(named, words, occasion);
    if (problem !== null) throw bad(named, line, problem);
    this.#origins.set(named.name, { origin: line.origin, given });
    this.#given.add(given);
  }

  #pluginsSection(line: ConfigLine): void {
    const { config } = this;
    const settings = readPluginsSection(line.section, { file: line.origin.file, text: line.source ?? "" });
    this.#addPlugins(settings, line.origin);
    Object.assign(config.plugins.chosen, settings.chosen);
    for (const [kind, option] of [["snapshot", "snapshot-strategy"], ["aof", "aof-strategy"]] as const) {
      const chosen = settings.chosen[kind];
      if (chosen === undefined) continue;
      this.#setOption(findOption(option)!, { name: option, words: [chosen.name], origin: line.origin });
    }
  }

  /** A relative folder is beside the file that names it; on the command line, from where the server was started. */
  #addPlugins(settings: PluginSettings, { file }: Origin): void {
    const base = file.startsWith("/") ? file.replace(/[^/]*$/, "") : this.#startDirectory;
    for (const setting of settings.plugins) {
      const path = setting.path === undefined ? undefined : resolvePath(base, setting.path);
      this.config.plugins.plugins.push({ ...setting, path });
    }
  }

  #include(line: ConfigLine, depth: number): void {
    if (depth >= INCLUDE_DEPTH_MAX) {
      throw new ConfigError(
        "CONFIG_FILE",
        line.origin,
        `include goes deeper than ${INCLUDE_DEPTH_MAX} files`,
        "a file must not include itself, directly or through others",
      );
    }
    const written = line.words[0];
    // Valkey looks from the working directory. A path beside the including file is what people mean, too.
    const bases = [this.host.currentDirectory(), line.origin.file.replace(/[^/]*$/, "")];
    if (hasGlob(written)) {
      for (const base of bases) {
        const paths = expandGlob(resolvePath(base, written), this.host);
        for (const path of paths) this.#readFile(path, depth + 1, line.origin);
        if (paths.length > 0) return;
      }
      return;
    }
    const paths = bases.map((base) => resolvePath(base, written));
    this.#readFile(paths.find((path) => this.host.fileExists(path)) ?? paths[0], depth + 1, line.origin);
  }

  #readFile(path: string, depth: number, includedAt: Origin | undefined): void {
    let bytes: Uint8Array;
    try {
      bytes = this.host.readFile(path);
    } catch (error) {
      throw new ConfigError(
        "CONFIG_FILE",
        includedAt,
        `Fatal error, can't open config file '${path}': ${systemErrorText(error)}`,
        "",
      );
    }
    const text = decode(bytes, path);
    this.apply(isYamlPath(path) ? readYaml(text, path) : readConf(text, path), depth);
  }

  #checkLogFile(): void {
    const path = this.config.values.logfile;
    if (path === "") return;
    try {
      this.host.checkAppendable(path);
    } catch (error) {
      throw new ConfigError(
        "CONFIG_BAD_VALUE",
        this.#origins.get("logfile")?.origin,
        `Can't open the log file: ${systemErrorText(error)}`,
        `logfile is "${path}", seen from dir`,
        "logfile",
      );
    }
  }
}

function bad(named: NamedOption, line: ConfigLine, problem: BadValue): ConfigError {
  const { option, given, view } = named;
  const found = option.sensitive ? "a value that is not shown" : `"${line.words.join(" ")}"`;
  return new ConfigError(
    "CONFIG_BAD_VALUE",
    line.origin,
    problem.reason,
    `${given}: found ${found}, accepted: ${view?.accepts ?? option.accepts}`,
    line.name,
  );
}

function unknown(line: ConfigLine): ConfigError {
  const words = [...suggestedNames(), "include", ...Object.keys(PLUGIN_DIRECTIVES)];
  const equals = line.name.indexOf("=");
  const word = equals < 0 ? line.name : line.name.slice(0, equals);
  const nearest = nearestName(word, words);
  const advice = [`"${word}" is no option of Spork`];
  if (words.includes(word.toLowerCase())) advice[0] = `give ${word} and its value as two words, without "="`;
  else if (nearest !== undefined) advice.push(`did you mean ${nearest}?`);
  return new ConfigError(
    "CONFIG_UNKNOWN_OPTION",
    line.origin,
    "Bad directive or wrong number of arguments",
    advice.join("; "),
    line.name,
  );
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConfigError(
      "CONFIG_SYNTAX",
      undefined,
      `${file} is not UTF-8 text`,
      'write other bytes as \\xHH inside "quotes"',
    );
  }
}
