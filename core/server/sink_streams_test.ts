// When a sink gets the bytes of a turn, by what it declares and how the log is kept.
import assert from "node:assert/strict";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Arena } from "../memory/arena.ts";
import { until, withBench } from "../plugins/test_plugins.ts";
import { DeferredDeliveries } from "./durability/deferred_deliveries.ts";
import { TO_LOG, TO_REPLICAS } from "./feed/feed_stream.ts";
import { Propagation } from "./feed/propagation.ts";
import { SinkStreams } from "./sink_streams.ts";

const TELLER = `export default (sdk) => ({
  receive(bytes, offset) {
    sdk.log.notice(offset + " " + new TextDecoder().decode(bytes).replaceAll("\\r\\n", " "));
  },
});`;

class Rig {
  readonly aof = { state: "on", policy: "always", offset: 0, durableOffset: 0 };
  readonly replies = { active: false, offset: 0, acked: 0 };
  readonly durability = { deliveries: new DeferredDeliveries(this.replies) };
  readonly propagation = new Propagation(new Keyspace(Arena.create({ bytes: 1 << 22 }), 16));
}

function sinkTest(
  name: string,
  declares: string,
  run: (rig: {
    host: Rig;
    streams: SinkStreams;
    turn(key: string): void;
    received(count: number): Promise<string[]>;
    told(): string[];
  }) => Promise<void>,
): void {
  Deno.test(name, () =>
    withBench(async (bench) => {
      const path = bench.write({ code: TELLER, manifest: `declares: [${declares}]\n` });
      const plugins = bench.host([{ path }]);
      await plugins.start();
      const host = new Rig();
      const streams = new SinkStreams({
        plugins,
        propagation: host.propagation,
        durability: host.durability,
        aof: host.aof,
        log: bench.log,
      });
      streams.start();
      const told = () =>
        bench.log.lines.filter((line) => line.startsWith("plugin probe: ")).map((line) => line.slice(14));
      const turn = (key: string) => {
        const bytes = new TextEncoder().encode(key);
        host.propagation.keyExpired(0, bytes, 0, bytes.length);
        host.aof.offset = host.replies.offset += 30;
        host.propagation.flush();
        streams.turnEnds();
      };
      const received = async (count: number) => {
        await until(() => told().length >= count, `${count} turns are received`);
        return told();
      };
      await run({ host, streams, turn, received, told });
      await streams.stop();
    }));
}

const A = "0 *2 $6 SELECT $1 0 *2 $6 UNLINK $1 a ";
const B = "46 *2 $6 UNLINK $1 b ";

sinkTest("a sink that declares nothing gets each turn at its end", "ordered", async ({ turn, received }) => {
  turn("a");
  turn("b");
  assert.deepEqual(await received(2), [A, B]);
});

sinkTest(
  "where the log is synced before replies are sent, a sink gets a turn once it is, and waits where the sync failed",
  "deliver-after-durable",
  async ({ host, streams, turn, received, told }) => {
    turn("a");
    host.aof.durableOffset = 29;
    streams.turnEnds();
    turn("b");
    host.aof.durableOffset = 30;
    streams.turnEnds();
    assert.deepEqual(await received(1), [A]);
    host.aof.durableOffset = 60;
    streams.turnEnds();
    assert.deepEqual(await received(2), [A, B]);
    assert.equal(told().length, 2);
  },
);

sinkTest(
  "where replies wait for the log, a sink does; what waited before comes first",
  "deliver-after-durable",
  async ({ host, streams, turn, received }) => {
    turn("a");
    host.replies.active = true;
    turn("b");
    host.replies.acked = 59;
    host.durability.deliveries.acknowledge(59);
    host.aof.durableOffset = 59;
    streams.turnEnds();
    assert.deepEqual(await received(1), [A]);
    host.replies.acked = 60;
    host.durability.deliveries.acknowledge(60);
    assert.deepEqual(await received(2), [A, B]);
  },
);

sinkTest(
  "what waits goes when the log is no longer synced; without such a log nothing waits",
  "deliver-after-durable",
  async ({ host, streams, turn, received }) => {
    turn("a");
    host.aof.policy = "everysec";
    streams.turnEnds();
    assert.deepEqual(await received(1), [A]);
    turn("b");
    assert.deepEqual(await received(2), [A, B]);
  },
);

Deno.test("a sink's stream is not taken for the log's", () =>
  withBench(async (bench) => {
    const plugins = bench.host([{ path: bench.write() }]);
    await plugins.start();
    const host = new Rig();
    const { propagation } = host;
    const streams = new SinkStreams({
      plugins,
      propagation,
      durability: host.durability,
      aof: host.aof,
      log: bench.log,
    });
    streams.start();
    const key = Uint8Array.of(0x61);
    propagation.keyExpired(0, key, 0, 1);
    assert.equal(propagation.logOffset, 0);
    propagation.attach({ target: TO_REPLICAS, append: () => {} }, 5);
    propagation.attach({ target: TO_LOG, append: () => {} }, 1000);
    assert.equal(propagation.logOffset, 1000);
    await streams.stop();
    assert.equal(propagation.logOffset, 1000);
  }));
