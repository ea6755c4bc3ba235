// What the modules of the value types have in common: whether a key has a value of their type, and telling that it
// is gone. Called by their *_lookup.ts files. Hot: nothing here allocates.
import type { Ref } from "../memory/arena.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { WRONG_TYPE } from "../protocol/errors.ts";
import type { CommandClient } from "./command_client.ts";

/** What a lookup found. ABSENT and OPEN leave the reply to the caller; after REFUSED it has been given. */
export const ABSENT = 0;
export const OPEN = 1;
export const REFUSED = 2;

/**
 * Whether an entry (0 = there is none) has a value of this type, which the caller opens then. `wrongType` is the error
 * reply where it has another.
 */
export function checkType(
  client: CommandClient,
  ref: Ref,
  type: number,
  wrongType: string = WRONG_TYPE,
): number {
  if (ref === 0) return ABSENT;
  if (client.server.keyspace.entries.type(ref) === type) return OPEN;
  client.reply.error(wrongType);
  return REFUSED;
}

/** Tells that a key argument is gone because the last element of its value is; the change was told before. */
export function announceGone(client: CommandClient, args: Arguments, index: number): void {
  const { buffer, starts, ends } = args;
  client.server.keyspace.notify(client.db.id, "generic", "del", buffer, starts[index], ends[index]);
}
