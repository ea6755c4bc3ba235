import assert from "node:assert/strict";
import fc from "fast-check";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Arena } from "../../memory/arena.ts";
import { KeyspaceEvents } from "../keyspace_events.ts";
import { DeferredDeliveries } from "./deferred_deliveries.ts";

class Log {
  active = true;
  offset = 0;
  acked = 0;
  readonly sent: string[] = [];
  readonly deliveries = new DeferredDeliveries(this);

  defer(name: string, then: () => void = () => {}): void {
    const deliver = () => {
      this.sent.push(name);
      then();
    };
    this.deliveries.defer({ bytes: name.length, deliver });
  }

  acknowledge(offset: number): void {
    this.acked = offset;
    this.deliveries.acknowledge(offset);
  }

  /** What was sent since the last call. */
  take(): string {
    return this.sent.splice(0).join(" ");
  }
}

Deno.test("those of a unit wait for what the unit appends, all others for what is there", () => {
  const log = new Log();
  const { deliveries } = log;
  log.acknowledge(0);
  log.offset = 10;
  log.defer("expired");
  deliveries.unitBegins();
  log.defer("set");
  log.defer("del");
  log.offset = 30;
  deliveries.unitEnds(30);
  log.defer("evicted");
  assert.equal(deliveries.count, 4);
  assert.equal(deliveries.bytes, 20);
  log.acknowledge(9);
  assert.equal(log.take(), "");
  log.acknowledge(29);
  assert.equal(log.take(), "expired");
  log.acknowledge(30);
  assert.equal(log.take(), "set del evicted");
  assert.equal(deliveries.count, 0);
  assert.equal(deliveries.bytes, 0);
});

Deno.test("nothing waits where replies do not, nor where all is durable (RegisterPostCommitTaskRejectsInvalidType)", () => {
  const log = new Log();
  const { deliveries } = log;
  log.active = false;
  log.defer("off");
  assert.equal(log.take(), "off");
  log.active = true;
  log.offset = 50;
  log.acknowledge(50);
  log.defer("clean");
  assert.equal(log.take(), "clean");
  deliveries.unitBegins();
  log.defer("miss");
  assert.equal(log.take(), "", "the unit may append something yet");
  deliveries.unitEnds(50);
  assert.equal(log.take(), "miss");
});

Deno.test("a message that is sent may defer more: that waits for its own offset, or comes behind those that are due", () => {
  const log = new Log();
  log.offset = 5;
  log.defer("a", () => {
    log.defer("of a");
    log.offset = 6;
    log.defer("later");
    // It ends a client, say, and that tells of progress.
    log.acknowledge(5);
  });
  log.defer("b");
  log.acknowledge(5);
  assert.equal(log.take(), "a b of a");
  log.acknowledge(6);
  assert.equal(log.take(), "later");
});

Deno.test("a message that fails is not sent again and costs no other", () => {
  const log = new Log();
  log.offset = 1;
  log.defer("a", () => {
    throw new Error("no");
  });
  log.defer("b");
  assert.throws(() => log.acknowledge(1), /no/);
  log.acknowledge(1);
  assert.equal(log.take(), "a b");
  assert.equal(log.deliveries.bytes, 0);
});

Deno.test("when holding ends all are sent, those of the unit that runs last; the next log begins anew", () => {
  const log = new Log();
  const { deliveries } = log;
  log.offset = 100;
  log.defer("a");
  deliveries.unitBegins();
  log.defer("b", () => log.defer("c"));
  log.active = false;
  log.acked = -1;
  deliveries.runAll();
  assert.equal(log.take(), "a b c");
  deliveries.unitEnds(100);
  log.active = true;
  log.offset = 3;
  log.defer("d");
  assert.equal(log.take(), "");
  log.acknowledge(3);
  assert.equal(log.take(), "d");
});

Deno.test("whatever happens, each is sent once, in order, and not before its offset is acknowledged", () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ acknowledge: fc.integer({ min: 0, max: 20 }) }),
    fc.constantFrom("defer", "begin", "end"),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 5000, size: "max" }), (steps) => {
    const log = new Log();
    const { deliveries } = log;
    let acknowledged = 0;
    let inUnit = false;
    let count = 0;
    const offsetOf: number[] = [];
    const unit: number[] = [];
    let expected = 0;
    log.acknowledge(0);
    const end = () => {
      if (!inUnit) return;
      inUnit = false;
      for (const id of unit.splice(0)) offsetOf[id] = log.offset;
      deliveries.unitEnds(log.offset);
    };
    const defer = () => {
      const id = count++;
      if (inUnit) unit.push(id);
      else offsetOf[id] = log.offset;
      log.defer(`${id}`, () => {
        assert.equal(id, expected++);
        assert.ok(offsetOf[id] <= acknowledged);
      });
    };
    for (const each of steps) {
      if (each === "defer") defer();
      else if (each === "end") end();
      else if (each === "begin") {
        end();
        inUnit = true;
        deliveries.unitBegins();
      } else if ("append" in each) log.offset += each.append;
      else {
        acknowledged = Math.min(log.offset, acknowledged + each.acknowledge);
        log.acknowledge(acknowledged);
      }
      const waiting = count - expected;
      assert.equal(deliveries.count, waiting);
    }
    end();
    acknowledged = log.offset;
    log.acknowledge(acknowledged);
    assert.equal(expected, count);
    assert.equal(deliveries.bytes, 0);
  }));
});

Deno.test("an event's words are its own, whatever becomes of the buffers (KeyspaceNotifyTaskCopiesEventString)", () => {
  const log = new Log();
  const published: string[] = [];
  const pubsub = {
    publish: (_: string, channel: string, message: Uint8Array) =>
      published.push(`${channel} ${String.fromCharCode(...message)}`),
  };
  const keyspace = new Keyspace(Arena.create({ bytes: 1 << 22 }), 4);
  const events = new KeyspaceEvents(keyspace, pubsub, log.deliveries);
  events.select("KEg");
  const key = Uint8Array.of(0x78, 0x6b, 0xff, 0x79);
  log.offset = 1;
  events.keyChanged(3, "generic", "del", key, 1, 3);
  events.keyChanged(3, "string", "set", key, 1, 3);
  key.fill(0);
  // What it is for was settled when it happened.
  events.select("");
  assert.deepEqual(published, []);
  log.acknowledge(1);
  assert.deepEqual(published, ["__keyspace@3__:k\xff del", "__keyevent@3__:del k\xff"]);
});
