// Finding the set at a key, and telling what became of it: shared by all set commands. Owns the flyweights.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ABSENT, announceGone, checkType, OPEN, REFUSED } from "../../core/commands/key_lookup.ts";
import { TYPE_SET } from "../../core/keyspace/entry_layout.ts";
import { SetValue } from "../../core/keyspace/set_value.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";

/** The flyweights that all set commands share; handlers run one at a time. `target` is where SMOVE moves to. */
export const set: SetValue = new SetValue();
export const target: SetValue = new SetValue();

export { ABSENT, announceGone, OPEN, REFUSED };

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
  const found = checkType(client, ref, TYPE_SET);
  if (found !== OPEN) return found;
  const { server } = client;
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
