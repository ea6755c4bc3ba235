// Commands that wait until there is an element: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH. Where there is one they do what
// their namesakes without B do; where not, the client waits, and the command runs again when a list appears at a key.
import { type CommandSpec, countedKeys, keysBeforeTimeout } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { waitForKeys } from "../../core/commands/key_waiters.ts";
import { timeoutArgument } from "../../core/commands/timeout_argument.ts";
import { TYPE_LIST } from "../../core/keyspace/entry_layout.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import {
  COUNT,
  DESTINATION,
  KEYS,
  NUMKEYS,
  SOURCE,
  TIMEOUT,
  WHERE,
  WHEREFROM,
  WHERETO,
} from "./argument_docs.ts";
import { endArgument, LEFT, RIGHT } from "./list_lookup.ts";
import { moveElement, SOURCE_ABSENT } from "./move.ts";
import { sourceAndDestination } from "./move_commands.ts";
import { NOTHING, parsePopRequest, popFrom, popRequest } from "./pop.ts";

function blpop(client: CommandClient, args: Arguments): void {
  popOrWait(client, args, LEFT);
}

function brpop(client: CommandClient, args: Arguments): void {
  popOrWait(client, args, RIGHT);
}

function popOrWait(client: CommandClient, args: Arguments, end: number): void {
  const timeoutMs = timeoutArgument(client, args, args.count - 1);
  if (timeoutMs !== timeoutMs) return;
  const lastKey = args.count - 2;
  if (popFrom(client, args, 1, lastKey, end, 0) === NOTHING) {
    waitForKeys(client, args, 1, lastKey, TYPE_LIST, timeoutMs);
  }
}

function blmpop(client: CommandClient, args: Arguments): void {
  if (!parsePopRequest(client, args, 2)) return;
  const { keys, end, count } = popRequest;
  const timeoutMs = timeoutArgument(client, args, 1);
  if (timeoutMs !== timeoutMs) return;
  const lastKey = 2 + keys;
  if (popFrom(client, args, 3, lastKey, end, count) === NOTHING) {
    waitForKeys(client, args, 3, lastKey, TYPE_LIST, timeoutMs);
  }
}

function blmove(client: CommandClient, args: Arguments): void {
  const from = endArgument(client, args, 3);
  if (from < 0) return;
  const to = endArgument(client, args, 4);
  if (to >= 0) moveOrWait(client, args, from, to, "LMOVE");
}

function brpoplpush(client: CommandClient, args: Arguments): void {
  moveOrWait(client, args, RIGHT, LEFT, "RPOPLPUSH");
}

function moveOrWait(
  client: CommandClient,
  args: Arguments,
  from: number,
  to: number,
  plainName: string,
): void {
  const words = args.count - 1;
  const timeoutMs = timeoutArgument(client, args, words);
  if (timeoutMs !== timeoutMs) return;
  const { keyspace, propagation } = client.server;
  const before = keyspace.dirty;
  if (moveElement(client, args, from, to) !== SOURCE_ABSENT) {
    if (!propagation.active || keyspace.dirty === before) return;
    propagation.instead(plainName, words);
    for (let index = 1; index < words; index++) propagation.argument(args, index);
    return;
  }
  // Inside EXEC, as LMOVE without a source; a wait that came to nothing ends as those of the others do.
  if (client.mayBlock) waitForKeys(client, args, 1, 1, TYPE_LIST, timeoutMs);
  else client.reply.null();
}

export const blockingCommands: CommandSpec[] = [
  {
    name: "blpop",
    arity: -3,
    flags: ["write", "noscript", "blocking"],
    categories: ["list"],
    keySpecs: [keysBeforeTimeout(1, "RW", "access", "delete")],
    since: "2.0.0",
    group: "list",
    complexity: "O(N) where N is the number of keys",
    summary: "Takes the first element of the first list among several keys; waits until there is one.",
    history: [["6.0.0", "The timeout may have a fraction."]],
    arguments: [KEYS, TIMEOUT],
    handler: blpop,
  },
  {
    name: "brpop",
    arity: -3,
    flags: ["write", "noscript", "blocking"],
    categories: ["list"],
    keySpecs: [keysBeforeTimeout(1, "RW", "access", "delete")],
    since: "2.0.0",
    group: "list",
    complexity: "O(N) where N is the number of keys",
    summary: "Takes the last element of the first list among several keys; waits until there is one.",
    history: [["6.0.0", "The timeout may have a fraction."]],
    arguments: [KEYS, TIMEOUT],
    handler: brpop,
  },
  {
    name: "blmpop",
    arity: -5,
    flags: ["write", "blocking", "movablekeys"],
    categories: ["list"],
    keySpecs: [countedKeys(2, "RW", "access", "delete")],
    since: "7.0.0",
    group: "list",
    complexity: "O(N+M) where N is the number of keys and M the number of elements taken",
    summary: "Takes elements off an end of the first list among several keys; waits until there is one.",
    arguments: [TIMEOUT, NUMKEYS, KEYS, WHERE, COUNT],
    handler: blmpop,
  },
  {
    name: "blmove",
    arity: 6,
    flags: ["write", "denyoom", "noscript", "blocking"],
    categories: ["list"],
    keySpecs: sourceAndDestination,
    since: "6.2.0",
    group: "list",
    complexity: "O(1)",
    summary:
      "Takes an element off an end of a list and adds it at an end of another; waits until there is one.",
    arguments: [SOURCE, DESTINATION, WHEREFROM, WHERETO, TIMEOUT],
    handler: blmove,
  },
  {
    name: "brpoplpush",
    arity: 4,
    flags: ["write", "denyoom", "noscript", "blocking"],
    categories: ["list"],
    keySpecs: sourceAndDestination,
    since: "2.2.0",
    group: "list",
    complexity: "O(1)",
    summary:
      "Takes the last element of a list and adds it before the first of another; waits until there is one.",
    history: [["6.0.0", "The timeout may have a fraction."]],
    deprecated: { since: "6.2.0", replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments" },
    arguments: [SOURCE, DESTINATION, TIMEOUT],
    handler: brpoplpush,
  },
];
