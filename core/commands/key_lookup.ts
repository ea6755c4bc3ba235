// What the modules of the value types have in common: whether a key has a value of their type, telling that it is gone, and
// storing a value under a key. Called by their *_lookup.ts files. Hot: nothing here allocates.
import type { Database } from "../keyspace/database.ts";
import type { EventClass } from "../keyspace/hooks.ts";
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

/** A new set or sorted set that belongs to no key yet. */
export interface NewValue {
  readonly size: number;
  /** Gives back what was taken for elements that did not come. */
  fit(): void;
  /** Puts it under a key, in the place of what is there. Throws ARENA_FULL with nothing changed. */
  putAt(db: Database, key: Uint8Array, start: number, end: number): void;
  /** Frees it. */
  discard(): void;
}

/**
 * The end of a STORE form: puts its result at a key argument, in the place of what is there, and replies its size. Where it
 * is empty, it is freed and the key goes.
 */
export function storeValue(
  client: CommandClient,
  args: Arguments,
  index: number,
  value: NewValue,
  eventClass: EventClass,
  event: string,
): void {
  const { db, reply } = client;
  const { buffer, starts, ends } = args;
  const { size } = value;
  if (size === 0) {
    value.discard();
    if (db.remove(buffer, starts[index], ends[index])) {
      db.changed("generic", "del", buffer, starts[index], ends[index]);
    }
  } else {
    try {
      value.fit();
      value.putAt(db, buffer, starts[index], ends[index]);
    } catch (error) {
      value.discard();
      throw error;
    }
    db.changed(eventClass, event, buffer, starts[index], ends[index]);
  }
  reply.integer(size);
}
