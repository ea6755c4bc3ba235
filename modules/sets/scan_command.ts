// SSCAN: the members of a set, a few at a time, with the SCAN guarantee.
import { isMatchAll, matchGlob } from "../../core/bytes/glob.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { parseScanCursor, SCAN_COUNT_DEFAULT } from "../../core/commands/scan_options.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ABSENT, openSet, REFUSED, set } from "./set_lookup.ts";

/** Buckets that one command looks at, at most, for each element asked for. */
const SCAN_STEPS_PER_ELEMENT = 10;

/** Places of the members that one command has found. */
const collected: number[] = [];

/** Index of the MATCH argument, 0 for none. */
let patternIndex = 0;
let wantedCount = SCAN_COUNT_DEFAULT;

function sscan(client: CommandClient, args: Arguments): void {
  const cursor = parseScanCursor(client, args, 2);
  if (cursor < 0) return;
  const found = openSet(client, args);
  if (found === REFUSED) return;
  const { reply } = client;
  if (found === ABSENT) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.emptyArray();
    return;
  }
  if (!parseOptions(client, args)) return;
  const next = collectSome(cursor);
  reply.array(2);
  reply.bulkInteger(next);
  const mark = reply.beginArray();
  let written = 0;
  for (let index = 0; index < collected.length; index++) {
    set.place = collected[index];
    set.readMember();
    if (!matches(args)) continue;
    reply.bulk(set.bytes, set.start, set.end);
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
    next = set.scan(next, collect);
  } while (next !== 0 && --steps > 0 && collected.length < wantedCount);
  return next;
}

function collect(place: number): void {
  collected.push(place);
}

/** Whether the member that was read matches the pattern. */
function matches(args: Arguments): boolean {
  const { buffer, starts, ends } = args;
  const index = patternIndex;
  return index === 0 || matchGlob(buffer, starts[index], ends[index], set.bytes, set.start, set.end);
}

/** False after an error reply. */
function parseOptions(client: CommandClient, args: Arguments): boolean {
  patternIndex = 0;
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
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

export const scanCommands: CommandSpec[] = [
  {
    name: "sscan",
    arity: -3,
    flags: ["readonly"],
    categories: ["set"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.0",
    group: "set",
    complexity: "O(1) a call; O(N) for a whole pass over N members",
    summary: "Goes over the members of a set, a few at a time.",
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      { name: "pattern", type: "pattern", token: "MATCH", optional: true },
      { name: "count", type: "integer", token: "COUNT", optional: true },
    ],
    handler: sscan,
  },
];
