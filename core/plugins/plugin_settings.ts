// What the operator says about plugins, from spork.yaml's `plugins:` section or from conf lines, in one shape.
// core/server/config reads the text and calls these functions; the host takes the result.
import { PERMISSION_NAMES, type PermissionName, PLUGIN_KINDS, type PluginKind } from "./manifest.ts";
import type { GivenOption } from "./options.ts";
import { PluginError } from "./plugin_error.ts";
import { yamlLine, type YamlPath } from "./yaml_line.ts";

/** Where a setting stands, for errors. */
export interface Origin {
  file?: string;
  line?: number;
}

/** Values of one permission; "all" is everything of the kind. May contain `${name}`. */
export type Grant = string[] | "all";
export type Grants = Partial<Record<PermissionName, Grant>>;

/** Everything said about one plugin, which is named by its folder or by its name. */
export interface PluginSetting {
  /** Folder of a plugin to load from disk. */
  path?: string;
  /** A plugin that is shipped, or that another setting loads by path. */
  name?: string;
  options: Record<string, GivenOption>;
  /** Undefined: the default grants (which only shipped plugins have). */
  grants?: Grants;
  /** Runs in the trusted tier. Only for shipped plugins. */
  trusted: boolean;
  /** A codec: may be loaded into the workers of other plugins, where it has their permissions. */
  embed: boolean;
  origin: Origin;
}

export interface PluginSettings {
  /** By kind, the plugin that the server uses. */
  chosen: Partial<Record<PluginKind, { name: string; origin: Origin }>>;
  plugins: PluginSetting[];
}

/** Conf directives and their usage; each may be repeated. */
export const PLUGIN_DIRECTIVES: Readonly<Record<string, string>> = {
  "plugin": "plugin FOLDER",
  "plugin-option": "plugin-option NAME OPTION VALUE",
  "plugin-grant": "plugin-grant NAME PERMISSION VALUE [VALUE ...]",
  "plugin-trust": "plugin-trust NAME",
  "plugin-embed": "plugin-embed NAME",
};

export function noPluginSettings(): PluginSettings {
  return { chosen: {}, plugins: [] };
}

/** Adds one conf line: `words` are what follows the directive. Throws PluginError. */
export function addPluginDirective(
  settings: PluginSettings,
  directive: string,
  words: readonly string[],
  origin: Origin,
): void {
  const usage = PLUGIN_DIRECTIVES[directive];
  const wordsMin = usage === undefined ? 0 : usage.replace(/\[.*\]/, "").trim().split(" ").length - 1;
  const open = usage !== undefined && usage.includes("[");
  if (usage === undefined || words.length < wordsMin || (!open && words.length > wordsMin)) {
    const accepted = usage ?? Object.values(PLUGIN_DIRECTIVES).join("; ");
    const found = [directive, ...words].join(" ");
    throw new PluginError("PLUGIN_SETTING", `"${found}" is not understood; accepted: ${accepted}`, origin);
  }
  if (directive === "plugin") {
    settings.plugins.push({ path: words[0], ...emptySetting(origin) });
    return;
  }
  const setting: PluginSetting = { name: words[0], ...emptySetting(origin) };
  if (directive === "plugin-option") setting.options[words[1]] = { value: words[2], ...origin };
  if (directive === "plugin-grant") {
    setting.grants = { [permissionName(words[1], origin)]: grantOf(words.slice(2)) };
  }
  if (directive === "plugin-trust") setting.trusted = true;
  if (directive === "plugin-embed") setting.embed = true;
  settings.plugins.push(setting);
}

/** The text that a YAML section was parsed from, to find lines in. */
export interface YamlSource {
  file: string;
  text: string;
}

/**
 * Reads the `plugins:` section of spork.yaml: a plugin's name for a kind (`snapshot: threadsave`), and under `load` a
 * list of folders or of mappings with `path` or `name`, `options`, `grants`, `trusted`, `embed`. Throws PluginError.
 */
export function readPluginsSection(value: unknown, source?: YamlSource): PluginSettings {
  const settings = noPluginSettings();
  if (value === undefined || value === null) return settings;
  const section = new Section(["plugins"], source);
  for (const [key, body] of Object.entries(section.mapping(value))) {
    const part: Section = section.at(key);
    if (key === "load") {
      if (!Array.isArray(body)) part.refuse(body, "a list of folders or mappings");
      body.forEach((item, i) => settings.plugins.push(readSetting(item, part.at(i))));
      continue;
    }
    if (!PLUGIN_KINDS.includes(key as PluginKind)) part.unknown(["load", ...PLUGIN_KINDS]);
    if (typeof body !== "string") part.refuse(body, "the name of a plugin");
    settings.chosen[key as PluginKind] = { name: body, origin: part.origin };
  }
  return settings;
}

