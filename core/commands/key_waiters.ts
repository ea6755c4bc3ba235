// Blocking on keys, as command modules see it: a handler that found nothing has its client wait until one of the keys is
// there. core/server/key_waiters.ts implements it; the blocking commands of lists, sorted sets and streams call it.
import type { Database } from "../keyspace/database.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { CommandClient } from "./command_client.ts";

export interface WaitOptions {
  /** The keys are the arguments from `firstKey` to `lastKey`, every `step` (1 where not said). */
  firstKey: number;
  lastKey: number;
  step?: number;
  /** TYPE_* that a key must have to wake the client. */
  type: number;
  /** 0 = wait for ever. */
  timeoutMs: number;
  /** Writes the reply of a wait that came to nothing. */
  timedOut: (client: CommandClient) => void;
  /** Wake the client also when a key goes away or changes its type (XREADGROUP: its group is gone then). */
  alsoWhenGone?: boolean;
}

export interface KeyWaiters {
  /**
   * Blocks a client whose command found nothing; call it only where `client.mayBlock`, and write no reply. When one of
   * the keys has a value of the wanted type, the same command runs again from the start with the same arguments, first
   * come first served for each key. It may wait again: then it keeps its place and its deadline.
   */
  wait(client: CommandClient, args: Arguments, options: WaitOptions): void;
  /**
   * Something was added to a key that was there already and could serve those who wait for it. Keys that appear, by
   * whatever command, are noticed without this. Cheap while nobody waits in the database.
   */
  ready(database: Database, key: Uint8Array, start: number, end: number): void;
}

/**
 * The end of a command that found none of its keys, the arguments from `firstKey` to `lastKey`, and wants one of this type:
 * the client waits, at most `timeoutMs` (0 = for ever), where it may. The reply of a wait that came to nothing is a null
 * array.
 */
export function waitForKeys(
  client: CommandClient,
  args: Arguments,
  firstKey: number,
  lastKey: number,
  type: number,
  timeoutMs: number,
): void {
  if (!client.mayBlock) replyNothing(client);
  else {
    client.server.waiters.wait(client, args, { firstKey, lastKey, type, timeoutMs, timedOut: replyNothing });
  }
}

function replyNothing(client: CommandClient): void {
  client.reply.nullArray();
}
