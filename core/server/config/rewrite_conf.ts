// CONFIG REWRITE of a file in conf syntax, by Valkey's rules: a line of an option is replaced in place, options that
// are not at their default and have no line are appended under a marker, lines that say nothing any more become empty.
import type { Config } from "./config.ts";
import { isDirective } from "./directives.ts";
import { findOption } from "./option_lookup.ts";
import { optionByName, type OptionName, optionNames, valueKey } from "./option_table.ts";
import { splitWords } from "../../bytes/quoted_words.ts";
import type { RewriteOptions } from "./rewrite.ts";
import { MARKER } from "./rewrite_marker.ts";

/** The new text of a file whose text was `old`. */
export function rewriteConfText(old: string, config: Config, options: RewriteOptions = {}): string {
  const lines: string[] = [];
  /** Lines that each option has in the file and that are not used yet. */
  const linesOf = new Map<OptionName, number[]>();
  let marked = false;
  const oldLines = old.split("\n");
  // The text after the last line's end is no line.
  if (oldLines.at(-1) === "") oldLines.pop();
  for (const raw of oldLines) {
    const line = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
    if (line === MARKER) marked = true;
    if (line === "" || line.startsWith("#")) {
      lines.push(line);
      continue;
    }
    const words = splitWords(line);
    const named = words === undefined ? undefined : findOption(words[0]);
    if (named === undefined) {
      // What could not be read would stop the next start.
      lines.push(words !== undefined && isDirective(words[0]) ? line : `# ??? ${line}`);
      continue;
    }
    const own = linesOf.get(named.name);
    if (own === undefined) linesOf.set(named.name, [lines.length]);
    else own.push(lines.length);
    lines.push(line);
  }
  for (const name of optionNames) {
    const unused = linesOf.get(name) ?? [];
    for (const { text, force } of optionByName(name).rewrite(config.values[valueKey(name)])) {
      const line = `${name} ${text}`;
      const at = unused.shift();
      if (at !== undefined) {
        lines[at] = line;
        continue;
      }
      if (!force && !options.complete) continue;
      if (!marked) lines.push(MARKER);
      marked = true;
      lines.push(line);
    }
    for (const at of unused) lines[at] = "";
  }
  return joinLines(lines);
}

/** Every run of empty lines becomes one. */
function joinLines(lines: readonly string[]): string {
  let text = "";
  let wasEmpty = false;
  for (const line of lines) {
    if (line === "" && wasEmpty) continue;
    wasEmpty = line === "";
    text += `${line}\n`;
  }
  return text;
}
