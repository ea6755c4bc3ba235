// The project's TypeScript files and what they import, for the lint tests beside this file.
import { projectDirectory } from "../harness/mod.ts";

const SKIPPED_DIRECTORIES = new Set([".git", "node_modules", "dist", "coverage"]);

export interface SourceImport {
  line: number;
  specifier: string;
  /** Path from the repository's root for a relative import, null for a package or `node:` module. */
  target: string | null;
  /** `import type` and `export type`: nothing of it exists at run time. */
  isTypeOnly: boolean;
}

export interface SourceFile {
  /** Path from the repository's root. */
  path: string;
  text: string;
}

export function sourceFiles(directory = ""): SourceFile[] {
  const files: SourceFile[] = [];
  for (const entry of Deno.readDirSync(projectDirectory + directory)) {
    const path = directory + entry.name;
    if (entry.isDirectory && !SKIPPED_DIRECTORIES.has(entry.name)) files.push(...sourceFiles(`${path}/`));
    if (entry.isFile && path.endsWith(".ts")) {
      files.push({ path, text: Deno.readTextFileSync(projectDirectory + path) });
    }
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Static imports and re-exports, `import()` of a literal, and `new URL("./x.ts", import.meta.url)` (workers). */
export function importsOf(file: SourceFile): SourceImport[] {
  const found: SourceImport[] = [];
  const patterns = [
    /^(?:import|export)\s+(type\s)?(?:[^;"'`]*?\sfrom\s+)?"([^"\n]+)"/gm,
    /\b(typeof\s+)?import\(\s*"([^"\n]+)"\s*\)/g,
    /()new URL\(\s*"([^"\n]+\.ts)",\s*import\.meta\.url/g,
  ];
  for (const pattern of patterns) {
    for (const match of file.text.matchAll(pattern)) {
      const [, typeWord, specifier] = match;
      found.push({
        line: file.text.slice(0, match.index).split("\n").length,
        specifier,
        target: specifier.startsWith(".") ? resolve(file.path, specifier) : null,
        isTypeOnly: Boolean(typeWord) || hasOnlyTypeNames(match[0]),
      });
    }
  }
  return found;
}

/** `import { type A, type B } from` is a type import as well. */
function hasOnlyTypeNames(statement: string): boolean {
  const names = /^(?:import|export)\s*\{([^}]*)\}/.exec(statement)?.[1].split(",").map((name) => name.trim());
  return names !== undefined && names.filter(Boolean).every((name) => name.startsWith("type "));
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
