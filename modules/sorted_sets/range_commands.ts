// Ranges of members by rank, score or text: ZRANGE in all its forms, the older commands that it replaces, and ZRANGESTORE.
import { type CommandSpec, keyAt, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  LIMIT_NEEDS_SCORE_OR_LEX,
  SYNTAX_ERROR,
  WITHSCORES_NOT_WITH_LEX,
} from "../../core/protocol/errors.ts";
import {
  KEY,
  LIMIT,
  MAX_SCORE,
  MAX_TEXT,
  MIN_SCORE,
  MIN_TEXT,
  REV,
  SORTBY,
  START_RANK,
  STOP_RANK,
  WITHSCORES,
} from "./argument_docs.ts";
import {
  findRange,
  parseLexRange,
  parseRankRange,
  parseScoreRange,
  rangeCount,
  rangeStart,
} from "./member_range.ts";
import {
  ABSENT,
  openZset,
  REFUSED,
  replyMember,
  replyMemberCount,
  result,
  storeResult,
  zset,
} from "./zset_lookup.ts";

/** What the members are chosen by; FREE where an option may still say. */
const FREE = 0;
const BY_RANK = 1;
const BY_SCORE = 2;
const BY_LEX = 3;

/** What the options of one command say. */
let by = FREE;
let isReverse = false;
let withScores = false;
let offset = 0;
/** Members at most; negative: all. */
let limit = -1;

/** The part of the range that is asked for: rank of the lowest member, number of members. */
let first = 0;
let count = 0;

function zrange(client: CommandClient, args: Arguments): void {
  range(client, args, FREE, "free");
}

function zrevrange(client: CommandClient, args: Arguments): void {
  range(client, args, BY_RANK, "reverse");
}

function zrangebyscore(client: CommandClient, args: Arguments): void {
  range(client, args, BY_SCORE, "forward");
}

function zrevrangebyscore(client: CommandClient, args: Arguments): void {
  range(client, args, BY_SCORE, "reverse");
}

function zrangebylex(client: CommandClient, args: Arguments): void {
  range(client, args, BY_LEX, "forward");
}

function zrevrangebylex(client: CommandClient, args: Arguments): void {
  range(client, args, BY_LEX, "reverse");
}

/** "free": an option may say. */
type Direction = "free" | "forward" | "reverse";

function range(client: CommandClient, args: Arguments, fixedBy: number, direction: Direction): void {
  if (!parse(client, args, 1, fixedBy, direction)) return;
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    client.reply.emptyArray();
    return;
  }
  findPart(args);
  replyMemberCount(client, count, withScores);
  if (count === 0) return;
  if (isReverse) {
    zset.seek(first + count - 1);
    for (let left = count; left > 0; left--) {
      replyMember(client, zset, withScores);
      zset.backward();
    }
  } else {
    zset.seek(first);
    for (let left = count; left > 0; left--) {
      replyMember(client, zset, withScores);
      zset.forward();
    }
  }
}

function zrangestore(client: CommandClient, args: Arguments): void {
  if (!parse(client, args, 2, FREE, "free")) return;
  const found = openZset(client, args, 2);
  if (found === REFUSED) return;
  count = 0;
  if (found !== ABSENT) findPart(args);
  const { keyspace, config } = client.server;
  result.create(keyspace, config.values, count, 0, 0);
  try {
    if (count > 0) copyPart();
  } catch (error) {
    result.discard();
    throw error;
  }
  storeResult(client, args, 1, "zrangestore");
}

function copyPart(): void {
  zset.seek(first);
  for (let left = count; left > 0; left--) {
    zset.readScore();
    zset.readMember();
    result.find(zset.bytes, zset.start, zset.end);
    result.insert(zset.bytes, zset.start, zset.end, zset.score);
    zset.forward();
  }
}

