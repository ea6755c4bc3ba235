import assert from "node:assert/strict";
import { noPermissions } from "./grants.ts";
import { PluginError } from "./plugin_error.ts";
import { type PluginBench, withBench } from "./test_plugins.ts";
import { noPluginSettings } from "./plugin_settings.ts";

function refused(open: () => unknown, code: string, ...words: string[]): void {
  assert.throws(open, (error) => {
    assert.ok(error instanceof PluginError, String(error));
    assert.equal(error.code, code, error.message);
    for (const word of words) assert.ok(error.message.includes(word), error.message);
    return true;
  });
}

function test(name: string, run: (bench: PluginBench) => Promise<void> | void): void {
  Deno.test(name, () => withBench(async (bench) => await run(bench)));
}

test("the shipped plugins are there, checked and not started", (bench) => {
  const host = bench.host([]);
  const states = host.list().map((
    plugin,
  ) => [plugin.name, plugin.plan.manifest.kind, plugin.plan.tier, plugin.state]);
  assert.deepEqual(states, [
    ["threadsave", "snapshot", "isolated", "ready"],
    ["fork-emulated", "snapshot", "isolated", "ready"],
    ["aof-offload", "aof", "isolated", "ready"],
    ["aof-inline", "aof", "trusted", "ready"],
    ["codec-lzf", "codec", "isolated", "embedded"],
  ]);
  assert.deepEqual(host.get("threadsave")!.plan.permissions.write, [`${bench.dir}/data`]);
  assert.equal(host.get("threadsave")!.plan.permissions.read, false);
  assert.deepEqual(host.get("aof-offload")!.plan.permissions, {
    ...noPermissions(),
    write: [`${bench.dir}/data/appendonlydir`],
  });
});

test("a plugin on disk is loaded by path, from outside the source tree", async (bench) => {
  const host = bench.host([{ path: bench.write({ files: { "lib/deep.ts": "export const x = 1;" } }) }]);
  await host.start();
  assert.equal(host.get("probe")!.state, "running");
  assert.deepEqual(host.get("probe")!.plan.permissions.read, [`${bench.dir}/probe`]);
});

test("an ask beyond the grant stops the start, and the config line in the error allows it", async (bench) => {
  const ask = 'permissions:\n  net:\n    allow: ["127.0.0.1:7001"]\n    reason: ships changes\n';
  const path = bench.write({ manifest: ask });
  refused(
    () => bench.host([{ path }]),
    "PLUGIN_PERMISSION_NOT_GRANTED",
    "plugin probe asks for net access to 127.0.0.1:7001 (ships changes)",
    "plugin-grant probe net 127.0.0.1:7001",
  );
  const host = bench.host([{ path }, { name: "probe", grants: { net: ["127.0.0.1:7001"] } }]);
  await host.start();
  assert.deepEqual(host.get("probe")!.plan.permissions.net, ["127.0.0.1:7001"]);
});

test("grants of a shipped plugin can be taken away", (bench) => {
  refused(
    () => bench.host([{ name: "threadsave", grants: {} }]),
    "PLUGIN_PERMISSION_NOT_GRANTED",
    "plugin-grant threadsave write ${dir}",
  );
});

test("a grant that the program does not have itself is refused", (bench) => {
  const ask = "permissions:\n  ffi:\n    allow: all\n    reason: native code\n";
  const path = bench.write({ manifest: ask });
  refused(
    () => bench.host([{ path, grants: { ffi: "all" } }], { process: (name) => name !== "ffi" }),
    "PLUGIN_PERMISSION_NOT_COMPILED",
    "--allow-ffi",
  );
});

test("permissions may follow an option", (bench) => {
  const manifest = 'permissions:\n  net:\n    allow: ["${option.host}"]\n    reason: x\n' +
    "options:\n  host:\n    type: string\n    default: 127.0.0.1:1\n    doc: x\n";
  const host = bench.host([{
    path: bench.write({ manifest }),
    options: { host: { value: "10.0.0.9:99" } },
    grants: { net: ["10.0.0.9"] },
  }]);
  assert.deepEqual(host.get("probe")!.plan.permissions.net, ["10.0.0.9:99"]);
});

test("only shipped plugins can be trusted", (bench) => {
  refused(
    () => bench.host([{ path: bench.write(), trusted: true, origin: { file: "spork.conf", line: 4 } }]),
    "PLUGIN_TRUST_REFUSED",
    "spork.conf:4: plugin probe",
  );
  const host = bench.host([{ name: "threadsave", trusted: true }]);
  assert.equal(host.get("threadsave")!.plan.tier, "trusted");
});

