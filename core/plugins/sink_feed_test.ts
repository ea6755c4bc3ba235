import assert from "node:assert/strict";
import type { Plugin } from "./plugin.ts";
import { SinkFeed, type SinkFeedOptions } from "./sink_feed.ts";
import { type PluginBench, type TestPlugin, until, withBench } from "./test_plugins.ts";

/** A sink that logs what it is told; `receive` runs before that, with `text` and `offset`. */
function teller(receive = ""): string {
  return `export default (sdk) => ({
    async receive(bytes, offset) {
      const text = new TextDecoder().decode(bytes);
      ${receive}
      sdk.log.notice(offset + " " + (text.length > 20 ? text.length : text));
    },
    gap(from, to) { sdk.log.notice("gap " + from + " " + to); },
  });`;
}

/** Waits in \`receive\` until the plugin's folder has a file "go". */
const UNTIL_GO = `for (;;) {
  try { Deno.statSync(new URL("./go", import.meta.url)); break; } catch { await new Promise((go) => setTimeout(go, 5)); }
}`;

const QUEUE_OPTIONS = `options:
  queue-max:
    type: size
    default: 1mb
    doc: what may wait
  on-overflow:
    type: string
    default: drop-and-tell
    doc: what happens then
`;

interface Rig {
  bench: PluginBench;
  plugin: Plugin;
  feed: SinkFeed;
  folder: string;
  /** Offers the next bytes of the stream and releases them. False: they were dropped. */
  give(text: string): boolean;
  /** What the plugin has said so far. */
  told(): string[];
}

function sinkTest(
  name: string,
  sink: TestPlugin,
  run: (rig: Rig) => Promise<void>,
  options: Record<string, unknown> = {},
  feedOptions: Partial<SinkFeedOptions> = {},
): void {
  Deno.test(name, () =>
    withBench(async (bench) => {
      const folder = bench.write(sink);
      const given = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, { value }]));
      const host = bench.host([{ path: folder, options: given }]);
      await host.start();
      const plugin = host.get("probe")!;
      const feed = new SinkFeed(plugin, { logger: bench.log, ...feedOptions });
      feed.start(0);
      let offset = 0;
      const give = (text: string) => {
        const generation = feed.offer(new TextEncoder().encode(text), offset);
        offset += text.length;
        if (generation >= 0) feed.release(generation);
        return generation >= 0;
      };
      const told = () =>
        bench.log.lines.filter((line) => line.startsWith("plugin probe: ")).map((line) => line.slice(14));
      await run({ bench, plugin, feed, folder, give, told });
      await feed.stop();
    }));
}

sinkTest("a sink gets the stream in order, large pieces cut", { code: teller() }, async (rig) => {
  const { feed, give, told, plugin } = rig;
  give("one");
  give("two");
  give("x".repeat(600_000));
  give("last");
  await until(() => feed.receivedOffset === 600_010, "all is received");
  await until(() => told().at(-1) === "600006 last", "all is told");
  assert.deepEqual(told().slice(0, 2), ["0 one", "3 two"]);
  const pieces = told().slice(2, -1).map((line) => line.split(" ").map(Number));
  let at = 6;
  for (const [offset, length] of pieces) {
    assert.equal(offset, at);
    at += length;
  }
  assert.equal(at, 600_006);
  assert.equal(feed.queuedBytes, 0);
  assert.equal(plugin.queueDepth(), 0);
  assert.equal(plugin.bytes, 600_010);
  assert.deepEqual(plugin.details(), {
    offset: "600010",
    received: "600010",
    delivered: "at once",
    missed_bytes: "0",
    gaps: "0",
  });
});

sinkTest(
  "what waits to be durable waits, in order",
  { code: teller(), manifest: "declares: [deliver-after-durable]\n" },
  async ({ feed, told }) => {
    assert.equal(feed.waitsForDurable, true);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const first = feed.offer(bytes("first"), 0);
    feed.offer(bytes("second"), 5);
    assert.ok(feed.queuedBytes > 11);
    feed.release(first);
    await until(() => feed.receivedOffset === 5, "the first is received");
    await until(() => told().length === 1, "the first is told");
    assert.deepEqual(told(), ["0 first"]);
    feed.release(first);
    await until(() => feed.receivedOffset === 11, "the second is received");
    await until(() => told().length === 2, "the second is told");
    assert.deepEqual(told(), ["0 first", "5 second"]);
  },
);

