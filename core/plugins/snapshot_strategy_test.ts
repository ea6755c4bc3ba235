// Saves through a strategy and its real worker: cancelling at the wrong times, and a configuration that changes while
// the worker starts.
import assert from "node:assert/strict";
import { ArenaDataset, rdbHeader } from "../persistence/rdb/arena_dataset.ts";
import { SnapshotStrategy } from "./snapshot_strategy.ts";
import { type PluginBench, until, withBench } from "./test_plugins.ts";

const NEEDED = `permissions:
  write:
    allow: ["\${dir}"]
    reason: writes the snapshot
declares: [point-in-time, cancellable]
provides:
  entries: tables
`;
const SAVES = "export default () => ({ save(job) { const view = job.view(); " +
  "return job.encode({ view, entries: job.tables(view) }); } });";

/** A dataset with an image, and the input of a save to `path`. */
function prepare(path: () => string) {
  const dataset = new ArenaDataset(8 * 1024 * 1024);
  for (let key = 0; key < 100; key++) dataset.string(`key:${key}`, "value");
  const image = dataset.arena.beginImage({ shadowBytesMax: 8 * 1024 * 1024 });
  return {
    arena: image.handle,
    format: "rdb" as const,
    header: rdbHeader,
    functions: [],
    databases: [{ id: 0, keys: 100, expires: 0 }],
    rdbVersion: 11,
    checksum: true,
    compressor: undefined,
    access: "none" as const,
    lfu: dataset.keyspace.lfu,
    path,
    syncBytes: 0,
    keySaveDelay: 0,
  };
}

function add(bench: PluginBench, code: string): string {
  return bench.write({ name: "saver", kind: "snapshot", manifest: NEEDED, code });
}

const GRANTS = { write: ["${dir}"] };

Deno.test("cancelling a save that has ended does nothing, not even later", () =>
  withBench(async (bench) => {
    const host = bench.host([{ path: add(bench, SAVES), grants: GRANTS }]);
    const plugin = host.get("saver")!;
    const strategy = new SnapshotStrategy(plugin, bench.log, 20);
    const path = `${bench.dir}/data/dump`;
    const run = strategy.begin(prepare(() => path));
    assert.deepEqual((await run.done).entries, 100);
    run.cancel();
    const slow = strategy.begin({ ...prepare(() => path), keySaveDelay: 2000 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal((await slow.done).entries, 100);
    assert.ok(!bench.log.has("did not give up"), bench.log.lines.join("\n"));
    assert.equal(plugin.counters.restarts, 0);
  }));

Deno.test("a save that is cancelled while its worker starts writes nothing", () =>
  withBench(async (bench) => {
    const host = bench.host([{ path: add(bench, SAVES), grants: GRANTS }]);
    const strategy = new SnapshotStrategy(host.get("saver")!, bench.log);
    const run = strategy.begin(prepare(() => `${bench.dir}/data/dump`));
    run.cancel();
    run.cancel();
    await assert.rejects(run.done, { code: "PLUGIN_JOB_CANCELLED" });
    assert.deepEqual([...Deno.readDirSync(`${bench.dir}/data`)], []);
  }));

Deno.test("a plugin that does not give up a cancelled save is ended, and starts again for the next one", () =>
  withBench(async (bench) => {
    const stuck = "export default (sdk) => ({ save(job) { if (job.id === 1) { sdk.log.notice('stuck'); " +
      "while (true); } const view = job.view(); return job.encode({ view, entries: job.tables(view) }); } });";
    const host = bench.host([{ path: add(bench, stuck.replace("true", "!sdk.stopping()")), grants: GRANTS }]);
    const strategy = new SnapshotStrategy(host.get("saver")!, bench.log, 30);
    const path = `${bench.dir}/data/dump`;
    const run = strategy.begin(prepare(() => path));
    await until(() => bench.log.has("stuck"), "the plugin is stuck");
    run.cancel();
    await assert.rejects(run.done, { code: "PLUGIN_JOB_CANCELLED" });
    assert.ok(bench.log.has("did not give up a cancelled save within 30 ms"));
    assert.equal((await strategy.begin(prepare(() => path)).done).entries, 100);
  }));

Deno.test("the directory that a save goes to may change while its worker starts", () =>
  withBench(async (bench) => {
    let dir = `${bench.dir}/first`;
    Deno.mkdirSync(dir);
    Deno.mkdirSync(`${bench.dir}/second`);
    const host = bench.host([{ path: add(bench, SAVES), grants: GRANTS }], {
      variables: (name) => ({ dir, appenddirname: "appendonlydir" })[name],
    });
    const strategy = new SnapshotStrategy(host.get("saver")!, bench.log);
    const run = strategy.begin(prepare(() => `${dir}/dump`));
    await until(() => host.get("saver")!.state === "starting", "the worker starts");
    dir = `${bench.dir}/second`;
    assert.equal((await run.done).entries, 100);
    assert.ok(Deno.statSync(`${bench.dir}/second/dump`).size > 0);
    assert.deepEqual([...Deno.readDirSync(`${bench.dir}/first`)], []);
  }));
