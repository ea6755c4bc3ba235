// Reads plugin.yaml: parses, checks every field, and says file, line, what was found and what is accepted.
// Called by the host for each plugin before any of its code is read, and by `spork plugin check`.
import { parse } from "@std/yaml";
// @ts-types="@types/semver"
import semver from "semver";
import { PLUGIN_API_VERSION } from "../../plugins/sdk/version.ts";
import {
  DECLARATIONS,
  type Manifest,
  OPTION_TYPES,
  type OptionSchema,
  type OptionType,
  PERMISSION_NAMES,
  type PermissionAsks,
  type PermissionName,
  PLUGIN_KINDS,
  type PluginKind,
} from "./manifest.ts";
import { checkOptionValue } from "./options.ts";
import { messageOf, PluginError, type PluginErrorCode } from "./plugin_error.ts";
import { yamlErrorLine, yamlLine, type YamlPath } from "./yaml_line.ts";

const FIELDS = [
  "name",
  "version",
  "api",
  "kind",
  "entry",
  "summary",
  "permissions",
  "options",
  "declares",
  "provides",
];
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const OPTION_NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** A manifest is read before anything is known about it. */
const MANIFEST_CHARS_MAX = 256 * 1024;

/** Parses and checks the text of a manifest. `file` is named in errors. Throws PluginError. */
export function parseManifest(text: string, file: string): Manifest {
  const source = new ManifestSource(text, file);
  const root = source.root();
  source.onlyFields(root, [], FIELDS);
  const kind = source.oneOf(root.kind, ["kind"], PLUGIN_KINDS);
  return {
    name: source.matching(root.name, ["name"], NAME, "lower-case letters, digits and dashes, at most 63"),
    version: source.version(root.version, ["version"]),
    api: source.apiRange(root.api, ["api"]),
    kind,
    entry: source.entry(root.entry, ["entry"]),
    summary: root.summary === undefined ? "" : source.text(root.summary, ["summary"]),
    permissions: permissions(source, root.permissions),
    options: options(source, root.options),
    declares: declares(source, root.declares, kind),
    provides: provides(source, root.provides, kind),
  };
}

function permissions(source: ManifestSource, value: unknown): PermissionAsks {
  const asks: PermissionAsks = {};
  if (value === undefined || value === null) return asks;
  const map = source.map(value, ["permissions"]);
  source.onlyFields(map, ["permissions"], PERMISSION_NAMES);
  for (const [name, body] of Object.entries(map)) {
    const path = ["permissions", name];
    const fields = source.map(body, path, "a mapping with `allow` and `reason`");
    source.onlyFields(fields, path, ["allow", "reason"]);
    const reason = source.text(fields.reason, [...path, "reason"], "a sentence for the operator");
    const allow = fields.allow === "all" ? "all" : source.texts(fields.allow, [...path, "allow"]);
    if (allow !== "all" && allow.length === 0) {
      source.fail("PLUGIN_MANIFEST_VALUE", [...path, "allow"], "is empty; leave the permission out instead");
    }
    asks[name as PermissionName] = { allow, reason };
  }
  return asks;
}

function options(source: ManifestSource, value: unknown): Record<string, OptionSchema> {
  const schemas: Record<string, OptionSchema> = {};
  if (value === undefined || value === null) return schemas;
  for (const [name, body] of Object.entries(source.map(value, ["options"]))) {
    const path = ["options", name];
    if (!OPTION_NAME.test(name)) {
      source.fail("PLUGIN_MANIFEST_VALUE", path, "is no option name: lower-case letters, digits and dashes");
    }
    const fields = source.map(body, path, "a mapping with `type`, `default` and `doc`");
    source.onlyFields(fields, path, ["type", "default", "min", "max", "enum", "doc"]);
    schemas[name] = optionSchema(source, fields, path);
  }
  return schemas;
}

function optionSchema(source: ManifestSource, fields: Record<string, unknown>, path: string[]): OptionSchema {
  const type: OptionType = source.oneOf(fields.type, [...path, "type"], OPTION_TYPES);
  const numeric = type === "integer" || type === "number" || type === "size";
  const schema: OptionSchema = {
    type,
    default: "",
    doc: source.text(fields.doc, [...path, "doc"], "a sentence that says what the option does"),
  };
  for (const bound of ["min", "max"] as const) {
    const limit = fields[bound];
    if (limit === undefined) continue;
    if (!numeric || typeof limit !== "number") {
      source.fail(
        "PLUGIN_MANIFEST_VALUE",
        [...path, bound],
        "must be a number, and only numeric options have it",
      );
    }
    schema[bound] = limit as number;
  }
  if (fields.enum !== undefined) {
    if (type !== "string") {
      source.fail("PLUGIN_MANIFEST_VALUE", [...path, "enum"], "is for options of type string");
    }
    schema.enum = source.texts(fields.enum, [...path, "enum"]);
  }
  const checked = checkOptionValue(schema, fields.default);
  if ("problem" in checked) {
    source.fail("PLUGIN_MANIFEST_VALUE", [...path, "default"], `does not fit the option: ${checked.problem}`);
  } else schema.default = checked.value;
  return schema;
}

function declares(source: ManifestSource, value: unknown, kind: PluginKind): string[] {
  if (value === undefined || value === null) return [];
  const words = source.texts(value, ["declares"]);
  for (let i = 0; i < words.length; i++) source.oneOf(words[i], ["declares", i], DECLARATIONS[kind]);
  return words;
}