sinkTest(
  "a sink that is too slow misses what is beyond its queue, is told so, and goes on",
  { code: teller(UNTIL_GO), manifest: QUEUE_OPTIONS },
  async ({ bench, feed, folder, give, told, plugin }) => {
    const piece = "y".repeat(100_000);
    let taken = 0;
    while (give(piece)) taken++;
    // The ring's, and those of the queue.
    assert.ok(taken >= 10 && taken <= 25, `${taken}`);
    assert.equal(give("lost"), false, "until half of the queue is gone");
    assert.ok(bench.log.has(`plugin probe is too slow: `), bench.log.lines.join("\n"));
    assert.equal(plugin.details().missed_bytes, "100004");
    Deno.writeTextFileSync(`${folder}/go`, "");
    await until(() => feed.queuedBytes === 0, "the queue is empty");
    assert.equal(give("again"), true);
    const from = taken * 100_000;
    await until(() => feed.receivedOffset === from + 100_009, "it has caught up");
    await until(() => told().at(-1)!.endsWith(" again"), "the end is told");
    assert.deepEqual(told().slice(-2), [`gap ${from} ${from + 100_004}`, `${from + 100_004} again`]);
    assert.deepEqual([plugin.details().missed_bytes, plugin.details().gaps], ["100004", "1"]);
    assert.equal(plugin.state, "running");
  },
);

let stopped = 0;
sinkTest(
  "a sink that must not miss anything is stopped when its queue runs over",
  { code: teller(UNTIL_GO), manifest: QUEUE_OPTIONS },
  async ({ bench, folder, give, plugin }) => {
    while (give("z".repeat(200_000)));
    assert.equal(stopped, 1);
    assert.equal(give("more"), false);
    Deno.writeTextFileSync(`${folder}/go`, "");
    await until(() => plugin.state === "stopped", "it has stopped");
    assert.match(plugin.counters.lastError, /is too slow: \d+ bytes wait, queue-max is 1048576/);
    assert.ok(bench.log.has("It is stopped, as on-overflow says"));
  },
  { "on-overflow": "stop-plugin" },
  { onStopped: () => void stopped++ },
);

for (
  const [how, code, reason] of [
    ["throws", 'if (text === "boom") throw new Error("too much");', /could not receive: .*too much/],
    ["crashes", 'if (text === "boom") Deno.exit(3);', /called Deno\.exit\(3\)/],
  ] as const
) {
  sinkTest(
    `a sink that ${how} begins anew and is told what it has missed`,
    { code: teller(code) },
    async (rig) => {
      const { bench, feed, give, told, plugin } = rig;
      give("one");
      await until(() => feed.receivedOffset === 3, "the first is received");
      give("boom");
      give("behind");
      await until(() => plugin.counters.restarts === 1 && plugin.state === "running", "it runs again");
      assert.match(plugin.counters.lastError, reason);
      await until(() => feed.receivedOffset === 13, "the gap is told");
      give("new");
      await until(() => feed.receivedOffset === 16, "it goes on");
      await until(() => told().length === 3, "all is told");
      assert.deepEqual(told(), ["0 one", "gap 3 13", "13 new"]);
      assert.equal(plugin.details().missed_bytes, "10");
      assert.ok(bench.log.has("plugin probe runs again"));
    },
  );
}

Deno.test("a sink gets what waits when it is stopped; one that does not take it costs a limited time", () =>
  withBench(async (bench) => {
    const folder = bench.write({ code: teller(UNTIL_GO) });
    const host = bench.host([{ path: folder }]);
    await host.start();
    const plugin = host.get("probe")!;
    const open = () => {
      const feed = new SinkFeed(plugin, { logger: bench.log, drainLimitMs: 50 });
      feed.start(0);
      feed.release(feed.offer(Uint8Array.of(0x61), 0));
      feed.release(feed.offer(Uint8Array.of(0x62), 1));
      return feed;
    };
    await open().stop();
    assert.ok(
      bench.log.has("has not received the end of the stream within 50 ms: it stays at offset 0 of 2"),
    );
    Deno.writeTextFileSync(`${folder}/go`, "");
    const feed = open();
    await feed.stop();
    assert.equal(feed.receivedOffset, 2);
    assert.equal(feed.offer(Uint8Array.of(0x63), 2), -1);
  }));

Deno.test("an on-overflow that is not known is refused", () =>
  withBench(async (bench) => {
    const folder = bench.write({ manifest: QUEUE_OPTIONS });
    const host = bench.host([{ path: folder, options: { "on-overflow": { value: "wait" } } }]);
    await host.start();
    assert.throws(
      () => new SinkFeed(host.get("probe")!, { logger: bench.log }),
      /PLUGIN_OPTION_VALUE: option "on-overflow" of plugin probe is "wait"; accepted: drop-and-tell, stop-plugin/,
    );
  }));
