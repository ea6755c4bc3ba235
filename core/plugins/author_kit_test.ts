import assert from "node:assert/strict";
import { runPluginCommand } from "./author_kit.ts";
import { PLUGIN_KINDS } from "./manifest.ts";

async function inTempFolder(run: () => Promise<void>): Promise<void> {
  const before = Deno.cwd();
  const folder = Deno.makeTempDirSync({ prefix: "spork-kit-" });
  Deno.chdir(folder);
  try {
    await run();
  } finally {
    Deno.chdir(before);
    Deno.removeSync(folder, { recursive: true });
  }
}

async function spork(...words: string[]): Promise<{ status: number; text: string }> {
  const lines: string[] = [];
  const status = await runPluginCommand(words, (line) => lines.push(line));
  return { status, text: lines.join("\n") };
}

for (const kind of PLUGIN_KINDS) {
  Deno.test(`a new plugin of kind ${kind} passes its check and its own tests`, () =>
    inTempFolder(async () => {
      const made = await spork("new", kind, "fresh-one");
      assert.equal(made.status, 0, made.text);
      const checked = await spork("check", "fresh-one");
      assert.equal(checked.status, 0, checked.text);
      assert.match(checked.text, new RegExp(`^plugin fresh-one 0\\.1\\.0, kind ${kind}\n`));
      assert.match(checked.text, /ok {6}its own test: /);
      assert.match(checked.text, /ok {6}load, configure and validate have no side effects/);
      assert.match(checked.text, /\n\d+ passed, 0 failed$/);
      if (kind === "codec") assert.match(checked.text, /ok {6}stream: a corrupt tail/);
      if (kind === "aof") assert.match(checked.text, /ok {6}a killed worker stops the log/);
      if (kind === "snapshot") assert.match(checked.text, /ok {6}no space: /);
    }));
}

Deno.test("a new plugin takes no existing folder, no bad name, no unknown kind", () =>
  inTempFolder(async () => {
    Deno.mkdirSync("taken");
    assert.match((await spork("new", "codec", "taken")).text, /cannot make the folder taken/);
    assert.match((await spork("new", "codec", "Bad_Name")).text, /"Bad_Name" is no name/);
    assert.match(
      (await spork("new", "codecs", "x")).text,
      /"codecs" is no kind of plugin; accepted: snapshot, aof/,
    );
    assert.deepEqual([...Deno.readDirSync(".")].map((entry) => entry.name), ["taken"]);
  }));

Deno.test("wrong usage is answered with the usage", async () => {
  for (const words of [[], ["new"], ["new", "codec"], ["check"], ["check", "--all", "x"], ["list"]]) {
    const { status, text } = await spork(...words);
    assert.equal(status, 2);
    assert.match(text, /^Usage: spork plugin new KIND NAME/);
  }
});

Deno.test("a check fails with the reason: manifest, permission, test, promise", () =>
  inTempFolder(async () => {
    await spork("new", "codec", "probe");
    const manifest = Deno.readTextFileSync("probe/plugin.yaml");
    const main = Deno.readTextFileSync("probe/main.ts");

    Deno.writeTextFileSync("probe/plugin.yaml", manifest.replace("kind: codec", "kind: codex"));
    const badManifest = await spork("check", "probe");
    assert.equal(badManifest.status, 1);
    assert.match(badManifest.text, /PLUGIN_MANIFEST_VALUE: probe\/plugin\.yaml:4: "kind" is "codex"/);

    const ask = "permissions:\n  env:\n    allow: [HOME]\n    reason: looks for its cache\n";
    Deno.writeTextFileSync("probe/plugin.yaml", manifest + ask);
    const beyond = await spork("check", "probe");
    assert.equal(beyond.status, 1);
    assert.match(beyond.text, /asks for env HOME: looks for its cache/);
    assert.match(beyond.text, /spork plugin check --grant-asks probe$/);
    assert.equal((await spork("check", "--grant-asks", "probe")).status, 0);

    Deno.writeTextFileSync("probe/plugin.yaml", manifest);
    Deno.writeTextFileSync("probe/main.ts", main.replace("fill(byte)", "fill(0)"));
    const broken = await spork("check", "probe");
    assert.equal(broken.status, 1);
    assert.match(broken.text, /FAILED {2}its own test: a run becomes a pair/);
    assert.match(broken.text, /FAILED {2}stream: what goes in comes out/);

    Deno.writeTextFileSync(
      "probe/main.ts",
      main.replace("configure(options) {", "configure(options) {\n    if (options.x === 1) return;").replace(
        "  return {",
        '  return {\n    validate: () => Deno.writeTextFileSync("/nowhere", ""),',
      ),
    );
    const touching = await spork("check", "probe");
    assert.equal(touching.status, 1);
    assert.match(touching.text, /NotCapable/);

    assert.match((await spork("check", "nowhere")).text, /PLUGIN_MANIFEST_MISSING/);
  }));
