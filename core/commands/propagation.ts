// What a handler may say of how its change reaches the append-only log and the replicas. Who says nothing is propagated
// with the arguments that the client sent. core/server/feed/propagation.ts implements it; modules call it.
import type { Arguments } from "../protocol/arguments.ts";

/**
 * A handler that has something to say asks `active` first, and says it after the change, when nothing can fail any
 * more. It names a command with the number of its words, then gives the other words in order.
 */
export interface CommandPropagation {
  /** False: nobody listens, nothing needs to be said. */
  readonly active: boolean;
  /** Begins a command that goes in the place of the client's own; several may, in this order. `name` is the first word. */
  instead(name: string, words: number): this;
  /** Begins a command that goes before the client's own. */
  also(name: string, words: number): this;
  /** The client's own command is not propagated. */
  nothing(): void;
  /** The client's own command is propagated even where it has changed nothing. */
  always(): void;
  /** The client's own command is a message: replicas get it, the log does not. */
  toReplicasOnly(): void;
  /** A key was deleted when no command ran (MIGRATE, once the other server has it). */
  keyDeleted(database: number, key: Uint8Array): void;

  /** The next word of the command that was begun: a text of ASCII characters. */
  word(text: string): this;
  /** A whole number. */
  number(value: number): this;
  /** An argument. */
  argument(args: Arguments, index: number): this;
  /** `bytes[start..end)`. */
  bytes(bytes: Uint8Array, start: number, end: number): this;
}
