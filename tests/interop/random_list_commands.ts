// Random list commands for tests that compare two servers: few keys and elements, so that commands meet; integers of every
// listpack encoding; options at the edges of what is accepted.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const LIST_KEYS = ["a", "b"];
/** A key that holds a string. */
export const STRING_KEY = "s";

const key = fc.constantFrom(...LIST_KEYS, ...LIST_KEYS, ...LIST_KEYS, ...LIST_KEYS, STRING_KEY, "none");
const element = fc.oneof(
  fc.constantFrom("x", "y", "z", "1", "2", "-7", "300", "", "9223372036854775807", "-0", "007"),
  fc.nat(9).map(String),
  fc.constantFrom(20, 70, 300).map((length) => "long".repeat(length)),
  fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 20 }),
);
const elements = fc.array(element, { minLength: 1, maxLength: 12 });
const index = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -15, max: 15 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "x",
      "",
      "1.0",
      "9223372036854775807",
      "-9223372036854775807",
      "9223372036854775808",
    ),
  },
);
const count = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -2, max: 10 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("x", "9223372036854775807", "9223372036854775808") },
);
const end = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("LEFT", "RIGHT", "left", "right") },
  { weight: 1, arbitrary: fc.constant("middle") },
);
const side = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("BEFORE", "AFTER", "before") },
  { weight: 1, arbitrary: fc.constant("beside") },
);
const positionOptions = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom("RANK", "rank"), index),
    fc.tuple(fc.constantFrom("COUNT", "MAXLEN", "maxlen"), count),
    fc.constantFrom(["COUNT"], ["OTHER", "1"]),
  ),
  { maxLength: 3 },
).map((options) => options.flat());
const manyKeys = fc.oneof(
  fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => [`${keys.length}`, ...keys]),
  fc.tuple(count, key),
);
const countOption = fc.oneof(
  count.map((value) => ["COUNT", value]),
  fc.constantFrom([], ["COUNT"], ["COUNT", "1", "COUNT", "2"], ["COUNT", "x", "y"], ["y"]),
);
/** Nothing waits: what finds no list is over at once. */
const timeout = fc.constantFrom("0.001", "0.001", "0.001", "0.001", "-1", "x");

const popped = fc.tuple(fc.constantFrom("LPOP", "RPOP"), key);

export const listCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.constantFrom("LPUSH", "RPUSH", "LPUSH", "RPUSH", "LPUSHX", "RPUSHX"), key, elements)
    .map(([name, k, words]) => [name, k, ...words]),
  fc.tuple(fc.constantFrom("LPUSH", "RPUSH"), fc.constantFrom(...LIST_KEYS), elements)
    .map(([name, k, words]) => [name, k, ...words]),
  popped,
  fc.tuple(popped, count).map(([words, n]) => [...words, n]),
  fc.tuple(manyKeys, end, countOption).map(([keys, where, option]) => ["LMPOP", ...keys, where, ...option]),
  fc.tuple(fc.constant("LLEN"), key),
  fc.tuple(fc.constant("LINDEX"), key, index),
  fc.tuple(fc.constant("LRANGE"), key, index, index),
  fc.tuple(fc.constant("LTRIM"), key, index, index),
  fc.tuple(fc.constant("LSET"), key, index, element),
  fc.tuple(fc.constant("LINSERT"), key, side, element, element),
  fc.tuple(fc.constant("LREM"), key, index, element),
  fc.tuple(key, element, positionOptions).map(([k, value, options]) => ["LPOS", k, value, ...options]),
  fc.tuple(fc.constant("LMOVE"), key, key, end, end),
  fc.tuple(fc.constant("RPOPLPUSH"), key, key),
);

/** Commands that may wait; they are to be run where nothing does, inside EXEC or with the shortest timeout. */
export const blockingListCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.constantFrom("BLPOP", "BRPOP"), key, key, timeout),
  fc.tuple(fc.constant("BLMOVE"), key, key, end, end, timeout),
  fc.tuple(fc.constant("BRPOPLPUSH"), key, key, timeout),
  fc.tuple(timeout, manyKeys, end, countOption).map((
    [t, keys, where, option],
  ) => ["BLMPOP", t, ...keys, where, ...option]),
);
