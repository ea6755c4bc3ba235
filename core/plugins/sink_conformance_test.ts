// The suite for sinks finds those that do not keep what a sink must.
import assert from "node:assert/strict";
import { runConformance } from "./conformance.ts";
import { withBench } from "./test_plugins.ts";

const WRONG: [what: string, code: string, problem: RegExp][] = [
  [
    "cannot take a command in pieces",
    `receive(bytes) { if (bytes[0] !== 42) throw new Error("no command"); }`,
    /it may be cut anywhere: the sink has missed \d+ bytes/,
  ],
  [
    "does not go on behind a gap",
    `receive() {}, gap() { throw new Error("lost"); }`,
    /^gap: .*the sink has missed/,
  ],
  [
    "relies on offsets from 0",
    `receive(bytes, offset) { this.at ??= 0; if (offset !== this.at) throw new Error("gap"); this.at += bytes.length; }`,
    /commands of every sort .*: the sink has missed/,
  ],
];

for (const [what, code, problem] of WRONG) {
  Deno.test(`the suite finds a sink that ${what}`, () =>
    withBench(async (bench) => {
      const path = bench.write({ code: `export default () => ({ ${code} });` });
      const results = await runConformance({ plugin: { path }, logger: bench.log });
      const problems = results.filter((one) => one.problem !== undefined)
        .map(({ name, problem }) => `${name}: ${problem}`);
      assert.ok(problems.some((text) => problem.test(text)), problems.join("\n"));
    }));
}