test("settings that fit nothing are refused with their place", (bench) => {
  const origin = { file: "spork.conf", line: 12 };
  refused(
    () => bench.host([{ name: "threadsafe", origin }]),
    "PLUGIN_UNKNOWN",
    "spork.conf:12: ",
    "threadsave",
  );
  refused(
    () => bench.host([{ path: "nowhere", origin }]),
    "PLUGIN_MANIFEST_MISSING",
    "spork.conf:12: ",
    "nowhere",
  );
  Deno.mkdirSync(`${bench.dir}/empty`);
  refused(() => bench.host([{ path: "empty", origin }]), "PLUGIN_MANIFEST_MISSING", "empty/plugin.yaml");
  const path = bench.write({ name: "threadsave" });
  refused(() => bench.host([{ path, origin }]), "PLUGIN_DUPLICATE", "the name of a shipped plugin");
  const settings = (name: string) => ({
    settings: { ...noPluginSettings(), chosen: { snapshot: { name, origin } } },
  });
  refused(
    () => bench.host([], settings("codec-lzf")),
    "PLUGIN_WRONG_KIND",
    "spork.conf:12: ",
    "threadsave, fork-emulated",
  );
  refused(
    () => bench.host([], settings("nothing")),
    "PLUGIN_UNKNOWN",
    "spork.conf:12: ",
    "threadsave, fork-emulated",
  );
});

test("a codec from disk joins a snapshot's worker only where the configuration says so", (bench) => {
  const path = bench.write({
    name: "tiny",
    kind: "codec",
    manifest: "provides:\n  block: tiny\n",
    code: "export default (sdk) => ({ block: sdk.lzf });",
  });
  const apart = bench.host([{ path }]);
  assert.deepEqual(apart.get("threadsave")!.plan.codecs.map((codec) => codec.name), ["codec-lzf"]);
  assert.equal(apart.get("tiny")!.state, "ready");
  const embedded = bench.host([{ path, embed: true }]);
  assert.deepEqual(embedded.get("threadsave")!.plan.codecs.map((codec) => codec.name), ["codec-lzf", "tiny"]);
  assert.deepEqual(embedded.get("threadsave")!.plan.permissions.read, [path]);
  assert.equal(embedded.get("tiny")!.state, "embedded");
});

test("a plugin that changed on disk is checked again when it is started again", async (bench) => {
  const path = bench.write();
  const host = bench.host([{ path }]);
  await host.start();
  await host.get("probe")!.stop();
  bench.write({ code: 'import "npm:left-pad"; export default () => ({ receive() {} });' });
  await assert.rejects(host.get("probe")!.start(), { code: "PLUGIN_IMPORT_REFUSED" });
  assert.equal(host.get("probe")!.state, "failed");
});

test("a manifest can refer to folders and ports, not to secrets", async (bench) => {
  const manifest = (name: string) =>
    `options:\n  text:\n    type: string\n    default: "<\${${name}}>"\n    doc: x\n`;
  const variables = (name: string) => name === "dir" ? bench.dir : `value of ${name}`;
  const code = `export default (sdk) => ({ receive() {}, configure(o) { sdk.log.notice(o.text); } });`;
  const host = bench.host([{ path: bench.write({ manifest: manifest("port"), code }) }], { variables });
  await host.start();
  assert.ok(bench.log.has("<value of port>"));
  const path = bench.write({ name: "nosy", manifest: manifest("requirepass"), code });
  refused(() => bench.host([{ path }], { variables }), "PLUGIN_VARIABLE_UNKNOWN", "${requirepass}");
});

test("the trusted tier runs with the program's permissions, and says so", async (bench) => {
  const host = bench.host([{ name: "threadsave", trusted: true }]);
  await host.start(["threadsave"]);
  const info = host.info("threadsave")!;
  assert.deepEqual([info.state, info.tier, info.grants], ["running", "trusted", "those of the program"]);
});

test("a snapshot plugin that does not promise a point in time is not used for saves", (bench) => {
  const path = bench.write({
    kind: "snapshot",
    manifest: "declares: [cancellable]\nprovides:\n  entries: tables\n",
    code: "export default () => ({ save() {} });",
  });
  const host = bench.host([{ path }]);
  refused(
    () => host.snapshot("probe"),
    "PLUGIN_PROMISE_MISSING",
    "plugin probe",
    "does not declare point-in-time",
  );
});
