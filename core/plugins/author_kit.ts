// The author kit: `spork plugin new KIND NAME` writes a working plugin, `spork plugin check DIR` holds one to its
// manifest, its own tests and the conformance suite of its kind. Called by main.ts.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newPluginFiles } from "./author_templates.ts";
import { runConformance } from "./conformance.ts";
import { PERMISSION_NAMES, PLUGIN_KINDS, type PluginKind, USED_KINDS } from "./manifest.ts";
import { messageOf, PluginError } from "./plugin_error.ts";
import { readManifest } from "./plugin_host.ts";
import type { Grants } from "./plugin_settings.ts";

const USAGE = `Usage: spork plugin new KIND NAME
         writes a plugin into the new folder NAME; KIND is one of ${PLUGIN_KINDS.join(", ")}
       spork plugin check [--grant-asks] DIR
         runs the plugin in DIR with a temporary folder as \${dir} and no other permission,
         or with all that its manifest asks for`;
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** Runs `spork plugin WORDS...`. Returns the exit status. */
export async function runPluginCommand(
  words: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  const [command, ...rest] = words;
  try {
    if (command === "new" && rest.length === 2) return newPlugin(rest[0], rest[1], print);
    if (command === "check") {
      const folders = rest.filter((word) => word !== "--grant-asks");
      if (folders.length === 1 && !folders[0].startsWith("-")) {
        return await checkPlugin(folders[0], { grantsAsks: rest.length > 1 }, print);
      }
    }
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    print(error.message);
    return 1;
  }
  print(USAGE);
  return 2;
}

function newPlugin(kind: string, name: string, print: (line: string) => void): number {
  if (!PLUGIN_KINDS.includes(kind as PluginKind)) {
    print(`"${kind}" is no kind of plugin; accepted: ${PLUGIN_KINDS.join(", ")}`);
    return 2;
  }
  if (!NAME.test(name)) {
    print(`"${name}" is no name for a plugin; accepted: lower-case letters, digits and dashes, at most 63`);
    return 2;
  }
  try {
    mkdirSync(name);
  } catch (error) {
    print(`cannot make the folder ${name}: ${messageOf(error)}`);
    return 1;
  }
  for (const [file, text] of Object.entries(newPluginFiles(kind as PluginKind, name))) {
    writeFileSync(join(name, file), text);
    print(`wrote ${name}/${file}`);
  }
  print(`Next: spork plugin check ${name}`);
  return 0;
}

async function checkPlugin(
  folder: string,
  { grantsAsks }: { grantsAsks: boolean },
  print: (line: string) => void,
): Promise<number> {
  const manifest = readManifest(folder);
  const { name, version, kind, permissions } = manifest;
  print(`plugin ${name} ${version}, kind ${kind}`);
  for (const permission of PERMISSION_NAMES) {
    const ask = permissions[permission];
    if (ask === undefined) continue;
    print(`asks for ${permission} ${ask.allow === "all" ? "all" : ask.allow.join(" ")}: ${ask.reason}`);
  }
  const grants: Grants = { read: ["${dir}"], write: ["${dir}"] };
  if (grantsAsks) {
    for (const permission of PERMISSION_NAMES) {
      const ask = permissions[permission];
      if (ask !== undefined) grants[permission] = ask.allow;
    }
  }
  let failed = 0;
  const results = await runConformance({
    plugin: { path: folder },
    grants,
    logger: { debug: () => {}, notice: () => {}, warning: (line) => print(`log: ${line}`) },
    onResult: ({ name, problem }) => {
      if (problem === undefined) print(`ok      ${name}`);
      else {
        failed++;
        print(`FAILED  ${name}`);
        print(`        ${problem.split("\n").join("\n        ")}`);
      }
    },
  }).catch((error) => {
    if (!(error instanceof PluginError) || error.code !== "PLUGIN_PERMISSION_NOT_GRANTED") throw error;
    print(`${error.message}. For this check: spork plugin check --grant-asks ${folder}`);
    return undefined;
  });
  if (results === undefined) return 1;
  if (!USED_KINDS.includes(kind)) {
    print(`there is no conformance suite for kind ${kind}: nothing uses it yet`);
  }
  print(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
