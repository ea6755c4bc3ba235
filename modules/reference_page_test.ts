import assert from "node:assert/strict";
import { allCommands } from "./modules.ts";
import { withCommands } from "./reference_page.ts";

const page = Deno.readTextFileSync(new URL("../docs/commands.md", import.meta.url));

Deno.test("docs/commands.md is what the command tables say (else: deno task docs)", () => {
  assert.equal(withCommands(page), page);
});

Deno.test("docs/commands.md names every command and subcommand", () => {
  for (const spec of allCommands) {
    const names = spec.subcommands?.map((sub) => `${spec.name} ${sub.name}`) ?? [spec.name];
    for (const name of names) assert.match(page, new RegExp(`\`${name.toUpperCase()}[ \`]`), name);
  }
});
