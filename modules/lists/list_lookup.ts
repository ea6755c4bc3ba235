// Finding the list at a key, and telling what became of it: shared by all list commands. Owns the flyweights.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ABSENT, announceGone, checkType, OPEN, REFUSED } from "../../core/commands/key_lookup.ts";
import { TYPE_LIST } from "../../core/keyspace/entry_layout.ts";
import { ListValue } from "../../core/keyspace/list_value.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { SYNTAX_ERROR } from "../../core/protocol/errors.ts";

/** The flyweights that all list commands share; handlers run one at a time. `target` is where LMOVE moves to. */
export const list: ListValue = new ListValue();
export const target: ListValue = new ListValue();

export { ABSENT, OPEN, REFUSED };

/** The ends of a list. */
export const LEFT = 0;
export const RIGHT = 1;

/** Opens the list at key 1 for reading. */
export function openList(client: CommandClient, args: Arguments): number {
  return openAs(client, client.db.lookupRead(args.buffer, args.starts[1], args.ends[1]), list);
}

/** Opens the list at a key argument for changing it. */
export function openListToChange(client: CommandClient, args: Arguments, index: number): number {
  return openAs(client, client.db.lookupWrite(args.buffer, args.starts[index], args.ends[index]), list);
}

/** Opens the list of an entry (0 = there is none) with a flyweight. */
export function openAs(client: CommandClient, ref: Ref, value: ListValue): number {
  const found = checkType(client, ref, TYPE_LIST);
  if (found !== OPEN) return found;
  const { server } = client;
  value.open(server.keyspace, ref, server.config.values);
  return OPEN;
}

/** LEFT or RIGHT as the argument says, or -1 after the error reply. */
export function endArgument(client: CommandClient, args: Arguments, index: number): number {
  if (args.is(index, "left")) return LEFT;
  if (args.is(index, "right")) return RIGHT;
  client.reply.error(SYNTAX_ERROR);
  return -1;
}

/** Tells that the list at a key argument was changed; `changes` elements count as dirty. */
export function announce(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  changes: number,
): void {
  client.db.changed("list", event, args.buffer, args.starts[index], args.ends[index]);
  client.server.keyspace.dirty += changes - 1;
}

/** As `announce`, after elements were removed from `list`: deletes the key with its last element, and tells that too. */
export function announceRemoval(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  changes: number,
): void {
  const isEmpty = list.size === 0;
  if (isEmpty) client.db.removeEntry(list.ref);
  else list.settle();
  announce(client, args, index, event, changes);
  if (isEmpty) announceGone(client, args, index);
}
