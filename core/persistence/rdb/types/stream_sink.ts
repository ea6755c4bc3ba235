// What a decoded stream is handed to. Every span is valid during the call only.
import type { StreamId } from "../../../structures/stream_id.ts";
import type { LoadedKey } from "../load_sink.ts";

/** The file does not say how many entries a group has read. */
export const READ_NOT_SAID = -2;

/** Ids and counters of a stream, beside those that follow from its entries. */
export interface StreamFacts {
  readonly lastId: StreamId;
  readonly maxDeletedId: StreamId;
  /** -1 where the file does not say: then as many as there are. */
  entriesAdded: number;
}

export interface StreamSink {
  /** Begins a stream: blocks follow, then `facts`, then groups. False where the key is there already. */
  begin(key: LoadedKey): boolean;
  /** A checked block of so many entries, all above those before. */
  block(master: StreamId, listpack: Uint8Array, start: number, end: number, entries: number): void;
  facts(facts: StreamFacts): void;
  /**
   * Begins a group: its pending entries follow, then its consumers. `entriesRead` may be READ_UNKNOWN or READ_NOT_SAID.
   * False where its name is taken.
   */
  group(name: Uint8Array, start: number, end: number, lastId: StreamId, entriesRead: number): boolean;
  /** A pending entry of the group, above those before; a consumer will claim it. */
  pending(id: StreamId, deliveredAt: number, deliveries: number): void;
  /** Begins a consumer of the group: the ids of its pending entries follow. False where its name is taken. */
  consumer(name: Uint8Array, start: number, end: number, seenAt: number, activeAt: number): boolean;
  /** A pending entry of the consumer. False where the group has none such, or another consumer has it. */
  owned(id: StreamId): boolean;
  end(): void;
  /** The stream that was begun turned out to be broken: it must go again. */
  abort(): void;
}
