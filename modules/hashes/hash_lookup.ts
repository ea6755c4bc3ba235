// Finding the hash at a key, and telling what became of it: shared by all hash commands. Owns the one HashValue.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ABSENT, announceGone, checkType, OPEN, REFUSED } from "../../core/commands/key_lookup.ts";
import { FLAG_FIELD_EXPIRY, TYPE_HASH } from "../../core/keyspace/entry_layout.ts";
import { HashValue } from "../../core/keyspace/hash_value.ts";
import { FIELD_STAYS } from "../../core/structures/field_table.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";

/** The flyweight that all hash commands share; handlers run one at a time. */
export const hash: HashValue = new HashValue();

export { ABSENT, OPEN, REFUSED };

/** Opens the hash at key 1 for reading. */
export function openHash(client: CommandClient, args: Arguments): number {
  return open(client, client.db.lookupRead(args.buffer, args.starts[1], args.ends[1]));
}

/** Opens the hash at key 1 for changing it. */
export function openHashToChange(client: CommandClient, args: Arguments): number {
  return open(client, client.db.lookupWrite(args.buffer, args.starts[1], args.ends[1]));
}

/**
 * Sets the field at argument 2 in the hash that `openHashToChange` found, or in a new one at key 1. A field with an
 * expiry gets `expireAt`, which is FIELD_STAYS or the one that it has. True where the field is new. Throws ARENA_FULL with
 * everything as it was.
 */
export function setField(
  client: CommandClient,
  args: Arguments,
  found: number,
  value: Uint8Array,
  start: number,
  end: number,
  expireAt: number = FIELD_STAYS,
): boolean {
  if (found === OPEN) {
    const { buffer, starts, ends } = args;
    if (expireAt === FIELD_STAYS) return hash.set(buffer, starts[2], ends[2], value, start, end);
    return hash.setExpiring(buffer, starts[2], ends[2], value, start, end, expireAt);
  }
  hash.create(client.server.keyspace, client.server.config.values, 1, args.length(2) + end - start);
  try {
    hash.set(args.buffer, args.starts[2], args.ends[2], value, start, end);
    hash.addTo(client.db, args.buffer, args.starts[1], args.ends[1]);
  } catch (error) {
    hash.discard();
    throw error;
  }
  return true;
}

/** Tells that the hash at key 1 was changed; `changes` fields count as dirty. */
export function announce(client: CommandClient, args: Arguments, event: string, changes: number): void {
  noteExpiry(client, args);
  client.db.changed("hash", event, args.buffer, args.starts[1], args.ends[1]);
  client.server.keyspace.dirty += changes - 1;
}

/** Tells of expired fields that were set again, and lets the keyspace forget a hash none of whose fields expires any more. */
export function noteExpiry(client: CommandClient, args: Arguments): void {
  const { keyspace } = client.server;
  if (hash.isPacked || (keyspace.entries.meta(hash.ref) & FLAG_FIELD_EXPIRY) === 0) return;
  if (hash.expiredReplaced > 0) {
    keyspace.stats.expiredFields += hash.expiredReplaced;
    hash.expiredReplaced = 0;
    keyspace.notify(client.db.id, "hash", "hexpired", args.buffer, args.starts[1], args.ends[1]);
  }
  if (hash.expiring === 0) client.db.unmarkFieldExpiry(hash.ref);
}

/** As `announce`, for a change that may have taken the last field: the hash goes with it. */
export function announceRemoval(
  client: CommandClient,
  args: Arguments,
  event: string,
  changes: number,
): void {
  if (hash.size > 0) {
    announce(client, args, event, changes);
    return;
  }
  const { buffer, starts, ends } = args;
  client.db.removeEntry(hash.ref);
  client.db.changed("hash", event, buffer, starts[1], ends[1]);
  client.server.keyspace.dirty += changes - 1;
  announceGone(client, args, 1);
}

/** Fields that went, by the indexes of their arguments, are propagated as HDEL. */
export function propagateFields(client: CommandClient, args: Arguments, fields: readonly number[]): void {
  const { propagation } = client.server;
  propagation.instead("HDEL", 2 + fields.length).argument(args, 1);
  for (const index of fields) propagation.argument(args, index);
}

function open(client: CommandClient, ref: Ref): number {
  const found = checkType(client, ref, TYPE_HASH);
  if (found !== OPEN) return found;
  const { server } = client;
  hash.open(server.keyspace, ref, server.config.values);
  return OPEN;
}
