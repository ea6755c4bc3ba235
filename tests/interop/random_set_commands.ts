// Random set commands for tests that compare two servers: few keys and members, so that commands meet; integers of every
// width, words among them so that encodings change. Picks at random only where nothing is left to chance.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const SET_KEYS = ["a", "b", "c"];
/** The intset limit that both sides are given, and Spork's listpack limits: small, so that short runs meet conversions. */
export const INTSET_MAX = 8;
export const LISTPACK_MAX = 10;
export const VALUE_MAX = 16;

const key = fc.constantFrom(...SET_KEYS);
const keys = fc.array(key, { minLength: 1, maxLength: 4 });
const integer = fc.oneof(
  fc.integer({ min: -6, max: 6 }).map(String),
  fc.constantFrom("32767", "32768", "-32769", "2147483648", "-2147483649", "9223372036854775807"),
  fc.bigInt(-(2n ** 63n) - 1n, 2n ** 63n).map(String),
);
const word = fc.oneof(
  fc.constantFrom("x", "y", "", "007", "-0", " 1", "1e3", "a member that is too long for a listpack"),
  fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 20 }),
);
const member = fc.oneof({ weight: 6, arbitrary: integer }, { weight: 1, arbitrary: word });
/** Never more than the intset limit: since 7.2 more than that make a table at once, even if they are the same. */
const members = fc.array(member, { minLength: 1, maxLength: INTSET_MAX });
const numbers = fc.array(integer, { minLength: 1, maxLength: INTSET_MAX });
const limit = fc.constantFrom<string[][]>(
  [],
  ["LIMIT", "0"],
  ["limit", "2"],
  ["LIMIT", "-1"],
  ["LIMIT", "x"],
  [
    "LIMIT",
  ],
  ["y"],
);
const numkeys = fc.constantFrom("1", "2", "3", "0", "-1", "x", "9223372036854775807");
const scanOptions = fc.constantFrom(
  ...[[], ["MATCH", "*"], ["match", "[1-3]*"], ["COUNT", "0"], ["COUNT", "x"], ["TYPE", "set"], ["MATCH"]],
);

export const setCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(key, fc.oneof(numbers, members)).map(([k, words]) => ["SADD", k, ...words]),
  fc.tuple(key, fc.oneof(numbers, members)).map(([k, words]) => ["SADD", k, ...words]),
  fc.tuple(fc.constantFrom("SREM", "SMISMEMBER"), key, members).map((
    [name, k, words],
  ) => [name, k, ...words]),
  fc.tuple(fc.constant("SMOVE"), key, key, member),
  fc.tuple(fc.constant("SISMEMBER"), key, member),
  fc.tuple(fc.constantFrom("SCARD", "SMEMBERS"), key),
  fc.tuple(fc.constantFrom("SINTER", "SUNION", "SDIFF"), keys).map(([name, list]) => [name, ...list]),
  fc.tuple(fc.constantFrom("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key, keys).map(([name, k, list]) => [
    name,
    k,
    ...list,
  ]),
  fc.tuple(numkeys, keys, limit).map(([count, list, words]) => ["SINTERCARD", count, ...list, ...words]),
  fc.tuple(keys, limit).map(([list, words]) => ["SINTERCARD", `${list.length}`, ...list, ...words]),
  fc.tuple(
    fc.constantFrom("SPOP", "SRANDMEMBER"),
    key,
    fc.constantFrom("0", "1000", "x", "-9223372036854775808"),
  ),
  fc.tuple(fc.constant("SPOP"), key, fc.constantFrom("-1", "9223372036854775807")),
  fc.tuple(fc.constantFrom("SPOP", "SRANDMEMBER"), key, fc.constant("1"), fc.constant("y")),
  fc.tuple(fc.constantFrom("SPOP", "SRANDMEMBER"), fc.constant("none"), fc.constantFrom("0", "3")),
  fc.tuple(fc.constantFrom("SPOP", "SRANDMEMBER"), fc.constant("none")),
  fc.tuple(key, scanOptions).map(([k, words]) => ["SSCAN", k, "0", "COUNT", "100000", ...words]),
  fc.tuple(fc.constant("SSCAN"), key, fc.constantFrom("x", "1 ", "99999999999999999999")),
  fc.tuple(fc.constant("OBJECT"), fc.constant("ENCODING"), key),
  fc.tuple(fc.constantFrom("SET", "GET"), fc.constantFrom("s"), fc.constant("1")).map((words) =>
    words[0] === "GET" ? ["GET", "s"] : words
  ),
  fc.tuple(fc.constantFrom("SCARD", "SPOP", "SRANDMEMBER", "SMEMBERS"), fc.constant("s")),
  fc.tuple(fc.constantFrom("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key, key, fc.constant("s")),
);

/** Commands whose reply has an order of members. */
const UNORDERED = new Set(["SMEMBERS", "SINTER", "SUNION", "SDIFF", "SPOP", "SRANDMEMBER", "SSCAN"]);

export function showsMembers(command: Command): boolean {
  return UNORDERED.has(command[0] as string);
}
