// The HyperLogLog commands against a real redis-server 7.0: random additions, merges and counts, every reply byte for byte and
// in the end the strings themselves, sparse and dense; broken ones are refused alike.
import fc from "fast-check";
import { hyperLogLogCommands } from "../../modules/hyperloglog/commands.ts";
import { stringCommands } from "../../modules/strings/commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { type Command, compareReplies } from "./compare_replies.ts";

const KEYS = ["a", "b", "c"];
/** Small, so that short runs meet dense ones. */
const SPARSE_BYTES_MAX = 300;

const key = fc.constantFrom(...KEYS);
const element = fc.oneof(
  fc.nat(20).map(String),
  fc.nat(100_000).map(String),
  fc.uint8Array({ maxLength: 20 }),
);
const sourceKeys = fc.array(key, { minLength: 1, maxLength: 3 });
/** Enough at once that a string changes its encoding. */
const numbered = fc.tuple(fc.nat(1000), fc.nat(200)).map(([from, count]) =>
  Array.from({ length: count }, (_, index) => `element ${from + index}`)
);

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(key, fc.array(element, { maxLength: 6 })).map(([k, elements]) => ["PFADD", k, ...elements]),
  fc.tuple(key, numbered).map(([k, elements]) => ["PFADD", k, ...elements]),
  sourceKeys.map((keys) => ["PFCOUNT", ...keys]),
  key.map((k) => ["PFCOUNT", k]),
  fc.tuple(key, fc.array(key, { maxLength: 3 })).map(([k, keys]) => ["PFMERGE", k, ...keys]),
  fc.tuple(fc.constantFrom("ENCODING", "decode", "TODENSE", "nothing"), key).map((
    words,
  ) => ["PFDEBUG", ...words]),
  fc.tuple(fc.constant("GET"), key),
);

/** Damage, and what is then said of it. */
const damage: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(
    fc.constant("SETRANGE"),
    key,
    fc.nat(40).map(String),
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
  ),
  fc.tuple(fc.constant("APPEND"), key, fc.uint8Array({ minLength: 1, maxLength: 4 })),
  fc.tuple(fc.constant("SET"), key, fc.constantFrom("foo", "HYLL", "HYLL\x01" + "\x00".repeat(11), "123")),
);

async function compare(lists: fc.Arbitrary<Command[]>): Promise<void> {
  const rig = new CommandRig([...hyperLogLogCommands, ...stringCommands], {
    config: { hllSparseMaxBytes: SPARSE_BYTES_MAX },
  });
  await using server = await RedisServer.start({ args: ["--hll-sparse-max-bytes", `${SPARSE_BYTES_MAX}`] });
  await using client = await server.connect();
  await fc.assert(
    fc.asyncProperty(lists, async (list) => await compareReplies(rig, client, list)),
    { numRuns: 150 },
  );
}

const commands = fc.array(command, { minLength: 1, maxLength: 40, size: "max" });

Deno.test(
  { name: "random HyperLogLog commands reply as redis-server does", ignore: !hasRedisServer },
  async () => {
    const closing = KEYS.flatMap((k) => [["PFCOUNT", k], ["GET", k], ["PFDEBUG", "GETREG", k], ["GET", k]]);
    await compare(commands.map((list) => [...list, ...closing]));
  },
);

// One command after the damage: Redis may have changed the string before it finds it broken, Spork never has.
Deno.test(
  { name: "broken HyperLogLogs are refused as redis-server does", ignore: !hasRedisServer },
  async () => {
    const damages = fc.array(damage, { minLength: 1, maxLength: 3 });
    await compare(
      fc.tuple(commands, damages, command).map(([list, broken, last]) => [...list, ...broken, last]),
    );
  },
);
