// Commands that combine sorted sets and sets: ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD.
import { parseDouble } from "../../core/bytes/double.ts";
import { type CommandSpec, countedKeys, keyAt } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument, leastArgument } from "../../core/commands/number_arguments.ts";
import { TYPE_ZSET } from "../../core/keyspace/entry_layout.ts";
import { ZsetValue } from "../../core/keyspace/zset_value.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { LIMIT_NEGATIVE, noInputKey, SYNTAX_ERROR, WEIGHT_NOT_A_FLOAT } from "../../core/protocol/errors.ts";
import {
  AGGREGATE,
  DESTINATION,
  KEYS,
  KEYS_BEHIND_DESTINATION,
  NUMKEYS,
  WEIGHTS,
  WITHSCORES,
} from "./argument_docs.ts";
import { openOperands, type Operand, operands } from "./operands.ts";
import { replyMember, replyMemberCount, result, storeResult } from "./zset_lookup.ts";

type Operation = "union" | "inter" | "diff";
/** What becomes of the result. */
type Use = "reply" | "store" | "count";

/** How the scores of a member that several inputs have become one. */
const SUM = 0;
const MIN = 1;
const MAX = 2;

/** What the options of one command say. */
let aggregate = SUM;
let withScores = false;
/** For ZINTERCARD; 0 = none. */
let limit = 0;
/** Bytes of the longest member of the result, and of all. */
let longest = 0;
let memberBytes = 0;

/** The result as it was put together, while it becomes a listpack. */
const source = new ZsetValue();
/** The result is put together as an index, whatever its size will be. */
const ALWAYS_INDEX = { zsetMaxListpackEntries: 0, zsetMaxListpackValue: 0 };

const zunion = (client: CommandClient, args: Arguments) => combine(client, args, "union", "reply", "zunion");
const zinter = (client: CommandClient, args: Arguments) => combine(client, args, "inter", "reply", "zinter");
const zdiff = (client: CommandClient, args: Arguments) => combine(client, args, "diff", "reply", "zdiff");
const zunionstore = (client: CommandClient, args: Arguments) =>
  combine(client, args, "union", "store", "zunionstore");
const zinterstore = (client: CommandClient, args: Arguments) =>
  combine(client, args, "inter", "store", "zinterstore");
const zdiffstore = (client: CommandClient, args: Arguments) =>
  combine(client, args, "diff", "store", "zdiffstore");
const zintercard = (client: CommandClient, args: Arguments) =>
  combine(client, args, "inter", "count", "zintercard");

function combine(
  client: CommandClient,
  args: Arguments,
  operation: Operation,
  use: Use,
  name: string,
): void {
  const numkeys = use === "store" ? 2 : 1;
  const keys = integerArgument(client, args, numkeys);
  if (keys !== keys) return;
  if (keys < 1) {
    client.reply.error(noInputKey(name));
    return;
  }
  const last = numkeys + keys;
  if (last >= args.count) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  if (!openOperands(client, args, numkeys + 1, last)) return;
  if (!parseOptions(client, args, last + 1, operation, use)) return;
  if (operation !== "diff") operands.sort((a, b) => a.size - b.size);
  if (use === "count") {
    client.reply.integer(intersect(null));
    return;
  }
  makeResult(client, operation);
  if (use === "store") {
    pack(client);
    storeResult(client, args, 1, name);
  } else {
    replyResult(client);
  }
}

