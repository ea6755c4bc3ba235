// Keeps secrets out of what is shown of a command afterwards: slow log, MONITOR. Called by handlers that were given one.
import { latin1Bytes } from "../bytes/ascii.ts";
import type { Arguments } from "../protocol/arguments.ts";

const REDACTED = latin1Bytes("(redacted)");

/** Puts a mark in the place of the arguments at these indexes. The handler must have read them. */
export function redactArguments(args: Arguments, indexes: readonly number[]): void {
  if (indexes.length === 0) return;
  const words: Uint8Array[] = [];
  for (let i = 0; i < args.count; i++) words.push(indexes.includes(i) ? REDACTED : args.bytes(i));
  args.replace(words);
}
