// The generated part of docs/commands.md, made from the command tables. `deno task docs` writes it; a test keeps the page up
// to date.
import type { CommandSpec } from "../core/commands/command.ts";
import { allCommands } from "./modules.ts";
import { syntaxOf } from "./syntax.ts";

const BEGIN = "<!-- generated from the command tables in modules/: begin -->";
const END = "<!-- generated: end -->";

/** Groups in the order of the page, with their headings. */
const GROUPS: Record<string, string> = {
  connection: "Connection",
  generic: "Keys",
  string: "Strings",
  list: "Lists",
  hash: "Hashes",
  set: "Sets",
  "sorted-set": "Sorted sets",
  geo: "Geographic positions",
  stream: "Streams",
  bitmap: "Bitmaps",
  hyperloglog: "HyperLogLog",
  transactions: "Transactions",
  pubsub: "Pub/sub",
  server: "Server",
};

/** The page with its generated part made anew. Throws where the page has no such part. */
export function withCommands(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page needs the lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${reference()}\n${page.slice(end)}`;
}

function reference(): string {
  const parts: string[] = [];
  for (const group of new Set(allCommands.map((spec) => spec.group))) {
    if (!(group in GROUPS)) throw new Error(`group '${group}' has no heading in the commands page`);
  }
  for (const [group, title] of Object.entries(GROUPS)) {
    const rows = allCommands.filter((spec) => spec.group === group).flatMap(rowsOf);
    if (rows.length === 0) continue;
    rows.sort(([a], [b]) => a < b ? -1 : 1);
    parts.push(`### ${title}\n`, table(["syntax", "what it does", "since", "complexity"], rows));
  }
  return parts.join("\n");
}

/** A command's row; those of its subcommands where it is only their container. */
function rowsOf(spec: CommandSpec): string[][] {
  const subs = (spec.subcommands ?? []).map((sub) => rowOf(sub, spec));
  return spec.handler === undefined ? subs : [rowOf(spec), ...subs];
}

function rowOf(spec: CommandSpec, parent?: CommandSpec): string[] {
  const notes = [spec.summary];
  if (spec.deprecated !== undefined) notes.push(`*Deprecated: use ${spec.deprecated.replacedBy}.*`);
  return [`\`${syntaxOf(spec, parent)}\``, cell(notes.join(" ")), spec.since, cell(spec.complexity)];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => [cell(row[0]), ...row.slice(1)])];
  return `${lines.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`;
}
