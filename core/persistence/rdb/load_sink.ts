// What a decoded RDB stream or DUMP payload is handed to. The keyspace loader, the checker and tests implement it.
// Every span is valid during the call only. A value type has its own sink (types/{type}_sink.ts), a member here, and
// an implementation in KeyspaceSink, RecordingSink and AcceptingSinks.
import type { HashSink } from "./types/hash_sink.ts";
import type { ListSink } from "./types/list_sink.ts";
import type { SetSink } from "./types/set_sink.ts";
import type { StreamSink } from "./types/stream_sink.ts";
import type { ZsetSink } from "./types/zset_sink.ts";

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

/** Where the values of the types go. */
export interface TypeSinks {
  readonly hashes: HashSink;
  readonly lists: ListSink;
  readonly sets: SetSink;
  readonly streams: StreamSink;
  readonly zsets: ZsetSink;
}

/**
 * Calls come in the order of the stream. Those that bring a key return false where the database has that key already
 * (the decoder then fails with RDB_DUPLICATE_KEY). Whatever a method throws ends the decoding.
 */
export interface LoadSink extends TypeSinks {
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
  /** A key was left out because its value has no elements. */
  emptyKey?(key: LoadedKey): void;
  /** The stream is complete and its checksum, if any, is right. */
  end(): void;
}
