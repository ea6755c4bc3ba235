// Taking elements off the ends of a list, with reply and events: shared by LPOP, RPOP, LMPOP and their blocking forms.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { leastArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { COUNT_NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, SYNTAX_ERROR } from "../../core/protocol/errors.ts";
import { announceRemoval, endArgument, LEFT, list, OPEN, openListToChange, REFUSED } from "./list_lookup.ts";

/** Takes one element off the open list of key argument `index` and replies it. */
export function popOne(client: CommandClient, args: Arguments, index: number, end: number): void {
  const { items } = list;
  const at = end === LEFT ? 0 : list.size - 1;
  items.prepareRemoval(at, 1);
  items.seek(at);
  items.read();
  client.reply.bulk(items.bytes, items.start, items.end);
  if (end === LEFT) items.dropHead();
  else items.dropTail();
  announceRemoval(client, args, index, end === LEFT ? "lpop" : "rpop", 1);
}

/** Takes up to `count` elements off the open list and replies an array of them, the outermost first. */
export function popMany(
  client: CommandClient,
  args: Arguments,
  index: number,
  end: number,
  count: number,
): void {
  const { items } = list;
  const { reply } = client;
  const size = list.size;
  const taken = Math.min(count, size);
  const first = end === LEFT ? 0 : size - taken;
  items.prepareRemoval(first, taken);
  reply.array(taken);
  items.seek(end === LEFT ? 0 : -1);
  for (let left = taken; left > 0; left--) {
    items.read();
    reply.bulk(items.bytes, items.start, items.end);
    if (end === LEFT) items.next();
    else items.previous();
  }
  items.removeRange(first, taken);
  announceRemoval(client, args, index, end === LEFT ? "lpop" : "rpop", taken);
}

/** What `[...] numkeys key [key ...] LEFT|RIGHT [COUNT count]` says; one object, valid until the next command. */
export const popRequest = { keys: 0, end: 0, count: 1 };

/** Reads it from argument `index` on into `popRequest`; false after the error reply. */
export function parsePopRequest(client: CommandClient, args: Arguments, index: number): boolean {
  const keys = leastArgument(client, args, index, 1, NUMKEYS_NOT_POSITIVE);
  if (keys !== keys) return false;
  const whereIndex = index + 1 + keys;
  if (whereIndex >= args.count) {
    client.reply.error(SYNTAX_ERROR);
    return false;
  }
  popRequest.keys = keys;
  popRequest.end = endArgument(client, args, whereIndex);
  if (popRequest.end < 0) return false;
  popRequest.count = 1;
  if (whereIndex + 1 === args.count) return true;
  if (whereIndex + 3 === args.count && args.is(whereIndex + 1, "count")) {
    popRequest.count = leastArgument(client, args, whereIndex + 2, 1, COUNT_NOT_POSITIVE);
    return popRequest.count === popRequest.count;
  }
  return refuseOptions(client, args, whereIndex + 1);
}

/** Too many words, or others than are known: a bad count among them is named first, as it comes first. */
function refuseOptions(client: CommandClient, args: Arguments, index: number): false {
  const hasCount = index + 1 < args.count && args.is(index, "count");
  if (hasCount) {
    const count = leastArgument(client, args, index + 1, 1, COUNT_NOT_POSITIVE);
    if (count !== count) return false;
  }
  client.reply.error(SYNTAX_ERROR);
  return false;
}

/** What `popFrom` did. */
export const NOTHING = 0;
export const REPLIED = 1;

/**
 * Takes elements off the first list among the key arguments that is there and replies its key with them: an array where
 * `count` is not 0, else one element. NOTHING, and no reply, where none is there.
 */
export function popFrom(
  client: CommandClient,
  args: Arguments,
  firstKey: number,
  lastKey: number,
  end: number,
  count: number,
): number {
  for (let index = firstKey; index <= lastKey; index++) {
    const found = openListToChange(client, args, index);
    if (found === REFUSED) return REPLIED;
    if (found !== OPEN) continue;
    // What may fail for want of memory comes before the reply.
    const taken = Math.min(Math.max(count, 1), list.size);
    list.items.prepareRemoval(end === LEFT ? 0 : list.size - taken, taken);
    client.reply.array(2);
    client.reply.bulk(args.buffer, args.starts[index], args.ends[index]);
    if (count > 0) popMany(client, args, index, end, count);
    else popOne(client, args, index, end);
    const { propagation } = client.server;
    if (propagation.active) {
      propagation.instead(end === LEFT ? "LPOP" : "RPOP", count > 0 ? 3 : 2).argument(args, index);
      if (count > 0) propagation.number(taken);
    }
    return REPLIED;
  }
  return NOTHING;
}
