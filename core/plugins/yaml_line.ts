// Finds the line of a value in a YAML text, for error messages. The parser used here gives values without places; this
// follows keys by indentation, which is enough for block style. In flow style it stops at the nearest line it found.
import { errorText } from "../log/error_text.ts";

export type YamlPath = readonly (string | number)[];

/** 1-based line of the value at `path` (keys and list indexes), or of the nearest parent that was found. */
export function yamlLine(text: string, path: YamlPath): number | undefined {
  const lines = text.split("\n");
  let found: number | undefined;
  let from = 0;
  let parentIndent = -1;
  for (const step of path) {
    const next = typeof step === "string"
      ? keyLine(lines, from, parentIndent, step)
      : itemLine(lines, from, parentIndent, step);
    if (next === undefined) break;
    found = next;
    parentIndent = indentOf(lines[next], step);
    from = typeof step === "string" ? next + 1 : next;
  }
  return found === undefined ? undefined : found + 1;
}

/** The line that a YAML parser's message or error object names. */
export function yamlErrorLine(error: unknown): number | undefined {
  const match = /line (\d+)/.exec(errorText(error));
  return match === null ? undefined : Number(match[1]);
}

function keyLine(lines: string[], from: number, parentIndent: number, key: string): number | undefined {
  for (let i = from; i < lines.length; i++) {
    if (isBlank(lines[i])) continue;
    const content = lines[i].replace(/^(\s*)- /, "$1  ");
    const indent = content.length - content.trimStart().length;
    if (indent <= parentIndent && i > from) return undefined;
    const word = content.trimStart();
    if (word.startsWith(`${key}:`) || word.startsWith(`"${key}":`) || word.startsWith(`'${key}':`)) return i;
  }
  return undefined;
}

function itemLine(lines: string[], from: number, parentIndent: number, index: number): number | undefined {
  let at = -1;
  let listIndent: number | undefined;
  for (let i = from; i < lines.length; i++) {
    if (isBlank(lines[i])) continue;
    const indent = lines[i].length - lines[i].trimStart().length;
    const isItem = /^\s*-(\s|$)/.test(lines[i]);
    // A list may stand at its key's own indentation.
    if (indent < parentIndent || (indent === parentIndent && !isItem)) return undefined;
    if (!isItem || (listIndent !== undefined && indent !== listIndent)) continue;
    listIndent = indent;
    if (++at === index) return i;
  }
  return undefined;
}

function indentOf(line: string, step: string | number): number {
  const content = typeof step === "string" ? line.replace(/^(\s*)- /, "$1  ") : line;
  return content.length - content.trimStart().length;
}

function isBlank(line: string): boolean {
  const word = line.trim();
  return word === "" || word.startsWith("#");
}
