// Finding the stream at a key and its groups, and telling what became of it: shared by all stream commands. Owns the
// one StreamValue.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ABSENT, checkType, OPEN, REFUSED } from "../../core/commands/key_lookup.ts";
import { TYPE_STREAM } from "../../core/keyspace/entry_layout.ts";
import { StreamValue } from "../../core/keyspace/stream_value.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { noGroup, noKeyOrGroup, WRONG_TYPE } from "../../core/protocol/errors.ts";

/** The flyweight that all stream commands share; handlers run one at a time. */
export const stream: StreamValue = new StreamValue();

export { ABSENT, OPEN, REFUSED };

/** Opens the stream at key `index` for reading; `wrongType` is the error where the key has something else. */
export function openStream(
  client: CommandClient,
  args: Arguments,
  index: number,
  wrongType: string = WRONG_TYPE,
): number {
  return open(client, client.db.lookupRead(args.buffer, args.starts[index], args.ends[index]), wrongType);
}

/** Opens the stream at key `index` for changing it. */
export function openStreamToChange(client: CommandClient, args: Arguments, index: number): number {
  return open(client, client.db.lookupWrite(args.buffer, args.starts[index], args.ends[index]));
}

/** The group that argument `index` names, of the stream that was opened; 0 where there is none. */
export function findGroup(args: Arguments, index: number): Ref {
  return stream.groups.find(args.buffer, args.starts[index], args.ends[index]);
}

/** The group at argument `group` of the stream at key `key`, for changing it; 0 after the error reply. */
export function groupToChange(client: CommandClient, args: Arguments, key: number, group: number): Ref {
  return requireGroup(client, args, openStreamToChange(client, args, key), key, group);
}

/** The same for reading. */
export function groupToRead(client: CommandClient, args: Arguments, key: number, group: number): Ref {
  return requireGroup(client, args, openStream(client, args, key), key, group);
}

/** NOGROUP as the commands have it that need only the group. */
export function replyNoGroup(client: CommandClient, args: Arguments, key: number, group: number): void {
  client.reply.error(noGroup(args.latin1(key), args.latin1(group)));
}

/** Tells that the stream at key `index` was changed; `changes` count as dirty. */
export function announce(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  changes: number,
): void {
  client.db.changed("stream", event, args.buffer, args.starts[index], args.ends[index]);
  client.server.keyspace.dirty += changes - 1;
}

/** Tells that what a group of the stream at key `index` has delivered was changed: that is no event. */
export function announceDelivery(client: CommandClient, args: Arguments, index: number): void {
  const { buffer, starts, ends } = args;
  client.server.keyspace.touchedQuietly(client.db.id, buffer, starts[index], ends[index]);
}

/**
 * The consumer that argument `index` names, made where the group does not have it; it is noted as having asked now.
 * Throws ARENA_FULL with the group as it was.
 */
export function consumerOf(
  client: CommandClient,
  args: Arguments,
  key: number,
  group: Ref,
  index: number,
): Ref {
  const { buffer, starts, ends } = args;
  const { groups } = stream;
  const now = client.server.keyspace.clock.ms;
  let consumer = groups.findConsumer(group, buffer, starts[index], ends[index]);
  if (consumer === 0) {
    consumer = groups.createConsumer(buffer, starts[index], ends[index], now);
    announce(client, args, key, "xgroup-createconsumer", 1);
  } else {
    groups.setSeen(consumer, now);
  }
  return consumer;
}

function open(client: CommandClient, ref: Ref, wrongType: string = WRONG_TYPE): number {
  const found = checkType(client, ref, TYPE_STREAM, wrongType);
  if (found !== OPEN) return found;
  stream.open(client.server.keyspace, ref);
  return OPEN;
}

function requireGroup(
  client: CommandClient,
  args: Arguments,
  found: number,
  key: number,
  index: number,
): Ref {
  if (found === REFUSED) return 0;
  const group = found === OPEN ? findGroup(args, index) : 0;
  if (group === 0) client.reply.error(noKeyOrGroup(args.latin1(key), args.latin1(index)));
  return group;
}
