// Lifecycle with real workers: order, limits, crashes in every phase, restarts. The host must survive all of it.
import assert from "node:assert/strict";
import type { Phase } from "./plugin.ts";
import { PluginError } from "./plugin_error.ts";
import { until, withBench } from "./test_plugins.ts";

const PHASES: Phase[] = ["load", "configure", "validate", "start", "drain", "stop"];

/** A sink whose `phase` runs `body`; the others do nothing. */
function sinkWith(phase: Phase, body: string): string {
  if (phase === "load") return `export default async () => { ${body}; return { receive() {} }; };`;
  return `export default () => ({ receive() {}, async ${phase}() { ${body} } });`;
}

Deno.test("phases run in order, with the options, and log through the host", () =>
  withBench(async (bench) => {
    const path = bench.write({
      manifest: "options:\n  level:\n    type: integer\n    default: 3\n    doc: how much\n",
      code: `import type { SinkFactory } from "./spork_sdk.ts";
        const factory: SinkFactory = (sdk) => {
          sdk.log.notice("load " + sdk.name + " api " + sdk.apiVersion);
          return {
            receive() {},
            configure(options) { sdk.log.notice("configure " + JSON.stringify(options)); },
            validate() { sdk.log.notice("validate"); },
            start() { sdk.log.notice("start"); },
            drain() { sdk.log.notice("drain"); },
            stop() { sdk.log.notice("stop " + sdk.stopping()); },
          };
        };
        export default factory;`,
    });
    const host = bench.host([{ path, options: { level: { value: 5 } } }]);
    const plugin = host.get("probe")!;
    assert.equal(plugin.state, "ready");
    await host.start();
    assert.equal(plugin.state, "running");
    assert.ok(plugin.counters.startedAt > 0);
    await host.stop();
    assert.equal(plugin.state, "stopped");
    const own = bench.log.lines.filter((line) => line.startsWith("plugin probe: ")).map((line) =>
      line.slice(14)
    );
    assert.deepEqual(own, [
      "load probe api 1.0.0",
      'configure {"level":5}',
      "validate",
      "start",
      "drain",
      "stop false",
    ]);
  }));

for (const phase of PHASES) {
  Deno.test(`a plugin that throws in ${phase} ends alone, and the error names plugin and phase`, () =>
    withBench(async (bench) => {
      const host = bench.host([{
        path: bench.write({ code: sinkWith(phase, 'throw new RangeError("oh no")') }),
      }]);
      const plugin = host.get("probe")!;
      if (phase === "drain" || phase === "stop") {
        await host.start();
        await host.stop();
        assert.equal(plugin.state, "stopped");
        assert.ok(bench.log.has(`plugin probe failed to ${phase}: RangeError: oh no`));
      } else {
        await assert.rejects(host.start(), {
          code: phase === "load" ? "PLUGIN_LOAD_FAILED" : "PLUGIN_PHASE_FAILED",
          plugin: "probe",
          message: new RegExp(`plugin probe failed to ${phase}: RangeError: oh no`),
        });
        assert.equal(plugin.state, "failed");
      }
      assert.match(plugin.counters.lastError, /oh no/);
    }));

  Deno.test(`a plugin that ends its worker in ${phase} is noticed`, () =>
    withBench(async (bench) => {
      const host = bench.host([{ path: bench.write({ code: sinkWith(phase, "Deno.exit(7)") }) }]);
      if (phase === "drain" || phase === "stop") {
        await host.start();
        await host.stop();
        assert.ok(bench.log.has(`plugin probe ended during ${phase}: called Deno.exit(7)`));
      } else {
        await assert.rejects(host.start(), {
          code: "PLUGIN_CRASHED",
          message: new RegExp(`plugin probe ended during ${phase}: called Deno.exit\\(7\\)`),
        });
      }
    }));

  // The busy loop ends by itself, because nothing else can end it: that is why the server exits by Deno.exit.
  Deno.test(`a plugin that hangs in ${phase} is given up after the phase's limit`, () =>
    withBench(async (bench) => {
      const busy = "const end = performance.now() + 600; while (performance.now() < end);";
      const host = bench.host([{ path: bench.write({ code: sinkWith(phase, busy) }) }], {
        limits: { [phase]: 150 },
      });
      const words = `plugin probe did not finish ${phase} within 150 ms`;
      if (phase === "drain" || phase === "stop") {
        await host.start();
        await host.stop();
        assert.ok(bench.log.has(words));
        assert.equal(host.get("probe")!.state, "stopped");
      } else {
        await assert.rejects(host.start(), { code: "PLUGIN_PHASE_TIMEOUT", message: new RegExp(words) });
      }
    }));
}

