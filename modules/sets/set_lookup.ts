// Finding the set at a key, and telling what became of it: shared by all set commands. Owns the flyweights.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { TYPE_SET } from "../../core/keyspace/entry_layout.ts";
import { SetValue } from "../../core/keyspace/set_value.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { WRONG_TYPE } from "../../core/protocol/errors.ts";

/** The flyweights that all set commands share; handlers run one at a time. `target` is where SMOVE moves to. */
export const set: SetValue = new SetValue();
export const target: SetValue = new SetValue();

/** What a lookup found. ABSENT and OPEN leave the reply to the caller; after REFUSED it has been given. */
export const ABSENT = 0;
export const OPEN = 1;
export const REFUSED = 2;

/** Opens the set at key 1 for reading. */
export function openSet(client: CommandClient, args: Arguments): number {
  return openAs(client, client.db.lookupRead(args.buffer, args.starts[1], args.ends[1]), set);
}

/** Opens the set at key 1 for changing it. */
export function openSetToChange(client: CommandClient, args: Arguments): number {
  return openAs(client, client.db.lookupWrite(args.buffer, args.starts[1], args.ends[1]), set);
}

/** Opens the set of an entry (0 = there is none) with a flyweight. */
export function openAs(client: CommandClient, ref: Ref, value: SetValue): number {
  if (ref === 0) return ABSENT;
  const { server } = client;
  if (server.keyspace.entries.type(ref) !== TYPE_SET) {
    client.reply.error(WRONG_TYPE);
    return REFUSED;
  }
  value.open(server.keyspace, ref, server.config.values);
  return OPEN;
}

/** Tells that the set at a key argument was changed; `changes` members count as dirty. */
export function announce(
  client: CommandClient,
  args: Arguments,
  index: number,
  event: string,
  changes: number,
): void {
  client.db.changed("set", event, args.buffer, args.starts[index], args.ends[index]);
  client.server.keyspace.dirty += changes - 1;
}

/** Tells that the key at an argument is gone because its last member is. */
export function announceGone(client: CommandClient, args: Arguments, index: number): void {
  const { buffer, starts, ends } = args;
  client.server.keyspace.notify(client.db.id, "generic", "del", buffer, starts[index], ends[index]);
}
