// Checks option values of a plugin against the schema in its manifest. Values come from YAML with their types and
// from conf lines as words; both end as the type that the schema names.
import type { Manifest, OptionSchema, OptionValue } from "./manifest.ts";
import { PluginError } from "./plugin_error.ts";

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/** An option as the operator gave it, with the place where. */
export interface GivenOption {
  value: unknown;
  file?: string;
  line?: number;
}

/** All options of the plugin: given where given, default otherwise. Throws PluginError for the first bad one. */
export function resolveOptions(
  manifest: Manifest,
  given: Readonly<Record<string, GivenOption>>,
): Record<string, OptionValue> {
  const resolved: Record<string, OptionValue> = {};
  for (const [name, schema] of Object.entries(manifest.options)) resolved[name] = schema.default;
  for (const [name, option] of Object.entries(given)) {
    const details = { plugin: manifest.name, file: option.file, line: option.line };
    const schema = manifest.options[name];
    if (schema === undefined) {
      const known = Object.keys(manifest.options);
      const accepted = known.length === 0 ? "it has none" : `accepted: ${known.join(", ")}`;
      throw new PluginError(
        "PLUGIN_OPTION_UNKNOWN",
        `plugin ${manifest.name} has no option "${name}"; ${accepted}`,
        details,
      );
    }
    const checked = checkOptionValue(schema, option.value);
    if ("problem" in checked) {
      throw new PluginError(
        "PLUGIN_OPTION_VALUE",
        `option "${name}" of plugin ${manifest.name}: ${checked.problem}`,
        details,
      );
    }
    resolved[name] = checked.value;
  }
  return resolved;
}

/** One value against one schema: the value in the schema's type, or what is wrong with it. */
export function checkOptionValue(
  schema: OptionSchema,
  value: unknown,
): { value: OptionValue } | { problem: string } {
  const read = readValue(schema, value);
  if (read === undefined) {
    return { problem: `${JSON.stringify(value) ?? "nothing"} is not ${acceptedValues(schema)}` };
  }
  if (typeof read !== "number") return { value: read };
  const tooLow = schema.min !== undefined && read < schema.min;
  const tooHigh = schema.max !== undefined && read > schema.max;
  return tooLow || tooHigh ? { problem: `${read} is not ${acceptedValues(schema)}` } : { value: read };
}

/** What an option takes, in words: for errors, PLUGIN INFO and the documentation. */
export function acceptedValues(schema: OptionSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(", ")}`;
  const words = {
    string: "a text",
    integer: "an integer",
    number: "a number",
    boolean: "yes or no",
    size: "a size",
  };
  const { min, max } = schema;
  const bounds = min !== undefined && max !== undefined
    ? ` from ${min} to ${max}`
    : min !== undefined
    ? ` of at least ${min}`
    : max !== undefined
    ? ` of at most ${max}`
    : "";
  return words[schema.type] + bounds;
}

function readValue(schema: OptionSchema, value: unknown): OptionValue | undefined {
  switch (schema.type) {
    case "string":
      if (typeof value !== "string") return undefined;
      return schema.enum === undefined || schema.enum.includes(value) ? value : undefined;
    case "boolean":
      if (typeof value === "boolean") return value;
      if (value === "yes" || value === "true") return true;
      return value === "no" || value === "false" ? false : undefined;
    case "size":
      return readSize(value);
    case "integer": {
      const number = readNumber(value);
      return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
    }
    case "number":
      return readNumber(value);
  }
}

function readNumber(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^[+-]?\d+(\.\d+)?$/.test(value)) return undefined;
  return Number(value);
}

function readSize(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const match = typeof value === "string" ? /^(\d+)([a-z]*)$/i.exec(value) : null;
  if (match === null) return undefined;
  const unit = SIZE_UNITS[match[2].toLowerCase()];
  const bytes = unit === undefined ? NaN : Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