/** All that is said about the plugin `name` that was loaded from `path` (undefined for a shipped one). */
export function settingFor(settings: PluginSettings, name: string, path: string | undefined): PluginSetting {
  const merged: PluginSetting = { name, path, ...emptySetting({}) };
  for (const setting of settings.plugins) {
    if (setting.name !== name && (setting.path === undefined || setting.path !== path)) continue;
    Object.assign(merged.options, setting.options);
    if (setting.grants !== undefined) merged.grants = mergeGrants(merged.grants ?? {}, setting.grants);
    merged.trusted ||= setting.trusted;
    merged.embed ||= setting.embed;
    if (merged.origin.file === undefined || setting.trusted || setting.embed) merged.origin = setting.origin;
  }
  return merged;
}

function readSetting(value: unknown, section: Section): PluginSetting {
  const setting = emptySetting(section.origin);
  if (typeof value === "string") return { ...setting, path: value };
  for (const [key, body] of Object.entries(section.mapping(value))) {
    const part: Section = section.at(key);
    switch (key) {
      case "path":
      case "name":
        if (typeof body !== "string" || body === "") part.refuse(body, "a text");
        setting[key] = body;
        break;
      case "trusted":
      case "embed":
        if (typeof body !== "boolean") part.refuse(body, "true or false");
        setting[key] = body;
        break;
      case "options":
        for (const [name, option] of Object.entries(part.mapping(body))) {
          setting.options[name] = { value: option, ...part.at(name).origin };
        }
        break;
      case "grants":
        setting.grants = readGrants(body, part);
        break;
      default:
        part.unknown(["path", "name", "options", "grants", "trusted", "embed"]);
    }
  }
  if ((setting.path === undefined) === (setting.name === undefined)) {
    section.refuse(value, "a mapping with either path (a plugin on disk) or name (a shipped plugin)");
  }
  return setting;
}

function readGrants(value: unknown, section: Section): Grants {
  const grants: Grants = {};
  for (const [key, body] of Object.entries(section.mapping(value))) {
    const part: Section = section.at(key);
    const name = permissionName(key, part.origin);
    if (body === "all") grants[name] = "all";
    else if (Array.isArray(body) && body.every((item) => typeof item === "string")) {
      grants[name] = grantOf(body);
    } else part.refuse(body, 'a list of texts, or "all"');
  }
  return grants;
}

function mergeGrants(a: Grants, b: Grants): Grants {
  const merged: Grants = { ...a };
  for (const name of PERMISSION_NAMES) {
    const added = b[name];
    if (added === undefined) continue;
    const had = merged[name];
    merged[name] = had === "all" || added === "all" ? "all" : [...(had ?? []), ...added];
  }
  return merged;
}

function grantOf(words: string[]): Grant {
  return words.includes("all") ? "all" : words;
}

function permissionName(word: string, origin: Origin): PermissionName {
  if (PERMISSION_NAMES.includes(word as PermissionName)) return word as PermissionName;
  throw new PluginError(
    "PLUGIN_SETTING",
    `"${word}" is no permission; accepted: ${PERMISSION_NAMES.join(", ")}`,
    origin,
  );
}

function emptySetting(origin: Origin): PluginSetting {
  return { options: {}, trusted: false, embed: false, origin };
}

/** A place in the YAML file: what is read there, and how it is refused. */
class Section {
  constructor(private readonly path: YamlPath, private readonly source: YamlSource | undefined) {}

  get origin(): Origin {
    if (this.source === undefined) return {};
    return { file: this.source.file, line: yamlLine(this.source.text, this.path) };
  }

  at(step: string | number): Section {
    return new Section([...this.path, step], this.source);
  }

  mapping(value: unknown): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.refuse(value, "a mapping");
    return value as Record<string, unknown>;
  }

  refuse(value: unknown, accepted: string): never {
    const found = JSON.stringify(value);
    throw new PluginError(
      "PLUGIN_SETTING",
      `${this.path.join(".")} is ${found}; accepted: ${accepted}`,
      this.origin,
    );
  }

  unknown(accepted: readonly string[]): never {
    const where = this.path.join(".");
    throw new PluginError(
      "PLUGIN_SETTING",
      `${where} is unknown; accepted: ${accepted.join(", ")}`,
      this.origin,
    );
  }
}
