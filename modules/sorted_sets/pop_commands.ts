// Commands that take the lowest or highest members out: ZPOPMIN, ZPOPMAX, ZMPOP, and BZPOPMIN, BZPOPMAX, BZMPOP, which
// wait for them. ZPOPMIN is hot: it allocates nothing on the JavaScript heap.
import { type CommandSpec, countedKeys, keysBeforeTimeout, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { waitForKeys } from "../../core/commands/key_waiters.ts";
import { leastArgument } from "../../core/commands/number_arguments.ts";
import { timeoutArgument } from "../../core/commands/timeout_argument.ts";
import { TYPE_ZSET } from "../../core/keyspace/entry_layout.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  COUNT_NOT_POSITIVE,
  MUST_BE_POSITIVE,
  NUMKEYS_NOT_POSITIVE,
  SYNTAX_ERROR,
} from "../../core/protocol/errors.ts";
import { COUNT, KEY, KEYS, NUMKEYS, TIMEOUT, WHERE } from "./argument_docs.ts";
import { ABSENT, announceRemoved, openZsetToChange, REFUSED, zset } from "./zset_lookup.ts";

type End = "min" | "max";

/** How what was taken is replied. */
const FLAT = 0; // member, score, member, score...
const FLAT_WITH_KEY = 1; // key, member, score
const PAIRS = 2; // [member, score]...
const PAIRS_WITH_KEY = 3; // key, [[member, score]...]

function zpopmin(client: CommandClient, args: Arguments): void {
  popOne(client, args, "min");
}

function zpopmax(client: CommandClient, args: Arguments): void {
  popOne(client, args, "max");
}

function popOne(client: CommandClient, args: Arguments, end: End): void {
  const { reply } = client;
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  let count = 1;
  if (args.count === 3) {
    count = leastArgument(client, args, 2, 0, MUST_BE_POSITIVE);
    if (count !== count) return;
  }
  const found = openZsetToChange(client, args);
  if (found === REFUSED) return;
  if (found === ABSENT || count === 0) reply.emptyArray();
  else pop(client, args, 1, end, count, args.count === 3 && reply.protocol === 3 ? PAIRS : FLAT);
}

function zmpop(client: CommandClient, args: Arguments): void {
  popFromFirst(client, args, 1, "reply");
}

function bzmpop(client: CommandClient, args: Arguments): void {
  popFromFirst(client, args, 2, "wait");
}

/**
 * ZMPOP, and BZMPOP, which waits where there is nothing: the number of keys is at argument `numkeys`, the timeout before it. What
 * is wrong with the other arguments is told before what is wrong with the timeout.
 */
function popFromFirst(
  client: CommandClient,
  args: Arguments,
  numkeys: number,
  ifNothing: "reply" | "wait",
): void {
  const { reply } = client;
  const keys = leastArgument(client, args, numkeys, 1, NUMKEYS_NOT_POSITIVE);
  if (keys !== keys) return;
  const where = numkeys + keys + 1;
  const isMin = where < args.count && args.is(where, "min");
  if (where >= args.count || !(isMin || args.is(where, "max"))) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  let count = 1;
  let next = where + 1;
  if (next + 1 < args.count && args.is(next, "count")) {
    count = leastArgument(client, args, next + 1, 1, COUNT_NOT_POSITIVE);
    if (count !== count) return;
    next += 2;
  }
  if (next < args.count) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const timeoutMs = ifNothing === "wait" ? timeoutArgument(client, args, 1) : 0;
  if (timeoutMs !== timeoutMs) return;
  const end = isMin ? "min" : "max";
  if (popFrom(client, args, numkeys + 1, numkeys + keys, end, count, PAIRS_WITH_KEY)) return;
  if (ifNothing === "wait") waitForKeys(client, args, numkeys + 1, numkeys + keys, TYPE_ZSET, timeoutMs);
  else reply.nullArray();
}

function bzpopmin(client: CommandClient, args: Arguments): void {
  popOrWait(client, args, "min");
}

function bzpopmax(client: CommandClient, args: Arguments): void {
  popOrWait(client, args, "max");
}

function popOrWait(client: CommandClient, args: Arguments, end: End): void {
  const last = args.count - 2;
  const timeoutMs = timeoutArgument(client, args, args.count - 1);
  if (timeoutMs !== timeoutMs) return;
  if (!popFrom(client, args, 1, last, end, 1, FLAT_WITH_KEY)) {
    waitForKeys(client, args, 1, last, TYPE_ZSET, timeoutMs);
  }
}

/** Takes from the first key that holds a sorted set; false, and no reply, where none does. */
function popFrom(
  client: CommandClient,
  args: Arguments,
  first: number,
  last: number,
  end: End,
  count: number,
  shape: number,
): boolean {
  for (let index = first; index <= last; index++) {
    const found = openZsetToChange(client, args, index);
    if (found === ABSENT) continue;
    if (found !== REFUSED) pop(client, args, index, end, count, shape);
    return true;
  }
  return false;
}

