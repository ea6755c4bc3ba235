// Keys and values in an arena of their own, made and encoded in a few words. For tests and benchmarks only.
import { latin1Bytes } from "../../bytes/ascii.ts";
import { concatBytes } from "../../bytes/concat.ts";
import { ENCODING_HASHTABLE, ENCODING_LISTPACK, TYPE_HASH } from "../../keyspace/entry_layout.ts";
import { NO_EXPIRE } from "../../keyspace/entry_store.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Arena } from "../../memory/arena.ts";
import { LiveReader } from "../../memory/arena_reader.ts";
import type { ByteSink } from "./chunk_writer.ts";
import { RdbEncoder, type RdbEncoderOptions, type RdbHeader } from "./encoder.ts";
import { listpackOf } from "./rdb_builder.ts";

export const encoderOptions: RdbEncoderOptions = {
  version: 11,
  compress: true,
  checksum: true,
  access: "none",
  lfu: { logFactor: 10, decayMinutes: 1 },
};

export const rdbHeader: RdbHeader = {
  redisVersion: "7.2.4",
  valkeyVersion: "9.0.0",
  sporkVersion: "0.1.0",
  createdAt: 1_700_000_000,
  usedMemory: 123_456,
  isAofBase: false,
};

/** Texts are latin1: one character a byte. */
export class ArenaDataset {
  readonly arena: Arena;
  readonly keyspace: Keyspace;
  readonly reader: LiveReader;

  constructor(arenaBytes = 128 * 1024 * 1024) {
    this.arena = Arena.create({ bytes: arenaBytes });
    this.keyspace = new Keyspace(this.arena, 16);
    this.reader = new LiveReader(this.arena);
  }

  string(key: string, value: string, expireAt: number = NO_EXPIRE, database = 0): void {
    const k = latin1Bytes(key);
    const v = latin1Bytes(value);
    this.keyspace.databases[database].setString(k, 0, k.length, v, 0, v.length, expireAt);
  }

  hashTable(key: string, fields: Record<string, string>, expireAt: number = NO_EXPIRE, database = 0): void {
    const table = this.keyspace.fields;
    const root = table.create();
    for (const [field, value] of Object.entries(fields)) {
      const f = latin1Bytes(field);
      const v = latin1Bytes(value);
      table.set(f, 0, f.length, v, 0, v.length);
    }
    this.#add(key, ENCODING_HASHTABLE, root, expireAt, database);
  }

  /** Elements are fields and values in turn, each of less than 64 bytes. */
  hashListpack(key: string, elements: string[], expireAt: number = NO_EXPIRE, database = 0): void {
    const listpack = listpackOf(elements);
    const ref = this.arena.allocate(listpack.length);
    this.arena.copyIn(ref * 16, listpack, 0, listpack.length);
    this.#add(key, ENCODING_LISTPACK, ref, expireAt, database);
  }

  #add(key: string, encoding: number, value: number, expireAt: number, database: number): void {
    const k = latin1Bytes(key);
    this.keyspace.databases[database].addCollection(k, 0, k.length, TYPE_HASH, encoding, value, expireAt);
  }

  /** Every entry with its database, in table order. */
  refs(): [ref: number, database: number][] {
    const refs: [number, number][] = [];
    for (const { keys, id } of this.keyspace.databases) keys.forEach((ref) => refs.push([ref, id]));
    return refs;
  }

  encodeTo(sink: ByteSink, more: Partial<RdbEncoderOptions> = {}): RdbEncoder {
    const encoder = new RdbEncoder(this.reader, sink, { ...encoderOptions, ...more });
    encoder.header(rdbHeader);
    for (const { id, size, expires } of this.keyspace.databases) {
      if (size > 0) encoder.database(id, size, expires.size);
    }
    for (const { id, keys } of this.keyspace.databases) keys.forEach((ref) => encoder.entry(ref, id));
    encoder.end();
    return encoder;
  }

  encode(more: Partial<RdbEncoderOptions> = {}): Uint8Array<ArrayBuffer> {
    const chunks: Uint8Array[] = [];
    this.encodeTo({ push: (chunk) => chunks.push(chunk.slice()) }, more);
    return concatBytes(chunks);
  }
}
