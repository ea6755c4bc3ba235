// Random writers, a log that becomes durable in random steps, and listeners of each sort: at every moment each has been
// told exactly what is durable, in order. Nothing is early, nothing is lost.
import assert from "node:assert/strict";
import fc from "fast-check";
import { HeldServer, type Peer } from "./held_server.ts";

const KEYS = ["a", "b", "c", "d"];
const RUNS = 40;

type Change = { set: string } | { delete: string };
type Step =
  | { write: Change[]; by: number; together: boolean }
  | { read: string[] }
  | { durable: number }
  | "flush"
  | "restart";

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: fc.constantFrom(...KEYS) }) },
  { weight: 1, arbitrary: fc.record({ delete: fc.constantFrom(...KEYS) }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      write: fc.array(change, { minLength: 1, maxLength: 4 }),
      by: fc.integer({ min: 0, max: 2 }),
      together: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ read: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 }) }) },
  { weight: 5, arbitrary: fc.record({ durable: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 1, arbitrary: fc.constantFrom("flush" as const, "restart" as const) },
);

/** What a listener must get, each with the offset that it waits for. */
class Expected {
  #told: { text: string; offset: number }[] = [];

  add(text: string, offset: number): void {
    this.#told.push({ text, offset });
  }

  /** All that is due where the log is durable below `offset`. */
  take(offset: number): string {
    const end = this.#told.findIndex((one) => one.offset > offset);
    return this.#told.splice(0, end < 0 ? this.#told.length : end).map(({ text }) => text).join("");
  }
}

/** The scene and its model. The caches have their messages sent to clients whose own replies never wait. */
class Scene {
  readonly #present = new Set<string>();
  readonly #cached = new Set<string>();
  readonly #events = new Expected();
  readonly #readers = new Expected();
  readonly #broad = new Expected();
  readonly #others = new Expected();
  #durable = 0;

  private constructor(
    readonly server: HeldServer,
    readonly writers: Peer[],
    readonly cache: Peer,
    readonly listeners: { events: Peer; readers: Peer; broad: Peer; others: Peer },
  ) {}

  static async open(server: HeldServer): Promise<Scene> {
    const three = { protocol: 3 } as const;
    const listeners = {
      events: await server.connect(three),
      readers: await server.connect(three),
      broad: await server.connect(three),
      others: await server.connect(three),
    };
    await listeners.events.ask(["PSUBSCRIBE", "__keyspace@0__:*"]);
    const cache = await server.connect(three);
    await cache.ask(["CLIENT", "TRACKING", "ON", "REDIRECT", `${listeners.readers.id}`]);
    const writers = [await server.connect(three), await server.connect(three), await server.connect(three)];
    await writers[1].ask(["CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", `${listeners.broad.id}`]);
    await writers[2].ask([
      "CLIENT",
      "TRACKING",
      "ON",
      "BCAST",
      "NOLOOP",
      "REDIRECT",
      `${listeners.others.id}`,
    ]);
    return new Scene(server, writers, cache, listeners);
  }

  async run(step: Step): Promise<void> {
    if (step === "flush") await this.#flush();
    else if (step === "restart") await this.#restart();
    else if ("read" in step) await this.#read(step.read);
    else if ("durable" in step) {
      this.#durable += Math.floor((this.server.offset - this.#durable) * step.durable);
      await this.server.durable(this.#durable);
    } else await this.#write(step);
    this.check();
  }

  /** Each listener has got what is due, and nothing else. */
  check(): void {
    const { events, readers, broad, others } = this.listeners;
    assert.equal(events.take(), this.#events.take(this.#durable), "events");
    assert.equal(readers.take(), this.#readers.take(this.#durable), "invalidations of what was read");
    assert.equal(broad.take(), this.#broad.take(this.#durable), "broadcasts");
    assert.equal(others.take(), this.#others.take(this.#durable), "broadcasts of others' changes");
  }

  async #write({ write, by, together }: { write: Change[]; by: number; together: boolean }): Promise<void> {
    const { server } = this;
    const commands = write.map((one) => "set" in one ? ["SET", one.set, "v"] : ["DEL", one.delete]);
    const from = server.offset;
    await this.writers[by].run(...(together ? [["MULTI"], ...commands, ["EXEC"]] : commands));
    const changed = write.filter((one) => {
      if ("set" in one) return this.#present.add(one.set);
      return this.#present.delete(one.delete);
    });
    if (changed.length === 0) return;
    const ends = unitEnds(server.fed.commands(from), from);
    assert.equal(ends.length, together ? 1 : changed.length);
    assert.equal(ends.at(-1), server.offset);
    changed.forEach((one, index) => {
      const key = "set" in one ? one.set : one.delete;
      const offset = together ? ends[0] : ends[index];
      this.#events.add(event(key, "set" in one ? "set" : "del"), offset);
      if (this.#cached.delete(key)) this.#readers.add(invalidation([key]), offset);
    });
    const keys = [...new Set(changed.map((one) => "set" in one ? one.set : one.delete))].sort();
    this.#broad.add(invalidation(keys), server.offset);
    if (by !== 2) this.#others.add(invalidation(keys), server.offset);
  }

  async #read(keys: string[]): Promise<void> {
    await this.cache.run(...keys.map((key) => ["GET", key]));
    for (const key of keys) this.#cached.add(key);
  }

  async #flush(): Promise<void> {
    await this.writers[0].run(["FLUSHALL"]);
    this.#present.clear();
    this.#cached.clear();
    for (const each of [this.#readers, this.#broad, this.#others]) each.add(EVERYTHING, this.server.offset);
  }

  /** The log is switched off and on: all that waits is told at once. */
  async #restart(): Promise<void> {
    this.server.release();
    this.#durable = this.server.offset;
    this.server.hold();
    await this.server.durable();
  }
}

const EVERYTHING = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function invalidation(keys: string[]): string {
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map(bulk).join("")}`;
}

function event(key: string, name: string): string {
  return `>4\r\n${["pmessage", "__keyspace@0__:*", `__keyspace@0__:${key}`, name].map(bulk).join("")}`;
}

/** Where in the stream each unit ends: a command, or MULTI with all up to EXEC. */
function unitEnds(commands: string[][], from: number): number[] {
  const ends: number[] = [];
  let at = from;
  let inTransaction = false;
  for (const words of commands) {
    at += `*${words.length}\r\n`.length + words.map((word) => bulk(word).length).reduce((a, b) => a + b);
    if (words[0] === "MULTI") inTransaction = true;
    else if (words[0] === "EXEC") inTransaction = false;
    if (!inTransaction && words[0] !== "SELECT") ends.push(at);
  }
  return ends;
}

Deno.test("whatever is written and whenever it becomes durable, each is told what is durable, no less, no more", async () => {
  const scenes = fc.array(step, { maxLength: 120, size: "max" });
  await fc.assert(
    fc.asyncProperty(scenes, async (steps) => {
      const server = new HeldServer(["--notify-keyspace-events", "Kg$"]);
      try {
        const scene = await Scene.open(server);
        for (const each of steps) await scene.run(each);
        await scene.run({ durable: 1 });
        assert.equal(server.server.durability.deliveries.count, 0);
        assert.equal(server.server.durability.deliveries.bytes, 0);
      } finally {
        server.stop();
      }
    }),
    { numRuns: RUNS },
  );
});
