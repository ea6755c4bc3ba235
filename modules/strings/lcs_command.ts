// The LCS command: options, errors and reply around the computation in lcs.ts.
import type { CommandSpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import { TYPE_STRING } from "../../core/keyspace/entry_layout.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  LCS_LENGTH_OR_INDEX,
  LCS_NO_MEMORY,
  LCS_STRINGS_ONLY,
  LCS_TOO_LARGE,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import { type CommonRange, lcsLength, lcsTableBytes, longestCommonSubsequence } from "./lcs.ts";
import { stringBytes } from "./string_value.ts";

const EMPTY = new Uint8Array(0);

interface LcsOptions {
  length: boolean;
  ranges: boolean;
  matchLengths: boolean;
  matchLengthMin: number;
}

function lcs(client: CommandClient, args: Arguments): void {
  const a = stringOrNull(client, args, 1);
  const b = stringOrNull(client, args, 2);
  if (a === null || b === null) {
    client.reply.error(LCS_STRINGS_ONLY);
    return;
  }
  const options = parseOptions(client, args);
  if (options === null) return;
  if (options.length && options.ranges) {
    client.reply.error(LCS_LENGTH_OR_INDEX);
    return;
  }
  if (lcsTableBytes(a, b) > client.server.config.values.protoMaxBulkLen) {
    client.reply.error(LCS_TOO_LARGE);
    return;
  }
  if (options.length) {
    client.reply.integer(lcsLength(a, b));
    return;
  }
  const found = computeOrNull(a, b);
  if (found === null) client.reply.error(LCS_NO_MEMORY);
  else if (options.ranges) replyRanges(client, found.ranges, found.sequence.length, options);
  else client.reply.bulkBytes(found.sequence);
}

function computeOrNull(a: Uint8Array, b: Uint8Array): ReturnType<typeof longestCommonSubsequence> | null {
  try {
    return longestCommonSubsequence(a, b);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The string at a key, empty where the key is absent, null where it is no string. */
function stringOrNull(client: CommandClient, args: Arguments, index: number): Uint8Array | null {
  const ref = client.db.lookupRead(args.buffer, args.starts[index], args.ends[index]);
  if (ref === 0) return EMPTY;
  return client.server.keyspace.entries.type(ref) === TYPE_STRING ? stringBytes(client, ref) : null;
}

/** Null after an error reply. */
function parseOptions(client: CommandClient, args: Arguments): LcsOptions | null {
  const options = { length: false, ranges: false, matchLengths: false, matchLengthMin: 0 };
  for (let index = 3; index < args.count; index++) {
    if (args.is(index, "idx")) options.ranges = true;
    else if (args.is(index, "len")) options.length = true;
    else if (args.is(index, "withmatchlen")) options.matchLengths = true;
    else if (args.is(index, "minmatchlen") && index + 1 < args.count) {
      const least = integerArgument(client, args, ++index);
      if (least !== least) return null;
      options.matchLengthMin = Math.max(0, least);
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

function replyRanges(
  client: CommandClient,
  ranges: CommonRange[],
  length: number,
  options: LcsOptions,
): void {
  const reply = client.reply;
  const shown = ranges.filter((range) => matchLength(range) >= options.matchLengthMin);
  reply.map(2);
  reply.bulkText("matches");
  reply.array(shown.length);
  for (const range of shown) {
    reply.array(options.matchLengths ? 3 : 2);
    reply.array(2);
    reply.integer(range.aStart);
    reply.integer(range.aEnd);
    reply.array(2);
    reply.integer(range.bStart);
    reply.integer(range.bEnd);
    if (options.matchLengths) reply.integer(matchLength(range));
  }
  reply.bulkText("len");
  reply.integer(length);
}

function matchLength(range: CommonRange): number {
  return range.aEnd - range.aStart + 1;
}

export const lcsCommands: CommandSpec[] = [
  {
    name: "lcs",
    arity: -3,
    flags: ["readonly"],
    categories: ["string"],
    keySpecs: [{ flags: ["RO", "access"], begin: { index: 1 }, find: { lastKey: 1, step: 1, limit: 0 } }],
    since: "7.0.0",
    group: "string",
    complexity: "O(N*M) where N and M are the lengths of the two strings",
    summary: "Finds the longest common subsequence of two strings.",
    arguments: [
      { name: "key1", type: "key", keySpecIndex: 0 },
      { name: "key2", type: "key", keySpecIndex: 0 },
      { name: "len", type: "pure-token", token: "LEN", optional: true },
      { name: "idx", type: "pure-token", token: "IDX", optional: true },
      { name: "min-match-len", type: "integer", token: "MINMATCHLEN", optional: true },
      { name: "withmatchlen", type: "pure-token", token: "WITHMATCHLEN", optional: true },
    ],
    handler: lcs,
  },
];
