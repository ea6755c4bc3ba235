// Sinks of the value types that keep everything as plain JavaScript values, texts in latin1. For tests only.
import assert from "node:assert/strict";
import { latin1Text } from "../../../bytes/ascii.ts";
import {
  hashListpackProblem,
  ListpackCursor,
  listpackLength,
  listpackProblem,
  setListpackProblem,
  sortedSetListpackProblem,
} from "../../../structures/listpack_bytes.ts";
import type { StreamId } from "../../../structures/stream_id.ts";
import type { LoadedKey } from "../load_sink.ts";
import type { HashSink } from "./hash_sink.ts";
import type { ListSink } from "./list_sink.ts";
import type { SetSink } from "./set_sink.ts";
import type { StreamFacts, StreamSink } from "./stream_sink.ts";
import type { ZsetSink } from "./zset_sink.ts";

/** How a value came: whole as packed bytes, in parts, or as a list of nodes. */
export type RecordedKind = "string" | "listpack" | "intset" | "fields" | "members" | "nodes" | "stream";

/** A hash is a record, a sorted set an array of member and score. */
export type RecordedValue = string | Record<string, string> | string[] | [string, number][];

/** Where the value sinks put what they recorded. */
export interface Records {
  has(key: LoadedKey): boolean;
  /** False where the key is there already. */
  add(key: LoadedKey, kind: RecordedKind, value: RecordedValue): boolean;
  aborted: number;
}

/** What the types' recorders have in common: a value that is being read, under a copy of its key. */
abstract class Recorder {
  protected key: LoadedKey | null = null;

  constructor(protected readonly records: Records) {}

  protected start(key: LoadedKey): boolean {
    assert.equal(this.key, null, "a value begins before the one before has ended");
    if (this.records.has(key)) return false;
    const bytes = key.bytes.slice(key.start, key.end);
    this.key = { ...key, bytes, start: 0, end: bytes.length };
    return true;
  }

  protected finish(kind: RecordedKind, value: RecordedValue): void {
    this.records.add(this.key!, kind, value);
    this.key = null;
  }

  abort(): void {
    assert.notEqual(this.key, null, "a value is aborted that has not begun");
    this.key = null;
    this.records.aborted++;
  }
}

