// Entries as texts that are equal where the entries are, by way of either encoder: how the model of saves compares what
// came with what there was.
import { latin1Bytes, latin1Text } from "../../core/bytes/ascii.ts";
import { concatBytes } from "../../core/bytes/concat.ts";
import { valueDigest } from "../../core/keyspace/digest.ts";
import {
  FLAG_EXPIRE,
  keyOffset,
  TYPE_STREAM,
  typeOf,
  WORD_KEY_LENGTH,
  WORD_META,
} from "../../core/keyspace/entry_layout.ts";
import { Keyspace } from "../../core/keyspace/keyspace.ts";
import { Arena, type Ref } from "../../core/memory/arena.ts";
import type { ArenaReader } from "../../core/memory/arena_reader.ts";
import { CommandEncoder } from "../../core/persistence/aof/commands/command_encoder.ts";
import { DumpEncoder, restorePayload } from "../../core/persistence/rdb/dump_payload.ts";
import { KeyspaceSink } from "../../core/persistence/rdb/keyspace_sink.ts";
import { LOAD_LIMITS_DEFAULT } from "../../core/persistence/rdb/types/load_limits.ts";
import { parseCommands } from "../interop/fed_server.ts";

export interface EntryTexts {
  /** The text of an entry that is read through `reader`. */
  of(reader: ArenaReader, ref: Ref): { key: string; text: string };
}

/** By the RDB encoder. */
export class RdbTexts implements EntryTexts {
  readonly #keyspace = new Keyspace(Arena.create({ bytes: 64 * 1024 * 1024 }), 1);
  readonly #sink = new KeyspaceSink(this.#keyspace, LOAD_LIMITS_DEFAULT, { existing: "replace" });

  of(reader: ArenaReader, ref: Ref): { key: string; text: string } {
    const payload = new DumpEncoder(reader).dump(ref, { version: 80, compress: false });
    const meta = reader.u32(ref * 4 + WORD_META);
    const expiry = (meta & FLAG_EXPIRE) === 0 ? -1 : reader.f64(ref * 2 + 3);
    const key = new Uint8Array(reader.u32(ref * 4 + WORD_KEY_LENGTH));
    reader.copyOut(ref * 16 + keyOffset(meta), key.length, key, 0);
    const type = typeOf(meta);
    const value = type === TYPE_STREAM ? payload.toHex() : this.#digest(payload);
    return { key: latin1Text(key, 0, key.length), text: `type ${type} expires ${expiry} ${value}` };
  }

  #digest(payload: Uint8Array): string {
    const bytes = latin1Bytes("value");
    const key = { bytes, start: 0, end: bytes.length, expireAt: -1, idleSeconds: -1, frequency: -1 };
    restorePayload(payload, 0, payload.length, key, this.#sink);
    const [database] = this.#keyspace.databases;
    return valueDigest(this.#keyspace, database.peek(bytes, 0, bytes.length));
  }
}

/** Words of one element, where elements have no order. */
const UNORDERED: Record<string, number> = { SADD: 1, ZADD: 2, HMSET: 2 };

/** By the encoder of commands. */
export class CommandTexts implements EntryTexts {
  of(reader: ArenaReader, ref: Ref): { key: string; text: string } {
    const chunks: Uint8Array[] = [];
    const encoder = new CommandEncoder(reader, { push: (chunk) => chunks.push(chunk.slice()) }, {});
    encoder.entry(ref, 0);
    encoder.end();
    const bytes = concatBytes(chunks);
    const [, ...commands] = parseCommands(latin1Text(bytes, 0, bytes.length));
    return { key: commands[0].find((word) => /^k\d+$/.test(word))!, text: JSON.stringify(inOrder(commands)) };
  }
}

/** The commands of one key with elements in an order that does not depend on tables. */
export function inOrder(commands: string[][]): string[][] {
  const ordered: string[][] = [];
  const elements: string[][] = [];
  for (const words of commands) {
    const size = UNORDERED[words[0]];
    if (words[0] === "HSETEX") elements.push(words);
    else if (size === undefined) ordered.push(words);
    else {for (let at = 2; at < words.length; at += size) {
        elements.push([words[0], ...words.slice(at, at + size)]);
      }}
  }
  const sorted = elements.map((words) => JSON.stringify(words)).sort();
  return [...ordered, ...sorted.map((text) => JSON.parse(text))];
}
