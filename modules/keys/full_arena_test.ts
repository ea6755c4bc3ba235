// A full arena in the middle of any command: it answers -OOM (the handler throws ARENA_FULL), everything is as it was
// before, nothing leaks, and the next command works. Allocations fail one after the other, by injection.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import type { ServerServices } from "../../core/commands/server_services.ts";
import { datasetDigest } from "../../core/keyspace/digest.ts";
import type { Keyspace } from "../../core/keyspace/keyspace.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { Config } from "../../core/server/config/config.ts";
import { MemoryHost } from "../../core/server/config/memory_host.ts";
import { DumpService } from "../../core/server/dump_service.ts";
import { bitmapCommands } from "../bitmaps/commands.ts";
import { hashCommands } from "../hashes/commands.ts";
import { hyperLogLogCommands } from "../hyperloglog/commands.ts";
import { setCommands } from "../sets/commands.ts";
import { listCommands } from "../lists/commands.ts";
import { sortCommands } from "../sorting/sort_commands.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { deleteCommands } from "./delete_commands.ts";
import { dumpCommands } from "./dump_commands.ts";
import { expireCommands } from "./expire_commands.ts";
import { moveCommands } from "./move_commands.ts";

const MEGABYTE = 1024 * 1024;
const KEYS = ["a", "b", `c:${"long".repeat(20)}`];
const key = fc.constantFrom(...KEYS);
const text = fc.constantFrom("1", "text", "x".repeat(70), "y".repeat(600), "z".repeat(40_000));
const field = fc.nat(12).map((number) => `field:${number}`);

function words(...parts: (fc.Arbitrary<string | string[]> | string)[]): fc.Arbitrary<string[]> {
  return fc.tuple(...parts.map((part) => typeof part === "string" ? fc.constant(part) : part))
    .map((list) => (list as (string | string[])[]).flat());
}

const pairs = fc.array(fc.tuple(key, text), { minLength: 2, maxLength: 4 }).map((list) => list.flat());
const fields = fc.array(fc.tuple(field, text), { minLength: 2, maxLength: 12 }).map((list) => list.flat());

/** Few enough values that sets meet; short and long, so that they are intsets, listpacks and tables. */
const member = fc.oneof(
  fc.nat(12).map(String),
  fc.nat(12).map((number) => `${number * 2 ** 40}`),
  fc.nat(12).map((number) => `member ${number}`),
  fc.nat(3).map((number) => `${number}`.repeat(300)),
);
const members = fc.array(member, { minLength: 2, maxLength: 14 });

const texts = fc.array(text, { minLength: 2, maxLength: 6 });
const listKey = fc.constantFrom("l", "m", "a");
const index = fc.integer({ min: -4, max: 4 }).map(String);
const end = fc.constantFrom("LEFT", "RIGHT");

/** These look for room before they begin. */
const commandOnSeveral = fc.oneof(
  { weight: 2, arbitrary: words("MSET", pairs) },
  { weight: 1, arbitrary: words("MSETNX", pairs) },
  { weight: 4, arbitrary: words("HSET", key, fields) },
  { weight: 4, arbitrary: words(fc.constantFrom("LPUSH", "RPUSH"), listKey, texts) },
  { weight: 1, arbitrary: words("LREM", listKey, index, text) },
  { weight: 4, arbitrary: words("SADD", key, members) },
);

