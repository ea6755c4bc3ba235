// The key commands against a real redis-server 7.0, on keys of every type: random commands, every reply byte for byte. What
// depends on the moment (times to live in milliseconds) is rounded; what is left to chance (the order of KEYS) is sorted.
import fc from "fast-check";
import { allCommands } from "../../modules/modules.ts";
import { CommandRig } from "../../modules/test_support/command_rig.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";
import { type Command, compareReplies } from "./compare_replies.ts";

const KEYS = ["a", "b", "c", "key:1", "key:2"];
const key = fc.constantFrom(...KEYS);
const value = fc.constantFrom("1", "text", "x".repeat(50), "y".repeat(5000));
const conditions = fc.subarray(["NX", "xx", "GT", "lt", "no"], { maxLength: 2 });
/** Far enough ahead that the test's own time does not matter, or plainly past, or wrong. */
const seconds = fc.constantFrom(
  "1000",
  "2000",
  "100000",
  "0",
  "-1",
  "x",
  "9223372036854776",
  "-9223372036854776",
  "",
);
const milliseconds = fc.constantFrom("1000000", "2000000", "0", "-5", "1.5", "9223372036854775807");
const unixSeconds = fc.constantFrom("33177117420", "33177117421", "1", "0", "-1", "9223372036854775");
const unixMilliseconds = fc.constantFrom("33177117420000", "33177117421000", "1", "0", "-1", "abc");
const database = fc.constantFrom("0", "1", "-1", "99", "x", "2147483648");
const pattern = fc.constantFrom("*", "key:*", "?", "[ab]", "nothing", "k[^x]y:[0-9]", "\\a", "");

function words(...parts: (fc.Arbitrary<string | readonly string[]> | string)[]): fc.Arbitrary<Command> {
  return fc.tuple(...parts.map((part) => typeof part === "string" ? fc.constant(part) : part))
    .map((list) => (list as (string | readonly string[])[]).flat());
}

const elements = fc.constantFrom(["1"], ["1", "2", "3"], ["text"], ["x".repeat(70)]);

/** Values of the other types, small ones and larger. */
const creation: fc.Arbitrary<Command> = fc.oneof(
  words(fc.constantFrom("RPUSH", "LPUSH", "SADD", "PFADD"), key, elements),
  words("ZADD", key, fc.constantFrom("1", "-inf"), fc.constantFrom("m", "m".repeat(70))),
  words("HSET", key, "f", value),
  words("XADD", key, "*", "f", "v"),
  words("SETBIT", key, "100", "1"),
  words("GEOADD", key, "13.361389", "38.115556", "Palermo"),
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: creation },
  { weight: 2, arbitrary: words(fc.constantFrom("LPOP", "ZPOPMIN", "LLEN", "SCARD", "XLEN"), key) },
  { weight: 1, arbitrary: words("SORT", key, "ALPHA", "STORE", key) },
  { weight: 8, arbitrary: words("SET", key, value) },
  { weight: 2, arbitrary: words("SET", key, value, "EX", fc.constantFrom("500", "5000")) },
  { weight: 2, arbitrary: words("DEL", fc.array(key, { minLength: 1, maxLength: 3 })) },
  { weight: 2, arbitrary: words("UNLINK", fc.array(key, { minLength: 1, maxLength: 3 })) },
  { weight: 2, arbitrary: words("EXISTS", fc.array(key, { minLength: 1, maxLength: 4 })) },
  { weight: 1, arbitrary: words("TOUCH", fc.array(key, { minLength: 1, maxLength: 4 })) },
  { weight: 1, arbitrary: words("TYPE", key) },
  { weight: 4, arbitrary: words("EXPIRE", key, seconds, conditions) },
  { weight: 2, arbitrary: words("PEXPIRE", key, milliseconds, conditions) },
  { weight: 3, arbitrary: words("EXPIREAT", key, unixSeconds, conditions) },
  { weight: 3, arbitrary: words("PEXPIREAT", key, unixMilliseconds, conditions) },
  { weight: 2, arbitrary: words("PERSIST", key) },
  { weight: 2, arbitrary: words(fc.constantFrom("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"), key) },
  { weight: 3, arbitrary: words(fc.constantFrom("RENAME", "RENAMENX"), key, key) },
  { weight: 2, arbitrary: words("MOVE", key, database) },
  {
    weight: 3,
    arbitrary: words(
      "COPY",
      key,
      key,
      fc.oneof(fc.constantFrom([], ["REPLACE"], ["no"], ["DB"]), database.map((id) => ["DB", id])),
      fc.constantFrom([], ["REPLACE"]),
    ),
  },
  { weight: 1, arbitrary: words("SWAPDB", database, database) },
  { weight: 1, arbitrary: words("DBSIZE") },
  { weight: 2, arbitrary: words("KEYS", pattern) },
  { weight: 1, arbitrary: words("SCAN", "0", "COUNT", "1000", "MATCH", pattern) },
  {
    weight: 1,
    arbitrary: words(
      "SCAN",
      "0",
      fc.constantFrom("string", "list", "set", "zset", "hash", "stream", "STRING", "none").map((type) => [
        "COUNT",
        "1000",
        "TYPE",
        type,
      ]),
    ),
  },
  {
    weight: 1,
    arbitrary: words(
      "SCAN",
      fc.constantFrom(["x"], ["0", "COUNT", "0"], ["0", "COUNT", "x"], ["0", "MATCH"], [" 1"]),
    ),
  },
  { weight: 1, arbitrary: words("OBJECT", fc.constantFrom("ENCODING", "REFCOUNT", "FREQ"), key) },
  { weight: 2, arbitrary: words("GET", key) },
);

/** Makes replies comparable that depend on the moment or on an order that nobody promises. */
function normalise(reply: string, command: Command): string {
  const name = String(command[0]);
  if (name === "PTTL" || name === "PEXPIRETIME" || name === "TTL" || name === "EXPIRETIME") {
    return reply.replace(/\d{3,}/, (digits) => `${Math.floor((Number(digits) + 3_000_000) / 10_000_000)}`);
  }
  if (name === "XADD") return reply.replace(/\d+-\d+/, "id");
  // Small lists and sets are listpacks since 7.2.
  if (name === "OBJECT" && String(command[1]) === "ENCODING") {
    return reply.replace(/\$\d+\r\n(quicklist|hashtable)/, "$8\r\nlistpack");
  }
  // Small integers are shared objects in redis-server.
  if (name === "OBJECT" && String(command[1]) === "REFCOUNT") return reply.startsWith(":") ? ":n" : reply;
  if (name === "KEYS" || name === "SCAN") return reply.split("\r\n").toSorted().join("\n");
  return reply;
}

Deno.test({ name: "key commands answer as redis-server does", ignore: !hasRedisServer }, async () => {
  await using server = await RedisServer.start({ args: ["--databases", "2"] });
  await using client = await server.connect();
  const rig = new CommandRig(allCommands);
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 100, size: "max" }), async (commands) => {
      await compareReplies(rig, client, commands, normalise);
    }),
    { numRuns: 100 },
  );
});
