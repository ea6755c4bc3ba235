// Makers of values of every type and encoding, as commands that Spork and redis-server both know. Texts are latin1, one
// character a byte. Used by the tests of damaged dumps, of interop and of snapshots.
import type { Random } from "./random.ts";

export type Word = string | number;
export type ValueType = "string" | "list" | "set" | "zset" | "hash" | "stream";

export interface Sample {
  /** Type and encoding in words. */
  readonly name: string;
  readonly type: ValueType;
  /** What OBJECT ENCODING tells with the configuration's defaults. */
  readonly encoding: string;
  /** Redis 7.0 has no such commands or values. */
  readonly isNew?: boolean;
  /** Commands that make the value; `size` scales large ones (1 = some hundred elements). */
  make(key: string, random: Random, size?: number): Word[][];
}

/** Well above the limits of packed encodings (128 and 512 elements). */
const MANY = 600;
const DAY_MS = 86_400_000;

function range<T>(count: number, element: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => element(index));
}

/** Commands of at most `most` words behind the key, so that no command is very long. */
function inParts(command: string, key: string, words: Word[], most = 400): Word[][] {
  const commands: Word[][] = [];
  for (let at = 0; at < words.length; at += most) {
    commands.push([command, key, ...words.slice(at, at + most)]);
  }
  return commands;
}

function integers(random: Random, bits: number): number[] {
  const most = 2 ** Math.min(bits - 1, 52);
  return [most - 1, -most, ...range(20 + random.below(30), () => random.below(most) - random.below(most))];
}

// No -0: what is left of it depends on the encoding, here as in redis-server.
function scores(random: Random, count: number): Word[] {
  const odd: Word[] = ["inf", "-inf", "0", "1e300", "-1.5", "3.0000000000000004", "1e-7"];
  return range(count, (k) => k < odd.length ? odd[k] : random.below(50) / (1 + random.below(4)));
}

function zset(key: string, random: Random, count: number, member: (k: number) => string): Word[][] {
  return inParts("ZADD", key, scores(random, count).flatMap((score, k) => [score, member(k)]));
}

/** Entries with the same fields and with others, deleted ones, a trimmed start; several nodes (100 entries each). */
function streamEntries(key: string, random: Random, count: number): Word[][] {
  const commands: Word[][] = [];
  for (let k = 1; k <= count; k++) {
    const fields: Word[] = k % 7 === 0
      ? ["other", random.text(random.below(60))]
      : ["sensor", random.below(1000), "value", random.text(random.below(20))];
    commands.push(["XADD", key, `${1000 + 3 * k}-${random.below(5)}`, ...fields]);
    if (random.oneIn(9)) commands.push(["XDEL", key, `${1000 + 3 * k}-0`]);
  }
  return commands;
}

function streamGroups(key: string, random: Random, count: number): Word[][] {
  const commands: Word[][] = [
    ["XGROUP", "CREATE", key, "group", "0"],
    ["XGROUP", "CREATE", key, "later", "$"],
    ["XGROUP", "CREATECONSUMER", key, "later", "idle"],
  ];
  for (const consumer of ["alice", "bob"]) {
    commands.push(
      ["XREADGROUP", "GROUP", "group", consumer, "COUNT", 1 + random.below(count), "STREAMS", key, ">"],
    );
  }
  commands.push(["XACK", key, "group", "1003-0", "1006-0", "1003-1", "1006-1"]);
  return commands;
}

