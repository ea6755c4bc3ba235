import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes, latin1Text } from "../bytes/ascii.ts";
import { Arena, ARENA_FULL, type Ref } from "../memory/arena.ts";
import { Stream } from "./stream.ts";
import { StreamCopier } from "./stream_copy.ts";
import { StreamGroups } from "./stream_groups.ts";
import { StreamId } from "./stream_id.ts";

const RUNS = 1000;
const OPERATIONS = 200;

interface Pending {
  consumer: string;
  ms: number;
  deliveries: number;
}

interface Group {
  read: number;
  consumers: Map<string, { seen: number; active: number }>;
  pending: Map<number, Pending>;
}

const NAMES = ["a", "b", "ab", "", "\xff\x00", "x".repeat(100)];
const id = new StreamId();
const idOf = (n: number) => id.set(n >>> 8, n << 30, n & 3, n << 24);

const operation = fc.record({
  kind: fc.constantFrom(
    ...["create", "create", "destroy", "consumer", "consumer", "consumer", "drop"],
    ...["deliver", "deliver", "deliver", "burst", "acknowledge", "acknowledgeAll", "give", "copy", "times"],
  ),
  group: fc.constantFrom(...NAMES.slice(0, 3)),
  consumer: fc.constantFrom(...NAMES),
  n: fc.nat(600),
});

/** The flyweight with texts for names. */
class Subject {
  readonly groups: StreamGroups;

  constructor(readonly arena: Arena, root: Ref) {
    this.groups = new StreamGroups(arena).attach(root);
  }

  find(name: string): Ref {
    return this.groups.find(latin1Bytes(name), 0, name.length);
  }

  consumer(group: Ref, name: string): Ref {
    return this.groups.findConsumer(group, latin1Bytes(name), 0, name.length);
  }

  name(ref: Ref): string {
    const start = this.groups.nameAddress(ref);
    return latin1Text(this.arena.u8, start, start + this.groups.nameLength(ref));
  }

  /** All there is, in order, in the form of `expected`. */
  everything(): unknown {
    const { groups } = this;
    return Array.from({ length: groups.count }, (_, index) => {
      const group = groups.at(index);
      const pending: unknown[] = [];
      const tree = groups.pendingOfGroup(group);
      for (let more = tree.seekFirst(); more; more = tree.next()) {
        const entry = tree.value;
        tree.readId(id);
        pending.push([
          id.toString(),
          this.name(groups.consumerOf(entry)),
          groups.deliveredAt(entry),
          groups.deliveries(entry),
        ]);
      }
      const size = groups.consumers(group).size;
      const consumers = Array.from({ length: size }, (_, place) => {
        const consumer = groups.consumers(group).at(place);
        const owned: string[] = [];
        const tree = groups.pendingOfConsumer(consumer);
        for (let more = tree.seekFirst(); more; more = tree.next()) {
          tree.readId(id);
          owned.push(id.toString());
        }
        return [this.name(consumer), groups.seen(consumer), groups.active(consumer), owned];
      });
      return [this.name(group), groups.entriesRead(group), pending, consumers];
    });
  }
}

const byName = (a: [string, unknown], b: [string, unknown]) => a[0] < b[0] ? -1 : 1;

function expected(model: Map<string, Group>): unknown {
  return [...model].sort(byName).map(([name, group]) => {
    const texts = new Map([...group.pending.keys()].map((n) => [n, idOf(n).toString()]));
    const order = [...group.pending].sort(([a], [b]) => compareNumbers(a, b));
    return [
      name,
      group.read,
      order.map(([n, { consumer, ms, deliveries }]) => [texts.get(n), consumer, ms, deliveries]),
      [...group.consumers].sort(byName).map(([consumer, { seen, active }]) => [
        consumer,
        seen,
        active,
        order.filter(([, pending]) => pending.consumer === consumer).map(([n]) => texts.get(n)),
      ]),
    ];
  });
}

function compareNumbers(a: number, b: number): number {
  const other = new StreamId().copy(idOf(b));
  return idOf(a).compare(other);
}

