// CONFIG REWRITE of spork.yaml: the text of values that changed is replaced where it stands, new options are appended,
// and everything else (comments, order, spacing, how a value is written) stays as it is, byte for byte.
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import type { Config } from "./config.ts";
import { BadValue, type Option } from "./option.ts";
import { findOption, type NamedOption } from "./option_lookup.ts";
import { optionByName, type OptionName, optionNames, valueKey } from "./option_table.ts";
import { splitWords } from "../../bytes/quoted_words.ts";
import { MARKER } from "./rewrite_marker.ts";
import { wordsOfYaml } from "./yaml_source.ts";

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Options that the plugins section can say, too. */
const SECTION_KINDS: Partial<Record<OptionName, string>> = {
  "snapshot-strategy": "snapshot",
  "aof-strategy": "aof",
};

/** The new text of a file whose text was `old`. Throws when the text is not a block of `option: value` lines. */
export function rewriteYamlText(old: string, config: Config): string {
  const document = parseDocument(old);
  const root = document.contents;
  const isEmpty = root === null || (isScalar(root) && root.value === null);
  if (
    document.errors.length > 0 || !(isEmpty || (isMap(root) && !root.flow)) || document.directives?.docEnd
  ) {
    throw new Error("the file is no YAML block of `option: value` lines any more");
  }
  const map = isEmpty ? undefined : root as unknown as YAMLMap;
  const edits: Edit[] = [];
  const pairOf = new Map<OptionName, { pair: Pair; named: NamedOption }>();
  for (const pair of map?.items ?? []) {
    const named = isScalar(pair.key) ? findOption(String(pair.key.value)) : undefined;
    // Of two names for one option the last one counts, as when loading.
    if (named !== undefined) pairOf.set(named.name, { pair, named });
  }
  const added: string[] = [];
  for (const name of optionNames) {
    const option = optionByName(name);
    const value = config.values[valueKey(name)];
    const text = option.format(value);
    const found = pairOf.get(name);
    const chosen = sectionChoice(map, name);
    if (chosen !== undefined && chosen.value !== text) edits.push(editOf(chosen, yamlText(text)));
    if (found !== undefined) {
      const node = found.pair.value as Node;
      if (says(config, found.named, node)) continue;
      const words = found.named.view === undefined ? valueText(option, value) : config.textOf(found.named);
      edits.push(editOf(node, words, found.pair.key as Node));
    } else if (chosen === undefined && text !== option.format(option.default) && name !== "dir") {
      added.push(`${name}: ${valueText(option, value)}`);
    }
  }
  return append(applyEdits(old, edits), added, columnOf(old, map));
}

function sectionChoice(map: YAMLMap | undefined, name: OptionName) {
  const kind = SECTION_KINDS[name];
  const section = kind === undefined ? undefined : map?.get("plugins");
  const node = isMap(section) ? section.get(kind, true) : undefined;
  return isScalar(node) ? node : undefined;
}

/** Whether what the file says is the running value, so that the file's own way to write it can stay. */
function says(config: Config, named: NamedOption, node: Node): boolean {
  const words = wordsOfYaml(node, named.option.multiple);
  if (words === undefined) return false;
  const running = config.textOf(named);
  if (named.view !== undefined || named.name === "dir") return words.length === 1 && words[0] === running;
  if (!named.option.multiple && words.length !== 1) return false;
  const parsed = named.option.parse(words, "first line", named.option.default);
  return !(parsed instanceof BadValue) && named.option.format(parsed) === running;
}

/** One line: a list where the option takes several lines, otherwise one text. */
function valueText(option: Option<unknown>, value: unknown): string {
  const lines = option.rewrite(value).map((line) => line.text);
  if (lines.length > 1) return `[${lines.map(yamlText).join(", ")}]`;
  return yamlText(lines.length === 0 ? option.format(value) : (splitWords(lines[0]) ?? []).join(" "));
}

/** A text as YAML, in quotes where it would not read back as itself. */
function yamlText(text: string): string {
  const plain = /^[A-Za-z0-9/._][A-Za-z0-9/._% -]*$/.test(text) && !text.endsWith(" ") &&
    !/^(true|false|null)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}

function editOf(node: Node, text: string, key?: Node): Edit {
  const end = endOf(node);
  // A list of lines below its key becomes one line beside it.
  if (key !== undefined && isSeq(node) && !node.flow) return { start: key.range![1], end, text: `: ${text}` };
  return { start: node.range![0], end, text };
}

/** Where a value's own text ends; a block list would otherwise reach over the comments that follow it. */
function endOf(node: Node): number {
  if (isSeq(node) && !node.flow && node.items.length > 0) return endOf(node.items.at(-1) as Node);
  return node.range![1];
}

function applyEdits(text: string, edits: Edit[]): string {
  let result = text;
  for (const edit of edits.sort((a, b) => b.start - a.start)) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  }
  return result;
}

function append(text: string, lines: readonly string[], column: number): string {
  if (lines.length === 0) return text;
  const indent = " ".repeat(column);
  const head = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const marker = text.includes(MARKER) ? "" : `${indent}${MARKER}\n`;
  return head + marker + lines.map((line) => `${indent}${line}\n`).join("");
}

/** The column in which the keys stand. */
function columnOf(text: string, map: YAMLMap | undefined): number {
  const start = (map?.items[0]?.key as Node | undefined)?.range?.[0];
  return start === undefined ? 0 : start - (text.lastIndexOf("\n", start - 1) + 1);
}
