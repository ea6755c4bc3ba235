// Writes the tables of docs/conformance.md from the books: nothing in them is typed by hand.
import { type Books, type Remark, remarkOn } from "./books.ts";
import { UNITS, UNITS_LEFT_OUT } from "./units.ts";
import type { Mode } from "./unit_run.ts";

const MODES: readonly Mode[] = ["native", "external"];
const MARKER = "<!-- generated from here by `deno task conformance` -->";

interface Count {
  passed: number;
  applicable: number;
  total: number;
}

/** The page with everything after the marker made anew. */
export function withTables(page: string, books: Books): string {
  const at = page.indexOf(MARKER);
  if (at < 0) throw new Error(`docs/conformance.md has no line ${MARKER}`);
  return `${page.slice(0, at)}${MARKER}\n\n${tables(books)}`;
}

function tables(books: Books): string {
  return [
    "## Unit by unit",
    "",
    "passed / applicable / all tests that the unit runs in this mode.",
    "",
    ...unitTable(books),
    "",
    "## Tests that fail",
    "",
    ...failures(books),
    "",
    "## Tests that do not apply",
    "",
    ...notApplicable(books),
    "",
    "## Units that are not run",
    "",
    "| unit | reason |",
    "|---|---|",
    ...Object.entries(UNITS_LEFT_OUT).map(([unit, reason]) => `| ${unit} | ${reason} |`),
    "",
  ].join("\n");
}

function unitTable(books: Books): string[] {
  const lines = ["| unit | native | external |", "|---|---|---|"];
  const sums = MODES.map(() => ({ passed: 0, applicable: 0, total: 0 }));
  for (const unit of UNITS) {
    const cells = MODES.map((mode, i) => {
      const count = countOf(books, mode, unit);
      if (count === null) return "–";
      sums[i].passed += count.passed;
      sums[i].applicable += count.applicable;
      sums[i].total += count.total;
      return cell(count);
    });
    lines.push(`| ${unit} | ${cells.join(" | ")} |`);
  }
  lines.push(`| **all** | ${sums.map((sum) => `**${cell(sum)}** (${percent(sum)})`).join(" | ")} |`);
  return lines;
}

function countOf(books: Books, mode: Mode, unit: string): Count | null {
  const all = books.suite[mode]?.[unit];
  if (all === undefined || all.length === 0) return null;
  const applicable = all.filter((test) => remarkOn(books.notApplicable, mode, unit, test) === undefined);
  const expected = new Set(books.expected[mode]?.[unit] ?? []);
  return {
    passed: applicable.filter((test) => expected.has(test)).length,
    applicable: applicable.length,
    total: all.length,
  };
}

function cell(count: Count): string {
  return `${count.passed} / ${count.applicable} / ${count.total}`;
}

function percent(count: Count): string {
  return count.applicable === 0 ? "–" : `${(100 * count.passed / count.applicable).toFixed(1)} %`;
}

function failures(books: Books): string[] {
  const lines = ["| unit | test | mode | reason |", "|---|---|---|---|"];
  for (const unit of UNITS) {
    const modesOf = new Map<string, Mode[]>();
    for (const mode of MODES) {
      const expected = new Set(books.expected[mode]?.[unit] ?? []);
      for (const test of books.suite[mode]?.[unit] ?? []) {
        if (expected.has(test) || remarkOn(books.notApplicable, mode, unit, test) !== undefined) continue;
        modesOf.set(test, [...(modesOf.get(test) ?? []), mode]);
      }
    }
    for (const [test, modes] of modesOf) {
      const reason = remarkOn(books.knownFailures, modes[0], unit, test)?.reason ?? "not looked into yet";
      lines.push(`| ${unit} | ${escaped(test)} | ${modes.join(", ")} | ${escaped(reason)} |`);
    }
  }
  return lines.length === 2 ? ["None."] : lines;
}

function notApplicable(books: Books): string[] {
  const lines = ["| unit | tests | reason |", "|---|---|---|"];
  const ordered = [...books.notApplicable].sort((a, b) => UNITS.indexOf(a.unit) - UNITS.indexOf(b.unit));
  for (const remark of ordered) {
    const tests = testsOf(books, remark);
    if (tests.length === 0) continue;
    const where = remark.mode === undefined ? "" : ` (${remark.mode} mode)`;
    const names = tests.map(escaped).join("<br>");
    lines.push(`| ${remark.unit}${where} | ${names} | ${escaped(remark.reason)} |`);
  }
  return lines;
}

function testsOf(books: Books, remark: Remark): string[] {
  const tests = new Set<string>();
  for (const mode of remark.mode === undefined ? MODES : [remark.mode]) {
    for (const test of books.suite[mode]?.[remark.unit] ?? []) {
      if (remarkOn(books.notApplicable, mode, remark.unit, test) === remark) tests.add(test);
    }
  }
  return [...tests];
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*").replaceAll("\n", " ");
}
