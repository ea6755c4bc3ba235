// A LoadSink that keeps everything as plain JavaScript values. For tests only.
import assert from "node:assert/strict";
import { latin1Text } from "../../bytes/ascii.ts";
import { hashListpackProblem, ListpackCursor } from "../../structures/listpack_bytes.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";

/** One key as it was loaded; texts are latin1, so that every byte string has one. */
export interface RecordedKey {
  value: string | Record<string, string>;
  kind: "string" | "listpack" | "fields";
  expireAt: number;
  idleSeconds: number;
  frequency: number;
}

export class RecordingSink implements LoadSink {
  databases = new Map<number, Map<string, RecordedKey>>();
  hints: [database: number, keys: number, expires: number][] = [];
  auxFields: Record<string, string> = {};
  slots: [number, number, number][] = [];
  functions: string[] = [];
  ended = false;
  aborted = 0;
  #database = 0;
  #hash: { key: string; record: RecordedKey; fields: Map<string, string> } | null = null;

  /** Keys of one database as plain values. */
  values(database = 0): Record<string, string | Record<string, string>> {
    const entries = [...this.databases.get(database) ?? []];
    return Object.fromEntries(entries.map(([key, record]) => [key, record.value]));
  }

  selectDb(database: number): void {
    this.#database = database;
  }

  resizeDb(keys: number, expires: number): void {
    this.hints.push([this.#database, keys, expires]);
  }

  aux(name: string, value: string): void {
    this.auxFields[name] = value;
  }

  slotInfo(slot: number, keys: number, expires: number): void {
    this.slots.push([slot, keys, expires]);
  }

  functionCode(bytes: Uint8Array, start: number, end: number): void {
    this.functions.push(latin1Text(bytes, start, end));
  }

  string(key: LoadedKey, value: Uint8Array, start: number, end: number): boolean {
    return this.#add(
      latin1Text(key.bytes, key.start, key.end),
      recordOf(key, "string", latin1Text(value, start, end)),
    );
  }

  hashListpack(key: LoadedKey, listpack: Uint8Array, start: number, end: number, fields: number): boolean {
    const cursor = new ListpackCursor();
    const { element } = cursor;
    const hash: Record<string, string> = {};
    assert.equal(hashListpackProblem(listpack, start, end), "");
    cursor.open(listpack, start);
    while (cursor.next()) {
      const field = latin1Text(element.bytes, element.start, element.end);
      cursor.next();
      hash[field] = latin1Text(element.bytes, element.start, element.end);
    }
    assert.equal(Object.keys(hash).length, fields);
    return this.#add(latin1Text(key.bytes, key.start, key.end), recordOf(key, "listpack", hash));
  }

  hashBegin(key: LoadedKey, _expectedFields: number): boolean {
    const name = latin1Text(key.bytes, key.start, key.end);
    if (this.databases.get(this.#database)?.has(name)) return false;
    this.#hash = { key: name, record: recordOf(key, "fields", {}), fields: new Map() };
    return true;
  }

  hashField(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const name = latin1Text(field, fieldStart, fieldEnd);
    if (this.#hash!.fields.has(name)) return false;
    this.#hash!.fields.set(name, latin1Text(value, valueStart, valueEnd));
    return true;
  }

  hashEnd(): void {
    const { key, record, fields } = this.#hash!;
    record.value = Object.fromEntries(fields);
    this.#add(key, record);
    this.#hash = null;
  }

  hashAbort(): void {
    this.#hash = null;
    this.aborted++;
  }

  end(): void {
    this.ended = true;
  }

  #add(key: string, record: RecordedKey): boolean {
    let keys = this.databases.get(this.#database);
    if (keys === undefined) this.databases.set(this.#database, keys = new Map());
    if (keys.has(key)) return false;
    keys.set(key, record);
    return true;
  }
}

function recordOf(key: LoadedKey, kind: RecordedKey["kind"], value: RecordedKey["value"]): RecordedKey {
  const { expireAt, idleSeconds, frequency } = key;
  return { value, kind, expireAt, idleSeconds, frequency };
}