const command = fc.oneof(
  { weight: 3, arbitrary: words("SET", key, text) },
  { weight: 2, arbitrary: words("SET", key, text, fc.constantFrom(["EX", "100"], ["KEEPTTL"], ["GET"])) },
  { weight: 1, arbitrary: words("GETSET", key, text) },
  { weight: 2, arbitrary: words("APPEND", key, text) },
  { weight: 2, arbitrary: words("SETRANGE", key, fc.constantFrom("0", "50", "5000"), text) },
  { weight: 2, arbitrary: words("INCR", key) },
  { weight: 1, arbitrary: words("INCRBYFLOAT", key, fc.constantFrom("1.5", "1e40")) },
  { weight: 1, arbitrary: words("GETEX", key, "EX", "50") },
  { weight: 4, arbitrary: words("HSET", key, field, text) },
  { weight: 1, arbitrary: words("HSETNX", key, field, text) },
  { weight: 1, arbitrary: words("HINCRBY", key, field, "7") },
  { weight: 1, arbitrary: words("HINCRBYFLOAT", key, field, "0.5") },
  { weight: 1, arbitrary: words("HDEL", key, field) },
  { weight: 8, arbitrary: words(fc.constantFrom("LPUSH", "RPUSH"), listKey, text) },
  { weight: 3, arbitrary: words("LSET", listKey, index, text) },
  { weight: 3, arbitrary: words("LINSERT", listKey, fc.constantFrom("BEFORE", "AFTER"), text, text) },
  { weight: 2, arbitrary: words(fc.constantFrom("LPOP", "RPOP"), listKey, fc.constantFrom([], ["2"])) },
  { weight: 1, arbitrary: words("LTRIM", listKey, fc.constantFrom("0", "1"), fc.constantFrom("-1", "2")) },
  { weight: 3, arbitrary: words("LMOVE", listKey, listKey, end, end) },
  { weight: 1, arbitrary: words("LMPOP", "2", listKey, listKey, end, "COUNT", "3") },
  { weight: 1, arbitrary: words("SORT", listKey, "ALPHA", "STORE", listKey) },
  { weight: 2, arbitrary: words("EXPIRE", key, "100") },
  { weight: 1, arbitrary: words("PERSIST", key) },
  { weight: 2, arbitrary: words("RENAME", key, key) },
  { weight: 1, arbitrary: words("RENAMENX", key, key) },
  {
    weight: 2,
    arbitrary: words("COPY", key, key, fc.constantFrom([], ["REPLACE"], ["DB", "1"], ["DB", "1", "REPLACE"])),
  },
  { weight: 1, arbitrary: words("MOVE", key, "1") },
  { weight: 1, arbitrary: words("DEL", key) },
  { weight: 2, arbitrary: words("RESTORE-COPY", key, key) },
  { weight: 5, arbitrary: words("SADD", key, member) },
  { weight: 1, arbitrary: words("SREM", key, member) },
  { weight: 2, arbitrary: words("SMOVE", key, key, member) },
  { weight: 1, arbitrary: words("SPOP", key, fc.constantFrom("0", "100")) },
  { weight: 4, arbitrary: words(fc.constantFrom("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key, key, key) },
  { weight: 1, arbitrary: words(fc.constantFrom("SUNION", "SDIFF"), key, key) },
  { weight: 2, arbitrary: words("SETBIT", key, fc.constantFrom("3", "900", "90000"), "1") },
  { weight: 1, arbitrary: words("BITOP", fc.constantFrom("OR", "XOR"), key, key, key) },
  {
    weight: 1,
    arbitrary: words("BITFIELD", key, "INCRBY", "i40", fc.constantFrom("7", "70000"), "5", "GET", "u3", "1"),
  },
  { weight: 4, arbitrary: words("PFADD", key, members) },
  { weight: 1, arbitrary: words("PFMERGE", key, key, key) },
  { weight: 1, arbitrary: words("PFCOUNT", key) },
);

function rigOf(arenaBytes = 32 * MEGABYTE): CommandRig {
  const config = new Config(new MemoryHost());
  config.set([
    ["hash-max-listpack-entries", "8"],
    ["list-max-listpack-size", "3"],
    ["list-compress-depth", "1"],
    ["set-max-intset-entries", "6"],
    ["set-max-listpack-entries", "8"],
    ["hll-sparse-max-bytes", "60"],
  ], { local: true, loading: false });
  const rig = new CommandRig([
    ...stringCommands,
    ...hashCommands,
    ...listCommands,
    ...sortCommands,
    ...setCommands,
    ...bitmapCommands,
    ...hyperLogLogCommands,
    ...deleteCommands,
    ...expireCommands,
    ...moveCommands,
    ...dumpCommands,
  ], { arenaBytes, config: config.values as unknown as Record<string, unknown> });
  Object.assign(
    rig.server,
    { dumps: new DumpService(rig.keyspace, config) } satisfies Partial<ServerServices>,
  );
  return rig;
}

/** The command as it is sent: RESTORE-COPY restores one key's value over another. */
function sent(rig: CommandRig, command: string[]): (string | Uint8Array)[] | null {
  if (command[0] !== "RESTORE-COPY") return command;
  const reply = rig.raw("DUMP", command[1]);
  if (reply.startsWith("$-1")) return null;
  const payload = latin1Bytes(reply.slice(reply.indexOf("\r\n") + 2, -2));
  return ["RESTORE", command[2], "1000", payload, "REPLACE"];
}

/** All keys, values and expiries. */
function stateOf(rig: CommandRig): unknown {
  const { keyspace } = rig;
  const expiries: string[] = [];
  for (const database of keyspace.databases) {
    database.expires.forEach((ref) =>
      expiries.push(`${database.id} ${keyspace.entries.keyBytes(ref)} ${keyspace.entries.expireAt(ref)}`)
    );
    database.keys.forEach((ref) => {
      const inTable = database.expires.has(ref);
      assert.equal(keyspace.entries.expireAt(ref) >= 0, inTable, "an expiry and its table agree");
    });
  }
  return { digest: datasetDigest(keyspace), expiries: expiries.toSorted(), dirty: keyspace.dirty };
}

/** From now on the allocation with this number (the first is 1) fails; the returned function says whether it came. */
function failAllocation(keyspace: Keyspace, number: number): () => boolean {
  const { arena } = keyspace;
  const allocate = arena.allocate;
  let left = number;
  arena.allocate = (bytes) => {
    if (--left === 0) throw ARENA_FULL;
    return allocate.call(arena, bytes);
  };
  return () => {
    arena.allocate = allocate;
    return left <= 0;
  };
}

/** Removes all keys, then the tables, and tells what is still in use. */
function bytesWithoutKeys(keyspace: Keyspace): number {
  for (const database of keyspace.databases) {
    const refs: number[] = [];
    database.keys.forEach((ref) => refs.push(ref));
    for (const ref of refs) database.removeEntry(ref);
    database.keys.destroy();
    database.expires.destroy();
  }
  while (!keyspace.lazyFree.run(1000));
  while (keyspace.arena.reclaim() > 0);
  return keyspace.arena.usedBytes;
}

Deno.test("a full arena leaves everything as it was, whichever command meets it", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 30, size: "max" }), (commands) => {
      const rig = rigOf();
      for (const each of commands) {
        const line = sent(rig, each);
        if (line === null) continue;
        for (let number = 1;; number++) {
          const before = stateOf(rig);
          const end = failAllocation(rig.keyspace, number);
          let thrown: unknown = null;
          try {
            rig.raw(...line);
          } catch (error) {
            thrown = error;
          }
          if (!end()) break;
          // A table may put off its growth, so a failed allocation need not fail the command.
          if (thrown === null) break;
          assert.equal(thrown, ARENA_FULL);
          assert.equal(rig.lastReply, "", "nothing is replied before it is sure");
          assert.deepEqual(
            stateOf(rig),
            before,
            `${each.map((word) => word.slice(0, 20)).join(" ")}, allocation ${number}`,
          );
        }
      }
      assert.equal(bytesWithoutKeys(rig.keyspace), bytesWithoutKeys(rigOf().keyspace), "nothing leaks");
    }),
    { numRuns: 150 },
  );
});

