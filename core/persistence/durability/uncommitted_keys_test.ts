import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../bytes/ascii.ts";
import { UncommittedKeys } from "./uncommitted_keys.ts";

const DATABASES = 3;

function touch(keys: UncommittedKeys, database: number, key: string): void {
  keys.touched(database, latin1Bytes(key), 0, key.length);
}

function offsetOf(keys: UncommittedKeys, database: number, key: string): number {
  return keys.offsetOf(database, latin1Bytes(key), 0, key.length);
}

/** What a command that looks at these keys has to wait for. */
function seenBy(keys: UncommittedKeys, database: number, ...names: string[]): number {
  keys.resetSeen();
  for (const name of names) keys.looked(database, latin1Bytes(name), 0, name.length);
  return keys.seen;
}

Deno.test("a key is waited for until its change is durable", () => {
  const keys = new UncommittedKeys(DATABASES);
  touch(keys, 0, "a");
  keys.stamp(100);
  assert.equal(offsetOf(keys, 0, "a"), 100);
  assert.equal(seenBy(keys, 0, "a"), 100);
  assert.ok(keys.hasDirt);
  keys.acknowledge(99);
  assert.equal(seenBy(keys, 0, "a"), 100);
  keys.acknowledge(100);
  assert.equal(seenBy(keys, 0, "a"), 0);
  assert.equal(offsetOf(keys, 0, "a"), -1);
  assert.equal(keys.size, 0);
  assert.ok(!keys.hasDirt);
});

Deno.test("a key is waited for in its own database only", () => {
  const keys = new UncommittedKeys(DATABASES);
  touch(keys, 1, "a");
  keys.stamp(10);
  assert.equal(seenBy(keys, 0, "a"), 0);
  assert.equal(seenBy(keys, 2, "a"), 0);
  assert.equal(seenBy(keys, 1, "b"), 0);
  assert.equal(seenBy(keys, 1, "a"), 10);
});

Deno.test("a key that changes again is waited for until the later change is durable", () => {
  const keys = new UncommittedKeys(DATABASES);
  for (const [key, offset] of [["a", 10], ["b", 20], ["a", 30]] as const) {
    touch(keys, 0, key);
    keys.stamp(offset);
  }
  assert.equal(keys.size, 2);
  keys.acknowledge(20);
  assert.equal(seenBy(keys, 0, "a", "b"), 30);
  assert.equal(seenBy(keys, 0, "b"), 0);
  assert.equal(keys.size, 1);
});

Deno.test("what a command has seen is the latest of it", () => {
  const keys = new UncommittedKeys(DATABASES);
  for (const [key, offset] of [["a", 10], ["b", 30], ["c", 20]] as const) {
    touch(keys, 0, key);
    keys.stamp(offset);
  }
  assert.equal(seenBy(keys, 0, "a", "b", "c"), 30);
  assert.equal(seenBy(keys, 0, "a", "c", "x"), 20);
});

Deno.test("the unit that touches a key again sees its earlier change", () => {
  const keys = new UncommittedKeys(DATABASES);
  touch(keys, 0, "a");
  keys.stamp(10);
  touch(keys, 0, "a");
  touch(keys, 0, "b");
  assert.equal(seenBy(keys, 0, "a", "b"), 10);
  assert.equal(keys.size, 2);
  keys.acknowledge(10);
  assert.equal(seenBy(keys, 0, "a", "b"), 0);
  keys.stamp(20);
  assert.equal(seenBy(keys, 0, "a"), 20);
});

Deno.test("a key of an earlier unit is seen although the unit that runs touches it in the next generation", () => {
  const keys = new UncommittedKeys(DATABASES);
  touch(keys, 0, "first");
  keys.stamp(10);
  touch(keys, 0, "a");
  keys.stamp(20);
  // The generation of both is the old one now.
  keys.acknowledge(10);
  touch(keys, 0, "a");
  assert.equal(seenBy(keys, 0, "a"), 20);
});

Deno.test("a database that was emptied is waited for as a whole", () => {
  const keys = new UncommittedKeys(DATABASES);
  touch(keys, 0, "a");
  keys.stamp(10);
  keys.databaseChanged(0);
  keys.databaseChanged(2);
  assert.equal(seenBy(keys, 2, "a"), 0);
  keys.stamp(20);
  assert.equal(seenBy(keys, 0, "other"), 20);
  assert.equal(seenBy(keys, 1, "other"), 0);
  assert.equal(seenBy(keys, 2, "other"), 20);
  touch(keys, 0, "a");
  keys.stamp(30);
  assert.equal(seenBy(keys, 0, "a"), 30);
  keys.acknowledge(20);
  assert.equal(seenBy(keys, 0, "other"), 0);
  assert.equal(seenBy(keys, 0, "a"), 30);
});

Deno.test("nothing is left after clear, and offsets begin anew", () => {
  const keys = new UncommittedKeys(DATABASES);
  touch(keys, 0, "a");
  keys.databaseChanged(1);
  keys.stamp(1000);
  keys.acknowledge(500);
  touch(keys, 0, "b");
  keys.clear();
  keys.stamp(5);
  assert.ok(!keys.hasDirt);
  assert.equal(keys.size, 0);
  touch(keys, 0, "a");
  keys.stamp(7);
  assert.equal(seenBy(keys, 0, "a"), 7);
  assert.equal(seenBy(keys, 0, "b"), 0);
  assert.equal(seenBy(keys, 1, "b"), 0);
});

