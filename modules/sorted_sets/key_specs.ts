// Key specifications of commands with a number of keys, and of their STORE forms.
import type { KeySpec } from "../../core/commands/command.ts";

/** Keys whose number is at argument `index`. */
export function countedKeys(index: number, ...flags: string[]): KeySpec {
  return { flags, begin: { index }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } };
}

/** One key at argument `index`. */
export function keyAt(index: number, ...flags: string[]): KeySpec {
  return { flags, begin: { index }, find: { lastKey: 0, step: 1, limit: 0 } };
}
