// Commands that read members and their places: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT. They allocate
// nothing on the JavaScript heap.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR, wrongArity } from "../../core/protocol/errors.ts";
import {
  KEY,
  MAX_SCORE,
  MAX_TEXT,
  MEMBER,
  MEMBERS,
  MIN_SCORE,
  MIN_TEXT,
  WITHSCORE,
} from "./argument_docs.ts";
import { findRange, parseLexRange, parseScoreRange, rangeCount } from "./member_range.ts";
import { ABSENT, OPEN, openZset, REFUSED, zset } from "./zset_lookup.ts";

function zcard(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found !== REFUSED) client.reply.integer(found === ABSENT ? 0 : zset.size);
}

function zscore(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found !== REFUSED) replyScore(client, args, 2, found);
}

function zmscore(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found === REFUSED) return;
  client.reply.array(args.count - 2);
  for (let index = 2; index < args.count; index++) replyScore(client, args, index, found);
}

function replyScore(client: CommandClient, args: Arguments, index: number, found: number): void {
  if (found === OPEN && zset.find(args.buffer, args.starts[index], args.ends[index])) {
    client.reply.double(zset.score);
  } else {
    client.reply.null();
  }
}

function zrank(client: CommandClient, args: Arguments): void {
  replyRank(client, args, "zrank");
}

function zrevrank(client: CommandClient, args: Arguments): void {
  replyRank(client, args, "zrevrank");
}

function replyRank(client: CommandClient, args: Arguments, name: "zrank" | "zrevrank"): void {
  const { reply } = client;
  if (args.count > 4) {
    reply.error(wrongArity(name));
    return;
  }
  const withScore = args.count === 4;
  if (withScore && !args.is(3, "withscore")) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || !zset.find(args.buffer, args.starts[2], args.ends[2])) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  const { score } = zset;
  const rank = zset.rank();
  if (withScore) reply.array(2);
  reply.integer(name === "zrank" ? rank : zset.size - 1 - rank);
  if (withScore) reply.double(score);
}

function zcount(client: CommandClient, args: Arguments): void {
  if (parseScoreRange(client, args, 2, 3)) replyCount(client, args);
}

function zlexcount(client: CommandClient, args: Arguments): void {
  if (parseLexRange(client, args, 2, 3)) replyCount(client, args);
}

function replyCount(client: CommandClient, args: Arguments): void {
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === OPEN) findRange(args);
  client.reply.integer(found === ABSENT ? 0 : rangeCount);
}

export const readCommands: CommandSpec[] = [
  {
    name: "zcard",
    arity: 2,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(1)",
    summary: "Counts the members of a sorted set.",
    arguments: [KEY],
    handler: zcard,
  },
  {
    name: "zscore",
    arity: 3,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(1)",
    summary: "Gives the score of a member.",
    arguments: [KEY, MEMBER],
    handler: zscore,
  },
  {
    name: "zmscore",
    arity: -3,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(N) where N is the number of members asked for",
    summary: "Gives the scores of several members, null for each that is absent.",
    arguments: [KEY, MEMBERS],
    handler: zmscore,
  },
  {
    name: "zrank",
    arity: -3,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary: "Gives the rank of a member, counted from the lowest score.",
    history: [["7.2.0", "WITHSCORE."]],
    arguments: [KEY, MEMBER, WITHSCORE],
    handler: zrank,
  },
  {
    name: "zrevrank",
    arity: -3,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary: "Gives the rank of a member, counted from the highest score.",
    history: [["7.2.0", "WITHSCORE."]],
    arguments: [KEY, MEMBER, WITHSCORE],
    handler: zrevrank,
  },
  {
    name: "zcount",
    arity: 4,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.0.0",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary: "Counts the members whose scores are in a range.",
    arguments: [KEY, MIN_SCORE, MAX_SCORE],
    handler: zcount,
  },
  {
    name: "zlexcount",
    arity: 4,
    flags: ["readonly", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.9",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary: "Counts the members of one score whose texts are in a range.",
    arguments: [KEY, MIN_TEXT, MAX_TEXT],
    handler: zlexcount,
  },
];
