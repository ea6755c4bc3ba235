import assert from "node:assert/strict";
import fc from "fast-check";
import type { Manifest, OptionSchema } from "./manifest.ts";
import { checkOptionValue, resolveOptions } from "./options.ts";
import { PluginError } from "./plugin_error.ts";

function schema(part: Partial<OptionSchema>): OptionSchema {
  return { type: "string", default: "", doc: "x", ...part };
}

const MANIFEST: Manifest = {
  name: "p",
  version: "1.0.0",
  api: "^1.0.0",
  kind: "codec",
  entry: "main.ts",
  summary: "",
  permissions: {},
  options: {
    level: schema({ type: "integer", default: 3, min: 1, max: 9 }),
    window: schema({ type: "size", default: 1024 }),
    strict: schema({ type: "boolean", default: true }),
    mode: schema({ enum: ["a", "b"], default: "a" }),
  },
  declares: [],
  provides: {},
};

Deno.test("options take values with types from YAML and words from conf lines", () => {
  assert.deepEqual(resolveOptions(MANIFEST, {}), { level: 3, window: 1024, strict: true, mode: "a" });
  const yaml = {
    level: { value: 9 },
    window: { value: "2mb" },
    strict: { value: false },
    mode: { value: "b" },
  };
  assert.deepEqual(resolveOptions(MANIFEST, yaml), { level: 9, window: 2097152, strict: false, mode: "b" });
  const words = { level: { value: "4" }, window: { value: "1k" }, strict: { value: "no" } };
  assert.deepEqual(resolveOptions(MANIFEST, words), { level: 4, window: 1000, strict: false, mode: "a" });
});

const BAD: [string, unknown, string, string][] = [
  ["levle", 3, "PLUGIN_OPTION_UNKNOWN", 'has no option "levle"; accepted: level, window, strict, mode'],
  ["level", 10, "PLUGIN_OPTION_VALUE", "10 is not an integer from 1 to 9"],
  ["level", 1.5, "PLUGIN_OPTION_VALUE", "1.5 is not an integer"],
  ["level", "five", "PLUGIN_OPTION_VALUE", '"five" is not an integer'],
  ["level", null, "PLUGIN_OPTION_VALUE", "null is not an integer"],
  ["window", "5 parsecs", "PLUGIN_OPTION_VALUE", "is not a size"],
  ["window", -1, "PLUGIN_OPTION_VALUE", "is not a size"],
  ["strict", "perhaps", "PLUGIN_OPTION_VALUE", "is not yes or no"],
  ["mode", "c", "PLUGIN_OPTION_VALUE", '"c" is not one of a, b'],
  ["mode", ["a"], "PLUGIN_OPTION_VALUE", "is not one of a, b"],
];

for (const [name, value, code, words] of BAD) {
  Deno.test(`option ${name} refuses ${JSON.stringify(value)} and names the line`, () => {
    assert.throws(
      () => resolveOptions(MANIFEST, { [name]: { value, file: "spork.conf", line: 7 } }),
      (error) =>
        error instanceof PluginError && error.code === code && error.message.includes(words) &&
        error.message.includes("spork.conf:7: ") && error.plugin === "p",
    );
  });
}

Deno.test("whatever is given, a checked integer is an integer within its bounds", () => {
  const integer = schema({ type: "integer", min: -5, max: 5 });
  fc.assert(fc.property(fc.anything(), (value) => {
    const checked = checkOptionValue(integer, value);
    if ("problem" in checked) return checked.problem.length > 0;
    return Number.isInteger(checked.value) && Math.abs(checked.value as number) <= 5;
  }));
});
