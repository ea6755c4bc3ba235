// Every test that docs/decisions/084-tests-of-durability.md names for one of Valkey's is there.
import assert from "node:assert/strict";
import { projectDirectory } from "../harness/mod.ts";

const page = Deno.readTextFileSync(`${projectDirectory}docs/decisions/084-tests-of-durability.md`);

Deno.test("the tests that stand for Valkey's are there, under their names", () => {
  let count = 0;
  for (const [, path, names] of page.matchAll(/`([\w/]+\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)) {
    const source = Deno.readTextFileSync(projectDirectory + path);
    for (const [, name] of names.matchAll(/"([^"]+)"/g)) {
      assert.ok(source.includes(name), `${path} has no ${name}`);
      count++;
    }
  }
  assert.ok(count > 60, `${count} names`);
});

Deno.test("each row says what stands for the test, or with what it comes", () => {
  for (const line of page.split("\n")) {
    if (!line.startsWith("| ") || line.startsWith("| Valkey's")) continue;
    assert.match(line, /`: "|\| with (?:scripts|functions|replicas) \||no plugin may block/, line);
  }
});
