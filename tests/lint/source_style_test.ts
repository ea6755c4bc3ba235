// Enforces the few rules of style that a program can see: file names, head comments, the reason for a long file.
import assert from "node:assert/strict";
import { type SourceFile, sourceFiles } from "./source_files.ts";

const LINES_MAX_WITHOUT_REASON = 500;
const HEAD_LINES_MAX = 8;

Deno.test("file names are snake_case", () => {
  const isGood = (path: string) => /^[a-z0-9_]+$/.test(path.split("/").at(-1)!.slice(0, -".ts".length));
  assert.deepEqual(sourceFiles().map((file) => file.path).filter((path) => !isGood(path)), []);
});

Deno.test("every file begins with a short comment that says what it is", () => {
  const files = sourceFiles();
  const paths = new Set(files.map((file) => file.path));
  const wrong: string[] = [];
  for (const file of files) {
    // A unit test beside its subject says by its name what it is.
    const subject = file.path.replace(/_test\.ts$/, ".ts");
    if (subject !== file.path && paths.has(subject)) continue;
    const lines = headComment(file).length;
    if (lines < 1 || lines > HEAD_LINES_MAX && !isLong(file)) wrong.push(`${file.path}: ${lines} lines`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("a file over 500 lines gives its reason in its first comment", () => {
  const wrong = sourceFiles().filter((file) => {
    return isLong(file) && !/\blines\b/i.test(headComment(file).join(" "));
  });
  assert.deepEqual(wrong.map((file) => file.path), []);
});

function isLong(file: SourceFile): boolean {
  return file.text.split("\n").length > LINES_MAX_WITHOUT_REASON;
}

/** The lines of the comment that the file begins with. */
function headComment(file: SourceFile): string[] {
  const lines = file.text.split("\n");
  let end = 0;
  if (lines[0].startsWith("/*")) {
    while (end < lines.length && !lines[end].includes("*/")) end++;
    return lines.slice(0, end + 1);
  }
  while (end < lines.length && lines[end].startsWith("//")) end++;
  return lines.slice(0, end);
}
