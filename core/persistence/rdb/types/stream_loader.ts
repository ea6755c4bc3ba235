// Puts decoded streams into the keyspace.
import { ENCODING_STREAM, TYPE_STREAM } from "../../../keyspace/entry_layout.ts";
import { StreamValue } from "../../../keyspace/stream_value.ts";
import type { Ref } from "../../../memory/arena.ts";
import type { StreamId } from "../../../structures/stream_id.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { KeyPlacer } from "./key_placer.ts";
import { READ_NOT_SAID, type StreamFacts, type StreamSink } from "./stream_sink.ts";

export class StreamLoader implements StreamSink {
  readonly #stream = new StreamValue();
  #group: Ref = 0;
  #consumer: Ref = 0;

  constructor(private readonly placer: KeyPlacer) {}

  begin(key: LoadedKey): boolean {
    const { placer } = this;
    if (!placer.mayTake(key)) return false;
    placer.keep(key);
    this.#stream.create(placer.keyspace);
    return true;
  }

  block(master: StreamId, listpack: Uint8Array, start: number, end: number): void {
    this.#stream.entries.addBlock(master, listpack, start, end);
  }

  facts(facts: StreamFacts): void {
    const { entries } = this.#stream;
    entries.setLastId(facts.lastId);
    entries.setMaxDeletedId(facts.maxDeletedId);
    entries.refreshFirstId();
    entries.entriesAdded = facts.entriesAdded === -1 ? entries.length : facts.entriesAdded;
  }

  group(name: Uint8Array, start: number, end: number, lastId: StreamId, entriesRead: number): boolean {
    const { entries, groups } = this.#stream;
    const read = entriesRead === READ_NOT_SAID ? entries.addedUpTo(lastId) : entriesRead;
    this.#group = groups.create(name, start, end, lastId, read);
    return this.#group !== 0;
  }

  pending(id: StreamId, deliveredAt: number, deliveries: number): void {
    this.#stream.groups.addUnowned(this.#group, id, deliveredAt, deliveries);
  }

  consumer(name: Uint8Array, start: number, end: number, seenAt: number, activeAt: number): boolean {
    const { groups } = this.#stream;
    if (groups.findConsumer(this.#group, name, start, end) !== 0) return false;
    this.#consumer = groups.createConsumer(name, start, end, seenAt);
    groups.setActive(this.#consumer, activeAt);
    return true;
  }

  owned(id: StreamId): boolean {
    return this.#stream.groups.own(this.#group, this.#consumer, id);
  }

  end(): void {
    this.placer.add(TYPE_STREAM, ENCODING_STREAM, this.#stream.root);
  }

  abort(): void {
    this.#stream.discard();
  }
}
