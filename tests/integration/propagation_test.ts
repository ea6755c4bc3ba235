// What is propagated where redis-server 7.0 cannot be asked: what goes without a command, who waits for keys, messages,
// the commands that only Valkey has, and that repeating what was propagated leads to the same keys.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { TO_REPLICAS } from "../../core/server/feed/feed_stream.ts";
import { eventually } from "../harness/mod.ts";
import { assertSameCommands, FedServer, type MemoryClient } from "../interop/fed_server.ts";
import type { Command } from "../interop/compare_replies.ts";
import { bitmapCommand } from "../interop/random_bitmap_commands.ts";
import { geoCommand } from "../interop/random_geo_commands.ts";
import { hashCommand } from "../interop/random_hash_commands.ts";
import { listCommand } from "../interop/random_list_commands.ts";
import { setCommand } from "../interop/random_set_commands.ts";
import { streamCommands } from "../interop/random_stream_commands.ts";
import { stringCommand } from "../interop/random_string_commands.ts";
import { zsetCommand } from "../interop/random_zset_commands.ts";
import { commandLines } from "../interop/server_pair.ts";

/** Runs a scene on a new server and gives what was propagated behind its first line. */
async function play(
  scene: string,
  act: (fed: FedServer, client: MemoryClient) => Promise<void> | void = () => {},
  args: string[] = [],
  target?: number,
): Promise<string[]> {
  const fed = new FedServer(args, target);
  try {
    const client = fed.connect();
    await client.run(commandLines(scene));
    await act(fed, client);
    return fed.commands().map((words) => words.join(" "));
  } finally {
    fed.stop();
  }
}

/** A time in the past that no key may be set to: the clock has to come to it. */
async function untilPast(fed: FedServer, milliseconds: number): Promise<void> {
  const { clock } = fed.server.keyspace;
  const end = clock.update() + milliseconds;
  await eventually(() => clock.update() > end, { everyMilliseconds: 1 });
}

Deno.test("a key whose time has come is deleted in front of the command that met it, as one transaction", async () => {
  const found = await play("MSET a 1 b 2 c 3", async (fed, client) => {
    await client.run([["PEXPIREAT", "a", "9999999999999"]]);
    for (const key of ["a", "b", "c"]) expireSoon(fed, key);
    await untilPast(fed, 1);
    await client.run([["GET", "a"], ["SET", "b", "x"], ["EXISTS", "nosuch"]]);
    fed.server.expire.slowCycle(fed.server.expireOptions);
  });
  assert.deepEqual(found.slice(3), ["DEL a", "MULTI", "DEL b", "SET b x", "EXEC", "DEL c"]);
});

/** Sets a key's time past the commands, so that nothing is propagated. */
function expireSoon(fed: FedServer, key: string): void {
  const db = fed.server.keyspace.databases[0];
  const bytes = new TextEncoder().encode(key);
  db.setExpire(db.lookupWrite(bytes, 0, bytes.length), fed.server.keyspace.clock.ms + 1);
}

Deno.test("with lazyfree-lazy-expire it is UNLINK; in EXEC it belongs to the transaction", async () => {
  const found = await play("MSET a 1 b 2", async (fed, client) => {
    for (const key of ["a", "b"]) expireSoon(fed, key);
    await untilPast(fed, 1);
    await client.run([["MULTI"], ["GET", "a"], ["GET", "b"], ["EXEC"]]);
  }, ["--lazyfree-lazy-expire", "yes"]);
  assert.deepEqual(found.slice(2), ["MULTI", "UNLINK a", "UNLINK b", "EXEC"]);
});

Deno.test("evicted keys are deleted one by one, before the command that needed room", async () => {
  const scene = "MSET a 1 b 2\nCONFIG SET maxmemory-policy allkeys-random maxmemory 1\nSET c 1";
  const found = await play(scene);
  assert.deepEqual(found.slice(0, 2), ["SELECT 0", "MSET a 1 b 2"]);
  assert.deepEqual(found.slice(2).sort(), ["DEL a", "DEL b"]);
});

Deno.test("fields that expire are deleted by HDEL, the hash with the last one", async () => {
  const found = await play("HSET h f 1 g 2 i 3\nHPEXPIRE h 1 FIELDS 2 f g", async (fed) => {
    await untilPast(fed, 1);
    fed.server.expire.slowCycle(fed.server.expireOptions);
  });
  assertSameCommands([found[2].split(" ")], [["HPEXPIREAT", "h", `${Date.now()}`, "FIELDS", "2", "f", "g"]]);
  assert.deepEqual(found.slice(3).map((line) => line.split(" ").sort().join(" ")), ["HDEL f g h"]);
});

