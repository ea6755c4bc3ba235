// Commands that move an element from list to list: LMOVE, RPOPLPUSH.
import { type CommandSpec, keyAt, type KeySpec } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
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
    arguments: [
      { name: "source", type: "key", keySpecIndex: 0 },
      { name: "destination", type: "key", keySpecIndex: 1 },
      {
        name: "wherefrom",
        type: "oneof",
        arguments: [
          { name: "left", type: "pure-token", token: "LEFT" },
          { name: "right", type: "pure-token", token: "RIGHT" },
        ],
      },
      {
        name: "whereto",
        type: "oneof",
        arguments: [
          { name: "left", type: "pure-token", token: "LEFT" },
          { name: "right", type: "pure-token", token: "RIGHT" },
        ],
      },
    ],
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
    arguments: [
      { name: "source", type: "key", keySpecIndex: 0 },
      { name: "destination", type: "key", keySpecIndex: 1 },
    ],
    handler: rpoplpush,
  },
];