/** Reads what follows the keys; false after an error reply. */
function parseOptions(
  client: CommandClient,
  args: Arguments,
  first: number,
  operation: Operation,
  use: Use,
): boolean {
  aggregate = SUM;
  withScores = false;
  limit = 0;
  const takesWeights = operation !== "diff" && use !== "count";
  for (let index = first; index < args.count; index++) {
    const left = args.count - index - 1;
    if (takesWeights && left >= operands.length && args.is(index, "weights")) {
      if (!parseWeights(client, args, index + 1)) return false;
      index += operands.length;
    } else if (takesWeights && left >= 1 && args.is(index, "aggregate")) {
      aggregate = aggregateAt(args, ++index);
      if (aggregate < 0) {
        client.reply.error(SYNTAX_ERROR);
        return false;
      }
    } else if (use === "reply" && args.is(index, "withscores")) {
      withScores = true;
    } else if (use === "count" && left >= 1 && args.is(index, "limit")) {
      index++;
      limit = leastArgument(client, args, index, 0, LIMIT_NEGATIVE);
      if (limit !== limit) return false;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

function parseWeights(client: CommandClient, args: Arguments, first: number): boolean {
  for (let operand = 0; operand < operands.length; operand++) {
    const index = first + operand;
    const weight = parseDouble(args.buffer, args.starts[index], args.ends[index]);
    if (weight !== weight) {
      client.reply.error(WEIGHT_NOT_A_FLOAT);
      return false;
    }
    operands[operand].weight = weight;
  }
  return true;
}

function aggregateAt(args: Arguments, index: number): number {
  if (args.is(index, "sum")) return SUM;
  if (args.is(index, "min")) return MIN;
  return args.is(index, "max") ? MAX : -1;
}

/** Makes `result`; throws ARENA_FULL with nothing left behind. */
function makeResult(client: CommandClient, operation: Operation): void {
  longest = 0;
  memberBytes = 0;
  result.create(client.server.keyspace, ALWAYS_INDEX, 0, 0, 0);
  try {
    if (operation === "union") unite();
    else if (operation === "inter") intersect(add);
    else subtract();
  } catch (error) {
    result.discard();
    throw error;
  }
}

function unite(): void {
  for (const operand of operands) {
    operand.walk();
    while (operand.next()) {
      const { bytes, start, end } = operand;
      const score = weighted(operand);
      if (!result.find(bytes, start, end)) {
        insert(operand, score);
        continue;
      }
      const sum = aggregated(result.score, score);
      if (sum === 0 && Object.is(result.score, -0)) replaceNegativeZero(operand, sum);
      else result.setScore(bytes, start, end, sum);
    }
  }
}

/** The score that was found is -0, which `setScore` takes for the same as 0. */
function replaceNegativeZero(operand: Operand, score: number): void {
  const { bytes, start, end } = operand;
  result.removeFound();
  result.find(bytes, start, end);
  result.insert(bytes, start, end, score);
}

/** Hands the members that all inputs have to `visit`; returns how many they are, or the limit. */
function intersect(visit: ((operand: Operand, score: number) => void) | null): number {
  const smallest = operands[0];
  let count = 0;
  smallest.walk();
  while (smallest.next()) {
    let score = weighted(smallest);
    let other = 1;
    for (; other < operands.length; other++) {
      const operand = operands[other];
      if (!operand.find(smallest.bytes, smallest.start, smallest.end)) break;
      score = aggregated(score, operand.score * operand.weight);
    }
    if (other < operands.length) continue;
    count++;
    if (visit !== null) visit(smallest, score);
    else if (count === limit) break;
  }
  return count;
}

function subtract(): void {
  const [whole, ...others] = operands;
  whole.walk();
  while (whole.next()) {
    const { bytes, start, end } = whole;
    if (!others.some((other) => other.find(bytes, start, end))) add(whole, whole.score);
  }
}

/** Adds the current member of an input to the result, which does not have it. */
function add(operand: Operand, score: number): void {
  result.find(operand.bytes, operand.start, operand.end);
  insert(operand, score);
}

/** The same where the result was searched for it just now. */
function insert(operand: Operand, score: number): void {
  const length = operand.end - operand.start;
  result.insert(operand.bytes, operand.start, operand.end, score);
  memberBytes += length;
  if (length > longest) longest = length;
}

/** Infinity times 0 counts as 0. */
function weighted(operand: Operand): number {
  const score = operand.weight * operand.score;
  return score === score ? score : 0;
}

function aggregated(score: number, other: number): number {
  if (aggregate === MIN) return other < score ? other : score;
  if (aggregate === MAX) return other > score ? other : score;
  const sum = score + other;
  return sum === sum ? sum : 0;
}

/** Turns a result that is small enough into a listpack. */
function pack(client: CommandClient): void {
  const { keyspace, config: { values } } = client.server;
  const { size } = result;
  if (size === 0 || size > values.zsetMaxListpackEntries || longest > values.zsetMaxListpackValue) return;
  const index = result.root;
  const { encoding } = result;
  source.openValue(keyspace, encoding, index);
  let isMade = false;
  try {
    result.create(keyspace, values, size, longest, memberBytes);
    isMade = true;
    source.seek(0);
    for (let left = size; left > 0; left--) {
      source.readMember();
      source.readScore();
      result.find(source.bytes, source.start, source.end);
      result.insert(source.bytes, source.start, source.end, source.score);
      source.forward();
    }
  } catch (error) {
    if (isMade) result.discard();
    throw error;
  } finally {
    keyspace.kinds[TYPE_ZSET].free(index, encoding);
  }
}

function replyResult(client: CommandClient): void {
  replyMemberCount(client, result.size, withScores);
  if (result.size > 0) {
    result.seek(0);
    do replyMember(client, result, withScores); while (result.forward());
  }
  result.discard();
}

export const combineCommands: CommandSpec[] = [
  {
    name: "zunion",
    arity: -3,
    flags: ["readonly", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [countedKeys(1, "RO", "access")],
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(N*log(M)) where N is the number of all members and M that of the result",
    summary: "Gives the members that any of several sorted sets has, with combined scores.",
    arguments: [NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITHSCORES],
    handler: zunion,
  },
  {
    name: "zinter",
    arity: -3,
    flags: ["readonly", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [countedKeys(1, "RO", "access")],
    since: "6.2.0",
    group: "sorted-set",
    complexity:
      "O(N*K)+O(M*log(M)) where N is the size of the smallest of K sorted sets and M that of the result",
    summary: "Gives the members that all of several sorted sets have, with combined scores.",
    arguments: [NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITHSCORES],
    handler: zinter,
  },
  {
    name: "zdiff",
    arity: -3,
    flags: ["readonly", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [countedKeys(1, "RO", "access")],
    since: "6.2.0",
    group: "sorted-set",
    complexity:
      "O(N*K)+O(M*log(M)) where N is the size of the first of K sorted sets and M that of the result",
    summary: "Gives the members of the first of several sorted sets that none of the others has.",
    arguments: [NUMKEYS, KEYS, WITHSCORES],
    handler: zdiff,
  },
  {
    name: "zunionstore",
    arity: -4,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [keyAt(1, "OW", "update"), countedKeys(2, "RO", "access")],
    since: "2.0.0",
    group: "sorted-set",
    complexity: "O(N*log(M)) where N is the number of all members and M that of the result",
    summary: "Stores the members that any of several sorted sets has, with combined scores.",
    arguments: [DESTINATION, NUMKEYS, KEYS_BEHIND_DESTINATION, WEIGHTS, AGGREGATE],
    handler: zunionstore,
  },
  {
    name: "zinterstore",
    arity: -4,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [keyAt(1, "OW", "update"), countedKeys(2, "RO", "access")],
    since: "2.0.0",
    group: "sorted-set",
    complexity:
      "O(N*K)+O(M*log(M)) where N is the size of the smallest of K sorted sets and M that of the result",
    summary: "Stores the members that all of several sorted sets have, with combined scores.",
    arguments: [DESTINATION, NUMKEYS, KEYS_BEHIND_DESTINATION, WEIGHTS, AGGREGATE],
    handler: zinterstore,
  },
  {
    name: "zdiffstore",
    arity: -4,
    flags: ["write", "denyoom", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [keyAt(1, "OW", "update"), countedKeys(2, "RO", "access")],
    since: "6.2.0",
    group: "sorted-set",
    complexity:
      "O(N*K)+O(M*log(M)) where N is the size of the first of K sorted sets and M that of the result",
    summary: "Stores the members of the first of several sorted sets that none of the others has.",
    arguments: [DESTINATION, NUMKEYS, KEYS_BEHIND_DESTINATION],
    handler: zdiffstore,
  },
  {
    name: "zintercard",
    arity: -3,
    flags: ["readonly", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [countedKeys(1, "RO", "access")],
    since: "7.0.0",
    group: "sorted-set",
    complexity: "O(N*K) where N is the size of the smallest of K sorted sets",
    summary: "Counts the members that all of several sorted sets have, up to a limit.",
    arguments: [NUMKEYS, KEYS, { name: "limit", type: "integer", token: "LIMIT", optional: true }],
    handler: zintercard,
  },
];
