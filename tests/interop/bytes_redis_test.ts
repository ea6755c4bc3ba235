// Holds core/bytes to what a real redis-server does with the same bytes: globs through KEYS, 80-bit float sums through
// INCRBYFLOAT, float texts through INCRBYFLOAT's and ZADD's refusals.
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Bytes } from "../../core/bytes/ascii.ts";
import { doubleText, parseDouble } from "../../core/bytes/double.ts";
import { matchGlob } from "../../core/bytes/glob.ts";
import { parseInt64 } from "../../core/bytes/integer.ts";
import { addLongDoubles, longDoubleText, parseLongDouble } from "../../core/bytes/long_double.ts";
import { hasRedisServer, RedisServer } from "../harness/mod.ts";

Deno.test({ name: "globs match as KEYS does", ignore: !hasRedisServer }, async () => {
  const letters = fc.constantFrom(..."ab-]^[\\*?\xffAz");
  const subject = fc.string({ unit: letters, minLength: 1, maxLength: 8 });
  const pattern = fc.string({ unit: letters, minLength: 1, maxLength: 10 });
  const subjects = [...new Set(fc.sample(subject, 300))];
  const patterns = fc.sample(pattern, 2000).filter((text) => text !== "*");
  await using server = await RedisServer.start();
  await using client = await server.connect();
  await client.raw("MSET", ...subjects.flatMap((text) => [latin1Bytes(text), "1"]));
  const replies = await client.rawPipeline(patterns.map((text) => ["KEYS", latin1Bytes(text)]));
  for (let index = 0; index < patterns.length; index++) {
    const expected = bulks(replies[index]).sort();
    const found = subjects.filter((text) => matchText(patterns[index], text)).sort();
    assert.deepEqual(found, expected, `pattern ${JSON.stringify(patterns[index])}`);
  }
});

Deno.test({ name: "80-bit sums print as INCRBYFLOAT prints them", ignore: !hasRedisServer }, async () => {
  const pairs = fc.sample(fc.tuple(floatText(), floatText()), 6000);
  await using server = await RedisServer.start();
  await using client = await server.connect();
  const commands = pairs.flatMap((
    [stored, increment],
  ) => [["SET", "k", stored], ["INCRBYFLOAT", "k", increment]]);
  const replies = await client.rawPipeline(commands);
  for (let index = 0; index < pairs.length; index++) {
    assert.equal(incrementReply(...pairs[index]), replies[index * 2 + 1], pairs[index].join(" + "));
  }
});

Deno.test({ name: "doubles are read as ZADD reads them", ignore: !hasRedisServer }, async () => {
  const texts = fc.sample(fc.oneof(floatText(), brokenText()), 4000);
  await using server = await RedisServer.start();
  await using client = await server.connect();
  const commands = texts.flatMap((text) => [["DEL", "z"], ["ZADD", "z", text, "m"], ["ZSCORE", "z", "m"]]);
  const replies = await client.rawPipeline(commands);
  for (let index = 0; index < texts.length; index++) {
    const bytes = latin1Bytes(texts[index]);
    const value = parseDouble(bytes, 0, bytes.length);
    const score = bulks(replies[index * 3 + 2])[0];
    assert.equal(Number.isNaN(value), score === undefined, texts[index]);
    if (score !== undefined) assert.equal(value + 0, cNumber(score) + 0, texts[index]);
    if (score !== undefined) assert.equal(cNumber(doubleText(value)), value);
  }
});

Deno.test({ name: "integers are read as INCRBY reads them", ignore: !hasRedisServer }, async () => {
  const texts = fc.sample(fc.oneof(integerText(), brokenText()), 3000);
  await using server = await RedisServer.start();
  await using client = await server.connect();
  const commands = texts.flatMap((text) => [["SET", "k", "0"], ["INCRBY", "k", text]]);
  const replies = await client.rawPipeline(commands);
  for (let index = 0; index < texts.length; index++) {
    const bytes = latin1Bytes(texts[index]);
    const value = parseInt64(bytes, 0, bytes.length);
    const expected = value === null ? "-ERR value is not an integer or out of range\r\n" : `:${value}\r\n`;
    assert.equal(replies[index * 2 + 1], expected, texts[index]);
  }
});

function matchText(pattern: string, text: string): boolean {
  const p = latin1Bytes(pattern);
  const t = latin1Bytes(text);
  return matchGlob(p, 0, p.length, t, 0, t.length);
}

function incrementReply(stored: string, increment: string): string {
  const left = parseText(stored);
  const right = parseText(increment);
  if (left === null || right === null) return "-ERR value is not a valid float\r\n";
  const sum = addLongDoubles(left, right);
  if (sum === null) return "-ERR increment would produce NaN or Infinity\r\n";
  const text = longDoubleText(sum);
  return `$${text.length}\r\n${text}\r\n`;
}

function parseText(text: string) {
  const bytes = latin1Bytes(text);
  return parseLongDouble(bytes, 0, bytes.length);
}

function cNumber(text: string): number {
  const match = /^(-?)inf$/.exec(text);
  return match === null ? Number(text) : match[1] === "-" ? -Infinity : Infinity;
}

/** Bulk strings of a raw reply; null bulks are left out. */
function bulks(reply: string): string[] {
  const found: string[] = [];
  let at = reply[0] === "*" ? reply.indexOf("\r\n") + 2 : 0;
  while (at < reply.length) {
    const line = reply.indexOf("\r\n", at);
    const length = Number(reply.slice(at + 1, line));
    if (length >= 0) found.push(reply.slice(line + 2, line + 2 + length));
    at = length < 0 ? line + 2 : line + 4 + length;
  }
  return found;
}

function floatText(): fc.Arbitrary<string> {
  const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 22 });
  const sign = fc.constantFrom("", "-", "+");
  const plain = fc.tuple(sign, digits, digits).map(([s, a, b]) => `${s}${a}.${b}`);
  const whole = fc.tuple(sign, digits).map(([s, a]) => `${s}${a}`);
  const exponent = fc.oneof(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -5000, max: 5000 }));
  const scientific = fc.tuple(fc.oneof(plain, whole), exponent).map(([text, power]) => `${text}e${power}`);
  const hexadecimal = fc.tuple(sign, fc.bigInt(0n, 2n ** 80n), fc.integer({ min: -1100, max: 1100 }))
    .map(([s, mantissa, power]) => `${s}0x${mantissa.toString(16)}p${power}`);
  const short = fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.nat(6)).map(([n, places]) =>
    (n / 10 ** places).toFixed(places)
  );
  const named = fc.constantFrom(
    "inf",
    "-inf",
    "+Infinity",
    "nan",
    "0",
    "-0",
    "0x10",
    "1e4932",
    "3e-4951",
    "1e-4951",
  );
  return fc.oneof(plain, whole, scientific, hexadecimal, short, short, named);
}

function integerText(): fc.Arbitrary<string> {
  const near = [2n ** 63n, -(2n ** 63n), 2n ** 53n, -(2n ** 53n), 10n ** 18n, 10n ** 19n, 0n];
  const close = fc.tuple(fc.constantFrom(...near), fc.bigInt(-3n, 3n)).map(([a, b]) => `${a + b}`);
  return fc.oneof(close, fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String), fc.integer().map(String));
}

function brokenText(): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(..."0123.+-eExpinf aN \t\0"), maxLength: 8 });
}
