// HSCAN: the fields of a hash, a few at a time, with the SCAN guarantee.
import { isMatchAll, matchGlob } from "../../core/bytes/glob.ts";
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { parseScanCursor, SCAN_COUNT_DEFAULT } from "../../core/commands/scan_options.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { ABSENT, hash, openHash, REFUSED } from "./hash_lookup.ts";

/** Buckets that one command looks at, at most, for each element asked for. */
const SCAN_STEPS_PER_ELEMENT = 10;

/** Places of the fields that one command has found. */
const collected: number[] = [];

/** What the visitor below needs to know; set for one command. */
let current: CommandClient;
let currentArgs: Arguments;
/** Index of the MATCH argument, 0 for none. */
let patternIndex = 0;
let wantsValues = true;
let wantedCount = SCAN_COUNT_DEFAULT;
let written = 0;

function hscan(client: CommandClient, args: Arguments): void {
  const cursor = parseScanCursor(client, args, 2);
  if (cursor < 0) return;
  const found = openHash(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT) {
    replyHead(client, 0);
    client.reply.emptyArray();
    return;
  }
  if (!parseOptions(client, args)) return;
  current = client;
  currentArgs = args;
  written = 0;
  const next = collectSome(cursor);
  replyHead(client, next);
  const mark = client.reply.beginArray();
  for (let index = 0; index < collected.length; index++) {
    hash.place = collected[index];
    writeMatching();
  }
  client.reply.endArray(mark, written);
}

/** Collects about as many fields as are wanted; returns the next cursor. */
function collectSome(cursor: number): number {
  collected.length = 0;
  let steps = wantedCount * SCAN_STEPS_PER_ELEMENT;
  let next = cursor;
  do {
    next = hash.scan(next, collect);
  } while (next !== 0 && --steps > 0 && collected.length < wantedCount);
  return next;
}

function collect(place: number): void {
  collected.push(place);
}

function replyHead(client: CommandClient, cursor: number): void {
  client.reply.array(2);
  client.reply.bulkInteger(cursor);
}

/** False after an error reply. */
function parseOptions(client: CommandClient, args: Arguments): boolean {
  patternIndex = 0;
  wantsValues = true;
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
    } else if (args.is(index, "novalues")) {
      wantsValues = false;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

function writeMatching(): void {
  const reply = current.reply;
  hash.readField();
  if (patternIndex !== 0) {
    const { buffer, starts, ends } = currentArgs;
    if (!matchGlob(buffer, starts[patternIndex], ends[patternIndex], hash.bytes, hash.start, hash.end)) {
      return;
    }
  }
  reply.bulk(hash.bytes, hash.start, hash.end);
  written++;
  if (!wantsValues) return;
  hash.readValue();
  reply.bulk(hash.bytes, hash.start, hash.end);
  written++;
}

export const scanCommands: CommandSpec[] = [
  {
    name: "hscan",
    arity: -3,
    flags: ["readonly"],
    categories: ["hash"],
    keySpecs: oneKey("RO", "access"),
    since: "2.8.0",
    group: "hash",
    complexity: "O(1) a call; O(N) for a whole pass over N fields",
    summary: "Goes over the fields of a hash, a few at a time.",
    history: [["8.0.0", "NOVALUES."]],
    tips: ["nondeterministic_output"],
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      { name: "pattern", type: "pattern", token: "MATCH", optional: true },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "novalues", type: "pure-token", token: "NOVALUES", optional: true, since: "8.0.0" },
    ],
    handler: hscan,
  },
];
