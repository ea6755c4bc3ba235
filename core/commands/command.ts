// What a command family exports: commands as data. Dispatch, COMMAND, COMMAND DOCS, ACL CAT, the reference page
// and the tests all read this one table. Modules implement it; core/server dispatches by it.
import type { Arguments } from "../protocol/arguments.ts";
import type { CommandClient } from "./command_client.ts";

/** Flags as `COMMAND INFO` prints them (lower case). */
export type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "may_replicate"
  | "no_mandatory_keys"
  | "no_async_loading"
  | "no_multi"
  | "movablekeys"
  | "allow_busy"
  | "protected";

/** ACL categories without the `@`, in the order in which Valkey prints them. */
export const ACL_CATEGORIES = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

/** Those that follow from flags (read, write, fast, slow, admin, ...) are derived. */
export type AclCategory = (typeof ACL_CATEGORIES)[number];

/** A key specification as `COMMAND INFO` prints it (begin search and find keys). */
export interface KeySpec {
  /** RW, RO, OW, RM, plus access, update, insert, delete, not_key, incomplete, variable_flags. */
  flags: string[];
  begin: { index: number } | { keyword: string; startFrom: number } | { unknown: true };
  find:
    | { lastKey: number; step: number; limit: number }
    | { keyNumIndex: number; firstKey: number; step: number }
    | { unknown: true };
}

/** One argument of a command, as `COMMAND DOCS` prints it. */
export interface ArgumentDoc {
  name: string;
  type: "string" | "integer" | "double" | "key" | "pattern" | "unix-time" | "pure-token" | "oneof" | "block";
  token?: string;
  optional?: true;
  multiple?: true;
  multipleToken?: true;
  keySpecIndex?: number;
  since?: string;
  arguments?: ArgumentDoc[];
}

/**
 * Runs one command: reads `args` (valid until the handler returns), writes exactly one reply to `client.reply`.
 * Allocation on hot paths is a bug. Throwing means an internal error, except ARENA_FULL, which becomes -OOM.
 */
export type Handler = (client: CommandClient, args: Arguments) => void;

/** Arguments as anything that holds spans: a client's, or a slice of them. */
export interface Spans {
  readonly buffer: Uint8Array;
  readonly count: number;
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
}

/** A key among the arguments. */
export interface KeyPosition {
  /** Index of the argument. */
  index: number;
  flags: readonly string[];
}

export interface CommandSpec {
  /** Lower case; for a subcommand its own word only ("list" under "client"). */
  name: string;
  /** Counts the command name (and the subcommand's word); negative means at least. */
  arity: number;
  flags: CommandFlag[];
  /** Beyond those that flags imply. */
  categories: AclCategory[];
  keySpecs: KeySpec[];
  /** First version with it, as Valkey's documentation says. */
  since: string;
  group: string;
  complexity: string;
  summary: string;
  /** [version, change] pairs for COMMAND DOCS. */
  history?: [string, string][];
  deprecated?: { since: string; replacedBy: string };
  /** `syscmd`: for internal use. Deprecation is told by `deprecated`. */
  docFlags?: "syscmd"[];
  tips?: string[];
  arguments?: ArgumentDoc[];
  subcommands?: CommandSpec[];
  /** Lines of the container's HELP reply come from the subcommands; `help` adds syntax to a subcommand's line. */
  help?: string[];
  /** First version with the container's HELP; 5.0.0 where not said. */
  helpSince?: string;
  /** Flags of the keys in a given call, where a key specification has `variable_flags`. */
  keyFlags?: (args: Spans) => string[];
  /** Keys of a given call that no key specification finds (SORT's STORE). */
  unknownKeys?: (args: Spans) => KeyPosition[];
  handler?: Handler;
}

/** One key at argument 1. */
export function oneKey(...flags: string[]): KeySpec[] {
  return [{ flags, begin: { index: 1 }, find: { lastKey: 0, step: 1, limit: 0 } }];
}

/** One key at argument `index`. */
export function keyAt(index: number, ...flags: string[]): KeySpec {
  return { flags, begin: { index }, find: { lastKey: 0, step: 1, limit: 0 } };
}

/** Keys from argument `index` to the last. */
export function keysFrom(index: number, ...flags: string[]): KeySpec {
  return { flags, begin: { index }, find: { lastKey: -1, step: 1, limit: 0 } };
}

/** Keys from argument `index` to the last but one, which is a timeout. */
export function keysBeforeTimeout(index: number, ...flags: string[]): KeySpec {
  return { flags, begin: { index }, find: { lastKey: -2, step: 1, limit: 0 } };
}

/** Keys whose number is at argument `index`. */
export function countedKeys(index: number, ...flags: string[]): KeySpec {
  return { flags, begin: { index }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } };
}

/** Keys from argument 1 to the last, every `step`. */
export function manyKeys(step: number, ...flags: string[]): KeySpec[] {
  return [{ flags, begin: { index: 1 }, find: { lastKey: -1, step, limit: 0 } }];
}
