// Refuses plugin code that imports from elsewhere than its own folder, before it runs. Deno's permissions let an npm:
// specifier reach the network whatever a worker was granted, and data: modules escape every check; so the host reads
// the import graph of a plugin from disk itself. Modules of Node's library are allowed where permissions govern them.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { initSync, parse } from "es-module-lexer";
import { messageOf, PluginError } from "./plugin_error.ts";

/** Not among them: process, worker_threads, vm, module, inspector and others that get around a worker's limits. */
export const NODE_MODULES_ALLOWED: readonly string[] = [
  "assert",
  "assert/strict",
  "async_hooks",
  "buffer",
  "child_process",
  "crypto",
  "dgram",
  "dns",
  "dns/promises",
  "events",
  "fs",
  "fs/promises",
  "http",
  "http2",
  "https",
  "net",
  "os",
  "path",
  "path/posix",
  "perf_hooks",
  "querystring",
  "stream",
  "stream/promises",
  "string_decoder",
  "timers",
  "timers/promises",
  "tls",
  "url",
  "util",
  "zlib",
];

/** A plugin with more modules than this is not looked through, and not run. */
const MODULES_MAX = 1_000;

/** Follows all imports from `entry` (absolute path). Throws PluginError at the first that a plugin may not have. */
export function checkImports(plugin: string, folder: string, entry: string): void {
  initSync();
  const waiting = [entry];
  const seen = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const next of importsOf(plugin, folder, path)) {
      if (seen.has(next)) continue;
      if (seen.size === MODULES_MAX) {
        throw new PluginError(
          "PLUGIN_IMPORT_REFUSED",
          `plugin ${plugin} has more than ${MODULES_MAX} modules`,
          {
            plugin,
          },
        );
      }
      seen.add(next);
      waiting.push(next);
    }
  }
}

/** The plugin's own modules that one of its modules imports. */
function importsOf(plugin: string, folder: string, path: string): string[] {
  if (path.endsWith(".json")) return [];
  const source = javascriptOf(plugin, path);
  const own: string[] = [];
  for (const { n: specifier, d: dynamic, ss: start } of readImports(plugin, path, source)) {
    if (dynamic === -2) continue; // import.meta
    const refuse = (problem: string): never => {
      const line = source.slice(0, start).split("\n").length;
      throw new PluginError("PLUGIN_IMPORT_REFUSED", `plugin ${plugin} ${problem}`, {
        plugin,
        file: path,
        line,
      });
    };
    if (specifier === undefined) {
      refuse(
        "imports a name that is computed at run time; accepted: a literal path inside the plugin's folder",
      );
    } else if (specifier.startsWith("node:")) {
      if (NODE_MODULES_ALLOWED.includes(specifier.slice(5))) continue;
      refuse(`imports ${specifier}, which gets around the limits of a plugin's worker`);
    } else if (/^\.{0,2}\//.test(specifier) || specifier.startsWith("file:")) {
      const target = fileURLToPath(new URL(specifier, pathToFileURL(path)));
      const inside = relative(folder, target);
      if (inside === "" || inside.startsWith("..")) {
        refuse(`imports ${specifier}, which is outside its folder ${folder}`);
      }
      own.push(target);
    } else {
      refuse(
        `imports "${specifier}"; accepted: paths inside its folder and node: modules. Bundle what else it needs`,
      );
    }
  }
  return own;
}

function readImports(plugin: string, path: string, source: string): ReturnType<typeof parse>[0] {
  try {
    return parse(source)[0];
  } catch (error) {
    throw unreadable(plugin, path, error);
  }
}

function javascriptOf(plugin: string, path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (!/\.m?ts$/.test(path)) return text;
    try {
      // Keeps every position; refuses the few constructs that are more than types.
      return stripTypeScriptTypes(text);
    } catch {
      return stripTypeScriptTypes(text, { mode: "transform" });
    }
  } catch (error) {
    throw unreadable(plugin, path, error);
  }
}

function unreadable(plugin: string, path: string, cause: unknown): PluginError {
  return new PluginError("PLUGIN_LOAD_FAILED", `plugin ${plugin}: ${messageOf(cause)}`, {
    plugin,
    file: path,
    cause,
  });
}