Deno.test("a running plugin that crashes is started again, and the counters say so", () =>
  withBench(async (bench) => {
    const path = bench.write({
      code: `export default (sdk) => ({ receive() {}, start() {
        setTimeout(() => { throw new Error("late trouble"); }, 20); } });`,
    });
    const host = bench.host([{ path }]);
    const plugin = host.get("probe")!;
    await host.start();
    await until(() => plugin.counters.restarts >= 2, "the plugin was started again twice");
    assert.ok(bench.log.has("plugin probe crashed: uncaught error: Error: late trouble"));
    assert.match(plugin.counters.lastError, /late trouble/);
  }));

Deno.test("a plugin whose restart fails is tried again, with longer and longer delays", () =>
  withBench(async (bench) => {
    const path = bench.write({
      code: `export default () => ({ receive() {}, start() { setTimeout(() => close(), 5); } });`,
    });
    const host = bench.host([{ path }]);
    await host.start();
    bench.write({ code: "export default 5;" });
    await until(
      () => bench.log.has("takes the SDK. Starting it again in 10 ms"),
      "a restart failed",
    );
    bench.write();
    await until(() => host.get("probe")!.state === "running", "the plugin runs again");
    assert.ok(bench.log.has("plugin probe runs again"));
  }));

Deno.test("a plugin that went quiet is replaced before it gets work", () =>
  withBench(async (bench) => {
    const path = bench.write({
      code: `export default (sdk) => ({ receive() {}, start() { setTimeout(() => {
        sdk.log.notice("goes quiet");
        const end = performance.now() + 600; while (performance.now() < end);
      }, 5); } });`,
    });
    const host = bench.host([{ path }], { limits: { ping: 100 } });
    await host.start();
    await until(() => bench.log.has("goes quiet"), "the plugin is busy");
    await host.get("probe")!.ensureReady();
    assert.equal(host.get("probe")!.state, "running");
    assert.ok(bench.log.has("did not answer: no answer within 100 ms"));
    assert.equal(host.get("probe")!.counters.restarts, 1);
  }));

Deno.test("an unhandled rejection is a crash too", () =>
  withBench(async (bench) => {
    const path = bench.write({
      code:
        `export default () => ({ receive() {}, start() { setTimeout(() => Promise.reject(new Error("nobody")), 5); } });`,
    });
    const host = bench.host([{ path }]);
    await host.start();
    await until(() => bench.log.has("unhandled rejection: Error: nobody"), "the rejection was reported");
  }));

Deno.test("a crashed plugin of kind aof is not started again", () =>
  withBench(async (bench) => {
    const path = bench.write({
      kind: "aof",
      manifest: "provides:\n  runs: worker\n",
      code: `export default () => ({ flush() {}, start() { setTimeout(() => close(), 5); } });`,
    });
    const host = bench.host([{ path }]);
    await host.start();
    await until(() => host.get("probe")!.state === "failed", "the plugin failed");
    assert.ok(bench.log.has("crashed: called close(). It is not started again"));
    assert.equal(host.get("probe")!.counters.restarts, 0);
  }));

const BROKEN: [string, string, string][] = [
  ["no default export", "export const x = 1;", "exports undefined by default"],
  ["an object", "export default { receive() {} };", "exports object by default"],
  ["a factory of nothing", "export default () => undefined;", "returned undefined"],
  ["a missing function", "export default () => ({});", "must have a function receive; found undefined"],
  ["a missing module", 'import "./gone.ts"; export default () => ({});', "gone.ts"],
  ["throwing while it is imported", 'throw new Error("at once");', "at once"],
];

for (const [what, code, words] of BROKEN) {
  Deno.test(`a module that is no plugin is refused: ${what}`, () =>
    withBench(async (bench) => {
      const open = async () => await bench.host([{ path: bench.write({ code }) }]).start();
      await assert.rejects(open(), (error) => {
        assert.ok(error instanceof PluginError && error.code === "PLUGIN_LOAD_FAILED", String(error));
        assert.ok(error.message.includes(words), error.message);
        return true;
      });
    }));
}
