// Finding the sorted set at a key, and telling what became of it: shared by all sorted set and geo commands. Owns the
// flyweights.
import type { CommandClient } from "../../core/commands/command_client.ts";
import {
  ABSENT,
  announceGone,
  checkType,
  OPEN,
  REFUSED,
  storeValue,
} from "../../core/commands/key_lookup.ts";
import { TYPE_ZSET } from "../../core/keyspace/entry_layout.ts";
import { ZsetValue } from "../../core/keyspace/zset_value.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";

/** The flyweights that all these commands share; handlers run one at a time. `result` is what a STORE form makes. */
export const zset: ZsetValue = new ZsetValue();
export const result: ZsetValue = new ZsetValue();

export { ABSENT, OPEN, REFUSED };

/** What one more member may take in nodes of the index, bytes, at most. */
const NODE_BYTES_PER_MEMBER = 2048;

/** Opens the sorted set at a key argument for reading. */
export function openZset(client: CommandClient, args: Arguments, index = 1): number {
  return open(client, client.db.lookupRead(args.buffer, args.starts[index], args.ends[index]));
}

/** Opens the sorted set at a key argument for changing it. */
export function openZsetToChange(client: CommandClient, args: Arguments, index = 1): number {
  return open(client, client.db.lookupWrite(args.buffer, args.starts[index], args.ends[index]));
}

function open(client: CommandClient, ref: Ref): number {
  const found = checkType(client, ref, TYPE_ZSET);
  if (found !== OPEN) return found;
  const { server } = client;
  zset.open(server.keyspace, ref, server.config.values);
  return OPEN;
}

/** Throws ARENA_FULL unless so many members, their texts of so many bytes together, can be added to the open one. */
export function requireRoomFor(client: CommandClient, members: number, bytes: number): void {
  // A listpack that grows or becomes an index is there twice for a moment.
  const moved = zset.packedBytes > 0 ? zset.size : 0;
  client.server.keyspace.requireRoom(
    bytes + 2 * zset.packedBytes + (members + moved) * NODE_BYTES_PER_MEMBER,
    members + moved,
  );
}

/** Tells that the sorted set at a key argument was changed; `changes` members count as dirty. */
export function announce(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  changes: number,
): void {
  client.db.changed("zset", event, args.buffer, args.starts[index], args.ends[index]);
  client.server.keyspace.dirty += changes - 1;
}

/** Tells that members of the open sorted set were taken out; the key goes with the last one. */
export function announceRemoved(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  removed: number,
): void {
  announceRemovedOf(client, args, index, event, removed, zset.size === 0);
}

/** The same for what leaves the sorted set empty, or whose members are all to go with the key. */
export function announceRemovedOf(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  removed: number,
  isEmpty: boolean,
): void {
  if (isEmpty) client.db.removeEntry(zset.ref);
  announce(client, args, index, event, removed);
  if (isEmpty) announceGone(client, args, index);
}

/**
 * Puts `result` at a key argument, in the place of what is there, and replies its size. Where it is empty, it is freed
 * and the key goes.
 */
export function storeResult(client: CommandClient, args: Arguments, index: number, event: string): void {
  storeValue(client, args, index, result, "zset", event);
}

/** Replies the current member of a sorted set, and its score where wanted: as a pair of its own under RESP3. */
export function replyMember(client: CommandClient, value: ZsetValue, withScore: boolean): void {
  const { reply } = client;
  if (withScore && reply.protocol === 3) reply.array(2);
  value.readMember();
  reply.bulk(value.bytes, value.start, value.end);
  if (!withScore) return;
  value.readScore();
  reply.double(value.score);
}

/** Announces so many members, with their scores where wanted. */
export function replyMemberCount(client: CommandClient, count: number, withScores: boolean): void {
  client.reply.array(withScores && client.reply.protocol === 2 ? count * 2 : count);
}
