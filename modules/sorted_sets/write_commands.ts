// Commands that add, score and remove members: ZADD, ZINCRBY, ZREM. ZADD is hot: it allocates nothing on the JavaScript
// heap.
import { parseDouble } from "../../core/bytes/double.ts";
import { parseSafeInteger } from "../../core/bytes/integer.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  NOT_A_FLOAT,
  SCORE_NOT_A_NUMBER,
  SYNTAX_ERROR,
  ZADD_GT_LT_NX,
  ZADD_INCR_ONE_PAIR,
  ZADD_NX_AND_XX,
} from "../../core/protocol/errors.ts";
import {
  ABSENT,
  announce,
  announceRemoved,
  OPEN,
  openZsetToChange,
  REFUSED,
  requireRoomFor,
  zset,
} from "./zset_lookup.ts";

/** Options of ZADD; GEOADD takes some of them. */
export const NX = 1;
export const XX = 2;
export const GT = 4;
export const LT = 8;
export const CH = 16;
export const INCR = 32;

/** Scores of the command's members; kept while they are not too many. */
let scores = new Float64Array(64);
const SCORES_KEPT_MAX = 4096;

/** Where the members of the command are among its arguments: the first, and how far apart. */
let firstMember = 0;
let stride = 2;
let members = 0;

/** What became of them: see `putMembers`. */
let added = 0;
let updated = 0;
/** The last member's score where the options let it through, else NaN. */
let lastScore = 0;

function zadd(client: CommandClient, args: Arguments): void {
  let first = 2;
  let options = 0;
  for (; first < args.count; first++) {
    const option = optionAt(args, first);
    if (option === 0) break;
    options |= option;
  }
  const words = args.count - first;
  if (words === 0 || words % 2 === 1) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const conflict = conflictOf(options);
  if (conflict !== "") client.reply.error(conflict);
  else if ((options & INCR) !== 0 && words > 2) client.reply.error(ZADD_INCR_ONE_PAIR);
  else addPairs(client, args, first, options);
}

function zincrby(client: CommandClient, args: Arguments): void {
  addPairs(client, args, 2, INCR);
}

function optionAt(args: Arguments, index: number): number {
  const length = args.length(index);
  if (length === 2) {
    if (args.is(index, "nx")) return NX;
    if (args.is(index, "xx")) return XX;
    if (args.is(index, "gt")) return GT;
    if (args.is(index, "lt")) return LT;
    return args.is(index, "ch") ? CH : 0;
  }
  return length === 4 && args.is(index, "incr") ? INCR : 0;
}

function conflictOf(options: number): string {
  const nx = (options & NX) !== 0;
  if (nx && (options & XX) !== 0) return ZADD_NX_AND_XX;
  const gt = (options & GT) !== 0;
  const lt = (options & LT) !== 0;
  return (gt && nx) || (lt && nx) || (gt && lt) ? ZADD_GT_LT_NX : "";
}

/** Adds or scores the members of the pairs of score and member from argument `first` on, and replies. */
function addPairs(client: CommandClient, args: Arguments, first: number, options: number): void {
  const pairs = (args.count - first) / 2;
  const target = scoresFor(pairs);
  for (let pair = 0; pair < pairs; pair++) {
    const index = first + pair * 2;
    let score = parseSafeInteger(args.buffer, args.starts[index], args.ends[index]);
    if (score !== score) score = parseDouble(args.buffer, args.starts[index], args.ends[index]);
    if (score !== score) {
      client.reply.error(NOT_A_FLOAT);
      return;
    }
    target[pair] = score;
  }
  addMembers(client, args, first + 1, 2, pairs, options);
}

/** Where the scores of so many members go before `addMembers`. */
export function scoresFor(count: number): Float64Array {
  if (count > scores.length || scores.length > SCORES_KEPT_MAX) {
    scores = new Float64Array(Math.max(count, SCORES_KEPT_MAX));
  }
  return scores;
}

/**
 * Adds `count` members, or gives those that are there other scores, and replies as ZADD does. They are the arguments
 * from `first` on, every `step`; their scores are where `scoresFor` told.
 */
