// The sandbox, proved with real workers: what a plugin was not granted it cannot do, and what Deno's permissions leave
// open is closed by the seal and by the check of imports.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Grants } from "./plugin_settings.ts";
import { type PluginBench, until, withBench } from "./test_plugins.ts";

/** Runs each expression in a plugin's worker; answers `value` or `Error name: message` by name. */
async function probe(
  bench: PluginBench,
  expressions: Record<string, string>,
  manifest = "",
  grants: Grants = {},
): Promise<Record<string, string>> {
  const bodies = Object.entries(expressions).map(([name, code]) =>
    `${JSON.stringify(name)}: async () => { ${code} }`
  );
  const path = bench.write({
    manifest,
    code: `import { connect } from "node:net";
      import { readFileSync } from "node:fs";
      const probes = { ${bodies.join(",\n")} };
      export default (sdk) => ({ receive() {}, async start() {
        for (const [name, run] of Object.entries(probes)) {
          let result;
          try { result = String(await run()); } catch (e) { result = e.name + ": " + e.message; }
          sdk.log.notice("probe " + JSON.stringify([name, result]));
        }
      } });`,
  });
  const host = bench.host([{ path, grants }]);
  await host.start();
  const prefix = "plugin probe: probe ";
  const lines = bench.log.lines.filter((line) => line.startsWith(prefix));
  return Object.fromEntries(lines.map((line) => JSON.parse(line.slice(prefix.length))));
}

Deno.test("without grants nothing outside the plugin's folder can be reached", () =>
  withBench(async (bench) => {
    const secret = join(bench.dir, "secret.txt");
    Deno.writeTextFileSync(secret, "secret");
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = (listener.addr as Deno.NetAddr).port;
    try {
      const results = await probe(bench, {
        read: `return Deno.readTextFileSync(${JSON.stringify(secret)});`,
        readNode: `return readFileSync(${JSON.stringify(secret)});`,
        readFetch: `return await fetch("file://${secret}");`,
        write: `return Deno.writeTextFileSync(${JSON.stringify(secret)}, "gone");`,
        writeOwn: `return Deno.writeTextFileSync(new URL("./new.txt", import.meta.url), "x");`,
        remove: `return Deno.removeSync(${JSON.stringify(secret)});`,
        connect: `return await Deno.connect({ port: ${port} });`,
        connectNode: `return await new Promise((_, no) => connect(${port}, "127.0.0.1").on("error", no));`,
        listen: `return Deno.listen({ port: 0 });`,
        fetch: `return await fetch("http://127.0.0.1:${port}/");`,
        dns: `return await Deno.resolveDns("example.invalid", "A");`,
        run: `return new Deno.Command("id").outputSync();`,
        env: `return Deno.env.get("PATH");`,
        envAll: `return Deno.env.toObject();`,
        sys: `return Deno.hostname();`,
        ffi: `return Deno.dlopen("libc.so.6", {});`,
        symlink: `return Deno.symlinkSync(${JSON.stringify(secret)}, "link");`,
        query: `return (await Deno.permissions.query({ name: "write" })).state;`,
        request: `return (await Deno.permissions.request({ name: "write" })).state;`,
        readOwn: `return Deno.readTextFileSync(new URL("./plugin.yaml", import.meta.url)).slice(0, 11);`,
      });
      for (
        const name of Object.keys(results).filter((name) => !["query", "request", "readOwn"].includes(name))
      ) {
        assert.match(results[name], /^NotCapable: /, `${name}: ${results[name]}`);
      }
      assert.notEqual(results.query, "granted");
      assert.notEqual(results.request, "granted");
      assert.equal(results.readOwn, "name: probe");
      assert.equal(Object.keys(results).length, 20);
      assert.equal(Deno.readTextFileSync(secret), "secret");
    } finally {
      listener.close();
    }
  }));