Deno.test("who waited for a key takes it in a unit of its own, behind the one that made it", async () => {
  const found = await play("SET a 1", async (fed, client) => {
    const waiting = [["BLPOP", "l", "0"], ["BLMOVE", "l", "m", "LEFT", "RIGHT", "0"], ["BZPOPMIN", "z", "0"]];
    for (const command of waiting) {
      const { keyCount } = fed.server.waiters;
      fed.connect().send([["SELECT", "0"], command]);
      await eventually(() => fed.server.waiters.keyCount >= Math.max(1, keyCount) && allWait(fed));
    }
    await client.run([["MULTI"], ["RPUSH", "l", "1", "2"], ["ZADD", "z", "1", "m"], ["EXEC"]]);
  });
  assert.deepEqual(found.slice(2), [
    ...["MULTI", "RPUSH l 1 2", "ZADD z 1 m", "EXEC"],
    ...["LPOP l", "LMOVE l m LEFT RIGHT", "ZPOPMIN z"],
  ]);
});

/** Every client but the first waits. */
function allWait(fed: FedServer): boolean {
  return [...fed.server.clients.all()].slice(1).every((client) => client.blocking !== null);
}

Deno.test("messages are for replicas only", async () => {
  const scene = "SET a 1\nPUBLISH ch m\nMULTI\nSPUBLISH sh m\nSET a 2\nEXEC";
  assert.deepEqual(await play(scene), ["SELECT 0", "SET a 1", "SET a 2"]);
  assert.deepEqual(
    await play(scene, undefined, [], TO_REPLICAS),
    ["SELECT 0", "SET a 1", "PUBLISH ch m", "MULTI", "SPUBLISH sh m", "SET a 2", "EXEC"],
  );
});

Deno.test("what only Valkey has", async () => {
  const scene = `
    SET a 1 EXAT 1
    SET a 1
    SET a 1 EXAT 1
    SET a 1 PX -5
    SET b x
    DELIFEQ b y
    DELIFEQ b x
    MSETEX 2 c 1 d 2 NX PXAT 3000000000000
    MSETEX 2 c 1 d 2 EXAT 1
    HSET h f 1 g 2 i 3
    HSETEX h FNX PXAT 3000000000000 FIELDS 1 f x
    HSETEX h FXX EXAT 3000000000 FIELDS 2 f x g y
    HSETEX h PXAT 3000000000000 FIELDS 1 f x
    HSETEX h KEEPTTL FIELDS 1 f x
    HINCRBY h i 1
    HINCRBYFLOAT h g2 1.5
    HSETNX h new 1
    HSETNX h new 2
    HGETEX h FIELDS 1 f
    HGETEX h EXAT 3000000000 FIELDS 3 f nosuch i
    HINCRBY h i 2
    HINCRBYFLOAT h i 0.5
    HGETEX h PERSIST FIELDS 3 f g nosuch
    HEXPIREAT h 3000000000 NX FIELDS 2 f g
    hpexpireat h 3000000000000 FIELDS 1 f
    HPERSIST h FIELDS 2 f g
    HEXPIRE h 0 FIELDS 2 f nosuch
    HSETEX h EXAT 1 FIELDS 2 g x nosuch y
    HGETEX h PXAT 1 FIELDS 1 new
    HGETDEL h FIELDS 2 i nosuch
    HGETDEL h FIELDS 1 nosuch`;
  assert.deepEqual((await play(scene)).slice(1), [
    "SET a 1",
    "DEL a",
    "SET b x",
    "DEL b",
    "MSETEX 2 c 1 d 2 PXAT 3000000000000",
    "DEL c d",
    "HSET h f 1 g 2 i 3",
    "HSETEX h PXAT 3000000000000 FIELDS 2 f x g y",
    "HSETEX h PXAT 3000000000000 FIELDS 1 f x",
    "HSETEX h KEEPTTL FIELDS 1 f x",
    "HSET h i 4",
    "HSET h g2 1.5",
    "HSET h new 1",
    "HPEXPIREAT h 3000000000000 FIELDS 2 f i",
    "HSETEX h PXAT 3000000000000 FIELDS 1 i 6",
    "HSETEX h PXAT 3000000000000 FIELDS 1 i 6.5",
    "HPERSIST h FIELDS 2 f g",
    "HPEXPIREAT h 3000000000000 NX FIELDS 2 f g",
    "hpexpireat h 3000000000000 FIELDS 1 f",
    "HPERSIST h FIELDS 2 f g",
    "HDEL h f",
    "HDEL h g",
    "HDEL h new",
    "HDEL h i",
  ]);
});