export function addMembers(
  client: CommandClient,
  args: Arguments,
  first: number,
  step: number,
  count: number,
  options: number,
): void {
  firstMember = first;
  stride = step;
  members = count;
  added = 0;
  updated = 0;
  lastScore = NaN;
  const found = openZsetToChange(client, args);
  if (found === REFUSED) return;
  if (found === OPEN || (options & XX) === 0) {
    let complete: boolean;
    if (found === ABSENT) complete = createWithMembers(client, args, options);
    else {
      if (count > 1) requireRoomFor(client, count, args.totalBytes());
      zset.expect(count, 0);
      complete = putMembers(args, options);
    }
    if (added + updated > 0) {
      announce(client, args, 1, (options & INCR) !== 0 ? "zincr" : "zadd", added + updated);
    }
    if (!complete) {
      client.reply.error(SCORE_NOT_A_NUMBER);
      return;
    }
  }
  if ((options & INCR) === 0) client.reply.integer((options & CH) !== 0 ? added + updated : added);
  else if (lastScore === lastScore) client.reply.double(lastScore);
  else client.reply.null();
}

function createWithMembers(client: CommandClient, args: Arguments, options: number): boolean {
  let longest = 0;
  let bytes = 0;
  for (let index = 0; index < members; index++) {
    const length = args.length(firstMember + index * stride);
    bytes += length;
    if (length > longest) longest = length;
  }
  zset.create(client.server.keyspace, client.server.config.values, members, longest, bytes);
  try {
    const complete = putMembers(args, options);
    zset.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
    return complete;
  } catch (error) {
    zset.discard();
    throw error;
  }
}

/** Counts in `added` and `updated`; false where a score would become NaN, which ends it. */
function putMembers(args: Arguments, options: number): boolean {
  const { buffer, starts, ends } = args;
  for (let member = 0; member < members; member++) {
    const index = firstMember + member * stride;
    const start = starts[index];
    const end = ends[index];
    let score = scores[member];
    if (!zset.find(buffer, start, end)) {
      if ((options & XX) !== 0) continue;
      zset.insert(buffer, start, end, score);
      lastScore = score;
      added++;
      continue;
    }
    if ((options & NX) !== 0) continue;
    const current = zset.score;
    if ((options & INCR) !== 0) {
      score += current;
      if (score !== score) return false;
    }
    if (((options & LT) !== 0 && score >= current) || ((options & GT) !== 0 && score <= current)) continue;
    lastScore = score;
    if (score === current) continue;
    zset.setScore(buffer, start, end, score);
    updated++;
  }
  return true;
}

function zrem(client: CommandClient, args: Arguments): void {
  const found = openZsetToChange(client, args);
  if (found === REFUSED) return;
  let removed = 0;
  for (let index = 2; found === OPEN && index < args.count && zset.size > 0; index++) {
    if (!zset.find(args.buffer, args.starts[index], args.ends[index])) continue;
    zset.removeFound();
    removed++;
  }
  if (removed > 0) announceRemoved(client, args, 1, "zrem", removed);
  client.reply.integer(removed);
}

export const writeCommands: CommandSpec[] = [
  {
    name: "zadd",
    arity: -4,
    flags: ["write", "denyoom", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "update"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(M*log(N)) for M pairs and a sorted set of N members",
    summary: "Adds members with their scores to a sorted set, or gives members that it has other scores.",
    history: [["2.4.0", "More than one member."], ["3.0.2", "XX, NX, CH and INCR."], ["6.2.0", "GT and LT."]],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      {
        name: "condition",
        type: "oneof",
        optional: true,
        since: "3.0.2",
        arguments: [{ name: "nx", type: "pure-token", token: "NX" }, {
          name: "xx",
          type: "pure-token",
          token: "XX",
        }],
      },
      {
        name: "comparison",
        type: "oneof",
        optional: true,
        since: "6.2.0",
        arguments: [{ name: "gt", type: "pure-token", token: "GT" }, {
          name: "lt",
          type: "pure-token",
          token: "LT",
        }],
      },
      { name: "change", type: "pure-token", token: "CH", optional: true, since: "3.0.2" },
      { name: "increment", type: "pure-token", token: "INCR", optional: true, since: "3.0.2" },
      {
        name: "score_member",
        type: "block",
        multiple: true,
        arguments: [{ name: "score", type: "double" }, { name: "member", type: "string" }],
      },
    ],
    handler: zadd,
  },
  {
    name: "zincrby",
    arity: 4,
    flags: ["write", "denyoom", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "access", "update"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary: "Adds to the score of a member; an absent member's counts as 0.",
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, { name: "increment", type: "integer" }, {
      name: "member",
      type: "string",
    }],
    handler: zincrby,
  },
  {
    name: "zrem",
    arity: -3,
    flags: ["write", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "delete"),
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(M*log(N)) for M members given and a sorted set of N",
    summary: "Removes members from a sorted set; the key goes with the last one.",
    history: [["2.4.0", "More than one member."]],
    arguments: [{ name: "key", type: "key", keySpecIndex: 0 }, {
      name: "member",
      type: "string",
      multiple: true,
    }],
    handler: zrem,
  },
];