Deno.test("a grant opens what it names and nothing beside it", () =>
  withBench(async (bench) => {
    const manifest = 'permissions:\n  write:\n    allow: ["${dir}"]\n    reason: x\n' +
      "  env:\n    allow: [SPORK_PROBE]\n    reason: x\n";
    const results = await probe(
      bench,
      {
        inside: `Deno.writeTextFileSync("${bench.dir}/data/x", "1"); return "written";`,
        readInside: `return Deno.readTextFileSync("${bench.dir}/data/x");`,
        beside: `return Deno.writeTextFileSync("${bench.dir}/x", "1");`,
        dots: `return Deno.writeTextFileSync("${bench.dir}/data/../x", "1");`,
        env: `return Deno.env.get("SPORK_PROBE");`,
        otherEnv: `return Deno.env.get("PATH");`,
      },
      manifest,
      { write: ["${dir}"], env: "all" },
    );
    assert.equal(results.inside, "written");
    assert.equal(results.env, "undefined");
    for (const name of ["readInside", "beside", "dots", "otherEnv"]) {
      assert.match(results[name], /^NotCapable: /);
    }
  }));

Deno.test("the seal closes what permissions leave open", () =>
  withBench(async (bench) => {
    const results = await probe(bench, {
      kill: `return typeof Deno.kill;`,
      signals: `return typeof Deno.addSignalListener;`,
      process: `return typeof globalThis.process;`,
      worker: `return typeof Worker;`,
      channel: `return typeof BroadcastChannel;`,
      caches: `return typeof caches;`,
      post: `return typeof postMessage + typeof self.postMessage;`,
      internals: `return typeof Deno[Deno.internal];`,
      evaluate: `return typeof globalThis.eval;`,
      functionOf: `return Function("return 1")();`,
      functionFrom: `return (() => {}).constructor("return 1")();`,
      asyncFrom: `return (async () => {}).constructor("return import('npm:x')")();`,
      generatorFrom: `return (function* () {}).constructor("return 1")();`,
      stillFunctions: `return (() => {}) instanceof Function;`,
    });
    const undefinedOnes = [
      "kill",
      "signals",
      "process",
      "worker",
      "channel",
      "caches",
      "internals",
      "evaluate",
    ];
    for (const name of undefinedOnes) assert.equal(results[name], "undefined", name);
    assert.equal(results.post, "undefinedundefined");
    for (const name of ["functionOf", "functionFrom", "asyncFrom", "generatorFrom"]) {
      assert.equal(results[name], "EvalError: a plugin cannot make code from text", name);
    }
    assert.equal(results.stillFunctions, "true");
  }));

Deno.test("a remote import that got past the check of imports still needs a permission", () =>
  withBench(async (bench) => {
    // The host checks what is on disk before the worker starts; this swaps the code in between.
    const path = bench.write({ code: "export default () => ({ receive() {} });" });
    const host = bench.host([{ path }]);
    const started = host.start();
    bench.write({ code: 'import "https://127.0.0.1:9/x.ts"; export default () => ({ receive() {} });' });
    await assert.rejects(started, { code: "PLUGIN_LOAD_FAILED", message: /import access|remote/ });
  }));

Deno.test("a plugin that forges answers, or floods the host, harms only itself", () =>
  withBench(async (bench) => {
    const path = bench.write({
      code: `export default (sdk) => ({ receive() {}, start() {
        for (let i = 0; i < 2000; i++) sdk.log.debug("x".repeat(100));
        self.addEventListener("message", () => sdk.log.warning("heard the host"));
        self.onmessage = () => sdk.log.warning("heard the host");
        self.dispatchEvent(new MessageEvent("message", { data: { id: 99, op: "nonsense" } }));
      } });`,
    });
    const host = bench.host([{ path }]);
    await host.start();
    assert.equal(host.get("probe")!.state, "running");
    await until(
      () => bench.log.lines.filter((line) => line.includes("xxx")).length === 2000,
      "all lines arrived",
    );
  }));

Deno.test("a busy plugin does not hold up the host or other plugins", () =>
  withBench(async (bench) => {
    const busy = bench.write({
      name: "busy",
      code: `export default () => ({ receive() {}, start() { setTimeout(() => {
        const end = performance.now() + 10_000; while (performance.now() < end);
      }, 0); } });`,
    });
    const calm = bench.write({ name: "calm" });
    const host = bench.host([{ path: busy }, { path: calm }], { limits: { drain: 100 } });
    await host.start();
    await host.get("calm")!.stop();
    assert.equal(host.get("calm")!.state, "stopped");
    await host.get("busy")!.stop();
    assert.equal(host.get("busy")!.state, "stopped");
    assert.ok(bench.log.has("plugin busy did not finish drain within 100 ms and was ended"));
  }));
