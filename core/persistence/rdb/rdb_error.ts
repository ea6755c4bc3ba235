// The one error that reading an RDB stream or a DUMP payload can end in, whatever the bytes are.

export type RdbErrorCode =
  /** The input ended, or a length points beyond its end. */
  | "RDB_TRUNCATED"
  /** The input does not begin with an RDB signature. */
  | "RDB_BAD_MAGIC"
  /** A version that this program cannot read. */
  | "RDB_BAD_VERSION"
  | "RDB_BAD_CHECKSUM"
  /** An unknown form of a length, or one beyond every limit. */
  | "RDB_BAD_LENGTH"
  /** An unknown string encoding, or a compressed string that does not decompress. */
  | "RDB_BAD_STRING"
  /** An opcode or value type that no known version defines. */
  | "RDB_UNKNOWN_TYPE"
  /** A known type or opcode that Spork cannot load. */
  | "RDB_UNSUPPORTED"
  /** A packed value (listpack, ziplist, zipmap, intset) or a count inside a value is broken. */
  | "RDB_BAD_VALUE"
  /** A database number beyond `databases`. */
  | "RDB_BAD_DATABASE"
  | "RDB_DUPLICATE_KEY";

export class RdbError extends Error {
  override readonly name = "RdbError";

  /**
   * `offset`: bytes from the start of the input to the item that is wrong (for RDB_TRUNCATED: to the end of input).
   * `reason`: what was found and what was expected, in one sentence without the offset.
   */
  constructor(readonly code: RdbErrorCode, readonly offset: number, readonly reason: string) {
    super(`${reason} (at byte ${offset})`);
  }
}