function provides(source: ManifestSource, value: unknown, kind: PluginKind): Record<string, string> {
  const map = value === undefined || value === null ? {} : source.map(value, ["provides"]);
  const provided: Record<string, string> = {};
  for (const [name, word] of Object.entries(map)) provided[name] = source.text(word, ["provides", name]);
  if (kind === "snapshot") {
    source.onlyFields(map, ["provides"], ["entries"]);
    source.oneOf(map.entries, ["provides", "entries"], ["iterator", "tables"]);
  } else if (kind === "aof") {
    source.onlyFields(map, ["provides"], ["runs"]);
    source.oneOf(map.runs, ["provides", "runs"], ["worker", "loop"]);
  } else if (kind === "codec") {
    source.onlyFields(map, ["provides"], ["stream", "block"]);
    if (Object.keys(map).length === 0) {
      source.fail(
        "PLUGIN_MANIFEST_FIELD",
        ["provides"],
        "is missing; a codec provides `stream`, `block` or both",
      );
    }
  }
  return provided;
}

/** The manifest's text with its name: every check that fails points into it. */
class ManifestSource {
  constructor(private readonly textOf: string, private readonly file: string) {}

  fail(code: PluginErrorCode, path: YamlPath, problem: string): never {
    const subject = path.length === 0 ? "the manifest" : `"${path.join(".")}"`;
    throw new PluginError(code, `${subject} ${problem}`, {
      file: this.file,
      line: yamlLine(this.textOf, path),
    });
  }

  root(): Record<string, unknown> {
    if (this.textOf.length > MANIFEST_CHARS_MAX) {
      this.fail(
        "PLUGIN_MANIFEST_SYNTAX",
        [],
        `has ${this.textOf.length} characters; at most ${MANIFEST_CHARS_MAX}`,
      );
    }
    let value: unknown;
    try {
      value = parse(this.textOf);
    } catch (error) {
      throw new PluginError("PLUGIN_MANIFEST_SYNTAX", `not valid YAML: ${messageOf(error).split("\n")[0]}`, {
        file: this.file,
        line: yamlErrorLine(error),
        cause: error,
      });
    }
    if (!isMap(value)) {
      this.fail(
        "PLUGIN_MANIFEST_SYNTAX",
        [],
        `is ${describe(value)}; accepted: a mapping with ${FIELDS.join(", ")}`,
      );
    }
    return value;
  }

  onlyFields(map: Record<string, unknown>, path: YamlPath, accepted: readonly string[]): void {
    for (const name of Object.keys(map)) {
      if (accepted.includes(name)) continue;
      this.fail(
        "PLUGIN_MANIFEST_FIELD",
        [...path, name],
        `is unknown; accepted here: ${accepted.join(", ")}`,
      );
    }
  }

  map(value: unknown, path: YamlPath, accepted = "a mapping"): Record<string, unknown> {
    if (!isMap(value)) this.wrong(value, path, accepted);
    return value;
  }

  text(value: unknown, path: YamlPath, accepted = "a text"): string {
    if (typeof value !== "string" || value.trim() === "") this.wrong(value, path, accepted);
    return value;
  }

  texts(value: unknown, path: YamlPath): string[] {
    if (!Array.isArray(value)) this.wrong(value, path, "a list of texts");
    return value.map((item, i) => this.text(item, [...path, i]));
  }

  matching(value: unknown, path: YamlPath, pattern: RegExp, accepted: string): string {
    if (typeof value !== "string" || !pattern.test(value)) this.wrong(value, path, accepted);
    return value;
  }

  oneOf<T extends string>(value: unknown, path: YamlPath, accepted: readonly T[]): T {
    if (!accepted.includes(value as T)) this.wrong(value, path, accepted.join(", "));
    return value as T;
  }

  version(value: unknown, path: YamlPath): string {
    if (typeof value !== "string" || semver.valid(value) === null) {
      this.wrong(value, path, "a version such as 1.2.3");
    }
    return value;
  }

  apiRange(value: unknown, path: YamlPath): string {
    if (typeof value !== "string" || semver.validRange(value) === null) {
      this.wrong(value, path, `a version range such as ^${PLUGIN_API_VERSION}`);
    }
    if (!semver.satisfies(PLUGIN_API_VERSION, value)) {
      this.fail(
        "PLUGIN_API_MISMATCH",
        path,
        `is ${value}, but this host's plugin interface is ${PLUGIN_API_VERSION}, which that range does not contain`,
      );
    }
    return value;
  }

  /** A module inside the plugin's own folder. */
  entry(value: unknown, path: YamlPath): string {
    const accepted = "the path of a .ts, .js or .mjs file inside the plugin's folder";
    if (typeof value !== "string" || !/\.(ts|js|mjs)$/.test(value)) this.wrong(value, path, accepted);
    if (/^([/\\]|[a-z]+:)/i.test(value) || value.split(/[/\\]/).includes("..")) {
      this.wrong(value, path, accepted);
    }
    return value;
  }

  private wrong(value: unknown, path: YamlPath, accepted: string): never {
    if (value === undefined) this.fail("PLUGIN_MANIFEST_FIELD", path, `is missing; accepted: ${accepted}`);
    this.fail("PLUGIN_MANIFEST_VALUE", path, `is ${describe(value)}; accepted: ${accepted}`);
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return JSON.stringify(value);
}