/** Reads options and range of a command whose key is at argument `key`; false after an error reply. */
function parse(
  client: CommandClient,
  args: Arguments,
  key: number,
  fixedBy: number,
  direction: Direction,
): boolean {
  by = fixedBy;
  isReverse = direction === "reverse";
  withScores = false;
  offset = 0;
  limit = -1;
  const stores = key === 2;
  for (let index = key + 3; index < args.count; index++) {
    if (!stores && args.is(index, "withscores")) withScores = true;
    else if (args.is(index, "limit") && index + 2 < args.count) {
      offset = integerArgument(client, args, ++index);
      if (offset !== offset) return false;
      limit = integerArgument(client, args, ++index);
      if (limit !== limit) return false;
    } else if (direction === "free" && args.is(index, "rev")) isReverse = true;
    else if (fixedBy === FREE && (by === FREE || by === BY_LEX) && args.is(index, "bylex")) by = BY_LEX;
    else if (fixedBy === FREE && (by === FREE || by === BY_SCORE) && args.is(index, "byscore")) by = BY_SCORE;
    else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  if (by === FREE) by = BY_RANK;
  if (limit !== -1 && by === BY_RANK) {
    client.reply.error(LIMIT_NEEDS_SCORE_OR_LEX);
    return false;
  }
  if (withScores && by === BY_LEX) {
    client.reply.error(WITHSCORES_NOT_WITH_LEX);
    return false;
  }
  if (by === BY_RANK) return parseRankRange(client, args, key + 1, key + 2);
  // In reverse the higher end comes first.
  const minimum = isReverse ? key + 2 : key + 1;
  const maximum = isReverse ? key + 1 : key + 2;
  return by === BY_SCORE
    ? parseScoreRange(client, args, minimum, maximum)
    : parseLexRange(client, args, minimum, maximum);
}

/** Finds the part of the range in the open sorted set that offset and limit leave. */
function findPart(args: Arguments): void {
  findRange(args, isReverse);
  first = rangeStart;
  count = rangeCount;
  if (by === BY_RANK) return;
  // A negative offset skips everything.
  const skipped = offset < 0 ? count : Math.min(offset, count);
  const left = count - skipped;
  const taken = limit < 0 ? left : Math.min(limit, left);
  if (isReverse) first += left - taken;
  else first += skipped;
  count = taken;
}

export const rangeCommands: CommandSpec[] = [
  {
    name: "zrange",
    arity: -4,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(log(N)+M) where N is the number of members and M the number of those returned",
    summary: "Gives the members in a range of ranks, scores or texts, in either order.",
    history: [["6.2.0", "REV, BYSCORE, BYLEX and LIMIT."]],
    arguments: [
      KEY,
      { name: "start", type: "string" },
      { name: "stop", type: "string" },
      { ...SORTBY, since: "6.2.0" },
      { ...REV, since: "6.2.0" },
      { ...LIMIT, since: "6.2.0" },
      WITHSCORES,
    ],
    handler: zrange,
  },
  {
    name: "zrangestore",
    arity: -5,
    flags: ["write", "denyoom"],
    categories: ["sortedset"],
    keySpecs: [keyAt(1, "OW", "update"), keyAt(2, "RO", "access")],
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(log(N)+M*log(M)) where N is the number of members and M the number of those stored",
    summary: "Stores the members in a range of ranks, scores or texts as a sorted set at another key.",
    arguments: [
      { name: "dst", type: "key", keySpecIndex: 0 },
      { name: "src", type: "key", keySpecIndex: 1 },
      MIN_TEXT,
      MAX_TEXT,
      SORTBY,
      REV,
      LIMIT,
    ],
    handler: zrangestore,
  },
  {
    name: "zrevrange",
    arity: -4,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(log(N)+M) where N is the number of members and M the number of those returned",
    summary: "Gives the members in a range of ranks that are counted from the highest score.",
    deprecated: { since: "6.2.0", replacedBy: "ZRANGE with REV" },
    arguments: [KEY, START_RANK, STOP_RANK, WITHSCORES],
    handler: zrevrange,
  },
  {
    name: "zrangebyscore",
    arity: -4,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "1.0.5",
    group: "sorted-set",
    complexity: "O(log(N)+M) where N is the number of members and M the number of those returned",
    summary: "Gives the members whose scores are in a range, the lowest first.",
    history: [["2.0.0", "WITHSCORES."]],
    deprecated: { since: "6.2.0", replacedBy: "ZRANGE with BYSCORE" },
    arguments: [
      KEY,
      MIN_SCORE,
      MAX_SCORE,
      { ...WITHSCORES, since: "2.0.0" },
      LIMIT,
    ],
    handler: zrangebyscore,
  },
  {
    name: "zrevrangebyscore",
    arity: -4,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.2.0",
    group: "sorted-set",
    complexity: "O(log(N)+M) where N is the number of members and M the number of those returned",
    summary: "Gives the members whose scores are in a range, the highest first.",
    history: [["2.1.6", "Exclusive limits."]],
    deprecated: { since: "6.2.0", replacedBy: "ZRANGE with REV and BYSCORE" },
    arguments: [KEY, MAX_SCORE, MIN_SCORE, WITHSCORES, LIMIT],
    handler: zrevrangebyscore,
  },
  {
    name: "zrangebylex",
    arity: -4,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.9",
    group: "sorted-set",
    complexity: "O(log(N)+M) where N is the number of members and M the number of those returned",
    summary: "Gives the members of one score whose texts are in a range, the least first.",
    deprecated: { since: "6.2.0", replacedBy: "ZRANGE with BYLEX" },
    arguments: [KEY, MIN_TEXT, MAX_TEXT, LIMIT],
    handler: zrangebylex,
  },
  {
    name: "zrevrangebylex",
    arity: -4,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.9",
    group: "sorted-set",
    complexity: "O(log(N)+M) where N is the number of members and M the number of those returned",
    summary: "Gives the members of one score whose texts are in a range, the greatest first.",
    deprecated: { since: "6.2.0", replacedBy: "ZRANGE with REV and BYLEX" },
    arguments: [KEY, MAX_TEXT, MIN_TEXT, LIMIT],
    handler: zrevrangebylex,
  },
];
