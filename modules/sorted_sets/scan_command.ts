// ZSCAN: the members of a sorted set with their scores, a few at a time, with the SCAN guarantee.
import { doubleText } from "../../core/bytes/double.ts";
import { doubleText17 } from "../../core/bytes/double_17_digits.ts";
import { isMatchAll, matchGlob } from "../../core/bytes/glob.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { parseScanCursor, SCAN_COUNT_DEFAULT } from "../../core/commands/scan_options.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ABSENT, openZset, REFUSED, zset } from "./zset_lookup.ts";

/** Buckets that one command looks at, at most, for each element asked for. */
const SCAN_STEPS_PER_ELEMENT = 10;

/** Places of the members that one command has found. */
const collected: number[] = [];

/** What the options of one command say. */
let patternIndex = 0;
let wantsScores = true;
let wantedCount = SCAN_COUNT_DEFAULT;

function zscan(client: CommandClient, args: Arguments): void {
  const { reply } = client;
  const cursor = parseScanCursor(client, args, 2);
  if (cursor < 0) return;
  const found = openZset(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    replyHead(client, 0);
    reply.emptyArray();
    return;
  }
  if (!parseOptions(client, args)) return;
  replyHead(client, collectSome(cursor));
  const mark = reply.beginArray();
  let written = 0;
  for (let index = 0; index < collected.length; index++) {
    zset.place = collected[index];
    zset.readMember();
    if (!matches(args)) continue;
    reply.bulk(zset.bytes, zset.start, zset.end);
    written++;
    if (!wantsScores) continue;
    zset.readScore();
    // Valkey prints what it has: the text in a listpack, 17 digits of a double.
    reply.bulkLatin1(zset.isPacked ? doubleText(zset.score) : doubleText17(zset.score));
    written++;
  }
  reply.endArray(mark, written);
}

/** Collects about as many members as are wanted; returns the next cursor. */
function collectSome(cursor: number): number {
  collected.length = 0;
  let steps = wantedCount * SCAN_STEPS_PER_ELEMENT;
  let next = cursor;
  do {
    next = zset.scan(next, collect);
  } while (next !== 0 && --steps > 0 && collected.length < wantedCount);
  return next;
}

function collect(place: number): void {
  collected.push(place);
}

function matches(args: Arguments): boolean {
  if (patternIndex === 0) return true;
  const { buffer, starts, ends } = args;
  return matchGlob(buffer, starts[patternIndex], ends[patternIndex], zset.bytes, zset.start, zset.end);
}

function replyHead(client: CommandClient, cursor: number): void {
  client.reply.array(2);
  client.reply.bulkInteger(cursor);
}

/** False after an error reply. */
function parseOptions(client: CommandClient, args: Arguments): boolean {
  patternIndex = 0;
  wantsScores = true;
  wantedCount = SCAN_COUNT_DEFAULT;
  for (let index = 3; index < args.count; index++) {
    const hasNext = index + 1 < args.count;
    if (args.is(index, "count") && hasNext) {
      wantedCount = integerArgument(client, args, ++index);
      if (wantedCount !== wantedCount) return false;
      if (wantedCount < 1) {
        client.reply.error(SYNTAX_ERROR);
        return false;
      }
    } else if (args.is(index, "match") && hasNext) {
      index++;
      patternIndex = isMatchAll(args.buffer, args.starts[index], args.ends[index]) ? 0 : index;
    } else if (args.is(index, "noscores")) {
      wantsScores = false;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

export const scanCommands: CommandSpec[] = [
  {
    name: "zscan",
    arity: -3,
    flags: ["readonly"],
    categories: ["sortedset"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.0",
    group: "sorted-set",
    complexity: "O(1) a call; O(N) for a whole pass over N members",
    summary: "Goes over the members of a sorted set with their scores, a few at a time.",
    history: [["8.0.0", "NOSCORES."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      {
        name: "pattern",
        type: "pattern",
        token: "MATCH",
        optional: true,
      },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "noscores", type: "pure-token", token: "NOSCORES", optional: true, since: "8.0.0" },
    ],
    handler: zscan,
  },
];
