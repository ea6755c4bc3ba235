// What the string commands share: finding a string among the keys, copying it out, the length limit.
import type { CommandClient } from "../../core/commands/command_client.ts";
import { TYPE_STRING } from "../../core/keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../core/keyspace/entry_store.ts";
import type { Ref } from "../../core/memory/arena.ts";
import type { Arguments } from "../../core/protocol/arguments.ts";
import { STRING_TOO_LONG, WRONG_TYPE } from "../../core/protocol/errors.ts";

const EMPTY = new Uint8Array(0);

/** The key holds something else than a string; WRONGTYPE has been replied. */
export const REFUSED = -1;

/** The string at a key argument for reading: its entry, 0 when absent, REFUSED. */
export function findString(client: CommandClient, args: Arguments, index: number): Ref {
  const ref = client.db.lookupRead(args.buffer, args.starts[index], args.ends[index]);
  return isStringOrAbsent(client, ref) ? ref : REFUSED;
}

/** As `findString`, for changing it. */
export function findStringToChange(client: CommandClient, args: Arguments, index: number): Ref {
  const ref = client.db.lookupWrite(args.buffer, args.starts[index], args.ends[index]);
  return isStringOrAbsent(client, ref) ? ref : REFUSED;
}

function isStringOrAbsent(client: CommandClient, ref: Ref): boolean {
  if (ref === 0 || client.server.keyspace.entries.type(ref) === TYPE_STRING) return true;
  client.reply.error(WRONG_TYPE);
  return false;
}

/** Replies the string of an entry. */
export function replyString(client: CommandClient, ref: Ref): void {
  const keyspace = client.server.keyspace;
  const entries = keyspace.entries;
  client.reply.bulkArena(keyspace.arena, entries.stringAddress(ref), entries.stringLength(ref));
}

/** A copy of the string of an entry. */
export function stringBytes(client: CommandClient, ref: Ref): Uint8Array<ArrayBuffer> {
  const keyspace = client.server.keyspace;
  const length = keyspace.entries.stringLength(ref);
  const copy = new Uint8Array(length);
  keyspace.arena.copyOut(keyspace.entries.stringAddress(ref), length, copy, 0);
  return copy;
}

/** Whether a string may have this many bytes; where not, the error has been replied. */
export function checkStringLength(client: CommandClient, length: number): boolean {
  // What a log or a primary says was within the limit of its time.
  if (length <= client.server.config.values.protoMaxBulkLen || client.kind === "master") return true;
  client.reply.error(STRING_TOO_LONG);
  return false;
}

/** A new string of zero bytes at key 1; nothing is left behind where memory does not suffice. */
export function createZeroed(client: CommandClient, args: Arguments, length: number): Ref {
  const db = client.db;
  const ref = db.setString(args.buffer, args.starts[1], args.ends[1], EMPTY, 0, 0, NO_EXPIRE);
  try {
    return db.resizeString(ref, length);
  } catch (error) {
    db.removeEntry(ref);
    throw error;
  }
}
