// Commands that move an element from list to list: LMOVE, RPOPLPUSH.
import { type CommandSpec, keyAt, type KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { DESTINATION, SOURCE, WHEREFROM, WHERETO } from "./argument_docs.ts";
import { endArgument, LEFT, RIGHT } from "./list_lookup.ts";
import { moveElement, SOURCE_ABSENT } from "./move.ts";

function lmove(client: CommandClient, args: Arguments): void {
  const from = endArgument(client, args, 3);
  if (from < 0) return;
  const to = endArgument(client, args, 4);
  if (to < 0) return;
  if (moveElement(client, args, from, to) === SOURCE_ABSENT) client.reply.null();
}

function rpoplpush(client: CommandClient, args: Arguments): void {
  if (moveElement(client, args, RIGHT, LEFT) === SOURCE_ABSENT) client.reply.null();
}

/** Source at argument 1, destination at argument 2. */
export const sourceAndDestination: KeySpec[] = [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")];

export const moveCommands: CommandSpec[] = [
  {
    name: "lmove",
    arity: 5,
    flags: ["write", "denyoom"],
    categories: ["list"],
    keySpecs: sourceAndDestination,
    since: "6.2.0",
    group: "list",
    complexity: "O(1)",
    summary: "Takes an element off an end of a list and adds it at an end of another.",
    arguments: [SOURCE, DESTINATION, WHEREFROM, WHERETO],
    handler: lmove,
  },
  {
    name: "rpoplpush",
    arity: 3,
    flags: ["write", "denyoom"],
    categories: ["list"],
    keySpecs: sourceAndDestination,
    since: "1.2.0",
    group: "list",
    complexity: "O(1)",
    summary: "Takes the last element of a list and adds it before the first of another.",
    deprecated: { since: "6.2.0", replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments" },
    arguments: [SOURCE, DESTINATION],
    handler: rpoplpush,
  },
];
