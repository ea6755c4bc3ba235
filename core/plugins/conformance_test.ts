// The shipped plugins through the suites of their kinds, each in its own worker.
import assert from "node:assert/strict";
import { runConformance } from "./conformance.ts";
import { SHIPPED } from "./shipped.ts";
import { type PluginBench, TestLog, withBench } from "./test_plugins.ts";

for (const name of Object.keys(SHIPPED)) {
  Deno.test(`${name} conforms`, async (t) => {
    const results = await runConformance({ plugin: { name }, logger: new TestLog() });
    assert.ok(results.length > 5);
    for (const result of results) {
      await t.step(result.name, () => assert.equal(result.problem, undefined));
    }
  });
}

/** A snapshot plugin on disk whose `save` is this code. */
function strategy(bench: PluginBench, entries: string, save: string): string {
  return bench.write({
    kind: "snapshot",
    manifest:
      `declares: [point-in-time, cancellable]\nprovides:\n  entries: ${entries}\npermissions:\n  write:\n    allow: ["\${dir}"]\n    reason: x\n`,
    code: `export default () => ({ save(job) { ${save} } });`,
  });
}

const WRONG: [string, string, string, RegExp][] = [
  ["writes nothing", "tables", "return { entries: 0, bytes: 0 };", /job\.encode was never called/],
  [
    "leaves entries out",
    "iterator",
    `const inner = job.iterator(); let n = 0;
     const entries = {
       get database() { return inner.database; }, get ref() { return inner.ref; }, release: () => inner.release(),
       next() { while (inner.next()) { if (++n % 50 !== 0) return true; inner.release(); } return false; } };
     return job.encode({ view: job.view(), entries });`,
    /is missing in the file/,
  ],
  [
    "walks tables that change",
    "iterator",
    "const view = job.view(); return job.encode({ view, entries: job.tables(view) });",
    /must provide entries: tables/,
  ],
];

for (const [what, entries, save, problem] of WRONG) {
  Deno.test(`the suite finds a snapshot plugin that ${what}`, () =>
    withBench(async (bench) => {
      const path = strategy(bench, entries, save);
      const results = await runConformance({
        plugin: { path },
        grants: { write: ["${dir}"] },
        logger: bench.log,
      });
      const problems = results.filter((result) => result.problem !== undefined).map((result) =>
        result.problem!
      );
      assert.ok(problems.some((text) => problem.test(text)), problems.join("\n"));
    }));
}

const WRONG_LOGS: [string, string, RegExp][] = [
  ["never syncs", "log.write();", /always: .*waited in vain until the turns became durable/],
  ["never writes", "", /waited in vain until/],
  [
    "syncs only when it is asked to write",
    "if (log.waitingBytes > 0) { log.write(); }",
    /everysec: .*waited in vain/,
  ],
];

for (const [what, flush, problem] of WRONG_LOGS) {
  Deno.test(`the suite finds an aof plugin that ${what}`, () =>
    withBench(async (bench) => {
      const path = bench.write({
        kind: "aof",
        manifest: "declares: [durable-before-ack]\nprovides:\n  runs: worker\n" +
          'permissions:\n  write:\n    allow: ["${dir}/${appenddirname}"]\n    reason: x\n',
        code: `export default () => ({ flush(log) { ${flush} } });`,
      });
      const results = await runConformance({
        plugin: { path },
        grants: { write: ["${dir}"] },
        logger: bench.log,
        limitMs: 100,
      });
      const problems = results.filter((one) => one.problem !== undefined).map((one) =>
        `${one.name}: ${one.problem}`
      );
      assert.ok(problems.some((text) => problem.test(text)), problems.join("\n"));
    }));
}

Deno.test("a snapshot plugin that hides errors and lies about its save is not believed", () =>
  withBench(async (bench) => {
    const path = strategy(
      bench,
      "tables",
      `const view = job.view();
       try { return job.encode({ view, entries: job.tables(view) }); } catch { return { entries: 1, bytes: 1 }; }`,
    );
    const results = await runConformance({
      plugin: { path },
      grants: { write: ["${dir}"] },
      logger: bench.log,
    });
    assert.deepEqual(results.filter((result) => result.problem !== undefined), []);
  }));

Deno.test("the suite finds a codec that loses bytes", () =>
  withBench(async (bench) => {
    const path = bench.write({
      kind: "codec",
      manifest: "provides:\n  stream: lossy\n",
      code: `const stage = () => ({
          push(chunk, emit) { emit(chunk.length > 100 ? chunk.subarray(0, 100) : chunk); }, flush() {}, end() {} });
        export default () => ({ encoder: stage, decoder: stage });`,
    });
    const results = await runConformance({ plugin: { path }, logger: bench.log });
    const failed = results.filter((result) => result.problem !== undefined).map((result) => result.name);
    assert.ok(
      failed.includes("stream: what goes in comes out, for all sizes and contents"),
      failed.join("\n"),
    );
    assert.ok(failed.includes("worker: a stream goes through from ring to ring and back"), failed.join("\n"));
  }));
