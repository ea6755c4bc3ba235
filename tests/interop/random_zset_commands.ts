// Random sorted set commands for tests that compare two servers: few keys and members, so that commands meet; scores of
// every kind; options at the edges of what is accepted. Later versions print doubles with fewer digits: compared as numbers.
import fc from "fast-check";
import type { Command } from "./compare_replies.ts";

export const ZSET_KEYS = ["a", "b", "c"];
export const SET_KEY = "s";
/** The listpack limits that both sides are given: small, so that short runs meet conversions. */
export const ENTRIES_MAX = 8;
export const VALUE_MAX = 16;

const key = fc.constantFrom(...ZSET_KEYS);
const anyKey = fc.constantFrom(...ZSET_KEYS, SET_KEY, "none");
const score = fc.oneof(
  fc.integer({ min: -5, max: 9 }).map(String),
  fc.constantFrom("0.1", "1.5", "-2.25", "1e300", "1e-7", "inf", "-inf", "+inf", "-0", "3.0", "1e17"),
  fc.constantFrom("123456789012345678", "9223372036854775807", "4e18", "1e19"),
);
const badScore = fc.constantFrom("nan", "x", "", " 1", "1 ", "1e999", "0x10", "1e-400");
const anyScore = fc.oneof({ arbitrary: score, weight: 20 }, { arbitrary: badScore, weight: 1 });
const member = fc.oneof(
  fc.constantFrom("x", "y", "z", "xy", "1", "2", "10", "-7", "300", "x".repeat(17)),
  fc.nat(20).map(String),
  fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 4 }),
);
const pairs = fc.array(fc.tuple(anyScore, member), { minLength: 1, maxLength: ENTRIES_MAX }).map((list) =>
  list.flat()
);
const options = fc.oneof(
  fc.constant([]),
  fc.array(fc.constantFrom("NX", "XX", "gt", "LT", "CH", "INCR"), { maxLength: 3 }),
);
const limit = fc.oneof(
  fc.constant([]),
  fc.tuple(fc.integer({ min: -1, max: 5 }), fc.integer({ min: -2, max: 5 })).map((
    [offset, count],
  ) => ["LIMIT", `${offset}`, `${count}`]),
);
const scoreEnd = fc.oneof(
  score,
  score.map((text) => `(${text}`),
  badScore,
  fc.constantFrom("(", "(x", "-", "+"),
);
const lexEnd = fc.oneof(
  member.map((text) => `[${text}`),
  member.map((text) => `(${text}`),
  fc.constantFrom("-", "+", "", "x", "[", "(", "-x"),
);
const rank = fc.oneof(fc.integer({ min: -12, max: 12 }).map(String), fc.constantFrom("x", "99999999999"));
const withScores = fc.constantFrom([], ["WITHSCORES"], ["withscore"]);
const inputs = fc.array(anyKey, { minLength: 1, maxLength: 3 });
const weights = fc.oneof(fc.constant(null), fc.array(fc.oneof(score, fc.constant("x")), { maxLength: 3 }));
const aggregate = fc.constantFrom([], ["AGGREGATE", "sum"], ["aggregate", "MIN"], ["AGGREGATE", "max"], [
  "AGGREGATE",
  "x",
]);

/** Members of one score, for ranges of texts; on keys of their own. */
const LEX_KEY = "l";
const lexCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.array(member, { minLength: 1, maxLength: 6 }).map((
    members,
  ) => ["ZADD", LEX_KEY, ...members.flatMap((m) => ["0", m])]),
  fc.tuple(fc.constantFrom("ZLEXCOUNT", "ZREMRANGEBYLEX"), lexEnd, lexEnd).map((
    [name, from, to],
  ) => [name, LEX_KEY, from, to]),
  fc.tuple(fc.constantFrom("ZRANGEBYLEX", "ZREVRANGEBYLEX"), lexEnd, lexEnd, limit).map((
    [name, from, to, words],
  ) => [name, LEX_KEY, from, to, ...words]),
  fc.tuple(lexEnd, lexEnd, fc.constantFrom([], ["REV"]), limit, withScores).map((
    [from, to, reverse, words, more],
  ) => ["ZRANGE", LEX_KEY, from, to, "BYLEX", ...reverse, ...words, ...more]),
  fc.tuple(lexEnd, lexEnd, limit).map((
    [from, to, words],
  ) => ["ZRANGESTORE", "b", LEX_KEY, from, to, "BYLEX", ...words]),
);

const combination = fc.tuple(
  fc.constantFrom("ZUNION", "ZINTER", "ZDIFF", "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"),
  key,
  inputs,
  weights,
  aggregate,
  withScores,
  fc.constantFrom(0, 0, 0, 0, 0, 1, -1, -9),
).map(([name, target, keys, factors, how, more, off]): Command => [
  name,
  ...(name.endsWith("STORE") ? [target] : []),
  `${keys.length + off}`,
  ...keys,
  ...(factors === null ? [] : ["WEIGHTS", ...factors]),
  ...how,
  ...more,
]);

