// Why the server could not start, in words for the operator: no stack, because nothing of it is a fault of the program.

export type StartErrorCode =
  /** The dump is there but cannot be opened or read. */
  | "START_DUMP_UNREADABLE"
  /** The dump is damaged, cut off, or of a kind that is not known. */
  | "START_DUMP_REFUSED"
  /** The manifest or a file of the append-only log is damaged, missing, or cannot be read. */
  | "START_LOG_REFUSED"
  /** The append-only log cannot be written. */
  | "START_LOG_UNWRITABLE"
  /** The arena is too small for the dump. */
  | "START_DATASET_TOO_LARGE";

export class StartError extends Error {
  override readonly name = "StartError";

  constructor(readonly code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
