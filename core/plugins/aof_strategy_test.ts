import assert from "node:assert/strict";
import {
  type LogFault,
  LogStoppedError,
  type LogWriter,
  type LogWriterEvents,
} from "../persistence/aof/writer/log_writer.ts";
import { PluginError } from "./plugin_error.ts";
import type { PluginHost } from "./plugin_host.ts";
import { type PluginBench, until, withBench } from "./test_plugins.ts";

function test(name: string, run: (bench: PluginBench) => Promise<void>): void {
  Deno.test(name, () => withBench(run));
}

function logFolder(bench: PluginBench): string {
  const folder = `${bench.dir}/data/appendonlydir`;
  Deno.mkdirSync(folder, { recursive: true });
  return folder;
}

class Told implements LogWriterEvents {
  readonly faults: LogFault[] = [];
  recoveries = 0;
  onProgress: () => void = () => {};
  progressed(): void {
    this.onProgress();
  }
  failed(fault: LogFault): void {
    this.faults.push(fault);
  }
  recovered(): void {
    this.recoveries++;
  }
  delayed(): void {}
}

async function openLog(host: PluginHost, name: string, told = new Told()): Promise<LogWriter> {
  return await host.aof(name).open({ policy: "always", offset: 0 }, told);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof PluginError) return error.code;
    throw error;
  }
  return "none";
}

test("a strategy is a plugin of kind aof that promises to be durable before it says so", async (bench) => {
  const host = bench.host([{
    path: bench.write({
      name: "no-promise",
      kind: "aof",
      manifest: "provides:\n  runs: worker\n",
      code: FLUSHES,
    }),
  }]);
  assert.equal(codeOf(() => host.aof("nowhere")), "PLUGIN_UNKNOWN");
  assert.equal(codeOf(() => host.aof("threadsave")), "PLUGIN_WRONG_KIND");
  assert.equal(codeOf(() => host.aof("no-promise")), "PLUGIN_PROMISE_MISSING");
  assert.equal(host.aof("aof-offload"), host.aof("aof-offload"));
  assert.equal(host.aof("aof-offload").runs, "worker");
  assert.equal(host.aof("aof-inline").runs, "loop");
  await Promise.resolve();
});

const FLUSHES = "export default () => ({ flush(log) { log.write(); if (log.syncDue) log.sync(); } });";

test("a plugin from disk cannot run on the loop", async (bench) => {
  const path = bench.write({
    kind: "aof",
    manifest: "declares: [durable-before-ack]\nprovides:\n  runs: loop\n",
    code: FLUSHES,
  });
  assert.equal(codeOf(() => bench.host([{ path }])), "PLUGIN_TRUST_REFUSED");
  await Promise.resolve();
});

test("a plugin of kind aof must have flush, in the worker and on the loop", async (bench) => {
  const path = bench.write({
    kind: "aof",
    manifest: "declares: [durable-before-ack]\nprovides:\n  runs: worker\n",
    code: "export default () => ({});",
  });
  const host = bench.host([{ path }]);
  await assert.rejects(openLog(host, "probe"), /must have a function flush; found undefined/);
});

for (const name of ["aof-offload", "aof-inline"]) {
  test(`${name} goes through its lifecycle, and its numbers are shown`, async (bench) => {
    const host = bench.host([]);
    const folder = logFolder(bench);
    assert.equal(host.get(name)!.state, "ready");
    const writer = await openLog(host, name);
    assert.equal(host.get(name)!.state, "running");
    writer.open(`${folder}/1`, 0);
    writer.append(new Uint8Array(10), 10);
    assert.equal(host.info(name)!.queueDepth, 10);
    await writer.drain();
    assert.equal(host.info(name)!.queueDepth, 0);
    await writer.close();
    assert.equal(Deno.statSync(`${folder}/1`).size, 10);
    await host.stop();
    assert.equal(host.get(name)!.state, "stopped");
    assert.equal(host.info(name)!.lastError, "");
    assert.equal(host.info(name)!.bytes, 10);
    assert.equal(host.info(name)!.usedFor, "the append-only log");
  });

  test(`${name} opens a second writer after the first was closed, where that one ended`, async (bench) => {
    const host = bench.host([]);
    const folder = logFolder(bench);
    const first = await openLog(host, name);
    first.open(`${folder}/1`, 0);
    first.append(new Uint8Array(10).fill(1), 10);
    await first.close();
    const second = await openLog(host, name === "aof-inline" ? "aof-offload" : "aof-inline");
    second.open(`${folder}/1`, 10);
    second.append(new Uint8Array(5).fill(2), 15);
    await second.drain();
    assert.equal(second.durableOffset, 15);
    await second.close();
    assert.deepEqual([...Deno.readFileSync(`${folder}/1`)], [...Array(10).fill(1), ...Array(5).fill(2)]);
  });

  test(`${name} does not go on in a file that is shorter than it should be, or that has another writer`, async (bench) => {
    const host = bench.host([]);
    const folder = logFolder(bench);
    Deno.writeTextFileSync(`${folder}/short`, "12345");
    const told = new Told();
    const writer = await openLog(host, name, told);
    writer.open(`${folder}/short`, 10);
    await assert.rejects(writer.drain(), LogStoppedError);
    assert.match(writer.fault!.message, /the file has 5 bytes, not 10/);
    Deno.writeTextFileSync(`${folder}/short`, "1234567890");
    const other = Deno.openSync(`${folder}/short`, { append: true });
    other.lockSync(true);
    writer.retry();
    await until(() => told.faults.length === 2, "the retry failed");
    assert.match(told.faults[1].message, /another writer has the file open/);
    other.close();
    writer.retry();
    await until(() => told.recoveries === 1, "the retry worked");
    await writer.close();
  });
}

