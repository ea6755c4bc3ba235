// What a decoded RDB stream or DUMP payload is handed to. The keyspace loader, the checker and tests implement it.
// Every span is valid during the call only.

/** A key with what the opcodes before it said. One object, reused for every key. */
export interface LoadedKey {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Milliseconds since 1970, -1 = none. */
  expireAt: number;
  /** Seconds since the last access, -1 = not recorded. */
  idleSeconds: number;
  /** LFU counter 0 to 255, -1 = not recorded. */
  frequency: number;
}

/**
 * Calls come in the order of the stream. The three that bring a key return false where the database has that key
 * already (the decoder then fails with RDB_DUPLICATE_KEY). Whatever a method throws ends the decoding.
 */
export interface LoadSink {
  /** The following keys belong to this database. The same number may come again. */
  selectDb(database: number): void;
  /** How many keys, and how many of them with expiry, the database will get: a hint, already capped to what fits. */
  resizeDb(keys: number, expires: number): void;
  aux(name: string, value: string): void;
  /** Keys of a cluster slot: a hint. */
  slotInfo(slot: number, keys: number, expires: number): void;
  /** The source of a function library. */
  functionCode(bytes: Uint8Array, start: number, end: number): void;
  string(key: LoadedKey, value: Uint8Array, start: number, end: number): boolean;
  /** A whole hash as a checked listpack of fields and values without repeated fields. */
  hashListpack(key: LoadedKey, listpack: Uint8Array, start: number, end: number, fields: number): boolean;
  /** Begins a hash whose fields follow one by one; `expectedFields` is a hint, already capped to what fits. */
  hashBegin(key: LoadedKey, expectedFields: number): boolean;
  /** False where the hash has the field already. */
  hashField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean;
  hashEnd(): void;
  /** The hash that was begun turned out to be broken: it must go again. */
  hashAbort(): void;
  /** The stream is complete and its checksum, if any, is right. */
  end(): void;
}
