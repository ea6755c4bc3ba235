// Random clients over a log that becomes durable bit by bit: what each has received is, at any moment, exactly the replies in
// front of the first one that tells something which is not durable, by a model that knows nothing of boundaries.
import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryConnection } from "../../core/net/memory_connection.ts";
import { encodeCommands, pause } from "../harness/mod.ts";
import { FedServer } from "../interop/fed_server.ts";

const CLIENTS = 3;
const KEYS = ["a", "b", "c"];

interface Request {
  /** Sent at once; what all but the last reply tells is never news. */
  lines: string[];
  /** Keys that it looks up, and those of them that it changes where it changes anything. */
  sees: string[];
  changes: string[];
  isGlobal?: boolean;
}

const key = fc.constantFrom(...KEYS);
const read = (line: string, sees: string[]): Request => ({ lines: [line], sees, changes: [] });
const write = (line: string, changes: string[]): Request => ({ lines: [line], sees: changes, changes });
const command: fc.Arbitrary<Request> = fc.oneof(
  key.map((name) => write(`INCR ${name}`, [name])),
  key.map((name) => read(`GET ${name}`, [name])),
  key.map((name) => write(`DEL ${name}`, [name])),
  key.map((name) => write(`APPEND ${name} ${"7".repeat(300)}`, [name])),
  fc.constant(read("MGET a b c", KEYS)),
  fc.constant(write("MSET a 1 b 2", ["a", "b"])),
  fc.constant(write("FLUSHALL", KEYS)),
  fc.constant(read("PING", [])),
  fc.constant<Request>({ ...read("DBSIZE", []), isGlobal: true }),
  fc.tuple(key, key).map(([changed, seen]): Request => ({
    lines: ["MULTI", `INCR ${changed}`, `GET ${seen}`, "EXEC"],
    sees: [changed, seen],
    changes: [changed],
  })),
  key.map((name): Request => ({ lines: ["MULTI", `STRLEN ${name}`, "EXEC"], sees: [name], changes: [] })),
  fc.constant<Request>({ lines: ["MULTI", "DBSIZE", "EXEC"], sees: [], changes: [], isGlobal: true }),
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("run" as const), client: fc.nat(CLIENTS - 1), command }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("sync" as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stall" as const), client: fc.nat(CLIENTS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("go" as const), client: fc.nat(CLIENTS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("short" as const),
      client: fc.nat(CLIENTS - 1),
      bytes: fc.integer({ min: 1, max: 50 }),
    }),
  },
);

/** A client, what it should have been told, and what each reply waits for. */
class Reader {
  readonly connection = new MemoryConnection();
  readonly replies: { text: string; needs: number }[] = [];
  received = "";

  /** What may have come when the log is durable up to `durable`. */
  allowed(durable: number): string {
    let text = "";
    for (const reply of this.replies) {
      if (reply.needs > durable) break;
      text += reply.text;
    }
    return text;
  }
}

Deno.test("nobody is ever told what is not durable, and everybody is told everything in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const held = new FedServer();
      // The same commands run here, where nothing waits: what the replies are.
      const plain = new FedServer();
      const oracle = plain.connect().connection;
      let durable = 0;
      const { stream, server } = held;
      held.hold(() => durable);
      const readers = Array.from({ length: CLIENTS }, () => new Reader());
      for (const { connection } of readers) held.join(connection);
      /** By key: the end of the stream behind its last change. */
      const changed = new Map<string, number>();
      try {
        for (const each of steps) {
          if (each.kind === "run") {
            const reader = readers[each.client];
            const { lines, sees, changes, isGlobal } = each.command;
            const words = lines.map((line) => line.split(" "));
            const before = stream.offset;
            // Keys as they were: a write that changes nothing tells of them.
            const seen = Math.max(0, ...sees.map((name) => changed.get(name) ?? 0));
            reader.connection.send(encodeCommands(words));
            await pause(0);
            const wrote = stream.offset > before;
            if (wrote) { for (const name of changes) changed.set(name, stream.offset); }
            const needs = wrote || isGlobal ? stream.offset : seen;
            for (let index = 0; index < words.length; index++) {
              const isLast = index === words.length - 1;
              oracle.send(encodeCommands([words[index]]));
              await pause(0);
              reader.replies.push({ text: oracle.received(), needs: isLast ? needs : 0 });
            }
          } else if (each.kind === "sync") {
            durable += Math.floor((stream.offset - durable) * each.part);
            server.wake();
          } else if (each.kind === "stall") readers[each.client].connection.stalled = true;
          else if (each.kind === "go") readers[each.client].connection.release();
          else readers[each.client].connection.writeBytesMax = each.bytes;
          await pause(0);
          for (const reader of readers) {
            reader.received += reader.connection.received();
            const allowed = reader.allowed(durable);
            if (reader.connection.stalled) assert.ok(allowed.startsWith(reader.received));
            else assert.equal(reader.received, allowed);
          }
        }
        durable = stream.offset;
        server.wake();
        await pause(0);
        for (const reader of readers) {
          reader.connection.release();
          await pause(0);
          reader.received += reader.connection.received();
          assert.equal(reader.received, reader.allowed(Infinity));
        }
        assert.equal(server.durability.waitingClients, 0);
        assert.equal(server.durability.uncommitted.size, 0);
      } finally {
        held.stop();
        plain.stop();
      }
    }),
    { numRuns: 150 },
  );
});
