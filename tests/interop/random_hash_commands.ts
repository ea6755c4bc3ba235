// Random hash commands for tests that compare two servers: few keys and fields, so that commands meet; integers of every
// listpack encoding; options at the edges of what is accepted.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const HASH_KEYS = ["a", "b"];
/** The listpack limits that both sides are given: small, so that short runs meet conversions. */
export const ENTRIES_MAX = 8;
export const VALUE_MAX = 16;

const key = fc.constantFrom(...HASH_KEYS);
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

export const hashCommand: fc.Arbitrary<Command> = fc.oneof(
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

/** Commands whose reply has an order of fields, which only a listpack fixes. */
const UNORDERED = new Set(["HGETALL", "HKEYS", "HVALS", "HSCAN", "HRANDFIELD"]);

export function showsOrder(command: Command): boolean {
  return UNORDERED.has(command[0] as string);
}

/** The lines of a reply in an order that does not depend on the order of fields. */
export function sortedLines(reply: string): string {
  return reply.split("\r\n").sort().join("\r\n");
}
