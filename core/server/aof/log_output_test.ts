// The way to the writer: nothing is lost or changes its place while a plugin starts, or one takes over from another.
import assert from "node:assert/strict";
import type { LogFault } from "../../persistence/aof/writer/log_writer.ts";
import { LogOutput } from "./log_output.ts";
import { PlayedLogStrategy, settle } from "./played_writer.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function rig(strategy = new PlayedLogStrategy("worker"), after = Promise.resolve()) {
  const told: string[] = [];
  const output = new LogOutput(strategy, { policy: "always", offset: 100 }, {
    progressed: () => {},
    failed: (fault: LogFault) => told.push(`${fault.kind}: ${fault.message}`),
    recovered: () => told.push("recovered"),
    delayed: () => {},
    connected: () => {},
  }, after);
  return { output, strategy, told };
}

Deno.test("what comes before the plugin has started is given to it in order; the caller's buffer is copied", async () => {
  const { output, strategy } = rig();
  const buffer = bytes("one");
  output.open("/d/a.1", 10);
  output.append(buffer, 103);
  buffer.fill(0x78);
  output.open("/d/a.2", 0);
  output.append(bytes("two"), 106);
  assert.equal(output.waitingBytes, 6);
  assert.equal(output.durableOffset, 100);
  await settle();
  assert.deepEqual(strategy.last.calls, [
    "open a.1 10",
    "append one 103",
    "open a.2 0",
    "append two 106",
  ]);
  output.append(bytes("three"), 111);
  assert.equal(strategy.last.calls.at(-1), "append three 111");
  strategy.last.syncs();
  assert.equal(output.durableOffset, 111);
});

Deno.test("it waits for the one before to close", async () => {
  const before = Promise.withResolvers<void>();
  const { output, strategy } = rig(new PlayedLogStrategy("worker"), before.promise);
  output.open("/d/a", 0);
  await settle();
  assert.equal(strategy.writers.length, 0);
  before.resolve();
  await settle();
  assert.deepEqual(strategy.last.calls, ["open a 0"]);
});

Deno.test("a plugin that does not start is a fault; a retry that starts it loses nothing", async () => {
  const { output, strategy, told } = rig();
  strategy.failure = new Error("it does not start");
  output.open("/d/a", 0);
  output.append(bytes("x"), 101);
  await settle();
  assert.deepEqual(told, ["worker: it does not start"]);
  assert.equal(output.fault?.kind, "worker");
  await assert.rejects(output.drain(), /it does not start/);
  output.retry();
  await settle();
  assert.equal(told.length, 2, "it fails again");
  strategy.failure = null;
  output.retry();
  await settle();
  assert.equal(told.at(-1), "recovered");
  assert.equal(output.fault, null);
  assert.deepEqual(strategy.last.calls, ["open a 0", "append x 101"]);
});

Deno.test("another plugin goes on where the one before has ended, with what came meanwhile", async () => {
  const { output, strategy } = rig();
  const second = new PlayedLogStrategy("loop");
  output.open("/d/a.1", 5);
  await settle();
  output.append(bytes("1234"), 104);
  const replaced = output.replace(second);
  await settle();
  output.append(bytes("56"), 106);
  output.open("/d/a.2", 0);
  output.append(bytes("7"), 107);
  assert.equal(second.writers.length, 0, "the first has not drained");
  assert.equal(output.durableOffset, 100);
  strategy.last.syncs();
  await replaced;
  assert.deepEqual(strategy.last.calls, ["open a.1 5", "append 1234 104", "close"]);
  assert.deepEqual(second.last.calls, ["open a.1 9", "append 56 106", "open a.2 0", "append 7 107"]);
  assert.equal(output.durableOffset, 104, "what the first has made durable stays so");
  second.last.syncs();
  assert.equal(output.durableOffset, 107);
});

Deno.test("where the one before cannot drain it goes on, and gets what came meanwhile", async () => {
  const { output, strategy } = rig();
  const second = new PlayedLogStrategy("loop");
  output.open("/d/a", 0);
  await settle();
  const replaced = output.replace(second);
  await settle();
  output.append(bytes("x"), 101);
  strategy.last.fails("write");
  await assert.rejects(replaced, /No space left on device/);
  assert.equal(second.writers.length, 0);
  assert.deepEqual(strategy.last.calls, ["open a 0", "append x 101"]);
  assert.equal(output.fault?.kind, "write");
});

Deno.test("policy and held syncs reach whichever writer there is", async () => {
  const { output, strategy } = rig();
  output.policy = "everysec";
  output.holdsSyncs = true;
  await settle();
  assert.deepEqual([strategy.last.policy, strategy.last.holdsSyncs], ["everysec", true]);
  output.policy = "no";
  output.holdsSyncs = false;
  assert.deepEqual([strategy.last.policy, strategy.last.holdsSyncs], ["no", false]);
});
