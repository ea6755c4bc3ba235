// Words that may begin a configuration line and are no options: they can't be asked for with CONFIG GET.
import { PLUGIN_DIRECTIVES } from "../../plugins/plugin_settings.ts";

/** Gives a command another name, or with an empty one takes it away. */
export const RENAME_COMMAND = "rename-command";

/** Directives of Valkey that Spork refuses, and why. Move one out of here when its feature lands. */
export const refusedDirectives: Readonly<Record<string, string>> = {
  "user": "Spork has no access control lists yet; use requirepass",
  "loadmodule": "Spork does not load C modules; it has plugins (see the line `plugin FOLDER`)",
  "sentinel": "Spork is no Sentinel; it works under one",
};

/** Still found in old files; Valkey reads them and does nothing, and so does Spork. */
export const ignoredDirectives: readonly string[] = [
  "list-max-ziplist-entries",
  "list-max-ziplist-value",
  "lua-replicate-commands",
];

/** Whether a word begins a line that is understood but sets no option. */
export function isDirective(word: string): boolean {
  const lower = word.toLowerCase();
  return lower === "include" || lower === RENAME_COMMAND || ignoredDirectives.includes(lower) ||
    Object.hasOwn(PLUGIN_DIRECTIVES, lower);
}