/** Takes members out of the open sorted set, at most `count`, and replies them. */
function pop(
  client: CommandClient,
  args: Arguments,
  index: number,
  end: End,
  count: number,
  shape: number,
): void {
  const { reply } = client;
  const taken = Math.min(count, zset.size);
  if (shape === PAIRS_WITH_KEY) reply.array(2);
  else if (shape === FLAT_WITH_KEY) reply.array(1 + taken * 2);
  else reply.array(shape === PAIRS ? taken : taken * 2);
  if (shape === FLAT_WITH_KEY || shape === PAIRS_WITH_KEY) {
    reply.bulk(args.buffer, args.starts[index], args.ends[index]);
  }
  if (shape === PAIRS_WITH_KEY) reply.array(taken);
  const isNested = shape === PAIRS || shape === PAIRS_WITH_KEY;
  for (let left = taken; left > 0; left--) {
    const rank = end === "min" ? 0 : zset.size - 1;
    zset.seek(rank);
    if (isNested) reply.array(2);
    zset.readMember();
    reply.bulk(zset.bytes, zset.start, zset.end);
    zset.readScore();
    reply.double(zset.score);
    zset.removeSought();
  }
  announceRemoved(client, args, index, end === "min" ? "zpopmin" : "zpopmax", taken);
  const { propagation } = client.server;
  if (!propagation.active || (shape !== FLAT_WITH_KEY && shape !== PAIRS_WITH_KEY)) return;
  const hasCount = shape === PAIRS_WITH_KEY;
  propagation.instead(end === "min" ? "ZPOPMIN" : "ZPOPMAX", hasCount ? 3 : 2).argument(args, index);
  if (hasCount) propagation.number(taken);
}

export const popCommands: CommandSpec[] = [
  {
    name: "zpopmin",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "5.0.0",
    group: "sorted-set",
    complexity: "O(M*log(N)) where N is the number of members and M the number of those taken",
    summary: "Takes the members with the lowest scores out of a sorted set.",
    arguments: [KEY, { name: "count", type: "integer", optional: true }],
    handler: zpopmin,
  },
  {
    name: "zpopmax",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["sortedset"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "5.0.0",
    group: "sorted-set",
    complexity: "O(M*log(N)) where N is the number of members and M the number of those taken",
    summary: "Takes the members with the highest scores out of a sorted set.",
    arguments: [KEY, { name: "count", type: "integer", optional: true }],
    handler: zpopmax,
  },
  {
    name: "bzpopmin",
    arity: -3,
    flags: ["write", "noscript", "blocking", "fast"],
    categories: ["sortedset"],
    keySpecs: [keysBeforeTimeout(1, "RW", "access", "delete")],
    since: "5.0.0",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary:
      "Takes the member with the lowest score out of the first sorted set that there is, or waits for one.",
    history: [["6.0.0", "Timeouts with a fraction."]],
    arguments: [KEYS, TIMEOUT],
    handler: bzpopmin,
  },
  {
    name: "bzpopmax",
    arity: -3,
    flags: ["write", "noscript", "blocking", "fast"],
    categories: ["sortedset"],
    keySpecs: [keysBeforeTimeout(1, "RW", "access", "delete")],
    since: "5.0.0",
    group: "sorted-set",
    complexity: "O(log(N)) where N is the number of members",
    summary:
      "Takes the member with the highest score out of the first sorted set that there is, or waits for one.",
    history: [["6.0.0", "Timeouts with a fraction."]],
    arguments: [KEYS, TIMEOUT],
    handler: bzpopmax,
  },
  {
    name: "zmpop",
    arity: -4,
    flags: ["write", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [countedKeys(1, "RW", "access", "delete")],
    since: "7.0.0",
    group: "sorted-set",
    complexity:
      "O(K)+O(M*log(N)) where K is the number of keys, N the number of members and M the number of those taken",
    summary: "Takes the lowest or highest members out of the first sorted set that there is.",
    arguments: [NUMKEYS, KEYS, WHERE, COUNT],
    handler: zmpop,
  },
  {
    name: "bzmpop",
    arity: -5,
    flags: ["write", "blocking", "movablekeys"],
    categories: ["sortedset"],
    keySpecs: [countedKeys(2, "RW", "access", "delete")],
    since: "7.0.0",
    group: "sorted-set",
    complexity:
      "O(K)+O(M*log(N)) where K is the number of keys, N the number of members and M the number of those taken",
    summary:
      "Takes the lowest or highest members out of the first sorted set that there is, or waits for one.",
    arguments: [TIMEOUT, NUMKEYS, KEYS, WHERE, COUNT],
    handler: bzmpop,
  },
];
