// Moving one element from an end of a list to an end of another or the same: shared by LMOVE, RPOPLPUSH and their
// blocking forms.
import type { CommandClient } from "../../core/commands/command_client.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { ABSENT, announceRemoval, LEFT, list, OPEN, openAs, REFUSED, target } from "./list_lookup.ts";

/** The element on its way: its list may move what it had it in. */
let carried = new Uint8Array(256);
/** A carrier larger than this is given back when the element has arrived. */
const CARRIED_BYTES_KEPT = 64 * 1024;

/** What became of it. */
export const SOURCE_ABSENT = 0;
export const REPLIED = 1;

/** Moves an element from the list at key 1 to that at key 2 and replies it; no reply where there is no list at key 1. */
export function moveElement(client: CommandClient, args: Arguments, from: number, to: number): number {
  const { buffer, starts, ends } = args;
  const source = client.db.lookupWrite(buffer, starts[1], ends[1]);
  const opened = openAs(client, source, list);
  if (opened !== OPEN) return opened === ABSENT ? SOURCE_ABSENT : REPLIED;
  const destination = client.db.lookupWrite(buffer, starts[2], ends[2]);
  const found = openAs(client, destination, target);
  if (found === REFUSED) return REPLIED;

  const { items } = list;
  const at = from === LEFT ? 0 : list.size - 1;
  // What may fail for want of memory comes first.
  items.prepareRemoval(at, 1);
  items.seek(at);
  items.read();
  const length = items.end - items.start;
  if (carried.length < length) carried = new Uint8Array(2 * length);
  copy(items.bytes, items.start, length);
  if (found === ABSENT) createTarget(client, args, length, to);
  else push(length, to);
  if (from === LEFT) items.dropHead();
  else items.dropTail();

  client.reply.bulk(carried, 0, length);
  client.server.keyspace.notify(
    client.db.id,
    "list",
    to === LEFT ? "lpush" : "rpush",
    buffer,
    starts[2],
    ends[2],
  );
  announceRemoval(client, args, 1, from === LEFT ? "lpop" : "rpop", 1);
  if (carried.length > CARRIED_BYTES_KEPT) carried = new Uint8Array(256);
  return REPLIED;
}

function createTarget(client: CommandClient, args: Arguments, length: number, to: number): void {
  target.create(client.server.keyspace, client.server.config.values);
  try {
    push(length, to);
    target.addTo(client.db, args.buffer, args.starts[2], args.ends[2]);
  } catch (error) {
    target.discard();
    throw error;
  }
}

function push(length: number, to: number): void {
  target.expect(length, 1);
  if (to === LEFT) target.items.pushHead(carried, 0, length);
  else target.items.pushTail(carried, 0, length);
  target.settleGrown();
}

function copy(bytes: Uint8Array, start: number, length: number): void {
  if (length > 96) carried.set(bytes.subarray(start, start + length));
  else for (let index = 0; index < length; index++) carried[index] = bytes[start + index];
}