Deno.test("SPOP is propagated as what it took, and repeating it leads to the same set", async () => {
  const members = Array.from({ length: 3000 }, (_, index) => `member-${index}`).join(" ");
  const scene = `SADD s ${members}\nSPOP s\nSPOP s 1500\nSADD t a b c d\nSPOP t 2`;
  const first = new FedServer();
  const second = new FedServer();
  try {
    await first.connect().run(commandLines(scene));
    const fed = first.commands();
    assert.deepEqual(
      fed.map((words) => `${words[0]} ${words.length}`).filter((words) => words.startsWith("S")),
      ["SELECT 2", "SADD 3002", "SREM 3", "SREM 1026", "SREM 478", "SADD 6", "SREM 4"],
    );
    await second.connect().run(fed);
    for (const key of ["s", "t"]) assert.deepEqual(await membersOf(second, key), await membersOf(first, key));
  } finally {
    first.stop();
    second.stop();
  }
});

const one = (arbitrary: fc.Arbitrary<Command>) => arbitrary.map((command) => [command]);
const anyCommands: fc.Arbitrary<Command[]> = fc.oneof(
  ...[stringCommand, bitmapCommand, hashCommand, listCommand, setCommand, zsetCommand, geoCommand].map(one),
  streamCommands,
  one(fc.constantFrom(
    ["SPOP", "a", "2"],
    ["SPOP", "b"],
    ["HSETEX", "a", "EX", "100", "FIELDS", "1", "f", "1"],
    ["HSETEX", "a", "KEEPTTL", "FIELDS", "1", "f", "2"],
    ["HGETEX", "a", "PERSIST", "FIELDS", "1", "f"],
    ["HGETDEL", "a", "FIELDS", "2", "f", "g"],
    ["MSETEX", "2", "a", "1", "c", "2", "PX", "100000"],
    ["EXPIRE", "b", "1000", "NX"],
    ["COPY", "a", "c", "REPLACE"],
    ["RENAME", "b", "a"],
    ["MOVE", "a", "1"],
    ["SWAPDB", "0", "1"],
    ["DEL", "a", "b"],
    ["FLUSHDB"],
  )),
);

Deno.test("repeating what was propagated leads to the same dataset", async () => {
  const first = new FedServer();
  const second = new FedServer();
  const [client, repeating] = [first.connect(), second.connect()];
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCommands, { minLength: 20, maxLength: 200, size: "max" }),
        async (lists) => {
          const from = first.stream.offset;
          const again = second.stream.offset;
          // LIMIT beside an exact trim, as it is propagated, is for those alone who load a log.
          const commands = lists.flat().filter((words) =>
            !words.some((word) => /^limit$/i.test(String(word)) && /^x/i.test(String(words[0])))
          );
          await client.run([["FLUSHALL"], ["SELECT", "0"], ...commands, ["SELECT", "0"]]);
          const fed = first.commands(from);
          await repeating.run([["SELECT", `${fedDatabase}`], ...fed.map((words) => words.map(latin1Bytes))]);
          fedDatabase = Number(fed.findLast(([name]) => name === "SELECT")?.[1] ?? fedDatabase);
          assert.equal(await digestOf(repeating), await digestOf(client), JSON.stringify(fed));
          // What is propagated is repeated as it stands: nothing is left to rewrite.
          assert.deepEqual(
            second.commands(again).map((words) => words.join(" ")),
            fed.map((words) => words.join(" ")),
          );
        },
      ),
      { numRuns: 100 },
    );
  } finally {
    first.stop();
    second.stop();
  }
});

/** Which database the stream is in where a run begins. */
let fedDatabase = 0;

function digestOf(client: MemoryClient): Promise<string> {
  return client.reply(["DEBUG", "DIGEST"]);
}

async function membersOf(fed: FedServer, key: string): Promise<string[]> {
  const reply = await fed.connect().reply(["SMEMBERS", key]);
  return reply.split("\r\n").filter((line) => /^(member-|[a-d]$)/.test(line)).sort();
}

Deno.test("a stream that is attached later begins with its own SELECT; a detached one gets nothing more", async () => {
  const fed = new FedServer();
  const client = fed.connect();
  await client.run([["SET", "a", "1"]]);
  const pieces: [string, number][] = [];
  const append = (bytes: Uint8Array, offset: number) =>
    void pieces.push([new TextDecoder().decode(bytes), offset]);
  const late = fed.server.propagation.attach({ target: TO_REPLICAS, append }, 1000);
  await client.run([["SET", "b", "1"]]);
  const text = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n";
  assert.equal(late.offset, 1000 + text.length);
  fed.server.propagation.detach(late);
  await client.run([["SET", "c", "1"]]);
  assert.deepEqual(pieces, [[text, 1000]]);
  fed.server.propagation.detach(fed.stream);
  assert.equal(fed.server.propagation.active, false);
  fed.stop();
});
