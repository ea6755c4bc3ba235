// The generated part of docs/configuration.md, made from the option table. `deno task docs:configuration` writes it; a
// test keeps the page up to date.
import { refusedDirectives } from "./directives.ts";
import type { Option } from "./option.ts";
import { optionByName, type OptionName, optionSections, optionViews } from "./option_table.ts";

const BEGIN = "<!-- generated from core/server/config/option_table.ts: begin -->";
const END = "<!-- generated: end -->";

/** The page with its generated part made anew. Throws where the page has no such part. */
export function withReference(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page needs the lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${reference()}\n${page.slice(end)}`;
}

function reference(): string {
  const parts: string[] = [];
  for (const [title, options] of Object.entries(optionSections)) {
    const rows: string[][] = [];
    for (const name of Object.keys(options) as OptionName[]) {
      const option = optionByName(name);
      if (option.hidden || option.effect === "none") continue;
      rows.push([nameCell(name, option), defaultCell(option), cell(option.accepts), docCell(option)]);
    }
    parts.push(`### ${title}\n`, table(["option", "default", "accepts", "what it does"], rows));
  }
  parts.push("### The same setting in other words\n", table(["option", "is", "what it does"], viewRows()));
  parts.push(
    "## Options without effect\n",
    "Valkey has them, Spork accepts them and does nothing, because nothing is harmed by that.\n",
    table(["option", "default", "what it is in Valkey"], rowsWhere((option) => option.effect === "none")),
    "## Refused values\n",
    "Accepting these without doing what they ask would lose data, open a door or leave somebody waiting. Spork refuses to " +
      "start with them, and CONFIG SET refuses them. Those marked *later* wait for a feature that is planned.\n",
    table(["option", "accepted", "why", ""], refusedRows()),
    "Lines with these words are refused, too:\n",
    table(
      ["line", "why"],
      Object.entries(refusedDirectives).map(([word, why]) => [`\`${word}\``, cell(why)]),
    ),
    "## Hidden options\n",
    "For tests and experts. CONFIG GET shows them by their full name, not by a pattern.\n",
    table(["option", "default", "what it does"], rowsWhere((option) => option.hidden === true)),
  );
  return parts.join("\n");
}

function rowsWhere(wanted: (option: Option<unknown>) => boolean): string[][] {
  return everyOption().filter(([, option]) => wanted(option))
    .map(([name, option]) => [nameCell(name, option), defaultCell(option), docCell(option)]);
}

function refusedRows(): string[][] {
  return everyOption().filter(([, option]) => option.refuse !== undefined).map(([name, option]) => {
    const accepted = option.refuse!.accepts.map((value) => value === "" ? '`""`' : `\`${value}\``).join(", ");
    return [`\`${name}\``, accepted, cell(option.refuse!.because), option.effect === "later" ? "later" : ""];
  });
}

function viewRows(): string[][] {
  return Object.entries(optionViews).map(([name, view]) => [`\`${name}\``, `\`${view.of}\``, cell(view.doc)]);
}

function everyOption(): [OptionName, Option<unknown>][] {
  const all: [OptionName, Option<unknown>][] = [];
  for (const options of Object.values(optionSections)) {
    for (const name of Object.keys(options) as OptionName[]) all.push([name, optionByName(name)]);
  }
  return all;
}

function nameCell(name: OptionName, option: Option<unknown>): string {
  const aliases = (option.aliases ?? []).map((alias) => `\`${alias}\``).join(", ");
  return `\`${name}\`` + (aliases === "" ? "" : ` (also ${aliases})`);
}

function defaultCell(option: Option<unknown>): string {
  const text = option.format(option.default);
  return text === "" ? '`""`' : `\`${text}\``;
}

function docCell(option: Option<unknown>): string {
  const notes: string[] = [];
  if (option.effect === "later") notes.push("*Later.*");
  if (option.immutable) notes.push("*At start only.*");
  if (option.protected) notes.push("*Protected.*");
  return cell([option.doc, ...notes].join(" "));
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}
