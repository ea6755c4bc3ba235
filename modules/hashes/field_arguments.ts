// What the commands about field expiry have in common: the words up to FIELDS, the number behind it, times and room.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { integerArgument } from "../../core/commands/number_arguments.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NUMFIELDS } from "../../core/protocol/errors.ts";
import { hash } from "./hash_lookup.ts";

/** What an expiry may add to a field beside its own bytes, its place in the order included. */
const EXPIRY_BYTES = 32;

/** Index of the word FIELDS from argument `from` on, with a number behind it; -1 where it is missing. */
export function findFieldsWord(args: Arguments, from: number): number {
  for (let index = from; index < args.count - 1; index++) {
    if (args.is(index, "fields")) return index;
  }
  return -1;
}

/**
 * The number at argument `index`, which must be that of the items behind it, each of `width` arguments; NaN after the
 * error reply (`mismatch` where it is another number).
 */
export function fieldCount(
  client: CommandClient,
  args: Arguments,
  index: number,
  width: number,
  mismatch: string = NUMFIELDS,
): number {
  const count = integerArgument(client, args, index);
  if (count !== count) return NaN;
  if (count > 0 && count * width === args.count - index - 1) return count;
  client.reply.error(mismatch);
  return NaN;
}

/** Whether a field with this time is deleted at once instead of being set. */
export function isPast(client: CommandClient, at: number): boolean {
  const { keyspace } = client.server;
  return keyspace.honoursExpiry && keyspace.deletesExpired && at <= keyspace.clock.ms;
}

/**
 * Throws ARENA_FULL unless there is room to give the fields from argument `from` on an expiry, in the open hash: then
 * neither the hash nor the reply is left half-done.
 */
export function requireRoomForExpiry(client: CommandClient, args: Arguments, from: number): void {
  const { buffer, starts, ends } = args;
  let bytes = 2 * hash.packedBytes;
  let items = args.count - from + 1;
  for (let index = from; index < args.count; index++) {
    bytes += EXPIRY_BYTES;
    if (hash.find(buffer, starts[index], ends[index])) bytes += hash.fieldBytes();
  }
  // A listpack becomes a table.
  if (hash.isPacked) items += hash.size;
  client.server.keyspace.requireRoom(bytes, items);
}

/** Replies the value of the field at an argument, null where the open hash does not have it; tells whether it has. */
export function replyFieldOfOpen(client: CommandClient, args: Arguments, index: number): boolean {
  if (hash.size > 0 && hash.find(args.buffer, args.starts[index], args.ends[index])) {
    hash.readValue();
    client.reply.bulk(hash.bytes, hash.start, hash.end);
    return true;
  }
  client.reply.null();
  return false;
}
