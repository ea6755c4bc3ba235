import assert from "node:assert/strict";
import fc from "fast-check";
import { noPermissions, permissionText, processPermission, resolveGrants } from "./grants.ts";
import type { Manifest, PermissionAsks } from "./manifest.ts";
import { PluginError } from "./plugin_error.ts";
import type { Grants } from "./plugin_settings.ts";

function resolve(
  permissions: PermissionAsks,
  grants: Grants,
  options: { process?: boolean; folder?: string } = {},
) {
  const manifest: Manifest = {
    name: "probe",
    version: "1.0.0",
    api: "^1.0.0",
    kind: "sink",
    entry: "main.ts",
    summary: "",
    permissions,
    options: {},
    declares: [],
    provides: {},
  };
  const values: Record<string, string> = { dir: "/data", "option.host": "10.0.0.1:9000", relative: "data" };
  return resolveGrants({
    manifest,
    grants,
    variables: (name) => values[name],
    folder: options.folder,
    process: () => options.process ?? true,
  });
}

function ask(...allow: string[]) {
  return { allow, reason: "because" };
}

Deno.test("what is asked and granted becomes the worker's permissions, and nothing else", () => {
  const permissions = resolve(
    { write: ask("${dir}"), net: ask("${option.host}") },
    { write: ["${dir}"], net: ["10.0.0.1"], env: ["HOME"], run: "all" },
    { folder: "/plugins/probe" },
  );
  assert.deepEqual(permissions, {
    ...noPermissions(),
    write: ["/data"],
    net: ["10.0.0.1:9000"],
    read: ["/plugins/probe"],
  });
  assert.equal(permissionText(permissions), "read /plugins/probe, write /data, net 10.0.0.1:9000");
  assert.equal(permissionText(noPermissions()), "none");
});

Deno.test("an ask may be narrower than its grant", () => {
  assert.deepEqual(resolve({ read: ask("/data/in/../in/x") }, { read: ["/data"] }).read, ["/data/in/x"]);
  assert.deepEqual(resolve({ env: ask("HOME") }, { env: "all" }).env, ["HOME"]);
  assert.equal(resolve({ env: { allow: "all", reason: "x" } }, { env: "all" }).env, true);
});

const BEYOND: [string, PermissionAsks, Grants, string, string][] = [
  ["nothing granted", { net: ask("a:1") }, {}, "PLUGIN_PERMISSION_NOT_GRANTED", "plugin-grant probe net a:1"],
  [
    "the line keeps the variable",
    { write: ask("${dir}") },
    {},
    "PLUGIN_PERMISSION_NOT_GRANTED",
    "plugin-grant probe write ${dir}",
  ],
  [
    "outside the folder",
    { read: ask("/data2/x") },
    { read: ["/data"] },
    "PLUGIN_PERMISSION_NOT_GRANTED",
    "/data2/x",
  ],
  [
    "out by dots",
    { read: ask("/data/../etc") },
    { read: ["/data"] },
    "PLUGIN_PERMISSION_NOT_GRANTED",
    "/data/../etc",
  ],
  ["the folder above", { read: ask("/") }, { read: ["/data"] }, "PLUGIN_PERMISSION_NOT_GRANTED", "read /"],
  ["other port", { net: ask("a:2") }, { net: ["a:1"] }, "PLUGIN_PERMISSION_NOT_GRANTED", "a:2"],
  ["longer host", { net: ask("a.evil:1") }, { net: ["a"] }, "PLUGIN_PERMISSION_NOT_GRANTED", "a.evil:1"],
  ["port is no host", { net: ask("a:11") }, { net: ["a:1"] }, "PLUGIN_PERMISSION_NOT_GRANTED", "a:11"],
  [
    "all beyond some",
    { env: { allow: "all", reason: "x" } },
    { env: ["HOME"] },
    "PLUGIN_PERMISSION_NOT_GRANTED",
    "env all",
  ],
  ["one of two", { env: ask("HOME", "USER") }, { env: ["HOME"] }, "PLUGIN_PERMISSION_NOT_GRANTED", "USER"],
  ["unknown variable", { read: ask("${home}/x") }, { read: "all" }, "PLUGIN_VARIABLE_UNKNOWN", "${home}"],
  ["relative path", { read: ask("${relative}") }, { read: "all" }, "PLUGIN_SETTING", "not an absolute path"],
];

for (const [what, asks, grants, code, words] of BEYOND) {
  Deno.test(`an ask beyond the grant is refused: ${what}`, () => {
    assert.throws(() => resolve(asks, grants), (error) => {
      assert.ok(error instanceof PluginError);
      assert.equal(error.code, code);
      assert.ok(error.message.includes("plugin probe") && error.message.includes(words), error.message);
      return true;
    });
  });
}

Deno.test("a grant beyond the program's own permissions is refused", () => {
  assert.throws(() => resolve({ ffi: ask("/lib/x.so") }, { ffi: "all" }, { process: false }), (error) => {
    assert.ok(error instanceof PluginError && error.code === "PLUGIN_PERMISSION_NOT_COMPILED");
    assert.match(error.message, /plugin probe is granted ffi access to \/lib\/x\.so.*--allow-ffi/);
    return true;
  });
});

Deno.test("a path is never granted outside the granted folders", () => {
  const segment = fc.constantFrom("a", "b", "..", ".", "ab");
  const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => "/" + parts.join("/"));
  fc.assert(fc.property(path, path, (asked, granted) => {
    let given: string;
    try {
      given = (resolve({ read: ask(asked) }, { read: [granted] }).read as string[])[0];
    } catch (error) {
      return error instanceof PluginError && error.code === "PLUGIN_PERMISSION_NOT_GRANTED";
    }
    const root = new URL(`file://${granted}/`).pathname.replace(/\/+$/, "");
    return given === root || (given + "/").startsWith(root + "/");
  }));
});

Deno.test("the program's own permissions are asked of the runtime", () => {
  assert.equal(processPermission("read", "/"), true);
  assert.equal(processPermission("ffi", undefined), false);
});
