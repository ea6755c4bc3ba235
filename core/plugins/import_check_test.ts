import assert from "node:assert/strict";
import { join } from "node:path";
import { checkImports } from "./import_check.ts";
import { PluginError } from "./plugin_error.ts";

function withPlugin(files: Record<string, string>, run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "spork-imports-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.mkdirSync(join(folder, name, ".."), { recursive: true });
      Deno.writeTextFileSync(join(folder, name), text);
    }
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a plugin may import its own modules, types from anywhere, and Node's harmless modules", () => {
  const files = {
    "main.ts": `import type { A } from "nowhere";
      import { type B, c } from "./lib/c.ts";
      import data from "./data.json" with { type: "json" };
      import { join } from "node:path";
      export * from "./lib/d.js";
      export type { X } from "elsewhere";
      const half = <T extends number>(a: T) => (a as number)! / 2 / 3;
      // import("npm:in-a-comment")
      const text = "import('npm:in-a-text')";
      const lazy = () => import("./lib/c.ts");
      export default () => ({ half, join, c, data, text, lazy, url: import.meta.url });`,
    "lib/c.ts": `import "../main.ts"; enum Color { Red } export const c = Color.Red; export type B = 1;`,
    "lib/d.js": `export const d = 1;`,
    "data.json": `{ "import": "npm:x" }`,
  };
  withPlugin(files, (folder) => checkImports("p", folder, join(folder, "main.ts")));
});

const REFUSED: [string, string, string][] = [
  ["npm", `import x from "npm:left-pad@1.3.0";`, "npm:left-pad@1.3.0"],
  ["jsr", `import x from "jsr:@std/bytes";`, "jsr:@std/bytes"],
  ["https", `export * from "https://example.invalid/x.ts";`, "https://example.invalid"],
  ["data", `await import("data:text/javascript,1");`, "data:text/javascript"],
  ["bare", `import x from "left-pad";`, '"left-pad"'],
  ["unprefixed node module", `import fs from "fs";`, '"fs"'],
  ["process", `import { kill } from "node:process";`, "node:process"],
  ["worker_threads", `import { Worker } from "node:worker_threads";`, "node:worker_threads"],
  ["vm", `const vm = await import("node:vm");`, "node:vm"],
  ["outside", `import x from "../other/main.ts";`, "outside its folder"],
  ["absolute", `import x from "/etc/passwd.js";`, "outside its folder"],
  ["file url", `import x from "file:///etc/x.js";`, "outside its folder"],
  ["computed", `const name = "npm:x"; await import(name);`, "computed at run time"],
  ["template", "await import(`npm:${1}`);", "computed at run time"],
  ["in a template", "const t = `${await import('npm:x')}`;", "npm:x"],
];

for (const [what, line, words] of REFUSED) {
  Deno.test(`an import is refused, with file and line: ${what}`, () => {
    const files = { "main.ts": `import "./a.ts";\n`, "a.ts": `const one: number = 1;\n\n${line}\n` };
    withPlugin(files, (folder) => {
      assert.throws(() => checkImports("p", folder, join(folder, "main.ts")), (error) => {
        assert.ok(error instanceof PluginError && error.code === "PLUGIN_IMPORT_REFUSED", String(error));
        assert.ok(error.message.includes(words), error.message);
        assert.equal(error.line, 3);
        assert.equal(error.file, join(folder, "a.ts"));
        return true;
      });
    });
  });
}

Deno.test("code that cannot be read is refused with the file's name", () => {
  for (const [file, text] of [["main.ts", "const x: = {"], ["main.js", "import {"]]) {
    withPlugin({ [file]: text }, (folder) => {
      assert.throws(() => checkImports("p", folder, join(folder, file)), (error) => {
        assert.ok(error instanceof PluginError && error.code === "PLUGIN_LOAD_FAILED", String(error));
        assert.ok(error.message.includes(join(folder, file)), error.message);
        return true;
      });
    });
  }
  withPlugin({}, (folder) => {
    assert.throws(() => checkImports("p", folder, join(folder, "main.ts")), { code: "PLUGIN_LOAD_FAILED" });
  });
});
