// The sets that a command combines, and where the result goes: shared by SINTER, SUNION, SDIFF and their STORE forms.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { keyAt, keysFrom, type KeySpec } from "../../core/commands/command.ts";
import { storeValue } from "../../core/commands/key_lookup.ts";
import { SetValue } from "../../core/keyspace/set_value.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { OPEN, openAs, REFUSED } from "./set_lookup.ts";

/** The sets that were found, in the order of the keys. Valid for one command. */
export const operands: SetValue[] = [];
/** What a STORE form, or a combination that has to be put together first, makes. */
export const result: SetValue = new SetValue();

/** Where `operands` takes its flyweights from. */
const pool: SetValue[] = [];

/** Which of the keys that the last `openOperands` looked up were absent. */
export const absent = { count: 0, first: false };

/** Opens the sets at keys `first` to `last`; absent ones are left out. False after an error reply. */
export function openOperands(client: CommandClient, args: Arguments, first: number, last: number): boolean {
  const { db } = client;
  operands.length = 0;
  absent.count = 0;
  absent.first = false;
  for (let index = first; index <= last; index++) {
    if (pool.length === operands.length) pool.push(new SetValue());
    const operand = pool[operands.length];
    const found = openAs(client, db.lookupRead(args.buffer, args.starts[index], args.ends[index]), operand);
    if (found === REFUSED) return false;
    if (found === OPEN) operands.push(operand);
    else {
      absent.count++;
      if (index === first) absent.first = true;
    }
  }
  return true;
}

/** Replies the result as a set and frees it. */
export function replyResult(client: CommandClient): void {
  const { reply } = client;
  reply.set(result.size);
  result.walk();
  while (result.next()) {
    result.readMember();
    reply.bulk(result.bytes, result.start, result.end);
  }
  result.discard();
}

/** Puts the result at key 1, in the place of what is there, and replies its size. Empty: the key goes. */
export function storeResult(client: CommandClient, args: Arguments, event: string): void {
  storeValue(client, args, 1, result, "set", event);
}

/** Key specifications of a STORE form. */
export function storeKeys(destination: "RW" | "OW"): KeySpec[] {
  return [keyAt(1, destination, "update"), keysFrom(2, "RO", "access")];
}

/** Orders by number of members. */
export function bySize(a: SetValue, b: SetValue): number {
  return a.size - b.size;
}
