import assert from "node:assert/strict";
import { namedOptions } from "./option_lookup.ts";
import { withReference } from "./reference_page.ts";

const page = Deno.readTextFileSync(new URL("../../../docs/configuration.md", import.meta.url));

Deno.test("docs/configuration.md is what the option table says (else: deno task docs:configuration)", () => {
  assert.equal(withReference(page), page);
});

Deno.test("docs/configuration.md names every option and every alias", () => {
  for (const { given } of namedOptions) assert.ok(page.includes(`\`${given}\``), given);
});
