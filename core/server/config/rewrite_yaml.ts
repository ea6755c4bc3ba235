// CONFIG REWRITE of spork.yaml: values that changed are replaced in the document, new ones are added, and comments,
// order and everything else stay as they are.
import { type Document, isMap, parseDocument, Scalar, YAMLMap } from "yaml";
import type { Config } from "./config.ts";
import { BadValue, type Option } from "./option.ts";
import { findOption, type NamedOption } from "./option_lookup.ts";
import { optionByName, type OptionName, optionNames, valueKey } from "./option_table.ts";
import { splitWords } from "./quoting.ts";
import { wordsOfYaml } from "./yaml_source.ts";

/** The new text of a file whose text was `old`. */
export function rewriteYamlText(old: string, config: Config): string {
  const document: Document = parseDocument(old);
  if (!isMap(document.contents)) document.contents = new YAMLMap();
  const map = document.contents as YAMLMap;
  const keyOf = new Map<OptionName, string>();
  for (const pair of [...map.items]) {
    const key = pair.key instanceof Scalar ? String(pair.key.value) : "";
    const named = findOption(key);
    if (named === undefined) continue;
    // Of two names for one option the last one counts, as when loading.
    const earlier = keyOf.get(named.name);
    if (earlier !== undefined) map.delete(earlier);
    keyOf.set(named.name, key);
  }
  for (const name of optionNames) rewriteOption(document, config, name, keyOf.get(name));
  return document.toString({ lineWidth: 0 });
}

const SECTION_KINDS: Partial<Record<OptionName, string>> = {
  "snapshot-strategy": "snapshot",
  "aof-strategy": "aof",
};

function rewriteOption(document: Document, config: Config, name: OptionName, key: string | undefined): void {
  const map = document.contents as YAMLMap;
  const option = optionByName(name);
  const value = config.values[valueKey(name)];
  const text = option.format(value);
  if (key === undefined) {
    const kind = SECTION_KINDS[name];
    if (kind !== undefined && document.hasIn(["plugins", kind])) {
      if (document.getIn(["plugins", kind]) !== text) document.setIn(["plugins", kind], text);
    } else if (text !== option.format(option.default) && name !== "dir") {
      map.set(name, yamlValue(option, value));
    }
    return;
  }
  const named = findOption(key)!;
  const written = wordsOfYaml(map.get(key, true), named.option.multiple);
  if (written !== undefined && says(config, named, written)) return;
  map.set(key, named.view === undefined ? yamlValue(option, value) : config.textOf(named));
}

/** Whether what the file says is the running value, so that the file's own way to write it can stay. */
function says(config: Config, named: NamedOption, words: readonly string[]): boolean {
  const running = config.textOf(named);
  if (named.view !== undefined || named.name === "dir") return words.length === 1 && words[0] === running;
  if (!named.option.multiple && words.length !== 1) return false;
  const parsed = named.option.parse(words, "first line", named.option.default);
  return !(parsed instanceof BadValue) && named.option.format(parsed) === running;
}

/** A list where the option takes several lines, otherwise one text. */
function yamlValue(option: Option<unknown>, value: unknown): string | number | string[] {
  const lines = option.rewrite(value).map((line) => line.text);
  if (lines.length > 1) return lines;
  const text = lines.length === 0 ? option.format(value) : (splitWords(lines[0]) ?? []).join(" ");
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}
