// The hash commands against a real redis-server 7.0: random commands over both encodings, every reply byte for byte (the
// order of fields only while they are in a listpack), then encodings and contents of all hashes. RESP2 and RESP3.
import fc from "fast-check";
import { ENCODING_LISTPACK } from "../../core/keyspace/entry_layout.ts";
import { hashCommands } from "../../modules/hashes/commands.ts";
import { objectCommands } from "../../modules/keys/object_commands.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { type Command, compareReplies } from "./compare_replies.ts";

const KEYS = ["a", "b"];
/** Small limits, so that short runs meet conversions. */
const ENTRIES_MAX = 8;
const VALUE_MAX = 16;

const key = fc.constantFrom(...KEYS);
const integer = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom(
    "127",
    "128",
    "-4097",
    "32768",
    "-8388609",
    "2147483648",
    "9223372036854775807",
    "",
    "x",
    "007",
  ),
  fc.bigInt(-(2n ** 63n) - 1n, 2n ** 63n).map(String),
);
const float = fc.constantFrom(
  "1e3",
  "-0",
  "inf",
  "-inf",
  "nan",
  "0x1p4",
  "0.1",
  "10.5",
  " 1",
  "3",
  "-2.5",
  "1e-20",
);
const text = fc.oneof(
  integer,
  float,
  fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 20 }),
);
const field = fc.oneof(
  fc.constantFrom("f", "g", "h", "1", "2", "3", "-7", "300"),
  fc.nat(30).map(String),
  text,
);
/** Since 7.2 more pairs than the limit make a table at once, even if their fields are the same. */
const pairs = fc.array(fc.tuple(field, text), { minLength: 1, maxLength: ENTRIES_MAX }).map((list) =>
  list.flat()
);
const counts = fc.constantFrom(["0"], ["1000"], ["0", "withvalues"], ["1000", "WITHVALUES"], ["x"], [
  "1",
  "y",
], [
  "9223372036854775807",
  "withvalues",
]);
const scanOptions = fc.constantFrom(
  ...[[], ["MATCH", "*"], ["match", "[1-3]*"], ["COUNT", "0"], ["COUNT", "x"], ["TYPE", "hash"], ["MATCH"]],
);

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.constantFrom("HSET", "HMSET"), key, pairs).map(([name, k, words]) => [name, k, ...words]),
  fc.tuple(fc.constantFrom("HSET", "HMSET"), key, field, text, field),
  fc.tuple(fc.constant("HSETNX"), key, field, text),
  fc.tuple(fc.constantFrom("HGET", "HEXISTS", "HSTRLEN"), key, field),
  fc.tuple(fc.constantFrom("HGETALL", "HKEYS", "HVALS", "HLEN"), key),
  fc.tuple(fc.constantFrom("HMGET", "HDEL"), key, fc.array(field, { minLength: 1, maxLength: 5 }))
    .map(([name, k, fields]) => [name, k, ...fields]),
  fc.tuple(fc.constant("HINCRBY"), key, field, integer),
  fc.tuple(fc.constant("HINCRBYFLOAT"), key, field, float),
  fc.tuple(key, counts).map(([k, words]) => ["HRANDFIELD", k, ...words]),
  fc.tuple(key, scanOptions).map(([k, words]) => ["HSCAN", k, "0", "COUNT", "100000", ...words]),
  fc.tuple(fc.constant("HSCAN"), key, fc.constantFrom("x", "1 ", "99999999999999999999")),
  fc.tuple(fc.constant("OBJECT"), fc.constant("ENCODING"), key),
);

const UNORDERED = new Set(["HGETALL", "HKEYS", "HVALS", "HSCAN", "HRANDFIELD"]);

for (const protocol of [2, 3] as const) {
  const name = `random hash commands reply as redis-server does, RESP${protocol}`;
  Deno.test({ name, ignore: !hasRedisServer }, async () => {
    const config = { hashMaxListpackEntries: ENTRIES_MAX, hashMaxListpackValue: VALUE_MAX };
    const rig = new CommandRig([...hashCommands, ...objectCommands], { config });
    rig.protocol = protocol;
    const limits = [
      "--hash-max-listpack-entries",
      `${ENTRIES_MAX}`,
      "--hash-max-listpack-value",
      `${VALUE_MAX}`,
    ];
    await using server = await RedisServer.start({ args: limits });
    await using client = await server.connect();
    await client.raw("HELLO", `${protocol}`);
    const closing = KEYS.flatMap((
      k,
    ) => [["OBJECT", "ENCODING", k], ["HLEN", k], ["HGETALL", k], ["HVALS", k]]);
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 50, size: "max" }), async (commands) => {
        await compareReplies(rig, client, [...commands, ...closing], (reply, [word, k]) => {
          return UNORDERED.has(word as string) && !isListpack(rig, k as string) ? sorted(reply) : reply;
        });
      }),
      { numRuns: 500 },
    );
  });
}

function isListpack(rig: CommandRig, name: string): boolean {
  const bytes = new TextEncoder().encode(name);
  const ref = rig.keyspace.databases[0].peek(bytes, 0, bytes.length);
  return ref !== 0 && rig.keyspace.entries.encoding(ref) === ENCODING_LISTPACK;
}

/** The lines of a reply in an order that does not depend on the order of fields. */
function sorted(reply: string): string {
  return reply.split("\r\n").sort().join("\r\n");
}