Deno.test("an arena with little room sets all of several keys or fields, or none", () => {
  const either = fc.oneof({ weight: 3, arbitrary: commandOnSeveral }, { weight: 1, arbitrary: command });
  let refused = 0;
  let done = 0;
  fc.assert(
    fc.property(
      fc.array(either, { minLength: 10, maxLength: 40, size: "max" }),
      fc.nat(5 * MEGABYTE),
      (commands, room) => {
        const rig = rigOf(16 * MEGABYTE);
        const { arena } = rig.keyspace;
        const ballast = arena.allocate(arena.stats.total - arena.stats.touched - MEGABYTE / 4 - room);
        for (const each of commands) {
          const line = sent(rig, each);
          if (line === null) continue;
          const before = stateOf(rig);
          try {
            rig.raw(...line);
            if (each.length > 4) done++;
          } catch (error) {
            assert.equal(error, ARENA_FULL);
            assert.deepEqual(stateOf(rig), before, each.map((word) => word.slice(0, 20)).join(" "));
            if (each.length > 4) refused++;
          }
        }
        arena.free(ballast);
        assert.equal(rig.raw("SET", "a", "works"), "+OK\r\n");
      },
    ),
    { numRuns: 60 },
  );
  assert.ok(refused > 20 && done > 20, `${refused} refused, ${done} done`);
});