test("aof-offload may write to the log's folder and nowhere else", async (bench) => {
  const host = bench.host([]);
  logFolder(bench);
  const writer = await openLog(host, "aof-offload");
  writer.open(`${bench.dir}/data/elsewhere`, 0);
  await assert.rejects(writer.drain(), LogStoppedError);
  assert.equal(writer.fault!.kind, "open");
  assert.match(writer.fault!.message, /Requires write access to/);
  await writer.close();
});

test("the loop never waits: a hundred megabytes in flight, and their memory is given back", async (bench) => {
  const host = bench.host([]);
  const folder = logFolder(bench);
  const writer = await openLog(host, "aof-offload");
  writer.open(`${folder}/1`, 0);
  const megabyte = new Uint8Array(2 ** 20).map((_, i) => i * 7);
  for (let round = 1; round <= 3; round++) {
    for (let i = 1; i <= 100; i++) {
      writer.append(megabyte, ((round - 1) * 100 + i) * 2 ** 20);
      if (i % 10 === 0) writer.endTurn();
    }
    assert.ok(writer.waitingBytes > 0, "nothing waited for the disk");
    await writer.drain();
    assert.equal(writer.waitingBytes, 0);
    assert.equal(writer.durableOffset, round * 100 * 2 ** 20);
  }
  await writer.close();
  const file = Deno.openSync(`${folder}/1`);
  const found = new Uint8Array(2 ** 20);
  for (let i = 0; i < 300; i++) {
    for (let at = 0; at < found.length;) at += file.readSync(found.subarray(at))!;
    assert.deepEqual(found, megabyte);
  }
  assert.equal(file.readSync(found), null);
  file.close();
});

test("a plugin that is stopped under the log is a fault, and a retry starts it again", async (bench) => {
  const host = bench.host([]);
  const folder = logFolder(bench);
  const told = new Told();
  const writer = await openLog(host, "aof-offload", told);
  writer.open(`${folder}/1`, 0);
  writer.append(new Uint8Array(10), 10);
  await writer.drain();
  await host.get("aof-offload")!.stop();
  await until(() => told.faults.length === 1, "the fault was told");
  assert.equal(told.faults[0].kind, "worker");
  writer.append(new Uint8Array(10), 20);
  writer.endTurn();
  assert.equal(writer.durableOffset, 10);
  writer.retry();
  await until(() => told.recoveries === 1, "the log went on");
  await writer.drain();
  assert.equal(writer.durableOffset, 20);
  assert.equal(Deno.statSync(`${folder}/1`).size, 20);
  assert.equal(host.get("aof-offload")!.state, "running");
  await writer.close();
});

test("a plugin that throws is a dead worker, not a wrong log", async (bench) => {
  const path = bench.write({
    kind: "aof",
    manifest: "declares: [durable-before-ack]\nprovides:\n  runs: worker\n" +
      'permissions:\n  write:\n    allow: ["${dir}"]\n    reason: x\n',
    code: `export default () => { let thrown = false; return { flush(log) {
      const isBad = log.waitingBytes === 11 && !thrown;
      log.write(); if (isBad) { thrown = true; throw new Error("a mistake"); } if (log.syncDue) log.sync(); } }; };`,
  });
  const host = bench.host([{ path, grants: { write: ["${dir}"] } }]);
  const folder = logFolder(bench);
  const told = new Told();
  const writer = await openLog(host, "probe", told);
  writer.open(`${folder}/1`, 0);
  writer.append(new Uint8Array(10).fill(1), 10);
  await writer.drain();
  writer.append(new Uint8Array(11).fill(2), 21);
  writer.endTurn();
  await until(() => told.faults.length === 1, "the fault was told");
  assert.match(told.faults[0].message, /a mistake/);
  assert.equal(writer.durableOffset, 10);
  writer.retry();
  await until(() => writer.durableOffset === 21, "the log went on");
  await writer.close();
  assert.deepEqual([...Deno.readFileSync(`${folder}/1`)], [...Array(10).fill(1), ...Array(11).fill(2)]);
});

test("under no the loop hears of what is written though it appends nothing more, after a pause too", async (bench) => {
  const host = bench.host([]);
  const folder = logFolder(bench);
  const writer = await host.aof("aof-offload").open({ policy: "no", offset: 0 }, new Told());
  writer.open(`${folder}/1`, 0);
  let offset = 0;
  for (const pauseMs of [20, 20, 150]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    // The second comes too soon behind the first for the loop to be told of it at once.
    for (let turn = 0; turn < 2; turn++) {
      writer.append(new Uint8Array(10), offset += 10);
      writer.endTurn();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until(() => writer.writtenOffset === offset, "all is written");
    assert.equal(writer.waitingBytes, 0);
  }
  await writer.close();
  assert.equal(Deno.statSync(`${folder}/1`).size, offset);
});