export const zsetCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    arbitrary: fc.tuple(key, options, pairs).map(([k, words, list]) => ["ZADD", k, ...words, ...list]),
    weight: 6,
  },
  fc.tuple(key, options, anyScore, member).map(([k, words, s, m]) => ["ZADD", k, "INCR", ...words, s, m]),
  fc.tuple(key, pairs, member).map(([k, list, m]) => ["ZADD", k, ...list, m]),
  fc.tuple(fc.constant("ZINCRBY"), key, anyScore, member),
  fc.tuple(fc.constantFrom("ZREM", "ZMSCORE"), key, fc.array(member, { minLength: 1, maxLength: 5 }))
    .map(([name, k, members]) => [name, k, ...members]),
  fc.tuple(fc.constantFrom("ZCARD"), anyKey),
  fc.tuple(fc.constantFrom("ZSCORE", "ZRANK", "ZREVRANK"), key, member),
  fc.tuple(fc.constantFrom("ZCOUNT", "ZREMRANGEBYSCORE"), key, scoreEnd, scoreEnd),
  fc.tuple(fc.constant("ZREMRANGEBYRANK"), key, rank, rank),
  fc.tuple(fc.constantFrom("ZRANGE", "ZREVRANGE"), key, rank, rank, withScores).map((
    [name, k, from, to, more],
  ) => [name, k, from, to, ...more]),
  fc.tuple(fc.constantFrom("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), key, scoreEnd, scoreEnd, limit, withScores)
    .map(([name, k, from, to, words, more]) => [name, k, from, to, ...more, ...words]),
  fc.tuple(key, scoreEnd, scoreEnd, fc.constantFrom([], ["rev"]), limit, withScores).map((
    [k, from, to, reverse, words, more],
  ) => ["ZRANGE", k, from, to, "byscore", ...more, ...reverse, ...words]),
  fc.tuple(key, rank, rank, fc.constantFrom([], ["REV"], ["BYSCORE", "BYLEX"]), limit).map((
    [k, from, to, reverse, words],
  ) => ["ZRANGE", k, from, to, ...reverse, ...words]),
  fc.tuple(key, key, rank, rank, fc.constantFrom([], ["REV"])).map((
    [to, from, first, last, reverse],
  ) => ["ZRANGESTORE", to, from, first, last, ...reverse]),
  fc.tuple(key, key, scoreEnd, scoreEnd, limit).map((
    [to, from, first, last, words],
  ) => ["ZRANGESTORE", to, from, first, last, "BYSCORE", ...words]),
  fc.tuple(fc.constantFrom("ZPOPMIN", "ZPOPMAX"), key, fc.constantFrom([], ["2"], ["0"], ["-1"], ["x"]))
    .map(([name, k, count]) => [name, k, ...count]),
  fc.tuple(
    inputs,
    fc.constantFrom("MIN", "max", "x"),
    fc.constantFrom([], ["COUNT", "2"], ["COUNT", "0"], ["COUNT"], ["COUNT", "1", "COUNT", "1"]),
  ).map(([keys, end, words]) => ["ZMPOP", `${keys.length}`, ...keys, end, ...words]),
  combination,
  fc.tuple(inputs, fc.constantFrom([], ["LIMIT", "2"], ["LIMIT", "0"], ["LIMIT", "-1"], ["LIMIT", "x"])).map((
    [keys, words],
  ) => ["ZINTERCARD", `${keys.length}`, ...keys, ...words]),
  fc.tuple(key, fc.constantFrom(["0"], ["1000"], ["1000", "WITHSCORES"], ["x"], ["1", "y"])).map((
    [k, words],
  ) => ["ZRANDMEMBER", k, ...words]),
  fc.tuple(key, fc.constantFrom([], ["MATCH", "[1-3]*"], ["COUNT", "0"], ["MATCH"])).map((
    [k, words],
  ) => ["ZSCAN", k, "0", "COUNT", "100000", ...words]),
  fc.tuple(fc.constant("OBJECT"), fc.constant("ENCODING"), key),
  fc.array(member, { minLength: 1, maxLength: 5 }).map((members) => ["SADD", SET_KEY, ...members]),
  lexCommand,
  fc.constantFrom<Command>(["SET", "b", "text"], ["DEL", "b"]),
);

export const CLOSING: Command[] = [...ZSET_KEYS, LEX_KEY].flatMap((name) => [
  ["OBJECT", "ENCODING", name],
  ["ZRANGE", name, "0", "-1", "WITHSCORES"],
  ["ZREVRANGE", name, "1", "-2"],
]);

/** Numbers in one form, however many digits they were printed with; replies that leave the order open, sorted. */
export function comparable(reply: string, command: Command): string {
  const text = reply.replace(
    /\$\d+\r\n(-?(?:inf|\d+(?:\.\d+)?(?:e[-+]?\d+)?))\r\n|,(\S+)\r\n/g,
    (_, bulk, double) => `${bulk === undefined ? "," : "$"}${numberText(bulk ?? double)}\r\n`,
  );
  const name = command[0] as string;
  return name === "ZSCAN" || name === "ZRANDMEMBER" ? text.split("\r\n").sort().join("\r\n") : text;
}

function numberText(text: string): string {
  // -0 becomes 0 in a listpack, and when a sorted set leaves that encoding has changed since 7.0.
  return `${Number(text.replace("inf", "Infinity"))}`;
}
