// The small books that INFO, SLOWLOG and LATENCY read: slow log, latency events, rates, error counts, the pause gate.
import assert from "node:assert/strict";
import type { CommandClient } from "../commands/command_client.ts";
import { Arguments } from "../protocol/arguments.ts";
import { LatencyMonitor } from "./latency_monitor.ts";
import { PauseGate } from "./pause_gate.ts";
import { RateSampler, ServerStats } from "./server_stats.ts";
import { SlowLog } from "./slow_log.ts";

const decoder = new TextDecoder();
const who = { peer: "1.2.3.4:5", name: "me" };

Deno.test("slow log: newest first, trimmed arguments, a length that may shrink", () => {
  const log = new SlowLog();
  const add = (words: string[], lengthMax = 3) => log.add(Arguments.of(...words), 1.6, 7, who, lengthMax);
  add(["SET", "a", "x".repeat(129)]);
  add(["DEL", ...Array.from({ length: 31 }, (_, index) => `${index}`)]);
  add(["DEL", ...Array.from({ length: 32 }, (_, index) => `${index}`)]);
  const shown = log.latest(-1).map((entry) => entry.arguments.map((bytes) => decoder.decode(bytes)));
  assert.equal(shown[2][2], `${"x".repeat(128)}... (1 more bytes)`);
  assert.equal(shown[1].length, 32);
  assert.equal(shown[1][31], "30");
  assert.equal(shown[0].length, 32);
  assert.equal(shown[0][31], "... (2 more arguments)");
  assert.deepEqual(
    log.latest(1).map(({ id, time, value, peer, clientName }) => ({ id, time, value, peer, clientName })),
    [
      { id: 2, time: 7, value: 2, peer: "1.2.3.4:5", clientName: "me" },
    ],
  );
  add(["PING"]);
  assert.deepEqual(log.latest(-1).map(({ id }) => id), [3, 2, 1]);
  add(["PING"], 1);
  assert.equal(log.length, 1);
  add(["PING"], 0);
  assert.equal(log.length, 0);
});

Deno.test("latency events: from the threshold on, the worst of a second, the latest 160", () => {
  const monitor = new LatencyMonitor();
  monitor.addIfNeeded("command", 1e6, 0);
  assert.deepEqual([...monitor.events()], [], "off");
  monitor.threshold = 10;
  monitor.addIfNeeded("command", 9.9, 1000);
  monitor.addIfNeeded("command", 10, 1000);
  monitor.addIfNeeded("command", 30, 1900);
  monitor.addIfNeeded("command", 20, 1999);
  monitor.addIfNeeded("command", 15, 2000);
  assert.deepEqual(monitor.get("command"), {
    samples: [{ time: 1, latency: 30 }, { time: 2, latency: 15 }],
    max: 30,
  });
  for (let second = 10; second < 300; second++) monitor.addIfNeeded("eventloop", 11, second * 1000);
  const { samples } = monitor.get("eventloop")!;
  assert.equal(samples.length, 160);
  assert.equal(samples[159].time, 299);
  assert.equal(monitor.reset(["command", "nosuch"]), 1);
  assert.equal(monitor.get("command"), undefined);
  assert.equal(monitor.reset([]), 1);
});

Deno.test("rates: a mean over the last samples, 0 after a reset", () => {
  const rate = new RateSampler();
  for (let tick = 0; tick <= 16; tick++) rate.sample(tick * 100, 1000 + tick * 100);
  assert.equal(rate.perSecond, 1000);
  for (let tick = 1; tick <= 8; tick++) rate.sample(1600, 2600 + tick * 100);
  assert.equal(rate.perSecond, 500);
  rate.sample(1600, 3400);
  assert.equal(rate.perSecond, 500, "no time has passed");
  rate.reset(0);
  assert.equal(rate.perSecond, 0);
  rate.sample(50, 3500);
  assert.ok(rate.perSecond > 0);
});

Deno.test("error words are counted, up to a limit of words", () => {
  const stats = new ServerStats();
  for (let round = 0; round < 2; round++) {
    for (let word = 0; word < 200; word++) stats.countError(`WORD${word}`);
  }
  assert.equal(stats.totalErrorReplies, 400);
  assert.equal(stats.errors.size, 128);
  assert.equal(stats.errors.get("WORD0"), 2);
  stats.reset();
  assert.equal(stats.errors.size, 0);
});

Deno.test("pause gate: the longer time and the stricter mode win; all go on in the end", () => {
  const resumed: CommandClient[] = [];
  const gate = new PauseGate((client) => resumed.push(client));
  const [one, two] = [{ id: 1 }, { id: 2 }] as CommandClient[];
  gate.pause("write", 1000);
  gate.pause("all", 500);
  gate.pause("write", 700);
  assert.equal(gate.mode, "all");
  assert.equal(gate.until, 1000);
  gate.wait(one);
  gate.wait(two);
  gate.wait(two);
  gate.forget(one);
  assert.equal(gate.waitingCount, 1);
  gate.unpause();
  assert.deepEqual(resumed, [two]);
  assert.equal(gate.mode, "none");
  gate.pause("write", 10);
  assert.equal(gate.mode, "write");
  assert.equal(gate.until, 10);
});
