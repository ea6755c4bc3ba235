import assert from "node:assert/strict";
import aofInline from "../../../../plugins/aof-inline/main.ts";
import type { Sdk } from "../../../../plugins/sdk/types.ts";
import { FaultyLogFiles } from "./faulty_log_files.ts";
import { InlineWriter } from "./inline_writer.ts";
import { LogStoppedError, type SyncPolicy } from "./log_writer.ts";

function open(policy: SyncPolicy, ringBytes = 4096) {
  const files = new FaultyLogFiles();
  const told: string[] = [];
  const writer = new InlineWriter({
    start: { policy, offset: 1000 },
    files,
    ringBytes,
    plugin: aofInline({} as Sdk),
    events: {
      progressed: () => void told.push(`durable ${writer.durableOffset}`),
      failed: ({ kind, code }) => void told.push(`${kind} ${code}`),
      recovered: () => void told.push("recovered"),
      delayed: () => void told.push("delayed"),
    },
  });
  writer.open("/log/1", 0);
  return { files, told, writer };
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("always: all of a turn is durable when the turn ends, and it is told afterwards", async () => {
  const { files, told, writer } = open("always");
  writer.append(new Uint8Array(10), 1010);
  writer.append(new Uint8Array(5), 1015);
  assert.equal(writer.durableOffset, 1000);
  assert.equal(writer.waitingBytes, 15);
  writer.endTurn();
  assert.equal(writer.durableOffset, 1015);
  assert.equal(writer.fileBytes, 15);
  assert.deepEqual(told, []);
  await microtasks();
  assert.deepEqual(told, ["durable 1015"]);
  assert.equal(files.calls.filter((call) => call === "sync").length, 1, "one group");
  const samples: string[] = [];
  writer.takeSamples((kind) => samples.push(kind));
  assert.deepEqual(samples, ["write", "sync"]);
  await writer.close();
  assert.equal(files.openFiles, 0);
});

Deno.test("a fault is there when the turn ends; a retry that fails is told again, one that works as recovery", async () => {
  const { files, told, writer } = open("always");
  files.fail("write");
  writer.append(new Uint8Array(10), 1010);
  writer.endTurn();
  assert.equal(writer.fault?.code, "ENOSPC");
  await assert.rejects(writer.drain(), LogStoppedError);
  writer.retry();
  await microtasks();
  files.heal();
  writer.retry();
  assert.equal(writer.fault, null);
  assert.equal(writer.durableOffset, 1010);
  await microtasks();
  assert.deepEqual(told, ["write ENOSPC", "write ENOSPC", "durable 1010", "recovered"]);
  await writer.close();
});

Deno.test("everysec: syncs run aside; while one does, writes wait two seconds and then no longer", async () => {
  const { files, told, writer } = open("everysec");
  writer.append(new Uint8Array(10), 1010);
  writer.endTurn();
  assert.equal(writer.writtenOffset, 1010);
  assert.equal(files.running.length, 1);
  writer.append(new Uint8Array(5), 1015);
  writer.endTurn();
  assert.equal(writer.writtenOffset, 1010);
  assert.equal(writer.waitingBytes, 5);
  const { now } = performance;
  const began = now.call(performance);
  try {
    performance.now = () => began + 1_900;
    writer.endTurn();
    assert.equal(writer.writtenOffset, 1010);
    performance.now = () => began + 2_100;
    writer.endTurn();
    assert.equal(writer.writtenOffset, 1015);
  } finally {
    performance.now = now;
  }
  await microtasks();
  assert.ok(told.includes("delayed"));
  await files.endSyncs();
  assert.equal(writer.durableOffset, 1010);
  await writer.close();
  assert.equal(files.files.get("/log/1")!.durable.length, 15);
});

Deno.test("no: writes do not wait for a sync that somebody has asked for", async () => {
  const { files, writer } = open("no");
  writer.append(new Uint8Array(10), 1010);
  const drained = writer.drain();
  assert.equal(files.running.length, 1);
  writer.append(new Uint8Array(5), 1015);
  writer.endTurn();
  assert.equal(writer.writtenOffset, 1015);
  await files.endSyncs();
  await drained;
  await writer.close();
});

Deno.test("another file under everysec: the loop does not wait for the sync of the one before", async () => {
  const { files, writer } = open("everysec");
  writer.append(new Uint8Array(10), 1010);
  writer.endTurn();
  writer.open("/log/2", 0);
  writer.append(new Uint8Array(5), 1015);
  writer.endTurn();
  assert.equal(writer.writtenOffset, 1010);
  const drained = writer.drain();
  for (let i = 0; i < 5; i++) await files.endSyncs();
  await drained;
  assert.equal(writer.durableOffset, 1015);
  assert.equal(files.content("/log/1").length, 10);
  assert.equal(files.content("/log/2").length, 5);
  await writer.close();
});

Deno.test("more than the ring holds in one turn is all written in it", async () => {
  const { files, writer } = open("always", 1024);
  writer.append(new Uint8Array(100_000).fill(7), 101_000);
  writer.endTurn();
  assert.equal(writer.durableOffset, 101_000);
  assert.equal(files.content("/log/1").length, 100_000);
  await writer.close();
});

Deno.test("a plugin that throws stops the log", async () => {
  const told: string[] = [];
  const writer = new InlineWriter({
    start: { policy: "always", offset: 0 },
    files: new FaultyLogFiles(),
    plugin: {
      flush() {
        throw new TypeError("a mistake");
      },
    },
    events: {
      progressed() {},
      failed: ({ kind, message }) => told.push(`${kind} ${message}`),
      recovered() {},
      delayed() {},
    },
  });
  writer.open("/log/1", 0);
  writer.append(new Uint8Array(5), 5);
  writer.endTurn();
  assert.equal(writer.fault?.kind, "worker");
  await microtasks();
  assert.deepEqual(told, ["worker a mistake"]);
  await writer.close();
});
