// Paths of `include`: relative ones, and patterns as the shell expands them.
import { matchGlob } from "../../bytes/glob.ts";
import type { ConfigHost } from "./config_host.ts";

const encoder = new TextEncoder();

/** Whether a path is a pattern. */
export function hasGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** A path seen from a directory. */
export function resolvePath(directory: string, path: string): string {
  if (path.startsWith("/")) return path;
  return `${directory.replace(/\/+$/, "")}/${path.replace(/^(\.\/+)+/, "")}`;
}

/** The existing files that an absolute pattern names, in alphabetical order. Hidden names need a written dot. */
export function expandGlob(pattern: string, host: ConfigHost): string[] {
  let paths = [""];
  for (const part of pattern.split("/").slice(1)) {
    const next: string[] = [];
    for (const base of paths) {
      if (!hasGlob(part)) {
        next.push(`${base}/${part}`);
        continue;
      }
      const names = host.listDirectory(base === "" ? "/" : base).filter((name) => matches(part, name)).sort();
      for (const name of names) next.push(`${base}/${name}`);
    }
    paths = next;
  }
  return paths.filter((path) => host.fileExists(path));
}

function matches(pattern: string, name: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  const p = encoder.encode(pattern);
  const n = encoder.encode(name);
  return matchGlob(p, 0, p.length, n, 0, n.length);
}
