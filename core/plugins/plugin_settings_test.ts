import assert from "node:assert/strict";
import { PluginError } from "./plugin_error.ts";
import { addPluginDirective, noPluginSettings, readPluginsSection, settingFor } from "./plugin_settings.ts";

const YAML = `port: 7000
plugins:
  snapshot: threadsave
  load:
    - /opt/one
    - path: /opt/two
      options:
        level: 5
      grants:
        write: ["\${dir}"]
        net: all
    - name: codec-lzf
      trusted: true
`;

const PARSED = {
  snapshot: "threadsave",
  load: [
    "/opt/one",
    { path: "/opt/two", options: { level: 5 }, grants: { write: ["${dir}"], net: "all" } },
    { name: "codec-lzf", trusted: true },
  ],
};

Deno.test("YAML and conf lines say the same", () => {
  const fromYaml = readPluginsSection(PARSED, { file: "spork.yaml", text: YAML });
  assert.deepEqual(fromYaml.chosen.snapshot, { name: "threadsave", origin: { file: "spork.yaml", line: 3 } });
  const fromConf = noPluginSettings();
  const lines = [
    "plugin /opt/one",
    "plugin /opt/two",
    "plugin-option two level 5",
    "plugin-grant two write ${dir}",
    "plugin-grant two net all",
    "plugin-trust codec-lzf",
  ];
  lines.forEach((text, i) => {
    const [directive, ...words] = text.split(" ");
    addPluginDirective(fromConf, directive, words, { file: "spork.conf", line: i + 1 });
  });
  for (const settings of [fromYaml, fromConf]) {
    const two = settingFor(settings, "two", "/opt/two");
    assert.equal(String(two.options.level.value), "5");
    assert.deepEqual(two.grants, { write: ["${dir}"], net: "all" });
    assert.equal(two.trusted, false);
    assert.equal(settingFor(settings, "one", "/opt/one").grants, undefined);
    assert.equal(settingFor(settings, "codec-lzf", undefined).trusted, true);
  }
  assert.equal(settingFor(fromYaml, "two", "/opt/two").options.level.line, 8);
  assert.equal(settingFor(fromConf, "two", "/opt/two").options.level.line, 3);
});

Deno.test("grants of several lines add up", () => {
  const settings = noPluginSettings();
  addPluginDirective(settings, "plugin-grant", ["p", "net", "a:1", "b:2"], {});
  addPluginDirective(settings, "plugin-grant", ["p", "net", "c:3"], {});
  addPluginDirective(settings, "plugin-grant", ["p", "env", "all"], {});
  addPluginDirective(settings, "plugin-grant", ["p", "env", "HOME"], {});
  assert.deepEqual(settingFor(settings, "p", undefined).grants, { net: ["a:1", "b:2", "c:3"], env: "all" });
});

const BAD_DIRECTIVES: [string, string][] = [
  ["plugin", "plugin FOLDER"],
  ["plugin /a /b", "plugin FOLDER"],
  ["plugin-option p level", "plugin-option NAME OPTION VALUE"],
  ["plugin-grant p net", "plugin-grant NAME PERMISSION VALUE"],
  ["plugin-grant p disk /x", '"disk" is no permission; accepted: read, write, net'],
  ["plugin-trust", "plugin-trust NAME"],
  ["plugin-color red", "plugin FOLDER; plugin-option NAME"],
];

for (const [text, words] of BAD_DIRECTIVES) {
  Deno.test(`"${text}" is refused with its usage`, () => {
    const [directive, ...rest] = text.split(" ");
    assert.throws(
      () => addPluginDirective(noPluginSettings(), directive, rest, { file: "spork.conf", line: 9 }),
      (error) =>
        error instanceof PluginError && error.code === "PLUGIN_SETTING" &&
        error.message.startsWith("PLUGIN_SETTING: spork.conf:9: ") && error.message.includes(words),
    );
  });
}

const BAD_SECTIONS: [unknown, number, string][] = [
  ["threadsave", 2, 'plugins is "threadsave"; accepted: a mapping'],
  [{ snapshot: 5 }, 3, "the name of a plugin"],
  [{ snapsot: "x" }, 2, "plugins.snapsot is unknown; accepted: load, snapshot"],
  [{ load: "x" }, 4, "a list of folders or mappings"],
  [{ load: [5] }, 5, "plugins.load.0 is 5"],
  [{ load: ["a", { options: {} }] }, 6, "either path (a plugin on disk) or name"],
  [{ load: ["a", { path: "a", name: "b" }] }, 6, "either path (a plugin on disk) or name"],
  [{ load: ["a", { path: "a", grants: { net: "some" } }] }, 11, 'a list of texts, or "all"'],
  [{ load: ["a", { path: "a", grants: { disk: [] } }] }, 9, '"disk" is no permission'],
  [{ load: ["a", "b", { name: "a", trusted: "yes" }] }, 13, "true or false"],
  [{ load: ["a", "b", { name: "a", colour: 1 }] }, 12, "accepted: path, name, options"],
];

for (const [value, line, words] of BAD_SECTIONS) {
  Deno.test(`plugins: ${JSON.stringify(value)} is refused at line ${line}`, () => {
    assert.throws(() => readPluginsSection(value, { file: "spork.yaml", text: YAML }), (error) => {
      assert.ok(error instanceof PluginError && error.code === "PLUGIN_SETTING");
      assert.ok(error.message.includes(words), error.message);
      assert.equal(error.line, line, error.message);
      return true;
    });
  });
}
