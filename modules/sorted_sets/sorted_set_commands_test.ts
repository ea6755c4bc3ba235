// The sorted set commands on the rig: exact replies and error words, events, dirty counts, conversions, fairness, the scan
// guarantee, no leak, nothing half-applied. What redis-server replies is compared in tests/interop.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ENCODING_LISTPACK, ENCODING_SKIPLIST } from "../../core/keyspace/entry_layout.ts";
import { ArenaFullError } from "../../core/memory/arena.ts";
import { setCommands } from "../sets/commands.ts";
import { stringCommands } from "../strings/commands.ts";
import { CommandRig } from "../test_support/command_rig.ts";
import { sortedSetCommands } from "./commands.ts";

const SYNTAX = "-ERR syntax error\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NULL = "$-1\r\n";

function newRig(config: Record<string, unknown> = {}, arenaBytes?: number): CommandRig {
  return new CommandRig([...sortedSetCommands, ...setCommands, ...stringCommands], { config, arenaBytes });
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function array(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join("")}`;
}

function encodingOf(rig: CommandRig, key: string): number {
  const bytes = new TextEncoder().encode(key);
  return rig.keyspace.entries.encoding(rig.keyspace.databases[0].peek(bytes, 0, bytes.length));
}

/** The bulk strings of a flat array reply. */
function items(reply: string): string[] {
  return [...reply.matchAll(/\$(\d+)\r\n(.*?)\r\n/gs)].map((match) => match[2]);
}

function inBothEncodings(name: string, test: (rig: CommandRig, encoding: number) => void): void {
  Deno.test(`${name}, listpack`, () => test(newRig(), ENCODING_LISTPACK));
  Deno.test(`${name}, skiplist`, () => test(newRig({ zsetMaxListpackEntries: 0 }), ENCODING_SKIPLIST));
}

inBothEncodings("scores are printed with the fewest digits that read back the same", (rig, encoding) => {
  rig.raw(
    "ZADD",
    "z",
    "0.1",
    "a",
    "3",
    "b",
    "1e17",
    "c",
    "-inf",
    "d",
    "0.30000000000000004",
    "e",
    "1e-7",
    "f",
  );
  assert.equal(encodingOf(rig, "z"), encoding);
  assert.equal(
    rig.raw("ZRANGE", "z", "0", "-1", "WITHSCORES"),
    array(
      "d",
      "-inf",
      "f",
      "1e-7",
      "a",
      "0.1",
      "e",
      "0.30000000000000004",
      "b",
      "3",
      "c",
      "100000000000000000",
    ),
  );
  rig.protocol = 3;
  assert.equal(rig.raw("ZSCORE", "z", "a"), ",0.1\r\n");
  assert.equal(rig.raw("ZINCRBY", "z", "inf", "b"), ",inf\r\n");
  assert.equal(rig.raw("ZRANGE", "z", "-1", "-1", "WITHSCORES"), `*1\r\n*2\r\n${bulk("b")},inf\r\n`);
  assert.equal(rig.raw("ZPOPMAX", "z"), `*2\r\n${bulk("b")},inf\r\n`);
  assert.equal(rig.raw("ZPOPMAX", "z", "1"), `*1\r\n*2\r\n${bulk("c")},100000000000000000\r\n`);
});

Deno.test("a score of -0 is 0 in a listpack, as in Valkey", () => {
  const rig = newRig({ zsetMaxListpackEntries: 1 });
  rig.raw("ZADD", "z", "-0", "a");
  assert.equal(rig.raw("ZSCORE", "z", "a"), bulk("0"));
  rig.raw("ZADD", "t", "-0", "a", "-0", "b");
  assert.equal(rig.raw("ZSCORE", "t", "a"), bulk("-0"));
});

inBothEncodings("events and dirty counts", (rig) => {
  const dirty = (...words: string[]) => {
    const before = rig.keyspace.dirty;
    rig.raw(...words);
    return rig.keyspace.dirty - before;
  };
  assert.equal(dirty("ZADD", "z", "1", "a", "2", "b", "3", "c"), 3);
  assert.equal(dirty("ZADD", "z", "1", "a", "5", "b", "4", "d"), 2);
  assert.equal(dirty("ZADD", "z", "NX", "9", "a"), 0);
  assert.equal(dirty("ZADD", "z", "INCR", "1", "a"), 1);
  assert.equal(dirty("ZINCRBY", "z", "0", "a"), 0);
  assert.equal(dirty("ZREM", "z", "none", "c"), 1);
  assert.equal(dirty("ZRANGESTORE", "y", "z", "0", "-1"), 1);
  assert.equal(dirty("ZUNIONSTORE", "x", "2", "z", "y"), 1);
  assert.equal(dirty("ZREMRANGEBYRANK", "y", "0", "0"), 1);
  assert.equal(dirty("ZREMRANGEBYSCORE", "y", "-inf", "+inf"), 2);
  assert.equal(dirty("ZPOPMIN", "z", "9"), 3);
  assert.equal(dirty("ZINTERSTORE", "x", "2", "z", "y"), 1);
  assert.equal(dirty("ZDIFFSTORE", "x", "2", "z", "y"), 0);
  assert.equal(rig.raw("ZMPOP", "1", "x", "MIN"), "*-1\r\n");
  assert.deepEqual(rig.takeEvents(), [
    "zset zadd z",
    "zset zadd z",
    "zset zincr z",
    "zset zrem z",
    "zset zrangestore y",
    "zset zunionstore x",
    "zset zremrangebyrank y",
    "zset zremrangebyscore y",
    "generic del y",
    "zset zpopmin z",
    "generic del z",
    "generic del x",
  ]);
});

Deno.test("a listpack becomes an index by number and by length; a stored result is as small as it can be", () => {
  const rig = newRig({ zsetMaxListpackEntries: 3, zsetMaxListpackValue: 5 });
  rig.raw("ZADD", "z", "1", "a", "2", "b", "3", "c");
  assert.equal(encodingOf(rig, "z"), ENCODING_LISTPACK);
  rig.raw("ZADD", "z", "4", "d");
  assert.equal(encodingOf(rig, "z"), ENCODING_SKIPLIST);
  rig.raw("ZREM", "z", "a", "b");
  assert.equal(encodingOf(rig, "z"), ENCODING_SKIPLIST);
  rig.raw("ZADD", "l", "1", "sixsix");
  assert.equal(encodingOf(rig, "l"), ENCODING_SKIPLIST);
  rig.raw("ZUNIONSTORE", "u", "1", "z");
  assert.equal(encodingOf(rig, "u"), ENCODING_LISTPACK);
  rig.raw("ZUNIONSTORE", "u", "2", "z", "l");
  assert.equal(encodingOf(rig, "u"), ENCODING_SKIPLIST);
  rig.raw("ZRANGESTORE", "r", "z", "0", "0");
  assert.equal(encodingOf(rig, "r"), ENCODING_LISTPACK);
});

inBothEncodings("ZRANK WITHSCORE", (rig) => {
  rig.raw("ZADD", "z", "1.5", "a", "2", "b");
  assert.equal(rig.raw("ZRANK", "z", "b", "withscore"), `*2\r\n:1\r\n${bulk("2")}`);
  assert.equal(rig.raw("ZREVRANK", "z", "b", "WITHSCORE"), `*2\r\n:0\r\n${bulk("2")}`);
  assert.equal(rig.raw("ZRANK", "z", "none", "WITHSCORE"), "*-1\r\n");
  assert.equal(rig.raw("ZRANK", "none", "a", "WITHSCORE"), "*-1\r\n");
  assert.equal(rig.raw("ZRANK", "z", "none"), NULL);
  assert.equal(rig.raw("ZRANK", "z", "a", "x"), SYNTAX);
  assert.equal(
    rig.raw("ZRANK", "z", "a", "WITHSCORE", "x"),
    "-ERR wrong number of arguments for 'zrank' command\r\n",
  );
  rig.protocol = 3;
  assert.equal(rig.raw("ZRANK", "z", "a", "WITHSCORE"), "*2\r\n:0\r\n,1.5\r\n");
});

Deno.test("every command refuses a key of another type and changes nothing", () => {
  const rig = newRig();
  rig.raw("SET", "s", "text");
  const before = rig.keyspace.dirty;
  for (
    const command of [
      ["ZADD", "s", "1", "a"],
      ["ZINCRBY", "s", "1", "a"],
      ["ZREM", "s", "a"],
      ["ZCARD", "s"],
      ["ZSCORE", "s", "a"],
      ["ZMSCORE", "s", "a"],
      ["ZRANK", "s", "a"],
      ["ZREVRANK", "s", "a"],
      ["ZCOUNT", "s", "0", "1"],
      ["ZLEXCOUNT", "s", "-", "+"],
      ["ZRANGE", "s", "0", "1"],
      ["ZRANGESTORE", "t", "s", "0", "1"],
      ["ZREMRANGEBYRANK", "s", "0", "1"],
      ["ZREMRANGEBYSCORE", "s", "0", "1"],
      ["ZREMRANGEBYLEX", "s", "-", "+"],
      ["ZPOPMIN", "s"],
      ["BZPOPMAX", "none", "s", "0"],
      ["ZMPOP", "2", "none", "s", "MIN"],
      ["BZMPOP", "0", "1", "s", "MAX"],
      ["ZUNION", "1", "s"],
      ["ZINTERSTORE", "t", "2", "none", "s"],
      ["ZINTERCARD", "1", "s"],
      ["ZRANDMEMBER", "s"],
      ["ZSCAN", "s", "0"],
    ]
  ) assert.equal(rig.raw(...command), WRONG_TYPE, command.join(" "));
  assert.equal(rig.keyspace.dirty, before);
});

Deno.test("blocking forms that may not block reply as after their timeout", () => {
  const rig = newRig();
  assert.equal(rig.raw("BZPOPMIN", "a", "b", "0"), "*-1\r\n");
  assert.equal(rig.raw("BZMPOP", "0", "1", "a", "MIN"), "*-1\r\n");
  assert.equal(rig.raw("BZPOPMIN", "a", "-1"), "-ERR timeout is negative\r\n");
  assert.equal(rig.raw("BZPOPMIN", "a", "x"), "-ERR timeout is not a float or out of range\r\n");
  // A bad timeout is told after whatever else is wrong.
  assert.equal(rig.raw("BZMPOP", "-1", "0", "a", "MIN"), "-ERR numkeys should be greater than 0\r\n");
  assert.equal(rig.raw("BZMPOP", "x", "2", "a", "MIN"), "-ERR syntax error\r\n");
  assert.equal(
    rig.raw("BZMPOP", "x", "1", "a", "MIN", "COUNT", "0"),
    "-ERR count should be greater than 0\r\n",
  );
  assert.equal(
    rig.raw("BZMPOP", "x", "1", "a", "MIN", "COUNT", "1"),
    "-ERR timeout is not a float or out of range\r\n",
  );
  rig.raw("ZADD", "b", "1", "x", "2", "y");
  assert.equal(rig.raw("BZPOPMAX", "a", "b", "0"), array("b", "y", "2"));
  assert.equal(
    rig.raw("BZMPOP", "0", "2", "a", "b", "MIN", "COUNT", "5"),
    `*2\r\n${bulk("b")}*1\r\n*2\r\n${bulk("x")}${bulk("1")}`,
  );
});

inBothEncodings("ZRANDMEMBER gives every member the same chance", (rig) => {
  const size = 9;
  for (let n = 0; n < size; n++) rig.raw("ZADD", "z", `${n}`, `m${n}`);
  const picks = 9000;
  const counts = new Map<string, number>();
  for (const member of items(rig.raw("ZRANDMEMBER", "z", `-${picks}`))) {
    counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  assert.equal(counts.size, size);
  // Six standard deviations of a fair pick are about 180.
  for (const count of counts.values()) assert.ok(Math.abs(count - picks / size) < 200, `${[...counts]}`);
  assert.equal(new Set(items(rig.raw("ZRANDMEMBER", "z", "5"))).size, 5);
});

Deno.test("ZSCAN returns every member that stays, with its score", () => {
  const rig = newRig();
  for (let n = 0; n < 2000; n++) rig.raw("ZADD", "z", `${n / 4}`, `m${n}`);
  const seen = new Map<string, string>();
  let cursor = "0";
  let round = 0;
  do {
    const reply = items(rig.raw("ZSCAN", "z", cursor, "COUNT", "50"));
    cursor = reply[0];
    for (let index = 1; index < reply.length; index += 2) seen.set(reply[index], reply[index + 1]);
    rig.raw("ZADD", "z", "1", `new${round}`);
    rig.raw("ZREM", "z", `new${round++ - 3}`);
  } while (cursor !== "0");
  for (let n = 0; n < 2000; n++) assert.equal(seen.get(`m${n}`), `${n / 4}`);
  const names = items(rig.raw("ZSCAN", "z", "0", "COUNT", "5000", "NOSCORES", "MATCH", "m1?")).slice(1);
  assert.deepEqual(names.sort(), Array.from({ length: 10 }, (_, n) => `m1${n}`));
});

Deno.test("a command that meets a full arena changes nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 5, maxLength: 30 }), (operations) => {
      const rig = newRig({ zsetMaxListpackEntries: 20 }, 4 * 1024 * 1024);
      const { arena } = rig.keyspace;
      for (let n = 0; n < 300; n++) rig.raw("ZADD", "z", `${n}`, `m${n}`);
      rig.raw("ZADD", "small", "1", "a", "2", "b");
      const taken: number[] = [];
      for (const bytes of [65536, 1024, 64, 16]) {
        try {
          while (true) taken.push(arena.allocate(bytes));
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
        }
      }
      for (const operation of operations) {
        for (let n = operation & 15; n > 0 && taken.length > 0; n--) arena.free(taken.pop()!);
        const before = ["z", "small", "new"].map((key) => rig.raw("ZRANGE", key, "0", "-1", "WITHSCORES"));
        const { dirty } = rig.keyspace;
        const pairs = Array.from({ length: 30 }, (_, n) => [`${n}`, `x${operation}_${n}`]).flat();
        const command = [
          ["ZADD", "z", ...pairs],
          ["ZADD", "small", ...pairs],
          ["ZADD", "new", ...pairs],
          ["ZUNIONSTORE", "small", "2", "z", "small"],
          ["ZRANGESTORE", "new", "z", "0", "-1"],
          ["ZINCRBY", "z", "1000", "m1"],
        ][(operation >>> 4) % 6];
        try {
          rig.raw(...command);
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
          assert.equal(rig.keyspace.dirty, dirty);
          assert.deepEqual(
            ["z", "small", "new"].map((key) => rig.raw("ZRANGE", key, "0", "-1", "WITHSCORES")),
            before,
          );
        }
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("nothing leaks: combinations that are only replied give everything back", () => {
  const rig = newRig();
  for (let n = 0; n < 500; n++) rig.raw("ZADD", "z", `${n}`, `m${n}`);
  rig.raw("SADD", "s", "m1", "m2", "other");
  const { used } = rig.keyspace.arena.stats;
  for (const command of ["ZUNION", "ZINTER", "ZDIFF"]) rig.raw(command, "2", "z", "s", "WITHSCORES");
  rig.raw("ZINTERCARD", "2", "z", "s");
  assert.equal(rig.keyspace.arena.stats.used, used);
  rig.raw("ZUNIONSTORE", "t", "2", "z", "s");
  rig.raw("ZREMRANGEBYRANK", "t", "0", "-1");
  rig.raw("ZRANGESTORE", "t", "z", "0", "3");
  rig.raw("ZPOPMIN", "t", "4");
  assert.ok(rig.keyspace.lazyFree.run(1e6));
  assert.equal(rig.keyspace.arena.stats.used, used);
});

Deno.test("counts and limits may be any 64-bit integer", () => {
  const rig = newRig();
  const most = String(2n ** 63n - 1n);
  const fill = () => rig.raw("ZADD", "z", "1", "x", "2", "y");
  fill();
  assert.equal(rig.raw("ZINTERCARD", "1", "z", "LIMIT", most), ":2\r\n");
  assert.equal(rig.raw("ZPOPMIN", "z", most), array("x", "1", "y", "2"));
  fill();
  assert.equal(rig.raw("ZPOPMAX", "z", most), array("y", "2", "x", "1"));
  for (const command of [["ZMPOP"], ["BZMPOP", "0"]]) {
    fill();
    rig.raw(...command, "1", "z", "MAX", "COUNT", most);
    assert.equal(rig.raw("ZCARD", "z"), ":0\r\n", command[0]);
  }
  assert.equal(
    rig.raw("ZPOPMIN", "z", String(2n ** 63n)),
    "-ERR value is out of range, must be positive\r\n",
  );
});

Deno.test("what adds up to 0 is 0, not -0, in both encodings", () => {
  for (const entries of [128, 0]) {
    const rig = newRig({ zsetMaxListpackEntries: entries });
    rig.raw("ZADD", "z", "0", "x", "1", "y");
    rig.raw("ZUNIONSTORE", "d", "2", "z", "z", "WEIGHTS", "-1", "1");
    assert.equal(rig.raw("ZRANGE", "d", "0", "-1", "WITHSCORES"), array("x", "0", "y", "0"));
  }
});