export class HashRecorder extends Recorder implements HashSink {
  #fields = new Map<string, string>();

  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, fields: number): boolean {
    assert.equal(hashListpackProblem(listpack, start, end), "");
    const elements = listpackTexts(listpack, start);
    const hash: Record<string, string> = {};
    for (let k = 0; k < elements.length; k += 2) hash[elements[k]] = elements[k + 1];
    assert.equal(Object.keys(hash).length, fields);
    return this.records.add(key, "listpack", hash);
  }

  begin(key: LoadedKey): boolean {
    this.#fields = new Map();
    return this.start(key);
  }

  field(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const name = latin1Text(field, fieldStart, fieldEnd);
    if (this.#fields.has(name)) return false;
    this.#fields.set(name, latin1Text(value, valueStart, valueEnd));
    return true;
  }

  /** The time is kept with the value: "value until 1234". */
  expiringField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): boolean {
    const name = latin1Text(field, fieldStart, fieldEnd);
    if (this.#fields.has(name)) return false;
    this.#fields.set(name, `${latin1Text(value, valueStart, valueEnd)} until ${expireAt}`);
    return true;
  }

  end(): void {
    this.finish("fields", Object.fromEntries(this.#fields));
  }
}

export class ListRecorder extends Recorder implements ListSink {
  #elements: string[] = [];

  begin(key: LoadedKey): boolean {
    this.#elements = [];
    return this.start(key);
  }

  packed(listpack: Uint8Array, start: number, end: number, count: number): void {
    assert.equal(listpackProblem(listpack, start, end), "");
    const texts = listpackTexts(listpack, start);
    assert.equal(texts.length, count);
    this.#elements.push(...texts);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.#elements.push(latin1Text(bytes, start, end));
  }

  end(): void {
    assert.notEqual(this.#elements.length, 0, "an empty list");
    this.finish("nodes", this.#elements);
  }
}

export class SetRecorder extends Recorder implements SetSink {
  #members = new Set<string>();

  intset(key: LoadedKey, intset: Uint8Array, start: number, _end: number, count: number): boolean {
    const view = new DataView(intset.buffer, intset.byteOffset + start);
    const width = view.getUint32(0, true);
    const members: string[] = [];
    for (let at = 8; members.length < count; at += width) {
      if (width === 2) members.push(`${view.getInt16(at, true)}`);
      else if (width === 4) members.push(`${view.getInt32(at, true)}`);
      else members.push(`${view.getBigInt64(at, true)}`);
    }
    return this.records.add(key, "intset", members);
  }

  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, count: number): boolean {
    assert.equal(setListpackProblem(listpack, start, end), "");
    assert.equal(listpackLength(listpack, start), count);
    return this.records.add(key, "listpack", listpackTexts(listpack, start));
  }

  begin(key: LoadedKey): boolean {
    this.#members = new Set();
    return this.start(key);
  }

  member(bytes: Uint8Array, start: number, end: number): boolean {
    const text = latin1Text(bytes, start, end);
    if (this.#members.has(text)) return false;
    this.#members.add(text);
    return true;
  }

  end(): void {
    assert.notEqual(this.#members.size, 0, "an empty set");
    this.finish("members", [...this.#members]);
  }
}

/** A stream becomes lines: its blocks with all their elements, its ids, then groups, pending entries and consumers. */
export class StreamRecorder extends Recorder implements StreamSink {
  #lines: string[] = [];

  begin(key: LoadedKey): boolean {
    this.#lines = [];
    return this.start(key);
  }

  block(master: StreamId, listpack: Uint8Array, start: number, end: number, entries: number): void {
    assert.equal(listpackProblem(listpack, start, end), "");
    this.#lines.push(`block ${master} of ${entries}: ${listpackTexts(listpack, start).join(" ")}`);
  }

  facts(facts: StreamFacts): void {
    this.#lines.push(`last ${facts.lastId} deleted ${facts.maxDeletedId} added ${facts.entriesAdded}`);
  }

  group(name: Uint8Array, start: number, end: number, lastId: StreamId, entriesRead: number): boolean {
    this.#lines.push(`group ${latin1Text(name, start, end)} at ${lastId} read ${entriesRead}`);
    return true;
  }

  pending(id: StreamId, deliveredAt: number, deliveries: number): void {
    this.#lines.push(`pending ${id} delivered ${deliveredAt} times ${deliveries}`);
  }

  consumer(name: Uint8Array, start: number, end: number, seenAt: number, activeAt: number): boolean {
    this.#lines.push(`consumer ${latin1Text(name, start, end)} seen ${seenAt} active ${activeAt}`);
    return true;
  }

  owned(id: StreamId): boolean {
    this.#lines.push(`owned ${id}`);
    return true;
  }

  end(): void {
    this.finish("stream", this.#lines);
  }
}

export class ZsetRecorder extends Recorder implements ZsetSink {
  #members = new Map<string, number>();

  packed(key: LoadedKey, listpack: Uint8Array, start: number, end: number, members: number): boolean {
    assert.equal(sortedSetListpackProblem(listpack, start, end), "");
    const texts = listpackTexts(listpack, start);
    const pairs: [string, number][] = [];
    for (let k = 0; k < texts.length; k += 2) pairs.push([texts[k], scoreOf(texts[k + 1])]);
    assert.equal(pairs.length, members);
    return this.records.add(key, "listpack", pairs);
  }

  begin(key: LoadedKey): boolean {
    this.#members = new Map();
    return this.start(key);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): boolean {
    assert.ok(!Number.isNaN(score), "a score that is not a number");
    const text = latin1Text(bytes, start, end);
    if (this.#members.has(text)) return false;
    this.#members.set(text, score);
    return true;
  }

  end(): void {
    assert.notEqual(this.#members.size, 0, "an empty sorted set");
    this.finish("members", [...this.#members]);
  }
}

function scoreOf(text: string): number {
  if (text === "inf") return Infinity;
  return text === "-inf" ? -Infinity : Number(text);
}

function listpackTexts(listpack: Uint8Array, start: number): string[] {
  const cursor = new ListpackCursor();
  const { element } = cursor;
  const texts: string[] = [];
  cursor.open(listpack, start);
  while (cursor.next()) texts.push(latin1Text(element.bytes, element.start, element.end));
  return texts;
}