Deno.test("tens of thousands of keys of one unit, and of many", () => {
  const keys = new UncommittedKeys(DATABASES);
  const count = 30_000;
  touch(keys, 0, "7");
  keys.stamp(1);
  for (let i = 0; i < count; i++) touch(keys, 0, String(i));
  assert.equal(seenBy(keys, 0, "7"), 1);
  keys.stamp(2);
  for (let i = 0; i < count; i++) assert.equal(offsetOf(keys, 0, String(i)), 2);
  assert.equal(keys.size, count);
  for (let i = 0; i < count; i++) {
    touch(keys, 0, String(i));
    keys.stamp(3 + i);
    if (i % 1000 === 0) keys.acknowledge(i);
  }
  for (let i = 0; i < count; i++) {
    const offset = 3 + i;
    assert.equal(offsetOf(keys, 0, String(i)), offset > count - 1000 ? offset : -1);
  }
  keys.acknowledge(count + 3);
  assert.equal(keys.size, 0);
});

Deno.test("any database that is not durable is dirt, and acknowledging where there is none does nothing", () => {
  const keys = new UncommittedKeys(DATABASES);
  keys.acknowledge(10);
  assert.deepEqual([keys.hasDirt, keys.size, offsetOf(keys, 0, "nosuch")], [false, 0, -1]);
  touch(keys, 1, "a");
  touch(keys, 2, "a");
  keys.stamp(20);
  assert.deepEqual([keys.hasDirt, keys.size], [true, 2]);
  keys.acknowledge(20);
  assert.deepEqual([keys.hasDirt, keys.size], [false, 0]);
});

Deno.test("what a burst has taken is given back when fewer keys follow it", () => {
  const keys = new UncommittedKeys(DATABASES);
  const idle = keys.memoryBytes;
  for (let i = 0; i < 50_000; i++) touch(keys, 0, String(i));
  keys.stamp(1);
  assert.ok(keys.memoryBytes > 50_000 * 8);
  for (let offset = 2; offset <= 5; offset++) {
    touch(keys, 0, "a");
    keys.stamp(offset);
    keys.acknowledge(offset - 1);
  }
  assert.equal(keys.memoryBytes, idle);
  assert.equal(offsetOf(keys, 0, "a"), 5);
});

type Step =
  | { do: "touch"; database: number; key: number }
  | { do: "flush"; databases: number[] }
  | { do: "stamp"; bytes: number }
  | { do: "acknowledge"; part: number }
  | { do: "look"; database: number; keys: number[] }
  | { do: "clear" };

const KEYS_MAX = 400;
const aDatabase = fc.integer({ min: 0, max: DATABASES - 1 });
const aKey = fc.integer({ min: 0, max: KEYS_MAX - 1 });
const steps = fc.array(
  fc.oneof(
    { weight: 60, arbitrary: fc.record({ do: fc.constant("touch"), database: aDatabase, key: aKey }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("flush"), databases: fc.array(aDatabase, { maxLength: 3 }) }),
    },
    { weight: 40, arbitrary: fc.record({ do: fc.constant("stamp"), bytes: fc.nat(5) }) },
    {
      weight: 15,
      arbitrary: fc.record({
        do: fc.constant("acknowledge"),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 30,
      arbitrary: fc.record({ do: fc.constant("look"), database: aDatabase, keys: fc.array(aKey) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("clear") }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 3000, size: "max" },
);

/** The same with maps. */
class Model {
  readonly keys = new Map<string, number>();
  readonly databases = new Map<number, number>();
  readonly touched = new Set<string>();
  readonly flushed = new Set<number>();
  acked = 0;

  stamp(offset: number): void {
    for (const key of this.touched) this.keys.set(key, offset);
    for (const database of this.flushed) this.databases.set(database, offset);
    this.touched.clear();
    this.flushed.clear();
  }

  offsetOf(database: number, key: number): number {
    const offset = Math.max(this.keys.get(`${database} ${key}`) ?? 0, this.databases.get(database) ?? 0);
    return offset > this.acked ? offset : -1;
  }

  get size(): number {
    const dirty = [...this.keys].filter(([, offset]) => offset > this.acked).map(([key]) => key);
    return new Set([...dirty, ...this.touched]).size;
  }

  get hasDirt(): boolean {
    return [...this.keys.values(), ...this.databases.values()].some((offset) => offset > this.acked);
  }
}

Deno.test("any run of touches, stamps, acknowledgements and flushes is as with maps", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const keys = new UncommittedKeys(DATABASES);
      let model = new Model();
      let offset = 0;
      for (const step of run) {
        switch (step.do) {
          case "touch":
            touch(keys, step.database, String(step.key));
            model.touched.add(`${step.database} ${step.key}`);
            break;
          case "flush":
            for (const database of step.databases) {
              keys.databaseChanged(database);
              model.flushed.add(database);
            }
            break;
          case "stamp":
            offset += step.bytes;
            keys.stamp(offset);
            model.stamp(offset);
            break;
          case "acknowledge":
            model.acked = Math.max(model.acked, Math.floor(offset * step.part));
            keys.acknowledge(model.acked);
            break;
          case "look": {
            const expected = step.keys.map((key) => model.offsetOf(step.database, key));
            assert.equal(seenBy(keys, step.database, ...step.keys.map(String)), Math.max(0, ...expected));
            break;
          }
          case "clear":
            keys.clear();
            model = new Model();
            offset = 0;
        }
        assert.equal(keys.hasDirt, model.hasDirt);
      }
      assert.equal(keys.size, model.size);
      for (let database = 0; database < DATABASES; database++) {
        for (let key = 0; key < KEYS_MAX; key++) {
          assert.equal(offsetOf(keys, database, String(key)), model.offsetOf(database, key));
        }
      }
    }),
    { numRuns: 150 },
  );
});
