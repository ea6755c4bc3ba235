// The one error that reading the commands of an append-only file can end in, whatever the bytes are.

export type AofErrorCode =
  /** The file ends within a command, an annotation or a transaction: what a crash leaves. */
  | "AOF_TRUNCATED"
  /** Neither a command nor an annotation begins where one should: offset 0 means that this is no append-only file. */
  | "AOF_NO_COMMAND"
  /** Something else that no server writes. */
  | "AOF_BAD_FORMAT"
  /** MULTI within a transaction, or EXEC outside of one. */
  | "AOF_BAD_TRANSACTION";

export class AofError extends Error {
  override readonly name = "AofError";

  /**
   * `offset`: bytes from the start of the file to the item that is wrong.
   * `soundBytes`: length of the file up to the last whole command or transaction: where it may be cut.
   * `reason`: what was expected and found, in the words of redis-check-aof; empty where the file ends between two
   * items of a command.
   */
  constructor(
    readonly code: AofErrorCode,
    readonly offset: number,
    readonly soundBytes: number,
    readonly reason: string,
  ) {
    super(`${reason === "" ? "the file ends within a command" : reason} (at byte ${offset})`);
  }
}
