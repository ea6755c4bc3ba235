// Commands that take elements off the ends: LPOP, RPOP, LMPOP. The first two are hot: they allocate nothing.
import { type CommandSpec, countedKeys, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { leastArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { MUST_BE_POSITIVE, wrongArity } from "../../core/protocol/errors.ts";
import { COUNT, KEY, KEYS, NUMKEYS, WHERE } from "./argument_docs.ts";
import { ABSENT, LEFT, OPEN, openListToChange, RIGHT } from "./list_lookup.ts";
import { NOTHING, parsePopRequest, popFrom, popMany, popOne, popRequest } from "./pop.ts";

function lpop(client: CommandClient, args: Arguments): void {
  pop(client, args, LEFT);
}

function rpop(client: CommandClient, args: Arguments): void {
  pop(client, args, RIGHT);
}

function pop(client: CommandClient, args: Arguments, end: number): void {
  if (args.count === 2) {
    const found = openListToChange(client, args, 1);
    if (found === ABSENT) client.reply.null();
    else if (found === OPEN) popOne(client, args, 1, end);
  } else if (args.count === 3) {
    popCounted(client, args, end);
  } else {
    client.reply.error(wrongArity(end === LEFT ? "lpop" : "rpop"));
  }
}

function popCounted(client: CommandClient, args: Arguments, end: number): void {
  const count = leastArgument(client, args, 2, 0, MUST_BE_POSITIVE);
  if (count !== count) return;
  const found = openListToChange(client, args, 1);
  if (found === ABSENT) client.reply.nullArray();
  else if (found === OPEN) {
    if (count === 0) client.reply.emptyArray();
    else popMany(client, args, 1, end, count);
  }
}

function lmpop(client: CommandClient, args: Arguments): void {
  if (!parsePopRequest(client, args, 1)) return;
  const { keys, end, count } = popRequest;
  if (popFrom(client, args, 2, 1 + keys, end, count) === NOTHING) client.reply.nullArray();
}

export const popCommands: CommandSpec[] = [
  {
    name: "lpop",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements taken",
    summary: "Takes the first elements of a list; with its last element the list goes too.",
    history: [["6.2.0", "The `count` argument."]],
    arguments: [
      KEY,
      { name: "count", type: "integer", since: "6.2.0", optional: true },
    ],
    handler: lpop,
  },
  {
    name: "rpop",
    arity: -2,
    flags: ["write", "fast"],
    categories: ["list"],
    keySpecs: oneKey("RW", "access", "delete"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements taken",
    summary:
      "Takes the last elements of a list, the last one first; with its last element the list goes too.",
    history: [["6.2.0", "The `count` argument."]],
    arguments: [
      KEY,
      { name: "count", type: "integer", since: "6.2.0", optional: true },
    ],
    handler: rpop,
  },
  {
    name: "lmpop",
    arity: -4,
    flags: ["write", "movablekeys"],
    categories: ["list"],
    keySpecs: [countedKeys(1, "RW", "access", "delete")],
    since: "7.0.0",
    group: "list",
    complexity: "O(N+M) where N is the number of keys and M the number of elements taken",
    summary: "Takes elements off an end of the first list among several keys.",
    arguments: [NUMKEYS, KEYS, WHERE, COUNT],
    handler: lmpop,
  },
];