Deno.test("stream groups: behave as maps of consumers and pending entries", () => {
  const arena = Arena.create({ bytes: 32 * 1024 * 1024 });
  const copier = new StreamCopier(arena);
  fc.assert(
    fc.property(fc.array(operation, { maxLength: OPERATIONS, size: "max" }), (operations) => {
      const empty = arena.usedBytes;
      let root = new Stream(arena).create();
      let subject = new Subject(arena, root);
      const model = new Map<string, Group>();
      for (const { kind, group: groupName, consumer: consumerName, n } of operations) {
        const group = model.get(groupName);
        const ref = subject.find(groupName);
        assert.equal(ref !== 0, group !== undefined);
        const { groups } = subject;
        if (kind === "create") {
          const created = groups.create(latin1Bytes(groupName), 0, groupName.length, idOf(n), n);
          assert.equal(created !== 0, group === undefined);
          if (group === undefined) {
            model.set(groupName, { read: n, consumers: new Map(), pending: new Map() });
          }
        } else if (kind === "copy") {
          const copy = copier.copy(root);
          copier.free(root);
          root = copy;
          subject = new Subject(arena, root);
          continue;
        }
        if (group === undefined) continue;
        if (kind === "destroy" && n % 4 === 0) {
          groups.destroy(ref);
          model.delete(groupName);
          continue;
        }
        let consumer = subject.consumer(ref, consumerName);
        assert.equal(consumer !== 0, group.consumers.has(consumerName));
        if (kind === "consumer" && consumer === 0) {
          groups.createConsumer(latin1Bytes(consumerName), 0, consumerName.length, n);
          group.consumers.set(consumerName, { seen: n, active: -1 });
        } else if (kind === "acknowledge" || kind === "acknowledgeAll") {
          for (let k = n; k < n + (kind === "acknowledge" ? 1 : 80); k++) {
            assert.equal(groups.acknowledge(ref, idOf(k)), group.pending.delete(k));
          }
        }
        consumer = subject.consumer(ref, consumerName);
        if (consumer === 0) continue;
        if (kind === "drop") {
          const owned = [...group.pending].filter(([, pending]) => pending.consumer === consumerName);
          assert.equal(groups.deleteConsumer(ref, consumer), owned.length);
          for (const [key] of owned) group.pending.delete(key);
          group.consumers.delete(consumerName);
        } else if (kind === "deliver" || kind === "burst") {
          for (let k = n; k < n + (kind === "deliver" ? 1 : 60); k++) {
            groups.deliver(ref, consumer, idOf(k), n + 1);
            group.pending.set(k, { consumer: consumerName, ms: n + 1, deliveries: 1 });
          }
        } else if (kind === "give" && group.pending.has(n)) {
          const pending = groups.findPending(ref, idOf(n));
          groups.giveTo(pending, consumer, idOf(n));
          groups.setDelivered(pending, 77, n);
          group.pending.set(n, { consumer: consumerName, ms: 77, deliveries: n });
        } else if (kind === "times") {
          groups.setSeen(consumer, n);
          groups.setActive(consumer, n + 1);
          groups.setEntriesRead(ref, -1);
          group.read = -1;
          group.consumers.set(consumerName, { seen: n, active: n + 1 });
        }
      }
      assert.deepEqual(subject.everything(), expected(model));
      let attached = model.size;
      for (const { consumers, pending } of model.values()) attached += consumers.size + pending.size;
      assert.equal(subject.groups.attached, attached);
      copier.free(root);
      assert.equal(arena.usedBytes, empty);
    }),
    { numRuns: RUNS },
  );
  arena.verify();
});

Deno.test("stream groups: a full arena leaves them as they were", () => {
  const arena = Arena.create({ bytes: 1024 * 1024 });
  const subject = new Subject(arena, new Stream(arena).create());
  const { groups } = subject;
  const group = groups.create(latin1Bytes("g"), 0, 1, new StreamId(), 0);
  const consumers = ["a", "b"].map((name) => {
    subject.consumer(group, name);
    return groups.createConsumer(latin1Bytes(name), 0, 1, 0);
  });
  let count = 0;
  assert.throws(() => {
    for (;; count++) groups.deliver(group, consumers[count % 2], idOf(count), 1);
  }, (error) => error === ARENA_FULL);
  assert.equal(groups.pendingOfGroup(group).size, count);
  assert.equal(
    groups.pendingOfConsumer(consumers[0]).size + groups.pendingOfConsumer(consumers[1]).size,
    count,
  );
  assert.equal(groups.attached, 3 + count);
  assert.equal(groups.findPending(group, idOf(count)), 0);
  for (let n = 0; n < count; n++) assert.ok(groups.acknowledge(group, idOf(n)));
  assert.equal(groups.attached, 3);
  arena.verify();
});
