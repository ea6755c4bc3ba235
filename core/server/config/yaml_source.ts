// Reads spork.yaml: keys are option names, `plugins:` is the plugins' section, `include:` names more files. Gives the
// same lines that a file in conf syntax gives. The loader calls it.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ConfigError, type Origin } from "./config_error.ts";
import type { ConfigLine } from "./config_line.ts";
import { findOption } from "./option_lookup.ts";
import { splitWords } from "../../bytes/quoted_words.ts";

/** The lines of a YAML text. Throws ConfigError with the line of the mistake. */
export function readYaml(text: string, file: string): ConfigLine[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const sourceLines = text.split("\n");
  const at = (node: unknown): Origin => {
    const range = (node as Node | null)?.range;
    const line = range ? counter.linePos(range[0]).line : 1;
    return { file, line, text: withoutSecret((sourceLines[line - 1] ?? "").trim()) };
  };
  const mistake = document.errors[0] ?? document.warnings[0];
  if (mistake !== undefined) {
    const line = counter.linePos(mistake.pos[0]).line;
    const origin = { file, line, text: withoutSecret((sourceLines[line - 1] ?? "").trim()) };
    throw new ConfigError("CONFIG_SYNTAX", origin, mistake.message, "the file must be YAML");
  }
  const root = document.contents;
  if (root === null) return [];
  if (!isMap(root)) {
    throw new ConfigError("CONFIG_SYNTAX", at(root), "the file is no mapping", "write `option: value` lines");
  }
  const lines: ConfigLine[] = [];
  for (const pair of root.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const origin = at(pair.key);
    const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
    if (key === "plugins") {
      const section = (value as Node | null)?.toJS(document);
      lines.push({ name: "plugins", words: [], section, source: text, origin });
      continue;
    }
    if (key.toLowerCase() === "include") {
      for (const path of wordsOfYaml(value, false) ?? [""]) {
        lines.push({ name: "include", words: [path], origin });
      }
      continue;
    }
    const words = wordsOfYaml(value, findOption(key)?.option.multiple ?? false);
    if (words === undefined) {
      const accepted = findOption(key)?.option.accepts ?? "one value, or a list of values";
      throw new ConfigError(
        "CONFIG_SYNTAX",
        origin,
        `${key} has no value that can be read`,
        `accepted: ${accepted}`,
        key,
      );
    }
    lines.push({ name: key, words, origin });
  }
  return lines;
}

/**
 * The words of a value: one for a single text, all items' for a list. `multiple`: a text is several words. Undefined
 * where there is no value, or a mapping.
 */
export function wordsOfYaml(value: unknown, multiple: boolean): string[] | undefined {
  if (isSeq(value)) {
    const words: string[] = [];
    for (const item of value.items) {
      const own = wordsOfYaml(item, multiple);
      if (own === undefined) return undefined;
      words.push(...own);
    }
    return words;
  }
  if (!isScalar(value) || value.value === null) return undefined;
  const text = scalarText(value.value, value.source);
  return multiple ? splitWords(text) : [text];
}

/** A scalar as the file writes it (`0700` stays `0700`), with YAML's booleans in conf syntax's words. */
function scalarText(value: unknown, source: string | undefined): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : source ?? String(value);
}

function withoutSecret(line: string): string {
  const key = /^["']?([\w-]+)/.exec(line)?.[1] ?? "";
  return findOption(key)?.option.sensitive ? `${key}: (hidden)` : line;
}
