// A LoadSink that keeps everything as plain JavaScript values. For tests only.
import { latin1Text } from "../../bytes/ascii.ts";
import type { LoadedKey, LoadSink } from "./load_sink.ts";
import {
  HashRecorder,
  ListRecorder,
  type RecordedKind,
  type RecordedValue,
  type Records,
  SetRecorder,
  StreamRecorder,
  ZsetRecorder,
} from "./types/recording_sinks.ts";

/** One key as it was loaded; texts are latin1, so that every byte string has one. */
export interface RecordedKey {
  value: RecordedValue;
  kind: RecordedKind;
  expireAt: number;
  idleSeconds: number;
  frequency: number;
}

export class RecordingSink implements LoadSink, Records {
  readonly hashes = new HashRecorder(this);
  readonly lists = new ListRecorder(this);
  readonly sets = new SetRecorder(this);
  readonly streams = new StreamRecorder(this);
  readonly zsets = new ZsetRecorder(this);
  databases = new Map<number, Map<string, RecordedKey>>();
  hints: [database: number, keys: number, expires: number][] = [];
  auxFields: Record<string, string> = {};
  slots: [number, number, number][] = [];
  functions: string[] = [];
  ended = false;
  aborted = 0;
  #database = 0;

  /** Keys of one database as plain values. */
  values(database = 0): Record<string, RecordedValue> {
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
    return this.add(key, "string", latin1Text(value, start, end));
  }

  end(): void {
    this.ended = true;
  }

  has(key: LoadedKey): boolean {
    return this.databases.get(this.#database)?.has(latin1Text(key.bytes, key.start, key.end)) ?? false;
  }

  add(key: LoadedKey, kind: RecordedKind, value: RecordedValue): boolean {
    if (this.has(key)) return false;
    let keys = this.databases.get(this.#database);
    if (keys === undefined) this.databases.set(this.#database, keys = new Map());
    const { expireAt, idleSeconds, frequency } = key;
    keys.set(latin1Text(key.bytes, key.start, key.end), { value, kind, expireAt, idleSeconds, frequency });
    return true;
  }
}
