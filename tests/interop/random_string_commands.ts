// Random string commands for tests that compare two servers: few keys, so that commands meet; values, numbers and options
// at the edges of what is accepted.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const STRING_KEYS = ["a", "b", "c"];

const key = fc.constantFrom(...STRING_KEYS);
const int64 = fc.oneof(
  fc.integer({ min: -12, max: 12 }).map(String),
  fc.bigInt(-(2n ** 63n) - 2n, 2n ** 63n + 1n).map(String),
  fc.constantFrom(
    "9223372036854775807",
    "-9223372036854775808",
    "9007199254740991",
    "9007199254740993",
    "",
    "x",
    "1.5",
  ),
);
const float = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map((n) => String(n / 8)),
  fc.constantFrom("1e3", "-0", "inf", "nan", "0x1p4", "1e-20", "0.1", "10.5", " 1"),
);
const text = fc.oneof(
  int64,
  float,
  fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 60 }),
);
const index = fc.oneof(fc.integer({ min: -70, max: 70 }).map(String), int64);
const expiry = fc.oneof(
  fc.constantFrom([], ["KEEPTTL"], ["keepttl", "KEEPTTL"], ["PERSIST"], ["EX"], ["EX", "0"], ["PX", "x"]),
  fc.tuple(fc.constantFrom("PXAT", "EXAT"), fc.constantFrom("1", "33177117420", "33177117420000", "-1", "0")),
  fc.constantFrom(["EX", "9223372036854775807"], ["PX", "9223372036854775807"], ["PXAT", "9007199254740000"]),
);
/** Since Valkey 8 a bad time is refused even where the key is absent; 7.0 looks the key up first. */
const getexOptions = fc.constantFrom(
  ...[[], ["PERSIST"], ["EX"], ["KEEPTTL"], ["PXAT", "1"], ["EXAT", "33177117420"], ["PERSIST", "EX", "1"], [
    "no",
  ]],
);
const setOptions = fc.tuple(fc.constantFrom([], ["NX"], ["XX"], ["GET"], ["NX", "GET"], ["NX", "XX"]), expiry)
  .map((parts) => parts.flat());
const lcsOptions = fc.subarray([
  "LEN",
  "IDX",
  "MINMATCHLEN 2",
  "WITHMATCHLEN",
  "MINMATCHLEN x",
  "MINMATCHLEN -1",
  "no",
], {
  maxLength: 3,
}).map((words) => words.flatMap((word) => word.split(" ")));

export const stringCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(key, text, setOptions).map(([k, value, options]) => ["SET", k, value, ...options]),
  fc.tuple(fc.constantFrom("SETNX", "GETSET", "APPEND"), key, text),
  fc.tuple(
    fc.constantFrom("SETEX", "PSETEX"),
    key,
    fc.constantFrom("0", "-1", "x", "9223372036854775807"),
    text,
  ),
  fc.tuple(fc.constantFrom("GET", "STRLEN", "INCR", "DECR", "GETDEL"), key),
  fc.tuple(fc.constantFrom("INCRBY", "DECRBY"), key, int64),
  fc.tuple(fc.constant("INCRBYFLOAT"), key, float),
  fc.tuple(fc.constantFrom("GETRANGE", "SUBSTR"), key, index, index),
  fc.tuple(fc.constant("SETRANGE"), key, fc.oneof(fc.integer({ min: -1, max: 70 }).map(String), int64), text),
  fc.tuple(key, getexOptions).map(([k, options]) => ["GETEX", k, ...options]),
  fc.array(key, { minLength: 1, maxLength: 4 }).map((keys) => ["MGET", ...keys]),
  fc.tuple(fc.constantFrom("MSET", "MSETNX"), fc.array(fc.oneof(key, text), { minLength: 1, maxLength: 7 }))
    .map(([name, words]) => [name, ...words]),
  fc.tuple(key, key, lcsOptions).map(([a, b, options]) => ["LCS", a, b, ...options]),
  fc.tuple(fc.constantFrom("OBJECT"), fc.constant("ENCODING"), key),
);