export const SAMPLES: readonly Sample[] = [
  {
    name: "string, int",
    type: "string",
    encoding: "int",
    make: (key, random) => [["SET", key, random.below(2 ** random.below(50)) - random.below(100)]],
  },
  {
    name: "string, embstr",
    type: "string",
    encoding: "embstr",
    make: (key, random) => [["SET", key, `a${random.text(random.below(40))}`]],
  },
  {
    name: "string, raw",
    type: "string",
    encoding: "raw",
    make: (key, random) => [["SET", key, random.text(64 + random.below(3000))]],
  },
  {
    name: "string, raw, binary",
    type: "string",
    encoding: "raw",
    make: (key, random) => [["SET", key, random.binary(64 + random.below(6000))]],
  },
  {
    name: "hyperloglog, sparse",
    type: "string",
    encoding: "raw",
    make: (key, random) => [["PFADD", key, ...range(1 + random.below(100), (k) => `${random.seed} ${k}`)]],
  },
  {
    name: "hyperloglog, dense",
    type: "string",
    encoding: "raw",
    make: (key, random) => inParts("PFADD", key, range(4000, (k) => `${random.seed} ${k}`)),
  },
  {
    name: "list, listpack",
    type: "list",
    // Redis 7.0 says quicklist here.
    encoding: "listpack",
    make: (key, random) => [
      ["RPUSH", key, ...range(1 + random.below(20), (k) => k % 3 === 0 ? k * 1000 : random.text(k))],
    ],
  },
  {
    name: "list, quicklist",
    type: "list",
    encoding: "quicklist",
    make: (key, random, size = 1) =>
      inParts("RPUSH", key, range(MANY * size, (k) => k % 4 === 0 ? k : random.text(20 + random.below(60)))),
  },
  {
    name: "list, quicklist with plain nodes",
    type: "list",
    encoding: "quicklist",
    make: (key, random) => [
      ["RPUSH", key, "first", random.text(9000), 3, random.binary(12_000)],
      ["LPUSH", key, random.text(100), random.text(10_000)],
    ],
  },
  ...[16, 32, 64].map((bits): Sample => ({
    name: `set, intset of ${bits} bits`,
    type: "set",
    encoding: "intset",
    make: (key, random) => [["SADD", key, ...integers(random, bits)]],
  })),
  {
    name: "set, listpack",
    type: "set",
    // Redis 7.0 says hashtable here.
    encoding: "listpack",
    make: (
      key,
      random,
    ) => [["SADD", key, "text", ...range(1 + random.below(40), (k) => k % 3 ? `m${k}` : k * 999)]],
  },
  {
    name: "set, hashtable",
    type: "set",
    encoding: "hashtable",
    make: (key, random, size = 1) =>
      inParts("SADD", key, range(MANY * size, (k) => k % 3 === 0 ? k : `${random.text(9)}${k}`)),
  },
  {
    name: "sorted set, listpack",
    type: "zset",
    encoding: "listpack",
    make: (key, random) => zset(key, random, 1 + random.below(60), (k) => k % 4 === 0 ? `${k}` : `m${k}`),
  },
  {
    name: "sorted set, skiplist",
    type: "zset",
    encoding: "skiplist",
    make: (key, random, size = 1) => zset(key, random, MANY * size, (k) => `${random.text(5)}${k}`),
  },
  {
    name: "hash, listpack",
    type: "hash",
    encoding: "listpack",
    make: (key, random) => [
      [
        "HSET",
        key,
        ...range(1 + random.below(40), (k) => [k % 5 ? `f${k}` : k, k % 2 ? k * 77 : random.text(k)]).flat(),
      ],
    ],
  },
  {
    name: "hash, hashtable",
    type: "hash",
    encoding: "hashtable",
    make: (key, random, size = 1) =>
      inParts(
        "HSET",
        key,
        range(MANY * size, (k) => [`field ${k}`, k % 2 ? k : random.text(random.below(50))]).flat(),
      ),
  },
  {
    name: "hash, fields with expiry",
    type: "hash",
    encoding: "hashtable",
    isNew: true,
    make: (key, random) => [
      ["HSET", key, ...range(60, (k) => [`f${k}`, random.text(k)]).flat()],
      ["HPEXPIRE", key, 30 * DAY_MS + random.below(DAY_MS), "FIELDS", 3, "f1", "f2", "f3"],
      ["HPEXPIRE", key, 60 * DAY_MS, "FIELDS", 1, "f50"],
    ],
  },
  {
    name: "stream",
    type: "stream",
    encoding: "stream",
    make: (key, random) => streamEntries(key, random, 1 + random.below(40)),
  },
  {
    name: "stream, empty, with a group",
    type: "stream",
    encoding: "stream",
    make: (key) => [
      ["XADD", key, "5-5", "f", "v"],
      ["XGROUP", "CREATE", key, "g", "0"],
      ["XDEL", key, "5-5"],
    ],
  },
  {
    name: "stream, several nodes and groups",
    type: "stream",
    encoding: "stream",
    make: (key, random, size = 1) => [
      ...streamEntries(key, random, 300 * size),
      ...streamGroups(key, random, 40),
      ["XTRIM", key, "MAXLEN", 250 * size],
    ],
  },
];
