// Random bitmap commands for tests that compare two servers: two short strings, ranges inside and around them, fields of
// every width at every bit.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const BITMAP_KEYS = ["a", "b", "c"];

const key = fc.constantFrom(...BITMAP_KEYS);
/** Where BITOP puts its result, or none: not a key for ranges. */
export const RESULT = "d";
const source = fc.constantFrom(...BITMAP_KEYS, RESULT);
const text = fc.oneof(
  fc.constantFrom("", "foobar", "123", "-7", "\x00\x00", "\x00".repeat(40), "x".repeat(70)),
  fc.uint8Array({ maxLength: 24 }),
  fc.array(fc.constantFrom(0, 0, 0xff, 0xff, 0x80, 1), { maxLength: 40 }).map((bytes) =>
    Uint8Array.from(bytes)
  ),
);
const bad = fc.constantFrom("x", "", "-1", "9223372036854775807", "4294967296", "1.5", "#");
const offset = fc.oneof({ weight: 9, arbitrary: fc.nat(400).map(String) }, { weight: 1, arbitrary: bad });
const fieldOffset = fc.oneof(offset, fc.nat(12).map((number) => `#${number}`));
const bit = fc.oneof({ weight: 9, arbitrary: fc.constantFrom("0", "1") }, {
  weight: 1,
  arbitrary: fc.constantFrom("2", "x", "-1", "01"),
});
const index = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -80, max: 80 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("x", "9223372036854775807", "-9223372036854775808") },
);
const unit = fc.constantFrom("BYTE", "bit", "BIT", "byte");
const width = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.tuple(fc.constantFrom("i", "u"), fc.integer({ min: 1, max: 64 })).map((parts) =>
      parts.join("")
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("i65", "u0", "8", "x8", "i", "U8", "") },
);
const value = fc.oneof(
  fc.integer({ min: -300, max: 300 }).map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.constantFrom("x", "9223372036854775808"),
);
const operation = fc.oneof(
  fc.tuple(fc.constantFrom("GET", "get"), width, fieldOffset),
  fc.tuple(fc.constantFrom("SET", "INCRBY"), width, fieldOffset, value),
  fc.tuple(fc.constantFrom("SET", "incrby"), width, fieldOffset, value),
  fc.tuple(fc.constant("OVERFLOW"), fc.constantFrom("WRAP", "sat", "FAIL")),
);

// Not given: ranges without an end, which Redis 7.0 has not yet, and bad ones of absent keys, which it does not look at.
export const bitmapCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.constant("SET"), key, text),
  fc.tuple(fc.constant("SETBIT"), key, offset, bit),
  fc.tuple(fc.constant("GETBIT"), key, offset),
  fc.tuple(fc.constant("BITCOUNT"), key),
  fc.tuple(fc.constant("BITCOUNT"), key, index, index),
  fc.tuple(fc.constant("BITCOUNT"), key, index, index, unit),
  fc.tuple(fc.constant("BITPOS"), key, bit),
  fc.tuple(fc.constant("BITPOS"), key, bit, index),
  fc.tuple(fc.constant("BITPOS"), key, bit, index, index),
  fc.tuple(fc.constant("BITPOS"), key, bit, index, index, unit),
  fc.tuple(
    fc.constantFrom("AND", "or", "XOR", "NOT", "DIFF"),
    fc.array(source, { minLength: 1, maxLength: 4 }),
  )
    .map(([name, sources]) => ["BITOP", name, RESULT, ...sources]),
  fc.tuple(fc.constant("BITOP"), fc.constant("NOT"), fc.constant(RESULT), source),
  fc.tuple(fc.constantFrom("BITFIELD", "BITFIELD_RO"), key, fc.array(operation, { maxLength: 5 }))
    .map(([name, k, operations]) => [name, k, ...operations.flat()]),
  fc.tuple(fc.constant("BITFIELD"), key, fc.array(operation, { maxLength: 5 }))
    .map(([name, k, operations]) => [name, k, ...operations.flat()]),
  fc.tuple(fc.constant("SADD"), fc.constant("set"), fc.constant("1")),
  fc.tuple(fc.constantFrom("BITCOUNT", "BITFIELD"), fc.constant("set")),
  fc.tuple(fc.constant("SETBIT"), fc.constant("set"), offset, bit),
  fc.tuple(fc.constant("BITOP"), fc.constant("OR"), fc.constant(RESULT), key, fc.constant("set")),
  fc.constantFrom<string[][]>(["GET", RESULT], ["BITCOUNT", RESULT], ["BITPOS", RESULT, "1"], [
    "OBJECT",
    "ENCODING",
    RESULT,
  ]),
);
