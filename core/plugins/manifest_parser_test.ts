import assert from "node:assert/strict";
import { parseManifest } from "./manifest_parser.ts";
import { PluginError } from "./plugin_error.ts";

const GOOD = `# comment first
name: my-sink
version: 1.2.3
api: ^1.0.0
kind: sink
entry: src/main.ts
summary: ships changes
permissions:
  net:
    allow: ["\${option.host}"]
    reason: sends the changes there
  read:
    allow: all
    reason: looks everywhere
options:
  host:
    type: string
    default: 127.0.0.1:9000
    doc: where to
  batch:
    type: size
    default: 64kb
    min: 1024
    max: 1048576
    doc: bytes a batch
  mode:
    type: string
    enum: [fast, safe]
    default: safe
    doc: how
declares: [ordered]
provides:
  feed: commands
`;

Deno.test("a manifest is read with all its fields", () => {
  const manifest = parseManifest(GOOD, "plugin.yaml");
  assert.equal(manifest.name, "my-sink");
  assert.equal(manifest.kind, "sink");
  assert.deepEqual(manifest.permissions.net, {
    allow: ["${option.host}"],
    reason: "sends the changes there",
  });
  assert.equal(manifest.permissions.read?.allow, "all");
  assert.equal(manifest.options.batch.default, 65536);
  assert.deepEqual(manifest.declares, ["ordered"]);
});

/** [what is wrong, edit of GOOD, code, line, words of the message] */
const BAD: [string, (text: string) => string, string, number | undefined, string][] = [
  ["no YAML", () => "name: [", "PLUGIN_MANIFEST_SYNTAX", 1, "not valid YAML"],
  ["a list", () => "- a", "PLUGIN_MANIFEST_SYNTAX", undefined, "accepted: a mapping with name"],
  ["empty", () => "", "PLUGIN_MANIFEST_SYNTAX", undefined, "is empty"],
  [
    "unknown field",
    (t) => t + "color: red\n",
    "PLUGIN_MANIFEST_FIELD",
    34,
    '"color" is unknown; accepted here: name,',
  ],
  [
    "no name",
    (t) => t.replace("name: my-sink\n", ""),
    "PLUGIN_MANIFEST_FIELD",
    undefined,
    '"name" is missing',
  ],
  [
    "bad name",
    (t) => t.replace("my-sink", "My Sink"),
    "PLUGIN_MANIFEST_VALUE",
    2,
    'is "My Sink"; accepted: lower-case',
  ],
  ["bad version", (t) => t.replace("1.2.3", "one"), "PLUGIN_MANIFEST_VALUE", 3, "a version such as 1.2.3"],
  [
    "number version",
    (t) => t.replace("1.2.3", "1.2"),
    "PLUGIN_MANIFEST_VALUE",
    3,
    "is 1.2; accepted: a version",
  ],
  ["bad range", (t) => t.replace("^1.0.0", "newest"), "PLUGIN_MANIFEST_VALUE", 4, "a version range such as"],
  [
    "other api",
    (t) => t.replace("^1.0.0", "^2.0.0"),
    "PLUGIN_API_MISMATCH",
    4,
    "which that range does not contain",
  ],
  [
    "bad kind",
    (t) => t.replace("kind: sink", "kind: sync"),
    "PLUGIN_MANIFEST_VALUE",
    5,
    "snapshot, aof, codec, sink",
  ],
  [
    "entry outside",
    (t) => t.replace("src/main.ts", "../main.ts"),
    "PLUGIN_MANIFEST_VALUE",
    6,
    "inside the plugin's",
  ],
  [
    "entry absolute",
    (t) => t.replace("src/main.ts", "/main.ts"),
    "PLUGIN_MANIFEST_VALUE",
    6,
    "inside the plugin's",
  ],
  [
    "entry by url",
    (t) => t.replace("src/main.ts", "npm:x.js"),
    "PLUGIN_MANIFEST_VALUE",
    6,
    "inside the plugin's",
  ],
  [
    "unknown permission",
    (t) => t.replace("  net:", "  hrtime:"),
    "PLUGIN_MANIFEST_FIELD",
    9,
    "accepted here: read, write",
  ],
  [
    "no reason",
    (t) => t.replace("    reason: sends the changes there\n", ""),
    "PLUGIN_MANIFEST_FIELD",
    9,
    "permissions.net.reason",
  ],
  [
    "ask as text",
    (t) => t.replace('["${option.host}"]', "everything"),
    "PLUGIN_MANIFEST_VALUE",
    10,
    "a list of texts",
  ],
  [
    "empty ask",
    (t) => t.replace('["${option.host}"]', "[]"),
    "PLUGIN_MANIFEST_VALUE",
    10,
    "leave the permission out",
  ],
  [
    "option type",
    (t) => t.replace("type: size", "type: bytes"),
    "PLUGIN_MANIFEST_VALUE",
    21,
    "string, integer, number",
  ],
  [
    "option default",
    (t) => t.replace("64kb", "12"),
    "PLUGIN_MANIFEST_VALUE",
    22,
    "12 is not a size from 1024 to 1048576",
  ],
  [
    "option enum default",
    (t) => t.replace("default: safe", "default: slow"),
    "PLUGIN_MANIFEST_VALUE",
    29,
    "one of fast, safe",
  ],
  ["option doc", (t) => t.replace("    doc: how\n", ""), "PLUGIN_MANIFEST_FIELD", 26, "options.mode.doc"],
  [
    "min of a text",
    (t) => t.replace("enum: [fast, safe]", "min: 3"),
    "PLUGIN_MANIFEST_VALUE",
    28,
    "only numeric options",
  ],
  [
    "declaration",
    (t) => t.replace("[ordered]", "[quick]"),
    "PLUGIN_MANIFEST_VALUE",
    31,
    "ordered, deliver-after-durable, at-least-once",
  ],
  [
    "log that does not say where it runs",
    (t) =>
      t.replace("kind: sink", "kind: aof").replace("[ordered]", "[]").replace(
        "  feed: commands",
        "  runs: anywhere",
      ),
    "PLUGIN_MANIFEST_VALUE",
    33,
    "worker, loop",
  ],
  [
    "snapshot without entries",
    (t) =>
      t.replace("kind: sink", "kind: snapshot").replace("[ordered]", "[]").replace(
        "  feed: commands",
        "  entries: all",
      ),
    "PLUGIN_MANIFEST_VALUE",
    33,
    "iterator, tables",
  ],
  [
    "codec that provides nothing",
    (t) =>
      t.replace("kind: sink", "kind: codec").replace("[ordered]", "[]").replace(
        "provides:\n  feed: commands\n",
        "",
      ),
    "PLUGIN_MANIFEST_FIELD",
    undefined,
    "`stream`, `block` or both",
  ],
  ["too long", (t) => t + "#".repeat(300_000), "PLUGIN_MANIFEST_SYNTAX", undefined, "at most"],
];

for (const [what, edit, code, line, words] of BAD) {
  Deno.test(`a bad manifest is refused: ${what}`, () => {
    assert.throws(() => parseManifest(edit(GOOD), "p/plugin.yaml"), (error) => {
      assert.ok(error instanceof PluginError);
      assert.equal(error.code, code);
      assert.equal(error.line, line, error.message);
      assert.ok(error.message.includes(words), error.message);
      assert.ok(error.message.startsWith(`${code}: p/plugin.yaml:`), error.message);
      return true;
    });
  });
}
