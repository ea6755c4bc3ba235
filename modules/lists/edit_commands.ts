// Commands that change elements in place: LSET, LINSERT, LREM, LTRIM.
import { type CommandSpec, oneKey } from "../../core/commands/command.ts";
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { nodeBytesMax } from "../../core/structures/quicklist_layout.ts";
import { ELEMENT, KEY } from "./argument_docs.ts";
import { ABSENT, announce, announceRemoval, list, OPEN, openListToChange } from "./list_lookup.ts";
import { symmetricArgument } from "./symmetric_argument.ts";

function lset(client: CommandClient, args: Arguments): void {
  const found = openListToChange(client, args, 1);
  if (found === ABSENT) client.reply.error(NO_SUCH_KEY);
  if (found !== OPEN) return;
  const index = integerArgument(client, args, 2);
  if (index !== index) return;
  const { items } = list;
  list.expect(args.length(3), 1);
  if (!items.seek(index)) {
    list.settle();
    client.reply.error(INDEX_OUT_OF_RANGE);
    return;
  }
  items.replace(args.buffer, args.starts[3], args.ends[3]);
  items.finish();
  list.settle();
  client.reply.ok();
  announce(client, args, 1, "lset", 1);
}

function linsert(client: CommandClient, args: Arguments): void {
  const isBefore = args.is(2, "before");
  if (!isBefore && !args.is(2, "after")) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const found = openListToChange(client, args, 1);
  if (found === ABSENT) client.reply.integer(0);
  if (found !== OPEN) return;
  const { items } = list;
  items.prepareNeedle(args.buffer, args.starts[3], args.ends[3]);
  let more = items.seek(0);
  while (more && !items.matches()) more = items.next();
  if (!more) {
    client.reply.integer(-1);
    return;
  }
  list.expect(args.length(4), 1);
  if (isBefore) items.insertBefore(args.buffer, args.starts[4], args.ends[4]);
  else items.insertAfter(args.buffer, args.starts[4], args.ends[4]);
  items.finish();
  list.settleGrown();
  client.reply.integer(list.size);
  announce(client, args, 1, "linsert", 1);
}

function lrem(client: CommandClient, args: Arguments): void {
  const count = symmetricArgument(client, args, 2);
  if (count !== count) return;
  const found = openListToChange(client, args, 1);
  if (found === ABSENT) client.reply.integer(0);
  if (found !== OPEN) return;
  list.items.prepareNeedle(args.buffer, args.starts[3], args.ends[3]);
  requireRoomToRemove(client);
  const most = count === 0 ? Infinity : Math.abs(count);
  const removed = count < 0 ? removeBackwards(most) : removeForwards(most);
  client.reply.integer(removed);
  if (removed > 0) announceRemoval(client, args, 1, "lrem", removed);
}

/** Nodes that are compressed must be made raw, one after the other, to have elements removed. */
function requireRoomToRemove(client: CommandClient): void {
  if (list.items.compressDepth === 0) return;
  client.server.keyspace.requireRoom(2 * nodeBytesMax(list.items.fill), 2);
}

function removeForwards(most: number): number {
  const { items } = list;
  let removed = 0;
  for (let more = items.seek(0); more && removed < most;) {
    if (!items.matches()) more = items.next();
    else {
      more = items.removeAndNext();
      removed++;
    }
  }
  items.finish();
  return removed;
}

function removeBackwards(most: number): number {
  const { items } = list;
  let removed = 0;
  for (let more = items.seek(-1); more && removed < most;) {
    if (!items.matches()) more = items.previous();
    else {
      more = items.removeAndPrevious();
      removed++;
    }
  }
  items.finish();
  return removed;
}

function ltrim(client: CommandClient, args: Arguments): void {
  let start = integerArgument(client, args, 2);
  if (start !== start) return;
  let stop = integerArgument(client, args, 3);
  if (stop !== stop) return;
  const found = openListToChange(client, args, 1);
  if (found === ABSENT) client.reply.ok();
  if (found !== OPEN) return;
  const { size } = list;
  if (start < 0) start = Math.max(start + size, 0);
  if (stop < 0) stop += size;
  const kept = Math.max(Math.min(stop, size - 1) - start + 1, 0);
  const left = kept === 0 ? size : start;
  const right = size - left - kept;
  const { items } = list;
  // Only what is cut could fail for want of memory: before anything is removed.
  if (left > 0) items.prepareRemoval(0, left);
  items.removeRange(size - right, right);
  items.removeRange(0, left);
  client.reply.ok();
  announceRemoval(client, args, 1, "ltrim", left + right);
}

export const editCommands: CommandSpec[] = [
  {
    name: "lset",
    arity: 4,
    flags: ["write", "denyoom"],
    categories: ["list"],
    keySpecs: oneKey("RW", "update"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements between the element and the nearer end",
    summary: "Replaces the element at an index.",
    arguments: [
      KEY,
      { name: "index", type: "integer" },
      ELEMENT,
    ],
    handler: lset,
  },
  {
    name: "linsert",
    arity: 5,
    flags: ["write", "denyoom"],
    categories: ["list"],
    keySpecs: oneKey("RW", "insert"),
    since: "2.2.0",
    group: "list",
    complexity: "O(N) where N is the number of elements before the pivot",
    summary: "Adds an element before or behind the first one that is equal to a pivot.",
    arguments: [
      KEY,
      {
        name: "where",
        type: "oneof",
        arguments: [
          { name: "before", type: "pure-token", token: "BEFORE" },
          { name: "after", type: "pure-token", token: "AFTER" },
        ],
      },
      { name: "pivot", type: "string" },
      ELEMENT,
    ],
    handler: linsert,
  },
  {
    name: "lrem",
    arity: 4,
    flags: ["write"],
    categories: ["list"],
    keySpecs: oneKey("RW", "delete"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N+M) where N is the number of elements and M of those removed",
    summary:
      "Removes elements that are equal to a given one, from the first on, or from the last where the count is negative.",
    arguments: [
      KEY,
      { name: "count", type: "integer" },
      ELEMENT,
    ],
    handler: lrem,
  },
  {
    name: "ltrim",
    arity: 4,
    flags: ["write"],
    categories: ["list"],
    keySpecs: oneKey("RW", "delete"),
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements removed",
    summary: "Removes all elements but those between two indexes.",
    arguments: [
      KEY,
      { name: "start", type: "integer" },
      { name: "stop", type: "integer" },
    ],
    handler: ltrim,
  },
];
