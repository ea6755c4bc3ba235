// Whatever a reader gets at once is what a server that starts from the durable log would tell him: random commands of every
// type over a log that has stopped to become durable, and the same reads where only its durable part was run.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import type { Client } from "../../core/net/client.ts";
import { MemoryConnection } from "../../core/net/memory_connection.ts";
import { encodeCommands, pause } from "../harness/mod.ts";
import type { Command } from "../interop/compare_replies.ts";
import { FedServer } from "../interop/fed_server.ts";
import { bitmapCommand } from "../interop/random_bitmap_commands.ts";
import { geoCommand } from "../interop/random_geo_commands.ts";
import { hashCommand } from "../interop/random_hash_commands.ts";
import { listCommand } from "../interop/random_list_commands.ts";
import { setCommand } from "../interop/random_set_commands.ts";
import { streamCommands } from "../interop/random_stream_commands.ts";
import { stringCommand } from "../interop/random_string_commands.ts";
import { zsetCommand } from "../interop/random_zset_commands.ts";
import { commandLines } from "../interop/server_pair.ts";

const one = (arbitrary: fc.Arbitrary<Command>) => arbitrary.map((command) => [command]);
const anyCommands: fc.Arbitrary<Command[]> = fc.oneof(
  ...[stringCommand, bitmapCommand, hashCommand, listCommand, setCommand, zsetCommand, geoCommand].map(one),
  streamCommands,
  one(
    fc.constantFrom(
      ...commandLines("MULTI\nEXEC\nDISCARD\nFLUSHDB\nFLUSHALL\nSWAPDB 0 1\nSELECT 1\nSELECT 0"),
    ),
  ),
);

/** Reads of a key whose replies depend on nothing but what is stored, in some order. */
const READS = [
  "TYPE",
  "EXISTS",
  "GET",
  "STRLEN",
  "BITCOUNT",
  "LRANGE # 0 -1",
  "SMEMBERS",
  "SORT # ALPHA",
  "ZRANGE # 0 -1 WITHSCORES",
  "HGETALL",
  "XRANGE # - +",
  "XLEN",
  "XPENDING # g",
  "SINTERCARD 2 # #",
].map((line) => line.includes("#") ? line : `${line} #`);

/** A server whose log is durable as far as `durable` says. */
class Frozen implements Disposable {
  readonly fed = new FedServer();
  durable = Infinity;

  constructor() {
    this.fed.hold(() => Math.min(this.durable, this.fed.stream.offset));
  }

  /** `role`: as who the log's commands are run. */
  connect(role?: Client["role"]): MemoryConnection {
    const connection = new MemoryConnection();
    this.fed.join(connection, role);
    return connection;
  }

  /** Sends all these commands, each by a client of its own, and gives what has come. */
  async ask(database: number, lines: string[]): Promise<string[]> {
    const peers = lines.map((line) => {
      const peer = this.connect();
      peer.send(encodeCommands([["SELECT", `${database}`], line.split(" ")]));
      return peer;
    });
    await settle();
    return peers.map((peer) => {
      const received = peer.received();
      assert.ok(received.startsWith("+OK\r\n"));
      peer.end();
      return received.slice("+OK\r\n".length);
    });
  }

  async run(commands: Command[], role?: Client["role"]): Promise<void> {
    const peer = this.connect(role);
    peer.send(encodeCommands(commands));
    await settle();
    peer.end();
  }

  get keys(): string[] {
    const keys = new Set<string>(["nosuch"]);
    for (const { keys: table } of this.fed.server.keyspace.databases) {
      table.forEach((ref) => {
        const key = this.fed.server.keyspace.entries.keyBytes(ref);
        if (key.every((byte) => byte > 32 && byte < 127)) keys.add(String.fromCharCode(...key));
      });
    }
    return [...keys];
  }

  [Symbol.dispose](): void {
    this.fed.stop();
  }
}

async function settle(): Promise<void> {
  await pause(0);
  await pause(0);
}

/** Members of a set may come in any order. */
function sorted(reply: string): string {
  return reply.split("\r\n").sort().join("\r\n");
}

Deno.test("what a reader gets at once is what the durable log tells", async () => {
  const commands = fc.array(anyCommands, { minLength: 10, maxLength: 150, size: "max" });
  let flowed = 0;
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(
      commands,
      fc.array(anyCommands, { minLength: 1, maxLength: 8 }),
      async (before, after) => {
        using server = new Frozen();
        using recovered = new Frozen();
        await server.run([...before.flat(), ["EXEC"]]);
        const log = server.fed.commands();
        server.durable = server.fed.stream.offset;
        const keys = new Set(server.keys);
        await server.run([...after.flat(), ["EXEC"]]);
        for (const key of server.keys) keys.add(key);
        await recovered.run(log.map((words) => words.map(latin1Bytes)), "master");
        const lines = [...keys].flatMap((key) => READS.map((line) => line.replaceAll("#", key)));
        for (const database of [0, 1]) {
          const told = await server.ask(database, lines);
          const durable = await recovered.ask(database, lines);
          for (const [index, reply] of told.entries()) {
            if (reply === "") waited++;
            else {
              flowed++;
              assert.equal(sorted(reply), sorted(durable[index]), lines[index]);
            }
          }
        }
      },
    ),
    { numRuns: 25 },
  );
  assert.ok(flowed > 0 && waited > 0, `${flowed} replies came, ${waited} waited`);
});

Deno.test("a log repeats an approximate trim with LIMIT as the exact one that it was", async () => {
  using server = new Frozen();
  using recovered = new Frozen();
  await server.run(commandLines(`
    XADD s MAXLEN ~ 0 LIMIT 0 1-1 f 1
    XADD s MAXLEN ~ 2 LIMIT 10 2-1 f 1
    XADD s 3-1 f 1
    XTRIM s MINID ~ 2 LIMIT 5`));
  const log = server.fed.commands();
  assert.ok(log.some((words) => words.includes("LIMIT") && words.includes("=")), JSON.stringify(log));
  await recovered.run(log, "master");
  const reads = ["XRANGE s - +", "XINFO STREAM s"];
  assert.deepEqual(await recovered.ask(0, reads), await server.ask(0, reads));
  // Nobody else may say so.
  const [refused] = await recovered.ask(0, ["XADD s MAXLEN = 1 LIMIT 1 * f 1"]);
  assert.match(refused, /^-ERR syntax error, LIMIT cannot be used without the special ~ option/);
});
