// Finding the HyperLogLog at a key, and writing one back: shared by all HyperLogLog commands. Owns the one HyperLogLog.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { ENCODING_RAW } from "../../core/keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { NOT_A_HYPERLOGLOG } from "../../core/protocol/errors.ts";
import { HyperLogLog } from "../../core/structures/hyperloglog.ts";
import { isHyperLogLog } from "../../core/structures/hyperloglog_format.ts";
import { findString, findStringToChange, REFUSED } from "../strings/string_value.ts";

export { REFUSED };

/** What all HyperLogLog commands change values with; handlers run one at a time. */
export const hyperLogLog: HyperLogLog = new HyperLogLog();

/** The HyperLogLog at a key argument for reading: its entry, 0 where absent, REFUSED after the error reply. */
export function findHyperLogLog(client: CommandClient, args: Arguments, index: number): Ref {
  return check(client, findString(client, args, index));
}

/** As `findHyperLogLog`, for changing it. */
export function findHyperLogLogToChange(client: CommandClient, args: Arguments, index: number): Ref {
  return check(client, findStringToChange(client, args, index));
}

/** Byte address of the string of an entry. */
export function addressOf(client: CommandClient, ref: Ref): number {
  return client.server.keyspace.entries.stringAddress(ref);
}

export function lengthOf(client: CommandClient, ref: Ref): number {
  return client.server.keyspace.entries.stringLength(ref);
}

/** Takes the string of an entry into `hyperLogLog`. */
export function load(client: CommandClient, ref: Ref): void {
  hyperLogLog.load(client.server.keyspace.arena.u8, addressOf(client, ref), lengthOf(client, ref));
}

/** Writes `hyperLogLog` to the entry that was found to be changed, or (0) to a new one at key 1. */
export function store(client: CommandClient, args: Arguments, ref: Ref): void {
  const { bytes, length } = hyperLogLog;
  const { db, server: { keyspace } } = client;
  if (ref === 0) {
    const { buffer, starts, ends } = args;
    const created = db.setString(buffer, starts[1], ends[1], bytes, 0, length, NO_EXPIRE);
    // As a string that has been changed.
    keyspace.entries.setEncoding(created, ENCODING_RAW);
    return;
  }
  keyspace.arena.copyIn(addressOf(client, db.resizeString(ref, length)), bytes, 0, length);
}

function check(client: CommandClient, ref: Ref): Ref {
  if (ref === 0 || ref === REFUSED) return ref;
  const { arena, entries } = client.server.keyspace;
  if (isHyperLogLog(arena.u8, entries.stringAddress(ref), entries.stringLength(ref))) return ref;
  client.reply.error(NOT_A_HYPERLOGLOG);
  return REFUSED;
}
